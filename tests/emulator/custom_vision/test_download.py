"""Fetching images by URL over the network: real connections to a web server that answers byte by byte as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from emulator.custom_vision.download import Downloader, DownloadError, TooLargeError

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nabcd"
MOVED = b"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: "


class Site:
    """Answers each request with what is laid down for its path; keeps the request lines."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self.answers = answers
        self.targets: list[str] = []
        self.address = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close the connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        target = head.split(b" ")[1].decode()
        self.targets.append(target)
        writer.write(self.answers[target.split("?")[0]].replace(b"{here}", self.address.encode()))
        await writer.drain()
        writer.close()


@asynccontextmanager
async def site(**answers: bytes) -> AsyncGenerator[Site]:
    """Run a web server on a free port."""
    served = Site({f"/{name}": answer for name, answer in answers.items()})
    server = await asyncio.start_server(served.answer, "127.0.0.1", 0)
    served.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield served


@asynccontextmanager
async def downloader() -> AsyncGenerator[Downloader]:
    """A downloader over the network."""
    fetching = Downloader()
    try:
        yield fetching
    finally:
        await fetching.close()


async def test_content_is_fetched_and_redirects_are_followed() -> None:
    async with site(good=OK, moved=MOVED + b"{here}/good\r\n\r\n") as web, downloader() as fetching:
        assert await fetching.fetch(f"{web.address}/moved", 4) == b"abcd"
        assert web.targets == ["/moved", "/good"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "answered 403"),
        (MOVED + b"{here}/asked\r\n\r\n", "TooManyRedirects"),
        (MOVED + b"ftp://127.0.0.1/x\r\n\r\n", "could not be fetched"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcd", "could not be fetched"),
        (b"this is not HTTP\r\n\r\n", "could not be fetched"),
        (b"", "could not be fetched"),
    ],
    ids=["refused", "in a circle", "to another protocol", "cut off", "not HTTP", "no answer"],
)
async def test_what_is_no_whole_answer_is_an_error_without_the_signature(answer: bytes, said: str) -> None:
    async with site(asked=answer) as web, downloader() as fetching:
        with pytest.raises(DownloadError, match=said) as caught:
            await fetching.fetch(f"{web.address}/asked?sig=secret", 100)
    assert "secret" not in str(caught.value)


async def test_a_server_that_is_not_there_is_an_error() -> None:
    async with site() as web:
        address = web.address
    async with downloader() as fetching:
        with pytest.raises(DownloadError, match="could not be fetched"):
            await fetching.fetch(address, 100)


async def test_more_bytes_than_allowed_are_refused() -> None:
    async with site(good=OK) as web, downloader() as fetching:
        with pytest.raises(TooLargeError, match="more than 3 bytes"):
            await fetching.fetch(f"{web.address}/good", 3)


async def test_a_signature_and_an_odd_name_arrive_as_they_were_written() -> None:
    name = "a%25b%2Bc%23d%20e%3F%26%27%3B"
    query = "sv=2024-11-04&sig=a%2Bb%2Fc%3D&se=2026-01-01T00%3A00%3A00Z"
    answers = {name: OK}
    async with site(**answers) as web, downloader() as fetching:
        await fetching.fetch(f"{web.address}/{name}?{query}", 100)
        assert web.targets == [f"/{name}?{query}"]
