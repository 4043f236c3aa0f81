from __future__ import annotations

import httpx

from tests.emulator.portal.pages import WebPage
from tests.emulator.portal.running import Emulation

NESTED = {
    "Last": {"type": "Compose", "inputs": 1, "runAfter": {"Each": ["Succeeded"]}},
    "Choose": {
        "type": "If",
        "expression": {"and": [{"equals": [1, 2]}]},
        "actions": {"Yes": {"type": "Compose", "inputs": 1}},
        "else": {
            "actions": {
                "Kind": {
                    "type": "Switch",
                    "expression": "png",
                    "cases": {"Png": {"case": "png", "actions": {"Draw": {"type": "Compose", "inputs": 1}}}},
                    "default": {"actions": {"Refuse": {"type": "Compose", "inputs": 1}}},
                }
            }
        },
    },
    "Each": {
        "type": "Foreach",
        "foreach": [1, 2, 3],
        "actions": {
            "After": {"type": "Compose", "inputs": "@item()", "runAfter": {"Before": ["Succeeded"]}},
            "Before": {"type": "Compose", "inputs": "@item()"},
        },
        "runAfter": {"Choose": ["Succeeded"]},
    },
}


def tree(page: WebPage) -> list[str]:
    return [row["Action"] for row in page.rows("Actions")]


async def test_actions_stand_after_what_they_wait_for_and_inside_what_they_are_in(emulation: Emulation) -> None:
    page = await emulation.open("/run", id=await emulation.run(NESTED))
    assert tree(page) == [
        "Level 1: Choose",
        "Level 2: Yes",
        "Level 2: else Kind",
        "Level 3: case Png Draw",
        "Level 3: default Refuse",
        "Level 1: Each",
        "Level 2: Before",
        "Level 2: After",
        "Level 1: Last",
    ]
    assert [row.get("class") for row in page.all("//tbody/tr/th")][:4] == ["depth-0", "depth-1", "depth-1", "depth-2"]


async def test_an_action_shows_type_status_code_start_duration_and_repetitions(emulation: Emulation) -> None:
    pause = {"Pause": {"type": "Wait", "inputs": {"interval": {"unit": "Second", "count": 90}}}, **NESTED}
    page = await emulation.open("/run", id=await emulation.run(pause))
    rows = {row["Action"].split()[-1]: row for row in page.rows("Actions")}
    assert rows["Pause"] == {
        "Action": "Level 1: Pause",
        "Type": "Wait",
        "Status": "Succeeded",
        "Code": "OK",
        "Start": "2026-01-01 00:00:00 UTC",
        "Duration": "1 min 30 s",
        "Repetitions": "",
    }
    assert rows["Before"]["Repetitions"] == "3"
    assert rows["Yes"]["Status"] == "Skipped"


async def test_a_running_run_tells_what_has_not_begun_and_refreshes_itself(emulation: Emulation) -> None:
    await emulation.deploy(
        {
            "Pause": {"type": "Wait", "inputs": {"interval": {"unit": "Hour", "count": 2}}},
            "Later": {"type": "Compose", "inputs": 1, "runAfter": {"Pause": ["Succeeded"]}},
        }
    )
    run = await emulation.begin()
    await emulation.clock.advance(3660)
    page = await emulation.open("/run", id=run)
    assert page.facts["Status"] == "Running"
    assert page.facts["Duration"] == "1 h 01 min so far"
    assert page.rows("Actions")[1]["Status"] == "not yet"
    assert page.all("//main/@data-refresh-seconds") == ["2"]
    await emulation.finish(run)
    page = await emulation.open("/run", id=run)
    assert page.rows("Actions")[1]["Status"] == "Succeeded"
    assert page.all("//main/@data-refresh-seconds") == []


async def test_actions_of_a_loop_without_items_did_not_run(emulation: Emulation) -> None:
    actions = {"Each": {"type": "Foreach", "foreach": [], "actions": {"Never": {"type": "Compose", "inputs": 1}}}}
    page = await emulation.open("/run", id=await emulation.run(actions))
    assert page.rows("Actions")[1]["Status"] == "did not run"
    assert "Never" not in page.links


async def test_a_failed_run_shows_its_error_and_that_of_the_action(emulation: Emulation) -> None:
    emulation.network.handlers["internet"] = lambda request: httpx.Response(400, json={"why": "size"}, request=request)
    actions = {"Call": {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.test/"}}}
    page = await emulation.open("/run", id=await emulation.run(actions))
    assert page.facts["Status"] == "Failed"
    assert page.facts["Code"] == "ActionFailed"
    assert "Error. An action failed." in page.text
    assert page.rows("Actions")[0]["Code"].startswith("BadRequest")
    assert "400" in page.rows("Actions")[0]["Code"]


async def test_the_trigger_is_shown_with_its_outputs(emulation: Emulation) -> None:
    page = await emulation.open("/run", id=await emulation.run({"Say": {"type": "Compose", "inputs": 1}}))
    assert "Trigger manual" in page.text
    assert '"headers"' in page.content("Outputs of the trigger")


async def test_actions_that_are_no_longer_in_the_definition_are_still_shown(emulation: Emulation) -> None:
    run = await emulation.run({"Old": {"type": "Compose", "inputs": 1}})
    page = await emulation.open("/run", id=run)
    assert "The definition was changed" not in page.text
    await emulation.clock.advance(60)
    await emulation.deploy({"New": {"type": "Compose", "inputs": 1}})
    page = await emulation.open("/run", id=run)
    assert tree(page) == ["Level 1: New", "Level 1: Old"]
    assert page.rows("Actions")[0]["Status"] == "did not run"
    assert page.rows("Actions")[1]["Status"] == "Succeeded"
    assert "The definition was changed at 2026-01-01 00:01:00 UTC, after this run began" in page.text


async def test_an_unknown_run_is_a_404_page(emulation: Emulation) -> None:
    run = await emulation.run({"Say": {"type": "Compose", "inputs": 1}})
    page = await emulation.open("/run", id=f"{run}X")
    assert page.status == 404
    assert "WorkflowRunNotFound" in page.text
