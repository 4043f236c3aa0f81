from __future__ import annotations

from tests.emulator.portal.running import WORKFLOW, Emulation

COMPOSE = {"Say": {"type": "Compose", "inputs": "hello"}}
FAIL = {"Stop": {"type": "Terminate", "inputs": {"runStatus": "Failed", "runError": {"code": "Sad", "message": "no"}}}}
WAIT = {"Pause": {"type": "Wait", "inputs": {"interval": {"unit": "Minute", "count": 90}}}}


async def test_the_way_from_the_overview_to_an_actions_inputs_is_made_of_links(emulation: Emulation) -> None:
    run = await emulation.run(COMPOSE)
    page = await emulation.open("/")
    for link in ("retrain", "Runs", run.rsplit("/", 1)[-1], "Say"):
        page = await emulation.follow(page, link)
    assert page.title == "Say Compose"
    assert page.content("Inputs") == '"hello"'
    assert page.content("Outputs") == '"hello"'
    assert page.trail == ["Overview", "vision", "retrain", "Runs", run.rsplit("/", 1)[-1]]


async def test_runs_are_listed_newest_first_with_what_became_of_them(emulation: Emulation) -> None:
    first = await emulation.run(COMPOSE)
    await emulation.clock.advance(60)
    second = await emulation.run(FAIL)
    await emulation.clock.advance(60)
    await emulation.deploy(WAIT)
    third = await emulation.begin()
    await emulation.clock.advance(65)
    page = await emulation.open("/runs", workflow=WORKFLOW)
    assert page.rows("Runs") == [
        {
            "Run": third.rsplit("/", 1)[-1],
            "Status": "Running",
            "Trigger": "manual",
            "Start": "2026-01-01 00:02:00 UTC",
            "Duration": "1 min 05 s",
            "Error": "",
        },
        {
            "Run": second.rsplit("/", 1)[-1],
            "Status": "Failed",
            "Trigger": "manual",
            "Start": "2026-01-01 00:01:00 UTC",
            "Duration": "0 ms",
            "Error": "Terminated",
        },
        {
            "Run": first.rsplit("/", 1)[-1],
            "Status": "Succeeded",
            "Trigger": "manual",
            "Start": "2026-01-01 00:00:00 UTC",
            "Duration": "0 ms",
            "Error": "",
        },
    ]


async def test_older_runs_are_reached_page_by_page_none_twice_none_left_out(emulation: Emulation) -> None:
    await emulation.deploy(COMPOSE)
    for _ in range(65):
        await emulation.begin()
        await emulation.clock.advance(1)
    page = await emulation.open("/runs", workflow=WORKFLOW)
    assert "Newest runs" not in page.links
    seen = [row["Run"] for row in page.rows("Runs")]
    sizes = [len(seen)]
    while "Older runs" in page.links and len(sizes) < 4:
        page = await emulation.follow(page, "Older runs")
        rows = [row["Run"] for row in page.rows("Runs")]
        sizes.append(len(rows))
        seen += rows
    assert sizes == [30, 30, 5]
    assert len(set(seen)) == 65
    assert len((await emulation.follow(page, "Newest runs")).rows("Runs")) == 30


async def test_runs_of_one_status_are_paged_as_such(emulation: Emulation) -> None:
    await emulation.deploy(FAIL)
    for _ in range(31):
        await emulation.begin()
        await emulation.clock.advance(1)
    await emulation.run(COMPOSE)
    page = await emulation.open("/runs", workflow=WORKFLOW)
    failed = await emulation.follow(page, "Failed")
    assert {row["Status"] for row in failed.rows("Failed runs")} == {"Failed"}
    older = await emulation.follow(failed, "Older runs")
    assert [row["Status"] for row in older.rows("Failed runs")] == ["Failed"]
    assert [row["Status"] for row in (await emulation.follow(page, "Succeeded")).rows("Succeeded runs")] == [
        "Succeeded"
    ]


async def test_a_status_that_is_none_is_refused_with_those_that_are(emulation: Emulation) -> None:
    await emulation.deploy(COMPOSE)
    page = await emulation.open("/runs", workflow=WORKFLOW, status="Broken' or 1 eq 1")
    assert page.status == 400
    assert "status: 'Broken' or 1 eq 1' is none; allowed: Running, Waiting, Succeeded, Failed" in page.text


async def test_a_skip_token_of_no_answer_is_refused_as_resource_manager_does(emulation: Emulation) -> None:
    await emulation.deploy(COMPOSE)
    page = await emulation.open("/runs", workflow=WORKFLOW, skiptoken="yesterday")
    assert page.status == 400
    assert "InvalidSkipToken" in page.text


async def test_a_workflow_without_runs_points_to_what_its_triggers_did(emulation: Emulation) -> None:
    await emulation.deploy(COMPOSE)
    page = await emulation.open("/runs", workflow=WORKFLOW)
    assert "No runs." in page.text
    assert (await emulation.follow(page, "See what the triggers did.")).title == "Triggers of retrain"


async def test_the_list_refreshes_itself_only_while_a_run_is_under_way(emulation: Emulation) -> None:
    await emulation.deploy(WAIT)
    run = await emulation.begin()
    page = await emulation.open("/runs", workflow=WORKFLOW)
    assert page.all("//main/@data-refresh-seconds") == ["2"]
    await emulation.finish(run)
    page = await emulation.open("/runs", workflow=WORKFLOW)
    assert page.all("//main/@data-refresh-seconds") == []
