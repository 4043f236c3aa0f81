"""What comes of a trigger that fires: splitOn, turns, answers, resubmission."""

import asyncio
import base64
from typing import Any

import httpx
import pytest

from emulator.arm.errors import ArmError
from emulator.clock import settle
from tests.emulator.logic_apps.running import Service

BODY = {"A": {"type": "Compose", "inputs": "@triggerBody()"}}
PAUSE = {"Pause": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}}}


def request(**more: Any) -> dict[str, Any]:
    return {"manual": {"type": "Request", "kind": "Http", **more}}


async def callback(service: Service) -> str:
    return (await service.operate("POST", "triggers", "manual", "listCallbackUrl")).body["value"]


async def post(service: Service, **more: Any) -> httpx.Response:
    url = await callback(service)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.logic_apps.app)) as client:
        return await client.post(url, **more)


async def runs(service: Service) -> list[dict[str, Any]]:
    return (await service.get("runs"))["value"]


async def test_split_on_starts_a_run_for_each_element(service: Service):
    await service.deploy({"triggers": request(splitOn="@triggerBody()?['rows']"), "actions": BODY})
    response = await post(service, json={"rows": [{"n": 1}, {"n": 2}]})
    assert response.status_code == 202
    found = [await (await service.result(run["name"])).outputs("A") for run in await runs(service)]
    assert sorted(each["n"] for each in found) == [1, 2]


async def test_split_on_nothing_starts_no_run_and_what_is_no_array_is_a_failure(service: Service):
    await service.deploy({"triggers": request(splitOn="@triggerBody()?['rows']"), "actions": BODY})
    await post(service, json={"rows": []})
    await post(service, json={"rows": "none"})
    assert await runs(service) == []
    histories = (await service.get("triggers", "manual", "histories"))["value"]
    assert [each["properties"]["status"] for each in histories] == ["Failed", "Skipped"]
    assert "has to give an array" in histories[0]["properties"]["error"]["message"]


async def test_runs_beyond_the_concurrency_wait_for_their_turn(service: Service):
    await service.deploy(
        {
            "triggers": request(runtimeConfiguration={"concurrency": {"runs": 2, "maximumWaitingRuns": 1}}),
            "actions": PAUSE,
        }
    )
    for _ in range(3):
        assert (await post(service)).status_code == 202
    assert [run["properties"]["status"] for run in await runs(service)] == ["Waiting", "Running", "Running"]
    refused = await post(service)
    assert refused.status_code == 429
    assert "1 runs of the trigger 'manual' wait already" in refused.text
    await service.clock.advance(3601)
    assert [run["properties"]["status"] for run in await runs(service)] == ["Running", "Succeeded", "Succeeded"]


async def test_a_cancelled_run_gives_its_turn_to_the_next(service: Service):
    await service.deploy({"triggers": request(runtimeConfiguration={"concurrency": {"runs": 1}}), "actions": PAUSE})
    first, second, third = [await service.begin() for _ in range(3)]
    await service.operate("POST", "runs", second, "cancel")
    await service.operate("POST", "runs", first, "cancel")
    statuses = {run["name"]: run["properties"]["status"] for run in await runs(service)}
    assert statuses == {first: "Cancelled", second: "Cancelled", third: "Running"}


async def test_a_condition_of_a_request_skips_the_run(service: Service):
    await service.deploy(
        {"triggers": request(conditions=[{"expression": "@equals(triggerBody(),1)"}]), "actions": BODY}
    )
    assert (await post(service, json=2)).status_code == 202
    assert await runs(service) == []
    await post(service, json=1)
    assert len(await runs(service)) == 1


async def test_a_schema_is_checked_where_the_trigger_says_so(service: Service):
    inputs = {"schema": {"type": "object", "required": ["n"]}}
    await service.deploy({"triggers": request(inputs=inputs), "actions": {}})
    assert (await post(service, json={})).status_code == 202
    await service.deploy({"triggers": request(inputs=inputs, operationOptions="EnableSchemaValidation"), "actions": {}})
    assert (await post(service, json={})).status_code == 400
    assert (await post(service, json={"n": 1})).status_code == 202


@pytest.mark.parametrize(
    ("content", "content_type", "body"),
    [
        (b"text", "text/plain", "text"),
        (b"\x00\xff", "image/png", {"$content-type": "image/png", "$content": base64.b64encode(b"\x00\xff").decode()}),
        (b'{"a":1}', "application/vnd.x+json", {"a": 1}),
    ],
)
async def test_a_requests_body_depends_on_its_content_type(
    service: Service, content: bytes, content_type: str, body: Any
):
    await service.deploy({"actions": BODY})
    response = await post(service, content=content, headers={"Content-Type": content_type})
    run = await service.result(response.headers["x-ms-workflow-run-id"])
    assert await run.outputs("A") == body


@pytest.mark.parametrize(
    ("body", "content", "content_type"),
    [
        ("text", b"text", "text/plain; charset=utf-8"),
        ({"a": 1}, b'{"a": 1}', "application/json"),
        ({"$content-type": "image/png", "$content": "AAE="}, b"\x00\x01", "image/png"),
    ],
)
async def test_an_answer_is_sent_as_its_body_is(service: Service, body: Any, content: bytes, content_type: str):
    await service.deploy({"actions": {"R": {"type": "Response", "inputs": {"statusCode": 200, "body": body}}}})
    response = await post(service)
    assert response.content == content
    assert response.headers["content-type"] == content_type


async def test_a_caller_is_told_when_no_answer_comes(service: Service):
    answer = {"type": "Response", "inputs": {"statusCode": 200}, "runAfter": {"Bad": ["Succeeded"]}}
    bad = {"type": "ParseJson", "inputs": {"content": 1, "schema": {"type": "string"}}}
    await service.deploy({"actions": {"Bad": bad, "R": answer}})
    assert (await post(service)).status_code == 502
    await service.deploy({"actions": {**PAUSE, "R": {**answer, "runAfter": {"Pause": ["Succeeded"]}}}})
    waiting = asyncio.create_task(post(service))
    await settle()
    await service.clock.advance(119)
    assert not waiting.done()
    await service.clock.advance(2)
    assert (await waiting).status_code == 504
    await service.clock.advance(3600)
    late = (await service.get("runs", (await runs(service))[0]["name"], "actions", "R"))["properties"]
    assert late["status"] == "Failed"


async def test_run_passes_a_body_to_a_request_trigger(service: Service):
    await service.deploy({"actions": BODY})
    await service.operate("POST", "triggers", "manual", "run", body={"x": 1})
    run = await service.result((await runs(service))[0]["name"])
    assert await run.outputs("A") == {"x": 1}


async def test_a_run_is_started_again_with_what_its_trigger_gave(service: Service):
    await service.deploy({"actions": BODY})
    first = (await post(service, json=["same"])).headers["x-ms-workflow-run-id"]
    await service.finish(first)
    answer = await service.operate("POST", "triggers", "manual", "histories", first, "resubmit")
    assert answer.status == 202
    again = answer.headers["x-ms-workflow-run-id"]
    assert again != first
    assert await (await service.result(again)).outputs("A") == ["same"]
    with pytest.raises(ArmError, match="'nope' could not be found"):
        await service.operate("POST", "triggers", "manual", "histories", "nope", "resubmit")


async def test_a_secured_trigger_cannot_be_repeated(service: Service):
    secured = {"secureData": {"properties": ["outputs"]}}
    await service.deploy({"triggers": request(runtimeConfiguration=secured), "actions": BODY})
    run = await service.begin()
    with pytest.raises(ArmError, match="is secured and was not kept"):
        await service.operate("POST", "triggers", "manual", "histories", run, "resubmit")


async def test_a_poll_is_made_again_when_its_source_says(service: Service):
    answers = iter([202, 202, 200])
    service.handler = lambda request: httpx.Response(next(answers), headers={"Retry-After": "30"})
    poll = {
        "type": "Http",
        "inputs": {"method": "GET", "uri": "http://x.test/"},
        "recurrence": {"frequency": "Second", "interval": 10},
    }
    await service.deploy({"triggers": {"poll": poll}, "actions": {}})
    await service.clock.advance(61)
    assert len(service.requests) == 3
    assert len(await runs(service)) == 1


@pytest.mark.parametrize(
    ("recurrence", "starts"),
    [
        (
            {"frequency": "Day", "interval": 1, "schedule": {"hours": [8, "17"], "minutes": [30]}},
            ["01 08:30", "01 17:30", "02 08:30", "02 17:30", "03 08:30", "03 17:30"],
        ),
        (
            {
                "frequency": "Week",
                "interval": 1,
                "schedule": {"weekDays": ["Saturday"], "hours": [6]},
                "timeZone": "Tokyo Standard Time",
            },
            ["02 21:00"],
        ),
        ({"frequency": "Day", "interval": 2, "startTime": "2026-01-01T10:00:00Z"}, ["01 10:00", "03 10:00"]),
        ({"frequency": "Hour", "interval": 36, "startTime": "2025-12-31T12:00:00Z"}, ["02 00:00", "03 12:00"]),
        ({"frequency": "Month", "interval": 1, "schedule": {"monthDays": [2, -31]}}, ["01 00:00", "02 00:00"]),
        ({"frequency": "Day", "interval": 1, "endTime": "2026-01-02T12:00:00Z"}, ["01 00:00", "02 00:00"]),
    ],
)
async def test_a_recurrence_keeps_to_its_schedule(service: Service, recurrence: dict[str, Any], starts: list[str]):
    """The clock begins on Thursday, 1 January 2026, 00:00 UTC."""
    await service.deploy({"triggers": {"tick": {"type": "Recurrence", "recurrence": recurrence}}, "actions": {}})
    await service.clock.advance(3 * 86_400 - 1)
    assert [run["properties"]["startTime"][8:16].replace("T", " ") for run in reversed(await runs(service))] == starts


@pytest.mark.parametrize(
    ("recurrence", "words"),
    [
        ({"frequency": "Fortnight", "interval": 1}, "'recurrence.frequency' is 'Fortnight'; allowed: Second, Minute"),
        ({"frequency": "Day", "interval": 0}, "'recurrence.interval' is 0"),
        ({"frequency": "Day", "interval": 1, "timeZone": "Moon"}, "timeZone is 'Moon'"),
        ({"frequency": "Day", "interval": 1, "schedule": {"hours": [24]}}, "schedule.hours has 24; allowed: 0 to 23"),
        ({"frequency": "Day", "interval": 1, "schedule": {"weekDays": ["Monday"]}}, "goes with the frequency Week"),
        ({"frequency": "Day", "interval": 1, "startTime": "soon"}, "startTime is 'soon'"),
    ],
)
async def test_a_recurrence_that_is_not_valid_is_refused(service: Service, recurrence: dict[str, Any], words: str):
    with pytest.raises(ArmError) as raised:
        await service.deploy({"triggers": {"tick": {"type": "Recurrence", "recurrence": recurrence}}, "actions": {}})
    assert words in raised.value.message
