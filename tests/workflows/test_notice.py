"""One notice a run that changed something, and none for the others."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from components import run_notices
from tests.workflows.record_tables import RecordTables
from tests.workflows.test_gate import HELD_OUT, WRONG
from tests.workflows.world import HURRY, LOGIC, PUBLISHER, Retraining, World, merged, pictures
from workflows import monitoring

FIRST = merged([pictures("red", 8), pictures("blue", 8)])
CODE = "a-secret-of-the-receiver"
ADDRESS = f"https://notices.example/hook?code={CODE}"
Make = Callable[..., Retraining]


def listening(retraining: Retraining, status: int = 200) -> list[dict[str, Any]]:
    """Return what is told from now on; the receiver answers with `status`."""
    told: list[dict[str, Any]] = []

    def listen(request: httpx.Request) -> httpx.Response | None:
        if request.url.host != "notices.example":
            return None
        assert str(request.url) == ADDRESS
        told.append(json.loads(request.content))
        return httpx.Response(status)

    retraining.world.transport.intercept = listen
    return told


def test_what_was_published_held_failed_or_rolled_back_is_told_once(make_retraining: Make):
    retraining = make_retraining(notices=ADDRESS)
    retraining.hold_out(HELD_OUT)
    told = listening(retraining)
    retraining.upload(FIRST)
    published = retraining.run()
    retraining.upload(pictures("red", 2, 100))
    retraining.run()
    retraining.upload(WRONG)
    retraining.run()
    retraining.configure({"minimumNewImages": 0})
    failed = retraining.run("manual")
    response = retraining.roll_back(retraining.deploy_rollback(), {"who": "anna", "why": "to try it"})
    assert response.status_code == 200
    # The rollback tells after it has answered.
    deadline = time.monotonic() + 60
    while len(told) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [each["decision"] for each in told] == ["published", "published", "rejected", "failed", "rolled back"]
    assert (told[0]["run"], told[0]["accepted"]) == (published.id, 16)
    assert told[0]["manifest"].endswith(f"/runs/{published.id}/manifest.json")
    assert told[0]["comparison"]["challengerAccuracy"] == 1
    assert (told[3]["run"], told[3]["reason"]) == (failed.id, failed.error and failed.error["message"])
    assert "anna" in told[4]["text"]


def test_nothing_that_changed_is_nothing_to_tell(make_retraining: Make):
    retraining = make_retraining(notices=ADDRESS, automaticTraining=False)
    told = listening(retraining)
    retraining.upload(FIRST)
    assert retraining.run().status == "Succeeded"
    assert told == []


@pytest.mark.parametrize("status", [404, 503])
def test_a_receiver_that_does_not_listen_fails_no_run_and_its_address_is_shown_nowhere(
    make_retraining: Make, status: int
):
    retraining = make_retraining(notices=ADDRESS)
    told = listening(retraining, status)
    retraining.upload(FIRST)
    run = retraining.run()
    assert run.status == "Succeeded"
    assert run.statuses["Tell_what_was_done"] == "Failed"
    assert told
    world = retraining.world
    shown = json.dumps(world.arm.get(retraining.workflow, "2019-05-01"))
    history = b"".join(path.read_bytes() for path in sorted((world.home.database / "logic_apps").iterdir()))
    for action in world.arm.values(f"{retraining.workflow}/runs/{run.id}/actions", "2019-05-01", **{"$top": "250"}):
        for link in ("inputsLink", "outputsLink"):
            if link in action["properties"]:
                history += httpx.get(action["properties"][link]["uri"]).content
    assert CODE not in shown
    assert CODE.encode() not in history


def test_the_action_group_is_told_once_of_what_was_published_held_or_rolled_back(world: World, make_retraining: Make):
    tables = RecordTables(world, "notices")
    retraining = make_retraining(records=tables.parameters, records_rule=tables.rule)
    world.assign(retraining.principal, PUBLISHER, tables.rule)
    deploy_notices(world, tables)
    retraining.hold_out(HELD_OUT)
    retraining.configure({"automaticTraining": False})
    retraining.upload(pictures("red", 2, 300))
    assert retraining.run().status == "Succeeded"
    retraining.configure({})
    retraining.upload(FIRST)
    published = retraining.run()
    retraining.upload(pictures("red", 2, 100))
    again = retraining.run()
    retraining.upload(WRONG)
    rejected = retraining.run()
    workflow = retraining.deploy_rollback()
    assert retraining.roll_back(workflow, {"who": "anna", "why": "to try it"}).status_code == 200
    (back,) = world.arm.values(f"{workflow}/runs", LOGIC)
    expected = {
        published.id: "published",
        again.id: "published",
        rejected.id: "rejected",
        back["name"]: "rolled back",
    }
    deadline = time.monotonic() + 60
    while len(mails(world)) < len(expected) and time.monotonic() < deadline:
        time.sleep(0.1)
    # Two more evaluations tell nothing again.
    time.sleep(2 * 60 / HURRY + 1)
    found = mails(world)
    assert sorted((each["Run"], each["Decision"]) for each in found) == sorted(expected.items())
    by_run = {each["Run"]: each for each in found}
    assert by_run[again.id]["AccuracyBefore"] == by_run[published.id]["Accuracy"] == "1"
    assert by_run[published.id]["AccuracyBefore"] == "unknown"
    assert "anna" in by_run[back["name"]]["Reason"]
    run = quote(f"{retraining.workflow}/runs/{published.id}", safe="")
    link = f"https://portal.azure.com/#view/Microsoft_Azure_EMA/LogicAppsMonitorBlade/runid/{run}"
    assert by_run[published.id]["Link"] == link


def deploy_notices(world: World, tables: RecordTables) -> None:
    """Deploy the program's rule over these tables, looking every minute, and an action group with one address."""
    insights = f"{world.group}/providers/Microsoft.Insights"
    group = f"{insights}/actionGroups/ag-notices"
    receiver = {"name": "team", "emailAddress": "team@example.com", "useCommonAlertSchema": True}
    properties: dict[str, Any] = {"groupShortName": "notices", "enabled": True, "emailReceivers": [receiver]}
    world.put(group, "2023-01-01", {"location": "Global", "properties": properties})
    condition = {
        "query": monitoring.notices().format(minutes=1),
        "timeAggregation": "Count",
        "operator": "GreaterThan",
        "threshold": 0,
        "dimensions": [{"name": each, "operator": "Include", "values": ["*"]} for each in run_notices.DIMENSIONS],
    }
    rule = {
        "severity": 4,
        "enabled": True,
        "scopes": [tables.workspace],
        "evaluationFrequency": "PT1M",
        "windowSize": "PT1M",
        "overrideQueryTimeRange": "P2D",
        "autoMitigate": False,
        "criteria": {"allOf": [condition]},
        "actions": {"actionGroups": [group]},
    }
    world.put(f"{insights}/scheduledQueryRules/notices", "2023-12-01", {"location": "eastus", "properties": rule})


def mails(world: World) -> list[dict[str, str]]:
    """Return the dimensions of each alert that a mail was sent about."""
    found: list[dict[str, str]] = []
    for file in (world.home.database / "monitor" / "outbox").glob("*.json"):
        condition = json.loads(file.read_text(encoding="utf-8"))["content"]["data"]["alertContext"]["condition"]
        found.append({each["name"]: each["value"] for each in condition["allOf"][0]["dimensions"]})
    return found
