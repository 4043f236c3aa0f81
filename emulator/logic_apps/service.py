"""The Logic Apps service: management through Azure Resource Manager, and the addresses that workflows give out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import httpx
from starlette.types import ASGIApp

from emulator.arm.provider import ResourceProvider
from emulator.clock import Clock
from emulator.home import HomeError, Secrets
from emulator.identity import Principal, TokenIssuer
from emulator.logic_apps.data_plane.data_plane import DataPlane
from emulator.logic_apps.data_plane.signatures import Signatures
from emulator.logic_apps.history.database import Database, OtherVersionError
from emulator.logic_apps.history.workflow_store import WorkflowStore
from emulator.logic_apps.http.authentication import ENTRA_ID, Authenticator
from emulator.logic_apps.http.http_calls import HttpCalls
from emulator.logic_apps.management.answers import Management
from emulator.logic_apps.management.provider import LogicAppsProvider
from emulator.logic_apps.workflows import Workflows
from emulator.telemetry import MetricSink

_CONNECTIONS = httpx.Limits(max_connections=100, max_keepalive_connections=50)


class IdentityTokens:
    """Tokens of workflows' managed identities, from the emulator's issuer."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self._issuer = issuer

    def token(self, principal_id: str, workflow: str, audience: str) -> str:
        """Return a bearer token for `audience` of an identity that a workflow acts as."""
        return self._issuer.issue(Principal(principal_id, "ServicePrincipal", workflow), audience)


class LogicApps:
    """Consumption workflows.

    `authority` is the address of the token service that the ActiveDirectoryOAuth authentication asks by default.
    """

    def __init__(
        self,
        folder: Path,
        base_url: str,
        clock: Clock,
        issuer: TokenIssuer,
        metrics: MetricSink,
        secrets: Secrets,
        transport: httpx.AsyncBaseTransport | None = None,
        authority: str = ENTRA_ID,
    ) -> None:
        self._client = httpx.AsyncClient(
            transport=transport, limits=_CONNECTIONS, trust_env=False, follow_redirects=False
        )
        try:
            self._database = Database(folder, secrets.state_encryption_key)
        except OtherVersionError as error:
            raise HomeError(str(error)) from error
        store = WorkflowStore(self._database)
        signatures = Signatures(base_url, secrets.state_encryption_key, store, clock)
        authenticator = Authenticator(IdentityTokens(issuer), self._client, clock, authority)
        calls = HttpCalls(self._client, authenticator, clock)
        self._workflows = Workflows(self._database, store, clock, calls, metrics, signatures)
        self._provider = LogicAppsProvider(Management(self._workflows, signatures, clock))
        self._data_plane = DataPlane(self._workflows, clock, signatures)

    @property
    def providers(self) -> Sequence[ResourceProvider]:
        """Microsoft.Logic."""
        return [self._provider]

    @property
    def app(self) -> ASGIApp:
        """Callbacks and contents."""
        return self._data_plane.app

    async def start(self) -> None:
        """Take up what was interrupted."""
        await self._workflows.start()

    async def stop(self) -> None:
        """Stop everything where it is."""
        await self._workflows.stop()
        await self._client.aclose()
        self._database.close()
