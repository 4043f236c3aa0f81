"""python -m emulator run: what it prints, and its exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from emulator.cli import app
from tests.emulator.logic_apps.standalone.alone import GET, GET_INPUTS, after, definition

ROOT = Path(__file__).parents[3]
CONTENT = "@body('Get')"
SECRET = "a-secret-of-this-test"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, content: Any) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return name


def command(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, ["run", *arguments], input=given)


def run(actions: dict[str, Any], mocks: dict[str, Any], *options: str, **members: Any) -> Result:
    return command(write("flow.json", definition(actions, **members)), "--mock", write("mocks.json", mocks), *options)


def test_the_tree_of_actions_is_printed_with_loops_folded():
    actions = {
        "Each": {"type": "Foreach", "foreach": [1, 2, 3], "actions": {"Get": GET}},
        "Is": {
            "type": "If",
            "expression": "@true",
            "actions": {"Say": {"type": "Compose", "inputs": "hello"}},
            "else": {"actions": {"Not": {"type": "Compose", "inputs": 1}}},
            "runAfter": after("Each"),
        },
        "Respond": {"type": "Response", "inputs": {"statusCode": 202, "body": "done"}, "runAfter": after("Is")},
    }
    done = run(actions, {"actions": {"Get": {"statusCode": 200}}})
    assert done.exit_code == 0
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0].startswith("flow: Succeeded")
    assert "+ Get Http Succeeded x3" in lines
    assert "+ Say Compose Succeeded" in lines
    assert "- [else] Not Compose Skipped (ActionBranchingConditionNotSatisfied)" in lines
    assert lines[-1] == 'response: 202 "done"'
    assert "hello" not in done.stdout
    assert '"hello"' in run(actions, {"actions": {"Get": {"statusCode": 200}}}, "--trace").stdout


def test_a_run_that_fails_tells_inputs_outputs_and_the_error_of_what_failed():
    done = run({"Get": GET}, {"actions": {"Get": {"statusCode": 404, "body": "no such thing"}}})
    assert done.exit_code == 1
    assert "error: NotFound" in done.stdout
    assert "no such thing" in done.stdout


def test_secured_contents_and_addresses_are_not_printed():
    secured = {"runtimeConfiguration": {"secureData": {"properties": ["inputs", "outputs"]}}}
    get = {"type": "Http", "inputs": {**GET_INPUTS, "uri": f"https://example.com/?key={SECRET}"}, **secured}
    for mocks in ({"actions": {"Get": {"statusCode": 404, "body": SECRET}}}, {"requests": []}):
        for options in (("--trace",), ("--format", "json")):
            done = run({"Get": get}, mocks, *options)
            assert done.exit_code == 1
            assert SECRET not in done.stdout + done.stderr


def test_json_is_for_scripts():
    done = run({"Get": GET}, {"actions": {"Get": {"statusCode": 200, "body": [1]}}}, "--format", "json")
    (found,) = json.loads(done.stdout)["runs"]
    assert found["status"] == "Succeeded"
    assert found["actions"]["Get"]["repetitions"][0]["outputs"]["body"] == [1]
    assert found["calls"][0]["url"] == "https://example.com/things"


def test_trigger_body_and_parameters_come_from_files():
    actions = {
        "Respond": {
            "type": "Response",
            "inputs": {"statusCode": 200, "body": "@{triggerBody()['n']}@{parameters('p')}"},
        }
    }
    flow = write("flow.json", definition(actions, parameters={"p": {"type": "String"}}))
    mocks = write("mocks.json", {})
    parameters = write("p.json", {"$schema": "x", "parameters": {"p": {"value": "b"}}})
    for body, given in ((write("b.json", {"n": "a"}), None), ("-", '{"n": "a"}')):
        done = command(flow, "--mock", mocks, "--parameters", parameters, "--trigger-body", body, given=given)
        assert 'response: 200 "ab"' in done.stdout


def test_the_skeleton_answers_everything_that_asks():
    schema = {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}},
    }
    actions = {
        "Get": GET,
        "Parse": {"type": "ParseJson", "inputs": {"content": CONTENT, "schema": schema}, "runAfter": after("Get")},
        "Mail": {"type": "ApiConnection", "inputs": {"host": {}}, "runAfter": after("Parse")},
        "Each": {"type": "Foreach", "foreach": "@body('Mail')?['value']", "actions": {}, "runAfter": after("Mail")},
        "Nested": {"type": "Workflow", "inputs": {"host": {"triggerName": "manual", "workflow": {"id": "/x"}}}},
        "Static": {**GET, "runtimeConfiguration": {"staticResult": {"name": "H", "staticResultOptions": "Enabled"}}},
    }  # fmt: skip
    members: dict[str, Any] = {
        "parameters": {"endpointUrl": {"type": "String"}, "has": {"type": "Int", "defaultValue": 1}},
        "staticResults": {"H": {"status": "Succeeded", "outputs": {"statusCode": "OK"}}},
    }
    printed = command(write("flow.json", definition(actions, **members)), "--mock-skeleton")
    found = json.loads(printed.stdout)
    assert set(found["actions"]) == {"Get", "Mail", "Nested"}
    assert found["actions"]["Get"]["body"] == {"id": 1, "tags": ["text"]}
    assert found["actions"]["Mail"]["body"] == {"value": [{}]}
    assert found["parameters"] == {"endpointUrl": "https://example.com"}
    done = run(actions, found, **members)
    assert (done.exit_code, done.stdout.splitlines()[0].split()[1]) == (0, "Succeeded"), done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("gone.json",), "error: gone.json: No such file"),
        (("no.json",), "error: no.json: not valid JSON"),
        (("empty.json",), "error: empty.json: no workflow definition"),
        (("flow.json", "--mock", "bad.json"), "error: bad.json: the file: unknown: action"),
        (("flow.json", "--mock", "other.json"), "the workflow has no action 'Gett'; did you mean 'Get'"),
        (("flow.json", "--trigger", "other"), "the workflow has no trigger 'other'; there are: manual"),
        (("mail.json",), "'Mail' (ApiConnection)"),
    ],
)
def test_what_cannot_be_run_is_told_with_exit_status_2(arguments: tuple[str, ...], told: str):
    Path("no.json").write_text("{", encoding="utf-8")
    write("empty.json", {})
    write("flow.json", definition({"Get": GET}))
    write("bad.json", {"action": {}})
    write("other.json", {"actions": {"Gett": {"statusCode": 200}}})
    write("mail.json", definition({"Mail": {"type": "ApiConnection", "inputs": {"host": {}}}}))
    done = command(*arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def template(*names: str) -> dict[str, Any]:
    def resource(name: str) -> dict[str, Any]:
        actions = {
            "Say": {"type": "Compose", "inputs": "[concat(parameters('prefix'), '-', variables('v'))]"},
            "Raw": {"type": "Compose", "inputs": "[[not an expression]"},
            "Later": {"type": "Compose", "inputs": "[reference('x').key]"},
            "Value": {"type": "Compose", "inputs": "@parameters('given')"},
        }
        return {
            "type": "Microsoft.Logic/workflows",
            "name": f"[concat('{name}', '')]",
            "properties": {
                "definition": definition(actions, parameters={"given": {"type": "String"}}),
                "parameters": {"given": {"value": "[toUpper(parameters('prefix'))]"}},
            },
        }

    return {
        "parameters": {"prefix": {"type": "string", "defaultValue": "p"}},
        "variables": {"v": "[resourceGroup().location]"},
        "resources": [resource(name) for name in names],
    }


def test_an_arm_template_s_values_are_known_as_far_as_it_says_them():
    write("t.json", template("one"))
    done = command("t.json", "--mock", write("m.json", {}), "--format", "json")
    (found,) = json.loads(done.stdout)["runs"]
    outputs = {name: action["repetitions"][0]["outputs"] for name, action in found["actions"].items()}
    assert outputs == {
        "Say": "p-eastus", "Raw": "[not an expression]", "Later": "[reference('x').key]", "Value": "P",
    }  # fmt: skip
    assert any("reference() is known at deployment only" in each for each in json.loads(done.stdout)["warnings"])


def test_one_of_several_workflows_of_a_template_is_named():
    write("t.json", template("one", "two"))
    assert "name one with --workflow: one, two" in command("t.json", "--mock-skeleton").stderr
    assert command("t.json", "--workflow", "TWO", "--mock", write("m.json", {})).stdout.startswith("two: Succeeded")


def test_a_standard_workflow_has_its_app_s_parameters_and_settings():
    actions = {"Say": {"type": "Compose", "inputs": "@{parameters('url')} @{appsetting('KEY')}"}}
    write("app/flow/workflow.json", {"definition": definition(actions), "kind": "Stateful"})
    write("app/parameters.json", {"url": {"type": "String", "value": "@appsetting('URL')"}})
    write("app/local.settings.json", {"Values": {"KEY": "k", "URL": "https://u"}})
    done = command("app/flow", "--mock", write("m.json", {}), "--trace")
    assert '"https://u k"' in done.stdout


def test_a_folder_of_this_project_is_assembled():
    write("mine/definition.json", {**definition({}), "actions": {"$include": "actions.json"}})
    write("mine/actions.json", {"Say": {"type": "Compose", "inputs": 1}})
    for path in ("mine", "mine/definition.json"):
        assert command(path, "--mock", write("m.json", {})).stdout.startswith("mine: Succeeded")


def test_ctrl_c_cancels_the_run_and_tells_what_was_done():
    wait = {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}, "runAfter": after("Said")}
    flow = write("flow.json", definition({"Said": {"type": "Compose", "inputs": 1}, "Hour": wait}))
    mocks = write("mocks.json", {})
    code = (
        "import sys; from emulator.cli import run; announced = run._on_interrupt\n"
        "def begin(interruption):\n    announced(interruption); print('begun', flush=True)\n"
        "run._on_interrupt = begin\n"
        "from emulator.cli import app; app(sys.argv[1:])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "run", flow, "--mock", mocks, "--real-time"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        killer = threading.Timer(60, process.kill)
        killer.start()
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        told = process.stdout.read()
        killer.cancel()
    assert process.returncode == 1
    assert "flow: Cancelled" in told
    assert "Hour" in told
