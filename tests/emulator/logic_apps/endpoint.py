"""A real HTTP server on a free port that answers as a test says."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Answering = Callable[[Request, bytes], Response | Awaitable[Response]]


class Endpoint:
    """What is asked of the server, and what it answers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[tuple[Request, bytes]] = []
        self.answering: Answering = lambda request, body: Response(status_code=200)

    async def serve(self, request: Request, body: bytes) -> Response:
        """Answer a request."""
        self.requests.append((request, body))
        answer = self.answering(request, body)
        return answer if isinstance(answer, Response) else await answer

    @property
    def asked(self) -> list[str]:
        """Method and path of every request."""
        return [f"{request.method} {request.url.path}" for request, _ in self.requests]


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


@contextlib.asynccontextmanager
async def serving() -> AsyncGenerator[Endpoint]:
    """Serve while the context lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint(f"http://127.0.0.1:{listener.getsockname()[1]}")

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            response = await endpoint.serve(request, await request.body())
            await response(scope, receive, send)

        server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                await asyncio.sleep(0.005)
            yield endpoint
        finally:
            server.should_exit = True
            await task
