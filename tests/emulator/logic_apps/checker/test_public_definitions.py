"""What Microsoft's template engine says of public definitions, and what the linter says of them."""

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from emulator.logic_apps.checker.findings import Finding
from emulator.logic_apps.checker.rules import Severity
from tests.emulator.logic_apps.checker.linted import linted

ROOT = Path(__file__).resolve().parents[4]
SPECS = (ROOT / os.environ.get("SHARED_SPECS", "../shared/specs")).resolve() / "logic_apps"
pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the collection of public definitions is not here")

ERRORS_OF_ACCEPTED = {
    "builtin-029": "reads parameters that the Standard app declares outside of the definition",
    "builtin-068": "calls concat() without arguments, which fails when the action runs",
    "builtin-069": "reads a parameter that is not declared",
    "mixed-201": "reads a parameter that is not declared",
}
"""The service checks more than this engine, e.g. parameters and arguments."""
NEWER_THAN_THE_ENGINE = ("Agent", "ChunkText", "ParseDocument")
"""Types that Azure has and this engine does not know."""
PLACES_OF_REFUSALS = {
    "builtin-031": "/triggers/Recurrence/recurrence/interval",
    "builtin-046": "/$schema",
    "builtin-108": "/parameters/ServiceOne-Url/value",
    "builtin-111": "/actions/Parse_JSON/runAfter/Get_blob_content",
    "mixed-146": "Invoke_resource_operation",
    "mixed-162": "/triggers/Recurrence/recurrence/interval",
    "mixed-206": "/$schema",
    "mixed-212": "Create_file",
}
MORE_THAN_THE_ENGINE = {
    "argument-count": "wrong numbers of arguments fail when the action runs",
    "loop-unknown": "iterationIndexes() of a loop that is not there",
    "missing-member": "inputs without which the action cannot run",
    "not-in-loop": "Terminate and Response in loops",
    "operation-name": "characters that cannot stand in an address",
    "out-of-limit": "documented limits of Switch, Until and Foreach",
    "parameter-undeclared": "parameters",
    "retry-policy": "documented kinds and intervals of retry policies",
    "response-recurrence": "a Response beside a trigger with a recurrence",
    "unknown-function": "functions",
    "value-not-allowed": "status codes that a Response cannot give",
    "variable-nested": "InitializeVariable beneath the top level",
    "variable-self-reference": "a SetVariable that reads its variable",
    "variable-twice": "a variable that is initialized twice",
    "variable-type": "types of variables",
    "variable-undeclared": "variables",
    "wrong-type": "members of inputs and settings of a wrong JSON type",
}
"""The rules by which the service, or the action when it runs, refuses what this engine accepts."""


PLACELESS = {
    "run-after-circle": "ircular dependency",
    "schema-version": "schema",
    "trigger-condition": "template condition expression",
}
"""Rules whose place the engine does not name, and the words of its verdict."""


def errors(path: Path) -> list[Finding]:
    return [each for each in linted(path).findings if each.severity is Severity.ERROR]


def test_what_the_engine_accepts_has_no_error_and_what_it_refuses_has_one_there():
    wrong: list[str] = []
    for entry in json.loads((SPECS / "definitions" / "index.json").read_text(encoding="utf-8")):
        name = re.match(r"\w+-\d+", entry["file"])
        assert name is not None
        found = errors(SPECS / "definitions" / entry["file"])
        if entry["engine"] == "accepted" or any(f'"{kind}"' in entry["engine"] for kind in NEWER_THAN_THE_ENGINE):
            if bool(found) != (name[0] in ERRORS_OF_ACCEPTED):
                wrong.append(f"{name[0]}: {[each.message for each in found]}")
        elif not any(PLACES_OF_REFUSALS[name[0]] in each.pointer for each in found):
            wrong.append(f"{name[0]}: {[each.pointer for each in found]}, engine: {entry['engine']}")
    assert wrong == []


def test_changed_definitions_are_judged_as_the_engine_judged_them_or_by_a_rule_of_the_service(tmp_path: Path):
    wrong: list[str] = []
    for entry in json.loads((SPECS / "changed_definitions.json").read_text(encoding="utf-8"))["definitions"]:
        path = tmp_path / f"{entry['id']}.json"
        path.write_text(json.dumps(entry["definition"]), encoding="utf-8")
        found, what = errors(path), f"{entry['id']} {entry['change']} {entry['what']}"
        codes = {each.rule.code for each in found}
        if entry["engine"] != "accepted":
            if not any(stands_there(each, entry["engine"]) for each in found):
                wrong.append(f"{what}: {[each.pointer for each in found]}, engine: {entry['engine']}")
        elif entry["change"].startswith("harmless_") and found:
            wrong.append(f"{what}: {[each.message for each in found]}")
        elif not codes <= set(MORE_THAN_THE_ENGINE):
            wrong.append(f"{what}: {sorted(codes - set(MORE_THAN_THE_ENGINE))}")
    assert wrong == []


def stands_there(finding: Finding, verdict: str) -> bool:
    """Tell whether a finding is where the verdict says, or is of a kind whose verdict names no place."""
    if finding.rule.code in PLACELESS:
        return PLACELESS[finding.rule.code] in verdict
    named = {step.lower() for name in re.findall(r"'([^']*)'", verdict) for step in (name, *name.split("."))}
    steps = [step.replace("~1", "/").replace("~0", "~").lower() for step in finding.pointer.split("/")[1:]]
    return any(step in named for step in steps)


def test_ninety_definitions_take_a_few_seconds():
    began = time.process_time()
    report = linted(SPECS / "definitions")
    assert report.summary.workflows == 90
    assert time.process_time() - began < 15


def test_every_change_that_the_engine_refuses_has_its_own_rule(tmp_path: Path):
    """The rule that fires is the one for what was changed, not some other."""
    expected: dict[str, set[str]] = {
        "run_after_unknown": {"run-after-unknown"},
        "run_after_self": {"run-after-itself"},
        "run_after_cycle": {"run-after-circle"},
        "run_after_other_scope": {"run-after-unknown"},
        "schema_version": {"schema-version", "wrong-type"},
        "drop_type": {"missing-type"},
        "unknown_type": {"unknown-type"},
        "no_argument": {"argument-count"},
        "double_quotes": {"expression-syntax"},
        "drop_paren": {"expression-syntax"},
        "parameter_type": {"parameter-default"},
        "duplicate_name": {"duplicate-name"},
        "reference_before": {"action-not-before"},
        "unknown_action_reference": {"action-unknown"},
        "trigger_condition": {"trigger-condition"},
        "switch_cases": {"switch-case", "missing-member"},
        "recurrence": {"missing-member"},
        "select_bad": {"expression-syntax"},
        "odd_name": {"operation-name"},
        "foreach_concurrency": {"operation-options"},
        "top_level_key": {"wrong-type"},
        "item_outside": {"action-unknown"},
        "if_expression": {"condition"},
    }
    entries: list[dict[str, Any]] = json.loads((SPECS / "changed_definitions.json").read_text())["definitions"]
    for entry in entries:
        if entry["engine"] == "accepted":
            continue
        path = tmp_path / f"{entry['id']}.json"
        path.write_text(json.dumps(entry["definition"]), encoding="utf-8")
        codes = {each.rule.code for each in errors(path)}
        assert codes & expected[entry["change"]], (entry["id"], entry["change"], codes)
