from __future__ import annotations

import httpx

from tests.emulator.portal.running import WORKFLOW, Emulation

POLL = {
    "When_ready": {
        "type": "Http",
        "recurrence": {"frequency": "Minute", "interval": 1},
        "inputs": {"method": "GET", "uri": "https://example.test/"},
    }
}
SAY = {"Say": {"type": "Compose", "inputs": 1}}


async def test_a_trigger_that_fails_says_why_no_run_began(emulation: Emulation) -> None:
    emulation.network.handlers["internet"] = lambda request: httpx.Response(403, json={"error": "no role"})
    await emulation.deploy(SAY, POLL)
    await emulation.clock.advance(70)
    assert await emulation.runs() == []
    page = await emulation.open("/triggers", workflow=WORKFLOW)
    row = page.rows("What When_ready did last")[0]
    assert (row["Status"], row["Fired"], row["Run"]) == ("Failed", "no", "")
    assert row["Error"] != ""


async def test_a_look_that_fired_links_to_its_run(emulation: Emulation) -> None:
    emulation.network.handlers["internet"] = lambda request: httpx.Response(200, json={"ready": True})
    await emulation.deploy(SAY, POLL)
    await emulation.clock.advance(70)
    page = await emulation.open("/triggers", workflow=WORKFLOW)
    row = page.rows("What When_ready did last")[0]
    assert (row["Status"], row["Fired"]) == ("Succeeded", "yes")
    assert (await emulation.follow(page, row["Run"])).title.startswith(f"Run {row['Run']}")


async def test_a_trigger_that_did_nothing_yet_is_shown_as_such(emulation: Emulation) -> None:
    await emulation.deploy(SAY)
    page = await emulation.open("/triggers", workflow=WORKFLOW)
    assert "manual Enabled" in page.text
    assert "It has done nothing yet." in page.text
