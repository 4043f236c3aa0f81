"""The Logic App definitions: plain JSON, one folder a workflow, one file a phase.

``definition.json`` of a folder is the table of contents; where it says ``{"$include": "file.json"}`` stands the content
of that file of the same folder. Nothing else is done to the JSON: what is assembled can be pasted into the designer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


class WorkflowError(Exception):
    """A definition cannot be assembled; the message names the file and the fault."""


def names() -> list[str]:
    """Return the names of the workflows, sorted."""
    return sorted(path.parent.name for path in _FOLDER.glob("*/definition.json"))


def load(name: str, folder: Path = _FOLDER) -> dict[str, Any]:
    """Return the definition of the workflow `name`, every phase in its place.

    Raises:
        WorkflowError: there is no such workflow, a file is missing or is not JSON.
    """
    root = folder / name
    if not (root / "definition.json").is_file():
        raise WorkflowError(f"{root}: no workflow of this name; there are: {', '.join(names())}")
    return _assemble(root, "definition.json")


def _assemble(root: Path, file: str) -> Any:
    path = root / file
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WorkflowError(f"{path}: no such file, but a definition includes it") from error
    except ValueError as error:
        raise WorkflowError(f"{path}: not valid JSON: {error}") from error
    return _resolve(root, content)


def _resolve(root: Path, value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$include"}:
            return _assemble(root, value["$include"])
        return {key: _resolve(root, member) for key, member in value.items()}
    if isinstance(value, list):
        return [_resolve(root, member) for member in value]
    return value
