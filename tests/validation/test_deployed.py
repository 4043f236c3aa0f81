"""python -m validation on a stack that is deployed on the emulator: every fault is told, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from tests.validation.stack import ValidatedStack, validated_stack
from validation.__main__ import main

pytestmark = pytest.mark.e2e

LOGIC = "2019-05-01"
METRIC_ALERTS = "2018-03-01"
ACTION_GROUPS = "2024-10-01-preview"
DIAGNOSTICS = "2021-05-01-preview"
BLOBS = "2024-01-01"
ROLES = "2022-04-01"
ACCOUNTS = "2025-06-01"
READ_BY_THE_COMMAND = {
    "resources",
    "Custom Vision project",
    "run history",
    "artifacts",
    "prediction",
    "alert rules",
    "diagnostic settings",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValidatedStack]:
    # What was deleted is looked at before it is purged.
    with validated_stack(tmp_path_factory.mktemp("validated"), purgeOnDestroy="false") as made:
        yield made


def verdicts(output: str) -> dict[str, str]:
    return {
        name.strip(): verdict for verdict, name in re.findall(r"^(ok|failed|skipped) +(\S.*?)  ", output, re.MULTILINE)
    }


def test_a_deployed_stack_passes_and_the_test_image_is_gone_afterwards(
    stack: ValidatedStack, capsys: pytest.CaptureFixture[str]
):
    assert main(stack.deployed()) == 0
    output = capsys.readouterr().out
    found = verdicts(output)
    assert set(found) == {*READ_BY_THE_COMMAND, "upload", "run", "test image set aside"}
    assert {name for name, verdict in found.items() if verdict != "ok"} == {"prediction"}
    assert "not trained" in output
    (image,) = re.findall(r"validation-[0-9a-f-]{36}\.jpg", output.replace("\n", " "))[:1]
    rejected = (stack.home.root / "azurite").rglob("*")
    assert not any(image in path.name for path in rejected)


def test_read_only_starts_no_run(stack: ValidatedStack, capsys: pytest.CaptureFixture[str]):
    runs = f"{stack.outputs['logicAppId']}/runs"
    before = [run["name"] for run in stack.arm.values(runs, LOGIC)]
    assert main([*stack.deployed(), "--read-only"]) == 0
    assert set(verdicts(capsys.readouterr().out)) == READ_BY_THE_COMMAND
    assert [run["name"] for run in stack.arm.values(runs, LOGIC)] == before


def disabled_alert(stack: ValidatedStack) -> None:
    path = f"{stack.group}/providers/Microsoft.Insights/metricAlerts"
    rule = next(iter(stack.arm.values(path, METRIC_ALERTS)))
    body = {name: rule[name] for name in ("location", "tags", "properties")}
    stack.arm.put(rule["id"], METRIC_ALERTS, {**body, "properties": {**rule["properties"], "enabled": False}})


def disabled_workflow(stack: ValidatedStack) -> None:
    stack.arm.post(f"{stack.outputs['logicAppId']}/disable", LOGIC)


def disabled_action_group(stack: ValidatedStack) -> None:
    group = stack.arm.get(stack.outputs["actionGroupId"], ACTION_GROUPS)
    body = {name: group[name] for name in ("location", "tags", "properties")}
    stack.arm.put(group["id"], ACTION_GROUPS, {**body, "properties": {**group["properties"], "enabled": False}})


def no_diagnostics(stack: ValidatedStack) -> None:
    path = f"{stack.outputs['logicAppId']}/providers/Microsoft.Insights/diagnosticSettings"
    for each in list(stack.arm.values(path, DIAGNOSTICS)):
        stack.arm.delete(each["id"], DIAGNOSTICS)


def no_rollback(stack: ValidatedStack) -> None:
    stack.arm.delete(stack.outputs["rollbackLogicAppId"], LOGIC)


HARM: dict[str, tuple[Callable[[ValidatedStack], None], str]] = {
    "alert rules": (disabled_alert, "is disabled"),
    "run history": (disabled_workflow, "is Disabled"),
    "diagnostic settings": (no_diagnostics, "no diagnostic setting to"),
    "resources": (no_rollback, "Logic/workflows/logic-rollback-custom-vision-r-local-"),
}


def test_changes_by_hand_are_told_with_a_remedy_that_mends_them(
    stack: ValidatedStack, capsys: pytest.CaptureFixture[str]
):
    for harm, _ in HARM.values():
        harm(stack)
    assert main([*stack.deployed(), "--read-only"]) == 1
    output = capsys.readouterr().out
    failed = {name for name, verdict in verdicts(output).items() if verdict == "failed"}
    assert failed == set(HARM)
    assert output.count("-> ") == len(HARM)
    assert all(words in output for _, words in HARM.values())
    disabled_action_group(stack)
    main([*stack.deployed(), "--read-only"])
    assert "the action group is disabled" in capsys.readouterr().out
    stack.deployment.refresh()
    stack.deployment.up()
    assert main([*stack.deployed(), "--read-only"]) == 0


def assignments(stack: ValidatedStack, scope: str) -> list[str]:
    """Return the assignments at exactly `scope`."""
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments"
    found = list(stack.arm.values(path, ROLES))
    return [each["id"] for each in found if each["properties"]["scope"].lower() == scope.lower()]


def test_a_run_without_a_role_fails_and_names_the_action(stack: ValidatedStack, capsys: pytest.CaptureFixture[str]):
    account = f"{stack.group}/providers/Microsoft.Storage/storageAccounts/{stack.outputs['storageAccountName']}"
    for each in assignments(stack, account):
        stack.arm.delete(each, ROLES)
    assert main(stack.deployed()) == 1
    output = capsys.readouterr().out
    assert verdicts(output)["run"] == "failed"
    assert "Sign_the_training_container (Forbidden)" in " ".join(output.split())
    stack.deployment.refresh()
    stack.deployment.up()
    assert main(stack.deployed()) == 0


def test_a_secret_is_never_printed(stack: ValidatedStack, capsys: pytest.CaptureFixture[str]):
    main(stack.deployed())
    output = capsys.readouterr()
    for kind in ("Training", "Prediction"):
        account = stack.outputs[f"customVision{kind}Account"]
        id_ = f"{stack.group}/providers/Microsoft.CognitiveServices/accounts/{account}"
        keys = stack.arm.post(f"{id_}/listKeys", ACCOUNTS)
        assert not any(key in output.out + output.err for key in keys.values())
    assert "sig=" not in output.out + output.err


def test_permissions_of_someone_without_a_role_are_told(stack: ValidatedStack, capsys: pytest.CaptureFixture[str]):
    nobody = "99999999-0000-4000-8000-000000000009"
    subscription = stack.arm.configuration.subscription_id
    assert main(["--preflight", "--stack", "local", "--subscription", subscription, *stack.cloud(nobody)]) == 1
    found = verdicts(capsys.readouterr().out)
    assert {found["login"], found["permissions"], found["region"]} == {"failed"}


@pytest.mark.parametrize(
    ("arguments", "check"),
    [((), None), (("--location", "nowhere"), "region"), (("--location", "nowhere"), "Custom Vision's tiers")],
)
def test_preflight(
    stack: ValidatedStack, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], check: str | None
):
    status = main(["--preflight", "--stack", "local", *stack.cloud(), *arguments])
    found = verdicts(capsys.readouterr().out)
    assert status == (0 if check is None else 1)
    assert check is None or found[check] == "failed"


def test_names_of_the_deployed_stack_are_its_own(stack: ValidatedStack, capsys: pytest.CaptureFixture[str]):
    suffix = stack.outputs["storageAccountName"][-6:]
    for named in (["--suffix", suffix], ["--outputs", str(stack.file)]):
        assert main(["--preflight", "--stack", "local", *named, *stack.cloud()]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert stack.outputs["storageAccountName"] in shown
        assert "are free or the stack's own" in shown


def test_a_destroyed_stack_is_told_until_its_accounts_are_purged(
    stack: ValidatedStack, capsys: pytest.CaptureFixture[str]
):
    assert main(["--destroyed", *stack.deployed()]) == 1
    assert verdicts(capsys.readouterr().out)["resource group"] == "failed"
    stack.deployment.destroy()
    assert main(["--destroyed", *stack.deployed()]) == 1
    found = verdicts(capsys.readouterr().out)
    assert (found["resource group"], found["deleted accounts"], found["custom roles"]) == ("ok", "failed", "ok")
    suffix = stack.outputs["storageAccountName"][-6:]
    assert main(["--preflight", "--stack", "local", "--suffix", suffix, *stack.cloud()]) == 1
    assert "deleted, and still to be restored" in capsys.readouterr().out
    deleted = f"{stack.arm.subscription}/providers/Microsoft.CognitiveServices/deletedAccounts"
    for each in list(stack.arm.values(deleted, ACCOUNTS)):
        stack.arm.delete(each["id"], ACCOUNTS)
    assert main(["--destroyed", *stack.deployed()]) == 0
