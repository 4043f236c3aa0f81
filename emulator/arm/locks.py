"""Which resources are being changed: a second change meanwhile is refused, as Azure Resource Manager does."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import NoReturn

from emulator.arm.errors import ArmError
from emulator.arm.resource_id import ResourceId


class Locks:
    """Held for as long as the context lasts; a conflict raises ArmError 409."""

    def __init__(self) -> None:
        self._writing: dict[str, ResourceId] = {}
        self._deleting: dict[str, ResourceId] = {}
        self._names: set[str] = set()

    @contextlib.contextmanager
    def writing(self, id: ResourceId) -> Generator[None]:
        """Change `id` alone; what is below it may be changed at the same time."""
        for deleting in self._deleting.values():
            if deleting.contains(id):
                _refuse(id, deleting)
        if id.key in self._writing:
            _refuse(id, id)
        self._writing[id.key] = id
        try:
            yield
        finally:
            del self._writing[id.key]

    @contextlib.contextmanager
    def deleting(self, id: ResourceId) -> Generator[None]:
        """Delete `id` with everything below it."""
        for writing in self._writing.values():
            if id.contains(writing):
                _refuse(id, writing)
        for deleting in self._deleting.values():
            if deleting.contains(id) or id.contains(deleting):
                _refuse(id, deleting)
        self._deleting[id.key] = id
        try:
            yield
        finally:
            del self._deleting[id.key]

    @contextlib.contextmanager
    def naming(self, id: ResourceId) -> Generator[None]:
        """Take a name that is unique in the whole cloud."""
        name = f"{id.type}/{id.name}".lower()
        if name in self._names:
            _refuse(id, id)
        self._names.add(name)
        try:
            yield
        finally:
            self._names.discard(name)


def _refuse(id: ResourceId, busy: ResourceId) -> NoReturn:
    raise ArmError(
        409,
        "AnotherOperationInProgress",
        f"'{id}' cannot be changed while another operation on '{busy}' is in progress; try again later.",
    )
