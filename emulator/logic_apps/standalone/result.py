"""What came of a run: its actions by name with their repetitions, the branches taken, the calls made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.logic_apps.definitions.components import Action, Definition
from emulator.logic_apps.expressions import Json
from emulator.logic_apps.history.records import (
    CANCELLED,
    FAILED,
    RUNNING,
    SKIPPED,
    SUCCEEDED,
    TIMED_OUT,
    ActionRecord,
    IterationRecord,
    indexes_of,
    repetition_name,
)  # fmt: skip
from emulator.logic_apps.runs.stamps import moment_of
from emulator.logic_apps.standalone.session import Call

NOT_RUN = "NotRun"
"""The status of an action that the run never came to, not even to skip it."""
_BY_WEIGHT = (RUNNING, FAILED, TIMED_OUT, CANCELLED, SUCCEEDED, SKIPPED)


@dataclass(frozen=True)
class Repetition:
    """One execution of an action; inputs and outputs that are secured are None and named in `hidden`."""

    record: ActionRecord

    @property
    def name(self) -> str:
        """The repetition's name as Azure has it, ``000001``; empty outside of loops."""
        return repetition_name(indexes_of(self.record.path))

    @property
    def status(self) -> str:
        """Succeeded, Failed, Skipped, TimedOut, Cancelled."""
        return self.record.status

    @property
    def code(self) -> str | None:
        """The code, e.g. OK, NotFound, ActionSkipped."""
        return self.record.code

    @property
    def error(self) -> Mapping[str, Any] | None:
        """Code and message where it failed or was skipped."""
        return self.record.error

    @property
    def inputs(self) -> Any:
        """The inputs, every expression evaluated."""
        return self.record.content("inputs")

    @property
    def outputs(self) -> Any:
        """The outputs."""
        return self.record.content("outputs")

    @property
    def hidden(self) -> Sequence[str]:
        """ "inputs" and "outputs" as they are secured."""
        return self.record.hidden

    @property
    def seconds(self) -> float:
        """How long it took on the run's clock."""
        if self.record.end is None:
            return 0.0
        return (moment_of(self.record.end) - moment_of(self.record.start)).total_seconds()


@dataclass(frozen=True)
class ActionResult:
    """What came of an action: of its one execution, or in a loop of all its repetitions."""

    name: str
    type: str
    repetitions: Sequence[Repetition]

    @property
    def status(self) -> str:
        """Its status; of repetitions Failed before TimedOut, Succeeded and Skipped; NotRun where there is none."""
        found = {repetition.status for repetition in self.repetitions}
        return next((status for status in _BY_WEIGHT if status in found), NOT_RUN)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many repetitions have which status."""
        counts: dict[str, int] = {}
        for repetition in self.repetitions:
            counts[repetition.status] = counts.get(repetition.status, 0) + 1
        return counts

    @property
    def code(self) -> str | None:
        """The code of its one execution."""
        return self.only.code

    @property
    def error(self) -> Mapping[str, Any] | None:
        """The error of its one execution."""
        return self.only.error

    @property
    def inputs(self) -> Any:
        """The inputs of its one execution."""
        return self.only.inputs

    @property
    def outputs(self) -> Any:
        """The outputs of its one execution."""
        return self.only.outputs

    @property
    def only(self) -> Repetition:
        """The one execution.

        Raises:
            LookupError: there is none, or there are several: ask for `repetitions`.
        """
        if len(self.repetitions) != 1:
            raise LookupError(f"the action '{self.name}' was executed {len(self.repetitions)} times: see .repetitions")
        return self.repetitions[0]


class Actions(Mapping[str, ActionResult]):
    """The actions of a run by name, whatever its case, in the order of the definition."""

    def __init__(self, results: Sequence[ActionResult]) -> None:
        self._results = {result.name.lower(): result for result in results}

    def __getitem__(self, name: str) -> ActionResult:
        """Return an action; KeyError names those that there are."""
        found = self._results.get(name.lower())
        if found is None:
            names = ", ".join(result.name for result in self._results.values())
            raise KeyError(f"the workflow has no action '{name}'; there are: {names}")
        return found

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return (result.name for result in self._results.values())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._results)


@dataclass(frozen=True)
class RunResult:
    """A run that is over.

    Attributes:
        workflow: the workflow's name.
        definition: the definition as it ran.
        status: Succeeded, Failed, Cancelled, TimedOut.
        code: why it failed, e.g. ActionFailed.
        error: code and message of it.
        actions: what came of each action.
        iterations: the finished iterations of all loops.
        outputs: the run's outputs by name.
        response: status code, headers and body of the Response action, None where none was reached.
        calls: the HTTP calls in their order.
        fault: why the run could not go on: a call that nothing answers.
        seconds: how long it took on its clock.
    """

    workflow: str
    definition: Definition
    status: str
    code: str | None
    error: Mapping[str, Any] | None
    actions: Actions
    iterations: Sequence[IterationRecord]
    outputs: Mapping[str, Json]
    response: Mapping[str, Json] | None
    calls: Sequence[Call] = field(default_factory=list[Call])
    fault: str | None = None
    seconds: float = 0.0

    @property
    def branches(self) -> Mapping[str, str]:
        """Which branch was taken last by each If (``actions``, ``else``) and Switch (a case's name, ``default``)."""
        taken: dict[str, str] = {}
        for action in self.definition.index.values():
            if action.kind not in ("if", "switch"):
                continue
            for repetition in self.actions[action.name].repetitions:
                branch = branch_taken(action.kind, repetition.record) or self._branch_run(action)
                if branch is not None:
                    taken[action.name] = branch
        return taken

    def _branch_run(self, action: Action) -> str | None:
        """Return the branch in which something was executed: an action that a Terminate ended says not which."""
        for branch, inner in action.branches.items():
            if any(self.actions[name].status not in (SKIPPED, NOT_RUN) for name in inner):
                return branch
        return None

    def calls_of(self, action: str) -> list[Call]:
        """Return the calls of an action, in their order."""
        name = self.actions[action].name
        return [call for call in self.calls if call.action == name]


def branch_taken(kind: str, record: ActionRecord) -> str | None:
    """Return the branch that an If or a Switch took; None where it did not come to it."""
    outputs = record.outputs if isinstance(record.outputs, dict) else {}
    if kind == "if" and isinstance(outputs.get("expressionResult"), bool):
        return "actions" if outputs["expressionResult"] else "else"
    if kind == "switch" and isinstance(outputs.get("case"), str):
        return outputs["case"]
    return None


def in_order(actions: Mapping[str, Action]) -> Iterator[Action]:
    """Yield actions as they stand in the definition, each before those in it."""
    for action in actions.values():
        yield action
        for branch in action.branches.values():
            yield from in_order(branch)


def action_results(definition: Definition, records: Sequence[ActionRecord]) -> Actions:
    """Return the actions of a definition with their executions."""
    executions: dict[str, list[Repetition]] = {}
    for record in records:
        executions.setdefault(record.name.lower(), []).append(Repetition(record))
    return Actions(
        [
            ActionResult(
                action.name,
                action.type.name,
                sorted(executions.get(action.name.lower(), []), key=lambda repetition: repetition.name),
            )
            for action in in_order(definition.actions)
        ]
    )
