"""Reads what triggers and actions were given and what they gave, through the content links of run histories."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import httpx

LARGEST_SHOWN_BYTES: Final = 256 * 1024
"""Of larger contents a page shows the beginning: a browser does not lay out megabytes of text well."""

Side = Literal["inputs", "outputs"]


@dataclass(frozen=True)
class Content:
    """Inputs or outputs for a page: `text` where there is some to show, `note` where something is to be said of it."""

    text: str | None = None
    note: str | None = None


class Contents:
    """Follows content links of one Logic Apps service, `base_url`, and of no other address."""

    def __init__(self, base_url: str, client: httpx.AsyncClient) -> None:
        self._base_url = base_url
        self._client = client

    async def read(self, properties: Mapping[str, Any], side: Side, *, secured: bool) -> Content:
        """Return the inputs or outputs of a trigger, an action or a repetition from its `properties`.

        `secured` says that the definition hides them. A content that cannot be read is told in the note: the rest of
        the page is worth showing.
        """
        if secured:
            return Content(note=f"Secured: the definition hides these {side}.")
        link = properties.get(f"{side}Link")
        if link is None:
            return Content(
                note=f"No {side} are recorded: there are none, or they are hidden because they come from secured data."
            )
        address = str(link["uri"])
        if not address.startswith(f"{self._base_url}/"):
            return Content(note=f"Not read: the link to the {side} leads away from {self._base_url}.")
        try:
            return await self._fetched(address)
        except httpx.HTTPError as error:
            return Content(note=f"Not read: {self._base_url} does not answer ({type(error).__name__}).")

    async def _fetched(self, address: str) -> Content:
        read = b""
        async with self._client.stream("GET", address) as response:
            async for chunk in response.aiter_bytes():
                read += chunk
                if len(read) > LARGEST_SHOWN_BYTES:
                    break
        if response.is_error:
            return Content(note=f"Not read: the link was answered with status {response.status_code}.")
        if len(read) > LARGEST_SHOWN_BYTES:
            text = read[:LARGEST_SHOWN_BYTES].decode("utf-8", errors="replace")
            return Content(text, f"Only the first {LARGEST_SHOWN_BYTES // 1024} KiB are shown.")
        return Content(_pretty(read))


def _pretty(content: bytes) -> str:
    text = content.decode("utf-8", errors="replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
