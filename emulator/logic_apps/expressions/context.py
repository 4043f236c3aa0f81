"""An environment made of plain values, for expressions that are evaluated on their own."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from emulator.logic_apps.expressions.environment import Json
from emulator.logic_apps.expressions.errors import ExpressionError
from emulator.logic_apps.expressions.values import find_key

_MEMBERS = {
    "params": "params",
    "variables": "variables",
    "actions": "actions",
    "trigger": "trigger_record",
    "item": "element",
    "items": "loops",
    "iters": "iters",
    "results": "results",
    "workflow": "workflow_record",
}
_MAPPINGS = frozenset({"params", "variables", "actions", "items", "iters", "results"})


class ContextError(Exception):
    """A context has not the form it should; the message names the member and what is allowed."""


@dataclass
class Context:
    """What expressions see.

    Attributes:
        params: workflow parameters by name.
        variables: variables by name.
        actions: records of actions by name: ``{"status", "outputs": {"statusCode", "headers", "body"}, ...}``.
        trigger_record: the trigger's record: ``{"name", "outputs": {"headers", "body"}}``.
        element: what ``item()`` gives.
        loops: what ``items('Loop')`` gives, by the loop's name.
        iters: what ``iterationIndexes('Until')`` gives, by the loop's name.
        results: what ``result('Scope')`` gives, by the scope's name.
        workflow_record: what ``workflow()`` gives.
    """

    params: Mapping[str, Json] = field(default_factory=dict[str, Json])
    variables: Mapping[str, Json] = field(default_factory=dict[str, Json])
    actions: Mapping[str, Json] = field(default_factory=dict[str, Json])
    trigger_record: Json = None
    element: Json = None
    loops: Mapping[str, Json] = field(default_factory=dict[str, Json])
    iters: Mapping[str, int] = field(default_factory=dict[str, int])
    results: Mapping[str, Json] = field(default_factory=dict[str, Json])
    workflow_record: Json = None

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Return the context that a JSON object describes; every member may be left out.

        Raises:
            ContextError: it is no object, has an unknown member, or one of a wrong type.
        """
        allowed = ", ".join(_MEMBERS)
        if not isinstance(value, dict):
            raise ContextError(f"the context is {value!r}; allowed: an object with {allowed}")
        for name, member in value.items():
            if name not in _MEMBERS:
                raise ContextError(f"the context has the member {name!r}; allowed: {allowed}")
            if name in _MAPPINGS and not isinstance(member, dict):
                raise ContextError(f"{name} of the context is {member!r}; allowed: an object by name")
        return cls(**{_MEMBERS[name]: member for name, member in value.items()})

    def parameter(self, name: str) -> Json:
        """Return a workflow parameter."""
        return _member(self.params, name, f"The workflow parameter '{name}' is not found.")

    def variable(self, name: str) -> Json:
        """Return a variable."""
        return _member(self.variables, name, f"The template variable '{name}' cannot be found.")

    def action(self, name: str) -> Json:
        """Return an action's record."""
        return _member(self.actions, name, f"The template action '{name}' is not defined at current scope.")

    def current_action(self) -> Json:
        """Return null: the expression belongs to no action."""
        return None

    def trigger(self) -> Json:
        """Return the trigger's record."""
        return self.trigger_record

    def item(self) -> Json:
        """Return the element at hand."""
        return self.element

    def items(self, loop: str) -> Json:
        """Return the element that a loop is at."""
        return _member(self.loops, loop, f"The template action '{loop}' is not defined at current scope.")

    def iteration_index(self, loop: str) -> int:
        """Return the number of an Until's iteration."""
        return _member(self.iters, loop, f"The template action '{loop}' is not defined at current scope.")

    def result(self, scope: str) -> list[Json]:
        """Return the records of a scope's actions."""
        return _member(self.results, scope, f"The template action '{scope}' is not defined at current scope.")

    def workflow(self) -> Json:
        """Return the workflow and its run."""
        return self.workflow_record

    def callback_url(self) -> str:
        """Refuse: nothing can be called back."""
        raise ExpressionError("The function 'listCallbackUrl' has no run to call back.")

    def now(self) -> datetime:
        """Return the machine's time."""
        return datetime.now(UTC)

    def new_guid(self) -> uuid.UUID:
        """Return a fresh GUID."""
        return uuid.uuid4()

    def random(self) -> random.Random:
        """Return a source of random numbers."""
        return random.Random()


def _member(mapping: Mapping[str, Any], name: str, otherwise: str) -> Any:
    key = find_key(dict(mapping), name)
    if key is None:
        raise ExpressionError(otherwise)
    return mapping[key]
