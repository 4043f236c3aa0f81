"""The parts of a workflow definition: actions in their tree, triggers, parameters; and what a type of action is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from emulator.arm.errors import ArmError
from emulator.logic_apps.expressions import ExpressionError, Reference, compile_condition, compile_template

LOOPS = frozenset({"foreach", "until"})
"""The types, in lower case, whose inner actions run several times."""


class DefinitionError(ArmError):
    """A definition is refused.

    `told` is what is wrong, `rule` the code of the checker's rule, `path` the value at fault.
    """

    def __init__(self, told: str, path: tuple[str | int, ...] = (), rule: str = "operation-settings") -> None:
        super().__init__(400, "InvalidTemplate", f"The template validation failed: '{told}'")
        self.told = told
        self.path = path
        self.rule = rule


def invalid(message: str, *path: str | int, rule: str = "operation-settings") -> DefinitionError:
    """Return the error with which a definition is refused; `path` leads to what is at fault in the action."""
    return DefinitionError(message, path, rule)


def no_rules(action: Action) -> None:
    """Check nothing: the schema of the type says it all."""


@dataclass(frozen=True)
class ActionType:
    """How a type of action is written. What does such an action is known to `actions.HANDLERS`.

    Attributes:
        name: as definitions write it, e.g. ``ParseJson``.
        schema: JSON Schema of the action as written; values that are expressions fit any type.
        check: the rules that no schema says; raises ArmError.
        options: the ``operationOptions`` that it takes.
        branches: the members with inner actions; "cases" stands for one branch a case.
        repeats_inputs: its outputs are its inputs, so that what is secured in them is hidden in both.
        may_secure: whether it takes ``runtimeConfiguration.secureData``.
        may_time_out: whether it takes ``limit.timeout``; an Until ends by it between two iterations.
        waits: whether it may take as long as the run may: the run's own limit ends it.
    """

    name: str
    schema: Mapping[str, Any]
    check: Callable[[Action], None] = no_rules
    options: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    repeats_inputs: bool = False
    may_secure: bool = True
    may_time_out: bool = True
    waits: bool = False

    @property
    def kind(self) -> str:
        """The name in lower case: types ignore case."""
        return self.name.lower()


@dataclass(frozen=True)
class Action:
    """One action. `branches` are its inner actions: "actions", "else", "default" or a case's name.

    `loops` are the names of the Foreach and Until around it, outermost first; `parent` is the action it stands in;
    `path` leads to it from the definition; `sound` tells whether its members have the shape that its type asks for.
    """

    name: str
    type: ActionType
    raw: Mapping[str, Any]
    run_after: Mapping[str, tuple[str, ...]]
    branches: Mapping[str, Mapping[str, Action]]
    loops: tuple[str, ...]
    parent: str | None
    secured: frozenset[str] = field(default_factory=frozenset[str])
    options: frozenset[str] = field(default_factory=frozenset[str])
    path: tuple[str | int, ...] = ()
    sound: bool = True

    @property
    def kind(self) -> str:
        """The type in lower case."""
        return self.type.kind

    @property
    def inputs(self) -> Any:
        """The inputs as written."""
        return self.raw.get("inputs")

    @property
    def limit(self) -> Mapping[str, Any]:
        """The limits as written: timeout, count."""
        return self.raw.get("limit") or {}

    @property
    def children(self) -> Iterator[Action]:
        """The first-level inner actions of every branch."""
        for branch in self.branches.values():
            yield from branch.values()

    @cached_property
    def references(self) -> frozenset[Reference]:
        """What the action's own expressions refer to, its inner actions left out.

        Raises:
            ArmError: 400 InvalidTemplate; an expression is not valid.
        """
        where = f"the action '{self.name}'"
        found: set[Reference] = set()
        for member in ("inputs", "foreach", "trackedProperties"):
            found |= references_in(where, self.raw.get(member))
        expression = self.raw.get("expression")
        if expression is not None:
            read = references_in if self.kind == "switch" else references_in_condition
            found |= read(where, expression)
        return frozenset(found)


@dataclass(frozen=True)
class Trigger:
    """One trigger; `runs` is how many of its runs may be under way at the same time, None for any number.

    `path` leads to it from the definition; `sound` tells whether its members have the shape that its type asks for.
    """

    name: str
    type: str
    raw: Mapping[str, Any]
    secured: frozenset[str]
    options: frozenset[str]
    runs: int | None
    waiting_runs: int
    path: tuple[str | int, ...] = ()
    sound: bool = True

    @property
    def kind(self) -> str:
        """The type in lower case."""
        return self.type.lower()

    @property
    def single_instance(self) -> bool:
        """Whether the trigger does not look while a run that it started is under way."""
        return "singleinstance" in self.options

    @property
    def conditions(self) -> list[Any]:
        """The expressions that must all hold for a run to start."""
        return [condition["expression"] for condition in self.raw.get("conditions") or []]

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The inputs as written."""
        return self.raw.get("inputs") or {}


@dataclass(frozen=True)
class Definition:
    """A definition as a tree; `index` has every action of it by lower-case name."""

    raw: Mapping[str, Any]
    triggers: Mapping[str, Trigger]
    actions: Mapping[str, Action]
    index: Mapping[str, Action]
    parameters: Mapping[str, Mapping[str, Any]]

    def trigger(self, name: str) -> Trigger | None:
        """Return the trigger of that name, whatever its case, or None."""
        return next((each for each in self.triggers.values() if each.name.lower() == name.lower()), None)


def references_in(where: str, part: Any) -> frozenset[Reference]:
    """Return what a part of a definition refers to; `where` names it in the error.

    Raises:
        ArmError: 400 InvalidTemplate; an expression is not valid.
    """
    try:
        return compile_template(part).references
    except ExpressionError as error:
        raise invalid(f"{where}: {error.message}") from error


def references_in_condition(where: str, expression: Any) -> frozenset[Reference]:
    """Return what a condition refers to: an expression, or an object of operators.

    Raises:
        ArmError: 400 InvalidTemplate; the condition is not valid.
    """
    try:
        return compile_condition(expression).references
    except ExpressionError as error:
        raise invalid(f"{where}: {error.message}") from error


class Deferred(str):
    """A string of an ARM template that is known only when the template is deployed."""

    __slots__ = ()


def is_expression(value: Any) -> bool:
    """Tell whether a value is known only when the workflow runs, or when the template around it is deployed."""
    if isinstance(value, Deferred):
        return True
    return isinstance(value, str) and ((value.startswith("@") and not value.startswith("@@")) or "@{" in value)
