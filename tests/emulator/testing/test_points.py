"""What counts as reached of a definition."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.testing.coverage import Coverage
from emulator.testing.coverage_report import lines
from emulator.testing.points import Point, fingerprint, points, reached
from tests.emulator.logic_apps.standalone.alone import GET, after, result

COMPOSE = {"type": "Compose", "inputs": 1}


def found(actions: dict[str, Any], mocks: dict[str, Any] | None = None) -> set[Point]:
    ran = result(actions, mocks)
    records = [each.record for action in ran.actions.values() for each in action.repetitions]
    return set(reached(ran.definition, records, ran.iterations))


def branching(expression: Any) -> dict[str, Any]:
    return {"Is": {"type": "If", "expression": expression, "actions": {"Yes": COMPOSE}, "else": {"actions": {}}}}


@pytest.mark.parametrize(
    ("actions", "wanted", "unwanted"),
    [
        (branching("@true"), Point("Is", "condition", "true"), Point("Is", "condition", "false")),
        (branching("@false"), Point("Is", "condition", "false"), Point("Is", "condition", "true")),
        (branching("@false"), Point("Is", "action"), Point("Yes", "action")),
        (
            {"Which": {"type": "Switch", "expression": "@string('x')", "cases": {"C": {"case": "x", "actions": {}}}}},
            Point("Which", "case", "C"),
            Point("Which", "case", "default"),
        ),
        (
            {"Which": {"type": "Switch", "expression": "@string('y')", "cases": {"C": {"case": "x", "actions": {}}}}},
            Point("Which", "case", "default"),
            Point("Which", "case", "C"),
        ),
        (
            {"Each": {"type": "Foreach", "foreach": [], "actions": {"In": COMPOSE}}},
            Point("Each", "elements", "none"),
            Point("Each", "elements", "some"),
        ),
        (
            {"Each": {"type": "Foreach", "foreach": [1], "actions": {"In": COMPOSE}}},
            Point("Each", "elements", "some"),
            Point("Each", "elements", "none"),
        ),
        (
            {"Till": {"type": "Until", "expression": "@true", "actions": {"In": COMPOSE}}},
            Point("Till", "repetition", "once"),
            Point("Till", "repetition", "again"),
        ),
        (
            {
                "Till": {
                    "type": "Until",
                    "expression": "@equals(iterationIndexes('Till'), 1)",
                    "actions": {"In": COMPOSE},
                }
            },
            Point("Till", "repetition", "again"),
            Point("Till", "repetition", "once"),
        ),
        (
            {"A": COMPOSE, "B": {**COMPOSE, "runAfter": {"A": ["Succeeded", "Failed"]}}},
            Point("B", "after", "A Succeeded"),
            Point("B", "after", "A Failed"),
        ),
        (
            {"A": COMPOSE, "B": {**COMPOSE, "runAfter": after("A", status="Failed")}},
            Point("A", "action"),
            Point("B", "action"),
        ),
        (
            {
                "Is": {
                    "type": "If",
                    "expression": "@true",
                    "actions": {"End": {"type": "Terminate", "inputs": {"runStatus": "Failed"}}},
                    "else": {"actions": {}},
                }
            },
            Point("Is", "condition", "true"),
            Point("Is", "condition", "false"),
        ),
    ],
)
def test_what_a_run_did_is_reached_and_no_more(actions: dict[str, Any], wanted: Point, unwanted: Point):
    all_points = set(points(result(actions).definition))
    assert {wanted, unwanted} <= all_points
    assert wanted in found(actions)
    assert unwanted not in found(actions)
    assert found(actions) <= all_points


def test_actions_in_loops_are_after_what_stands_in_their_own_iteration():
    inner = {"Get": GET, "Then": {**COMPOSE, "runAfter": {"Get": ["Succeeded", "Failed"]}}}
    actions = {"Each": {"type": "Foreach", "foreach": [1, 2], "actions": inner}}
    mocks = {"actions": {"Get": {"repetitions": {"000001": {"statusCode": 404}}, "otherwise": {"statusCode": 200}}}}
    after_get = {point for point in found(actions, mocks) if point.kind == "after"}
    assert after_get == {Point("Then", "after", "Get Succeeded"), Point("Then", "after", "Get Failed")}


def test_definitions_with_other_inputs_count_for_one_another_and_with_other_actions_not():
    prints = [
        fingerprint(result({"A": {"type": "Compose", "inputs": inputs}}).definition) for inputs in (1, {"other": 2})
    ]
    assert prints[0] == prints[1]
    assert prints[0] != fingerprint(result({"B": COMPOSE}).definition)


def test_sessions_are_joined_and_what_is_missing_is_told():
    one, other = Coverage(), Coverage()
    for coverage, expression in ((one, "@true"), (other, "@false")):
        ran = result(branching(expression))
        records = [each.record for action in ran.actions.values() for each in action.repetitions]
        coverage.add("w", "w.json", ran.definition, records, ran.iterations)
    assert list(lines(other)) == [
        "w  50 %  actions 1/2, branches 1/2, runs 1",
        "  Is: never true",
        "  Yes: never executed",
    ]
    other.join(one.to_json())
    assert list(lines(other)) == ["w  100 %  actions 2/2, branches 2/2, runs 2"]


def test_a_workflow_that_is_wanted_is_told_though_it_never_ran_and_others_are_not():
    coverage = Coverage()
    coverage.want("never", "never.json", result({"A": COMPOSE}).definition)
    ran = result({"B": COMPOSE})
    coverage.add("other", "other.json", ran.definition, [], [])
    assert list(lines(coverage)) == ["never  0 %  actions 0/1, branches 0/0, runs 0", "  A: never executed"]
