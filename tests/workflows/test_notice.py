"""One notice a run that changed something, and none for the others."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.workflows.record_tables import RecordTables
from tests.workflows.test_gate import HELD_OUT, WRONG
from tests.workflows.world import LOGIC, PUBLISHER, Retraining, World, merged, pictures
from workflows import monitoring

FIRST = merged([pictures("red", 8), pictures("blue", 8)])
CODE = "a-secret-of-the-receiver"
ADDRESS = f"https://notices.example/hook?code={CODE}"
A_DAY = 24 * 60
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


def test_the_action_group_is_told_of_what_was_published_held_or_rolled_back(world: World, make_retraining: Make):
    tables = RecordTables(world, "notices")
    retraining = make_retraining(records=tables.parameters, records_rule=tables.rule)
    world.assign(retraining.principal, PUBLISHER, tables.rule)
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
    assert retraining.end_of(back["name"], workflow)["status"] == "Succeeded"
    # What the rule reads, all at once: that it tells each of them once is a test of the rule on a clock of its own.
    found = tables.rows(monitoring.notices().format(minutes=A_DAY))
    assert sorted((each["Run"], each["Decision"]) for each in found) == sorted(
        {
            published.id: "published",
            again.id: "published",
            rejected.id: "rejected",
            back["name"]: "rolled back",
        }.items()
    )
    by_run = {each["Run"]: each for each in found}
    assert by_run[again.id]["AccuracyBefore"] == by_run[published.id]["Accuracy"] == "1"
    assert by_run[published.id]["AccuracyBefore"] == "unknown"
    assert "anna" in by_run[back["name"]]["Reason"]
    run = quote(f"{retraining.workflow}/runs/{published.id}", safe="")
    link = f"https://portal.azure.com/#view/Microsoft_Azure_EMA/LogicAppsMonitorBlade/runid/{run}"
    assert by_run[published.id]["Link"] == link
