"""`python -m emulator lint`: what it prints, how it ends, and its configuration."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from emulator.cli import app
from tests.emulator.logic_apps.running import SCHEMA

ROOT = Path(__file__).resolve().parents[4]
SARIF = Path(__file__).parent / "sarif-2.1.0-rtm.5.json"
"""The OASIS schema of SARIF 2.1.0, as Microsoft publishes it (MIT)."""

ERROR: dict[str, Any] = {"actions": {"A": {"type": "Compose", "inputs": "@sum(1, 2)"}}}
WARNING: dict[str, Any] = {"actions": {"Get": {"type": "Http", "inputs": {"method": "GET", "uri": "https://x.test/"}}}}


def written(folder: Path, definition: dict[str, Any], name: str = "definition.json") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"$schema": SCHEMA, **definition}, indent=2), encoding="utf-8")
    return path


def lint(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["lint", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_an_error_is_shown_with_its_line_and_a_caret(tmp_path: Path):
    path = written(tmp_path, ERROR)
    code, output = lint(path)
    assert code == 1
    assert output.splitlines() == [
        f"{path}:6:19: error unknown-function: the action 'A': The template function 'sum' is not defined or not "
        f"valid. [InvalidTemplate]",
        '  "inputs": "@sum(1, 2)"',
        "              ^",
        "1 error, 0 warnings, 1 workflow in 1 file",
    ]


def test_a_warning_has_a_fix_and_counts_only_when_it_should(tmp_path: Path):
    path = written(tmp_path, WARNING)
    code, output = lint(path)
    assert code == 0
    assert "warning address-in-definition" in output
    assert "  fix: Make it a parameter." in output
    assert lint("--strict", path)[0] == 1


def test_the_json_report_is_a_list_of_places(tmp_path: Path):
    path = written(tmp_path, ERROR)
    code, output = lint("--format", "json", path)
    assert code == 1
    assert json.loads(output) == [
        {
            "file": str(path),
            "line": 6,
            "column": 19,
            "pointer": "/actions/A/inputs",
            "severity": "error",
            "code": "unknown-function",
            "message": "the action 'A': The template function 'sum' is not defined or not valid.",
        }
    ]
    assert json.loads(lint("--format", "json", written(tmp_path, {"actions": {}}))[1]) == []


def test_the_sarif_report_fits_its_schema(tmp_path: Path):
    written(tmp_path, ERROR, "one file.json")
    written(tmp_path, WARNING, "b/two.json")
    (tmp_path / "three.json").write_text('{"actions": ')
    code, output = lint("--format", "sarif", tmp_path)
    log = json.loads(output)
    jsonschema.Draft7Validator(json.loads(SARIF.read_text())).validate(log)
    assert code == 1
    (run,) = log["runs"]
    levels = {(each["ruleId"], each["level"]) for each in run["results"]}
    assert levels == {("json-syntax", "error"), ("unknown-function", "error"), ("address-in-definition", "warning")}
    for each in run["results"]:
        assert run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"]
    uris = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]]
    assert any(uri.startswith("file:///") and uri.endswith("one%20file.json") for uri in uris)


def test_what_the_emulator_does_not_run_is_told_when_asked_for(tmp_path: Path):
    path = written(tmp_path, {"actions": {"A": {"type": "Liquid", "inputs": {}}}})
    assert lint(path)[0] == 0
    code, output = lint("--target", "emulator", path)
    assert code == 1
    assert "error not-emulated: the action 'A' has the type 'Liquid', an operation on an integration account" in output


@pytest.mark.parametrize("arguments", [[], ["gone.json"], ["--format", "xml", "."], ["--config", "gone.toml", "."]])
def test_wrong_usage_ends_with_two(arguments: list[str]):
    assert lint(*arguments)[0] == 2


def test_a_file_without_a_workflow_is_an_error_when_it_is_named(tmp_path: Path):
    path = tmp_path / "other.json"
    path.write_text("{}")
    code, output = lint(path)
    assert code == 1
    assert "error no-workflow: the file holds no workflow; it has to be a definition" in output
    assert lint(tmp_path) == (0, "0 errors, 0 warnings, 0 workflows in 0 files, 1 file without a workflow skipped\n")


def configured(folder: Path, text: str) -> Path:
    (folder / ".workflowlint.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_rule_is_switched_off_with_a_reason(tmp_path: Path):
    path = written(tmp_path, WARNING, "a/b.json")
    configured(tmp_path, '[rules.address-in-definition]\nseverity = "off"\nreason = "one environment"\n')
    assert lint("--strict", path)[0] == 0
    configured(tmp_path, '[rules.address-in-definition]\nseverity = "error"\nreason = "several environments"\n')
    assert lint(path)[0] == 1


@pytest.mark.parametrize(
    ("files", "pointer", "status"),
    [
        ("a/*.json", "*", 0),
        ("b/*.json", "*", 1),
        ("*", "/actions/Get/*", 0),
        ("*", "/actions/Other/*", 1),
    ],
)
def test_a_place_is_ignored_with_a_reason(tmp_path: Path, files: str, pointer: str, status: int):
    written(tmp_path, WARNING, "a/b.json")
    configured(
        tmp_path,
        f'[[ignore]]\nrule = "address-in-definition"\nfiles = "{files}"\npointer = "{pointer}"\nreason = "a mirror"\n',
    )
    assert lint("--strict", tmp_path)[0] == status


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[rules.no-such]\nseverity = "off"\nreason = "x"', "'no-such', which does not exist; there are: address-in"),
        ('[rules.unknown-function]\nseverity = "off"\nreason = "x"', "which is no warning: the service refuses it"),
        ('[rules.write-retried]\nseverity = "off"', "needs a reason"),
        ('[rules.write-retried]\nseverity = "none"\nreason = "x"', "is 'none'; allowed: off, warning, error"),
        ('[[ignore]]\nrule = "write-retried"\nreason = " "', "ignore number 1 needs a reason"),
        ('[[ignore]]\nrule = "write-retried"\nreason = "x"\nfile = "y"', "has the member 'file'; allowed: rule, files"),
        ('[ignore]\nrule = "write-retried"', "write [[ignore]]"),
        ("rules = 1", "rules has to be a table"),
        ("[other]", "has the member 'other'; allowed: rules, ignore"),
        ("[rules", ".workflowlint.toml: "),
    ],
)
def test_a_wrong_configuration_names_the_file_the_member_and_what_is_allowed(tmp_path: Path, text: str, words: str):
    written(tmp_path, WARNING)
    code, output = lint(configured(tmp_path, text))
    assert code == 2
    assert str(tmp_path / ".workflowlint.toml") in output
    assert words in output


def test_control_characters_of_a_file_do_not_reach_the_terminal(tmp_path: Path):
    path = tmp_path / "definition.json"
    path.write_text(f'{{"$schema": "{SCHEMA}", "actions": {{"\\u001b[31mA\x7f": {{"type": "Foo"}}}}}}')
    output = lint(path)[1]
    assert "\x1b" not in output
    assert "\x7f" not in output


def test_a_secret_in_a_file_is_not_shown(tmp_path: Path):
    secret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
    inputs = {
        "method": "POST",
        "uri": f"https://x.test/?sig={secret}",
        "headers": {"x-api-key": secret, "Authorization": f"Basic {secret}"},
        "body": f"AccountKey={secret}",
    }
    definition = {"actions": {"Get": {"type": "Http", "inputs": inputs}}}
    for path in (written(tmp_path, definition), tmp_path / "one_line.json"):
        path.write_text(json.dumps({"$schema": SCHEMA, **definition}, indent=None if "one" in path.name else 2))
        for form in ("text", "json", "sarif"):
            output = lint("--format", form, path)[1]
            assert output.count("secret-in-definition") >= 4
            assert secret not in output


def test_lone_surrogates_are_written_escaped(tmp_path: Path):
    path = tmp_path / "definition.json"
    path.write_text(f'{{"$schema": "{SCHEMA}", "actions": {{"\\ud800": {{"type": "Foo"}}}}}}')
    for form in ("text", "json", "sarif"):
        assert lint("--format", form, path)[0] == 1


def test_it_runs_from_anywhere_and_without_the_rest_of_the_product(tmp_path: Path):
    path = written(tmp_path, ERROR)
    script = (
        "import sys; sys.argv = ['lint', sys.argv[1]]\n"
        "from emulator.cli import app\n"
        "try: app()\n"
        "except SystemExit as error: print('status', error.code)\n"
        "print([each for each in ('sklearn', 'onnxruntime', 'pulumi', 'uvicorn', 'grpc') if each in sys.modules])\n"
    )
    script = script.replace("['lint', sys.argv[1]]", "['emulator', 'lint', sys.argv[1]]")
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.splitlines()[-2:] == ["status 1", "[]"]
