"""What a workflow on its own has in place of other workflows, and of addresses that others could call."""

from __future__ import annotations

import random
import secrets
from typing import Any

from emulator.arm.errors import ArmError
from emulator.clock import Clock
from emulator.logic_apps.data_plane.responses import Answer, Responses
from emulator.logic_apps.data_plane.signatures import Signatures
from emulator.logic_apps.history.run_store import RunStore
from emulator.logic_apps.history.trigger_histories import TriggerHistories
from emulator.logic_apps.history.workflow_store import KeyKind
from emulator.logic_apps.http.http_calls import HttpCalls
from emulator.logic_apps.runs.runtime import Runtime
from emulator.logic_apps.throttle import Throttle
from emulator.logic_apps.triggers.subscriptions import Subscriptions
from emulator.telemetry import NoMetrics

_ADDRESS = "https://localhost"
"""What signed addresses begin with; nothing listens there."""


class _AnyKeys:
    """Signs addresses that nobody checks."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes()

    def access_key(self, id: str, kind: KeyKind) -> bytes:
        """Return a key."""
        return self._key


class _NoChildren:
    """There is no other workflow."""

    def begin(self, id: str, trigger: str | None, outputs: dict[str, Any], client_tracking_id: str) -> str | None:
        """Refuse."""
        raise ArmError(404, "WorkflowNotFound", f"The workflow '{id}' could not be found: a workflow runs on its own.")

    def responds(self, id: str) -> bool:
        """Tell that it does not."""
        return False

    async def answer(self, run: str) -> Answer | None:
        """Return none."""
        return None


def runtime_of(
    store: RunStore, histories: TriggerHistories, clock: Clock, calls: HttpCalls, source: random.Random
) -> Runtime:
    """Return what the runs of a workflow on its own share."""
    return Runtime(
        store,
        clock,
        calls,
        NoMetrics(),
        source,
        histories,
        Signatures(_ADDRESS, secrets.token_hex(), _AnyKeys(), clock),
        Responses(store),
        Subscriptions(store),
        _NoChildren(),
        Throttle(clock),
    )
