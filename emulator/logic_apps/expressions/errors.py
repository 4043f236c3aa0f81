"""The error of an expression that cannot be parsed or evaluated."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


class ExpressionError(Exception):
    """An expression is not valid (`InvalidTemplate`) or cannot be evaluated (`ExpressionEvaluationFailed`).

    `position` is the 0-based column of a syntax error in the expression's string, None for other errors.
    """

    def __init__(self, message: str, code: str = "ExpressionEvaluationFailed", position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.position = position


class ExpressionTooLongError(ExpressionError):
    """An expression has more characters than the service allows."""


_EXCERPT_CHARACTERS = 200


def excerpt(text: str) -> str:
    """Return as much of an expression as a message repeats."""
    return text if len(text) <= _EXCERPT_CHARACTERS else f"{text[:_EXCERPT_CHARACTERS]}..."


def syntax_error(message: str, position: int) -> ExpressionError:
    """Return the error of an expression that cannot be parsed."""
    return ExpressionError(message, "InvalidTemplate", position)


def deep_nesting_is_an_error(code: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Decorate a function that recurses into JSON values, so that one nested too deeply is an ExpressionError."""

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(function)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            try:
                return function(*args, **kwargs)
            except RecursionError:
                raise ExpressionError("The value nests too deeply to be evaluated.", code) from None

        return guarded

    return decorate
