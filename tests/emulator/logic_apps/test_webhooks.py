"""HttpWebhook actions and triggers against a real server: they subscribe, are called back, and unsubscribe."""

import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from emulator.clock import settle
from tests.emulator.logic_apps.endpoint import Endpoint
from tests.emulator.logic_apps.running import Service
from tests.emulator.logic_apps.waiting import until


def hook(endpoint: Endpoint, **more: Any) -> dict[str, Any]:
    return {
        "type": "HttpWebhook",
        "inputs": {
            "subscribe": {
                "method": "POST",
                "uri": f"{endpoint.url}/subscribe",
                "body": {"callback": "@{listCallbackUrl()}"},
            },
            "unsubscribe": {"method": "DELETE", "uri": f"{endpoint.url}/unsubscribe"},
        },
        **more,
    }


def callback_of(endpoint: Endpoint, index: int = 0) -> str:
    bodies = [body for request, body in endpoint.requests if request.url.path == "/subscribe"]
    return json.loads(bodies[index])["callback"]


async def subscribed(endpoint: Endpoint, times: int = 1) -> None:
    await until(lambda: endpoint.asked.count("POST /subscribe") >= times)
    await settle()


AFTER = {"After": {"type": "Compose", "inputs": "@body('Hook')", "runAfter": {"Hook": ["Succeeded"]}}}


async def test_an_action_waits_until_it_is_called_back_and_unsubscribes(online: Service, endpoint: Endpoint):
    await online.deploy({"actions": {"Hook": hook(endpoint), **AFTER}})
    run = await online.begin()
    await subscribed(endpoint)
    assert (await online.get("runs", run))["properties"]["status"] == "Running"
    answer = await online.request(callback_of(endpoint), json={"approved": True}, headers={"x-who": "me"})
    assert answer.status_code == 200
    found = await online.result(run)
    assert await found.outputs("After") == {"approved": True}
    assert (await found.outputs("Hook"))["headers"]["x-who"] == "me"
    assert endpoint.asked == ["POST /subscribe", "DELETE /unsubscribe"]


async def test_an_action_unsubscribes_when_it_is_over_and_not_only_when_the_run_is(online: Service, endpoint: Endpoint):
    pause = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}, "runAfter": {"Hook": ["Succeeded"]}}
    await online.deploy({"actions": {"Hook": hook(endpoint), "Pause": pause}})
    run = await online.begin()
    await subscribed(endpoint)
    await online.request(callback_of(endpoint), json=1)
    await until(lambda: "DELETE /unsubscribe" in endpoint.asked)
    assert (await online.get("runs", run))["properties"]["status"] == "Running"


async def test_a_callback_that_comes_before_the_subscription_is_answered_counts(online: Service, endpoint: Endpoint):
    async def call_back_first(request: Request, body: bytes) -> Response:
        if request.url.path == "/subscribe":
            await online.request(json.loads(body)["callback"], json="early")
        return Response(status_code=202)

    endpoint.answering = call_back_first
    await online.deploy({"actions": {"Hook": hook(endpoint), **AFTER}})
    assert await (await online.result(await online.begin())).outputs("After") == "early"


async def test_a_callback_counts_once_and_needs_its_signature(online: Service, endpoint: Endpoint):
    await online.deploy({"actions": {"Hook": hook(endpoint), **AFTER}})
    run = await online.begin()
    await subscribed(endpoint)
    url = callback_of(endpoint)
    assert (await online.request(url.partition("?")[0], json=1)).status_code == 401
    assert (await online.request(url.replace("Hook", "After"), json=1)).status_code == 401
    assert (await online.request(url, json=1)).status_code == 200
    assert (await online.request(url, json=2)).status_code == 404
    assert await (await online.result(run)).outputs("After") == 1
    late = await online.request(url, json=3)
    assert late.status_code == 404
    assert "No action 'Hook' of the run waits" in late.text


async def test_a_refused_subscription_fails_the_action(online: Service, endpoint: Endpoint):
    endpoint.answering = lambda request, body: Response(status_code=403)
    run = await online.run({"Hook": hook(endpoint)})
    assert "answered with the status 403" in run.actions["Hook"]["error"]["message"]
    assert endpoint.asked == ["POST /subscribe"]


async def test_an_action_that_waits_too_long_times_out_and_unsubscribes(online: Service, endpoint: Endpoint):
    late = {"Late": {"type": "Compose", "inputs": 1, "runAfter": {"Hook": ["TimedOut"]}}}
    await online.deploy({"actions": {"Hook": hook(endpoint, limit={"timeout": "PT1H"}), **late}})
    run = await online.begin()
    await subscribed(endpoint)
    await online.clock.advance(3599)
    assert endpoint.asked == ["POST /subscribe"]
    await online.clock.advance(2)
    found = await online.result(run)
    assert found.statuses == {"Hook": "TimedOut", "Late": "Succeeded"}
    assert endpoint.asked == ["POST /subscribe", "DELETE /unsubscribe"]


async def test_a_cancelled_run_unsubscribes(online: Service, endpoint: Endpoint):
    await online.deploy({"actions": {"Hook": hook(endpoint)}})
    run = await online.begin()
    await subscribed(endpoint)
    await online.operate("POST", "runs", run, "cancel")
    assert endpoint.asked == ["POST /subscribe", "DELETE /unsubscribe"]
    assert (await online.request(callback_of(endpoint), json=1)).status_code == 404


async def test_a_terminated_run_unsubscribes_what_waits_beside_it(online: Service, endpoint: Endpoint):
    terminate = {"type": "Terminate", "inputs": {"runStatus": "Succeeded"}, "runAfter": {"Pause": ["Succeeded"]}}
    pause = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}}
    await online.deploy({"actions": {"Hook": hook(endpoint), "Pause": pause, "End": terminate}})
    run = await online.begin()
    await subscribed(endpoint)
    await online.clock.advance(3601)
    await online.finish(run)
    assert endpoint.asked == ["POST /subscribe", "DELETE /unsubscribe"]


async def test_a_subscription_survives_a_restart(online: Service, endpoint: Endpoint):
    await online.deploy({"actions": {"Hook": hook(endpoint), **AFTER}})
    run = await online.begin()
    await subscribed(endpoint)
    await online.restart()
    await settle()
    assert (await online.request(callback_of(endpoint), json="after all")).status_code == 200
    assert await (await online.result(run)).outputs("After") == "after all"
    assert endpoint.asked == ["POST /subscribe", "DELETE /unsubscribe"]


async def test_each_repetition_of_a_loop_has_a_callback_of_its_own(online: Service, endpoint: Endpoint):
    loop = {"type": "Foreach", "foreach": ["a", "b"], "actions": {"Hook": hook(endpoint)}}
    seen = {"type": "Compose", "inputs": "@body('Hook')", "runAfter": {"Each": ["Succeeded"]}}
    await online.deploy({"actions": {"Each": loop, "Seen": seen}})
    run = await online.begin()
    await subscribed(endpoint, 2)
    urls = {callback_of(endpoint, index) for index in (0, 1)}
    assert len(urls) == 2
    for url in urls:
        await online.request(url, json="Each%3A1" in url)
    assert await (await online.result(run)).outputs("Seen") == [False, True]


async def test_list_callback_url_is_of_webhooks_alone(service: Service):
    run = await service.run({"A": {"type": "Compose", "inputs": "@listCallbackUrl()"}})
    assert "stands in no webhook" in run.actions["A"]["error"]["message"]


def triggered(endpoint: Endpoint, **more: Any) -> dict[str, Any]:
    return {
        "triggers": {"hook": hook(endpoint, **more)},
        "actions": {"A": {"type": "Compose", "inputs": "@triggerBody()"}},
    }


async def test_a_trigger_subscribes_when_it_is_deployed_and_fires_when_it_is_called(
    online: Service, endpoint: Endpoint
):
    await online.deploy(triggered(endpoint))
    await subscribed(endpoint)
    for number in (1, 2):
        assert (await online.request(callback_of(endpoint), json=number)).status_code == 202
    await settle()
    runs = [await online.result(run["name"]) for run in (await online.get("runs"))["value"]]
    assert [await run.outputs("A") for run in runs] == [2, 1]
    assert endpoint.asked == ["POST /subscribe"]


async def test_a_trigger_unsubscribes_when_it_is_disabled_changed_or_deleted(online: Service, endpoint: Endpoint):
    await online.deploy(triggered(endpoint))
    await subscribed(endpoint)
    await online.deploy(triggered(endpoint))
    await settle()
    assert endpoint.asked == ["POST /subscribe"]
    await online.operate("POST", "disable")
    assert endpoint.asked == ["POST /subscribe", "DELETE /unsubscribe"]
    await online.operate("POST", "enable")
    await subscribed(endpoint, 2)
    changed = triggered(endpoint)
    changed["triggers"]["hook"]["inputs"]["subscribe"]["body"]["other"] = 1
    await online.deploy(changed)
    await subscribed(endpoint, 3)
    assert endpoint.asked[2:] == ["POST /subscribe", "DELETE /unsubscribe", "POST /subscribe"]
    await online.deploy({"actions": {}})
    assert endpoint.asked[5:] == ["DELETE /unsubscribe"]


async def test_a_trigger_stays_subscribed_over_a_restart(online: Service, endpoint: Endpoint):
    await online.deploy(triggered(endpoint))
    await subscribed(endpoint)
    await until(lambda: online.clock.next_wake is None)
    await online.restart()
    await settle()
    assert (await online.request(callback_of(endpoint), json=1)).status_code == 202
    assert endpoint.asked == ["POST /subscribe"]


async def test_a_refused_subscription_is_a_failed_trigger(online: Service, endpoint: Endpoint):
    endpoint.answering = lambda request, body: Response(status_code=400)
    await online.deploy(triggered(endpoint))
    await subscribed(endpoint)

    async def failed() -> bool:
        return bool((await online.get("triggers", "hook", "histories"))["value"])

    await until(failed)
    (look,) = (await online.get("triggers", "hook", "histories"))["value"]
    assert look["properties"]["status"] == "Failed"
    assert "answered with the status 400" in look["properties"]["error"]["message"]


@pytest.mark.parametrize("part", ["subscribe", "unsubscribe"])
async def test_secrets_of_a_webhook_stay_out_of_the_history(online: Service, endpoint: Endpoint, part: str):
    action = hook(endpoint)
    action["inputs"][part]["authentication"] = {"type": "Basic", "username": "u", "password": "hidden-word"}
    await online.deploy({"actions": {"Hook": action}})
    run = await online.begin()
    await subscribed(endpoint)
    await online.request(callback_of(endpoint), json=1)
    found = await online.result(run)
    assert "hidden-word" not in json.dumps(await found.inputs("Hook"))
