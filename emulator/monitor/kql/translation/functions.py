"""What a scalar function is, and the registry of all of them.

Source of each function: its page of the Kusto reference (learn.microsoft.com).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from emulator.monitor.kql import tree
from emulator.monitor.kql.errors import KqlError
from emulator.monitor.kql.translation.scope import Scope
from emulator.monitor.kql.types import NUMBERS, Type, Typed, cast, common_type

Parameter = Type | Literal["any", "number"]


@dataclass(frozen=True)
class Invocation:
    """A call with its arguments translated."""

    node: tree.Call
    arguments: tuple[Typed, ...]
    scope: Scope

    def refuse(self, text: str) -> KqlError:
        """Return the error that the call is wrong."""
        return KqlError("semantic", f"{self.node.function}(): {text}", self.node.position)

    def constant(self, place: int) -> str | int | float | bool:
        """Return an argument that has to be a literal.

        Raises:
            KqlError: it is none.
        """
        value = self.arguments[place].constant
        if value is None:
            raise self.refuse(f"argument #{place + 1} has to be a literal")
        return value

    def choice(self, place: int, allowed: Sequence[str]) -> str:
        """Return an argument that has to be one of some literals.

        Raises:
            KqlError: it is none of them.
        """
        value = str(self.constant(place)).lower()
        if value not in allowed:
            raise self.refuse(f"argument #{place + 1} is '{value}'; allowed: {', '.join(allowed)}")
        return value


Make = Callable[[Invocation], Typed]


@dataclass(frozen=True)
class Function:
    """A function: how many arguments it takes, of which types, and what makes its SQL.

    The last of `parameters` is that of all further arguments.
    """

    least: int
    most: int
    parameters: tuple[Parameter, ...]
    make: Make

    def __call__(self, call: Invocation) -> Typed:
        """Check and convert the arguments, and translate.

        Raises:
            KqlError: number or types of the arguments are wrong.
        """
        count = len(call.arguments)
        if not self.least <= count <= self.most:
            number = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
            raise call.refuse(f"{count} arguments; allowed: {number}")
        fitted = tuple(
            _fit(call, place, value, self.parameters[min(place, len(self.parameters) - 1)])
            for place, value in enumerate(call.arguments)
        )
        return self.make(Invocation(call.node, fitted, call.scope))


def _fit(call: Invocation, place: int, value: Typed, parameter: Parameter) -> Typed:
    if parameter == "any" or value.type == parameter:
        return value
    if parameter == "number":
        if value.type in NUMBERS:
            return value
        if value.type == "dynamic":
            return cast(value, "real")
    elif value.type == "dynamic":
        return cast(value, parameter)
    elif value.type in NUMBERS and parameter in NUMBERS and common_type([value.type, parameter]) == parameter:
        return Typed(cast(value, parameter).sql, parameter, value.literal, value.is_null, value.constant)
    raise call.refuse(f"argument #{place + 1} is {value.type}; allowed: {parameter}")


FUNCTIONS: Final[dict[str, Function]] = {}
"""By name; filled by the modules beside this one."""

MANY: Final = 64
"""Most arguments of functions that take any number of them."""


def template(name: str, parameters: Sequence[Parameter], result: Type, sql: str) -> None:
    """Register a function whose SQL is `sql` with ``{0}``, ``{1}`` for its arguments."""

    def make(call: Invocation) -> Typed:
        return Typed(sql.format(*(argument.sql for argument in call.arguments)), result)

    FUNCTIONS[name] = Function(len(parameters), len(parameters), tuple(parameters), make)


def function(
    name: str, parameters: Sequence[Parameter], least: int | None = None, most: int | None = None
) -> Callable[[Make], Make]:
    """Register what follows as a function of `least` to `most` arguments, by default one for each parameter."""

    def register(make: Make) -> Make:
        smallest = len(parameters) if least is None else least
        FUNCTIONS[name] = Function(
            smallest, most or max(smallest, len(parameters)), tuple(parameters or ("any",)), make
        )
        return make

    return register


def unified(call: Invocation, values: Sequence[Typed]) -> list[Typed]:
    """Return values of one type.

    Raises:
        KqlError: they have none in common.
    """
    concrete: list[Type] = [value.type for value in values if not value.is_null]
    type = common_type(concrete) if concrete else values[0].type
    if type is None and "dynamic" in concrete:
        type = "dynamic"
    if type is None:
        raise call.refuse(f"values of different types: {', '.join(sorted(set(concrete)))}")
    return [cast(value, type) for value in values]
