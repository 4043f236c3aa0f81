"""What every service of the emulator looks like to the process that runs them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from starlette.types import ASGIApp

from emulator.arm.provider import ResourceProvider


class Service(Protocol):
    """One listener with what stands behind it."""

    @property
    def providers(self) -> Sequence[ResourceProvider]:
        """What the service contributes to the control plane."""
        ...

    @property
    def app(self) -> ASGIApp:
        """The service's data plane, served on its port of 127.0.0.1."""
        ...

    async def start(self) -> None:
        """Begin what runs in the background, and take up again what a stop had interrupted."""
        ...

    async def stop(self) -> None:
        """End what runs in the background; nothing acknowledged is lost."""
        ...
