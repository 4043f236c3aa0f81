"""The Logic Apps service: management through Azure Resource Manager, callbacks and contents on a port of its own."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

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
from emulator.home import Secrets
from emulator.identity import Principal, TokenIssuer
from emulator.logic_apps import limits
from emulator.logic_apps.access_control import Guarded
from emulator.logic_apps.components import Trigger
from emulator.logic_apps.http_calls import HttpCalls, parsed_content
from emulator.logic_apps.resource_provider import LogicAppsProvider
from emulator.logic_apps.run_store import RunStore
from emulator.logic_apps.runs import StartedRun, Workflow
from emulator.logic_apps.signatures import Signatures
from emulator.logic_apps.workflows import Workflows
from emulator.telemetry import MetricSink

_SIGNING = frozenset({"api-version", "sp", "sv", "sig"})
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
        self._store = RunStore(folder, secrets.state_encryption_key)
        self._signatures = Signatures(base_url, secrets.state_encryption_key)
        self._workflows = Workflows(self._store, clock, HttpCalls(self._client, IdentityTokens(issuer), clock), metrics)
        self._provider = LogicAppsProvider(self._workflows, clock, self._signatures)
        self._app = Starlette(
            routes=[
                Route(
                    "/workflows/{guid}/triggers/{trigger}/paths/invoke",
                    self._invoke,
                    methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                ),
                Route("/workflows/{guid}/runs/{run}/contents/{what}/{path:path}", self._contents),
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
        self._store.close()

    async def _invoke(self, request: Request) -> Response:
        name = request.path_params["trigger"]
        workflow = self._admitted(request, f"/triggers/{name}/run", "triggers")
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

    async def _contents(self, request: Request) -> Response:
        run, what = request.path_params["run"], request.path_params["what"]
        workflow = self._admitted(request, f"/runs/{run}/contents/read", "contents")
        if isinstance(workflow, Response):
            return workflow
        path = unquote(request.path_params["path"])
        if what.startswith("Trigger"):
            row = self._store.run(workflow.id, run)
            content = row.trigger.get("inputs" if what == "TriggerInputs" else "outputs") if row else None
            text = None if content is None else json.dumps(content)
        else:
            text = self._store.content(run, path, "inputs" if what == "ActionInputs" else "outputs")
        if text is None:
            return _error(404, "ContentNotFound", f"There is no {what} of '{path}'.")
        return Response(text, media_type="application/json")

    def _admitted(self, request: Request, permission: str, guarded: Guarded) -> Workflow | Response:
        raw = request.scope["raw_path"].decode("ascii")
        if not self._signatures.valid(raw, permission, request.query_params):
            return _error(401, "DirectApiAuthorizationRequired", "The address has no valid signature.")
        workflow = self._workflows.by_guid(request.path_params["guid"])
        if workflow is None:
            return _error(404, "WorkflowNotFound", "There is no such workflow.")
        caller = request.client.host if request.client else ""
        if not workflow.access.admits(guarded, caller):
            return _error(
                403,
                "AuthorizationFailed",
                f"The client IP address '{caller}' is not in the allowed caller IP address ranges specified in the "
                f"workflow access control configuration.",
            )
        return workflow


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


async def _unknown(request: Request) -> Response:
    return _error(404, "NotFound", f"Logic Apps answers no {request.method} at {request.url.path}.")
