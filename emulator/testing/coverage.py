"""How much of workflows' actions and branches a session of tests reached; sessions of several processes are joined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.logic_apps.definitions.components import Definition
from emulator.logic_apps.history.records import ActionRecord, IterationRecord
from emulator.testing.points import ACTION, Point, fingerprint, points, reached

Share = tuple[int, int]
"""How many were reached, of how many."""


@dataclass
class Covered:
    """One workflow: `path` is where it was read from, `wanted` all its points, `found` those that were reached."""

    name: str
    path: str
    wanted: Sequence[Point]
    runs: int = 0
    found: set[Point] = field(default_factory=set[Point])

    @property
    def missing(self) -> list[Point]:
        """What no run reached, in the order of the definition."""
        return [point for point in self.wanted if point not in self.found]

    @property
    def actions(self) -> Share:
        """The actions that were executed."""
        return self._share([point for point in self.wanted if point.kind == ACTION])

    @property
    def branches(self) -> Share:
        """The branches that were taken."""
        return self._share([point for point in self.wanted if point.kind != ACTION])

    @property
    def percent(self) -> float:
        """The part of all points that was reached."""
        return percent(self._share(self.wanted))

    def _share(self, wanted: Sequence[Point]) -> Share:
        return sum(point in self.found for point in wanted), len(wanted)


class Coverage:
    """The workflows of a session, by the fingerprint of their actions."""

    def __init__(self) -> None:
        self._covered: dict[str, Covered] = {}
        self._wanted: set[str] = set()

    def want(self, name: str, path: str | Path, definition: Definition) -> None:
        """Report on this workflow, whether it runs or not; once one is wanted, others are not reported."""
        key = self._known(name, str(path), definition)
        self._covered[key].name, self._covered[key].path = name, str(path)
        self._wanted.add(key)

    def add(
        self,
        name: str,
        path: str | Path,
        definition: Definition,
        records: Sequence[ActionRecord],
        iterations: Sequence[IterationRecord],
    ) -> None:
        """Count a run."""
        covered = self._covered[self._known(name, str(path), definition)]
        covered.runs += 1
        covered.found.update(reached(definition, records, iterations))

    @property
    def workflows(self) -> list[Covered]:
        """What is reported, by name."""
        chosen = [covered for key, covered in self._covered.items() if not self._wanted or key in self._wanted]
        return sorted(chosen, key=lambda covered: (covered.name, covered.path))

    @property
    def percent(self) -> float:
        """The part of all points of all workflows that was reached."""
        found = [covered.actions for covered in self.workflows] + [covered.branches for covered in self.workflows]
        return percent((sum(reached for reached, _ in found), sum(total for _, total in found)))

    def to_json(self) -> dict[str, Any]:
        """Return all of it, for another process."""
        return {
            key: {
                "name": covered.name,
                "path": covered.path,
                "runs": covered.runs,
                "wanted": _listed(covered.wanted),
                "found": _listed(covered.found),
            }
            for key, covered in self._covered.items()
        }

    def join(self, other: Mapping[str, Any]) -> None:
        """Add what `to_json` gave in another process."""
        for key, given in other.items():
            wanted = [Point(*each) for each in given["wanted"]]
            covered = self._covered.setdefault(key, Covered(given["name"], given["path"], wanted))
            covered.runs += given["runs"]
            covered.found.update(Point(*each) for each in given["found"])

    def _known(self, name: str, path: str, definition: Definition) -> str:
        key = fingerprint(definition)
        if key not in self._covered:
            self._covered[key] = Covered(name, path, points(definition))
        return key


def percent(share: Share) -> float:
    """Return a share in percent; all of nothing is 100."""
    found, total = share
    return 100.0 * found / total if total else 100.0


def _listed(given: Iterable[Point]) -> list[list[str]]:
    return [[point.action, point.kind, point.detail] for point in given]
