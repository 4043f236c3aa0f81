"""What answers at the addresses that workflows give out: triggers, webhooks, later answers, contents of runs."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.arm.errors import ArmError
from emulator.clock import Clock
from emulator.logic_apps import limits
from emulator.logic_apps.data_plane.access_control import Guarded
from emulator.logic_apps.data_plane.contents import Contents
from emulator.logic_apps.data_plane.responses import Answer
from emulator.logic_apps.data_plane.signatures import (
    Signatures,
    callback_permission,
    invoke_path,
    invoke_permission,
    operation_path,
    operation_permission,
)
from emulator.logic_apps.definitions.components import Trigger
from emulator.logic_apps.http.bodies import decoded, is_json
from emulator.logic_apps.runs.nested import has_response
from emulator.logic_apps.runs.runs import StartedRun, Workflow
from emulator.logic_apps.runs.tasks import within
from emulator.logic_apps.triggers.request_triggers import method, path_values, relative_path, schema_fault
from emulator.logic_apps.triggers.triggers import is_called
from emulator.logic_apps.workflows import Workflows
from emulator.routing import ANY_PATH

_SIGNING = frozenset({"api-version", "se", "sp", "sv", "sig"})
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_JSON = "application/json"


class DataPlane:
    """Answers at the addresses that `signatures` signs."""

    def __init__(self, workflows: Workflows, clock: Clock, signatures: Signatures) -> None:
        self._workflows = workflows
        self._clock = clock
        self._signatures = signatures
        workflow, run = "/workflows/{guid}", "/workflows/{guid}/runs/{run}"
        invoke = "/triggers/{trigger}/paths/invoke"
        invoked = [workflow + invoke, workflow + "/versions/{version}" + invoke]
        contents = Contents(workflows.history, self._admitted_to_content, _error)
        self.app = Starlette(
            routes=[
                *(Route(path, self._invoke, methods=_METHODS) for path in invoked),
                *(Route(path + "/{relative:path}", self._invoke, methods=_METHODS) for path in invoked),
                Route(run + "/actions/{path:path}/run", self._call_back, methods=_METHODS),
                Route(run + "/operations/{operation}", self._operation),
                *contents.routes,
                Route(ANY_PATH, _unknown, methods=[*_METHODS, "HEAD"]),
            ]
        )

    async def _invoke(self, request: Request) -> Response:
        name, version = request.path_params["trigger"], request.path_params.get("version")
        path = invoke_path(request.path_params["guid"], name, version)
        workflow = self._admitted(request, path, invoke_permission(name, version))
        if isinstance(workflow, Workflow) and version is not None:
            former = self._workflows.at_version(workflow, version)
            workflow = former or _error(404, "WorkflowVersionNotFound", f"The workflow has no version '{version}'.")
        if isinstance(workflow, Response):
            return workflow
        trigger = next(
            (each for each in workflow.definition.triggers.values() if each.name == name and is_called(each)), None
        )
        if trigger is None:
            return _error(404, "TriggerNotFound", f"The workflow has no request or webhook trigger '{name}'.")
        if not workflow.enabled:
            return _error(404, "WorkflowNotFound", "The workflow is disabled.")
        if trigger.kind == "request" and request.method != method(trigger):
            return _error(
                400,
                "TriggerRequestMethodNotValid",
                f"The trigger '{name}' takes {method(trigger)}, not {request.method}.",
            )
        values = path_values(trigger, _after(request))
        if values is None:
            return _error(
                404,
                "TriggerRelativePathNotFound",
                f"The path does not fit the relative path '{relative_path(trigger)}' of the trigger '{name}'.",
            )
        outputs = await _received(request, with_authorization="includeauthorizationheadersinoutputs" in trigger.options)
        if isinstance(outputs, Response):
            return outputs
        if values:
            outputs["relativePathParameters"] = values
        return await self._fired(request, workflow, trigger, outputs)

    async def _fired(self, request: Request, workflow: Workflow, trigger: Trigger, outputs: dict[str, Any]) -> Response:
        fault = schema_fault(trigger, outputs.get("body"))
        if fault is not None:
            return _error(400, "TriggerInputSchemaMismatch", fault)
        try:
            tracking = request.headers.get("x-ms-client-tracking-id")
            runs = self._workflows.triggers.request(workflow, trigger, outputs, tracking)
        except ArmError as error:
            return JSONResponse(error.body(), error.status)
        headers = self._headers(workflow, trigger, runs)
        if len(runs) != 1 or not has_response(workflow.definition) or "splitOn" in trigger.raw:
            return Response(status_code=202, headers=headers)
        if _answers_later(workflow):
            return Response(status_code=202, headers={**headers, **self._later(workflow, runs[0].id)})
        return await self._answered(runs[0].id, headers)

    def _headers(self, workflow: Workflow, trigger: Trigger, runs: list[StartedRun]) -> dict[str, str]:
        if "suppressworkflowheadersonresponse" in trigger.options:
            return {}
        headers = {"x-ms-workflow-name": workflow.name, "x-ms-workflow-id": workflow.guid}
        if runs:
            headers["x-ms-workflow-run-id"] = runs[0].id
            headers["x-ms-client-tracking-id"] = runs[0].execution.state.client_tracking_id
        return {name: value for name, value in headers.items() if value.isascii()}

    def _later(self, workflow: Workflow, run: str) -> dict[str, str]:
        """Return the headers that say where and when the answer of a run is to be had."""
        path = operation_path(workflow.guid, run)
        signed = self._signatures.callback(workflow.id, path, operation_permission(run))
        location = self._signatures.url(path, signed)
        return {"Location": location, "Retry-After": f"{limits.ASYNCHRONOUS_POLL_SECONDS:.0f}"}

    async def _answered(self, run: str, headers: dict[str, str]) -> Response:
        """Wait for a Response action, as long as the service does."""
        try:
            answer = await within(self._workflows.runs.answer(run), limits.HTTP_SECONDS, self._clock)
        except TimeoutError:
            self._workflows.responses.close(run)
            return _error(504, "GatewayTimeout", f"The run '{run}' did not respond within {limits.HTTP_SECONDS:.0f} s.")
        return _no_response(run) if answer is None else _response(answer, headers)

    async def _operation(self, request: Request) -> Response:
        run = request.path_params["run"]
        path = operation_path(request.path_params["guid"], run)
        workflow = self._admitted(request, path, operation_permission(run))
        if isinstance(workflow, Response):
            return workflow
        if _raw_path(request).lower() != path.lower():
            return _error(404, "OperationNotFound", f"The run '{run}' has no such operation.")
        answer = self._workflows.responses.given(run)
        if answer is not None:
            return _response(answer, {"x-ms-workflow-run-id": run})
        if self._workflows.runs.is_under_way(run):
            return Response(status_code=202, headers=self._later(workflow, run))
        return _no_response(run)

    async def _call_back(self, request: Request) -> Response:
        run, path = request.path_params["run"], unquote(request.path_params["path"])
        workflow = self._admitted(request, _raw_path(request), callback_permission(run, path))
        if isinstance(workflow, Response):
            return workflow
        outputs = await _received(request, with_authorization=False)
        if isinstance(outputs, Response):
            return outputs
        if not self._workflows.subscriptions.deliver(run, path, outputs):
            return _error(404, "WorkflowRunActionNotFound", f"No action '{path}' of the run waits for a callback.")
        return Response(status_code=200)

    def _admitted(self, request: Request, signed: str, permission: str) -> Workflow | Response:
        """Return the workflow that a callback address names; `signed` is the path that its signature is for."""
        workflow = self._workflows.by_guid(request.path_params["guid"])
        if workflow is None or not self._signatures.admits_callback(
            workflow.id, signed, permission, request.query_params
        ):
            return _unsigned()
        return _refused(request, workflow, "triggers") or workflow

    def _admitted_to_content(self, request: Request, permission: str) -> Response | str:
        if not self._signatures.admits_content(_raw_path(request), permission, request.query_params):
            return _unsigned()
        workflow = self._workflows.by_guid(request.path_params["guid"])
        if workflow is None:
            return _error(404, "WorkflowNotFound", "There is no such workflow.")
        return _refused(request, workflow, "contents") or workflow.id


def _raw_path(request: Request) -> str:
    return request.scope["raw_path"].decode("ascii")


def _unsigned() -> Response:
    return _error(401, "DirectApiAuthorizationRequired", "The address has no valid signature.")


def _refused(request: Request, workflow: Workflow, guarded: Guarded) -> Response | None:
    """Return the refusal of a caller whose address the workflow's access control does not allow."""
    caller = request.client.host if request.client else ""
    if workflow.access.admits(guarded, caller):
        return None
    return _error(
        403,
        "AuthorizationFailed",
        f"The client IP address '{caller}' is not in the allowed caller IP address ranges specified in the "
        f"workflow access control configuration.",
    )


def _after(request: Request) -> str:
    """Return what of a request's path, percent-encoded as it came, follows the trigger's own."""
    return _raw_path(request).partition("/paths/invoke")[2]


async def _received(request: Request, *, with_authorization: bool) -> dict[str, Any] | Response:
    """Return a request as outputs have it: headers, queries, body; credentials only where they are asked for."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > limits.CONTENT_BYTES:
            return _error(413, "RequestEntityTooLarge", f"The request is larger than {limits.CONTENT_BYTES} bytes.")
    headers = {name: value for name, value in request.headers.items() if with_authorization or name != "authorization"}
    outputs: dict[str, Any] = {"headers": headers}
    queries = {name: value for name, value in request.query_params.items() if name not in _SIGNING}
    if queries:
        outputs["queries"] = queries
    if content:
        content_type = request.headers.get("content-type", _JSON)
        outputs["body"] = body = decoded(bytes(content), content_type)
        if is_json(content_type) and isinstance(body, dict) and body.get("$content-type") == content_type:
            return _error(400, "InvalidRequestContent", "The request's content is not valid JSON.")
    return outputs


def _answers_later(workflow: Workflow) -> bool:
    """Tell whether a Response action of a workflow is asynchronous: then its caller is told at once where to ask."""
    return any(
        action.kind == "response" and "asynchronous" in action.options for action in workflow.definition.index.values()
    )


def _response(answer: Answer, headers: dict[str, str]) -> Response:
    """Return what a Response action says: text as it is, content as its bytes, anything else as JSON."""
    given = {str(name): str(value) for name, value in (answer.get("headers") or {}).items()}
    status, body = int(answer["statusCode"]), answer.get("body")
    all_headers = {**given, **headers}
    kind = None if any(name.lower() == "content-type" for name in given) else ""
    if body is None:
        return Response(status_code=status, headers=all_headers)
    if isinstance(body, str):
        return Response(body, status, all_headers, kind if kind is None else "text/plain; charset=utf-8")
    if isinstance(body, dict) and "$content" in body:
        kind = kind if kind is None else str(body.get("$content-type", "application/octet-stream"))
        return Response(base64.b64decode(str(body["$content"])), status, all_headers, kind)
    return Response(json.dumps(body, ensure_ascii=False), status, all_headers, kind if kind is None else _JSON)


def _no_response(run: str) -> Response:
    return _error(502, "NoResponse", f"The run '{run}' ended without a Response action.")


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse(ArmError(status, code, message).body(), status)


async def _unknown(request: Request) -> Response:
    return _error(404, "NotFound", f"Logic Apps answers no {request.method} at {request.url.path}.")
