"""The monitor: counts what the services report, keeps logs, evaluates alert rules, tells action groups."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from emulator.arm.errors import ArmError
from emulator.arm.provider import Authorizer, ResourceProvider
from emulator.arm.resource_id import ResourceId
from emulator.clock import Clock
from emulator.durations import duration
from emulator.identity import TokenIssuer
from emulator.monitor.alerts import Alert, AlertStore, judge, log_policy, metric_policy
from emulator.monitor.conditions import breaches
from emulator.monitor.log_conditions import LogConditions
from emulator.monitor.logs.ingestion import Ingestion
from emulator.monitor.logs.query_api import QueryApi
from emulator.monitor.logs.resource_provider import LogsProvider
from emulator.monitor.logs.store import LogStore
from emulator.monitor.metrics import MetricStore
from emulator.monitor.notifications import Notifier
from emulator.monitor.resource_provider import MonitorProvider
from emulator.monitor.resource_types import METRIC_ALERTS, SCHEDULED_QUERY_RULES
from emulator.monitor.rules import Rules
from emulator.monitor.workspaces import Workspaces
from emulator.routing import ANY_PATH
from emulator.telemetry import MetricSink

_LOG = logging.getLogger(__name__)


class Monitor:
    """Azure Monitor."""

    def __init__(
        self,
        folder: Path,
        base_url: str,
        clock: Clock,
        issuer: TokenIssuer,
        authorizer: Authorizer,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clock = clock
        self._metrics = MetricStore(folder / "metrics.db", clock)
        self._alerts = AlertStore(folder / "alerts.db")
        self._rules = Rules(folder / "rules.db")
        self._client = httpx.AsyncClient(transport=transport, trust_env=False, timeout=30)
        self._notifier = Notifier(folder / "outbox", self._client)
        workspaces = Workspaces(folder / "workspaces.json")
        self._logs = LogStore(folder / "logs.duckdb", clock)
        self._log_conditions = LogConditions(self._logs, workspaces)
        self._logs_provider = LogsProvider(self._rules, workspaces, self._logs, base_url, clock)
        self._provider = MonitorProvider(
            self._rules,
            self._log_conditions,
            self._metrics,
            self._alerts,
            clock,
            self._reschedule,
        )
        self._evaluations: dict[str, asyncio.Task[None]] = {}
        ingestion = Ingestion(self._rules, self._logs, issuer, authorizer, clock)
        queries = QueryApi(workspaces, self._logs, issuer, authorizer, clock)
        self._app = Starlette(
            routes=[
                Route("/{endpoint}/dataCollectionRules/{rule}/streams/{stream}", ingestion.upload, methods=["POST"]),
                Route("/v1/workspaces/{customer}/query", queries.by_customer_id, methods=["GET", "POST"]),
                Route("/v1/{resource:path}/query", queries.by_resource_id, methods=["GET", "POST"]),
                Route(ANY_PATH, _unknown, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
            ]
        )

    @property
    def providers(self) -> Sequence[ResourceProvider]:
        """Microsoft.Insights, Microsoft.AlertsManagement, Microsoft.OperationalInsights."""
        return [self._provider, self._logs_provider]

    @property
    def app(self) -> ASGIApp:
        """The data plane: the Logs Ingestion API and the query API of Log Analytics."""
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
        for type in (METRIC_ALERTS, SCHEDULED_QUERY_RULES):
            for id in self._rules.ids(type):
                await self._reschedule(id)

    async def stop(self) -> None:
        """End the evaluations and write what is counted."""
        for id in list(self._evaluations):
            await self._end(id)
        await self._client.aclose()
        self._metrics.close()
        self._logs.close()
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
        due = self._clock.now()
        while (rule := self._rules.get(id)) is not None:
            frequency = duration(rule["properties"]["evaluationFrequency"])
            # What one evaluation reads ends where the next one's begins. After a sleep of the machine it begins anew.
            due = max(due + frequency, self._clock.now() - frequency)
            await self._clock.sleep(max(0.0, (due - self._clock.now()).total_seconds()))
            try:
                await self._evaluate(id, due)
            except Exception:
                # One evaluation that fails must not end those to come.
                _LOG.exception("alert rule %s was not evaluated", id)

    async def _evaluate(self, id: str, now: datetime) -> None:
        rule = self._rules.get(id)
        if rule is None or not rule["properties"]["enabled"]:
            return
        if ResourceId.parse(id).type.lower() == METRIC_ALERTS.lower():
            groups = [action["actionGroupId"] for action in rule["properties"].get("actions") or []]
            policy, found = metric_policy(rule), breaches(rule, self._metrics, now)
        else:
            groups = (rule["properties"].get("actions") or {}).get("actionGroups") or []
            policy, found = log_policy(rule), self._log_conditions.breaches(rule, now)
        for alert in judge(self._alerts, id, rule, policy, found, now):
            for name in groups:
                group = self._rules.get(name)
                if group is None:
                    _LOG.warning("alert rule %s names an action group that is not there", id)
                else:
                    await self._notifier.tell(group, alert)


async def _unknown(request: Request) -> Response:
    error = ArmError(404, "NotFound", f"The monitor's data plane answers no {request.method} at {request.url.path}.")
    return JSONResponse(error.body(), error.status)
