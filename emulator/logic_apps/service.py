"""The Logic Apps service: management through Azure Resource Manager, callbacks and contents on a port of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
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
from emulator.logic_apps.http_calls import HttpCalls
from emulator.logic_apps.resource_provider import LogicAppsProvider
from emulator.logic_apps.run_store import RunStore
from emulator.logic_apps.signatures import Signatures
from emulator.logic_apps.workflows import Workflow, Workflows
from emulator.telemetry import MetricSink

_CONNECTIONS = httpx.Limits(max_connections=100, max_keepalive_connections=50)


class IdentityTokens:
    """Tokens of workflows' managed identities, from the emulator's issuer."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self._issuer = issuer

    def token(self, principal_id: str, audience: str) -> str:
        """Return a bearer token of the identity for `audience`."""
        return self._issuer.issue(Principal(principal_id, "ServicePrincipal", principal_id), audience)


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
        workflow = self._signed(request, f"/triggers/{name}/run")
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
        body: Any = None
        if content:
            try:
                body = (
                    json.loads(content) if "json" in request.headers.get("content-type", "json") else content.decode()
                )
            except ValueError:
                return _error(400, "InvalidJson", "The request's content is not valid JSON.")
        outputs = {"headers": dict(request.headers), **({"body": body} if body is not None else {})}
        run, execution = self._workflows.request(workflow, trigger, outputs)
        headers = {"x-ms-workflow-run-id": run, "x-ms-workflow-name": workflow.id.rsplit("/", 1)[-1]}
        if not any(action.kind == "response" for action in workflow.definition.index.values()):
            return Response(status_code=202, headers=headers)
        try:
            answer = await asyncio.wait_for(asyncio.shield(execution.response), limits.HTTP_SECONDS)
        except TimeoutError:
            return _error(504, "GatewayTimeout", "The workflow did not answer in time.")
        answered = {**{str(name): str(value) for name, value in (answer.get("headers") or {}).items()}, **headers}
        if isinstance(answer.get("body"), str):
            return Response(answer["body"], int(answer.get("statusCode", 200)), answered)
        return JSONResponse(answer.get("body"), int(answer.get("statusCode", 200)), answered)

    async def _contents(self, request: Request) -> Response:
        run, what = request.path_params["run"], request.path_params["what"]
        workflow = self._signed(request, f"/runs/{run}/contents/read")
        if isinstance(workflow, Response):
            return workflow
        path = unquote(request.path_params["path"])
        if what.startswith("Trigger"):
            row = self._store.run(workflow.id, run)
            content = row.trigger.get("inputs" if what == "TriggerInputs" else "outputs") if row else None
        else:
            record = self._store.action(run, path)
            content = None if record is None else record.inputs if what == "ActionInputs" else record.outputs
        if content is None:
            return _error(404, "ContentNotFound", f"There is no {what} of '{path}'.")
        return JSONResponse(content)

    def _signed(self, request: Request, permission: str) -> Workflow | Response:
        raw = request.scope["raw_path"].decode("ascii")
        if not self._signatures.valid(raw, permission, request.query_params):
            return _error(401, "DirectApiAuthorizationRequired", "The address has no valid signature.")
        workflow = self._workflows.by_guid(request.path_params["guid"])
        return workflow or _error(404, "WorkflowNotFound", "There is no such workflow.")


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse(ArmError(status, code, message).body(), status)


async def _unknown(request: Request) -> Response:
    return _error(404, "NotFound", f"Logic Apps answers no {request.method} at {request.url.path}.")
