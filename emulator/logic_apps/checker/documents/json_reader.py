"""Reads JSON and keeps where every value and every name stands.

The libraries that read JSON with positions recurse (json-source-map) or do not tell names that occur twice
(tree-sitter); here any file ends with a result or with a fault at its place.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.logic_apps.checker.documents.source import DocumentError, Source
from emulator.logic_apps.definitions.definition import DEEPEST

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?P<fraction>\.\d+)?(?P<exponent>[eE][+-]?\d+)?")
_WORD = re.compile(r"[A-Za-z_][\w-]*")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_STRINGS: Final = json.JSONDecoder()
_MOST_DIGITS: Final = 400
"""Digits of a number. Ours: more than a double has, and few enough for Python to convert."""


@dataclass(slots=True)
class Node:
    """A value in a file: `members` of an object by name, `items` of an array, else a scalar `value`."""

    source: Source
    begin: int
    end: int = 0
    value: Any = None
    members: dict[str, Member] | None = None
    items: list[Node] | None = None

    @property
    def is_text(self) -> bool:
        """Whether it is a string."""
        return isinstance(self.value, str)

    def get(self, name: str) -> Node | None:
        """Return the member of that name, in whatever case, or None."""
        found = (self.members or {}).get(name)
        if found is None:
            found = next((each for key, each in (self.members or {}).items() if key.lower() == name.lower()), None)
        return found.node if found is not None else None

    def text(self, name: str) -> str:
        """Return the string member of that name, empty where there is none."""
        found = self.get(name)
        return found.value if found is not None and isinstance(found.value, str) else ""


@dataclass(slots=True)
class Member:
    """A member of an object: where its name begins in the object's file, and its value."""

    source: Source
    begin: int
    node: Node


@dataclass
class _Open:
    """An object or array that is being read; `name` and `begin` belong to the member whose value comes next."""

    node: Node
    name: str = ""
    begin: int = 0


@dataclass
class JsonReader:
    """Reads one file; `faults` are those behind which it could go on."""

    source: Source
    faults: list[DocumentError] = field(default_factory=list[DocumentError])
    _at: int = 0

    def read(self) -> Node:
        """Return the root.

        Raises:
            DocumentError: the text is no JSON.
        """
        text, stack = self.source.text, list[_Open]()
        while True:
            node = self._value(len(stack))
            if node.members is not None or node.items is not None:
                stack.append(_Open(node))
                if self._closes(stack[-1]):
                    node = stack.pop().node
                else:
                    self._name(stack[-1])
                    continue
            while stack:
                self._take(stack[-1], node)
                self._skip()
                character = text[self._at : self._at + 1]
                if character == ",":
                    comma = self._at
                    self._at += 1
                    if not self._closes(stack[-1]):
                        self._name(stack[-1])
                        break
                    self._tell("json-syntax", "a comma stands before a closing bracket.", comma)
                elif not self._closes(stack[-1]):
                    kind = "object" if stack[-1].node.members is not None else "array"
                    raise self._wrong(f"',' or the end of the {kind}")
                node = stack.pop().node
            else:
                self._skip()
                if self._at < len(text):
                    raise self._wrong("the end of the file")
                return node

    def _value(self, depth: int) -> Node:
        self._skip()
        text, begin = self.source.text, self._at
        node = Node(self.source, begin)
        character = text[begin : begin + 1]
        if character in ("{", "["):
            if depth >= DEEPEST:
                raise DocumentError(
                    "too-deep", f"the file nests deeper than {DEEPEST} objects and arrays.", self.source, begin
                )
            self._at += 1
            if character == "{":
                node.members = {}
            else:
                node.items = []
            return node
        if character == '"':
            node.value = self._string()
        elif (number := _NUMBER.match(text, begin)) is not None:
            node.value = self._number(number)
        elif (word := _WORD.match(text, begin)) is not None and word[0] in _WORDS:
            node.value = _WORDS[word[0]]
            self._at = word.end()
        else:
            raise self._wrong("a value")
        node.end = self._at
        return node

    def _string(self) -> str:
        begin = self._at
        try:
            value, self._at = _STRINGS.raw_decode(self.source.text, begin)
        except json.JSONDecodeError as error:
            reason = f"the string is not valid: {error.msg}."
            raise DocumentError("json-syntax", reason, self.source, min(error.pos, len(self.source.text))) from None
        return str(value)

    def _number(self, number: re.Match[str]) -> int | float:
        written, self._at = number[0], number.end()
        whole = number["fraction"] is None and number["exponent"] is None
        if len(written) > _MOST_DIGITS:
            self._tell(
                "json-number", f"the number has {len(written)} characters; at most {_MOST_DIGITS}.", number.start()
            )
            return 0
        value = int(written) if whole else float(written)
        if value in (float("inf"), float("-inf")):
            self._tell("json-number", f"the number {written} does not fit a double.", number.start())
            return 0
        return value

    def _name(self, open_: _Open) -> None:
        """Read the name and the colon before the next member's value."""
        if open_.node.members is None:
            return
        self._skip()
        if self.source.text[self._at : self._at + 1] != '"':
            raise self._wrong("a name in double quotes")
        open_.begin = self._at
        open_.name = self._string()
        self._skip()
        if self.source.text[self._at : self._at + 1] != ":":
            raise self._wrong("':'")
        self._at += 1
        if open_.name in open_.node.members:
            self._tell("json-duplicate-name", f"the name '{open_.name}' occurs twice in the object.", open_.begin)

    @staticmethod
    def _take(open_: _Open, node: Node) -> None:
        if open_.node.members is not None:
            open_.node.members[open_.name] = Member(node.source, open_.begin, node)
        elif open_.node.items is not None:
            open_.node.items.append(node)

    def _closes(self, open_: _Open) -> bool:
        """Take the closing bracket if it comes next."""
        self._skip()
        closing = "}" if open_.node.members is not None else "]"
        if self.source.text[self._at : self._at + 1] != closing:
            return False
        self._at += 1
        open_.node.end = self._at
        return True

    def _skip(self) -> None:
        """Skip space and comments."""
        text = self.source.text
        while True:
            space = _SPACE.match(text, self._at)
            self._at = space.end() if space is not None else self._at
            opening = text[self._at : self._at + 2]
            if opening not in ("//", "/*"):
                return
            self._tell("json-comment", "JSON has no comments.", self._at)
            end = text.find("\n" if opening == "//" else "*/", self._at + 2)
            if end < 0 and opening == "/*":
                raise DocumentError("json-syntax", "the comment has no end.", self.source, self._at)
            self._at = len(text) if end < 0 else end + (1 if opening == "//" else 2)

    def _tell(self, code: str, message: str, offset: int) -> None:
        self.faults.append(DocumentError(code, message, self.source, offset))

    def _wrong(self, expected: str) -> DocumentError:
        found = self.source.text[self._at : self._at + 1]
        what = f"'{found}'" if found else "the end of the file"
        return DocumentError("json-syntax", f"expected {expected}, found {what}.", self.source, self._at)
