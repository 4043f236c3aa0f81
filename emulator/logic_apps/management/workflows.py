"""What is done with a workflow as a whole: enable, disable, validate, describe."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit

from emulator.arm.errors import ArmError
from emulator.arm.provider import Answer, Operation
from emulator.arm.validation import check_location, check_schema
from emulator.logic_apps.data_plane.signatures import API_VERSION, invoke_permission
from emulator.logic_apps.definitions.checks import parse_checked
from emulator.logic_apps.definitions.components import Trigger
from emulator.logic_apps.definitions.parameters import parameter_values
from emulator.logic_apps.management.answers import Management
from emulator.logic_apps.management.resource_type import WORKFLOWS
from emulator.logic_apps.runs.runs import Workflow
from emulator.logic_apps.triggers.request_triggers import method
from emulator.logic_apps.workflows import DISABLED, ENABLED


async def enable(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Let the triggers look."""
    await management.workflows.switch(workflow, ENABLED)
    return Answer(200)


async def disable(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Let the triggers look no more; runs under way go on."""
    await management.workflows.switch(workflow, DISABLED)
    return Answer(200)


async def validate(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Check a workflow without deploying it."""
    location = {"location": workflow.location}
    check_workflow({**location, **operation.body} if isinstance(operation.body, dict) else operation.body)
    return Answer(200)


async def swagger(management: Management, workflow: Workflow, operation: Operation) -> Answer:
    """Return an OpenAPI 2.0 document of the request triggers, without signatures."""
    paths = {
        f"/triggers/{trigger.name}/paths/invoke": {method(trigger).lower(): _call(trigger)}
        for trigger in workflow.definition.triggers.values()
        if trigger.kind == "request"
    }
    address = urlsplit(management.signatures.base_path(f"/workflows/{workflow.guid}"))
    return Answer(
        200,
        {
            "swagger": "2.0",
            "info": {
                "title": workflow.name,
                "description": f"The request triggers of the workflow '{workflow.name}'",
                "version": str(workflow.definition.raw.get("contentVersion", "1.0.0.0")),
            },
            "host": address.netloc,
            "basePath": address.path,
            "schemes": [address.scheme],
            "consumes": ["application/json"],
            "produces": ["application/json"],
            "paths": paths,
            "definitions": {},
        },
    )


def check_workflow(body: Any) -> None:
    """Check a workflow as a PUT does.

    Raises:
        ArmError: 400, what is wrong with the resource, its definition or its parameters.
    """
    if not isinstance(body, dict):
        raise ArmError(400, "InvalidRequestContent", "The request content is invalid: a JSON object is expected.")
    workflow = check_location(WORKFLOWS, cast(dict[str, Any], body))
    check_schema(WORKFLOWS, workflow)
    properties = workflow["properties"]
    parameter_values(parse_checked(properties["definition"]), properties.get("parameters") or {})


def _call(trigger: Trigger) -> dict[str, Any]:
    """Return the OpenAPI operation that calls a trigger."""
    fixed = {"api-version": API_VERSION, "sp": invoke_permission(trigger.name), "sv": "1.0"}
    queries: list[dict[str, Any]] = [
        {"name": name, "in": "query", "type": "string", "required": True, "default": value}
        for name, value in fixed.items()
    ]
    queries.append({"name": "sig", "in": "query", "type": "string", "required": True})
    body = {"name": "body", "in": "body", "required": False, "schema": trigger.inputs.get("schema") or {}}
    return {
        "description": f"Calls the trigger '{trigger.name}'",
        "operationId": f"{trigger.name}-invoke",
        "parameters": [*queries, *([body] if method(trigger) != "GET" else [])],
        "responses": {"default": {"description": "The answer of the workflow", "schema": {"type": "object"}}},
    }
