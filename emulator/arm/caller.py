"""Who asks for what is being carried out, for providers that record it or check more than one scope."""

from __future__ import annotations

from contextvars import ContextVar

from emulator.identity import Principal

caller: ContextVar[Principal] = ContextVar("caller")
"""The principal of the request that the current task answers; set for every call of a provider."""
