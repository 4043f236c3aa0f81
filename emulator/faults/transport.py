"""Faults on the way to the services: the same as the services' own, but a time-out takes no time."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from emulator.clock import Clock
from emulator.faults.rule import OPERATION_HEADER, WORKFLOW_HEADER, Call, Kind
from emulator.faults.switch import FaultSwitch


class FaultyTransport(httpx.AsyncBaseTransport):
    """Makes calls through `inner`, but for those that meet a fault of `switch`.

    `services` has the service behind each port of 127.0.0.1. A call that is never answered ends at once, as after the
    caller's whole time limit: with the built-in TimeoutError.
    """

    def __init__(
        self, inner: httpx.AsyncBaseTransport, switch: FaultSwitch, services: Mapping[int, str], clock: Clock
    ) -> None:
        self._inner = inner
        self._switch = switch
        self._services = services
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the service's answer, or what the fault makes of it."""
        rule = self._switch.draw(
            Call(
                self._services.get(request.url.port or 0, ""),
                request.method,
                request.url.raw_path.decode("latin-1"),
                request.headers.get(OPERATION_HEADER, ""),
                request.headers.get(WORKFLOW_HEADER, ""),
            )
        )
        if rule is None:
            return await self._inner.handle_async_request(request)
        if rule.kind is Kind.SLOW:
            await self._clock.sleep(rule.seconds)
            return await self._inner.handle_async_request(request)
        if rule.carried_out:
            lost = await self._inner.handle_async_request(request)
            await lost.aread()
            await lost.aclose()
        answer = rule.answer()
        if answer is not None:
            status, headers, content = answer
            return httpx.Response(status, headers=headers, content=content, request=request)
        if rule.kind is Kind.TIME_OUT:
            raise TimeoutError
        raise httpx.RemoteProtocolError("a connection dropped on purpose", request=request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()
