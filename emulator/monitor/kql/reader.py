"""A place in the words of a query, and the steps that every part of the parser takes from it."""

from __future__ import annotations

from emulator.monitor.kql.errors import KqlError
from emulator.monitor.kql.tokens import Token, tokens


class Reader:
    """Reads the words of a query one after the other."""

    def __init__(self, query: str) -> None:
        self.query = query
        self._tokens = tokens(query)
        self._at = 0

    @property
    def next(self) -> Token:
        """The word that comes next."""
        return self._tokens[self._at]

    def ahead(self, count: int) -> Token:
        """Return the word after `count` others."""
        return self._tokens[min(self._at + count, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Return the next word and go on."""
        token = self.next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def symbol(self, *texts: str) -> bool:
        """Tell whether one of these symbols comes next."""
        return self.next.kind == "symbol" and self.next.text in texts

    def word(self, *texts: str) -> bool:
        """Tell whether one of these names comes next."""
        return self.next.kind == "name" and self.next.text in texts

    def skip(self, text: str) -> bool:
        """Go past a symbol or name, if it comes next."""
        if self.next.kind in ("symbol", "name") and self.next.text == text:
            self.take()
            return True
        return False

    def expect(self, text: str) -> Token:
        """Go past a symbol or name.

        Raises:
            KqlError: something else comes next.
        """
        if self.next.kind in ("symbol", "name") and self.next.text == text:
            return self.take()
        raise self.unexpected(f"'{text}'")

    def name(self, what: str) -> Token:
        """Return a name, also one quoted as ``['name']``; its `value` is the bare name.

        Raises:
            KqlError: something else comes next.
        """
        if self.next.kind == "name":
            return self.take()
        if self.symbol("[") and self.ahead(1).kind == "string" and self.ahead(2).text == "]":
            self.take()
            token = self.take()
            self.take()
            return token
        raise self.unexpected(what)

    def unexpected(self, expected: str) -> KqlError:
        """Return the error that something else is expected here."""
        found = f"'{self.next.text}'" if self.next.kind != "end" else "the end of the query"
        return KqlError("syntax", f"Syntax error: {found} where {expected} is expected", self.next.position)

    def pipe_follows(self) -> bool:
        """Tell whether a query comes next: a ``|`` not within a call, before what is open here is closed.

        Parentheses that the query itself stands in do not count as a call.
        """
        around = 0
        while self.ahead(around).kind == "symbol" and self.ahead(around).text == "(":
            around += 1
        depth = count = 0
        while (token := self.ahead(count)).kind != "end":
            if token.kind == "symbol":
                depth += (token.text in "([{") - (token.text in ")]}")
                if depth < 0 or (depth == 0 and token.text in (";", ",")):
                    return False
                if token.text == "|" and depth <= around:
                    return True
            count += 1
        return False
