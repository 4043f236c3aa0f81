"""Finds every expression of a part of a definition, with its place, and what is wrong with it on its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from emulator.logic_apps.checker.problems import Path, Problems
from emulator.logic_apps.definitions.components import Deferred
from emulator.logic_apps.expressions.errors import ExpressionError, ExpressionTooLongError
from emulator.logic_apps.expressions.functions import FUNCTIONS
from emulator.logic_apps.expressions.parser import Call, Literal, Node, Selection, parse_string

NAMED: Final = frozenset(
    {
        "actionbody", "actionoutputs", "actions", "body", "items", "iterationindexes", "outputs", "parameters",
        "result", "variables",
    }
)  # fmt: skip
"""Functions whose first argument names a part of the definition, in lower case."""
STANDARD_FUNCTIONS: Final = frozenset({"agentparameters", "appsetting"})
"""Functions that only Standard workflows have, in lower case."""


@dataclass(frozen=True)
class Use:
    """A call of a function: where the string with it stands, and where in the string; `name` is a literal argument.

    `at_name` tells that the string is the name of the member at `path`.
    """

    call: Call
    path: Path
    at_name: bool = False

    @property
    def function(self) -> str:
        """The function's name in lower case."""
        return self.call.function.lower()

    @property
    def name(self) -> str | None:
        """The first argument where it is a literal string."""
        head = self.call.arguments[0] if self.call.arguments else None
        return head.value if isinstance(head, Literal) and isinstance(head.value, str) else None


@dataclass(frozen=True)
class Expression:
    """A string with at least one expression in it: the parsed expressions, in order."""

    path: Path
    text: str
    nodes: tuple[Node, ...]
    at_name: bool = False

    def uses(self) -> Iterator[Use]:
        """Yield every call in it."""
        for node in self.nodes:
            for call in calls(node):
                yield Use(call, self.path, self.at_name)


def calls(node: Node) -> Iterator[Call]:
    """Yield every call in a parsed expression, outer ones first."""
    match node:
        case Literal():
            return
        case Call():
            yield node
            for argument in node.arguments:
                yield from calls(argument)
        case Selection(target, steps):
            yield from calls(target)
            for step in steps:
                yield from calls(step.key)


def selections(node: Node) -> Iterator[Selection]:
    """Yield every selection in a parsed expression."""
    match node:
        case Literal():
            return
        case Call():
            for argument in node.arguments:
                yield from selections(argument)
        case Selection(target, steps):
            yield node
            yield from selections(target)
            for step in steps:
                yield from selections(step.key)


class ExpressionReader:
    """Reads expressions and tells what is wrong with them; `functions` are known besides those of the language."""

    def __init__(self, problems: Problems, functions: frozenset[str] = frozenset()) -> None:
        self._problems = problems
        self._functions = functions

    def template(self, value: Any, path: Path, where: str) -> Iterator[Expression]:
        """Yield the expressions in a JSON value; `where` begins the messages."""
        if isinstance(value, str):
            yield from self._string(value, path, where)
        elif isinstance(value, list):
            for index, member in enumerate(value):
                yield from self.template(member, (*path, index), where)
        elif isinstance(value, dict):
            for key, member in value.items():
                yield from self._string(key, (*path, key), where, at_name=True)
                yield from self.template(member, (*path, key), where)

    def condition(self, value: Any, path: Path, where: str) -> Iterator[Expression]:
        """Yield the expressions in a condition: an expression, or an object of operators."""
        if isinstance(value, dict):
            yield from self._operator(value, path, where)
        elif isinstance(value, list):
            self._problems.add("condition", f"{where}: An operand of a condition cannot be an array.", path)
        else:
            yield from self.template(value, path, where)

    def _operator(self, value: dict[str, Any], path: Path, where: str) -> Iterator[Expression]:
        if len(value) != 1:
            self._problems.add(
                "condition",
                f"{where}: A condition object has exactly one operator; this one has: {', '.join(value) or 'none'}.",
                path,
            )
        for operator, operands in value.items():
            inner = (*path, operator)
            if not isinstance(operands, dict | list):
                self._problems.add(
                    "condition",
                    f"{where}: The operator '{operator}' of a condition has the operand {operands!r}; allowed: an "
                    f"object or an array.",
                    inner,
                )
                continue
            listed: list[Any] = operands if isinstance(operands, list) else [operands]
            function = FUNCTIONS.get(operator.lower())
            if function is None:
                self._problems.add(
                    "condition",
                    f"{where}: The operator '{operator}' of a condition is not defined.",
                    inner,
                    at_name=True,
                )
            elif not function.takes(len(listed)):
                self._problems.add(
                    "argument-count",
                    f"{where}: The operator '{function.name}' of a condition takes {function.arity}; it has "
                    f"{len(listed)}.",
                    inner,
                    at_name=True,
                )
            elif function.of_run:
                self._problems.add(
                    "condition",
                    f"{where}: The operator '{operator}' of a condition reads the run; write it as an operand: "
                    f'"@{function.name}(...)".',
                    inner,
                    at_name=True,
                )
            for index, operand in enumerate(listed):
                yield from self.condition(operand, (*inner, index) if isinstance(operands, list) else inner, where)

    def _string(self, text: str, path: Path, where: str, *, at_name: bool = False) -> Iterator[Expression]:
        if isinstance(text, Deferred) or "@" not in text:
            return
        try:
            parsed = parse_string(text)
        except ExpressionError as error:
            rule = "expression-length" if isinstance(error, ExpressionTooLongError) else "expression-syntax"
            self._problems.add(rule, f"{where}: {error.message}", path, error.position, at_name=at_name)
            return
        if isinstance(parsed, str):
            return
        parts = parsed if isinstance(parsed, list) else [parsed]
        found = Expression(path, text, tuple(part for part in parts if not isinstance(part, str)), at_name)
        for use in found.uses():
            self._check_call(use, where)
        yield found

    def _check_call(self, use: Use, where: str) -> None:
        call = use.call
        function = FUNCTIONS.get(use.function)
        if function is None:
            if use.function not in self._functions:
                self._problems.add(
                    "unknown-function",
                    f"{where}: The template function '{call.function}' is not defined or not valid.",
                    use.path,
                    call.position,
                    at_name=use.at_name,
                )
            return
        count = len(call.arguments)
        if not function.takes(count):
            self._problems.add(
                "argument-count",
                f"{where}: The template language function '{function.name}' takes {function.arity}; it is called with "
                f"{count}.",
                use.path,
                call.position,
                at_name=use.at_name,
            )
        elif use.function in NAMED and isinstance(call.arguments[0], Literal) and use.name is None:
            self._problems.add(
                "argument-type",
                f"{where}: The template language function '{function.name}' expects the name of a part of the "
                f"definition as a string.",
                use.path,
                call.position,
                at_name=use.at_name,
            )
