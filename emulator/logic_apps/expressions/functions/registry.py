"""Where functions are registered, and the checks of arguments that many share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.values import type_name

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


def invalid(name: str, expected: str, value: Any) -> ExpressionError:
    """Return the error of an argument of a wrong type."""
    return ExpressionError(
        f"The template language function '{name}' expects {expected}. The provided value is of type "
        f"'{type_name(value)}'."
    )


def text(name: str, value: Any) -> str:
    """Return `value` if it is a string, or content-typed text."""
    if isinstance(value, str):
        return value
    raise invalid(name, "its parameter to be a string", value)


def integer(name: str, value: Any) -> int:
    """Return `value` if it is an integer."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise invalid(name, "its parameter to be an integer", value)


def number(name: str, value: Any) -> int | float:
    """Return `value` if it is a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise invalid(name, "its parameter to be an integer or a decimal number", value)


def boolean(name: str, value: Any) -> bool:
    """Return `value` if it is true or false."""
    if isinstance(value, bool):
        return value
    raise invalid(name, "its parameter to be a boolean", value)
