"""What holds for every definition as it is deployed, before any of it runs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import workflows
from emulator.logic_apps.checker.configuration import read_configuration
from emulator.logic_apps.checker.linting import Target, lint

SECRETS = (
    "body('List_the_training_keys')",
    "body('Sign_the_training_container')",
    "body('Sign_the_evaluation_container')",
)


def actions_of(container: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield name, action and the siblings of every action of the tree."""
    for name, action in container.items():
        yield name, action, container
        yield from actions_of(action.get("actions", {}))
        for branch in [action.get("else", {}), action.get("default", {}), *action.get("cases", {}).values()]:
            yield from actions_of(branch.get("actions", {}))


def all_actions(name: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    return list(actions_of(workflows.load(name)["actions"]))


def secured(action: dict[str, Any]) -> set[str]:
    return set(action.get("runtimeConfiguration", {}).get("secureData", {}).get("properties", []))


def test_an_include_stands_for_the_file(tmp_path: Path):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "definition.json").write_text('{"actions": {"A": {"actions": {"$include": "a.json"}}}}')
    (tmp_path / "w" / "a.json").write_text('{"B": [1, {"$include": "b.json"}]}')
    (tmp_path / "w" / "b.json").write_text('"c"')
    assert workflows.load("w", tmp_path) == {"actions": {"A": {"actions": {"B": [1, "c"]}}}}


def test_a_file_that_stands_twice_has_other_names_the_second_time(tmp_path: Path):
    (tmp_path / "w").mkdir()
    (tmp_path / "shared").mkdir()
    again = '{"$include": "../shared/a.json", "$suffix": "_again", "$rename": {"Given": "Other"}}'
    (tmp_path / "w" / "definition.json").write_text(f'{{"one": {{"$include": "../shared/a.json"}}, "two": {again}}}')
    (tmp_path / "shared" / "a.json").write_text(
        """{"A": {"inputs": "@outputs('Given')", "actions": {"C": {"text": "'else'"}}},
            "B": {"in": "@body('A')", "runAfter": {"A": []}}}"""
    )
    loaded = workflows.load("w", tmp_path)
    first, second = loaded["one"], loaded["two"]
    assert first["B"] == {"in": "@body('A')", "runAfter": {"A": []}}
    assert second == {
        "A_again": {"inputs": "@outputs('Other')", "actions": {"C_again": {"text": "'else'"}}},
        "B_again": {"in": "@body('A_again')", "runAfter": {"A_again": []}},
    }


def test_a_missing_file_is_named(tmp_path: Path):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "definition.json").write_text('{"$include": "gone.json"}')
    with pytest.raises(workflows.WorkflowError, match=r"gone\.json: no such file"):
        workflows.load("w", tmp_path)


def test_malformed_json_is_named_with_its_place(tmp_path: Path):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "definition.json").write_text('{"a": }')
    with pytest.raises(workflows.WorkflowError, match=r"definition\.json: not valid JSON: .*line 1 column 7"):
        workflows.load("w", tmp_path)


def test_an_unknown_workflow_is_refused_with_the_known_ones():
    with pytest.raises(workflows.WorkflowError, match="there are: retrain"):
        workflows.load("retrian")


def test_the_checker_finds_nothing_in_them():
    folder = Path(workflows.__file__).parent
    report = lint([(folder, read_configuration(folder / ".workflowlint.toml"))], Target.EMULATOR)
    assert [f"{each.file.name}:{each.line}: {each.message}" for each in report.findings] == []
    assert report.summary.workflows == len(workflows.names())


@pytest.mark.parametrize("name", workflows.names())
def test_no_address_and_no_id_is_written_into_a_definition(name: str):
    text = json.dumps({key: value for key, value in workflows.load(name).items() if key != "$schema"})
    assert not re.findall(r"https?://[^\s\"'@]+|[0-9a-f]{8}-[0-9a-f]{4}|\.windows\.net|\.azure\.com", text)


@pytest.mark.parametrize("name", workflows.names())
def test_every_parameter_says_what_it_is(name: str):
    for parameter, declared in workflows.load(name)["parameters"].items():
        assert declared["metadata"]["description"].endswith("."), parameter


@pytest.mark.parametrize("name", workflows.names())
def test_every_declared_parameter_is_used_and_every_used_one_declared(name: str):
    definition = workflows.load(name)
    used = set(re.findall(r"parameters\('(\w+)'\)", json.dumps(definition)))
    assert used == set(definition["parameters"])


@pytest.mark.parametrize("name", workflows.names())
def test_action_names_are_unique_in_the_whole_tree(name: str):
    found = [action.lower() for action, _, _ in all_actions(name)]
    assert len(found) == len(set(found))
    assert all(len(action) <= 80 for action in found)


@pytest.mark.parametrize("name", workflows.names())
def test_actions_run_after_siblings_only(name: str):
    for action, body, siblings in all_actions(name):
        assert set(body["runAfter"]) <= set(siblings) - {action}, action


@pytest.mark.parametrize("name", workflows.names())
def test_whatever_sees_a_key_or_a_sas_is_secured(name: str):
    seen = 0
    for action, body, _ in all_actions(name):
        if any(secret in json.dumps(body.get("inputs")) for secret in SECRETS):
            assert secured(body) == {"inputs", "outputs"}, action
            seen += 1
        if "listKeys" in json.dumps(body.get("inputs")) or "listServiceSas" in json.dumps(body.get("inputs")):
            assert secured(body) == {"inputs", "outputs"}, action
    assert seen > 0


@pytest.mark.parametrize("name", workflows.names())
def test_no_secret_passes_through_a_variable(name: str):
    """Variables cannot be secured: their values stand in the run history."""
    for action, body, _ in all_actions(name):
        if "Variable" in body["type"]:
            assert not any(secret in json.dumps(body) for secret in SECRETS), action


@pytest.mark.parametrize("name", workflows.names())
def test_no_loop_ends_silently_at_its_limit(name: str):
    for action, body, _ in all_actions(name):
        if body["type"] == "Until":
            assert body["operationOptions"] == "FailWhenLimitsReached", action


@pytest.mark.parametrize("name", workflows.names())
def test_copies_are_asynchronous(name: str):
    """A synchronous copy needs a source authorization that a managed identity in a workflow cannot give."""
    assert "x-ms-requires-sync" not in json.dumps(workflows.load(name))


@pytest.mark.parametrize("name", workflows.names())
def test_a_failed_run_looks_for_the_cause_in_every_scope_loop_and_condition_with_a_call(name: str):
    read = {
        scope
        for _, action, _ in all_actions(name)
        for scope in re.findall(r"result\('(\w+)'\)", json.dumps(action.get("inputs")))
    }
    calling = {
        container
        for container, action, _ in all_actions(name)
        for branch in [action, action.get("else", {}), *action.get("cases", {}).values()]
        if any(inner["type"] == "Http" for inner in branch.get("actions", {}).values())
    }
    # Nobody is told why records and notices were not sent: no run fails for that.
    untold = {"Tell", "If_records_are_kept", "For_each_batch_of_records", "If_a_rollback_is_recorded"}
    assert calling - read == untold & calling


@pytest.mark.parametrize("name", workflows.names())
def test_a_container_s_own_failure_is_no_cause(name: str):
    calls = {action for action, found, _ in all_actions(name) if "inputs" in found}
    for _, action, _ in all_actions(name):
        where = action.get("inputs", {}).get("where", "") if isinstance(action.get("inputs"), dict) else ""
        if "'ActionFailed'" in where:
            (told,) = re.findall(r"'ActionFailed'\),contains\('\|([\w|]+)\|'", where)
            assert not set(told.split("|")) & calls
