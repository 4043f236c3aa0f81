"""The Logic App definitions: plain JSON, one folder a workflow, one file a phase.

``definition.json`` of a folder is the table of contents; where it says ``{"$include": "file.json"}`` stands the content
of that file, whose path is relative to the folder: ``publication`` has the phases that two workflows share.

The names of actions are unique in a definition, so a file that stands in it twice has them changed the second time:
``"$suffix": "_in_the_repair"`` lengthens the name of each action of the file, and ``"$rename": {"Given": "Other"}``
lets it read another action than the one it is written for. Nothing else is done to the JSON: what is assembled can be
pasted into the designer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
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
        if "$include" in value:
            content = _assemble(root, value["$include"])
            suffix: str = value.get("$suffix", "")
            names = {name: name + suffix for name in _action_names(content)} if suffix else {}
            return _renamed(content, {**names, **value.get("$rename", {})})
        return {key: _resolve(root, member) for key, member in value.items()}
    if isinstance(value, list):
        return [_resolve(root, member) for member in value]
    return value


def _action_names(actions: Mapping[str, Any]) -> Iterator[str]:
    for name, action in actions.items():
        yield name
        branches = [action, action.get("else", {}), action.get("default", {}), *action.get("cases", {}).values()]
        for branch in branches:
            yield from _action_names(branch.get("actions", {}))


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Return `value` with actions named otherwise: as keys, and as quoted names in expressions."""
    if not names:
        return value
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [_renamed(member, names) for member in value]
    if isinstance(value, str):
        return re.sub(r"'(\w+)'", lambda quoted: f"'{names.get(quoted[1], quoted[1])}'", value)
    return value
