"""A definition with all its expressions, and what is known of its surroundings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from emulator.logic_apps.checker.expressions import Expression, ExpressionReader, Use
from emulator.logic_apps.definitions.components import Action, Definition, Trigger

_TEMPLATES: Final = ("inputs", "foreach", "trackedProperties", "limit", "runtimeConfiguration")
"""Members of an action that may have expressions, beside ``expression`` and the values of cases."""


@dataclass(frozen=True)
class Surroundings:
    """What around a definition decides what it may use.

    Attributes:
        parameters: names of parameters that are declared outside of the definition, None where that is not known.
        functions: functions that are known besides those of Consumption, in lower case.
        one_trigger: the definition has exactly one trigger, as in Standard.
    """

    parameters: frozenset[str] | None = frozenset()
    functions: frozenset[str] = frozenset()
    one_trigger: bool = False


CONSUMPTION: Final = Surroundings()
"""A definition as Consumption takes it: all it uses is in it."""


@dataclass(frozen=True)
class Parts:
    """A definition and its expressions: by lower-case name of the action, by name of the trigger, of the outputs."""

    definition: Definition
    surroundings: Surroundings
    actions: Mapping[str, list[Expression]]
    triggers: Mapping[str, list[Expression]]
    outputs: list[Expression]

    @classmethod
    def read(cls, definition: Definition, reader: ExpressionReader, surroundings: Surroundings) -> Parts:
        """Read every expression; the reader tells what is wrong with them."""
        return cls(
            definition,
            surroundings,
            {name: list(_of_action(action, reader)) for name, action in definition.index.items()},
            {name: list(_of_trigger(trigger, reader)) for name, trigger in definition.triggers.items()},
            list(reader.template(definition.raw.get("outputs"), ("outputs",), "the outputs")),
        )

    def uses(self, action: Action) -> Iterator[Use]:
        """Yield every call in the action's own expressions."""
        for expression in self.actions[action.name.lower()]:
            yield from expression.uses()

    def ancestors(self, action: Action) -> list[Action]:
        """Return the actions around `action`, the nearest first.

        Where a name occurs twice, the way up may lead back to where it was; it ends there.
        """
        found: list[Action] = []
        parent = action.parent
        while parent is not None:
            outer = self.definition.index[parent.lower()]
            if any(outer is each for each in found):
                break
            found.append(outer)
            parent = outer.parent
        return found

    @cached_property
    def order(self) -> Order:
        """Which actions are over when an action starts."""
        return Order(self)


class Order:
    """Which actions are over when an action starts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._index = parts.definition.index
        self._before: dict[str, set[str]] = {}

    def reaches(self, action: Action, other: Action) -> bool:
        """Tell whether `other`, or a scope around it, lies on the runAfter path of `action` or of a scope around that.

        An Until's own condition sees the actions of the loop.
        """
        outer = {each.name.lower() for each in self._parts.ancestors(other)}
        if action.kind == "until" and action.name.lower() in outer:
            return True
        around = outer | {other.name.lower()}
        return any(around & self.before(each) for each in (action, *self._parts.ancestors(action)))

    def before(self, action: Action) -> set[str]:
        """Return the lower-case names of the siblings that are over when `action` starts."""
        known = self._before.get(action.name.lower())
        if known is None:
            known = set[str]()
            open_ = [name.lower() for name in action.run_after]
            while open_:
                name = open_.pop()
                if name not in known:
                    known.add(name)
                    found = self._index.get(name)
                    if found is not None:
                        open_.extend(each.lower() for each in found.run_after)
            self._before[action.name.lower()] = known
        return known


def _of_action(action: Action, reader: ExpressionReader) -> Iterator[Expression]:
    where = f"the action '{action.name}'"
    for member in _TEMPLATES:
        yield from reader.template(action.raw.get(member), (*action.path, member), where)
    expression = action.raw.get("expression")
    if expression is not None:
        read = reader.template if action.kind == "switch" else reader.condition
        yield from read(expression, (*action.path, "expression"), where)
    cases = action.raw.get("cases")
    if action.kind == "switch" and isinstance(cases, dict):
        for name, case in cases.items():
            if isinstance(case, dict):
                yield from reader.template(case.get("case"), (*action.path, "cases", name, "case"), where)


def _of_trigger(trigger: Trigger, reader: ExpressionReader) -> Iterator[Expression]:
    where = f"the trigger '{trigger.name}'"
    for member in ("inputs", "splitOn", "recurrence", "correlation", "runtimeConfiguration"):
        yield from reader.template(trigger.raw.get(member), (*trigger.path, member), where)
    conditions = trigger.raw.get("conditions")
    for index, condition in enumerate(conditions if isinstance(conditions, list) else []):
        if isinstance(condition, dict):
            path = (*trigger.path, "conditions", index, "expression")
            yield from reader.condition(condition.get("expression"), path, where)
