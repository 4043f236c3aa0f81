"""Mock files that are not valid are told with file, field and value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.logic_apps.standalone.mocks import MockError, parse_mocks, read_mocks
from emulator.logic_apps.standalone.needs import check_answered
from tests.emulator.logic_apps.standalone.alone import GET, definition


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([], "the file: "),
        ({"action": {}}, "the file: unknown: action; allowed: $schema, description, actions"),
        ({"actions": {"A": {"statusCode": 99}}}, "actions.A.statusCode: 99"),
        ({"actions": {"A": {"statusCode": "200"}}}, "actions.A.statusCode: '200'"),
        ({"actions": {"A": {"statusCode": 200, "bodi": 1}}}, "actions.A: unknown: bodi; allowed: statusCode"),
        ({"actions": {"A": {"status": "Fine"}}}, 'actions.A.status: is "Fine"; allowed: Succeeded, Failed'),
        ({"actions": {"A": {"failure": "slow"}}}, 'actions.A.failure: is "slow"; allowed: timeout'),
        ({"actions": {"A": []}}, "actions.A: "),
        ({"actions": {"A": [{"statusCode": 200}, {}]}}, "actions.A.1: "),
        ({"actions": {"A": {"statusCode": 200, "delay": "5s"}}}, "actions.A.delay: "),
        ({"actions": {"A": {"statusCode": 200, "delay": "P1Y"}}}, "'P1Y' is not an ISO 8601 duration"),
        ({"actions": {"A": {"repetitions": {"1": {"statusCode": 200}}}}}, "actions.A.repetitions"),
        ({"requests": [{"url": "*"}]}, "requests.0: needs one of: statusCode, response, responses"),
        ({"requests": [{"url": "*", "response": {"status": "Failed"}}]}, "requests.0.response"),
        ({"now": "yesterday"}, "now: 'yesterday' is no moment"),
        ({"passthrough": "https://x"}, "passthrough: "),
    ],
)
def test_what_is_wrong_is_told_with_file_and_field(tmp_path: Path, content: Any, told: str):
    path = tmp_path / "mocks.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(MockError) as error:
        read_mocks(path)
    assert str(error.value).startswith(f"{path}: ")
    assert told in str(error.value)


def test_a_file_that_is_no_json_is_told(tmp_path: Path):
    path = tmp_path / "mocks.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(MockError, match=r"mocks\.json: .*line 1"):
        read_mocks(path)


def test_an_action_that_there_is_not_is_told_with_the_nearest_name():
    with pytest.raises(MockError, match="actions: the workflow has no action 'Gett'; did you mean 'Get'"):
        parse_mocks({"actions": {"Gett": {"statusCode": 200}}}).check_names(["Get", "Other"])
    with pytest.raises(MockError, match=r"requests\.0\.action: .* there are: Get"):
        parse_mocks({"requests": [{"url": "*", "statusCode": 200, "action": "zzz"}]}).check_names(["Get"])


@pytest.mark.parametrize(
    ("name", "answer", "told"),
    [
        ("S", {"status": "Failed"}, "actions.S: a Scope is done and cannot be answered"),
        ("C", {"failure": "timeout"}, "actions.C.failure: a Compose makes no call"),
        ("G", {"repetitions": {"000000": {"statusCode": 200}}}, "actions.G: has repetitions, but the action stands in"),
    ],
)
def test_answers_that_an_action_cannot_take_are_refused(name: str, answer: dict[str, Any], told: str):
    written = definition({"S": {"type": "Scope", "actions": {"C": {"type": "Compose", "inputs": 1}}}, "G": GET})
    with pytest.raises(MockError) as error:
        check_answered(written, parse_mocks({"actions": {name: answer}}))
    assert told in str(error.value)
