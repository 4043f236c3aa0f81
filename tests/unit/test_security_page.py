"""docs/security.md lists exactly the role assignments that the program makes."""

import re

from components import roles
from tests.unit.recording import ROOT, Run, minimal_config

ROLE_NAMES = {
    roles.STORAGE_BLOB_DATA_CONTRIBUTOR: "Storage Blob Data Contributor",
    roles.STORAGE_BLOB_DATA_READER: "Storage Blob Data Reader",
    roles.MONITORING_METRICS_PUBLISHER: "Monitoring Metrics Publisher",
}
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def scope_of(id_: str) -> str:
    """Return the kind of a scope as the page names it: containers by name."""
    kind, name = id_.rsplit("/", 2)[1:]
    if kind == "accounts":
        return "training account" if name.startswith("cv-train-") else "prediction account"
    kinds = {"containers": name, "storageAccounts": "storage account", "workflows": "the Logic App itself"}
    return kinds.get(kind, "data collection rule")


def test_every_assignment_is_listed_with_who_scope_and_role(run: Run):
    made: set[tuple[str, str, str]] = set()
    for each in run(minimal_config()).all("azure-native:authorization:RoleAssignment"):
        who = re.fullmatch(r"the-identity-of-logic-(\w+)-.*", each.plain["principalId"])
        assert who is not None
        role = each.plain["roleDefinitionId"].rsplit("/", 1)[-1]
        made.add((who[1], scope_of(each.plain["scope"]), ROLE_NAMES.get(role, "the custom role")))
    listed = set(re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| .+ \|$", PAGE, re.MULTILINE))
    assert made == listed


def test_every_action_of_the_custom_role_is_listed():
    assert set(re.findall(r"^- `(Microsoft\.[\w/]+)`", PAGE, re.MULTILINE)) == set(roles.RETRAINING_ACTIONS)
