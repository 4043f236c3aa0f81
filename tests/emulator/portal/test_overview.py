from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.emulator.portal.running import CONFIGURATION, GROUP, WORKFLOW, Emulation
from tests.emulator.portal.scripted import ScriptedPortal

COMPOSE = {"Say": {"type": "Compose", "inputs": "hello"}}
SUBSCRIPTION = f"/subscriptions/{CONFIGURATION.subscription_id}"
ALERT = f"{GROUP}/providers/Microsoft.Insights/metricAlerts/any-run"
WORKSPACE = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/logs"


def alert_on(metric: str) -> dict[str, Any]:
    return {
        "location": "global",
        "properties": {
            "severity": 1,
            "enabled": True,
            "scopes": [WORKFLOW],
            "evaluationFrequency": "PT1M",
            "windowSize": "PT5M",
            "criteria": {
                "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                "allOf": [
                    {
                        "criterionType": "StaticThresholdCriterion",
                        "name": "count",
                        "metricName": metric,
                        "operator": "GreaterThan",
                        "threshold": 0,
                        "timeAggregation": "Total",
                    }
                ],
            },
            "actions": [],
        },
    }


async def test_every_service_is_listed_with_its_address(emulation: Emulation) -> None:
    page = await emulation.open("/")
    addresses = [row["Address"] for row in page.rows("Addresses")]
    assert addresses == [CONFIGURATION.url(name) for name in CONFIGURATION.ports]


async def test_resources_are_listed_by_group_with_type_location_and_endpoint(emulation: Emulation) -> None:
    await emulation.deploy(COMPOSE)
    await emulation.arm("PUT", WORKSPACE, "2023-09-01", {"location": "northeurope"})
    endpoint = (await emulation.arm("GET", WORKFLOW, "2019-05-01"))["properties"]["accessEndpoint"]
    page = await emulation.open("/")
    assert page.rows("Resources of the group vision") == [
        {"Name": "retrain", "Type": "Microsoft.Logic/workflows", "Location": "westeurope", "Endpoint": endpoint},
        {
            "Name": "logs",
            "Type": "Microsoft.OperationalInsights/workspaces",
            "Location": "northeurope",
            "Endpoint": "",
        },
    ]


async def test_an_emulator_without_resources_says_how_to_deploy(emulation: Emulation) -> None:
    page = await emulation.open("/")
    assert "Nothing is deployed. Deploy the program with: python -m emulator deploy" in page.text


async def test_an_empty_group_is_shown_as_empty(emulation: Emulation) -> None:
    await emulation.deploy_group()
    page = await emulation.open("/")
    assert page.links["vision"]
    assert "The group is empty." in page.text


async def test_alerts_that_fired_are_counted_and_listed_until_resolved(emulation: Emulation) -> None:
    await emulation.deploy(COMPOSE)
    await emulation.arm("PUT", ALERT, "2018-03-01", alert_on("RunsStarted"))
    assert "No alert is firing." in (await emulation.open("/")).text
    await emulation.finish(await emulation.begin())
    await emulation.clock.advance(120)
    page = await emulation.open("/")
    assert "1 alert fired" in page.text
    [row] = page.rows("Alerts that fired")
    assert (row["Rule"], row["Severity"], row["Condition"], row["Resource"]) == ("any-run", "Sev1", "Fired", "retrain")
    assert row["Fired"].startswith("2026-01-01 00:0")
    assert row["Resolved"] == ""
    await emulation.clock.advance(3600)
    page = await emulation.open("/")
    assert "No alert is firing. 1 resolved." in page.text
    [row] = page.rows("Alerts that fired")
    assert row["Condition"] == "Resolved"
    assert row["Resolved"] != ""


async def test_the_addresses_are_shown_when_resource_manager_does_not_answer(emulation: Emulation) -> None:
    emulation.network.end("arm")
    page = await emulation.open("/")
    assert page.status == 503
    assert f"Azure Resource Manager does not answer at {CONFIGURATION.url('arm')}" in page.text
    assert len(page.rows("Addresses")) == len(CONFIGURATION.ports)


async def test_a_resource_deleted_while_the_page_is_made_is_left_out(scripted: ScriptedPortal) -> None:
    scripted.provide("Contoso.Test/widgets")
    entry = {"name": "gone", "type": "Contoso.Test/widgets", "location": "westeurope"}
    scripted.answers["arm", f"{SUBSCRIPTION}/resourcegroups"] = {
        "value": [{"id": GROUP, "name": "vision", "location": "westeurope"}]
    }
    scripted.answers["arm", f"{GROUP}/resources"] = {
        "value": [
            {"id": f"{GROUP}/providers/Contoso.Test/widgets/{name}", **entry, "name": name} for name in ("gone", "here")
        ]
    }
    scripted.answers["arm", f"{GROUP}/providers/Contoso.Test/widgets/here"] = {**entry, "name": "here"}
    scripted.answers["arm", f"{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts"] = {"value": []}
    page = await scripted.open("/")
    assert page.status == 200
    assert [row["Name"] for row in page.rows("Resources of the group vision")] == ["here"]


async def test_all_pages_of_a_long_list_are_shown(scripted: ScriptedPortal) -> None:
    scripted.provide("Contoso.Test/widgets")
    groups = f"{SUBSCRIPTION}/resourcegroups"
    scripted.answers["arm", f"{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts"] = {"value": []}

    def listed(request: httpx.Request) -> httpx.Response:
        if request.url.path != groups:
            return httpx.Response(200, json=scripted.answers.get(("arm", request.url.path), {"value": []}))
        number = int(request.url.params.get("$skiptoken", "0"))
        body: dict[str, Any] = {
            "value": [{"id": f"{SUBSCRIPTION}/resourceGroups/g{number}", "name": f"g{number}", "location": "westus"}]
        }
        if number < 2:
            body["nextLink"] = f"{CONFIGURATION.url('arm')}{groups}?api-version=2024-03-01&$skiptoken={number + 1}"
        return httpx.Response(200, json=body)

    scripted.network.handlers["arm"] = listed
    page = await scripted.open("/")
    assert {"g0", "g1", "g2"} <= set(page.links)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>a proxy</html>"),
        httpx.Response(500, json=["no ARM error"]),
        httpx.Response(500, json={"message": "no ARM error"}),
    ],
)
async def test_an_answer_that_is_not_resource_managers_is_told_as_such(
    scripted: ScriptedPortal, answer: httpx.Response
) -> None:
    scripted.network.handlers["arm"] = lambda request: httpx.Response(
        answer.status_code, headers=answer.headers, content=answer.content
    )
    page = await scripted.open("/")
    assert page.status == 502
    assert "InvalidAnswer" in page.text
