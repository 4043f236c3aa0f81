"""Exports of iterations as files to download."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.custom_vision.store.database import Database


@dataclass(frozen=True)
class Export:
    """An export; it is made at once, so that it is done as soon as it is there."""

    platform: str
    flavor: str

    def file_name(self, iteration: str) -> str:
        """Return the name of the export's file."""
        return f"{iteration}.{self.platform}.{self.flavor}.zip"


class Exports:
    """The exports of all iterations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, iteration: str, export: Export) -> None:
        """Add an export."""
        self._database.write("INSERT INTO exports VALUES (?, ?, ?)", iteration, export.platform, export.flavor)

    def of_iteration(self, iteration: str) -> list[Export]:
        """Return the iteration's exports."""
        rows = self._database.rows("SELECT * FROM exports WHERE iteration = ? ORDER BY platform, flavor", iteration)
        return [Export(row["platform"], row["flavor"]) for row in rows]
