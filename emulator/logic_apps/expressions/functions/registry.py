"""Where functions are registered, and the checks of arguments that many share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from emulator.logic_apps.expressions.cultures import CULTURES, INVARIANT, Culture
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.values import is_integer, is_number, type_name

Body = Callable[..., Any]


@dataclass(frozen=True)
class Function:
    """A function of the language: called as ``body(environment, *arguments)``.

    `most` None takes any number of arguments; `lazy` gets functions without parameters instead of values; `of_run`
    reads the run around the expression.
    """

    name: str
    least: int
    most: int | None
    body: Body
    lazy: bool = False
    of_run: bool = False

    def takes(self, count: int) -> bool:
        """Tell whether the function can be called with so many arguments."""
        return self.least <= count and (self.most is None or count <= self.most)

    @property
    def arity(self) -> str:
        """The number of arguments in words."""
        if self.most is None:
            return f"{self.least} or more parameters"
        if self.most == self.least:
            return f"{self.least} parameter{'' if self.least == 1 else 's'}"
        return f"{self.least} to {self.most} parameters"


FUNCTIONS: dict[str, Function] = {}
"""By lower-case name."""


def function(
    *names: str, least: int, most: int | None = -1, lazy: bool = False, of_run: bool = False
) -> Callable[[Body], Body]:
    """Register a function under its names; `most` defaults to `least`."""

    def register(body: Body) -> Body:
        for name in names:
            FUNCTIONS[name.lower()] = Function(name, least, least if most == -1 else most, body, lazy, of_run)
        return body

    return register


_ORDINALS = ("", "first ", "second ", "third ", "fourth ")


def invalid(name: str, expected: str, value: Any, place: int = 0) -> ExpressionError:
    """Return the error of an argument of a wrong type; `place` is its number where there are several."""
    return ExpressionError(
        f"The template language function '{name}' expects its {_ORDINALS[place]}parameter to be {expected}. "
        f"The provided value is of type '{type_name(value)}'."
    )


def refused(name: str, reason: str) -> ExpressionError:
    """Return the error of an argument of the right type that the function cannot take."""
    return ExpressionError(f"The template language function '{name}' cannot be evaluated: {reason}.")


def text(name: str, value: Any, place: int = 0) -> str:
    """Return `value` if it is a string."""
    if isinstance(value, str):
        return value
    raise invalid(name, "a string", value, place)


def integer(name: str, value: Any, place: int = 0) -> int:
    """Return `value` if it is an integer."""
    if is_integer(value):
        return value
    raise invalid(name, "an integer", value, place)


def number(name: str, value: Any, place: int = 0) -> int | float | Decimal:
    """Return `value` if it is a number."""
    if is_number(value):
        return value
    raise invalid(name, "an integer or a decimal number", value, place)


def boolean(name: str, value: Any, place: int = 0) -> bool:
    """Return `value` if it is true or false."""
    if isinstance(value, bool):
        return value
    raise invalid(name, "a boolean", value, place)


def array(name: str, value: Any, place: int = 0) -> list[Any]:
    """Return `value` if it is an array."""
    if isinstance(value, list):
        return value
    raise invalid(name, "an array", value, place)


def sequence(name: str, value: Any, place: int = 0) -> str | list[Any]:
    """Return `value` if it is a string or an array."""
    if isinstance(value, str | list):
        return value
    raise invalid(name, "an array or a string", value, place)


def culture(name: str, value: Any, place: int) -> Culture:
    """Return the culture of that name; none and the empty name are the invariant culture."""
    if value is None:
        return INVARIANT
    wanted = text(name, value, place)
    found = CULTURES.get(wanted.lower()) if wanted else INVARIANT
    if found is None:
        raise refused(
            name,
            f"the culture '{wanted}' is not one that the emulator has: "
            f"{', '.join(sorted(each.name for each in CULTURES.values()))}",
        )
    return found
