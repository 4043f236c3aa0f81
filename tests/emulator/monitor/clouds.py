"""A monitor behind a control plane, on a clock that tests move, and resources for it to watch."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from emulator.arm.authorization import Authorization
from emulator.arm.provider import Answer, NameRule, Operation, Resource, ResourceType, not_operable
from emulator.arm.service import ControlPlane
from emulator.clock import ManualClock
from emulator.home import SERVICES, Configuration
from emulator.identity import ARM_AUDIENCES, Principal, TokenIssuer
from emulator.monitor.service import Monitor

CONFIGURATION = Configuration(
    tenant_id="11111111-1111-4111-8111-111111111111",
    subscription_id="22222222-2222-4222-8222-222222222222",
    person_id="33333333-3333-4333-8333-333333333333",
    ports={name: 20000 + index for index, name in enumerate(SERVICES)},
)
SUBSCRIPTION = f"/subscriptions/{CONFIGURATION.subscription_id}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
WORKFLOW = f"{GROUP}/providers/Microsoft.Logic/workflows/retrain"
VISION = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/vision"
BLOBS = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/images/blobServices/default"
WORKSPACE = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/logs"
ACTION_GROUP = f"{GROUP}/providers/Microsoft.Insights/actionGroups/team"
VERSIONS = {
    "metricalerts": "2018-03-01",
    "actiongroups": "2024-10-01-preview",
    "diagnosticsettings": "2021-05-01-preview",
    "operationalinsights": "2023-09-01",
    "insights/metrics": "2024-02-01",
    "scheduledqueryrules": "2025-01-01-preview",
    "datacollection": "2022-06-01",
    "workbooks": "2023-06-01",
    "roleassignments": "2022-04-01",
    "alertsmanagement": "2019-03-01",
    "workflows": "2019-05-01",
}


class Watched:
    """Resources that have metrics, for their ids; nothing happens to them."""

    resource_types: Sequence[ResourceType] = (
        ResourceType(
            "Microsoft.Logic/workflows",
            ("2019-05-01",),
            NameRule(re.compile(r"[\w-]+"), "letters"),
            {"type": "object"},
            "required",
        ),
    )

    async def put(self, resource: Resource, previous: Resource | None) -> dict[str, Any]:
        return resource.body

    async def read(self, resource: Resource) -> dict[str, Any]:
        return resource.body

    async def delete(self, resource: Resource) -> None:
        pass

    async def operate(self, operation: Operation) -> Answer:
        raise not_operable(operation)


@dataclass
class Webhooks:
    """The other end of every webhook: keeps what it is told, answers with `status`."""

    status: int = 200
    told: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.told.append((str(request.url), json.loads(request.content)))
        return httpx.Response(self.status)


class Cloud:
    """A monitor and a control plane over one folder."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.folder = folder
        self.clock = clock
        self.webhooks = Webhooks()
        issuer = TokenIssuer("a signing key for tests only, of enough length", CONFIGURATION.tenant_id, clock)
        authorization = Authorization(folder / "arm", CONFIGURATION, clock)
        self.monitor = Monitor(
            folder / "monitor",
            CONFIGURATION.url("monitor"),
            clock,
            issuer,
            authorization,
            httpx.MockTransport(self.webhooks),
        )
        self._plane = ControlPlane(
            folder / "arm",
            CONFIGURATION,
            clock,
            issuer,
            authorization,
            [authorization, Watched(), *self.monitor.providers],
        )
        self.issuer = issuer
        self.authorization = authorization
        person = Principal(CONFIGURATION.person_id, "User", "me")
        token = issuer.issue(person, ARM_AUDIENCES[0], timedelta(days=400))
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._plane.app),
            base_url=CONFIGURATION.url("arm"),
            headers={"Authorization": f"Bearer {token}"},
        )

    async def start(self) -> None:
        await self._plane.start()
        await self.monitor.start()

    async def stop(self) -> None:
        if self._http.is_closed:
            return
        await self._http.aclose()
        await self.monitor.stop()
        await self._plane.stop()

    async def ask(self, method: str, path: str, body: Any = None, **query: str) -> httpx.Response:
        """Ask the control plane with the API version of the resource's type."""
        last = max(VERSIONS, key=lambda part: path.lower().rfind(part))
        version = VERSIONS[last] if last in path.lower() else "2024-03-01"
        parameters = {"api-version": version, **{name.replace("dollar_", "$"): value for name, value in query.items()}}
        return await self._http.request(method, path, json=body, params=parameters)

    async def put(self, id: str, body: Any) -> dict[str, Any]:
        answer = await self.ask("PUT", id, body)
        assert answer.is_success, answer.text
        return answer.json()

    async def minutes(self, number: float) -> None:
        await self.clock.advance(number * 60)

    @property
    def mails(self) -> list[dict[str, Any]]:
        """The mails that were written, in no order."""
        return [json.loads(path.read_text()) for path in (self.folder / "monitor/outbox").glob("*.json")]


def rule(scope: str = WORKFLOW, **properties: Any) -> dict[str, Any]:
    """A rule that fires when a run failed in the last five minutes, evaluated each minute."""
    return {
        "location": "global",
        "properties": {
            "severity": 1,
            "enabled": True,
            "scopes": [scope],
            "evaluationFrequency": "PT1M",
            "windowSize": "PT5M",
            "criteria": criteria(criterion()),
            "actions": [{"actionGroupId": ACTION_GROUP}],
            **properties,
        },
    }


def criteria(*members: dict[str, Any]) -> dict[str, Any]:
    return {"odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", "allOf": list(members)}


def criterion(metric: str = "RunsFailed", **change: Any) -> dict[str, Any]:
    return {
        "name": metric,
        "metricName": metric,
        "operator": "GreaterThan",
        "threshold": 0,
        "timeAggregation": "Total",
        "criterionType": "StaticThresholdCriterion",
        **change,
    }


def action_group(**properties: Any) -> dict[str, Any]:
    return {
        "location": "Global",
        "properties": {
            "groupShortName": "cv-team",
            "enabled": True,
            "emailReceivers": [{"name": "../me", "emailAddress": "me@contoso.example", "useCommonAlertSchema": True}],
            "webhookReceivers": [{"name": "hook", "serviceUri": "https://contoso.example/hook"}],
            **properties,
        },
    }
