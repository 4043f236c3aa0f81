"""The state of a stack while it changes: every step goes through here and is on disk before the next one begins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from emulator.pulumi.engine.state import ResourceState, Snapshot
from emulator.pulumi.wire import Properties


class Journal:
    """Keeps three kinds of resources: those of this run, those of the last one not seen yet, and condemned ones."""

    def __init__(self, snapshot: Snapshot, save: Callable[[Snapshot], None]) -> None:
        self._save = save
        self._lock = threading.RLock()
        self._current: dict[str, ResourceState] = {}
        self._remaining = {each.urn: each for each in snapshot.resources if not each.condemned}
        self._condemned = [each for each in snapshot.resources if each.condemned]
        self._creating = {each.urn: each for each in snapshot.creating}

    def remaining(self, urn: str) -> ResourceState | None:
        """Return the resource of the last run that this run has not dealt with yet."""
        with self._lock:
            return self._remaining.get(urn)

    def all_remaining(self) -> list[ResourceState]:
        """Return all resources of the last run that this run has not dealt with yet, dependencies first."""
        with self._lock:
            return list(self._remaining.values())

    def condemned(self) -> list[ResourceState]:
        """Return the resources whose replacements exist."""
        with self._lock:
            return list(self._condemned)

    def current(self, urn: str) -> ResourceState | None:
        """Return a resource that this run has dealt with."""
        with self._lock:
            return self._current.get(urn)

    def interrupted(self, urn: str) -> ResourceState | None:
        """Return what an earlier run was creating under this URN when it was stopped."""
        with self._lock:
            return self._creating.get(urn)

    def all_interrupted(self) -> list[ResourceState]:
        """Return everything that an earlier run was creating when it was stopped."""
        with self._lock:
            return list(self._creating.values())

    def creating(self, resource: ResourceState) -> None:
        """Note that the creation of a resource begins."""
        with self._lock:
            self._creating[resource.urn] = resource
            self._write()

    def not_created(self, urn: str) -> None:
        """Note that a creation ended without a resource."""
        with self._lock:
            if self._creating.pop(urn, None) is not None:
                self._write()

    def done(self, resource: ResourceState, previous: ResourceState | None, *, condemn: bool = False) -> None:
        """Note what a resource is now, in place of `previous`, whose deletion is still to come where `condemn`."""
        with self._lock:
            unchanged = previous == resource and resource.urn not in self._creating
            if previous is not None:
                self._remaining.pop(previous.urn, None)
                if condemn:
                    self._condemned.append(replace(previous, condemned=True))
            self._current[resource.urn] = resource
            self._creating.pop(resource.urn, None)
            if not unchanged:
                self._write()

    def changed(self, resource: ResourceState) -> None:
        """Note what a resource of the last run was found to be, without counting it as dealt with."""
        with self._lock:
            if self._remaining[resource.urn] != resource:
                self._remaining[resource.urn] = resource
                self._write()

    def exported(self, urn: str, outputs: Properties) -> None:
        """Note the outputs of a component."""
        with self._lock:
            resource = self._current[urn]
            if resource.outputs != outputs:
                self._current[urn] = replace(resource, outputs=outputs)
                self._write()

    def removed(self, resource: ResourceState) -> None:
        """Note that a resource is no more, or no more ours."""
        with self._lock:
            if resource.condemned:
                self._condemned = [each for each in self._condemned if each is not resource]
            elif self._remaining.get(resource.urn) is resource:
                del self._remaining[resource.urn]
            else:
                self._current.pop(resource.urn, None)
            self._write()

    def condemn_interrupted(self, resource: ResourceState) -> None:
        """Note what an interrupted creation made, only to be deleted."""
        with self._lock:
            self._creating.pop(resource.urn, None)
            self._condemned.append(replace(resource, condemned=True))
            self._write()

    def forget_interrupted(self) -> None:
        """Drop the notes of interrupted creations that nobody took up."""
        with self._lock:
            if self._creating:
                self._creating.clear()
                self._write()

    def snapshot(self) -> Snapshot:
        """Return everything there is now."""
        with self._lock:
            resources = [*self._current.values(), *self._remaining.values(), *self._condemned]
            return Snapshot(tuple(resources), tuple(self._creating.values()))

    def _write(self) -> None:
        self._save(self.snapshot())
