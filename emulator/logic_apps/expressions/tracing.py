"""Evaluates a template as `Template.evaluate` does, and says of every expression in it what it gave."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from emulator.logic_apps.expressions.environment import Environment, Json
from emulator.logic_apps.expressions.errors import ExpressionError, deep_nesting_is_an_error
from emulator.logic_apps.expressions.evaluation import compile_template
from emulator.logic_apps.expressions.parser import parse_string


@deep_nesting_is_an_error("ExpressionEvaluationFailed")
def evaluate_traced(
    value: Json, environment: Environment, keys: Sequence[str | int], traces: list[dict[str, Any]]
) -> Json:
    """Return the JSON value with every expression replaced by its result.

    To `traces` comes, for each string that has expressions, its ``text``, its ``keys`` (those of `value` and the names
    and numbers from there), and its ``value`` or ``error`` (code and message).

    Raises:
        ExpressionError: an expression is not valid or cannot be evaluated; it is the last of `traces`.
    """
    if isinstance(value, str):
        return _traced(value, environment, keys, traces) if "@" in value else value
    if isinstance(value, list):
        return [evaluate_traced(member, environment, [*keys, at], traces) for at, member in enumerate(value)]
    if isinstance(value, dict):
        found: dict[str, Json] = {}
        for key, member in value.items():
            name = _key(key, environment) if "@" in key else key
            found[name] = evaluate_traced(member, environment, [*keys, name], traces)
        return found
    return value


def _traced(text: str, environment: Environment, keys: Sequence[str | int], traces: list[dict[str, Any]]) -> Json:
    template = compile_template(text)
    try:
        value = template.evaluate(environment)
    except ExpressionError as error:
        fault = {"code": error.code, "message": error.message}
        traces.append({"text": text, "keys": list(keys), "error": fault})
        raise
    if _has_expressions(text):
        traces.append({"text": text, "keys": list(keys), "value": value})
    return value


def _key(key: str, environment: Environment) -> str:
    (name,) = compile_template({key: None}).evaluate(environment)
    return name


@lru_cache(maxsize=20_000)
def _has_expressions(text: str) -> bool:
    return not isinstance(parse_string(text), str)
