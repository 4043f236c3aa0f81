"""The pytest plugin, in sessions of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.emulator.logic_apps.standalone.alone import definition

ACTIONS = {
    "Is": {
        "type": "If",
        "expression": "@equals(triggerBody()['n'], 1)",
        "actions": {"Get": {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.com"}}},
        "else": {"actions": {}},
    }
}
TESTS = """
def test_one(workflow):
    mocks = {"actions": {"Get": {"statusCode": 200}}}
    found = workflow.load("flow.json").run({"n": 1}, mocks=mocks)
    assert found.status == "Succeeded"
    assert [call.url for call in found.calls_of("Get")] == ["https://example.com"]
    assert found.branches == {"Is": "actions"}
"""
OTHER = """
def test_two(workflow):
    assert workflow.load("flow.json").run({"n": 2}).status == "Succeeded"
"""


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    pytester.makeconftest('pytest_plugins = ["emulator.testing.plugin"]')
    (pytester.path / "flow.json").write_text(json.dumps(definition(ACTIONS)), encoding="utf-8")
    return pytester


def run(session: pytest.Pytester, *options: str) -> pytest.RunResult:
    return session.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly", *options)


def test_coverage_is_told_and_joined_from_all_processes(session: pytest.Pytester):
    session.makepyfile(test_one=TESTS, test_two=OTHER)
    done = run(session, "-n", "2", "--workflow-coverage-fail-under", "100", "--workflow-coverage-json", "out.json")
    done.stdout.fnmatch_lines(["flow  100 %  actions 2/2, branches 2/2, runs 2"])
    assert done.ret == 0
    assert json.loads((session.path / "out.json").read_text(encoding="utf-8"))["percent"] == 100


def test_less_than_the_threshold_fails_the_session_and_names_what_is_missing(session: pytest.Pytester):
    session.makepyfile(test_one=TESTS)
    done = run(session, "--workflow-coverage", "flow.json", "--workflow-coverage-fail-under", "100")
    done.stdout.fnmatch_lines(
        ["flow  75 %  actions 2/2, branches 1/2, runs 1", "  Is: never false", "FAIL: 75.00 % *, not 100 %"]
    )
    assert done.ret == 1
    assert run(session, "--workflow-coverage-fail-under", "75").ret == 0


def test_a_failing_test_shows_what_the_run_did(session: pytest.Pytester):
    session.makepyfile(
        """
        def test_it(workflow):
            mocks = {"actions": {"Get": {"statusCode": 404}}}
            assert workflow.load("flow.json").run({"n": 1}, mocks=mocks).status == "Succeeded"
        """
    )
    done = run(session)
    done.stdout.fnmatch_lines(["flow: Failed*", "*Get * Http * Failed (NotFound)*"])


def test_a_call_that_nothing_answers_fails_the_test(session: pytest.Pytester):
    session.makepyfile(
        """
        def test_it(workflow):
            workflow.load("flow.json").run({"n": 1}, mocks={"requests": []})
        """
    )
    done = run(session)
    done.stdout.fnmatch_lines(["*UnansweredError: the action 'Get' calls GET https://example.com*"])


def test_a_folder_without_a_workflow_is_a_usage_error(session: pytest.Pytester):
    done = run(session, "--workflow-coverage", ".")
    done.stderr.fnmatch_lines(["ERROR: --workflow-coverage: .: no workflow in its folders"])
    assert done.ret == pytest.ExitCode.USAGE_ERROR
