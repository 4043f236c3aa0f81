import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from emulator.cli import app
from emulator.cli.expressions import answers
from emulator.logic_apps.expressions.context import Context

RUN = CliRunner()


def test_a_value_is_printed_as_json():
    result = RUN.invoke(app, ["eval", "@createArray(1,'é',null)"])
    assert (result.exit_code, json.loads(result.stdout)) == (0, [1, "é", None])
    assert "é" in result.stdout


def test_an_expression_sees_the_context(tmp_path: Path):
    file = tmp_path / "context.json"
    file.write_text(json.dumps({"params": {"p": 2}, "actions": {"A": {"outputs": {"body": [3]}}}, "item": {"x": 4}}))
    expression = "@{parameters('p')}@{body('A')[0]}@{item()['x']}"
    assert json.loads(RUN.invoke(app, ["eval", expression, "--context", str(file)]).stdout) == "234"


def test_a_syntax_error_is_pointed_at():
    result = RUN.invoke(app, ["eval", "@concat('a'"])
    assert result.exit_code == 1
    message, expression, mark = result.stderr.splitlines()[-3:]
    assert "expected token 'RightParenthesis'" in message
    assert expression.endswith("@concat('a'")
    assert mark.index("^") == len(expression)


def test_what_cannot_be_evaluated_is_an_error():
    result = RUN.invoke(app, ["eval", "@parameters('p')"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "'p' is not found" in result.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "Expecting property name"),
        ("[]", "allowed: an object with params, variables"),
        ('{"parameters": {}}', "the member 'parameters'; allowed: params"),
        ('{"actions": [1]}', "actions of the context is [1]; allowed: an object by name"),
    ],
)
def test_a_context_that_is_none_is_refused_with_its_file(tmp_path: Path, content: str, words: str):
    file = tmp_path / "context.json"
    file.write_text(content)
    result = RUN.invoke(app, ["eval", "@1", "--context", str(file)])
    assert result.exit_code == 1
    assert str(file) in result.stderr
    assert words in result.stderr


def test_a_batch_answers_every_line_in_order_and_stops_at_none():
    lines = [
        {"expr": "@add(1,2)"},
        {"expr": "@variables('v')", "environment": {"variables": {"v": [1]}}},
        {"expr": "@nonsense()"},
        {"expr": {"a": "@toUpper('b')"}},
    ]
    text = "\n".join([*map(json.dumps, lines), "not JSON", '{"expression": 1}', "", '{"expr": "@2"}'])
    result = RUN.invoke(app, ["eval", "--batch"], input=text)
    assert result.exit_code == 0
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert found[:2] == [{"result": 3}, {"result": [1]}]
    assert "'nonsense' is not defined" in found[2]["error"]
    assert found[3] == {"result": {"a": "B"}}
    assert found[4]["error"].startswith("line 5: ")
    assert found[5]["error"].startswith("line 6: a line is")
    assert found[6] == {"result": 2}


@given(st.lists(st.text(st.characters(blacklist_characters="\r\n"))))
def test_any_lines_get_an_answer_each(lines: list[str]):
    assert len(list(answers(lines, Context()))) == sum(1 for line in lines if line.strip())
