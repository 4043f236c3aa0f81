"""What all runs of one emulator share."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Protocol

from emulator.clock import Clock
from emulator.logic_apps.data_plane.responses import Answer, Responses
from emulator.logic_apps.data_plane.signatures import Signatures
from emulator.logic_apps.history.run_store import RunStore
from emulator.logic_apps.history.trigger_histories import TriggerHistories
from emulator.logic_apps.http.http_calls import HttpCalls
from emulator.logic_apps.throttle import Throttle
from emulator.logic_apps.triggers.subscriptions import Subscriptions
from emulator.telemetry import MetricSink


class ChildWorkflows(Protocol):
    """The other workflows that a Workflow action can run."""

    def begin(self, id: str, trigger: str | None, outputs: dict[str, Any], client_tracking_id: str) -> str | None:
        """Start a workflow by its Request trigger; return its run, None where the trigger's conditions skip it.

        Raises:
            ArmError: there is no such workflow or trigger, it is disabled, or it takes no more runs.
        """
        ...

    def responds(self, id: str) -> bool:
        """Tell whether a workflow has a Response action that answers while its caller waits."""
        ...

    async def answer(self, run: str) -> Answer | None:
        """Return what the Response action of a run says, None where the run ends without one."""
        ...


@dataclass(frozen=True)
class Runtime:
    """Clock, network, storage and the other parts that executions work with."""

    store: RunStore
    clock: Clock
    calls: HttpCalls
    metrics: MetricSink
    random: random.Random
    histories: TriggerHistories
    signatures: Signatures
    responses: Responses
    subscriptions: Subscriptions
    children: ChildWorkflows
    throttle: Throttle
