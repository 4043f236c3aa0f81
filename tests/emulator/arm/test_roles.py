"""What roles allow."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.arm.roles import OWNER, Permission, Role, built_in_roles, matches
from emulator.arm.scopes import covers

_ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("pattern", "action"),
    [
        ("*", "Microsoft.Storage/storageAccounts/read"),
        ("*/read", "Microsoft.Storage/storageAccounts/blobServices/containers/read"),
        ("Microsoft.Storage/*", "Microsoft.Storage/storageAccounts/listKeys/action"),
        ("Microsoft.Storage/*/read", "Microsoft.Storage/storageAccounts/read"),
        ("microsoft.storage/STORAGEACCOUNTS/read", "Microsoft.Storage/storageAccounts/Read"),
        ("Microsoft.A/b/*/c/*", "Microsoft.A/b/x/y/c/z"),
    ],
)
def test_wildcard_stands_for_any_text_and_case_does_not_count(pattern: str, action: str) -> None:
    assert matches(pattern, action)


@pytest.mark.parametrize(
    ("pattern", "action"),
    [
        ("*/read", "Microsoft.Storage/storageAccounts/write"),
        ("*/read", "Microsoft.Storage/storageAccounts/read/action"),
        ("Microsoft.Storage/*", "Microsoft.StorageSync/services/read"),
        ("Microsoft.Storage/storageAccounts/read", "MicrosoftXStorage/storageAccounts/read"),
        ("Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts/read"),
        ("", "Microsoft.Storage/storageAccounts/read"),
    ],
)
def test_pattern_does_not_match_beyond_its_text(pattern: str, action: str) -> None:
    assert not matches(pattern, action)


@given(st.text("aB./*[]?()\\", max_size=12))
def test_every_action_matches_itself(action: str) -> None:
    assert matches(action, action)


def test_not_actions_take_away_from_the_actions_of_their_permission_only() -> None:
    permission = Permission(actions=("Microsoft.A/*",), notActions=("Microsoft.A/*/delete",))
    assert permission.allows("Microsoft.A/b/write")
    assert not permission.allows("Microsoft.A/b/DELETE")
    both = Role("r", "r", "", False, (permission, Permission(actions=("Microsoft.A/b/delete",))), ("/",))
    assert both.allows("Microsoft.A/b/delete")


def test_data_actions_and_actions_are_apart() -> None:
    permission = Permission(actions=("*",), dataActions=("Microsoft.A/*",), notDataActions=("Microsoft.A/b/write",))
    assert permission.allows_data("Microsoft.A/b/read")
    assert not permission.allows_data("Microsoft.A/b/write")
    assert not permission.allows_data("Microsoft.B/c/read")
    assert permission.allows("Microsoft.A/b/write")


def test_owner_has_every_action_and_no_data_action() -> None:
    owner = built_in_roles()[OWNER]
    assert owner.allows("Microsoft.Authorization/roleAssignments/write")
    assert not owner.allows_data("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read")


@pytest.mark.parametrize(
    ("role", "action", "allowed"),
    [
        ("Contributor", "Microsoft.Storage/storageAccounts/write", True),
        ("Contributor", "Microsoft.Authorization/roleAssignments/write", False),
        ("Contributor", "Microsoft.Authorization/roleAssignments/read", True),
        ("Reader", "Microsoft.Logic/workflows/runs/read", True),
        ("Reader", "Microsoft.Storage/storageAccounts/listKeys/action", False),
        ("User Access Administrator", "Microsoft.Authorization/roleDefinitions/write", True),
        ("Role Based Access Control Administrator", "Microsoft.Authorization/roleDefinitions/write", False),
        ("Cognitive Services User", "Microsoft.CognitiveServices/accounts/listKeys/action", True),
        ("Cognitive Services Custom Vision Trainer", "Microsoft.CognitiveServices/accounts/listKeys/action", False),
    ],
)
def test_built_in_role_allows_what_azure_says(role: str, action: str, allowed: bool) -> None:
    (found,) = (entry for entry in built_in_roles().values() if entry.name == role)
    assert found.allows(action) is allowed


@pytest.mark.parametrize(
    ("role", "action", "allowed"),
    [
        ("Storage Blob Data Reader", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", True),
        ("Storage Blob Data Reader", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write", False),
        (
            "Storage Blob Data Contributor",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags/write",
            False,
        ),
        ("Storage Blob Data Owner", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags/write", True),
        ("Monitoring Metrics Publisher", "Microsoft.Insights/Metrics/Write", True),
    ],
)
def test_built_in_role_allows_the_data_actions_that_azure_says(role: str, action: str, allowed: bool) -> None:
    (found,) = (entry for entry in built_in_roles().values() if entry.name == role)
    assert found.allows_data(action) is allowed


def test_built_in_roles_are_those_of_azure() -> None:
    file = Path(os.environ.get("SHARED_SPECS", _ROOT / "../shared/specs")) / "arm/built_in_roles_subset.json"
    if not file.exists():
        pytest.skip(f"the public role definitions are not there: {file.name}")
    azure = {entry["id"]: entry for entry in json.loads(file.read_text(encoding="utf-8"))}
    for id, role in built_in_roles().items():
        (permission,) = role.permissions
        assert role.name == azure[id]["name"]
        for name in Permission.__dataclass_fields__:
            assert list(getattr(permission, name)) == azure[id][name], f"{role.name}: {name}"


def test_scope_covers_itself_and_what_is_below_it_without_regard_to_case() -> None:
    assert covers("/subscriptions/S", "/subscriptions/s/resourceGroups/g")
    assert covers("/subscriptions/s/resourcegroups/G", "/subscriptions/s/resourceGroups/g/providers/A/b/c")
    assert covers("/", "/subscriptions/s")
    assert not covers("/subscriptions/s/resourceGroups/g", "/subscriptions/s/resourceGroups/g2")
    assert not covers("/subscriptions/s/resourceGroups/g", "/subscriptions/s")
