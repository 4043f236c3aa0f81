"""The storage service: accounts through Azure Resource Manager, blobs through a gateway before Azurite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from emulator.arm.provider import Authorizer, ResourceProvider
from emulator.clock import Clock
from emulator.identity import TokenIssuer
from emulator.storage.accounts import Accounts
from emulator.storage.azurite import Azurite
from emulator.storage.gateway import Gateway
from emulator.storage.resource_provider import StorageProvider
from emulator.telemetry import MetricSink


class Storage:
    """Storage accounts with their blobs."""

    def __init__(
        self,
        folder: Path,
        base_url: str,
        clock: Clock,
        issuer: TokenIssuer,
        authorizer: Authorizer,
        metrics: MetricSink,
    ) -> None:
        self._accounts = Accounts(folder, clock)
        self._azurite = Azurite(folder / "blobs")
        self._gateway = Gateway(base_url, self._azurite, self._accounts, clock, issuer, authorizer, metrics)
        self._provider = StorageProvider(base_url, self._accounts, self._azurite, clock)
        methods = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]
        self._app = Starlette(routes=[Route("/{path:path}", self._gateway.answer, methods=methods)])

    @property
    def providers(self) -> Sequence[ResourceProvider]:
        """Microsoft.Storage."""
        return [self._provider]

    @property
    def app(self) -> ASGIApp:
        """The blob service, path style: ``/account/container/blob``."""
        return self._app

    async def start(self) -> None:
        """Start Azurite with the accounts there are."""
        await self._azurite.start(self._accounts.keys())

    async def stop(self) -> None:
        """End Azurite."""
        await self._gateway.close()
        await self._provider.close()
        await self._azurite.stop()
