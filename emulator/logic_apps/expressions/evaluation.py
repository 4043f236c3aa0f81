"""Turns parsed expressions and whole JSON templates into functions of an environment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final, TypeAlias

from emulator.logic_apps.expressions.environment import Environment, Json
from emulator.logic_apps.expressions.errors import ExpressionError, deep_nesting_is_an_error
from emulator.logic_apps.expressions.functions import FUNCTIONS
from emulator.logic_apps.expressions.parser import Call, Literal, Node, Selection, Step, parse_string
from emulator.logic_apps.expressions.values import exported, find_key, int32, to_text, type_name

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
        self._references = references

    @property
    def references(self) -> frozenset[Reference]:
        """What of the run the template reads."""
        return self._references

    @deep_nesting_is_an_error("ExpressionEvaluationFailed")
    def evaluate(self, environment: Environment) -> Json:
        """Return the JSON value with every expression replaced by its result; it shares nothing with the environment.

        Raises:
            ExpressionError: an expression cannot be evaluated.
        """
        value = self._evaluator(environment)
        # Functions never change what they are given, so that one copy at the end is enough.
        return value if value is None or isinstance(value, str | int) else exported(value)


def compile_template(value: Json) -> Template:
    """Parse every expression in `value`.

    Raises:
        ExpressionError: a syntax error, an unknown function or a wrong number of arguments.
    """
    return _compiled_string(value) if isinstance(value, str) else _compiled(value)


@lru_cache(maxsize=20_000)
def _compiled_string(text: str) -> Template:
    return _compiled(text)


@deep_nesting_is_an_error("InvalidTemplate")
def _compiled(value: Json) -> Template:
    references: set[Reference] = set()
    return Template(_compile(value, references), frozenset(references))


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
        pairs = [(_compile_key(key, references), _compile(member, references)) for key, member in value.items()]
        return lambda environment: {key(environment): member(environment) for key, member in pairs}
    return _constant(value)


def _constant(value: Json) -> Evaluator:
    return lambda _: value


def _compile_key(key: str, references: set[Reference]) -> Evaluator:
    evaluator = _compile_string(key, references)

    def name(environment: Environment) -> str:
        found = evaluator(environment)
        if not isinstance(found, str):
            raise ExpressionError(
                f"The property name '{key}' has to give a string; it gave a value of type '{type_name(found)}'."
            )
        return found

    return name


def _compile_string(text: str, references: set[Reference]) -> Evaluator:
    parsed = parse_string(text)
    if isinstance(parsed, str):
        return _constant(parsed)
    if not isinstance(parsed, list):
        return _node(parsed, references)
    parts = [_constant(part) if isinstance(part, str) else _node(part, references) for part in parsed]
    return lambda environment: "".join([to_text(part(environment)) for part in parts])


def _node(node: Node, references: set[Reference]) -> Evaluator:
    match node:
        case Literal(value):
            return _constant(value)
        case Call():
            return _call(node, references)
        case Selection():
            return _selection(node, references)


def _call(node: Call, references: set[Reference]) -> Evaluator:
    function = FUNCTIONS.get(node.function.lower())
    if function is None:
        raise ExpressionError(
            f"The template function '{node.function}' is not defined or not valid.", "InvalidTemplate", node.position
        )
    count = len(node.arguments)
    if not function.takes(count):
        raise ExpressionError(
            f"The template language function '{function.name}' takes {function.arity}; it is called with {count}.",
            "InvalidTemplate",
            node.position,
        )
    if function.of_run:
        head = node.arguments[0] if node.arguments else None
        name = head.value if isinstance(head, Literal) and isinstance(head.value, str) else None
        references.add(Reference(function.name, name))
    arguments = [_node(argument, references) for argument in node.arguments]
    body = function.body
    if function.lazy:
        return lambda environment: body(environment, *[partial(argument, environment) for argument in arguments])
    match arguments:
        case []:
            return body
        case [only]:
            return lambda environment: body(environment, only(environment))
        case [head, other]:
            return lambda environment: body(environment, head(environment), other(environment))
        case _:
            return lambda environment: body(environment, *[argument(environment) for argument in arguments])


_UNDEFINED: Final[Any] = object()
"""What ``?`` selects from null. Any further selection from it gives it again; to functions it is null."""


def _selection(node: Selection, references: set[Reference]) -> Evaluator:
    target = _call(node.target, references)
    steps = [(_node(step.key, references), step) for step in node.steps]

    def select(environment: Environment) -> Any:
        value = target(environment)
        for key, step in steps:
            if value is _UNDEFINED:
                return None
            value = _select(value, key(environment), step)
        return None if value is _UNDEFINED else value

    return select


def _select(value: Any, key: Any, step: Step) -> Any:
    if isinstance(value, dict) and isinstance(key, str):
        found = find_key(value, key)
        if found is not None:
            return value[found]
        if step.optional:
            return None
        raise _cannot(step, f"property '{key}' doesn't exist, available properties are '{', '.join(value)}'")
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        index = int32(key)
        if 0 <= index < len(value):
            return value[index]
        if step.optional:
            return None
        raise _cannot(step, f"array index '{index}' is outside bounds (0, {len(value) - 1}) of array")
    if value is None and step.optional and isinstance(key, str | int) and not isinstance(key, bool):
        return _UNDEFINED
    raise _cannot(step, f"'{to_text(key)}' cannot be selected{_why(value, key)}")


def _why(value: Any, key: Any) -> str:
    match value:
        case list():
            return ": an element of an array is selected by an integer"
        case dict() if not isinstance(key, str):
            return ": a property of an object is selected by its name"
        case None:
            return " from null"
        case _:
            return f": selection is not supported on values of type '{type_name(value)}'"


def _cannot(step: Step, reason: str) -> ExpressionError:
    return ExpressionError(f"The template language expression '{step.text}' cannot be evaluated because {reason}.")
