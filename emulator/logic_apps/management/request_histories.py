"""The requests that an action, or a repetition of one, made: each attempt and each poll, newest first."""

from __future__ import annotations

from typing import Any

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation
from emulator.logic_apps.history.records import ActionSummary, RequestRecord
from emulator.logic_apps.management.actions import content_place, found_action, found_repetition
from emulator.logic_apps.management.answers import Management, present
from emulator.logic_apps.management.listing import after_text, check_query, page, page_size
from emulator.logic_apps.runs.runs import Workflow


async def list_(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """List the requests; an action in a loop has none of its own, its repetitions have."""
    check_query(operation, "$top", "$skiptoken")
    found = _execution(management, workflow, operation)
    if found is None:
        return Answer(200, {"value": []})
    run, summary = found
    requests = management.workflows.history.requests(
        run, summary.record.path, page_size(operation) + 1, after_text(operation)
    )
    return Answer(
        200,
        page(
            operation,
            requests,
            lambda each: _request_json(management, workflow, run, summary, each),
            lambda each: (each.name,),
        ),
    )


async def get(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return one request."""
    check_query(operation)
    name = operation.path[-1]
    found = _execution(management, workflow, operation)
    request = management.workflows.history.request(found[0], found[1].record.path, name) if found else None
    if found is None or request is None:
        raise ArmError(404, "RequestHistoryNotFound", f"The request history '{name}' could not be found.")
    return Answer(200, _request_json(management, workflow, *found, request))


def _execution(management: Management, workflow: Workflow, operation: Operation) -> tuple[str, ActionSummary] | None:
    if operation.path[4].lower() == "repetitions":
        return found_repetition(management, workflow, operation)
    run, group = found_action(management, workflow, operation)
    return None if group.repeated else (run, group.first)


def _request_json(
    management: Management, workflow: Workflow, run: str, summary: ActionSummary, record: RequestRecord
) -> dict[str, Any]:
    place = f"{content_place(run, summary)}/requestHistories/{record.name}"
    kind = "repetitions/requestHistories" if summary.record.repetition else "requestHistories"
    response = None
    if record.response is not None:
        link = management.link(workflow, f"{place}/contents/ResponseBody", record.body)
        response = {**record.response, **present({"bodyLink": link})}
    return {
        "id": f"{workflow.id}{place}",
        "name": record.name,
        "type": f"Microsoft.Logic/workflows/runs/actions/{kind}",
        "properties": present(
            {"startTime": record.start, "endTime": record.end, "request": record.request, "response": response}
        ),
    }
