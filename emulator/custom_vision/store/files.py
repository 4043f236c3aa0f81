"""Images, models and exports as files: ``projects/<project>/{images,predictions,models,exports}/<name>``."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

_DRAFT: Final = ".part"
Shelf = Literal["images", "predictions", "models", "exports"]


class Files:
    """The files below one folder; names are GUIDs, with a suffix for models and exports."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, project: str, shelf: Shelf, name: str) -> Path:
        """Return where a file is or will be; its folder exists."""
        folder = self._folder / project / shelf
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / name

    def write(self, project: str, shelf: Shelf, name: str, data: bytes) -> None:
        """Write a file, at once or not at all."""
        path = self.path(project, shelf, name)
        draft = path.with_name(f"{path.name}{_DRAFT}")
        draft.write_bytes(data)
        os.replace(draft, path)

    def stage(self, project: str, shelf: Shelf, data: bytes) -> Path:
        """Write a file that has no name yet, and return where; `name` or `discard` it."""
        path = self.path(project, shelf, f"{uuid.uuid4()}{_DRAFT}")
        path.write_bytes(data)
        return path

    def name(self, staged: Path, name: str) -> None:
        """Give a staged file its name."""
        os.replace(staged, staged.with_name(name))

    def discard(self, staged: Path) -> None:
        """Delete a staged file; one that has its name, or is gone, is passed over."""
        staged.unlink(missing_ok=True)

    def discard_drafts(self) -> None:
        """Delete what was not whole, or had no name yet, when the service was killed."""
        for path in self._folder.glob(f"*/*/*{_DRAFT}"):
            path.unlink(missing_ok=True)

    def read(self, project: str, shelf: Shelf, name: str) -> bytes:
        """Return a file's content."""
        return (self._folder / project / shelf / name).read_bytes()

    def copy(self, shelf: Shelf, source: tuple[str, str], target: tuple[str, str]) -> None:
        """Give a file (project, name) to another project, if there is one. As files never change, they share it."""
        path = self._folder / source[0] / shelf / source[1]
        if path.exists():
            os.link(path, self.path(target[0], shelf, target[1]))

    def delete(self, project: str, shelf: Shelf, names: Iterable[str]) -> None:
        """Delete files; one that is gone already is no error."""
        for name in names:
            (self._folder / project / shelf / name).unlink(missing_ok=True)

    def delete_project(self, project: str) -> None:
        """Delete all files of a project."""
        shutil.rmtree(self._folder / project, ignore_errors=True)

    def projects(self) -> list[str]:
        """Return the projects that have files."""
        return [entry.name for entry in self._folder.iterdir()] if self._folder.exists() else []
