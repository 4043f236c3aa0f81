"""The error of an expression that cannot be parsed or evaluated."""

from __future__ import annotations


class ExpressionError(Exception):
    """An expression is not valid (`InvalidTemplate`) or cannot be evaluated (`ExpressionEvaluationFailed`).

    `position` is the 0-based column of a syntax error in the expression's string, None for other errors.
    """

    def __init__(self, message: str, code: str = "ExpressionEvaluationFailed", position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.position = position


def syntax_error(message: str, position: int) -> ExpressionError:
    """Return the error of an expression that cannot be parsed."""
    return ExpressionError(message, "InvalidTemplate", position)
