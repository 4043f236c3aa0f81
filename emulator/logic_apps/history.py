"""The JSON of triggers, runs and actions on Azure Resource Manager (Microsoft.Logic 2019-05-01)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from emulator.logic_apps.components import Trigger
from emulator.logic_apps.records import ActionGroup, ActionSummary, IterationRecord
from emulator.logic_apps.run_store import RunRow
from emulator.logic_apps.runs import Workflow
from emulator.logic_apps.signatures import Signatures, contents_path


def run_json(
    workflow: Workflow, row: RunRow, signatures: Signatures, outputs: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a run; a list of runs leaves the outputs out."""
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
                            workflow, row.id, "TriggerInputs", trigger["name"], _size(trigger["inputs"]), signatures
                        ),
                        "outputsLink": _link(
                            workflow, row.id, "TriggerOutputs", trigger["name"], _size(trigger["outputs"]), signatures
                        ),
                    }
                ),
                "outputs": outputs or {},
            }
        ),
    }


def action_json(workflow: Workflow, run: str, group: ActionGroup, signatures: Signatures) -> dict[str, Any]:
    """Return an action of a run; that of an action in a loop sums up its repetitions."""
    first = group.first
    if group.repeated:
        properties = _present(
            {
                "startTime": group.start,
                "endTime": group.end,
                "status": group.status,
                "repetitionCount": group.count,
                "canResubmit": False,
            }
        )
    else:
        properties = _execution(workflow, run, first, signatures)
    return {
        "id": f"{workflow.id}/runs/{run}/actions/{first.record.name}",
        "name": first.record.name,
        "type": "Microsoft.Logic/workflows/runs/actions",
        "properties": properties,
    }


def scope_repetition_json(workflow: Workflow, run: str, loop: str, record: IterationRecord) -> dict[str, Any]:
    """Return one finished iteration of a loop."""
    indexes = _indexes(record.path)
    name = _repetition_name(indexes)
    return {
        "id": f"{workflow.id}/runs/{run}/actions/{loop}/scopeRepetitions/{name}",
        "name": name,
        "type": "Microsoft.Logic/workflows/runs/actions/scopeRepetitions",
        "properties": {
            "startTime": record.start,
            "endTime": record.end,
            "status": record.status,
            "code": record.status,
            "repetitionIndexes": [{"scopeName": name, "itemIndex": index} for name, index in indexes],
        },
    }


def _indexes(path: str) -> list[tuple[str, int]]:
    """Return the loops and iterations of a path such as ``Outer:1/Inner:0/Action``."""
    parts = [part.rpartition(":") for part in path.split("/")[:-1]]
    return [(loop, int(index)) for loop, _, index in parts]


def _repetition_name(indexes: Sequence[tuple[str, int]]) -> str:
    return "-".join(f"{index:06}" for _, index in indexes)


def repetition_json(workflow: Workflow, run: str, summary: ActionSummary, signatures: Signatures) -> dict[str, Any]:
    """Return one repetition of an action in a loop."""
    record = summary.record
    indexes = _indexes(record.path)
    name = _repetition_name(indexes)
    properties = _execution(workflow, run, summary, signatures)
    properties["repetitionIndexes"] = [{"scopeName": loop, "itemIndex": index} for loop, index in indexes]
    return {
        "id": f"{workflow.id}/runs/{run}/actions/{record.name}/repetitions/{name}",
        "name": name,
        "type": "Microsoft.Logic/workflows/runs/actions/repetitions",
        "properties": properties,
    }


def repetition_path(loops: Sequence[str], name: str, action: str) -> str | None:
    """Return where in a run the repetition `name` of an action stands, None where it can name none."""
    parts = name.split("-")
    if len(parts) != len(loops) or not loops or not all(part.isdigit() for part in parts):
        return None
    return "".join(f"{loop}:{int(part)}/" for loop, part in zip(loops, parts, strict=True)) + action


def _execution(workflow: Workflow, run: str, summary: ActionSummary, signatures: Signatures) -> dict[str, Any]:
    record = summary.record
    return _present(
        {
            "startTime": record.start,
            "endTime": record.end,
            "status": record.status,
            "code": record.code,
            "error": record.error,
            "trackingId": record.tracking_id,
            "correlation": {"actionTrackingId": record.tracking_id, "clientTrackingId": run},
            "inputsLink": _link(workflow, run, "ActionInputs", record.path, summary.inputs_size, signatures),
            "outputsLink": _link(workflow, run, "ActionOutputs", record.path, summary.outputs_size, signatures),
            "retryHistory": record.retries or None,
            "trackedProperties": record.tracked,
            "canResubmit": False,
        }
    )


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
    workflow: Workflow, run: str, what: str, path: str, size: int | None, signatures: Signatures
) -> dict[str, Any] | None:
    if size is None:
        return None
    address = contents_path(workflow.guid, run, what, path)
    return {
        "uri": signatures.url(address, f"/runs/{run}/contents/read"),
        "contentSize": size,
    }


def _size(content: Any) -> int | None:
    return None if content is None else len(json.dumps(content).encode())


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
