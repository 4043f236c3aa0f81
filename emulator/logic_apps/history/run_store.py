"""Unfinished runs on disk: a readable history of what was done, and beside it, encrypted, what is needed to go on."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, Final

from emulator.logic_apps import limits
from emulator.logic_apps.history.database import Database, forget_runs
from emulator.logic_apps.history.records import (
    CANCELLED,
    RUNNING,
    ActionRecord,
    ContentSummary,
    IterationRecord,
    RequestRecord,
    RunRow,
    TriggerRecord,
    TriggerSummary,
    at,
    indexes_of,
    repetition_name,
)
from emulator.logic_apps.history.workflow_store import name_of
from emulator.logic_apps.runs.stamps import moment_of, stamp

WAITING: Final = "Waiting"
TRIGGER_PARTS: Final = {"inputs": "TriggerInputs", "outputs": "TriggerOutputs"}
"""The names of a trigger's contents in content links, by the side they are of."""
RUN_COLUMNS: Final = "id, workflow, version, status, start, end, code, error, record"

_ACTION_PART: Final = "action:"
_FORGOTTEN_AT_ONCE: Final = 20
"""Expired runs that the start of a run takes along: more than one, so that they become fewer, and few, so that it
does not notice."""
_KEEP_ACTION: Final = """
INSERT INTO action_records (
  run, path, name, status, start, end, summary, inputs_size, inputs_md5, outputs_size, outputs_md5, inputs, outputs,
  traces)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run, path) DO UPDATE SET status = excluded.status, end = excluded.end, summary = excluded.summary,
  inputs_size = excluded.inputs_size, inputs_md5 = excluded.inputs_md5, outputs_size = excluded.outputs_size,
  outputs_md5 = excluded.outputs_md5, inputs = excluded.inputs, outputs = excluded.outputs, traces = excluded.traces
"""


class RunStore:
    """What the runs of all workflows write, and what they go on from after a restart."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, run: str, workflow: str, version: str, trigger: TriggerRecord, start: dict[str, Any]) -> None:
        """Record a new run; `start` has the definition and the parameters with which it goes to its end."""
        with self._database.transaction():
            self._forget_expired(trigger.end)
            self._database.write(
                "INSERT INTO runs (id, workflow, version, trigger, status, start, record) VALUES (?, ?, ?, ?, ?, ?, ?)",
                run, workflow.lower(), version, trigger.name, WAITING, trigger.end,
                json.dumps(asdict(self._summarized(run, trigger))),
            )  # fmt: skip
            self.keep_working(run, "trigger", trigger.to_json())
            self.keep_working(run, "start", start)

    def set_running(self, run: str) -> None:
        """Record that a run that waited goes on."""
        self._database.write("UPDATE runs SET status = ? WHERE id = ?", RUNNING, run)

    def end(self, run: str, status: str, at: str, code: str | None, error: dict[str, Any] | None) -> None:
        """Record how a run ended; actions still under way are cancelled, what it needed to go on is dropped."""
        with self._database.transaction():
            for sequence, summary in self._database.rows(
                "SELECT sequence, summary FROM action_records WHERE run = ? AND end IS NULL", run
            ):
                ended = {**json.loads(summary), "status": CANCELLED, "code": "ActionCancelled", "end": at}
                self._database.write(
                    "UPDATE action_records SET status = ?, end = ?, summary = ? WHERE sequence = ?",
                    CANCELLED, at, json.dumps(ended), sequence,
                )  # fmt: skip
            self._database.write(
                "UPDATE runs SET status = ?, end = ?, code = ?, error = ? WHERE id = ?",
                status, at, code, json.dumps(error) if error else None, run,
            )  # fmt: skip
            self._database.write("DELETE FROM working WHERE run = ?", run)

    def keep_action(self, run: str, record: ActionRecord, variables: dict[str, Any] | None = None) -> None:
        """Record an action; what is secured goes only, encrypted, to the working state.

        `variables`, where the action changed them, are kept in the same step: a change is not made twice.
        """
        with self._database.transaction():
            self._database.write(_KEEP_ACTION, *_row(run, record))
            if record.hidden and record.finished:
                self.keep_working(run, _ACTION_PART + record.path, record.to_json())
            if variables is not None:
                self.keep_working(run, "variables", variables)

    def keep_request(self, run: str, path: str, record: RequestRecord, body: str | None) -> None:
        """Record a request that the action at `path` made; `body` is the JSON of the answer's."""
        with self._database.transaction():
            newest = self._database.row(
                "SELECT name FROM requests WHERE run = ? AND path = ? ORDER BY name LIMIT 1", run, path
            )
            name = name_of(moment_of(record.start))
            name = min(name, f"{int(newest[0]) - 1:020d}") if newest else name
            summary = ContentSummary.of(body) if body is not None else None
            self._database.write(
                "INSERT INTO requests (run, path, name, record) VALUES (?, ?, ?, ?)",
                run, path, name, json.dumps(asdict(replace(record, name=name, body=summary))),
            )  # fmt: skip
            if body is not None:
                self._keep_content(run, path, name, body)

    def keep_outputs(self, run: str, outputs: dict[str, Any]) -> None:
        """Record the outputs of a run."""
        self._database.write("INSERT OR REPLACE INTO run_outputs VALUES (?, ?)", run, json.dumps(outputs))

    def keep_iteration(self, run: str, loop: str, record: IterationRecord) -> None:
        """Record a finished iteration of the action `loop`."""
        self._database.write(
            "INSERT INTO iterations VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (run, path) DO UPDATE SET record = excluded.record",
            run, record.path, loop.lower(), repetition_name(indexes_of(record.path)), json.dumps(asdict(record)),
        )  # fmt: skip

    def iterations(self, run: str) -> list[IterationRecord]:
        """Return the finished iterations of a run."""
        rows = self._database.rows("SELECT record FROM iterations WHERE run = ?", run)
        return [IterationRecord(**json.loads(text)) for (text,) in rows]

    def keep_working(self, run: str, part: str, value: Any) -> None:
        """Keep a part of what an unfinished run needs, encrypted."""
        self._database.write(
            "INSERT INTO working VALUES (?, ?, ?) ON CONFLICT (run, part) DO UPDATE SET sealed = excluded.sealed",
            run, part, self._database.seal(value),
        )  # fmt: skip

    def working(self, run: str, part: str) -> Any:
        """Return a part of the working state, None where there is none."""
        row = self._database.row("SELECT sealed FROM working WHERE run = ? AND part = ?", run, part)
        return self._database.open(row[0]) if row else None

    def working_parts(self, run: str, prefix: str) -> list[str]:
        """Return the names of the parts of the working state that begin with `prefix`."""
        rows = self._database.rows("SELECT part FROM working WHERE run = ? ORDER BY part", run)
        return [part for (part,) in rows if part.startswith(prefix)]

    def drop_working(self, run: str, part: str) -> None:
        """Forget a part of the working state."""
        self._database.write("DELETE FROM working WHERE run = ? AND part = ?", run, part)

    def keep_response(self, run: str, answer: dict[str, Any]) -> None:
        """Keep what a Response action said, encrypted: its caller may ask for it later."""
        self._database.write("INSERT OR REPLACE INTO responses VALUES (?, ?)", run, self._database.seal(answer))

    def response(self, run: str) -> dict[str, Any] | None:
        """Return what a Response action of a run said, None where none did."""
        row = self._database.row("SELECT sealed FROM responses WHERE run = ?", run)
        return self._database.open(row[0]) if row else None

    def known_actions(self, run: str) -> list[ActionRecord]:
        """Return the actions that an unfinished run has begun; the finished ones with their secured data."""
        found: list[ActionRecord] = []
        rows = self._database.rows("SELECT summary, inputs, outputs FROM action_records WHERE run = ?", run)
        for summary, inputs, outputs in rows:
            record = ActionRecord(**json.loads(summary), inputs=_loaded(inputs), outputs=_loaded(outputs))
            whole = self.working(run, _ACTION_PART + record.path) if record.hidden and record.finished else None
            found.append(ActionRecord(**whole) if whole else record)
        return found

    def unfinished(self) -> list[RunRow]:
        """Return the runs that are not over, oldest first."""
        rows = self._database.rows(f"SELECT {RUN_COLUMNS} FROM runs WHERE end IS NULL ORDER BY sequence")
        return [run_row(row) for row in rows]

    def run(self, workflow: str, run: str) -> RunRow | None:
        """Return a run."""
        row = self._database.row(f"SELECT {RUN_COLUMNS} FROM runs WHERE id = ? AND workflow = ?", run, workflow.lower())
        return run_row(row) if row else None

    def active(self, workflow: str, trigger: str) -> bool:
        """Tell whether a run that the trigger started is not over."""
        row = self._database.row(
            "SELECT 1 FROM runs WHERE workflow = ? AND trigger = ? AND end IS NULL LIMIT 1", workflow.lower(), trigger
        )
        return row is not None

    def _summarized(self, run: str, trigger: TriggerRecord) -> TriggerSummary:
        summaries: dict[str, ContentSummary] = {}
        for side in ("inputs", "outputs"):
            content = trigger.content(side)
            if content is not None:
                text = json.dumps(content)
                self._keep_content(run, "", TRIGGER_PARTS[side], text)
                summaries[side] = ContentSummary.of(text)
        return TriggerSummary(
            trigger.name,
            trigger.status,
            trigger.start,
            trigger.end,
            trigger.code,
            tuple(trigger.hidden),
            client_tracking_id=trigger.client_tracking_id,
            **summaries,
        )

    def _keep_content(self, run: str, path: str, part: str, text: str) -> None:
        self._database.write("INSERT INTO contents VALUES (?, ?, ?, ?)", run, path, part, text)

    def _forget_expired(self, now: str) -> None:
        """Forget some of the finished runs that began longer ago than runs are kept."""
        before = stamp(moment_of(now) - timedelta(days=limits.RETENTION_DAYS))
        forget_runs(
            self._database,
            "id IN (SELECT id FROM runs WHERE start < ? AND end IS NOT NULL ORDER BY start LIMIT ?)",
            before,
            _FORGOTTEN_AT_ONCE,
        )


def run_row(row: tuple[Any, ...]) -> RunRow:
    """Return the run that a row of RUN_COLUMNS has."""
    id, workflow, version, status, start, end, code, error, record = row
    trigger = TriggerSummary.from_json(json.loads(record))
    return RunRow(id, workflow, version, status, start, end, code, _loaded(error), trigger)


def _row(run: str, record: ActionRecord) -> tuple[Any, ...]:
    inputs, outputs = _dumped(record.content("inputs")), _dumped(record.content("outputs"))
    summaries: list[int | str | None] = []
    for text in (inputs, outputs):
        summary = ContentSummary.of(text) if text is not None else None
        summaries += [summary.size, summary.md5] if summary else [None, None]
    traces = (
        json.dumps([_trace(record, each) for each in record.traces])
        if record.traces and "inputs" not in record.hidden
        else None
    )
    return (
        run, record.path, record.name.lower(), record.status, record.start, record.end, json.dumps(record.summary()),
        *summaries, inputs, outputs, traces,
    )  # fmt: skip


def _trace(record: ActionRecord, trace: dict[str, Any]) -> dict[str, Any]:
    """Return a trace as it is kept: without its value where that stands in the inputs, and may be large."""
    if "value" in trace and at(record.inputs, trace["keys"]) is trace["value"]:
        return {name: value for name, value in trace.items() if name != "value"}
    return trace


def _dumped(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def _loaded(text: str | None) -> Any:
    return None if text is None else json.loads(text)
