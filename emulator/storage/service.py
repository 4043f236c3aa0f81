"""The storage service: accounts through Azure Resource Manager, blobs through a gateway before Azurite."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

from starlette.types import ASGIApp

from emulator.arm.provider import Authorizer, ResourceProvider
from emulator.clock import Clock
from emulator.identity import TokenIssuer
from emulator.storage.accounts import Accounts
from emulator.storage.admission import Admission
from emulator.storage.azurite import Azurite
from emulator.storage.blobs import Blobs
from emulator.storage.gateway import Gateway
from emulator.storage.lifecycle import Lifecycle
from emulator.storage.policies import Policies
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
        self._accounts = Accounts(folder)
        self._azurite = Azurite(folder / "blobs")
        policies, blobs = Policies(folder), Blobs(self._azurite)
        admission = Admission(base_url, issuer, authorizer)
        self._gateway = Gateway(self._azurite, self._accounts, admission, clock, metrics)
        self._provider = StorageProvider(base_url, self._accounts, policies, self._azurite, blobs, clock)
        self._lifecycle = Lifecycle(self._accounts, blobs, policies, clock)
        self._daily: asyncio.Task[None] | None = None

    @property
    def providers(self) -> Sequence[ResourceProvider]:
        """Microsoft.Storage."""
        return [self._provider]

    @property
    def app(self) -> ASGIApp:
        """The blob service, path style: ``/account/container/blob``."""
        return self._gateway

    async def run_lifecycle(self) -> None:
        """Execute the lifecycle policies now, as happens once a day."""
        await self._lifecycle.run()

    async def start(self) -> None:
        """Start Azurite with the accounts there are, and the daily execution of lifecycle policies.

        Raises:
            AzuriteError: Azurite is not installed or does not start.
        """
        await self._azurite.serve(self._accounts.keys())
        self._daily = asyncio.create_task(self._lifecycle.run_daily())

    async def stop(self) -> None:
        """End Azurite; what it acknowledged is on disk."""
        if self._daily is not None:
            self._daily.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._daily
        await self._gateway.close()
        await self._azurite.stop()
