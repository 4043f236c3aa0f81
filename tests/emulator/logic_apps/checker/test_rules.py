"""Every rule finds what its example shows, and nothing in what its remedy shows."""

from pathlib import Path
from typing import Any

import pytest

from emulator.logic_apps.checker.linting import Target
from emulator.logic_apps.checker.rules import RULES, Rule, Severity
from tests.emulator.logic_apps.checker.linted import codes, completed, findings, linted

WITH_EXAMPLE = [rule for rule in RULES.values() if rule.example]
LONG = {"action-count", "description-length", "expression-length", "too-deep", "tracked-properties", "variable-count"}
OF_FILES = {"json-encoding", "json-byte-order-mark", "unreadable"}


def compose(value: Any) -> dict[str, Any]:
    return {"type": "Compose", "inputs": value}


@pytest.mark.parametrize("rule", WITH_EXAMPLE, ids=lambda rule: rule.code)
def test_a_rule_finds_its_example_and_accepts_what_is_mended(rule: Rule, tmp_path: Path):
    target = Target.EMULATOR if rule.code == "not-emulated" else Target.AZURE
    path = tmp_path / "workflow.json"
    path.write_text(completed(rule.example), encoding="utf-8")
    found = [each.rule.code for each in linted(path, target).findings]
    assert rule.code in found
    path.write_text(completed(rule.fixed), encoding="utf-8")
    left = linted(path, target).findings
    assert not [each for each in left if each.rule.code == rule.code]
    assert not [each for each in left if each.severity is Severity.ERROR]


def test_the_rules_without_an_example_are_those_of_sizes_and_of_files():
    assert {rule.code for rule in RULES.values() if not rule.example} == LONG | OF_FILES


def test_every_rule_says_why_and_what_to_do():
    for rule in RULES.values():
        assert rule.code == rule.code.lower()
        assert all(text.endswith((".", "!")) for text in (rule.summary, rule.reason, rule.fix)), rule.code


@pytest.mark.parametrize(
    ("code", "beyond", "within"),
    [
        (
            "action-count",
            {"actions": {f"A{i}": compose(1) for i in range(501)}},
            {"actions": {f"A{i}": compose(1) for i in range(500)}},
        ),
        (
            "description-length",
            {"actions": {"A": {**compose(1), "description": "x" * 257}}},
            {"actions": {"A": {**compose(1), "description": "x" * 256}}},
        ),
        (
            "expression-length",
            {"actions": {"A": compose("@concat('" + "x" * 8183 + "')")}},
            {"actions": {"A": compose("@concat('" + "x" * 8182 + "')")}},
        ),
        (
            "tracked-properties",
            {"actions": {"A": {**compose(1), "trackedProperties": {"x": "y" * 8000}}}},
            {"actions": {"A": {**compose(1), "trackedProperties": {"x": "y" * 7990}}}},
        ),
        (
            "out-of-limit",
            {"actions": {"A": {"type": "Foreach", "foreach": [1] * 100_001, "actions": {}}}},
            {"actions": {"A": {"type": "Foreach", "foreach": [1] * 100_000, "actions": {}}}},
        ),
        (
            "out-of-limit",
            {"actions": {"A": {"type": "Http", "inputs": {"method": "GET", "uri": "http://x.test/" + "x" * 16_371}}}},
            {"actions": {"A": {"type": "Http", "inputs": {"method": "GET", "uri": "http://x.test/" + "x" * 16_370}}}},
        ),
        (
            "variable-count",
            {
                "actions": {
                    "A": {
                        "type": "InitializeVariable",
                        "inputs": {"variables": [{"name": f"v{i}", "type": "string"} for i in range(251)]},
                    }
                }
            },
            {
                "actions": {
                    "A": {
                        "type": "InitializeVariable",
                        "inputs": {"variables": [{"name": f"v{i}", "type": "string"} for i in range(250)]},
                    }
                }
            },
        ),
    ],
)
def test_a_limit_is_kept_to_the_last(code: str, beyond: dict[str, Any], within: dict[str, Any], tmp_path: Path):
    assert code in codes(tmp_path, beyond)
    assert codes(tmp_path, within, Severity.ERROR) == []


def test_all_problems_of_a_definition_are_told_each_once(tmp_path: Path):
    definition: dict[str, Any] = {
        "parameters": {"p": {"type": "Text"}, "q": {"type": "Int", "defaultValue": "x"}},
        "actions": {
            "A": compose("@concat(nosuch(1), add(1))"),
            "B": {**compose("@body('Gone')"), "runAfter": {"Gone": ["Succeeded"]}},
            "C": {"type": "Foo"},
            "D": {**compose("@outputs('C')"), "runAfter": {"C": ["Succeeded"]}},
        },
    }
    told = [(each.rule.code, each.pointer) for each in findings(tmp_path, definition)]
    assert told == [
        ("parameter-type", "/parameters/p/type"),
        ("parameter-default", "/parameters/q/defaultValue"),
        ("unknown-function", "/actions/A/inputs"),
        ("argument-count", "/actions/A/inputs"),
        ("action-unknown", "/actions/B/inputs"),
        ("run-after-unknown", "/actions/B/runAfter/Gone"),
        ("unknown-type", "/actions/C/type"),
    ]


@pytest.mark.parametrize(
    ("handler", "statuses", "told"),
    [
        ({"type": "Terminate", "inputs": {"runStatus": "Failed"}}, ["Failed"], False),
        ({"type": "Http", "inputs": {"method": "GET", "uri": "@parameters('u')"}}, ["Failed"], False),
        ({"type": "Http", "inputs": {"method": "GET", "uri": "@parameters('u')"}}, ["Succeeded", "Failed"], True),
        (compose("@actions('Get')?['error']"), ["Failed"], False),
        (compose("sorry"), ["Failed"], True),
    ],
)
def test_a_failure_is_noticed_by_who_tells_ends_or_reads_it(
    handler: dict[str, Any], statuses: list[str], told: bool, tmp_path: Path
):
    definition = {
        "parameters": {"u": {"type": "String"}},
        "actions": {
            "Get": {"type": "Http", "inputs": {"method": "GET", "uri": "@parameters('u')"}},
            "Handle": {**handler, "runAfter": {"Get": statuses}},
        },
    }
    assert ("failure-unnoticed" in codes(tmp_path, definition)) is told
