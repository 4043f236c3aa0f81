"""What the answers of several operations have in common: references, content links, members that may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.clock import Clock
from emulator.logic_apps.data_plane.signatures import Signatures, contents_path
from emulator.logic_apps.history.records import ContentSummary
from emulator.logic_apps.runs.runs import Workflow
from emulator.logic_apps.workflows import Workflows


@dataclass(frozen=True)
class Management:
    """What operations work on."""

    workflows: Workflows
    signatures: Signatures
    clock: Clock

    def link(self, workflow: Workflow, place: str, content: ContentSummary | None) -> dict[str, Any] | None:
        """Return the link to a content, None where there is none to show.

        `place` says which one below the workflow, e.g. ``/runs/R/contents/TriggerInputs``.
        """
        if content is None:
            return None
        permission = f"{place}/read"
        return {
            "uri": self.signatures.content_url(contents_path(workflow.guid, permission), permission),
            "contentVersion": content.md5,
            "contentSize": content.size,
            "contentHash": {"algorithm": "md5", "value": content.md5},
        }


def reference(id: str, type: str) -> dict[str, Any]:
    """Return a reference to a resource."""
    return {"id": id, "name": id.rsplit("/", 1)[-1], "type": type}


def version_reference(workflow: Workflow, version: str) -> dict[str, Any]:
    """Return a reference to a version of a workflow."""
    return reference(f"{workflow.id}/versions/{version}", "Microsoft.Logic/workflows/versions")


def present(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that are not None."""
    return {name: value for name, value in members.items() if value is not None}
