"""Rules of the workflow resource around a definition: name, identity, access control."""

from __future__ import annotations

from typing import Any

from emulator.logic_apps import limits
from emulator.logic_apps.checker.problems import Path, Problems
from emulator.logic_apps.definitions.components import is_expression


def check_resource(resource: dict[str, Any], path: Path, problems: Problems) -> None:
    """Tell what is wrong with a workflow resource of Consumption at `path`."""
    name = resource.get("name")
    if isinstance(name, str) and not is_expression(name) and len(name) > limits.NAME_CHARACTERS:
        problems.add(
            "workflow-name",
            f"the name of the workflow has {len(name)} characters; at most {limits.NAME_CHARACTERS}.",
            (*path, "name"),
        )
    _check_identity(resource.get("identity"), (*path, "identity"), problems)
    properties: Any = resource.get("properties")
    control = properties.get("accessControl") if isinstance(properties, dict) else None
    if isinstance(control, dict):
        for part, rules in control.items():
            if isinstance(rules, dict):
                inner = (*path, "properties", "accessControl", part, "openAuthenticationPolicies", "policies")
                _check_policies(rules, inner, problems)


def _check_identity(identity: Any, path: Path, problems: Problems) -> None:
    if not isinstance(identity, dict):
        return
    kind, users = str(identity.get("type")).lower().replace(" ", ""), identity.get("userAssignedIdentities")
    if kind in ("systemassigned,userassigned", "userassigned,systemassigned"):
        problems.add(
            "workflow-identity",
            "a Consumption workflow has either the system-assigned identity or one user-assigned one, not both.",
            (*path, "type"),
        )
    elif isinstance(users, dict) and len(users) > 1:
        problems.add(
            "workflow-identity",
            f"a Consumption workflow has one user-assigned identity; this one has {len(users)}.",
            (*path, "userAssignedIdentities"),
        )


def _check_policies(rules: dict[str, Any], path: Path, problems: Problems) -> None:
    opened = rules.get("openAuthenticationPolicies")
    policies = opened.get("policies") if isinstance(opened, dict) else None
    if not isinstance(policies, dict):
        return
    if len(policies) > limits.POLICIES:
        problems.add(
            "workflow-policies", f"there are {len(policies)} authorization policies; at most {limits.POLICIES}.", path
        )
    for name, policy in policies.items():
        claims = policy.get("claims") if isinstance(policy, dict) else None
        if isinstance(claims, list) and len(claims) > limits.POLICY_CLAIMS:
            problems.add(
                "workflow-policies",
                f"the authorization policy '{name}' has {len(claims)} claims; at most {limits.POLICY_CLAIMS}.",
                (*path, name, "claims"),
            )
