"""A project before a run that meets a fault, and what is watched while it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobLeaseClient

from emulator.faults.rule import parse
from tests.workflows.world import Retraining, World, picture


@dataclass
class Situation:
    """A project before the fault.

    Attributes:
        retraining: the project.
        uploaded: every image that was ever uploaded.
        trainings: how many trainings there may be in the end.
        act: makes the run that meets the fault; returns its id.
        workflow: the one that runs, where it is not the retraining.
        faults: what goes wrong in that run anyway, as the switch reads it.
        may_be_unanswered: the service does not let a name be moved, so that nothing answers for a moment.
        unanswered: what went wrong when production was asked.
        cancelled: runs that were ended from outside, or by the lock: they explain themselves by that.
        by_hand: images of the project that were never uploaded, by tag.
        replaced: uploaded anew while a run had it in hand: what it was before may be trained, or lie in its place, too.
        deleted: deleted while a run had it in hand: it may be trained already.
        at_once: runs that began while another one went.
    """

    retraining: Retraining
    uploaded: dict[str, bytes]
    trainings: int
    act: Callable[[], str]
    workflow: str = ""
    faults: Sequence[Mapping[str, Any]] = ()
    may_be_unanswered: bool = False
    unanswered: list[str] = field(default_factory=list[str])
    cancelled: set[str] = field(default_factory=set[str])
    by_hand: dict[str, int] = field(default_factory=dict[str, int])
    replaced: set[str] = field(default_factory=set[str])
    deleted: set[str] = field(default_factory=set[str])
    at_once: list[str] = field(default_factory=list[str])

    @property
    def acting(self) -> str:
        """The id of the workflow that runs."""
        return self.workflow or self.retraining.workflow

    @contextlib.contextmanager
    def asked_after_every_change(self) -> Generator[None]:
        """Ask for a prediction after every call that may change what is published, if something is.

        `unanswered` has what went wrong.
        """
        world = self.retraining.world
        training = httpx.URL(world.training_endpoint).host, httpx.URL(world.training_endpoint).port

        def ask(request: httpx.Request) -> None:
            if request.method == "GET" or (request.url.host, request.url.port) != training:
                return
            try:
                self.retraining.predict(picture(True, "asked"))
            except httpx.HTTPError as error:
                self.unanswered.append(str(error))

        asks = "production" in self.retraining.published() and not self.may_be_unanswered
        workflows = {Path(self.acting).name, Path(self.retraining.workflow).name} if asks else set[str]()
        for workflow in workflows:
            world.transport.observe(workflow, ask)
        yield
        for workflow in workflows:
            world.transport.observe(workflow, lambda request: None)

    def later(self) -> None:
        """Let the minute of the lease of a publication pass, which goes by the blob service's own clock."""
        lock = self.retraining.container("artifacts").get_blob_client("locks/publication.json")
        with contextlib.suppress(HttpResponseError):
            BlobLeaseClient(lock).break_lease(0)


@contextlib.contextmanager
def fault(
    world: World, workflow: str, action: str, members: Mapping[str, Any], count: int | None
) -> Generator[Callable[[], int]]:
    """Let an action of a workflow meet a fault meanwhile; yields what tells how many calls met it."""
    rule = parse({"service": "*", "workflow": Path(workflow).name, "action": action, "count": count, **members})
    id = world.faults.add(rule)
    try:
        yield lambda: world.faults.met(id)
    finally:
        world.faults.remove(id)
