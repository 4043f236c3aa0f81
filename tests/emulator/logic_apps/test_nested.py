"""Workflow actions: another workflow runs in the same process, and its Response is the action's output."""

from typing import Any

import pytest

from emulator.arm.errors import ArmError
from emulator.arm.provider import Operation, Resource
from emulator.arm.resource_id import ResourceId
from emulator.clock import settle
from tests.emulator.logic_apps.running import PERSON, WORKFLOW, Service

CHILD = WORKFLOW.replace("workflows/w", "workflows/child")


def nested(**more: Any) -> dict[str, Any]:
    inputs = {"host": {"workflow": {"id": CHILD}, "triggerName": "manual"}, "body": {"n": 1}, **more.pop("inputs", {})}
    return {"type": "Workflow", "inputs": inputs, **more}


def response(run_after: dict[str, list[str]] | None = None, **inputs: Any) -> dict[str, Any]:
    return {"type": "Response", "inputs": {"statusCode": 200, **inputs}, "runAfter": run_after or {}}


async def of_child(service: Service, method: str, *path: str) -> Any:
    url = f"http://127.0.0.1:10460{CHILD}/{'/'.join(path)}"
    resource = Resource(ResourceId.parse(CHILD), {"properties": {}})
    query = {"api-version": "2019-05-01"}
    return (await service.provider.operate(Operation(method, resource, path, query, None, PERSON, url))).body


async def test_the_childs_response_is_the_actions_output(service: Service):
    answer = response(statusCode=201, headers={"x-a": "b"}, body={"got": "@triggerBody()", "by": "@triggerOutputs()"})
    await service.deploy({"actions": {"R": answer}}, workflow=CHILD)
    run = await service.run({"Child": nested(inputs={"headers": {"x-mine": "1"}})})
    outputs = await run.outputs("Child")
    assert (outputs["statusCode"], outputs["headers"]["x-a"], outputs["body"]["got"]) == (201, "b", {"n": 1})
    headers = outputs["body"]["by"]["headers"]
    assert (headers["x-mine"], headers["x-ms-workflow-run-id"]) == ("1", run.id)
    child = (await of_child(service, "GET", "runs"))["value"][0]
    assert child["properties"]["correlation"] == {"clientTrackingId": run.id}
    assert outputs["headers"]["x-ms-workflow-run-id"] == child["name"]
    assert service.requests == []


async def test_the_parent_waits_however_long_the_child_takes(service: Service):
    pause = {"type": "Wait", "inputs": {"interval": {"count": 3, "unit": "Day"}}}
    await service.deploy({"actions": {"Pause": pause, "R": response({"Pause": ["Succeeded"]}, body=1)}}, workflow=CHILD)
    began = service.clock.now()
    run = await service.run({"Child": nested()})
    assert (await run.outputs("Child"))["body"] == 1
    assert (service.clock.now() - began).days == 3


async def test_the_child_is_run_once_however_often_the_emulator_is_restarted(service: Service):
    pause = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Day"}}}
    await service.deploy({"actions": {"Pause": pause, "R": response({"Pause": ["Succeeded"]}, body=1)}}, workflow=CHILD)
    await service.deploy({"actions": {"Child": nested()}})
    run = await service.begin()
    for _ in range(2):
        await service.restart()
        await service.clock.advance(3600)
    assert (await (await service.result(run)).outputs("Child"))["body"] == 1
    assert len((await of_child(service, "GET", "runs"))["value"]) == 1


async def test_an_answer_that_was_given_before_a_restart_is_not_lost(service: Service):
    pause = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Day"}}, "runAfter": {"R": ["Succeeded"]}}
    await service.deploy({"actions": {"R": response(body="kept"), "Pause": pause}}, workflow=CHILD)
    hold = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}, "runAfter": {"Child": ["Succeeded"]}}
    seen = {"type": "Compose", "inputs": "@body('Child')", "runAfter": {"Hold": ["Succeeded"]}}
    await service.deploy({"actions": {"Child": nested(), "Hold": hold, "Seen": seen}})
    run = await service.begin()
    await service.restart()
    assert await (await service.result(run)).outputs("Seen") == "kept"


@pytest.mark.parametrize("status", [400, 500])
async def test_a_childs_refusal_fails_the_action_and_is_its_output(service: Service, status: int):
    await service.deploy({"actions": {"R": response(statusCode=status, body="no")}}, workflow=CHILD)
    run = await service.run({"Child": nested()})
    assert run.statuses["Child"] == "Failed"
    assert (await run.outputs("Child"))["body"] == "no"


async def test_a_child_that_ends_without_a_response_fails_the_action(service: Service):
    bad = {"type": "ParseJson", "inputs": {"content": 1, "schema": {"type": "string"}}}
    await service.deploy({"actions": {"Bad": bad, "R": response({"Bad": ["Succeeded"]})}}, workflow=CHILD)
    run = await service.run({"Child": nested()})
    assert run.actions["Child"]["error"]["code"] == "NoResponse"
    assert "ended without a Response action" in run.actions["Child"]["error"]["message"]


async def test_without_the_asynchronous_pattern_a_child_need_not_respond(service: Service):
    await service.deploy({"actions": {"A": {"type": "Compose", "inputs": 1}}}, workflow=CHILD)
    run = await service.run({"Child": nested(operationOptions="DisableAsyncPattern")})
    assert (await run.outputs("Child"))["statusCode"] == 202
    assert len((await of_child(service, "GET", "runs"))["value"]) == 1


async def test_without_the_asynchronous_pattern_a_child_has_as_long_as_a_call(service: Service):
    pause = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}}
    await service.deploy({"actions": {"Pause": pause, "R": response({"Pause": ["Succeeded"]})}}, workflow=CHILD)
    run = await service.run({"Child": nested(operationOptions="DisableAsyncPattern")})
    assert run.actions["Child"]["error"]["code"] == "GatewayTimeout"


@pytest.mark.parametrize(
    ("child", "action", "words"),
    [
        (None, nested(), "'.*/child' that the action 'Child' runs could not be found"),
        ({"actions": {}}, nested(), "'Child' waits for the workflow '.*/child', which has no Response action"),
        (
            {"actions": {"R": response()}},
            nested(inputs={"host": {"workflow": {"id": CHILD}, "triggerName": "other"}}),
            "has not the Request trigger 'other'; its Request triggers: manual",
        ),
        (
            {
                "triggers": {"t": {"type": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1}}},
                "actions": {},
            },
            nested(inputs={"host": {"workflow": {"id": CHILD}}}),
            "has not one Request trigger; its Request triggers: none",
        ),
    ],
)
async def test_an_action_whose_workflow_cannot_be_run_is_refused_when_it_is_put(
    service: Service, child: dict[str, Any] | None, action: dict[str, Any], words: str
):
    if child is not None:
        await service.deploy(child, workflow=CHILD)
    with pytest.raises(ArmError, match=words):
        await service.deploy({"actions": {"Child": action}})


async def test_a_child_that_is_disabled_or_gone_fails_the_action(service: Service):
    await service.deploy({"actions": {"R": response()}}, workflow=CHILD)
    await service.deploy({"actions": {"Child": nested()}})
    await of_child(service, "POST", "disable")
    disabled = await service.result(await service.begin())
    assert "is disabled" in disabled.actions["Child"]["error"]["message"]
    await service.provider.delete(Resource(ResourceId.parse(CHILD), {}))
    gone = await service.result(await service.begin())
    assert gone.actions["Child"]["error"]["code"] == "WorkflowNotFound"


async def test_a_child_that_takes_no_more_runs_is_asked_again(service: Service):
    limited = {"concurrency": {"runs": 1, "maximumWaitingRuns": 1}}
    pause = {"type": "Wait", "inputs": {"interval": {"count": 20, "unit": "Second"}}}
    answer = {**response({"Pause": ["Succeeded"]}), "operationOptions": "Asynchronous"}
    await service.deploy(
        {
            "triggers": {"manual": {"type": "Request", "kind": "Http", "runtimeConfiguration": limited}},
            "actions": {"Pause": pause, "R": answer},
        },
        workflow=CHILD,
    )
    for _ in range(2):
        await of_child(service, "POST", "triggers", "manual", "run")
        await settle()
    run = await service.run({"Child": nested()})
    assert run.statuses["Child"] == "Succeeded"
    assert run.actions["Child"]["retryHistory"][0]["code"] == "429"
