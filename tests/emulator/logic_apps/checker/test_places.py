"""Each problem is told where it stands: file, line, column, pointer."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.logic_apps.checker.linted import findings, linted
from tests.emulator.logic_apps.running import SCHEMA

HEAD = f'{{"$schema": "{SCHEMA}", '


def places(path: Path) -> list[tuple[str, int, int, str, str]]:
    return [(each.file.name, each.line, each.column, each.pointer, each.rule.code) for each in linted(path).findings]


def written(folder: Path, text: str, name: str = "definition.json") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def marked(text: str) -> tuple[str, int, int]:
    """Return a text without the mark `«`, and the mark's line and column."""
    begin = text.index("«")
    before = text[:begin]
    return text.replace("«", ""), before.count("\n") + 1, begin - (before.rfind("\n") + 1) + 1


@pytest.mark.parametrize(
    "text",
    [
        HEAD + '\n "actions": {"A": {"type": "Compose", "inputs": "@concat(1, «nosuch())"}}}',
        HEAD + '\n "actions": {"A": {"type": "Compose", "inputs": "a @{1} b @{«nosuch()} c"}}}',
        HEAD + '\n "actions": {"A": {"type": "Compose", "inputs": "\\"\\u00e9\\ud83d\\ude00\\n @{«nosuch()}"}}}',
        HEAD + '\n "actions": {"A": {"type": "Compose", "inputs": "é😀 @{«nosuch()}"}}}',
        HEAD + '\n "actions": {"A": {"type": "Compose", "inputs": {"@{«nosuch()}": 1}}}}',
        HEAD + '\n "actions": {"A": {"type": "Compose", "inputs": [1, {"x": ["@«nosuch()"]}]}}}',
        HEAD
        + '\n "actions": {"A": {"type": "If", "expression": {"and": [{"equals": ["@«nosuch()", 1]}]}, "actions": {}}}}',
        HEAD
        + '\n "triggers": {"t": {"type": "Request", "kind": "Http", "conditions": [{"expression": "@«nosuch()"}]}}, '
        + '"actions": {}}',
        HEAD + '\n "actions": {}, "outputs": {"o": {"type": "String", "value": "@«nosuch()"}}}',
    ],
)
def test_a_column_points_into_the_expression(tmp_path: Path, text: str):
    plain, line, column = marked(text)
    assert [place[1:3] for place in places(written(tmp_path, plain))] == [(line, column)]


def test_a_missing_member_is_told_at_the_object_that_lacks_it(tmp_path: Path):
    plain, line, column = marked(HEAD + '"actions":\n {"A": {"type": "Http", "inputs": «{"method": "GET"}}}}')
    assert places(written(tmp_path, plain)) == [
        ("definition.json", line, column, "/actions/A/inputs", "missing-member")
    ]


def test_a_wrong_name_is_told_at_the_name(tmp_path: Path):
    plain, line, column = marked(HEAD + '"actions": {\n  «"a/~b": {"type": "Compose", "inputs": 1}}}')
    assert places(written(tmp_path, plain)) == [("definition.json", line, column, "/actions/a~1~0b", "operation-name")]


def test_a_problem_in_an_included_file_is_told_there(tmp_path: Path):
    written(tmp_path, HEAD + '"actions": {"S": {"type": "Scope", "actions": {"$include": "inner.json"}}}}')
    inner, line, column = marked('{\n  "A": {"type": "Compose", "inputs": "@«nosuch()"}\n}')
    written(tmp_path, inner, "inner.json")
    assert places(tmp_path) == [("inner.json", line, column, "/A/inputs", "unknown-function")]


def test_a_wrong_name_of_what_is_included_is_told_where_the_name_stands(tmp_path: Path):
    text, line, column = marked(HEAD + '"actions": {«"a/b": {"$include": "inner.json"}}}')
    written(tmp_path, text)
    written(tmp_path, '{"type": "Compose", "inputs": 1}', "inner.json")
    assert places(tmp_path) == [("definition.json", line, column, "/actions/a~1b", "operation-name")]


def test_malformed_json_in_an_included_file_is_told_there(tmp_path: Path):
    written(tmp_path, HEAD + '"actions": {"$include": "inner.json"}}')
    inner, line, column = marked('{\n  "A": «}')
    written(tmp_path, inner, "inner.json")
    assert places(tmp_path) == [("inner.json", line, column, "", "json-syntax")]


@pytest.mark.parametrize("name", ["../outside.json", "definition.json"])
def test_an_include_stays_in_its_folder_and_in_no_circle(tmp_path: Path, name: str):
    written(tmp_path, "{}", "outside.json")
    path = written(tmp_path, HEAD + f'"actions": {{"$include": "{name}"}}}}', "w/definition.json")
    assert [place[4] for place in places(path)] == ["include"]


def test_a_file_of_a_folder_beside_it_stands_twice_under_other_names(tmp_path: Path):
    shared = '{"A": {"type": "Compose", "inputs": "@outputs(\'Given\')", "runAfter": {}}, '
    shared += '"B": {"type": "Compose", "inputs": "@outputs(\'A\')", "runAfter": {"A": ["Succeeded"]}}}'
    written(tmp_path, shared, "shared/two.json")
    again = '"$suffix": "_again", "$rename": {"Given": "Other"}'
    text = (
        HEAD
        + '"contentVersion": "1.0.0.0", "actions": {"Given": {"type": "Compose", "inputs": 1}, '
        + '"Other": {"type": "Compose", "inputs": 2}, '
        + '"One": {"type": "Scope", "actions": {"$include": "../shared/two.json"}, '
        + '"runAfter": {"Given": ["Succeeded"]}}, '
        + f'"Two": {{"type": "Scope", "actions": {{"$include": "../shared/two.json", {again}}}, '
        + '"runAfter": {"Other": ["Succeeded"]}}}}'
    )
    assert places(written(tmp_path, text, "w/definition.json")) == []
    plain = text.replace(", " + again, "")
    assert {place[4] for place in places(written(tmp_path, plain, "w/definition.json"))} >= {"duplicate-name"}


def template(*resources: dict[str, Any]) -> str:
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return json.dumps({"$schema": schema, "contentVersion": "1.0.0.0", "resources": list(resources)}, indent=1)


def workflow(definition: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {
        "type": "Microsoft.Logic/workflows",
        "name": "[parameters('name')]",
        "properties": {"definition": {"$schema": SCHEMA, **definition}, **properties},
    }


def test_every_workflow_of_a_template_is_checked_where_it_stands(tmp_path: Path):
    bad = {"actions": {"A": {"type": "Compose", "inputs": "@nosuch()"}}}
    nested = {
        "type": "Microsoft.Resources/deployments",
        "properties": {"template": {"resources": {"symbolic": workflow(bad)}}},
    }
    text = template({"type": "Microsoft.Web/connections"}, workflow(bad), nested)
    pointers = [place[3] for place in places(written(tmp_path, text))]
    assert pointers == [
        "/resources/1/properties/definition/actions/A/inputs",
        "/resources/2/properties/template/resources/symbolic/properties/definition/actions/A/inputs",
    ]


def test_what_a_template_decides_at_deployment_fits_anywhere(tmp_path: Path):
    definition = {
        "triggers": {"t": {"type": "Recurrence", "recurrence": {"frequency": "[variables('f')]", "interval": "[1]"}}},
        "parameters": {"p": {"type": "Int", "defaultValue": "[parameters('p')]"}},
        "actions": {"A": {"type": "Compose", "inputs": "[concat('@{body(', variables('x'), ')}')]"}},
    }
    assert places(written(tmp_path, template(workflow(definition)))) == []


def test_an_escaped_bracket_of_a_template_is_one_bracket(tmp_path: Path):
    definition = {"actions": {"A": {"type": "Compose", "inputs": "[[@{nosuch()}]"}}}
    text = template(workflow(definition))
    found = linted(written(tmp_path, text)).findings
    assert [(each.rule.code, each.text[each.column - 1 :]) for each in found] == [("unknown-function", 'nosuch()}]"')]


def test_values_of_a_resource_are_checked_against_its_definition(tmp_path: Path):
    resource = workflow(
        {"parameters": {"p": {"type": "Int"}, "q": {"type": "String"}, "r": {"type": "Int"}}, "actions": {}},
        parameters={
            "p": {"value": "x"},
            "q": {"value": "[parameters('q')]"},
            "other": {"value": 1},
            "r": {"reference": {"keyVault": {"id": "[parameters('vault')]"}, "secretName": "s"}},
        },
    )
    found = [(place[3].rpartition("/")[2], place[4]) for place in places(written(tmp_path, template(resource)))]
    assert found == [("p", "value-not-valid"), ("other", "value-undeclared")]


def test_a_definition_that_is_known_only_at_deployment_is_counted(tmp_path: Path):
    resource = {"type": "Microsoft.Logic/workflows", "properties": {"definition": "[json(variables('d'))]"}}
    report = linted(written(tmp_path, template(resource)))
    assert (report.findings, report.summary.deferred, report.summary.workflows) == ([], 1, 0)


def test_the_parameters_of_a_standard_app_are_known(tmp_path: Path):
    definition = {
        "$schema": SCHEMA,
        "triggers": {"manual": {"type": "Request", "kind": "Http"}},
        "actions": {"A": {"type": "Compose", "inputs": "@concat(parameters('p'), appsetting('s'))"}},
    }
    text = json.dumps({"definition": definition, "kind": "Stateful"})
    path = written(tmp_path, text, "app/orders/workflow.json")
    assert places(path) == []
    written(tmp_path, '{"q": {"type": "String", "value": ""}}', "app/parameters.json")
    assert [place[4] for place in places(path)] == ["parameter-undeclared"]
    written(tmp_path, '{"p": {"type": "String", "value": ""}}', "app/parameters.json")
    assert places(path) == []


def test_a_folder_is_looked_through_and_what_is_no_workflow_is_counted(tmp_path: Path):
    written(tmp_path, HEAD + '"actions": {"A": {"type": "Foo"}}}', "a/b/one.json")
    written(tmp_path, '{"some": "thing"}', "a/other.json")
    written(tmp_path, '{"actions": "a word"}', "a/third.json")
    written(tmp_path, "{", ".hidden/broken.json")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path)
    report = linted(tmp_path)
    assert [each.rule.code for each in report.findings] == ["unknown-type"]
    assert (report.summary.workflows, report.summary.skipped) == (1, 2)


def test_null_is_as_good_as_nothing(tmp_path: Path):
    definition: dict[str, Any] = {
        "description": None,
        "triggers": None,
        "outputs": None,
        "actions": {
            "A": {"type": "Compose", "inputs": None, "runAfter": None, "limit": None, "operationOptions": None},
            "B": {"type": "If", "expression": {"equals": [1, 1]}, "actions": None, "else": {"actions": None}},
        },
    }
    assert findings(tmp_path, definition) == []


def test_a_template_in_a_folder_is_found_whatever_the_case_of_its_type(tmp_path: Path):
    resource = {"TYPE": "MICROSOFT.LOGIC/Workflows", "properties": {"definition": "[variables('d')]"}}
    written(tmp_path, template(resource))
    assert linted(tmp_path).summary.deferred == 1


def test_names_ignore_case_where_the_service_ignores_it(tmp_path: Path):
    definition: dict[str, Any] = {
        "actions": {
            "First": {"type": "COMPOSE", "inputs": 1},
            "Second": {"type": "compose", "inputs": "@OUTPUTS('first')", "runAfter": {"FIRST": ["SUCCEEDED"]}},
        }
    }
    assert findings(tmp_path, definition) == []
