from typing import Any

import httpx
import pytest

from emulator.arm.errors import ArmError
from tests.emulator.logic_apps.running import Service


def compose(value: Any, **run_after: list[str]) -> dict[str, Any]:
    return {"type": "Compose", "inputs": value, "runAfter": run_after}


def failing(**run_after: list[str]) -> dict[str, Any]:
    return {"type": "ParseJson", "inputs": {"content": 1, "schema": {"type": "string"}}, "runAfter": run_after}


async def test_actions_run_after_each_other_and_see_what_came_before(service: Service):
    run = await service.run({"A": compose({"x": 1}), "B": compose("@add(outputs('A')['x'],1)", A=["Succeeded"])})
    assert run.status == "Succeeded"
    assert await run.outputs("B") == 2


async def test_a_failure_skips_what_needs_success_and_fails_the_run(service: Service):
    run = await service.run({"A": failing(), "B": compose(1, A=["Succeeded"]), "C": compose(1, B=["Succeeded"])})
    assert run.statuses == {"A": "Failed", "B": "Skipped", "C": "Skipped"}
    assert run.actions["B"]["code"] == "ActionSkipped"
    assert run.status == "Failed"


async def test_a_handled_failure_leaves_the_run_succeeded(service: Service):
    run = await service.run({"A": failing(), "B": compose(1, A=["Failed"])})
    assert run.statuses == {"A": "Failed", "B": "Succeeded"}
    assert run.status == "Succeeded"


async def test_a_skipped_leaf_stands_for_what_it_would_have_run_after(service: Service):
    """A handler that had nothing to handle does not fail the run, and one that was not reached does not save it."""
    assert (await service.run({"A": compose(1), "B": compose(1, A=["Failed"])})).status == "Succeeded"
    run = await service.run({"A": failing(), "B": compose(1, A=["Succeeded"]), "C": compose(1, B=["Failed"])})
    assert run.status == "Failed"


async def test_an_action_waits_for_all_it_runs_after(service: Service):
    wait = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}, "runAfter": {}}
    run = await service.run({"W": wait, "A": compose(1), "B": compose(1, A=["Succeeded"], W=["Succeeded"])})
    assert run.actions["B"]["startTime"] >= run.actions["W"]["endTime"]


@pytest.mark.parametrize(("value", "taken", "left"), [(1, "Yes", "No"), (2, "No", "Yes")])
async def test_if_takes_one_branch_and_skips_the_other(service: Service, value: int, taken: str, left: str):
    run = await service.run(
        {
            "C": {
                "type": "If",
                "expression": {"and": [{"equals": ["@outputs('V')", 1]}]},
                "actions": {"Yes": compose(1)},
                "else": {"actions": {"No": compose(1)}},
                "runAfter": {"V": ["Succeeded"]},
            },
            "V": compose(value),
        }
    )
    assert run.statuses[taken] == "Succeeded"
    assert run.statuses[left] == "Skipped"
    assert run.actions[left]["code"] == "ActionBranchingConditionNotSatisfied"
    assert run.status == "Succeeded"


@pytest.mark.parametrize(("value", "taken"), [(404, "Missing"), ("404", "Other"), (1, "Other")])
async def test_switch_compares_value_and_type(service: Service, value: Any, taken: str):
    run = await service.run(
        {
            "V": compose(value),
            "S": {
                "type": "Switch",
                "expression": "@outputs('V')",
                "cases": {"One": {"case": 404, "actions": {"Missing": compose(1)}}},
                "default": {"actions": {"Other": compose(1)}},
                "runAfter": {"V": ["Succeeded"]},
            },
        }
    )
    assert run.statuses[taken] == "Succeeded"


async def test_an_action_in_a_foreach_is_an_array_from_outside(service: Service):
    run = await service.run(
        {
            "Each": {
                "type": "Foreach",
                "foreach": [3, 1, 2],
                "actions": {"Twice": compose("@mul(item(),2)")},
                "runAfter": {},
            },
            "All": compose("@outputs('Twice')", Each=["Succeeded"]),
        }
    )
    assert await run.outputs("All") == [6, 2, 4]
    assert run.actions["Twice"]["repetitionCount"] == 3


async def test_a_foreach_over_nothing_gives_no_outputs(service: Service):
    run = await service.run(
        {
            "Each": {"type": "Foreach", "foreach": [], "actions": {"Inner": compose(1)}, "runAfter": {}},
            "All": compose("@coalesce(outputs('Inner'),json('[]'))", Each=["Succeeded"]),
        }
    )
    assert await run.outputs("All") == []


async def test_one_failed_iteration_fails_the_foreach_and_the_others_run(service: Service):
    check = {"type": "ParseJson", "inputs": {"content": "@item()", "schema": {"enum": [1, 3]}}, "runAfter": {}}
    run = await service.run(
        {"Each": {"type": "Foreach", "foreach": [1, 2, 3], "actions": {"Check": check}, "runAfter": {}}}
    )
    assert run.statuses["Each"] == "Failed"
    repetitions = (await service.get("runs", run.id, "actions", "Check", "repetitions"))["value"]
    assert [each["properties"]["status"] for each in repetitions] == ["Succeeded", "Failed", "Succeeded"]


@pytest.mark.parametrize(
    ("options", "most"),
    [
        ({}, 20),
        ({"runtimeConfiguration": {"concurrency": {"repetitions": 3}}}, 3),
        ({"operationOptions": "Sequential"}, 1),
    ],
)
async def test_a_foreach_runs_as_many_iterations_at_once_as_it_says(
    service: Service, options: dict[str, Any], most: int
):
    wait = {"type": "Wait", "inputs": {"interval": {"count": 60, "unit": "Second"}}, "runAfter": {}}
    loop = {"type": "Foreach", "foreach": "@range(0,40)", "actions": {"Pause": wait}, "runAfter": {}, **options}
    run = await service.run({"Each": loop})
    repetitions = (await service.get("runs", run.id, "actions", "Pause", "repetitions", **{"$top": "100"}))["value"]
    starts = [each["properties"]["startTime"] for each in repetitions]
    assert max(starts.count(start) for start in set(starts)) == most


def until(expression: str, **more: Any) -> dict[str, Any]:
    pause = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Day"}}, "runAfter": {}}
    add = {"type": "IncrementVariable", "inputs": {"name": "n"}, "runAfter": {"Pause": ["Succeeded"]}}
    return {
        "Init": {
            "type": "InitializeVariable",
            "inputs": {"variables": [{"name": "n", "type": "integer", "value": 0}]},
            "runAfter": {},
        },
        "Loop": {
            "type": "Until",
            "expression": expression,
            "actions": {"Pause": pause, "Add": add},
            "runAfter": {"Init": ["Succeeded"]},
            **more,
        },
        "N": compose("@variables('n')", Loop=["Succeeded", "Failed"]),
    }


async def test_until_repeats_for_a_week_of_the_clock(service: Service):
    run = await service.run(until("@equals(variables('n'),7)", limit={"count": 60, "timeout": "P30D"}))
    assert await run.outputs("N") == 7
    assert run.statuses["Loop"] == "Succeeded"


@pytest.mark.parametrize("limit", [{"count": 3, "timeout": "P30D"}, {"count": 60, "timeout": "P3D"}])
async def test_until_ends_at_its_limits_as_a_success_unless_it_says_otherwise(service: Service, limit: dict[str, Any]):
    run = await service.run(until("@equals(variables('n'),7)", limit=limit))
    assert await run.outputs("N") == 3
    assert run.statuses["Loop"] == "Succeeded"
    strict = await service.run(
        until("@equals(variables('n'),7)", limit=limit, operationOptions="FailWhenLimitsReached")
    )
    assert strict.statuses["Loop"] == "Failed"


async def test_only_a_failure_of_the_last_iteration_fails_an_until(service: Service):
    answers = iter([(500, "busy"), (200, "done")])

    def answer(request: httpx.Request) -> httpx.Response:
        status, word = next(answers)
        return httpx.Response(status, json={"status": word})

    service.handler = answer
    call = {
        "type": "Http",
        "inputs": {"method": "GET", "uri": "http://x.test/", "retryPolicy": {"type": "none"}},
        "runAfter": {},
    }
    run = await service.run(
        {
            "Loop": {
                "type": "Until",
                "expression": "@equals(body('Call')?['status'],'done')",
                "limit": {"count": 5, "timeout": "PT1H"},
                "actions": {"Call": call},
                "runAfter": {},
            }
        }
    )
    assert run.statuses["Loop"] == "Succeeded"


async def test_terminate_ends_the_run_with_its_error(service: Service):
    error = {"code": "Told", "message": "because @{outputs('A')}"}
    stop = {"type": "Terminate", "inputs": {"runStatus": "Failed", "runError": error}, "runAfter": {"A": ["Succeeded"]}}
    run = await service.run({"A": compose("of it"), "Stop": stop, "After": compose(1, Stop=["Succeeded"])})
    assert run.status == "Failed"
    assert run.properties["error"] == {"code": "Told", "message": "because of it"}
    assert run.statuses["After"] == "Skipped"
    assert run.actions["After"]["code"] == "Terminated"


async def test_result_has_the_records_of_a_scopes_own_actions(service: Service):
    run = await service.run(
        {
            "S": {"type": "Scope", "actions": {"Good": compose(1), "Bad": failing(Good=["Succeeded"])}, "runAfter": {}},
            "R": {
                "type": "Select",
                "inputs": {
                    "from": "@result('S')",
                    "select": {"name": "@item()['name']", "status": "@item()['status']"},
                },
                "runAfter": {"S": ["Failed"]},
            },
        }
    )
    assert (await run.outputs("R"))["body"] == [
        {"name": "Good", "status": "Succeeded"},
        {"name": "Bad", "status": "Failed"},
    ]


async def test_result_of_a_scope_that_was_skipped_has_skipped_actions(service: Service):
    run = await service.run(
        {
            "A": failing(),
            "S": {"type": "Scope", "actions": {"Inner": compose(1)}, "runAfter": {"A": ["Succeeded"]}},
            "R": compose("@first(result('S'))?['status']", S=["Skipped"]),
        }
    )
    assert await run.outputs("R") == "Skipped"


async def test_a_limit_times_an_action_out(service: Service):
    wait = {
        "type": "Wait",
        "inputs": {"interval": {"count": 2, "unit": "Hour"}},
        "limit": {"timeout": "PT1H"},
        "runAfter": {},
    }
    run = await service.run({"W": wait, "After": compose(1, W=["TimedOut"])})
    assert run.statuses == {"W": "TimedOut", "After": "Succeeded"}
    assert run.actions["W"]["code"] == "ActionTimedOut"


async def test_an_expression_that_cannot_be_evaluated_fails_its_action_and_says_why(service: Service):
    run = await service.run({"A": compose({"x": 1}), "B": compose("@outputs('A')['y']", A=["Succeeded"])})
    assert run.statuses["B"] == "Failed"
    assert run.actions["B"]["code"] == "InvalidTemplate"
    assert "property 'y' doesn't exist" in run.actions["B"]["error"]["message"]


INITIALIZE = {"type": "InitializeVariable", "inputs": {"variables": [{"name": "v", "type": "array"}]}}
TERMINATE = {"type": "Terminate", "inputs": {"runStatus": "Failed"}}


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        (
            {"A": {"type": "ApiConnection", "inputs": {}}},
            "'A' has the type 'ApiConnection', a managed connector, which is not emulated",
        ),
        ({"A": compose(1, B=["Succeeded"])}, "'A' runs after 'B', which is no action beside it"),
        ({"A": compose(1, B=["Succeeded"]), "B": compose(1, A=["Succeeded"])}, "runs after itself"),
        ({"A": compose("@body('B')")}, "'A' refers to the action 'B'"),
        ({"A": compose("@parameters('p')")}, "'A' refers to the parameter 'p'"),
        ({"A": compose("@variables('v')")}, "'A' refers to the variable 'v'"),
        ({"A": compose("@nonsense(1)")}, "'A': The template function 'nonsense' is not defined"),
        ({"A": compose("@concat('a'")}, "expected token 'RightParenthesis'"),
        ({"A": compose(1, A=["Succeeded"])}, "runs after itself"),
        ({"A": {"type": "Scope", "actions": {"a": compose(1)}, "runAfter": {}}}, "'a' occurs twice"),
        ({"S": {"type": "Scope", "actions": {"V": INITIALIZE}}}, "has to stand at the top level"),
        ({"E": {"type": "Foreach", "foreach": [1], "actions": {"T": TERMINATE}}}, "cannot stand in the loop 'E'"),
        ({"A": compose(1, B=["Done"]), "B": compose(1)}, "statuses \\['Done'\\]"),
        (
            {"U": {"type": "Until", "expression": "@true", "limit": {"count": 0}}},
            "'U' is not valid: 'limit.count' is 0; allowed: 1 to 5000",
        ),
        ({"x" * 81: compose(1)}, "1 to 80 characters"),
        ({f"A{i}": compose(1) for i in range(501)}, "501 actions; the limit is 500"),
    ],
)
async def test_what_the_service_refuses_is_refused_before_it_runs(
    service: Service, actions: dict[str, Any], words: str
):
    with pytest.raises(ArmError, match=words) as raised:
        await service.deploy({"actions": actions})
    assert raised.value.status == 400
    assert raised.value.code == "InvalidTemplate"


async def test_nine_levels_are_one_too_many(service: Service):
    def nested(depth: int) -> dict[str, Any]:
        inner = nested(depth - 1) if depth > 1 else {"Leaf": compose(1)}
        return {f"S{depth}": {"type": "Scope", "actions": inner, "runAfter": {}}}

    await service.deploy({"actions": nested(8)})
    with pytest.raises(ArmError, match="nested at level '9'"):
        await service.deploy({"actions": nested(9)})


async def test_parameters_are_checked_when_the_workflow_is_put(service: Service):
    definition = {"parameters": {"n": {"type": "Int"}}, "actions": {"A": compose("@parameters('n')")}}
    with pytest.raises(ArmError, match="'n' is not provided"):
        await service.deploy(definition)
    with pytest.raises(ArmError, match="'n' is not valid: it has to be of the type Int"):
        await service.deploy(definition, n="1")
    with pytest.raises(ArmError, match="'m' in the parameters file are not valid"):
        await service.deploy(definition, n=1, m=2)
    run = await service.run(definition["actions"], parameters=definition["parameters"], values={"n": 4})
    assert await run.outputs("A") == 4


async def test_iterations_of_a_loop_are_listed_with_their_status(service: Service):
    check = {"type": "ParseJson", "inputs": {"content": "@item()", "schema": {"enum": [1, 3]}}, "runAfter": {}}
    inner = {"type": "Foreach", "foreach": [1, 2], "actions": {"Check": check}, "runAfter": {}}
    run = await service.run({"Outer": {"type": "Foreach", "foreach": ["a"], "actions": {"Inner": inner}}})
    found = (await service.get("runs", run.id, "actions", "Inner", "scopeRepetitions"))["value"]
    assert [(each["name"], each["properties"]["status"]) for each in found] == [
        ("000000-000000", "Succeeded"),
        ("000000-000001", "Failed"),
    ]
    assert found[1]["properties"]["repetitionIndexes"] == [
        {"scopeName": "Outer", "itemIndex": 0},
        {"scopeName": "Inner", "itemIndex": 1},
    ]
    one = await service.get("runs", run.id, "actions", "Inner", "scopeRepetitions", "000000-000001")
    assert one == found[1]
    repetition = await service.get("runs", run.id, "actions", "Check", "repetitions", "000000-000001")
    assert repetition["properties"]["status"] == "Failed"
    for name in ("000000-000007", "x", "000000"):
        with pytest.raises(ArmError, match=f"'{name}' could not be found"):
            await service.get("runs", run.id, "actions", "Check", "repetitions", name)


async def test_a_foreach_in_a_foreach_takes_one_element_at_a_time(service: Service):
    wait = {"type": "Wait", "inputs": {"interval": {"count": 60, "unit": "Second"}}, "runAfter": {}}
    inner = {"type": "Foreach", "foreach": [1, 2, 3], "actions": {"Pause": wait}, "runAfter": {}}
    run = await service.run({"Outer": {"type": "Foreach", "foreach": ["a"], "actions": {"Inner": inner}}})
    repetitions = (await service.get("runs", run.id, "actions", "Pause", "repetitions"))["value"]
    starts = [each["properties"]["startTime"] for each in repetitions]
    assert len(set(starts)) == 3


async def test_a_static_result_stands_for_the_action(service: Service):
    mocked = {"staticResult": {"name": "Http0", "staticResultOptions": "Enabled"}}
    call = {"type": "Http", "inputs": {"method": "GET", "uri": "http://x.test/"}, "runtimeConfiguration": mocked}
    result = {"status": "Failed", "outputs": {"statusCode": 404}, "error": {"code": "NotFound", "message": "none"}}
    run = await service.run(
        {"Call": call, "Seen": compose("@outputs('Call')['statusCode']", Call=["Failed"])},
        staticResults={"Http0": result},
    )
    assert service.requests == []
    assert run.actions["Call"]["code"] == "NotFound"
    assert await run.outputs("Seen") == 404


async def test_tracked_properties_are_in_the_history(service: Service):
    run = await service.run({"A": {**compose({"id": 7}), "trackedProperties": {"id": "@action()['outputs']['id']"}}})
    assert run.actions["A"]["trackedProperties"] == {"id": 7}


async def test_a_run_of_many_actions_is_listed_in_pages(service: Service):
    await service.deploy({"actions": {f"A{index}": compose(index) for index in range(5)}})
    run = await service.begin()
    await service.finish(run)
    page = await service.get("runs", run, "actions", **{"$top": "3"})
    assert [action["name"] for action in page["value"]] == ["A0", "A1", "A2"]
    rest = await service.following(page)
    assert [action["name"] for action in rest["value"]] == ["A3", "A4"]
    assert "nextLink" not in rest


async def test_a_run_gives_out_what_its_definition_says(service: Service):
    outputs = {"answer": {"type": "Int", "value": "@outputs('A')"}}
    run = await service.run({"A": compose(42)}, outputs=outputs)
    assert run.properties["outputs"] == {"answer": {"type": "Int", "value": 42}}
    wrong = {"answer": {"type": "Int", "value": "@outputs('A')['b']"}}
    run = await service.run({"A": compose({})}, outputs=wrong)
    assert run.status == "Failed"
    assert "The output 'answer' cannot be evaluated" in run.properties["error"]["message"]
