"""Who asks for what is being carried out, for providers that record it or check more than one scope."""

from __future__ import annotations

from contextvars import ContextVar

from emulator.identity import Principal

_EMULATOR = Principal("00000000-0000-0000-0000-000000000000", "ServicePrincipal", "emulator")

caller: ContextVar[Principal] = ContextVar("caller", default=_EMULATOR)
"""The principal of the request that the current task answers; outside of requests the emulator, which has no role."""
