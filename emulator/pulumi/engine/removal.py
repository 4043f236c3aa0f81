"""Deletes many resources, dependents before what they depend on, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

from emulator.pulumi.engine.errors import DeploymentCancelledError, DeploymentError
from emulator.pulumi.engine.state import ResourceState
from emulator.pulumi.engine.steps import Steps

_WORKERS: Final = 8


def refuse_protected(resources: Sequence[ResourceState]) -> None:
    """Raise a DeploymentError that names every protected resource among those to be deleted."""
    protected = [each.urn for each in resources if each.protect and not each.condemned and not each.external]
    if protected:
        raise DeploymentError(
            "protected resources cannot be deleted; deploy them with protect=False first: " + ", ".join(protected),
            protected[0],
        )


def remove(steps: Steps, resources: Sequence[ResourceState]) -> None:
    """Delete the resources; after a failure no deletion is begun, those that run are waited for."""
    going = {each.urn for each in resources if not each.condemned}
    waiting = list(resources)
    running: dict[Future[None], ResourceState] = {}
    failure: DeploymentError | None = None
    with ThreadPoolExecutor(_WORKERS) as pool:
        while waiting or running:
            if failure is None and not steps.stopped:
                # No more than run at once: what waited in the pool would begin after a failure, too.
                for each in _ready(waiting, list(running.values()))[: _WORKERS - len(running)]:
                    waiting = [other for other in waiting if other is not each]
                    skip = each.deleted_with in going
                    running[pool.submit(_delete, steps.delete, each, skip)] = each
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                del running[future]
                error = future.exception()
                if isinstance(error, DeploymentError):
                    failure = failure or error
                elif error is not None:
                    raise error
    if failure is not None:
        raise failure
    if waiting:
        raise DeploymentCancelledError("the deployment was stopped; what is left is deleted by the next one")


def _delete(delete: Callable[..., None], resource: ResourceState, skip_provider: bool) -> None:
    delete(resource, replacing=resource.condemned, skip_provider=skip_provider)


def _ready(waiting: Sequence[ResourceState], running: Sequence[ResourceState]) -> list[ResourceState]:
    needed = {urn for each in (*waiting, *running) for urn in each.needs}
    ready = [each for each in waiting if each.urn not in needed]
    # A circle cannot come from a program, only from a state that was tampered with; it must not hang.
    return ready if ready or running else list(waiting)
