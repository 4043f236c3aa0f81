"""Connections for downloads: httpx asks, aiohttp carries it out, with a third of the CPU time of httpx's own ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from typing import Final

import aiohttp
import httpx
from yarl import URL

_CHUNK_BYTES: Final = 65_536


class Network(httpx.AsyncBaseTransport):
    """Sends requests without a body; addresses go out as they are written, since a signature may be over them."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; redirects and time-outs are the client's.

        Raises:
            httpx.NetworkError: there is no connection, or no answer of HTTP.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(), auto_decompress=False
            )
        with _as_httpx(request):
            response = await self._session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                allow_redirects=False,
            )
        return httpx.Response(
            response.status, headers=response.raw_headers, stream=_Content(response, request), request=request
        )

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


class _Content(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx(self._request):
            async for chunk in self._response.content.iter_chunked(_CHUNK_BYTES):
                yield chunk

    async def aclose(self) -> None:
        # Gives the connection back when all was read, and closes it otherwise.
        self._response.release()


@contextmanager
def _as_httpx(request: httpx.Request) -> Generator[None]:
    try:
        yield
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.NetworkError(str(error), request=request) from error
