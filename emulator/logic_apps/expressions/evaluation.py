"""Turns parsed expressions and whole JSON templates into functions of an environment."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from emulator.logic_apps.expressions.environment import Environment, Json
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.functions import FUNCTIONS, Function
from emulator.logic_apps.expressions.parser import Call, Literal, Node, Selection, parse_string
from emulator.logic_apps.expressions.values import find_key, plain, to_text, type_name

Evaluator: TypeAlias = Callable[[Environment], Any]


@dataclass(frozen=True)
class Reference:
    """A function of the run that a template calls; `name` is its first argument where that is a literal string."""

    function: str
    name: str | None


class Template:
    """A JSON value with expressions in it, ready to be evaluated any number of times."""

    def __init__(self, evaluator: Evaluator, references: frozenset[Reference]) -> None:
        self._evaluator = evaluator
        self.references = references

    def evaluate(self, environment: Environment) -> Json:
        """Return the JSON value with every expression replaced by its result.

        Raises:
            ExpressionError: an expression cannot be evaluated.
        """
        return plain(self._evaluator(environment))


def compile_template(value: Json) -> Template:
    """Parse every expression in `value`.

    Raises:
        ExpressionError: a syntax error, an unknown function or a wrong number of arguments.
    """
    if isinstance(value, str):
        return _compiled_string(value)
    references: set[Reference] = set()
    return Template(_compile(value, references), frozenset(references))


@lru_cache(maxsize=20_000)
def _compiled_string(text: str) -> Template:
    references: set[Reference] = set()
    return Template(_compile(text, references), frozenset(references))


def evaluate(value: Json, environment: Environment) -> Json:
    """Parse and evaluate in one go."""
    return compile_template(value).evaluate(environment)


def _compile(value: Json, references: set[Reference]) -> Evaluator:
    if isinstance(value, str):
        return _compile_string(value, references)
    if isinstance(value, list):
        members = [_compile(member, references) for member in value]
        return lambda environment: [member(environment) for member in members]
    if isinstance(value, dict):
        pairs = [(_compile_string(key, references), _compile(member, references)) for key, member in value.items()]
        return lambda environment: {to_text(key(environment)): member(environment) for key, member in pairs}
    return lambda _: value


def _compile_string(text: str, references: set[Reference]) -> Evaluator:
    parsed = parse_string(text)
    if isinstance(parsed, str):
        return lambda _: parsed
    if isinstance(parsed, list):
        parts = [part if isinstance(part, str) else _node(part, references) for part in parsed]
        return lambda environment: "".join(
            part if isinstance(part, str) else to_text(part(environment)) for part in parts
        )
    return _node(parsed, references)


def _node(node: Node, references: set[Reference]) -> Evaluator:
    if isinstance(node, Literal):
        return lambda _: node.value
    if isinstance(node, Call):
        return _call(node, references)
    return _selection(node, references)


def _call(node: Call, references: set[Reference]) -> Evaluator:
    function = FUNCTIONS.get(node.function.lower())
    if function is None:
        raise ExpressionError(
            f"The template function '{node.function}' is not defined or not valid.", "InvalidTemplate", node.position
        )
    count = len(node.arguments)
    if count < function.least or (function.most is not None and count > function.most):
        raise ExpressionError(
            f"The template language function '{function.name}' {_arity(function)}. The function was invoked with "
            f"'{count}' parameter(s).",
            "InvalidTemplate",
            node.position,
        )
    if function.of_run:
        first = node.arguments[0] if node.arguments else None
        name = first.value if isinstance(first, Literal) and isinstance(first.value, str) else None
        references.add(Reference(function.name, name))
    arguments = [_node(argument, references) for argument in node.arguments]
    body = function.body
    if function.lazy:
        return lambda environment: body(
            environment, *(lambda argument=argument: argument(environment) for argument in arguments)
        )
    return lambda environment: body(environment, *[argument(environment) for argument in arguments])


def _arity(function: Function) -> str:
    if function.most is None:
        return f"expects at least {function.least} parameter(s)"
    if function.most == function.least:
        return f"expects {function.least} parameter(s)"
    return f"expects {function.least} to {function.most} parameters"


def _selection(node: Selection, references: set[Reference]) -> Evaluator:
    target, key = _node(node.target, references), _node(node.key, references)

    def select(environment: Environment) -> Any:
        return _select(target(environment), key(environment), node)

    return select


def _select(value: Any, key: Any, node: Selection) -> Any:
    if isinstance(value, dict) and isinstance(key, str):
        found = find_key(value, key)
        if found is not None:
            return copy.deepcopy(value[found]) if isinstance(value[found], dict | list) else value[found]
        if node.optional:
            return None
        raise _cannot(node, f"property '{key}' doesn't exist, available properties are '{', '.join(value)}'")
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        if 0 <= key < len(value):
            return copy.deepcopy(value[key]) if isinstance(value[key], dict | list) else value[key]
        if node.optional:
            return None
        raise _cannot(node, f"array index '{key}' is outside bounds (0, {len(value) - 1}) of array")
    if value is None and node.optional:
        return None
    raise _cannot(
        node,
        f"property '{key}' cannot be selected. Property selection is not supported on values of type "
        f"'{type_name(value)}'",
    )


def _cannot(node: Selection, reason: str) -> ExpressionError:
    return ExpressionError(f"The template language expression '{node.text}' cannot be evaluated because {reason}.")
