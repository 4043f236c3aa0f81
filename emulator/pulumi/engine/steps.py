"""The steps of a deployment: each is announced, carried out by a provider, saved, and counted."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

from emulator.pulumi.engine import urn as urns
from emulator.pulumi.engine.errors import DeploymentCancelledError, DeploymentError, OutcomeUnknownError
from emulator.pulumi.engine.events import (
    Diagnostic,
    Event,
    Operation,
    PropertyChange,
    StepFailed,
    StepFinished,
    StepStarted,
)
from emulator.pulumi.engine.journal import Journal
from emulator.pulumi.engine.plugins import PluginHost
from emulator.pulumi.engine.provider import InitFailedError, Provider
from emulator.pulumi.engine.state import ResourceState


class Steps:
    """What can be done to one resource. With `preview` nothing is done, only told."""

    def __init__(
        self,
        journal: Journal,
        plugins: PluginHost,
        listener: Callable[[Event], None],
        *,
        preview: bool,
    ) -> None:
        self.journal = journal
        self.plugins = plugins
        self.preview = preview
        self.counts: Counter[str] = Counter()
        self._listener = listener
        self._stop = threading.Event()
        self._lock = threading.Lock()

    @property
    def stopped(self) -> bool:
        """Whether no further step may begin."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Let no further step begin."""
        self._stop.set()

    def warn(self, message: str, urn: str = "") -> None:
        """Tell the user something that is no failure."""
        self._listener(Diagnostic("warning", message, urn))

    def provider_of(self, resource: ResourceState) -> Provider:
        """Return the provider that made a resource."""
        if not resource.provider:
            return self.plugins.default(urns.package_of(resource.type))
        return self.provider_by_reference(resource.provider)

    def provider_by_reference(self, reference: str) -> Provider:
        """Return the explicit provider that ``URN::ID`` names."""
        urn = reference.rsplit("::", 1)[0]
        made = self.journal.current(urn) or self.journal.remaining(urn)
        if made is None:
            raise DeploymentError(f"the provider {urn} is not in the stack", urn)
        return self.plugins.explicit(urn, urns.package_of(made.type), made.inputs)

    def record(
        self,
        operation: Literal["create", "update", "same", "read"],
        resource: ResourceState,
        previous: ResourceState | None,
        changes: Sequence[PropertyChange] = (),
    ) -> ResourceState:
        """Note a resource to which nothing has to be done outside: a component, a provider, one that was read."""
        with self._step(resource, operation, changes):
            self.journal.done(resource, previous)
        return resource

    def same(self, resource: ResourceState, previous: ResourceState) -> None:
        """Keep a resource as it is."""
        with self._step(resource, "same"):
            self.journal.done(resource, previous)

    def create(
        self,
        resource: ResourceState,
        previous: ResourceState | None,
        finish: Callable[[str, Mapping[str, Any]], ResourceState],
        *,
        replacing: bool,
        changes: Sequence[PropertyChange] = (),
    ) -> ResourceState:
        """Create; `previous` is then condemned. `finish` makes the final resource from id and outputs."""
        operation: Operation = "replace" if replacing else "create"
        with self._step(resource, operation, changes):
            adopt = self.journal.interrupted(resource.urn) is not None
            if adopt:
                self.warn("an earlier deployment was stopped while it created this; going on with it", resource.urn)
            self.journal.creating(resource)
            try:
                identity, outputs = self.provider_of(resource).create(
                    resource.urn, resource.inputs, preview=self.preview, adopt=adopt
                )
            except InitFailedError as error:
                half = replace(finish(error.id, error.outputs), init_errors=error.reasons)
                self.journal.done(half, previous, condemn=previous is not None)
                raise DeploymentError(str(error), resource.urn) from error
            except OutcomeUnknownError:
                raise  # it stays noted as being created, and the next deployment goes on with it
            except DeploymentError:
                if not adopt:  # else what the stopped deployment may have made is still there to be gone on with
                    self.journal.not_created(resource.urn)
                raise
            made = finish(identity, outputs)
            self.journal.done(made, previous, condemn=previous is not None)
        return made

    def condemn_interrupted(self) -> None:
        """End the creations in which an earlier deployment was stopped, so that what they made can be deleted.

        Only their end tells what there is. One that is refused is told and forgotten.
        """
        for begun in self.journal.all_interrupted():
            if self.preview or not begun.custom:
                continue
            try:
                with self._step(begun, "create") as outcome:
                    outcome["counted"] = "deleted"  # which is what becomes of it; the deletion itself is not counted
                    self.warn(
                        "an earlier deployment was stopped while it created this; going on, to delete it", begun.urn
                    )
                    identity, outputs = self.provider_of(begun).create(
                        begun.urn, begun.inputs, preview=False, adopt=True
                    )
                    self.journal.condemn_interrupted(replace(begun, id=identity, outputs=outputs))
            except (OutcomeUnknownError, DeploymentCancelledError):
                raise
            except InitFailedError as error:
                self.journal.condemn_interrupted(replace(begun, id=error.id, outputs=error.outputs))
            except DeploymentError as error:
                self.warn(f"it may exist, and is not deleted: {error.message}", begun.urn)

    def update(
        self,
        resource: ResourceState,
        previous: ResourceState,
        changes: Sequence[PropertyChange],
        finish: Callable[[str, Mapping[str, Any]], ResourceState],
    ) -> ResourceState:
        """Bring a resource to its new inputs."""
        with self._step(resource, "update", changes):
            try:
                outputs = self.provider_of(resource).update(
                    resource.urn,
                    previous.id,
                    previous.inputs,
                    previous.outputs,
                    resource.inputs,
                    preview=self.preview,
                )
            except InitFailedError as error:
                half = replace(finish(previous.id, error.outputs), init_errors=error.reasons)
                self.journal.done(half, previous)
                raise DeploymentError(str(error), resource.urn) from error
            made = finish(previous.id, outputs)
            self.journal.done(made, previous)
        return made

    def delete(self, resource: ResourceState, *, replacing: bool = False, skip_provider: bool = False) -> None:
        """Delete, or only forget what is not ours, is retained, or goes with something else."""
        managed = resource.custom and not resource.external and not resource.type.startswith(urns.PROVIDER_PREFIX)
        with self._step(resource, "delete", replacing=replacing):
            if managed and not resource.retain_on_delete and not skip_provider and not self.preview:
                self.provider_of(resource).delete(resource.urn, resource.id, resource.inputs, resource.outputs)
            self.journal.removed(resource)

    def refresh(self, resource: ResourceState) -> None:
        """Take over what a resource is by now."""
        with self._step(resource, "refresh") as outcome:
            found = self.provider_of(resource).read(resource.urn, resource.id, resource.inputs, resource.outputs)
            if found is None:
                self.warn("it does not exist any more; the next deployment creates it", resource.urn)
                self.journal.removed(resource)
                outcome["counted"] = "deleted"
                return
            identity, inputs, outputs = found
            now = replace(resource, id=identity, inputs=inputs, outputs=outputs)
            outcome["counted"] = "unchanged" if now == resource else "updated"
            self.journal.changed(now)

    @contextmanager
    def _step(
        self,
        resource: ResourceState,
        operation: Operation,
        changes: Sequence[PropertyChange] = (),
        *,
        replacing: bool = False,
    ) -> Generator[dict[str, str]]:
        if self.stopped:
            raise DeploymentCancelledError("the deployment was stopped before this step", resource.urn)
        started = time.monotonic()
        name = urns.name_of(resource.urn)
        self._listener(StepStarted(resource.urn, resource.type, name, operation, tuple(changes), replacing))
        outcome = {"counted": "" if replacing else _COUNTED[operation]}
        try:
            yield outcome
        except DeploymentError as error:
            self._listener(StepFailed(resource.urn, operation, error.message))
            raise
        with self._lock:
            self.counts[outcome["counted"]] += 1
        self._listener(StepFinished(resource.urn, operation, time.monotonic() - started))


_COUNTED = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "same": "unchanged",
    "read": "unchanged",
    "refresh": "unchanged",
}
