"""Puts the content of other files where a definition says ``{"$include": "file.json"}``.

A file is of the definition's folder, or of one beside it (``../shared/file.json``). ``$suffix`` and ``$rename`` beside
``$include`` give its actions other names.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from emulator.logic_apps.checker.documents.files import read_source
from emulator.logic_apps.checker.documents.json_reader import JsonReader, Member, Node
from emulator.logic_apps.checker.documents.renaming import rename, renaming
from emulator.logic_apps.checker.documents.source import DocumentError, Source

_INCLUDE: Final = "$include"


@dataclass
class Assembly:
    """Reads a file with all that it includes; `faults` are those behind which it could go on."""

    faults: list[DocumentError] = field(default_factory=list[DocumentError])

    def read(self, path: Path) -> Node:
        """Return the root of the file at `path`.

        Raises:
            DocumentError: a file is no JSON, or includes itself.
            OSError: the file cannot be read.
        """
        return self._read(path, ())

    def _read(self, path: Path, around: tuple[Path, ...]) -> Node:
        source, faults = read_source(path)
        self.faults.extend(faults)
        reader = JsonReader(source)
        try:
            root = reader.read()
        finally:
            self.faults.extend(reader.faults)
        return self._resolved(root, (*around, path))

    def _resolved(self, node: Node, around: tuple[Path, ...]) -> Node:
        if node.items is not None:
            node.items = [self._resolved(item, around) for item in node.items]
        elif node.members is not None:
            file = _included(node)
            if file is not None:
                content = self._include(file, around)
                names = renaming(node.members, content)
                if names:
                    rename(content, names)
                return content
            for name, member in node.members.items():
                node.members[name] = Member(member.source, member.begin, self._resolved(member.node, around))
        return node

    def _include(self, file: Node, around: tuple[Path, ...]) -> Node:
        name, folder = str(file.value), around[0].parent
        path = Path(os.path.normpath(folder / name))
        if not path.resolve().is_relative_to(folder.resolve()) and not _is_beside(path.resolve(), folder.resolve()):
            raise DocumentError("include", f"'{name}' is outside of the folder of the definition.", *_place(file))
        if path.resolve() in {each.resolve() for each in around}:
            raise DocumentError("include", f"'{name}' includes itself, by way of others.", *_place(file))
        try:
            return self._read(path, around)
        except OSError as error:
            reason = f"'{name}' cannot be read: {error.strerror or error}."
            raise DocumentError("include", reason, *_place(file)) from error


def _included(node: Node) -> Node | None:
    """Return the name of the file that an object includes, None where it includes none."""
    members = node.members or {}
    if _INCLUDE not in members or not set(members) <= {_INCLUDE, "$suffix", "$rename"}:
        return None
    file = members[_INCLUDE].node
    return file if isinstance(file.value, str) and file.value.endswith(".json") else None


def _is_beside(path: Path, folder: Path) -> bool:
    return path.parent.parent == folder.parent and path.parent != folder.parent


def _place(node: Node) -> tuple[Source, int]:
    return node.source, node.begin
