"""Whatever a file holds, there is an answer with a place, and no traceback."""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

import workflows
from emulator.logic_apps.checker.rules import Severity
from tests.emulator.logic_apps.checker.linted import codes, findings, linted
from tests.emulator.logic_apps.running import SCHEMA

HEAD = f'{{"$schema": "{SCHEMA}", "actions": {{"A": {{"type": "Compose", "inputs": '


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        (b"", "json-syntax", (1, 1)),
        (b"{", "json-syntax", (1, 2)),
        (b'{"actions": \n}', "json-syntax", (2, 1)),
        (b'{"actions": {}, "triggers": {},\n}', "json-syntax", (1, 31)),
        (b'{"actions": {},\n "triggers": {}}x', "json-syntax", (2, 17)),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "json-encoding", (1, 1)),
        (b'{"actions": {}, "triggers": {}, "description": "\xff"}', "json-encoding", (1, 49)),
        ('{"actions": {}, "triggers": {}}'.encode("utf-16"), "json-encoding", (1, 1)),
        ('{"actions": {}, "triggers": {}}'.encode("utf-16-be"), "json-encoding", (1, 1)),
        (b'\xef\xbb\xbf{"actions": {}, "triggers": {}}', "json-byte-order-mark", (1, 1)),
        (b'{"actions": {}, // none\n "triggers": {}}', "json-comment", (1, 17)),
        (b'{"actions": {}, /* none', "json-syntax", (1, 17)),
        (b'{"actions": {}, "actions": {}, "triggers": {}}', "json-duplicate-name", (1, 17)),
        (b"[" * 10_000, "too-deep", (1, 201)),
        (b'{"actions":' * 10_000, "too-deep", (1, 2201)),
        (b'{"actions": {}, "triggers": {}, "x": 1e999}', "json-number", (1, 38)),
        (b'{"actions": {}, "triggers": {}, "x": ' + b"9" * 100_000 + b"}", "json-number", (1, 38)),
        (b'{"actions": {}, "triggers": {}, "x": NaN}', "json-syntax", (1, 38)),
        (b"{'actions': {}}", "json-syntax", (1, 2)),
    ],
)
def test_a_file_that_is_no_json_is_told_with_the_place(
    tmp_path: Path, content: bytes, code: str, place: tuple[int, int]
):
    path = tmp_path / "workflow.json"
    path.write_bytes(content)
    found = {each.rule.code: (each.line, each.column) for each in linted(path).findings}
    assert found[code] == place


def test_deep_values_are_told_by_the_file_and_by_the_definition(tmp_path: Path):
    assert codes(tmp_path, HEAD + "[" * 198 + "]" * 198 + "}}}")[0] == "too-deep"
    assert codes(tmp_path, HEAD + "[" * 150 + "]" * 150 + "}}}") == []


@pytest.mark.parametrize(
    "expression",
    [
        "@" + "concat(" * 20_000,
        "@" + "x" * 100_000,
        "@{" * 50_000,
        "@concat('" + "x" * 100_000 + "')",
        "@" + "(" * 9_000,
    ],
)
def test_a_huge_expression_is_told(tmp_path: Path, expression: str):
    found = findings(tmp_path, f'{HEAD}"{expression}"}}}}}}')
    assert {each.rule.code for each in found} <= {"expression-syntax", "expression-length"}
    assert found


@pytest.mark.parametrize(
    "definition",
    [
        '"triggers": [], "actions": []',
        '"triggers": {"t": 1}, "actions": {"A": null, "B": [], "C": {"type": 1}}',
        '"parameters": {"p": 1, "q": {"type": []}}, "actions": {}',
        '"actions": {"A": {"type": "If", "expression": [], "actions": 1, "else": []}}',
        '"actions": {"A": {"type": "Switch", "expression": 1, "cases": {"x": 1, "y": {"case": [], "actions": 1}}}}',
        '"actions": {"A": {"type": "Foreach", "foreach": {}, "runtimeConfiguration": 1, "limit": [], "inputs": 1}}',
        '"actions": {"A": {"type": "Until", "limit": {"count": "x", "timeout": 5}, "operationOptions": 3}}',
        '"actions": {"A": {"type": "Compose", "runAfter": {"B": 1, "C": [1, null]}, "description": {}}}',
        '"actions": {"A": {"type": "InitializeVariable", "inputs": {"variables": [1, {"name": 2, "type": {}}]}}}',
        '"actions": {"A": {"type": "SetVariable", "inputs": []}, "B": {"type": "SetVariable", "inputs": {"name": 1}}}',
        '"actions": {"A": {"type": "Http", "inputs": {"method": {}, "uri": [], "retryPolicy": {"type": 1}}}}',
        '"triggers": {"t": {"type": "Recurrence", "recurrence": {"frequency": 1, "interval": "x"}}}, "actions": {}',
        '"triggers": {"t": {"type": "Request", "conditions": [1, {"expression": []}], "splitOn": 5}}, "actions": {}',
        '"triggers": {"t": {"type": "Request", "runtimeConfiguration": {"concurrency": []}}}, "actions": {}',
        '"actions": {"A": {"type": "Response", "inputs": {"statusCode": {}, "schema": 1}}}, "outputs": []',
        '"actions": {"A": {"type": "ParseJson", "inputs": {"content": 1, "schema": {"$ref": "http://gone.test/"}}}}, '
        '"outputs": {"o": 5, "p": {"type": 1}}',
        '"actions": {"A": {"type": "", "inputs": 1}, "": {"type": "Wait", "inputs": {"interval": 1, "until": 2}}}',
        '"actions": {"A": {"type": "Agent", "inputs": {}, "tools": {"t": {"actions": {"B": 1}}}}}',
        '"$schema": 1, "actions": 1, "staticResults": [], "metadata": []',
    ],
)
def test_values_of_wrong_types_are_told_and_stop_nothing(tmp_path: Path, definition: str):
    schema = "" if "$schema" in definition else f'"$schema": "{SCHEMA}", '
    path = tmp_path / "workflow.json"
    path.write_text(f'{{{schema}"contentVersion": "1.0.0.0", {definition}}}', encoding="utf-8")
    found = linted(path).findings
    assert any(each.severity is Severity.ERROR for each in found)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path):
    path = tmp_path / "workflow.json"
    path.write_text("{}")
    path.chmod(0)
    assert [each.rule.code for each in linted(path).findings] == ["unreadable"]


def test_what_is_no_regular_file_is_told_and_not_waited_for(tmp_path: Path):
    path = tmp_path / "workflow.json"
    os.mkfifo(path)
    assert [each.rule.code for each in linted(path).findings] == ["unreadable"]


def test_a_link_to_itself_is_told(tmp_path: Path):
    path = tmp_path / "workflow.json"
    path.symlink_to(path)
    assert [each.rule.code for each in linted(tmp_path).findings] == ["unreadable"]


VALUES = [
    None,
    1,
    -1.5,
    True,
    "x",
    "@",
    "@{",
    "@body('x')['y']",
    "@variables('v')",
    "@items('a')",
    "@result('a')",
    [],
    {},
]


def changed(definition: Any, source: random.Random) -> Any:
    """Return a copy with one to four members or elements replaced, renamed, removed or moved."""
    copy = json.loads(json.dumps(definition))
    for _ in range(source.randint(1, 4)):
        places: list[tuple[Any, Any]] = []
        open_: list[Any] = [copy]
        while open_:
            value = open_.pop()
            if isinstance(value, dict | list):
                keys = list(value) if isinstance(value, dict) else list(range(len(value)))
                places += [(value, key) for key in keys]
                open_ += [value[key] for key in keys]
        container, key = source.choice(places)
        match source.randrange(4):
            case 0:
                del container[key]
            case 1 if isinstance(container, dict):
                name = source.choice(list(container)) + source.choice(["", "x"])
                container[name] = container.pop(key)
            case 2:
                other, name = source.choice(places)
                container[key] = json.loads(json.dumps(other[name]))
            case _:
                container[key] = json.loads(json.dumps(source.choice(VALUES)))
    return copy


def test_whatever_is_changed_in_a_definition_each_problem_has_a_place_in_the_file(tmp_path: Path):
    source = random.Random(20_161_006)
    definition = workflows.load(workflows.names()[0])
    path = tmp_path / "workflow.json"
    for _ in range(25):
        text = json.dumps(changed(definition, source), indent=1)
        path.write_text(text, encoding="utf-8")
        lines = text.splitlines()
        for each in linted(path).findings:
            assert 1 <= each.line <= len(lines)
            assert 1 <= each.column <= len(lines[each.line - 1])
            assert each.text == lines[each.line - 1]
