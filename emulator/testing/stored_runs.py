"""The runs that an emulator kept, as far as coverage asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from emulator.clock import Clock
from emulator.logic_apps.definitions.checks import parse_stored
from emulator.logic_apps.definitions.components import Definition
from emulator.logic_apps.history.database import Database
from emulator.logic_apps.history.records import ActionRecord, IterationRecord
from emulator.logic_apps.history.run_history import RunHistory
from emulator.logic_apps.history.run_store import RunStore
from emulator.logic_apps.history.workflow_store import WorkflowStore

_MOST_RUNS = 1_000_000


@dataclass(frozen=True)
class StoredRun:
    """A run of the workflow `name`, with the definition that it ran."""

    name: str
    definition: Definition
    records: Sequence[ActionRecord]
    iterations: Sequence[IterationRecord]


def stored_runs(folder: Path, key: str, clock: Clock) -> Iterator[StoredRun]:
    """Yield the runs in the database of a Logic Apps service that is stopped; `key` encrypts its state."""
    with closing(Database(folder, key)) as database:
        workflows, history, runs = WorkflowStore(database), RunHistory(database, clock), RunStore(database)
        definitions: dict[tuple[str, str], Definition] = {}
        for id, _ in workflows.all():
            for _, row in history.runs(id, (), _MOST_RUNS, None):
                known = definitions.get((id, row.version))
                if known is None:
                    body = workflows.version_body(id, row.version)
                    if body is None:
                        continue
                    known = definitions[id, row.version] = parse_stored(body["properties"]["definition"])
                yield StoredRun(id.rsplit("/", 1)[-1], known, runs.known_actions(row.id), runs.iterations(row.id))
