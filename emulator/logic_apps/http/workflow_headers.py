"""The ``x-ms-`` headers that outbound calls carry about the run they come from.

They are left out with the option SuppressWorkflowHeaders ("Schema reference guide for trigger and action types in Azure
Logic Apps", learn.microsoft.com).
"""

from __future__ import annotations

from urllib.parse import quote

from emulator.logic_apps.history.records import ActionRecord
from emulator.logic_apps.runs.run_environment import RunState

_SAFE = "!#$&'()*+,/:;=?@[]~ "


def workflow_headers(state: RunState, record: ActionRecord) -> dict[str, str]:
    """Return the headers of a call that an action makes; characters that headers cannot have are percent-encoded."""
    parts = state.workflow_id.split("/")
    named = {parts[index].lower(): parts[index + 1] for index in range(1, len(parts) - 1, 2)}
    values = {
        "x-ms-workflow-id": state.guid,
        "x-ms-workflow-name": state.workflow_name,
        "x-ms-workflow-run-id": state.id,
        "x-ms-workflow-operation-name": record.name,
        "x-ms-workflow-subscription-id": named.get("subscriptions", ""),
        "x-ms-workflow-resourcegroup-name": named.get("resourcegroups", ""),
        "x-ms-execution-location": state.location,
        "x-ms-client-tracking-id": state.client_tracking_id,
        "x-ms-action-tracking-id": record.tracking_id,
    }
    return {name: quote(value, safe=_SAFE) for name, value in values.items() if value}
