"""A run's state in memory, and what expressions see of it from where they stand."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from emulator.clock import Clock
from emulator.logic_apps.data_plane.signatures import workflow_guid
from emulator.logic_apps.definitions.components import Action, Definition
from emulator.logic_apps.expressions import ExpressionError, Json
from emulator.logic_apps.history.records import ActionRecord, TriggerRecord

_NOTHING = object()


@dataclass
class Frame:
    """The records of the actions in one iteration of a loop, or outside of loops.

    `iterations` has the frames of each loop that stands in this one, by lower-case name.
    """

    loop: str | None = None
    item: Json = None
    index: int = 0
    parent: Frame | None = None
    prefix: str = ""
    records: dict[str, ActionRecord] = field(default_factory=dict[str, ActionRecord])
    iterations: dict[str, list[Frame]] = field(default_factory=dict[str, "list[Frame]"])

    def enter(self, loop: str, index: int, item: Json) -> Frame:
        """Add the frame of an iteration."""
        frame = Frame(loop, item, index, self, f"{self.prefix}{loop}:{index}/")
        self.iterations.setdefault(loop.lower(), []).append(frame)
        return frame

    def around(self, loop: str) -> Frame | None:
        """Return the frame of the named loop that this one lies in, or None."""
        frame: Frame | None = self
        while frame is not None and (frame.loop or "").lower() != loop.lower():
            frame = frame.parent
        return frame


@dataclass
class RunState:
    """Everything about a run."""

    id: str
    workflow_id: str
    location: str
    tags: Mapping[str, str]
    definition: Definition
    parameters: Mapping[str, Json]
    trigger: TriggerRecord
    variables: dict[str, Json]
    root: Frame = field(default_factory=Frame)

    @property
    def guid(self) -> str:
        """The workflow's name on the data plane."""
        return workflow_guid(self.workflow_id)

    @property
    def client_tracking_id(self) -> str:
        """What correlates the run with what started it: by default its own id."""
        return self.trigger.client_tracking_id or self.id

    @property
    def workflow_name(self) -> str:
        """The workflow's name."""
        return self.workflow_id.rsplit("/", 1)[-1]


class RunEnvironment:
    """What the expressions of one action see; `item` is the element that Select or Query is at."""

    def __init__(
        self, state: RunState, frame: Frame, clock: Clock, source: random.Random, record: ActionRecord | None = None,
        item: Json = _NOTHING, callback_url: Callable[[], str] | None = None,
    ) -> None:  # fmt: skip
        self._state = state
        self._frame = frame
        self._clock = clock
        self._random = source
        self._record = record
        self._item = item
        self._callback_url = callback_url

    def at(self, item: Json) -> RunEnvironment:
        """Return this environment with another element."""
        return RunEnvironment(
            self._state, self._frame, self._clock, self._random, self._record, item, self._callback_url
        )

    def parameter(self, name: str) -> Json:
        """Return a workflow parameter."""
        return _look_up(self._state.parameters, name, f"The workflow parameter '{name}' is not found.")

    def variable(self, name: str) -> Json:
        """Return a variable."""
        return _look_up(
            self._state.variables,
            name,
            f"Template language expression cannot be evaluated: the template variable '{name}' cannot be found.",
        )

    def action(self, name: str) -> Json:
        """Return an action's record, or a list of them for an action in a Foreach that this stands outside of."""
        action = self._defined(name)
        frame: Frame = self._state.root
        for depth, loop in enumerate(action.loops):
            inner = self._frame.around(loop)
            if inner is None:
                return self._of_iterations(frame, action, depth)
            frame = inner
        return _seen(frame, action)

    def _of_iterations(self, frame: Frame, action: Action, depth: int) -> Json:
        loop = self._state.definition.index[action.loops[depth].lower()]
        frames = frame.iterations.get(loop.name.lower(), [])
        if loop.kind == "until":
            frames = frames[-1:]
        if depth + 1 == len(action.loops):
            found = [_seen(each, action) for each in frames]
        else:
            found = [self._of_iterations(each, action, depth + 1) for each in frames]
        if loop.kind == "until":
            return found[0] if found else _absent(action)
        return found

    def current_action(self) -> Json:
        """Return the record of the action itself."""
        return self._record.seen() if self._record else None

    def trigger(self) -> Json:
        """Return the trigger's record."""
        return self._state.trigger.seen()

    def item(self) -> Json:
        """Return the element at hand."""
        if self._item is not _NOTHING:
            return self._item
        frame: Frame | None = self._frame
        while frame is not None:
            if frame.loop is not None and self._state.definition.index[frame.loop.lower()].kind == "foreach":
                return frame.item
            frame = frame.parent
        raise ExpressionError("The function 'item' stands in no Foreach, Select or Query.")

    def items(self, loop: str) -> Json:
        """Return the element that the named loop is at."""
        frame = self._frame.around(loop)
        if frame is None:
            raise ExpressionError(f"The function 'items' does not stand in the loop '{loop}'.")
        return frame.item

    def iteration_index(self, loop: str) -> int:
        """Return the number of the iteration of the named loop."""
        frame = self._frame.around(loop)
        if frame is None:
            raise ExpressionError(f"The function 'iterationIndexes' does not stand in the loop '{loop}'.")
        return frame.index

    def result(self, scope: str) -> list[Json]:
        """Return the records of a scope's first-level actions; of a loop those of every iteration."""
        action = self._defined(scope)
        frame = self._state.root
        for loop in action.loops:
            inner = self._frame.around(loop)
            if inner is None:
                raise ExpressionError(f"The function 'result' does not stand in the loop '{loop}' of '{scope}'.")
            frame = inner
        frames = frame.iterations.get(action.name.lower(), []) if action.kind in ("foreach", "until") else [frame]
        children = [child for branch in action.branches.values() for child in branch.values()]
        return [
            each.records[child.name.lower()].seen()
            for each in frames
            for child in children
            if child.name.lower() in each.records
        ]

    def workflow(self) -> Json:
        """Return the workflow and its run."""
        state = self._state
        return {
            "id": state.workflow_id,
            "name": state.workflow_name,
            "type": "Microsoft.Logic/workflows",
            "location": state.location,
            "tags": dict(state.tags),
            "run": {
                "id": f"{state.workflow_id}/runs/{state.id}",
                "name": state.id,
                "type": "Microsoft.Logic/workflows/runs",
            },
        }

    def callback_url(self) -> str:
        """Return the address at which a webhook trigger or action is called back."""
        kind = None if self._record is None else self._state.definition.index[self._record.name.lower()].kind
        if self._callback_url is None or kind not in (None, "httpwebhook"):
            raise ExpressionError("The function 'listCallbackUrl' stands in no webhook trigger or action.")
        return self._callback_url()

    def now(self) -> datetime:
        """Return the current time."""
        return self._clock.now()

    def new_guid(self) -> uuid.UUID:
        """Return a fresh GUID."""
        return uuid.UUID(int=self._random.getrandbits(128), version=4)

    def random(self) -> random.Random:
        """Return the source of random numbers."""
        return self._random

    def _defined(self, name: str) -> Action:
        action = self._state.definition.index.get(name.lower())
        if action is None:
            raise ExpressionError(
                f"Template language expression cannot be evaluated: the template action '{name}' is not defined at "
                f"current scope."
            )
        return action


def _look_up(mapping: Mapping[str, Json], name: str, otherwise: str) -> Json:
    if name in mapping:
        return mapping[name]
    for key, value in mapping.items():
        if key.lower() == name.lower():
            return value
    raise ExpressionError(otherwise)


def _seen(frame: Frame, action: Action) -> Json:
    record = frame.records.get(action.name.lower())
    return record.seen() if record is not None else _absent(action)


def _absent(action: Action) -> Json:
    return {"name": action.name, "inputs": None, "outputs": None, "status": "Waiting"}
