"""Every role that the program assigns is needed where it is, and a run that lacks one says so and loses nothing.

The assignments are those that Azure Resource Manager has after the deployment, so that one more is in these tests by
itself.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from components import roles as program_roles
from emulator.arm.authorization import Authorization
from emulator.arm.roles import Permission, Role, built_in_roles
from emulator.identity import Principal
from tests.security.program import ROLES_API, Assignment, ProgramRetraining, ProgramWorld
from tests.unit.recording import ROOT
from tests.workflows.world import LOGIC, Finished, pictures

NUMBERS = itertools.count(1000, 20)
PUBLISHER = "Monitoring Metrics Publisher"


def more_images(retraining: ProgramRetraining) -> list[str]:
    """Upload images of both labels and one that is refused, and see that some are held out; return their names."""
    number = next(NUMBERS)
    files = {**pictures("red", 4, number), **pictures("blue", 4, number), f"red/{number}-empty.jpg": b""}
    retraining.upload(files)
    retraining.hold_out(pictures("red", 1, 500))
    return sorted(files)


def misplaced(retraining: ProgramRetraining, uploaded: list[str]) -> list[str]:
    """Return the images that are not in one place exactly."""
    places = retraining.places()
    return [f"{name} is in {places[name]} places" for name in uploaded if places[name] != 1]


@contextmanager
def a_dead_holder(retraining: ProgramRetraining) -> Generator[None]:
    """Let the lock be held by a run that is long over; whoever takes it over has to ask for that run."""
    lock = retraining.container("artifacts").get_blob_client("locks/retrain.json")
    lock.upload_blob('{"run": "08580000000000000000000000000CU00", "since": "2026-01-01"}', overwrite=True)
    lease = lock.acquire_lease()
    try:
        yield
    finally:
        if lock.get_blob_properties().lease.state == "leased":
            lease.break_lease(0)


def refused(retraining: ProgramRetraining, assignment: Assignment) -> str:
    """Run what needs an assignment, and return what its user reads; empty where nothing was refused."""
    if assignment.who == "rollback":
        answer = retraining.roll_back(retraining.rollback, {"who": "anna", "why": "to try it"})
        if assignment.role == PUBLISHER:
            # Records that cannot be written fail no rollback.
            assert answer.status_code == 200, answer.text
            return missing_for_the_record(retraining)
        return "" if answer.status_code in (200, 409) else answer.json()["reason"]
    if "/workflows/" in assignment.scope:
        with a_dead_holder(retraining):
            run = retraining.run_through_waits()
    else:
        run = retraining.run_through_waits()
    if assignment.role == PUBLISHER:
        # Records that cannot be written fail no run.
        assert run.status == "Succeeded", run.error
        return (run.manifest or {})["roles"]["records"] or ""
    return "" if run.error is None else run.error["message"]


def missing_for_the_record(retraining: ProgramRetraining) -> str:
    """Return the role that the newest rollback lacked for its record, as its action Reported says."""
    arm, rollback = retraining.world.arm, retraining.rollback
    newest = max(arm.values(f"{rollback}/runs", LOGIC), key=lambda run: run["properties"]["startTime"])
    assert retraining.end_of(newest["name"], rollback)["status"] == "Succeeded"
    reported = arm.get(f"{rollback}/runs/{newest['name']}/actions/Reported", LOGIC)["properties"]
    return httpx.get(reported["outputsLink"]["uri"]).json()["missingRole"] or ""


def settled(retraining: ProgramRetraining) -> Finished:
    """Run until nothing waits any more."""
    run = retraining.run_through_waits()
    for _ in range(2):
        if retraining.names("training"):
            run = retraining.run_through_waits()
    return run


def test_a_run_without_a_role_names_it_and_loses_nothing(program: ProgramWorld, retraining: ProgramRetraining):
    assignments = program.assignments()
    assert {each.who for each in assignments} == {"retrain", "rollback"}
    faults: dict[str, Any] = {}
    for each in assignments:
        uploaded = more_images(retraining)
        program.remove(each)
        told = refused(retraining, each)
        scope = "the data collection rule" if each.role == PUBLISHER else each.scope.rsplit("/", 1)[-1]
        lost = misplaced(retraining, uploaded)
        if f"{each.role} on {scope}" not in told or lost:
            faults[f"without {each.name}"] = told, lost
        program.put_back(each)
        run = settled(retraining)
        lost = misplaced(retraining, uploaded)
        if run.status != "Succeeded" or retraining.names("training") or lost:
            faults[f"with {each.name} again"] = run.error, lost
        if each.who == "rollback" and refused(retraining, each):
            faults[f"rollback with {each.name} again"] = refused(retraining, each)
    assert faults == {}


def is_smaller(role: Role, than: Role) -> bool:
    """Tell whether all that `role` allows is allowed by the other, and not the other way round."""

    def covered(one: Role, other: Role) -> bool:
        def within(actions: str, exceptions: str, allows: Callable[[str], bool]) -> bool:
            return all(
                allows(action) or action in getattr(permission, exceptions)
                for permission in one.permissions
                for action in getattr(permission, actions)
            )

        return within("actions", "notActions", other.allows) and within(
            "dataActions", "notDataActions", other.allows_data
        )

    return covered(role, than) and not covered(than, role)


def role_of(program: ProgramWorld, assignment: Assignment) -> Role:
    """Return the role that is assigned, a built-in one or the custom one."""
    definition = program.arm.get(assignment.body["properties"]["roleDefinitionId"], ROLES_API)
    permissions = tuple(map(Permission.from_json, definition["properties"]["permissions"]))
    return Role(definition["name"], assignment.role, "", False, permissions, ())


def smaller_roles(program: ProgramWorld, assignment: Assignment) -> dict[str, str]:
    """Return the GUIDs of the built-in roles that allow less than an assignment's, by name."""
    assigned = role_of(program, assignment)
    return {role.name: role.id for role in built_in_roles().values() if is_smaller(role, assigned)}


@contextmanager
def instead(program: ProgramWorld, assignment: Assignment, role: str, scope: str = "") -> Generator[None]:
    """Give the identity another role, or the same on another scope, while the context lasts."""
    program.remove(assignment)
    principal = assignment.body["properties"]["principalId"]
    other = program.assign(principal, role, scope or assignment.scope)
    try:
        yield
    finally:
        program.arm.delete(other, ROLES_API)
        program.put_back(assignment)


def test_no_smaller_built_in_role_is_enough(program: ProgramWorld, retraining: ProgramRetraining):
    enough: list[str] = []
    tried: set[str] = set()
    # The first is of too few images; two publications, so that a rollback has something to go back to.
    for _ in range(3):
        more_images(retraining)
        retraining.ask({"force": True, "who": "anna", "why": "to have two"})
    assert retraining.roll_back(retraining.rollback, {"who": "anna", "why": "to try it"}).status_code == 200
    for each in program.assignments():
        for name, role in smaller_roles(program, each).items():
            tried.add(name)
            more_images(retraining)
            with instead(program, each, role):
                if not refused(retraining, each):
                    enough.append(f"{each.name}: {name}")
    settled(retraining)
    assert enough == []
    assert {"Storage Blob Data Reader", "Storage Blob Delegator"} <= tried


def test_no_action_of_the_custom_role_can_be_left_out(program: ProgramWorld, retraining: ProgramRetraining):
    custom = [each for each in program.assignments() if each.role.startswith("Custom Vision retraining")]
    id = custom[0].body["properties"]["roleDefinitionId"]
    whole = program.arm.get(id, ROLES_API)["properties"]
    body = {name: whole[name] for name in ("roleName", "description", "type", "permissions", "assignableScopes")}
    (permission,) = body["permissions"]
    assert set(permission["actions"]) == set(program_roles.RETRAINING_ACTIONS)
    needless: list[str] = []
    for action in permission["actions"]:
        left = [each for each in permission["actions"] if each != action]
        program.arm.put(id, ROLES_API, {"properties": {**body, "permissions": [{**permission, "actions": left}]}})
        more_images(retraining)
        if not any(refused(retraining, each) for each in custom):
            needless.append(action)
        program.arm.put(id, ROLES_API, {"properties": body})
    settled(retraining)
    assert needless == []


OPERATIONS = re.compile(r"/(listservicesas|listkeys|runs/\w+)$")
"""What Azure Resource Manager asks about below the resource itself."""

Asked = dict[tuple[str, str], set[str]]
"""Actions that were allowed, by the principal's GUID and the scope that was asked for, in lower case."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Note what the services ask about principals from now on, and are told that they may."""
    allowed: Asked = {}

    def noting(name: str) -> None:
        original: Callable[[Authorization, Principal, str, str], bool] = getattr(Authorization, name)

        def note(self: Authorization, principal: Principal, action: str, scope: str) -> bool:
            may = original(self, principal, action, scope)
            if may:
                allowed.setdefault((principal.object_id, scope.lower()), set()).add(action)
            return may

        monkeypatch.setattr(Authorization, name, note)

    noting("may")
    noting("may_data")
    return allowed


def test_the_page_lists_each_assignment_with_the_actions_that_are_used_on_exactly_its_scope(
    program: ProgramWorld, retraining: ProgramRetraining, asked: Asked
):
    decisions: list[str] = []
    for _ in range(2):
        more_images(retraining)
        with a_dead_holder(retraining):
            decisions.append((retraining.run_through_waits().manifest or {})["decision"])
    assert decisions == ["published", "published"]
    assert refused(retraining, next(each for each in program.assignments() if each.who == "rollback")) == ""
    used: set[tuple[str, str, frozenset[str]]] = set()
    for each in program.assignments():
        principal = each.body["properties"]["principalId"]
        actions = {
            action
            for (who, scope), allowed in asked.items()
            for action in allowed
            if who == principal and OPERATIONS.sub("", scope) == each.scope.lower()
        }
        used.add((each.who, place(each), frozenset("/".join(action.split("/")[-2:]).lower() for action in actions)))
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    listed = {
        (who, where, frozenset(re.findall(r"`([\w/]+)`", actions.lower())))
        for who, where, actions in re.findall(r"^\| `(\w+)` \| (.+?) \| .+? \| (.+?) \| .+ \|$", page, re.MULTILINE)
    }
    assert used == listed
    assert all(actions for _, _, actions in used)


def place(assignment: Assignment) -> str:
    """Return the scope in the words of the page."""
    kind, name = assignment.scope.rsplit("/", 2)[1:]
    words = {
        "accounts": "training account",
        "containers": name,
        "storageAccounts": "storage account",
        "workflows": "the Logic App itself",
        "dataCollectionRules": "data collection rule",
    }
    return words[kind]


def test_a_role_on_one_container_is_not_enough_to_sign(program: ProgramWorld, retraining: ProgramRetraining):
    (signing,) = [
        each for each in program.assignments() if "/storageAccounts/" in each.scope and "/blob" not in each.scope
    ]
    more_images(retraining)
    role = signing.body["properties"]["roleDefinitionId"].rsplit("/", 1)[-1]
    with instead(program, signing, role, f"{signing.scope}/blobServices/default/containers/training-images"):
        assert "Sign_the_training_container" in refused(retraining, signing)
    settled(retraining)
    assert retraining.names("training") == []


def test_every_smaller_role_of_azure_is_known_here(program: ProgramWorld):
    """So that the tests above have tried it."""
    path = ROOT.parent / "shared" / "specs" / "arm" / "built_in_roles_subset.json"
    if not path.is_file():
        pytest.skip("the list of Azure's built-in roles is not here")
    known = built_in_roles()
    listed = [
        Role(each["id"], each["name"], "", True, (Permission.from_json(each),), ())
        for each in json.loads(path.read_text(encoding="utf-8"))
    ]
    assert len(listed) > 30
    for assignment in program.assignments():
        missing = [
            role.name for role in listed if is_smaller(role, role_of(program, assignment)) and role.id not in known
        ]
        assert missing == [], assignment.name
