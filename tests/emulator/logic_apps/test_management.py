"""The management API through Microsoft's own client, over HTTP: every operation, deserialized into its models."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError

from tests.emulator.logic_apps.managed import GROUP, LOCATION, WORKFLOW, Managed, workflow
from tests.emulator.logic_apps.running import SCHEMA


@pytest.fixture
async def managed(tmp_path: Path) -> AsyncGenerator[Managed]:
    async with Managed(tmp_path).running() as made:
        yield made


def compose(inputs: Any) -> dict[str, Any]:
    return {"type": "Compose", "inputs": inputs}


async def fetched(uri: str, **options: Any) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.request(options.pop("method", "GET"), uri, **options)


# Workflows


async def test_a_workflow_is_put_read_patched_and_deleted(managed: Managed):
    client = managed.client
    made = await managed.deploy({"actions": {}})
    assert (made.name, made.state, made.provisioning_state) == (WORKFLOW, "Enabled", "Succeeded")
    assert made.access_endpoint.startswith(managed.configuration.url("logic-apps"))
    assert made.created_time == made.changed_time == managed.clock.now()
    patched: Any = await managed.ask(client.workflows.update)
    assert patched.version == made.version
    path = f"{made.id}"
    tagged = await managed.arm("PATCH", path, "2019-05-01", {"tags": {"a": "b"}})
    assert tagged.json()["tags"] == {"a": "b"}
    read: Any = await managed.ask(client.workflows.get)
    assert (read.tags, read.definition["$schema"]) == ({"a": "b"}, SCHEMA)
    await managed.ask(client.workflows.delete)
    with pytest.raises(HttpResponseError, match="was not found"):
        await managed.ask(client.workflows.get)


async def test_a_patch_keeps_what_a_get_does_not_show(managed: Managed):
    secure = {"p": {"type": "SecureString"}}
    made = await managed.deploy(
        {"parameters": secure, "actions": {"A": compose("@length(parameters('p'))")}},
        parameters={"p": {"value": "abc"}},
    )
    patched = (await managed.arm("PATCH", made.id, "2019-05-01", {"tags": {"a": "b"}})).json()
    assert (patched["tags"], patched["properties"]["version"]) == ({"a": "b"}, made.version)
    run = await managed.run()
    action: Any = await managed.ask(managed.client.workflow_run_actions.get, run, "A")
    assert (await fetched(action.outputs_link.uri)).json() == 3


async def test_workflows_are_listed_by_group_and_subscription_filtered_and_in_pages(managed: Managed):
    workflows = managed.client.workflows
    tick = {"tick": {"type": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1}}}
    for name, state, triggers in (("a", "Enabled", {}), ("b", "Disabled", tick), ("c", "Enabled", tick)):
        body = workflow({"actions": {}, **({"triggers": triggers} if triggers else {})}, state=state)
        await managed.ask(lambda group, _, name, body: workflows.create_or_update(group, name, body), name, body)

    async def names(**options: Any) -> list[str]:
        return [
            each.name
            for each in await managed.all(lambda group, _, **o: workflows.list_by_resource_group(group, **o), **options)
        ]  # type: ignore[reportUnknownLambdaType]

    assert await names() == ["a", "b", "c"]
    assert await names(top=1) == ["a", "b", "c"]
    assert await names(filter="state eq 'Disabled'") == ["b"]
    assert await names(filter="trigger eq 'tick' and state eq 'Enabled'") == ["c"]
    everywhere = await managed.all(lambda *_, **o: workflows.list_by_subscription(**o), filter="State eq 'Enabled'")
    assert [each.name for each in everywhere] == ["a", "c"]
    with pytest.raises(HttpResponseError, match="allowed: state eq 'Enabled' or 'Disabled'"):
        await names(filter="state eq 'Broken'")


async def test_a_workflow_is_switched_off_and_on(managed: Managed):
    client = managed.client
    await managed.deploy({"actions": {}})
    await managed.ask(client.workflows.disable)
    read: Any = await managed.ask(client.workflows.get)
    assert read.state == "Disabled"
    with pytest.raises(HttpResponseError, match="disabled"):
        await managed.ask(client.workflow_triggers.run, "manual")
    await managed.ask(client.workflows.enable)
    read = await managed.ask(client.workflows.get)
    assert read.state == "Enabled"


async def test_a_workflow_is_validated_at_both_addresses_and_not_deployed(managed: Managed):
    workflows = managed.client.workflows
    await managed.deploy({"actions": {"A": compose("old")}})
    await managed.ask(workflows.validate_by_resource_group, workflow({"actions": {}}))
    at_location: Any = lambda group, name, body: workflows.validate_by_location(group, LOCATION, name, body)  # noqa: E731
    await managed.ask(at_location, workflow({"actions": {}}))
    wrong = workflow({"actions": {"A": compose("@nonsense()")}})
    for operation in (workflows.validate_by_resource_group, at_location):
        with pytest.raises(HttpResponseError, match="'nonsense' is not defined"):
            await managed.ask(operation, wrong)
    with pytest.raises(HttpResponseError, match="differs from the request's address, which says 'eastus'"):
        await managed.ask(at_location, {**workflow({"actions": {}}), "location": "westus"})
    with pytest.raises(HttpResponseError, match="not available"):
        await managed.ask(lambda group, name, body: workflows.validate_by_location(group, "moon", name, body), wrong)
    read: Any = await managed.ask(workflows.get)
    assert read.definition["actions"]["A"]["inputs"] == "old"


async def test_a_callback_ends_when_its_key_is_regenerated_or_its_time_is_up(managed: Managed):
    workflows = managed.client.workflows
    made = await managed.deploy({"actions": {}})

    async def callback(**body: Any) -> str:
        return (await managed.ask(workflows.list_callback_url, body)).value

    async def status(uri: str) -> int:
        return (await fetched(uri, method="POST")).status_code

    primary, secondary = await callback(), await callback(keyType="Secondary")
    short = await callback(notAfter="2026-01-01T01:00:00Z")
    assert "&se=2026-01-01T01%3A00%3A00.0000000Z&" in short
    assert [await status(uri) for uri in (primary, secondary, short)] == [202, 202, 202]
    assert await status(short.replace("T01%3A", "T02%3A")) == 401
    await managed.clock.advance(3600)
    assert await status(short) == 401
    await managed.ask(workflows.regenerate_access_key, {"keyType": "Primary"})
    assert [await status(uri) for uri in (primary, secondary)] == [401, 202]
    assert await status(await callback(keyType="NotSpecified")) == 202
    with pytest.raises(HttpResponseError, match="keyType is 'Tertiary'; allowed: NotSpecified, Primary, Secondary"):
        await callback(keyType="Tertiary")
    wrong = await managed.arm("POST", f"{made.id}/listCallbackUrl", "2019-05-01", {"notAfter": "soon"})
    assert wrong.json()["error"]["message"] == "notAfter is 'soon', which is no time."


async def test_the_request_trigger_is_described_as_openapi(managed: Managed):
    schema = {"type": "object", "properties": {"who": {"type": "string"}}}
    manual = {"manual": {"type": "Request", "kind": "Http", "inputs": {"schema": schema, "method": "PUT"}}}
    await managed.deploy({"triggers": manual, "actions": {}})
    found: Any = await managed.ask(managed.client.workflows.list_swagger)
    address: Any = await managed.ask(managed.client.workflow_triggers.list_callback_url, "manual")
    ((path, methods),) = found["paths"].items()
    assert f"{found['schemes'][0]}://{found['host']}{found['basePath']}{path}" == address.base_path
    parameters = {each["name"]: each for each in methods["put"]["parameters"]}
    assert parameters["body"]["schema"] == schema
    given = {name: each["default"] for name, each in parameters.items() if "default" in each}
    signed = await fetched(f"{address.base_path}", method="PUT", params={**given, "sig": address.queries.sig}, json={})
    assert signed.status_code == 202
    assert address.queries.sig not in json.dumps(found)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("generateUpgradedDefinition", "generateUpgradedDefinition below a workflow: definitions of older schemas"),
        ("move", "POST .../move below a workflow: delete the workflow"),
        ("triggers/manual/setState", "setState below a workflow: triggers here keep no state"),
        ("accessKeys", "does not implement POST .../accessKeys"),
    ],
)
async def test_what_is_not_emulated_is_refused_by_name(managed: Managed, path: str, words: str):
    made = await managed.deploy({"actions": {}})
    answer = await managed.arm("POST", f"{made.id}/{path}", "2019-05-01", {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotImplemented")
    assert words in answer.json()["error"]["message"]


# Versions


async def test_each_change_makes_a_version_and_a_run_names_the_one_it_ran(managed: Managed):
    client = managed.client
    first = await managed.deploy({"actions": {"A": compose("one")}})
    ran = await managed.run()
    same = await managed.deploy({"actions": {"A": compose("one")}})
    assert same.version == first.version
    second = await managed.deploy({"actions": {"A": compose("two")}})
    listed = await managed.all(client.workflow_versions.list, top=1)
    assert [each.name for each in listed] == [second.version, first.version]
    former: Any = await managed.ask(client.workflow_versions.get, first.version)
    assert former.definition["actions"]["A"]["inputs"] == "one"
    assert (former.version, former.location) == (first.version, LOCATION)
    run: Any = await managed.ask(client.workflow_runs.get, ran)
    assert run.workflow.id == f"{first.id}/versions/{first.version}"
    with pytest.raises(HttpResponseError, match="'0' could not be found"):
        await managed.ask(client.workflow_versions.get, "0")


async def test_a_versions_callback_runs_that_version(managed: Managed):
    client = managed.client
    first = await managed.deploy({"actions": {"A": compose("one")}})
    await managed.deploy({"actions": {"B": compose("two")}})
    address: Any = await managed.ask(
        client.workflow_version_triggers.list_callback_url, first.version, "manual", {"keyType": "Primary"}
    )
    answer = await fetched(address.value, method="POST")
    assert answer.status_code == 202
    run = answer.headers["x-ms-workflow-run-id"]
    actions = await managed.all(client.workflow_run_actions.list, run)
    assert [action.name for action in actions] == ["A"]
    assert (await fetched(address.value.replace(first.version, "0" * 20), method="POST")).status_code == 401


# Triggers


async def test_triggers_are_listed_read_reset_and_run(managed: Managed):
    triggers = managed.client.workflow_triggers
    tick = {"type": "Recurrence", "recurrence": {"frequency": "Hour", "interval": 2}}
    schema = {"type": "object"}
    made = await managed.deploy(
        {
            "triggers": {"tick": tick, "manual": {"type": "Request", "kind": "Http", "inputs": {"schema": schema}}},
            "actions": {},
        }
    )
    await managed.clock.advance(60)
    assert [each.name for each in await managed.all(triggers.list, top=1)] == ["manual", "tick"]
    found: Any = await managed.ask(triggers.get, "tick")
    assert (found.recurrence.frequency, found.recurrence.interval) == ("Hour", 2)
    assert found.last_execution_time.isoformat() == "2026-01-01T00:00:00+00:00"
    assert found.next_execution_time.isoformat() == "2026-01-01T02:00:00+00:00"
    assert found.workflow.name == made.version
    await managed.ask(triggers.reset, "tick")
    await managed.clock.advance(1)
    found = await managed.ask(triggers.get, "tick")
    assert found.last_execution_time.isoformat() == "2026-01-01T00:01:00+00:00"
    assert found.next_execution_time.isoformat() == "2026-01-01T02:01:00+00:00"
    headers: list[Any] = []
    hook: Any = lambda response: headers.append(response.http_response.headers)  # noqa: E731
    await managed.ask(triggers.run, "tick", raw_response_hook=hook)
    newest = (await managed.all(managed.client.workflow_runs.list, top=1))[0]
    assert (newest.trigger.name, headers[0]["x-ms-workflow-run-id"]) == ("tick", newest.name)
    json_schema: Any = await managed.ask(triggers.get_schema_json, "manual")
    assert json.loads(json_schema.content) == schema
    with pytest.raises(HttpResponseError, match="only Request triggers have a schema"):
        await managed.ask(triggers.get_schema_json, "tick")
    await managed.ask(triggers.run, "manual")
    newest = (await managed.all(managed.client.workflow_runs.list, top=1))[0]
    assert newest.trigger.name == "manual"


async def test_trigger_histories_are_listed_filtered_and_resubmitted(managed: Managed):
    histories = managed.client.workflow_trigger_histories
    condition = [{"expression": "@equals(triggerBody()?['go'], true)"}]
    manual = {"manual": {"type": "Request", "kind": "Http", "conditions": condition}}
    await managed.deploy({"triggers": manual, "actions": {"A": compose("@triggerBody()")}})
    address = (await managed.ask(managed.client.workflow_triggers.list_callback_url, "manual")).value
    for go in (True, False, True):
        await fetched(address, method="POST", json={"go": go})
        await managed.clock.advance(60)
    found = await managed.all(histories.list, "manual", top=1)
    assert [(each.status, each.fired) for each in found] == [
        ("Succeeded", True),
        ("Skipped", False),
        ("Succeeded", True),
    ]
    skipped = await managed.all(histories.list, "manual", filter="Status eq 'Skipped'")
    assert [each.name for each in skipped] == [found[1].name]
    late = await managed.all(histories.list, "manual", filter="startTime gt 2026-01-01T00:01:30Z")
    assert [each.name for each in late] == [found[0].name]
    one: Any = await managed.ask(histories.get, "manual", found[0].name)
    assert one.run.name == found[0].name
    assert (await fetched(one.outputs_link.uri)).json()["body"] == {"go": True}
    await managed.ask(histories.resubmit, "manual", found[0].name)
    runs = await managed.all(managed.client.workflow_runs.list)
    assert len(runs) == 3
    assert (await fetched(runs[0].trigger.outputs_link.uri)).json()["body"] == {"go": True}
    with pytest.raises(HttpResponseError, match="started no run"):
        await managed.ask(histories.resubmit, "manual", found[1].name)


# Runs


async def test_runs_are_filtered_and_pages_stand_still_while_runs_come(managed: Managed):
    runs = managed.client.workflow_runs
    await managed.deploy({"actions": {}})
    names: list[str] = []
    for _ in range(5):
        names.insert(0, await managed.run())
        await managed.clock.advance(60)
    listed: Any = runs.list(GROUP, WORKFLOW, top=2)
    pages = listed.by_page()
    seen = [run.name for run in await managed.ask(lambda *_: next(pages))]
    await managed.run()
    for _ in range(2):
        seen += [run.name for run in await managed.ask(lambda *_: next(pages))]
    assert seen == names
    assert len(await managed.all(runs.list, filter="Status eq 'Succeeded'")) == 6
    assert await managed.all(runs.list, filter="Status ne 'succeeded'") == []
    between = "StartTime ge 2026-01-01T00:01:00Z and StartTime lt 2026-01-01T00:03:00Z and Status eq 'Succeeded'"
    assert [run.name for run in await managed.all(runs.list, filter=between)] == names[2:4]
    assert [r.name for r in await managed.all(runs.list, filter=f"ClientTrackingId eq '{names[0]}'")] == [names[0]]
    with pytest.raises(HttpResponseError, match="'Done' is no status; allowed: NotSpecified, Paused"):
        await managed.all(runs.list, filter="status eq 'Done'")


async def test_a_run_is_read_cancelled_and_found_by_its_operation(managed: Managed):
    client = managed.client
    pause = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Day"}}}
    await managed.deploy({"actions": {"Pause": pause}})
    located: list[str] = []
    await managed.ask(
        client.workflow_triggers.run,
        "manual",
        raw_response_hook=lambda response: located.append(response.http_response.headers["Location"]),
    )
    (run,) = await managed.all(client.workflow_runs.list)
    assert (run.status, run.end_time, run.correlation.client_tracking_id) == ("Running", None, run.name)
    operation = located[0].partition("?")[0].rsplit("/", 1)[-1]
    found: Any = await managed.ask(client.workflow_run_operations.get, run.name, operation)
    assert (found.name, found.status) == (run.name, "Running")
    with pytest.raises(HttpResponseError, match="has no operation 'other'"):
        await managed.ask(client.workflow_run_operations.get, run.name, "other")
    await managed.ask(client.workflow_runs.cancel, run.name)
    found = await managed.ask(client.workflow_runs.get, run.name)
    assert (found.status, found.end_time) == ("Cancelled", managed.clock.now())
    assert (await managed.arm("DELETE", found.id, "2019-05-01")).json()["error"]["code"] == "NotImplemented"


async def test_contents_open_say_their_size_and_hash_and_expire(managed: Managed):
    client = managed.client
    await managed.deploy({"actions": {"A": compose({"text": "größer"})}})
    run = await managed.run()
    action: Any = await managed.ask(client.workflow_run_actions.get, run, "A")
    link = action.outputs_link
    assert f"/runs/{run}/actions/A/contents/ActionOutputs?" in link.uri
    content = await fetched(link.uri)
    assert content.json() == {"text": "größer"}
    assert link.content_size == len(content.content)
    digest = base64.b64encode(hashlib.md5(content.content).digest()).decode()
    assert (link.content_version, link.content_hash.algorithm, link.content_hash.value) == (digest, "md5", digest)
    assert (await fetched(link.uri.replace("Outputs?", "Inputs?"))).status_code == 401
    await managed.clock.advance(4 * 3600)
    assert (await fetched(link.uri)).status_code == 200
    await managed.clock.advance(3600)
    assert (await fetched(link.uri)).status_code == 401


# Actions

CALL: dict[str, Any] = {
    "type": "Http",
    "inputs": {
        "method": "GET",
        "uri": "http://x.test/@{item()}",
        "headers": {"Authorization": "secret-of-the-header"},
        "retryPolicy": {"type": "fixed", "interval": "PT5S", "count": 2},
    },
}


async def test_repetitions_iterations_and_requests_of_a_loop(managed: Managed):
    client = managed.client
    failures = iter([503, 200, 200, 200])
    managed.handler = lambda request: httpx.Response(next(failures), json={"path": request.url.path})
    inner = {"type": "Foreach", "foreach": "@createArray(concat(item(), '1'))", "actions": {"Call": CALL}}
    loop = {
        "type": "Foreach", "foreach": ["a", "b", "c"], "operationOptions": "Sequential", "actions": {"Inner": inner},
    }  # fmt: skip
    await managed.deploy({"actions": {"Each": loop}})
    run = await managed.run()
    summed: Any = await managed.ask(client.workflow_run_actions.get, run, "Call")
    assert (summed.status, summed.inputs_link) == ("Succeeded", None)
    assert [a.name for a in await managed.all(client.workflow_run_actions.list, run, top=1)] == [
        "Each",
        "Inner",
        "Call",
    ]
    running = await managed.all(client.workflow_run_actions.list, run, filter="status eq 'Failed'")
    assert running == []
    repetitions = await managed.all(client.workflow_run_action_repetitions.list, run, "Call")
    assert [each.name for each in repetitions] == ["000000-000000", "000001-000000", "000002-000000"]
    second: Any = await managed.ask(client.workflow_run_action_repetitions.get, run, "Call", "000001-000000")
    assert [(i.scope_name, i.item_index) for i in second.repetition_indexes] == [("Each", 1), ("Inner", 0)]
    assert (await fetched(second.outputs_link.uri)).json()["body"] == {"path": "/b1"}
    scopes = await managed.all(client.workflow_run_action_scope_repetitions.list, run, "Each")
    assert [each.name for each in scopes] == ["000000", "000001", "000002"]
    scope: Any = await managed.ask(client.workflow_run_action_scope_repetitions.get, run, "Inner", "000002-000000")
    assert scope.status == "Succeeded"
    requests: Any = await managed.all(
        client.workflow_run_action_repetitions_request_histories.list, run, "Call", "000000-000000"
    )
    assert [each.properties.response.status_code for each in requests] == [200, 503]
    one: Any = await managed.ask(
        client.workflow_run_action_repetitions_request_histories.get, run, "Call", "000000-000000", requests[1].name
    )
    assert (one.properties.request.method, one.properties.request.uri) == ("GET", "http://x.test/a1")
    assert one.properties.request.headers["Authorization"] == "*sanitized*"
    assert (await fetched(one.properties.response.body_link.uri)).json() == {"path": "/a1"}
    assert await managed.all(client.workflow_run_action_request_histories.list, run, "Call") == []
    traced = await managed.all(
        client.workflow_run_action_repetitions.list_expression_traces, run, "Call", "000002-000000"
    )
    assert [(each.path, each.text, each.value) for each in traced] == [
        ("inputs.uri", "http://x.test/@{item()}", "http://x.test/c1")
    ]
    for operation, arguments in (
        (client.workflow_run_action_repetitions.get, ("Call", "000009-000000")),
        (client.workflow_run_action_scope_repetitions.get, ("Each", "000009")),
        (client.workflow_run_action_repetitions_request_histories.get, ("Call", "000000-000000", "1")),
        (client.workflow_run_actions.get, ("Nothing",)),
    ):
        with pytest.raises(HttpResponseError, match="could not be found"):
            await managed.ask(operation, run, *arguments)


async def test_more_than_nine_iterations_are_listed_in_order(managed: Managed):
    loop = {"type": "Foreach", "foreach": "@range(0, 12)", "actions": {"A": compose("@item()")}}
    await managed.deploy({"actions": {"Each": loop}})
    run = await managed.run()
    made = await managed.all(managed.client.workflow_run_action_scope_repetitions.list, run, "Each")
    assert [each.name for each in made] == [f"{index:06}" for index in range(12)]


async def test_requests_of_an_action_outside_of_loops(managed: Managed):
    histories = managed.client.workflow_run_action_request_histories
    statuses = iter([429, 500, 200])
    managed.handler = lambda request: httpx.Response(next(statuses), text="text")
    call = {"type": "Http", "inputs": {**CALL["inputs"], "uri": "http://x.test/"}}
    await managed.deploy({"actions": {"Call": call}})
    run = await managed.run()
    found = await managed.all(histories.list, run, "Call")
    assert [each.properties.response.status_code for each in found] == [200, 500, 429]
    assert [each.name for each in found] == sorted(each.name for each in found)
    one: Any = await managed.ask(histories.get, run, "Call", found[0].name)
    assert (await fetched(one.properties.response.body_link.uri)).json() == "text"


async def test_expression_traces_tell_text_path_value_and_error(managed: Managed):
    traces = managed.client.workflow_run_actions.list_expression_traces
    inputs = {"a": "@add(1, 2)", "list": ["@{toUpper('x')}!", "plain"], "odd name": "@null"}
    failing = {**compose({"fine": "@add(1, 2)", "wrong": "@int('x')"}), "runAfter": {"A": ["Succeeded"]}}
    await managed.deploy({"actions": {"A": compose(inputs), "B": failing}})
    run = await managed.run()
    assert [(each.path, each.text, each.value, each.error) for each in await managed.all(traces, run, "A")] == [
        ("inputs.a", "@add(1, 2)", 3, None),
        ("inputs.list[0]", "@{toUpper('x')}!", "X!", None),
        ("inputs['odd name']", "@null", None, None),
    ]
    fine, wrong = await managed.all(traces, run, "B")
    assert (fine.path, fine.value) == ("inputs.fine", 3)
    assert (wrong.path, wrong.value, wrong.error.code) == ("inputs.wrong", None, "ExpressionEvaluationFailed")
    assert "int" in wrong.error.message
