from typing import Any

import httpx
import pytest

from emulator.arm.errors import ArmError
from emulator.clock import settle
from tests.emulator.logic_apps.running import IDENTITY, Service

LISTING = "<L><Blobs>{}</Blobs><NextMarker/></L>"


def polling(**more: Any) -> dict[str, Any]:
    return {
        "type": "Http",
        "inputs": {
            "method": "GET",
            "uri": "http://x.test/list",
            "authentication": {"type": "ManagedServiceIdentity", "audience": "https://storage.azure.com/"},
        },
        "recurrence": {"frequency": "Minute", "interval": 5},
        "conditions": [{"expression": "@greater(xpath(xml(triggerBody()),'count(//Blob)'),0)"}],
        **more,
    }


def listing(blobs: int) -> httpx.Response:
    text = "\ufeff" + LISTING.format("<Blob/>" * blobs)
    return httpx.Response(200, content=text.encode(), headers={"Content-Type": "application/xml"})


WAIT = {"Pause": {"type": "Wait", "inputs": {"interval": {"count": 12, "unit": "Minute"}}, "runAfter": {}}}


async def history(service: Service) -> list[tuple[str, str]]:
    found = (await service.get("triggers", "poll", "histories"))["value"]
    return [(each["properties"]["status"], each["properties"]["code"]) for each in reversed(found)]


async def test_a_polling_trigger_looks_at_once_and_then_each_interval(service: Service):
    service.handler = lambda request: listing(0)
    await service.deploy({"triggers": {"poll": polling()}, "actions": {}})
    await settle()
    assert len(service.requests) == 1
    await service.clock.advance(599)
    assert len(service.requests) == 2
    token = service.requests[0].headers["Authorization"].partition(" ")[2]
    assert service.issuer.verify(token, ["https://storage.azure.com/"]).object_id == IDENTITY


async def test_a_condition_that_does_not_hold_skips_the_run(service: Service):
    service.handler = lambda request: listing(0)
    await service.deploy({"triggers": {"poll": polling()}, "actions": {}})
    await settle()
    assert (await service.get("runs"))["value"] == []
    assert await history(service) == [("Skipped", "ConditionNotMet")]
    service.handler = lambda request: listing(2)
    await service.clock.advance(300)
    assert len((await service.get("runs"))["value"]) == 1


async def test_single_instance_waits_for_the_run_it_started(service: Service):
    service.handler = lambda request: listing(1)
    await service.deploy({"triggers": {"poll": polling(operationOptions="SingleInstance")}, "actions": WAIT})
    await service.clock.advance(3599)
    assert [code for _, code in await history(service)].count("SingleInstance") == 8
    starts = [run["properties"]["startTime"] for run in (await service.get("runs"))["value"]]
    assert [start[11:16] for start in reversed(starts)] == ["00:00", "00:15", "00:30", "00:45"]


async def test_without_it_every_poll_starts_a_run(service: Service):
    service.handler = lambda request: listing(1)
    await service.deploy({"triggers": {"poll": polling()}, "actions": WAIT})
    await service.clock.advance(899)
    assert len((await service.get("runs"))["value"]) == 3


async def test_a_refused_poll_is_a_failed_trigger_and_not_a_run(service: Service):
    service.handler = lambda request: httpx.Response(403)
    await service.deploy({"triggers": {"poll": polling()}, "actions": {}})
    await settle()
    assert await history(service) == [("Failed", "403")]
    assert (await service.get("runs"))["value"] == []
    assert service.metrics.totals["TriggersFailed"] == 1


async def test_a_poll_answered_with_202_does_not_fire(service: Service):
    service.handler = lambda request: httpx.Response(202)
    await service.deploy({"triggers": {"poll": polling(conditions=[])}, "actions": {}})
    await settle()
    assert (await service.get("runs"))["value"] == []


async def test_run_lets_a_polling_trigger_look_now(service: Service):
    service.handler = lambda request: listing(0)
    await service.deploy({"triggers": {"poll": polling()}, "actions": {}})
    await settle()
    service.handler = lambda request: listing(1)
    assert (await service.operate("POST", "triggers", "poll", "run")).status == 202
    assert len((await service.get("runs"))["value"]) == 1


async def test_a_disabled_workflow_does_not_look_and_goes_on_when_enabled(service: Service):
    service.handler = lambda request: listing(1)
    await service.deploy({"triggers": {"poll": polling()}, "actions": {}})
    await settle()
    await service.operate("POST", "disable")
    await service.clock.advance(3600)
    assert len(service.requests) == 1
    with pytest.raises(ArmError, match="disabled"):
        await service.operate("POST", "triggers", "poll", "run")
    await service.operate("POST", "enable")
    await settle()
    assert len(service.requests) == 2


async def test_polling_goes_on_after_a_restart_when_it_was_due(service: Service):
    service.handler = lambda request: listing(0)
    await service.deploy({"triggers": {"poll": polling()}, "actions": {}})
    await service.clock.advance(100)
    await service.restart()
    await service.clock.advance(199)
    assert len(service.requests) == 1
    await service.clock.advance(2)
    assert len(service.requests) == 2


async def test_a_recurrence_fires_each_interval(service: Service):
    trigger = {"type": "Recurrence", "recurrence": {"frequency": "Hour", "interval": 2}}
    await service.deploy({"triggers": {"tick": trigger}, "actions": {}})
    await service.clock.advance(4 * 3600)
    assert len((await service.get("runs"))["value"]) == 3


async def post(service: Service, url: str, **more: Any) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.logic_apps.app)) as client:
        return await client.request(more.pop("method", "POST"), url, **more)


async def callback(service: Service) -> str:
    return (await service.operate("POST", "triggers", "manual", "listCallbackUrl")).body["value"]


async def test_a_request_starts_a_run_with_its_body(service: Service):
    await service.deploy({"actions": {"A": {"type": "Compose", "inputs": "@triggerBody()?['who']", "runAfter": {}}}})
    response = await post(service, await callback(service), json={"who": "me"})
    assert response.status_code == 202
    run = await service.result(response.headers["x-ms-workflow-run-id"])
    assert await run.outputs("A") == "me"


async def test_a_request_without_a_valid_signature_is_refused(service: Service):
    await service.deploy({"actions": {}})
    url = await callback(service)
    assert (await post(service, url[:-3])).status_code == 401
    assert (await post(service, url.partition("?")[0])).status_code == 401
    assert (await service.get("runs"))["value"] == []


async def test_a_response_action_answers_the_request(service: Service):
    answer = {"statusCode": 201, "headers": {"x-a": "b"}, "body": {"got": "@triggerBody()"}}
    await service.deploy({"actions": {"R": {"type": "Response", "inputs": answer, "runAfter": {}}}})
    response = await post(service, await callback(service), json=[1])
    assert (response.status_code, response.headers["x-a"], response.json()) == (201, "b", {"got": [1]})


async def test_another_method_or_malformed_json_is_refused_with_the_reason(service: Service):
    await service.deploy({"actions": {}})
    url = await callback(service)
    assert "takes POST, not PUT" in (await post(service, url, method="PUT")).text
    headers = {"Content-Type": "application/json"}
    assert "not valid JSON" in (await post(service, url, content=b"{", headers=headers)).text


async def test_a_polling_trigger_has_no_callback_url(service: Service):
    await service.deploy({"triggers": {"poll": polling()}, "actions": {}})
    with pytest.raises(ArmError, match="has no callback URL"):
        await service.operate("POST", "triggers", "poll", "listCallbackUrl")


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (
            {"type": "ApiConnection", "inputs": {}},
            "'t' has the type 'ApiConnection', a managed connector, which is not emulated",
        ),
        ({"type": "Http", "inputs": {}}, "the required member 'recurrence' is missing"),
    ],
)
async def test_a_trigger_that_cannot_work_is_refused(service: Service, trigger: dict[str, Any], words: str):
    with pytest.raises(ArmError, match=words):
        await service.deploy({"triggers": {"t": trigger}, "actions": {}})
