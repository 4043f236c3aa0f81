"""How coverage of workflows reads: lines for the terminal, an object for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.testing.coverage import Coverage, Covered, Share


def lines(coverage: Coverage) -> Iterator[str]:
    """Yield a line for each workflow and one for each thing that no run reached."""
    width = max((len(covered.name) for covered in coverage.workflows), default=0)
    for covered in coverage.workflows:
        yield (
            f"{covered.name.ljust(width)}  {_floor(covered.percent)} %  actions {_share(covered.actions)}, "
            f"branches {_share(covered.branches)}, runs {covered.runs}"
        )
        yield from (f"  {point}" for point in covered.missing)


def to_object(coverage: Coverage) -> dict[str, Any]:
    """Return the same for scripts."""
    return {
        "percent": coverage.percent,
        "workflows": [_workflow(covered) for covered in coverage.workflows],
    }


def _workflow(covered: Covered) -> dict[str, Any]:
    return {
        "name": covered.name,
        "path": covered.path,
        "percent": covered.percent,
        "runs": covered.runs,
        "actions": {"reached": covered.actions[0], "total": covered.actions[1]},
        "branches": {"reached": covered.branches[0], "total": covered.branches[1]},
        "missing": [
            {"action": point.action, "kind": point.kind, "detail": point.detail, "message": str(point)}
            for point in covered.missing
        ],
    }


def _share(share: Share) -> str:
    return f"{share[0]}/{share[1]}"


def _floor(percent: float) -> str:
    """Return a percentage that is 100 only where nothing is missing."""
    return f"{int(percent * 10) / 10:g}"
