"""Faults of a service: what any client of it meets."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.clock import Clock
from emulator.faults.rule import OPERATION_HEADER, WORKFLOW_HEADER, Call, Kind
from emulator.faults.switch import FaultSwitch


class Faulty:
    """ASGI middleware that lets the calls of `service` meet the faults of `switch`."""

    def __init__(self, service: str, app: ASGIApp, switch: FaultSwitch, clock: Clock) -> None:
        self._service = service
        self._app = app
        self._switch = switch
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the call as the fault says, or pass it on."""
        rule = self._switch.draw(_call(self._service, scope)) if scope["type"] == "http" else None
        if rule is None:
            await self._app(scope, receive, send)
            return
        if rule.kind is Kind.SLOW:
            await self._clock.sleep(rule.seconds)
            await self._app(scope, receive, send)
            return
        if rule.carried_out:
            await self._app(scope, receive, _nowhere)
        elif rule.kind is not Kind.DROPPED:
            await _read(receive)
        answer = rule.answer()
        if answer is not None:
            status, headers, content = answer
            await _start(send, status, {**headers, "Content-Length": str(len(content))})
            await send({"type": "http.response.body", "body": content})
        elif rule.kind is Kind.TIME_OUT:
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            # Less content than announced: the server closes the connection in the middle of the answer.
            await _start(send, 200, {"Content-Length": "1024"})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})


def _call(service: str, scope: Scope) -> Call:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    path = scope.get("raw_path") or scope["path"].encode()
    return Call(
        service,
        scope["method"],
        path.decode("latin-1") + (f"?{query}" if query else ""),
        headers.get(OPERATION_HEADER, ""),
        headers.get(WORKFLOW_HEADER, ""),
    )


async def _read(receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return


async def _nowhere(message: Message) -> None:
    """Lose an answer."""


async def _start(send: Send, status: int, headers: dict[str, str]) -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
