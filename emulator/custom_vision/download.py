"""Fetches images by URL, as the service does."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

import httpx

from emulator.custom_vision.network import Network

MAXIMUM_REDIRECTS: Final = 5
TIMEOUT_SECONDS: Final = 20.0
"""Not documented by the service."""
_CONCURRENCY: Final = 16


class DownloadError(Exception):
    """The address is not one of HTTP, does not answer in time, or does not answer with content."""


class TooLargeError(Exception):
    """There are more bytes than are taken."""


class Downloader:
    """Fetches with one client and not too many at the same time."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(
            transport=transport or Network(),
            follow_redirects=True,
            max_redirects=MAXIMUM_REDIRECTS,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )
        self._turn = asyncio.Semaphore(_CONCURRENCY)

    async def fetch(self, url: str, limit: int) -> bytes:
        """Return the content of `url`, `limit` bytes at most.

        Raises:
            DownloadError: the address is wrong, or it did not answer with 200. The message leaves the query out: it
                may carry a signature.
            TooLargeError: there is more; reading stops there.
        """
        shown = url.split("?", 1)[0]
        try:
            address = httpx.URL(url)
            if address.scheme not in ("http", "https") or not address.host:
                raise DownloadError(f"{shown} is not an address of http or https")
            async with self._turn, asyncio.timeout(TIMEOUT_SECONDS), self._client.stream("GET", address) as response:
                if response.status_code != HTTPStatus.OK:
                    raise DownloadError(f"{shown} answered {response.status_code}")
                content = bytearray()
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > limit:
                        raise TooLargeError(f"{shown} has more than {limit} bytes")
                return bytes(content)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, UnicodeError) as error:
            raise DownloadError(f"{shown} could not be fetched: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
