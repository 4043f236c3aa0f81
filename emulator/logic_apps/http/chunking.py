"""Content in parts: "Handle large messages in workflows using chunking in Azure Logic Apps", learn.microsoft.com."""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus

import httpx

from emulator.logic_apps import limits
from emulator.logic_apps.http.http_calls import Call, HttpCalls, Response, Sender
from emulator.logic_apps.runs.failures import CallError

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_OWN_HEADERS = ("content-range", "content-length")


async def transfer(calls: HttpCalls, call: Call, sender: Sender) -> Response:
    """Return the answer of a call: content goes out in parts where the action says so, and comes in so with 206.

    Raises:
        CallError: no answer came, the call cannot be made, or the other side does not keep to the protocol.
    """
    if call.chunked and call.content is not None and call.method in ("POST", "PUT"):
        return await _upload(calls, call, call.content, sender)
    response = await calls.send(call, sender)
    if call.method == "GET" and response.status == HTTPStatus.PARTIAL_CONTENT:
        return await _download(calls, call, response, sender)
    return response


async def _download(calls: HttpCalls, call: Call, first: Response, sender: Sender) -> Response:
    """Get what is left of content of which a part came, in parts of the same size."""
    place = _CONTENT_RANGE.fullmatch(first.headers.get("content-range", ""))
    if place is None:
        return first
    start, end, total = (int(number) for number in place.groups())
    if total > limits.CHUNKED_BYTES:
        raise CallError("ResponseTooLarge", f"The content has {total} bytes; the limit is {limits.CHUNKED_BYTES}.")
    size, content = end - start + 1, bytearray(first.content)
    while start + len(content) < total:
        begin = start + len(content)
        wanted = f"bytes={begin}-{min(begin + size, total) - 1}"
        headers = {name: value for name, value in call.headers.items() if name.lower() != "range"}
        response = await calls.send(replace(call, headers={**headers, "Range": wanted}), sender)
        if response.status != HTTPStatus.PARTIAL_CONTENT or not response.content:
            raise CallError(
                "ChunkedDownloadFailed",
                f"The range {wanted} of the content was answered with {response.status} and "
                f"{len(response.content)} bytes.",
            )
        content += response.content
    kept = [(name, value) for name, value in first.headers.multi_items() if name.lower() not in _OWN_HEADERS]
    headers = httpx.Headers([*kept, ("content-length", str(len(content)))])
    return Response(first.status, headers, bytes(content), first.url)


async def _upload(calls: HttpCalls, call: Call, content: bytes, sender: Sender) -> Response:
    """Announce content, then send it in parts of the size that the other side suggests."""
    announced = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": str(len(content))}
    response = await calls.send(
        replace(call, headers={**call.headers, **announced}, content=None, asynchronous=False), sender
    )
    if response.status >= HTTPStatus.MULTIPLE_CHOICES:
        return response
    if "location" not in response.headers:
        raise CallError(
            "ChunkedUploadFailed",
            "The answer to the announcement of chunked content has no Location header that says where to send it.",
        )
    url, size, begin = response.url.join(response.headers["location"]), _size(response, limits.CONTENT_BYTES), 0
    while begin < len(content):
        part = content[begin : begin + size]
        headers = {
            **{name: value for name, value in call.headers.items() if name.lower() == "content-type"},
            "Content-Range": f"bytes={begin}-{begin + len(part) - 1}/{len(content)}",
        }
        response = await calls.send(
            replace(call, method="PATCH", url=str(url), headers=headers, content=part, asynchronous=False), sender
        )
        if response.status >= HTTPStatus.MULTIPLE_CHOICES:
            return response
        begin, size = begin + len(part), _size(response, size)
    return response


def _size(response: Response, default: int) -> int:
    text = response.headers.get("x-ms-chunk-size", "")
    return int(text) if text.isascii() and text.isdigit() and int(text) else default
