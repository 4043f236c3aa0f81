"""The Logic Apps service: management through Azure Resource Manager, callbacks and contents on a port of its own."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import jsonschema
from referencing import Registry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from emulator.arm.errors import ArmError
from emulator.arm.provider import ResourceProvider
from emulator.clock import Clock
from emulator.home import HomeError, Secrets
from emulator.identity import Principal, TokenIssuer
from emulator.logic_apps import limits
from emulator.logic_apps.access_control import Guarded
from emulator.logic_apps.components import Trigger
from emulator.logic_apps.contents import Contents
from emulator.logic_apps.database import Database, OtherVersionError
from emulator.logic_apps.http_calls import HttpCalls, parsed_content
from emulator.logic_apps.management.answers import Management
from emulator.logic_apps.management.provider import LogicAppsProvider
from emulator.logic_apps.runs import StartedRun, Workflow
from emulator.logic_apps.signatures import Signatures, invoke_permission
from emulator.logic_apps.workflows import Workflows
from emulator.telemetry import MetricSink

_SIGNING = frozenset({"api-version", "se", "sp", "sv", "sig"})
_CONNECTIONS = httpx.Limits(max_connections=100, max_keepalive_connections=50)


class IdentityTokens:
    """Tokens of workflows' managed identities, from the emulator's issuer."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self._issuer = issuer

    def token(self, principal_id: str, workflow: str, audience: str) -> str:
        """Return a bearer token for `audience` of an identity that a workflow acts as."""
        return self._issuer.issue(Principal(principal_id, "ServicePrincipal", workflow), audience)


class LogicApps:
    """Consumption workflows."""

    def __init__(
        self,
        folder: Path,
        base_url: str,
        clock: Clock,
        issuer: TokenIssuer,
        metrics: MetricSink,
        secrets: Secrets,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = httpx.AsyncClient(
            transport=transport, limits=_CONNECTIONS, trust_env=False, follow_redirects=False
        )
        self._clock = clock
        try:
            self._database = Database(folder, secrets.state_encryption_key)
        except OtherVersionError as error:
            raise HomeError(str(error)) from error
        calls = HttpCalls(self._client, IdentityTokens(issuer), clock)
        self._workflows = Workflows(self._database, clock, calls, metrics)
        self._signatures = Signatures(base_url, secrets.state_encryption_key, self._workflows.store, clock)
        self._provider = LogicAppsProvider(Management(self._workflows, self._signatures, clock))
        contents = Contents(self._workflows.history, self._admitted_to_content, _error)
        self._app = Starlette(
            routes=[
                *(
                    Route(path, self._invoke, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
                    for path in (
                        "/workflows/{guid}/triggers/{trigger}/paths/invoke",
                        "/workflows/{guid}/versions/{version}/triggers/{trigger}/paths/invoke",
                    )
                ),
                *contents.routes,
                Route("/{path:path}", _unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]),
            ]
        )

    @property
    def providers(self) -> Sequence[ResourceProvider]:
        """Microsoft.Logic."""
        return [self._provider]

    @property
    def app(self) -> ASGIApp:
        """Callbacks and contents."""
        return self._app

    async def start(self) -> None:
        """Take up what was interrupted."""
        await self._workflows.start()

    async def stop(self) -> None:
        """Stop everything where it is."""
        await self._workflows.stop()
        await self._client.aclose()
        self._database.close()

    async def _invoke(self, request: Request) -> Response:
        name, version = request.path_params["trigger"], request.path_params.get("version")
        workflow = self._called(request, name, version)
        if isinstance(workflow, Response):
            return workflow
        trigger = next(
            (each for each in workflow.definition.triggers.values() if each.name == name and each.kind == "request"),
            None,
        )
        if trigger is None:
            return _error(404, "TriggerNotFound", f"The workflow has no request trigger '{name}'.")
        if not workflow.enabled:
            return _error(404, "WorkflowNotFound", "The workflow is disabled.")
        expected = str((trigger.raw.get("inputs") or {}).get("method", "POST")).upper()
        if request.method != expected:
            return _error(
                400, "TriggerRequestMethodNotValid", f"The trigger '{name}' takes {expected}, not {request.method}."
            )
        content = await request.body()
        if len(content) > limits.CONTENT_BYTES:
            return _error(413, "RequestEntityTooLarge", f"The request is larger than {limits.CONTENT_BYTES} bytes.")
        outputs: dict[str, Any] = {"headers": dict(request.headers)}
        queries = {name: value for name, value in request.query_params.items() if name not in _SIGNING}
        if queries:
            outputs["queries"] = queries
        if content:
            content_type = request.headers.get("content-type", "application/json")
            body = parsed_content(content, content_type)
            if "json" in content_type and isinstance(body, dict) and "$content" in body:
                return _error(400, "InvalidRequestContent", "The request's content is not valid JSON.")
            outputs["body"] = body
        refused = _schema_fault(trigger, outputs.get("body"))
        if refused is not None:
            return _error(400, "TriggerInputSchemaMismatch", refused)
        try:
            runs = self._workflows.triggers.request(workflow, trigger, outputs)
        except ArmError as error:
            return JSONResponse(error.body(), error.status)
        headers = {"x-ms-workflow-name": workflow.name}
        if runs:
            headers["x-ms-workflow-run-id"] = runs[0].id
        if len(runs) == 1 and any(action.kind == "response" for action in workflow.definition.index.values()):
            return await self._answered(runs[0], headers)
        return Response(status_code=202, headers=headers)

    async def _answered(self, run: StartedRun, headers: dict[str, str]) -> Response:
        """Wait for a Response action, as long as the service does."""
        answer = run.execution.response
        timer = asyncio.create_task(self._clock.sleep(limits.HTTP_SECONDS))
        try:
            await asyncio.wait({answer, run.over, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        if answer.done():
            return _response(answer.result(), headers)
        answer.cancel()
        if run.over.done():
            return _error(502, "NoResponse", f"The run '{run.id}' ended without a Response action.")
        return _error(504, "GatewayTimeout", f"The run '{run.id}' did not respond within {limits.HTTP_SECONDS:.0f} s.")

    def _called(self, request: Request, trigger: str, version: str | None) -> Workflow | Response:
        """Return the workflow that a callback address names, in the version that it names, or the refusal."""
        workflow = self._workflows.by_guid(request.path_params["guid"])
        permission, path = invoke_permission(trigger, version), _raw_path(request)
        if workflow is None or not self._signatures.admits_callback(
            workflow.id, path, permission, request.query_params
        ):
            return _unsigned()
        refusal = _refused(request, workflow, "triggers")
        if refusal is not None or version is None:
            return refusal or workflow
        former = self._workflows.at_version(workflow, version)
        return former or _error(404, "WorkflowVersionNotFound", f"The workflow has no version '{version}'.")

    def _admitted_to_content(self, request: Request, permission: str) -> Response | str:
        if not self._signatures.admits_content(_raw_path(request), permission, request.query_params):
            return _unsigned()
        workflow = self._workflows.by_guid(request.path_params["guid"])
        if workflow is None:
            return _error(404, "WorkflowNotFound", "There is no such workflow.")
        return _refused(request, workflow, "contents") or workflow.id


def _raw_path(request: Request) -> str:
    return request.scope["raw_path"].decode("ascii")


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


def _schema_fault(trigger: Trigger, body: Any) -> str | None:
    """Return in what a request's body does not fit the trigger's schema, where the trigger asks for that check."""
    schema = trigger.inputs.get("schema")
    if "enableschemavalidation" not in trigger.options or not schema:
        return None
    fault = next(iter(jsonschema.Draft4Validator(schema, registry=Registry()).iter_errors(body)), None)
    return None if fault is None else f"The request's body does not fit the schema at {fault.json_path}."


def _response(answer: dict[str, Any], headers: dict[str, str]) -> Response:
    """Return what a Response action says: text as it is, content as its bytes, anything else as JSON."""
    given = {str(name): str(value) for name, value in (answer.get("headers") or {}).items()}
    status, body = int(answer["statusCode"]), answer.get("body")
    all_headers = {**given, **headers}
    if body is None:
        return Response(status_code=status, headers=all_headers)
    if isinstance(body, str):
        return Response(body, status, all_headers, None if _has_type(given) else "text/plain; charset=utf-8")
    if isinstance(body, dict) and "$content" in body:
        kind = None if _has_type(given) else str(body.get("$content-type", "application/octet-stream"))
        return Response(base64.b64decode(str(body["$content"])), status, all_headers, kind)
    return Response(
        json.dumps(body, ensure_ascii=False), status, all_headers, None if _has_type(given) else "application/json"
    )


def _has_type(headers: dict[str, str]) -> bool:
    return any(name.lower() == "content-type" for name in headers)


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse(ArmError(status, code, message).body(), status)


def _unsigned() -> Response:
    return _error(401, "DirectApiAuthorizationRequired", "The address has no valid signature.")


async def _unknown(request: Request) -> Response:
    return _error(404, "NotFound", f"Logic Apps answers no {request.method} at {request.url.path}.")
