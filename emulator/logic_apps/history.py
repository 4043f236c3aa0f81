"""The JSON of triggers, runs and actions on Azure Resource Manager (Microsoft.Logic 2019-05-01)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from emulator.logic_apps.definition import Trigger
from emulator.logic_apps.records import FAILED, RUNNING, SUCCEEDED, ActionRecord
from emulator.logic_apps.run_store import RunRow
from emulator.logic_apps.signatures import Signatures, contents_path
from emulator.logic_apps.workflows import Workflow


def run_json(workflow: Workflow, row: RunRow, signatures: Signatures) -> dict[str, Any]:
    """Return a run."""
    trigger = row.trigger
    return {
        "id": f"{workflow.id}/runs/{row.id}",
        "name": row.id,
        "type": "Microsoft.Logic/workflows/runs",
        "properties": _present(
            {
                "startTime": row.start,
                "endTime": row.end,
                "status": row.status,
                "code": row.code,
                "error": row.error,
                "correlation": {"clientTrackingId": row.id},
                "workflow": {
                    "id": workflow.id,
                    "name": workflow.id.rsplit("/", 1)[-1],
                    "type": "Microsoft.Logic/workflows",
                },
                "trigger": _present(
                    {
                        "name": trigger["name"],
                        "startTime": trigger["start"],
                        "endTime": trigger["end"],
                        "status": trigger["status"],
                        "code": trigger["code"],
                        "inputsLink": _link(
                            workflow, row.id, "TriggerInputs", trigger["name"], trigger["inputs"], signatures
                        ),
                        "outputsLink": _link(
                            workflow, row.id, "TriggerOutputs", trigger["name"], trigger["outputs"], signatures
                        ),
                    }
                ),
                "outputs": {},
            }
        ),
    }


def action_json(
    workflow: Workflow, run: str, records: Sequence[ActionRecord], signatures: Signatures
) -> dict[str, Any]:
    """Return an action of a run; the records of an action in a loop are its repetitions, summed up."""
    first = records[0]
    found = record_json(workflow, run, first, signatures)
    if first.path != first.name:
        ends = [record.end for record in records if record.end is not None]
        statuses = {record.status for record in records}
        over = len(ends) == len(records)
        found["properties"] = _present(
            {
                "startTime": min(record.start for record in records),
                "endTime": max(ends) if over else None,
                "status": RUNNING
                if not over
                else FAILED
                if FAILED in statuses
                else SUCCEEDED
                if SUCCEEDED in statuses
                else first.status,
                "repetitionCount": len(records),
                "canResubmit": False,
            }
        )
    return {
        "id": f"{workflow.id}/runs/{run}/actions/{first.name}",
        "name": first.name,
        "type": "Microsoft.Logic/workflows/runs/actions",
        **found,
    }


def repetition_json(workflow: Workflow, run: str, record: ActionRecord, signatures: Signatures) -> dict[str, Any]:
    """Return one repetition of an action in a loop."""
    indexes = [part.rpartition(":") for part in record.path.split("/")[:-1]]
    name = "-".join(f"{int(index):06}" for _, _, index in indexes)
    found = record_json(workflow, run, record, signatures)
    found["properties"]["repetitionIndexes"] = [
        {"scopeName": loop, "itemIndex": int(index)} for loop, _, index in indexes
    ]
    return {
        "id": f"{workflow.id}/runs/{run}/actions/{record.name}/repetitions/{name}",
        "name": name,
        "type": "Microsoft.Logic/workflows/runs/actions/repetitions",
        **found,
    }


def record_json(workflow: Workflow, run: str, record: ActionRecord, signatures: Signatures) -> dict[str, Any]:
    """Return the properties of one execution of an action."""
    return {
        "properties": _present(
            {
                "startTime": record.start,
                "endTime": record.end,
                "status": record.status,
                "code": record.code,
                "error": record.error,
                "trackingId": record.tracking_id,
                "correlation": {"actionTrackingId": record.tracking_id, "clientTrackingId": run},
                "inputsLink": _link(workflow, run, "ActionInputs", record.path, record.inputs, signatures),
                "outputsLink": _link(workflow, run, "ActionOutputs", record.path, record.outputs, signatures),
                "retryHistory": record.retries or None,
                "canResubmit": False,
            }
        )
    }


def trigger_json(workflow: Workflow, trigger: Trigger) -> dict[str, Any]:
    """Return a trigger."""
    return {
        "id": f"{workflow.id}/triggers/{trigger.name}",
        "name": trigger.name,
        "type": "Microsoft.Logic/workflows/triggers",
        "properties": _present(
            {
                "provisioningState": "Succeeded",
                "state": "Enabled" if workflow.enabled else "Disabled",
                "recurrence": trigger.raw.get("recurrence"),
                "workflow": {
                    "id": workflow.id,
                    "name": workflow.id.rsplit("/", 1)[-1],
                    "type": "Microsoft.Logic/workflows",
                },
            }
        ),
    }


def trigger_history_json(workflow: Workflow, trigger: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return one look of a trigger."""
    properties = {key: value for key, value in record.items() if key not in ("name", "run")}
    if "run" in record:
        properties["run"] = {
            "id": f"{workflow.id}/runs/{record['run']}",
            "name": record["run"],
            "type": "Microsoft.Logic/workflows/runs",
        }
    return {
        "id": f"{workflow.id}/triggers/{trigger}/histories/{record['name']}",
        "name": record["name"],
        "type": "Microsoft.Logic/workflows/triggers/histories",
        "properties": properties,
    }


def _link(
    workflow: Workflow, run: str, what: str, path: str, content: Any, signatures: Signatures
) -> dict[str, Any] | None:
    if content is None:
        return None
    address = contents_path(workflow.guid, run, what, path)
    return {
        "uri": signatures.url(address, f"/runs/{run}/contents/read"),
        "contentSize": len(json.dumps(content).encode()),
    }


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
