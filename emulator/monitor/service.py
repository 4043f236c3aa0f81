"""The monitor: counts what the services report, evaluates alert rules, tells action groups."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from emulator.arm.errors import ArmError
from emulator.arm.provider import ResourceProvider
from emulator.clock import Clock
from emulator.durations import duration
from emulator.monitor.alerts import Alert, AlertStore, judge
from emulator.monitor.conditions import breaches
from emulator.monitor.metrics import MetricStore
from emulator.monitor.notifications import Notifier
from emulator.monitor.resource_provider import MonitorProvider
from emulator.monitor.resource_types import METRIC_ALERTS
from emulator.monitor.rules import Rules
from emulator.monitor.workspaces import Workspaces
from emulator.telemetry import MetricSink

_LOG = logging.getLogger(__name__)


class Monitor:
    """Azure Monitor."""

    def __init__(
        self, folder: Path, base_url: str, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clock = clock
        self._metrics = MetricStore(folder / "metrics.db", clock)
        self._alerts = AlertStore(folder / "alerts.db")
        self._rules = Rules(folder / "rules.db")
        self._client = httpx.AsyncClient(transport=transport, trust_env=False, timeout=30)
        self._notifier = Notifier(folder / "outbox", self._client)
        self._provider = MonitorProvider(
            self._rules,
            Workspaces(folder / "workspaces.json"),
            self._metrics,
            self._alerts,
            clock,
            self._reschedule,
        )
        self._evaluations: dict[str, asyncio.Task[None]] = {}
        self._app = Starlette(
            routes=[Route("/{path:path}", _unknown, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])]
        )

    @property
    def providers(self) -> Sequence[ResourceProvider]:
        """Microsoft.Insights, Microsoft.AlertsManagement, Microsoft.OperationalInsights."""
        return [self._provider]

    @property
    def app(self) -> ASGIApp:
        """The data plane (ingestion and queries of logs): nothing of it is emulated yet, each request is refused."""
        return self._app

    @property
    def metrics(self) -> MetricSink:
        """Where the services report."""
        return self._metrics

    def alerts(self) -> list[Alert]:
        """Return every alert that fired, newest first."""
        return self._alerts.all()

    async def start(self) -> None:
        """Begin to evaluate the rules."""
        for id in self._rules.ids(METRIC_ALERTS):
            await self._reschedule(id)

    async def stop(self) -> None:
        """End the evaluations and write what is counted."""
        for id in list(self._evaluations):
            await self._end(id)
        await self._client.aclose()
        self._metrics.close()
        self._alerts.close()
        self._rules.close()

    async def _reschedule(self, id: str) -> None:
        await self._end(id)
        if self._rules.get(id) is not None:
            self._evaluations[id.lower()] = asyncio.create_task(self._evaluate_for_ever(id))

    async def _end(self, id: str) -> None:
        task = self._evaluations.pop(id.lower(), None)
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _evaluate_for_ever(self, id: str) -> None:
        while (rule := self._rules.get(id)) is not None:
            await self._clock.sleep(duration(rule["properties"]["evaluationFrequency"]).total_seconds())
            try:
                await self._evaluate(id)
            except Exception:
                # One evaluation that fails must not end those to come.
                _LOG.exception("alert rule %s was not evaluated", id)

    async def _evaluate(self, id: str) -> None:
        rule = self._rules.get(id)
        if rule is None or not rule["properties"]["enabled"]:
            return
        now = self._clock.now()
        for alert in judge(self._alerts, id, rule, breaches(rule, self._metrics, now), now):
            for action in rule["properties"].get("actions") or []:
                group = self._rules.get(action["actionGroupId"])
                if group is None:
                    _LOG.warning("alert rule %s names an action group that is not there", id)
                else:
                    await self._notifier.tell(group, alert)


async def _unknown(request: Request) -> Response:
    error = ArmError(404, "NotFound", f"The monitor's data plane answers no {request.method} at {request.url.path}.")
    return JSONResponse(error.body(), error.status)
