from __future__ import annotations

from tests.emulator.portal.running import WORKFLOW, Emulation

COMPOSE = {"Say": {"type": "Compose", "inputs": "hello"}}


async def test_the_way_from_the_overview_to_an_actions_inputs_is_made_of_links(emulation: Emulation) -> None:
    run = await emulation.run(COMPOSE)
    page = await emulation.open("/")
    for link in ("retrain", "Runs", run.rsplit("/", 1)[-1], "Say"):
        page = await emulation.follow(page, link)
    assert page.title == "Say Compose"
    assert page.content("Inputs") == '"hello"'
    assert page.content("Outputs") == '"hello"'
    assert page.trail == ["Overview", "vision", "retrain", "Runs", run.rsplit("/", 1)[-1]]
