"""Runs on mocked answers: who answers what, in which order, and what nothing answers."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from emulator.logic_apps.standalone.mocks import MockError, parse_mocks
from emulator.logic_apps.standalone.preparation import PreparationError
from emulator.logic_apps.standalone.running import Options, prepared_for, run
from tests.emulator.logic_apps.standalone.alone import GET, GET_INPUTS, after, fire, result, source


def test_an_action_is_answered_by_its_name_whatever_the_case():
    found = result({"Get": GET}, {"actions": {"get": {"statusCode": 200, "body": {"a": 1}}}})
    assert found.status == "Succeeded"
    assert found.actions["GET"].outputs["body"] == {"a": 1}
    (call,) = found.calls
    assert (call.action, call.method, call.url, call.status_code) == ("Get", "GET", "https://example.com/things", 200)


def test_answers_of_one_action_come_one_a_call_through_retries():
    found = result({"Get": GET}, {"actions": {"Get": [{"statusCode": 503}, {"statusCode": 429}, {"statusCode": 200}]}})
    assert [call.status_code for call in found.calls] == [503, 429, 200]
    assert len(found.actions["Get"].only.record.retries) == 2


def test_an_answer_of_400_fails_the_action_and_is_its_output():
    found = result({"Get": GET}, {"actions": {"Get": {"statusCode": 404, "body": "gone"}}})
    assert (found.status, found.actions["Get"].code) == ("Failed", "NotFound")
    assert found.actions["Get"].outputs["body"] == "gone"


@pytest.mark.parametrize("failure", ["timeout", "connectionDropped", "connectionRefused", "nameNotResolved"])
def test_calls_fail_without_an_answer_after_all_retries(failure: str):
    action = {**GET, "inputs": {**GET_INPUTS, "retryPolicy": {"type": "fixed", "count": 2, "interval": "PT10S"}}}
    found = result({"Get": action}, {"actions": {"Get": {"failure": failure}}})
    assert found.status == "Failed"
    assert [call.status_code for call in found.calls] == [None, None, None]
    assert found.seconds == pytest.approx(20 + (3 * 120 if failure == "timeout" else 0), abs=1)


def test_an_asynchronous_answer_is_polled_with_the_action_s_next_answers():
    started = {"statusCode": 202, "headers": {"Location": "https://example.com/jobs/1", "Retry-After": "30"}}
    found = result({"Get": GET}, {"actions": {"Get": [started, started, {"statusCode": 200, "body": {"done": True}}]}})
    assert found.actions["Get"].outputs["body"] == {"done": True}
    assert [call.url for call in found.calls][1:] == ["https://example.com/jobs/1"] * 2
    assert found.seconds == pytest.approx(60, abs=1)


def test_a_delay_passes_on_the_clock_of_the_run_alone():
    began = time.monotonic()
    found = result({"Get": GET}, {"actions": {"Get": {"statusCode": 200, "delay": "PT1M"}}})
    assert found.actions["Get"].only.seconds == pytest.approx(60, abs=0.1)
    assert time.monotonic() - began < 30


def test_a_week_of_waiting_in_an_until_takes_no_time():
    actions = {
        "Until": {
            "type": "Until",
            "expression": "@equals(iterationIndexes('Until'), 167)",
            "limit": {"count": 500, "timeout": "P8D"},
            "actions": {"Hour": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}}},
        }
    }
    began = time.monotonic()
    found = result(actions)
    assert found.status == "Succeeded"
    assert found.seconds == pytest.approx(168 * 3600, abs=1)
    assert time.monotonic() - began < 60


def test_time_stands_still_while_the_network_is_awaited():
    """A wait beside a call on the network does not run out before the answer comes."""

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(0.05)
            return httpx.Response(200, json={})

    actions = {"Get": GET, "Day": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Day"}}}}
    mocks, options = parse_mocks({"passthrough": ["https://example.com/*"]}), Options()
    written = source(actions)
    (found,) = run(prepared_for(written, mocks, options), mocks, options, Slow()).runs
    assert found.status == "Succeeded"
    assert found.calls[0].answered_by == "network"
    assert found.actions["Get"].only.seconds == 0


def test_requests_are_answered_by_the_first_rule_that_fits():
    post = {
        "type": "Http",
        "inputs": {
            "method": "POST",
            "uri": "https://example.com/things",
            "body": {"name": "a", "size": {"x": 1, "y": 2}},
        },
    }
    rules = [
        {"url": "https://other/*", "statusCode": 500},
        {"url": "https://example.com/*", "method": "GET", "response": {"statusCode": 200, "body": "got"}},
        {"url": "https://example.com/*", "body": {"size": {"x": 2}}, "statusCode": 500},
        {"url": "https://example.com/*", "action": "Other", "statusCode": 500},
        {"url": "https://example.com/*", "headers": {"accept": "text/*"}, "statusCode": 500},
        {"url": "https://example.com/*", "bodyContains": '"name":"b"', "statusCode": 500},
        {"url": "*/things", "body": {"size": {"x": 1}}, "response": {"statusCode": 201, "body": "made"}},
    ]
    found = result({"Get": GET, "Post": post, "Other": {"type": "Compose", "inputs": 1}}, {"requests": rules})
    assert {name: found.actions[name].outputs["body"] for name in ("Get", "Post")} == {"Get": "got", "Post": "made"}


def test_a_call_that_nothing_answers_ends_the_run_and_is_named():
    found = result(
        {"Get": GET, "Then": {"type": "Compose", "inputs": 1, "runAfter": after("Get")}},
        {"requests": [{"url": "https://other/*", "statusCode": 200}]},
    )
    assert found.status == "Cancelled"
    assert found.fault is not None
    assert "the action 'Get' calls GET https://example.com/things" in found.fault
    assert found.actions["Then"].status == "NotRun"


def test_a_call_after_the_last_answer_is_named_unless_the_last_one_is_repeated():
    actions = {
        "Each": {"type": "Foreach", "foreach": [1, 2, 3], "actions": {"Get": GET}, "operationOptions": "Sequential"}
    }
    answers: list[dict[str, Any]] = [{"statusCode": 200, "body": 1}, {"statusCode": 200, "body": 2}]
    found = result(actions, {"actions": {"Get": answers}})
    assert found.fault is not None
    assert "the action 'Get' (repetition 000002) asks for answer 3" in found.fault
    found = result(actions, {"actions": {"Get": {"answers": answers, "afterwards": "repeat"}}})
    assert [each.outputs["body"] for each in found.actions["Get"].repetitions] == [1, 2, 2]


def test_repetitions_have_answers_of_their_own():
    actions = {"Each": {"type": "Foreach", "foreach": [1, 2, 3], "actions": {"Get": GET}}}
    mocks = {
        "actions": {
            "Get": {"repetitions": {"000001": {"statusCode": 404}}, "otherwise": {"statusCode": 200, "body": "x"}}
        }
    }
    found = result(actions, mocks)
    assert [each.status for each in found.actions["Get"].repetitions] == ["Succeeded", "Failed", "Succeeded"]
    assert found.actions["Get"].counts == {"Succeeded": 2, "Failed": 1}


def test_a_managed_connector_is_answered_by_name_with_its_inputs_evaluated():
    send = {
        "type": "ApiConnection",
        "inputs": {
            "host": {"connection": {"name": "@parameters('$connections')['office365']['connectionId']"}},
            "method": "post",
            "path": "/v2/Mail",
            "body": {"To": "@triggerBody()['to']"},
        },
    }
    ran = fire(
        source({"Send": send}, parameters={"$connections": {"type": "Object", "defaultValue": {}}}),
        {"actions": {"Send": {"statusCode": 200, "body": {"id": 1}}}, "trigger": {"body": {"to": "me"}}},
    )
    action = ran.runs[0].actions["Send"]
    assert (action.status, action.outputs["body"], action.inputs["body"]) == ("Succeeded", {"id": 1}, {"To": "me"})
    assert action.inputs["host"]["connection"]["name"].endswith("/connections/office365")


def test_a_connector_without_an_answer_is_refused_before_the_run_with_its_type():
    with pytest.raises(MockError, match=r"'Send' \(ApiConnection\)"):
        fire(source({"Get": GET, "Send": {"type": "ApiConnection", "inputs": {"host": {}}}}), {"actions": {}})


def test_a_result_is_what_comes_of_the_action():
    actions = {
        "Code": {"type": "JavaScriptCode", "inputs": {"code": "return 1;"}},
        "Handle": {
            "type": "Compose",
            "inputs": "@actions('Code')['error']['message']",
            "runAfter": after("Code", status="TimedOut"),
        },
    }
    error = {"code": "Slow", "message": "too slow"}
    found = result(actions, {"actions": {"Code": {"status": "TimedOut", "error": error, "delay": "PT2M"}}})
    assert (found.actions["Code"].status, found.actions["Handle"].outputs) == ("TimedOut", "too slow")


def test_one_of_the_definition_s_static_results_answers():
    statics = {"Http0": {"status": "Failed", "outputs": {"statusCode": "BadRequest"}, "error": {"code": "E"}}}
    found = result({"Get": GET}, {"actions": {"Get": {"staticResult": "Http0"}}}, staticResults=statics)
    assert (found.actions["Get"].status, found.actions["Get"].outputs) == ("Failed", {"statusCode": "BadRequest"})
    assert found.calls == []
    with pytest.raises(MockError, match=r"actions\.Get\.staticResult: .* 'Http1'; there are: Http0"):
        result({"Get": GET}, {"actions": {"Get": {"staticResult": "Http1"}}}, staticResults=statics)


def test_a_managed_identity_has_a_mocked_token_that_never_goes_to_the_network():
    authentication = {"type": "ManagedServiceIdentity", "identity": "/any", "audience": "https://vault.azure.net"}
    action = {"type": "Http", "inputs": {**GET_INPUTS, "authentication": authentication}}
    found = result({"Get": action}, {"actions": {"Get": {"statusCode": 200}}})
    assert found.calls[0].headers["authorization"] == "Bearer mocked-managed-identity-token"
    reached: list[httpx.Request] = []

    def network(request: httpx.Request) -> httpx.Response:
        reached.append(request)
        return httpx.Response(200)

    mocks = parse_mocks({"passthrough": True})
    for tokens, status in (({}, "Cancelled"), ({"https://vault.azure.net/": "real"}, "Succeeded")):
        options = Options(tokens=tokens)
        prepared = prepared_for(source({"Get": action}), mocks, options)
        (found,) = run(prepared, mocks, options, httpx.MockTransport(network)).runs
        assert found.status == status, found.fault
    assert [request.headers["authorization"] for request in reached] == ["Bearer real"]


def test_the_token_of_an_app_registration_takes_no_answer_of_the_action():
    authentication = {
        "type": "ActiveDirectoryOAuth", "tenant": "t", "audience": "https://a", "clientId": "c", "secret": "s",
    }  # fmt: skip
    action = {"type": "Http", "inputs": {**GET_INPUTS, "authentication": authentication}}
    found = result({"Get": action}, {"actions": {"Get": [{"statusCode": 200, "body": "x"}]}})
    assert found.status == "Succeeded"
    assert [call.answered_by for call in found.calls] == ["action"]


def test_the_response_and_the_outputs_are_kept():
    actions = {
        "Respond": {"type": "Response", "kind": "Http", "inputs": {"statusCode": 201, "body": "@triggerBody()"}},
    }
    outputs = {"name": {"type": "String", "value": "@triggerBody()['name']"}}
    ran = fire(source(actions, outputs=outputs), {"trigger": {"body": {"name": "n"}}})
    (found,) = ran.runs
    assert found.response is not None
    assert (found.response["statusCode"], found.response["body"], found.outputs) == (201, {"name": "n"}, {"name": "n"})


def test_branches_taken_are_told():
    actions = {
        "Is": {"type": "If", "expression": "@equals(1, 2)", "actions": {}, "else": {"actions": {}}},
        "Which": {
            "type": "Switch",
            "expression": "b",
            "cases": {"B": {"case": "b", "actions": {}}},
            "default": {"actions": {}},
        },
    }
    assert result(actions).branches == {"Is": "else", "Which": "B"}


def test_split_on_starts_a_run_for_each_element_and_a_condition_none():
    split = {"manual": {"type": "Request", "kind": "Http", "splitOn": "@triggerBody()"}}
    actions = {"Say": {"type": "Compose", "inputs": "@triggerBody()"}}
    ran = fire(source(actions, triggers=split), {"trigger": {"body": ["a", "b"]}})
    assert [found.actions["Say"].outputs for found in ran.runs] == ["a", "b"]
    conditioned = {"manual": {"type": "Request", "kind": "Http", "conditions": [{"expression": "@equals(1, 2)"}]}}
    ran = fire(source(actions, triggers=conditioned))
    assert (ran.trigger_status, list(ran.runs)) == ("Skipped", [])


def test_a_polling_trigger_asks_what_the_mocks_answer():
    triggers = {
        "Poll": {
            "type": "Http",
            "inputs": {"method": "GET", "uri": "https://example.com/queue"},
            "recurrence": {"frequency": "Minute", "interval": 1},
        }
    }
    actions = {"Say": {"type": "Compose", "inputs": "@triggerBody()['n']"}}
    rule = {"url": "https://example.com/queue", "response": {"statusCode": 200, "body": {"n": 7}}}
    ran = fire(source(actions, triggers=triggers), {"requests": [rule]})
    assert ran.runs[0].actions["Say"].outputs == 7


def test_a_trigger_of_a_connector_gives_what_the_mocks_say():
    triggers = {"Mail": {"type": "ApiConnection", "inputs": {"host": {}}, "splitOn": "@triggerBody()?['value']"}}
    actions = {"Say": {"type": "Compose", "inputs": "@triggerBody()['id']"}}
    ran = fire(source(actions, triggers=triggers), {"trigger": {"body": {"value": [{"id": 1}, {"id": 2}]}}})
    assert [found.actions["Say"].outputs for found in ran.runs] == [1, 2]


def test_what_azure_refuses_runs_as_far_as_it_can_and_is_told():
    actions = {
        "Bad": {"type": "Compose", "inputs": "@concat()"},
        "Late": {"type": "Compose", "inputs": 1, "runAfter": after("Nobody")},
    }
    ran = fire(source(actions))
    assert [found.status for found in ran.runs] == ["Failed"]
    assert ran.runs[0].actions["Late"].status == "Succeeded"
    assert any("concat" in warning for warning in ran.warnings)
    assert any("'Nobody'" in warning for warning in ran.warnings)
    with pytest.raises(PreparationError, match="Azure refuses"):
        fire(source(actions), strict=True)


def test_actions_that_wait_for_one_another_are_refused():
    actions = {
        "A": {"type": "Compose", "inputs": 1, "runAfter": after("B")},
        "B": {"type": "Compose", "inputs": 1, "runAfter": after("A")},
    }
    with pytest.raises(PreparationError, match="circle: A, B"):
        fire(source(actions))


def test_standard_s_parameters_and_settings_stand_beside_the_definition():
    actions = {"Say": {"type": "Compose", "inputs": "@{parameters('Url')}/@{appsetting('It''s')}"}}
    mocks = {"parameters": {"Url": "https://x"}, "appSettings": {"It's": "a'b"}}
    assert result(actions, mocks).actions["Say"].outputs == "https://x/a'b"
    with pytest.raises(PreparationError, match="app setting 'It's' has no value"):
        result(actions, {"parameters": {"Url": "https://x"}})


def test_a_parameter_without_a_value_is_named():
    with pytest.raises(PreparationError, match="parameter 'p' is not provided"):
        result({}, parameters={"p": {"type": "String"}})
