"""Bodies of messages: what expressions see of them, and the bytes that are sent.

JSON is a JSON value, text a string, anything else an object with its type and its bytes in base64 (``$content-type``,
``$content``); forms have their fields besides (``$formdata``), messages of several parts their parts (``$multipart``):
"Handle content types in Azure Logic Apps", learn.microsoft.com.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from email.message import Message
from typing import Any, Never
from urllib.parse import parse_qsl, quote, urlencode

from emulator.logic_apps.expressions import Json
from emulator.logic_apps.runs.failures import CallError

_OCTETS = "application/octet-stream"
_FORM = "application/x-www-form-urlencoded"
_TEXT = "text/plain; charset=utf-8"


def decoded(content: bytes, content_type: str) -> Json:
    """Return content as expressions see it."""
    message = _typed(content_type)
    kind = message.get_content_type().lower()
    if is_json(content_type):
        try:
            return json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
        except (ValueError, RecursionError):
            return _binary(content, content_type)
    if kind == _FORM:
        pairs = parse_qsl(content.decode("utf-8", errors="replace"), keep_blank_values=True)
        return {**_binary(content, content_type), "$formdata": [{"key": key, "value": value} for key, value in pairs]}
    boundary = message.get_boundary()
    if kind.startswith("multipart/") and boundary:
        return {**_binary(content, content_type), "$multipart": _parts(content, boundary)}
    if kind.startswith("text/"):
        try:
            return content.decode(message.get_content_charset("utf-8"), errors="replace")
        except LookupError:
            return _binary(content, content_type)
    return _binary(content, content_type)


def is_json(content_type: str) -> bool:
    """Tell whether a type of content is JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def encoded(body: Json) -> tuple[bytes | None, str]:
    """Return the bytes of a body and their type; None where there is no body.

    Raises:
        CallError: what an object with ``$content``, ``$multipart`` or ``$formdata`` says is not valid.
    """
    if body is None:
        return None, ""
    if isinstance(body, str):
        return body.encode(errors="replace"), _TEXT
    if isinstance(body, dict):
        kind = str(body.get("$content-type", _OCTETS))
        if "$content" in body:
            return _bytes(body["$content"], "body.$content"), kind
        if "$multipart" in body:
            return _of_parts(body["$multipart"], str(body.get("$content-type", "multipart/form-data")))
        if "$formdata" in body:
            return _of_fields(body["$formdata"]), _FORM
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"), "application/json"


def _typed(content_type: str) -> Message:
    message = Message()
    message["Content-Type"] = re.sub(r"[\r\n]", " ", content_type)
    return message


def _no_number(text: str) -> Never:
    raise ValueError(f"{text} is no JSON number")


def _binary(content: bytes, content_type: str) -> dict[str, Any]:
    return {"$content-type": content_type, "$content": base64.b64encode(content).decode("ascii")}


def _bytes(text: Any, where: str) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError) as error:
        raise CallError("InvalidHttpInputs", f"{where} is not base64") from error


def _parts(content: bytes, boundary: str) -> list[dict[str, Any]]:
    """Return the parts of a message: the text before the first and after the last delimiter is none (RFC 2046, 5.1)."""
    found: list[dict[str, Any]] = []
    for part in (b"\r\n" + content).split(b"\r\n--" + boundary.encode("latin-1", errors="replace"))[1:]:
        if part.startswith(b"--"):
            break
        head, _, body = part.partition(b"\r\n\r\n")
        lines = [line.partition(b":") for line in head.split(b"\r\n") if b":" in line]
        headers = {_header(name): _header(value) for name, _, value in lines}
        kind = next((value for name, value in headers.items() if name.lower() == "content-type"), _TEXT)
        found.append({"headers": headers, "body": decoded(body, kind)})
    return found


def _header(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace").strip()


def _of_parts(parts: Any, content_type: str) -> tuple[bytes, str]:
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise CallError("InvalidHttpInputs", "body.$multipart has to be an array of objects with headers and body")
    boundary = _typed(content_type).get_boundary()
    if not boundary:
        boundary = uuid.uuid4().hex
        content_type = f'{content_type}; boundary="{boundary}"'
    content = b""
    for index, part in enumerate(parts):
        headers = part.get("headers") or {}
        if not isinstance(headers, dict):
            raise CallError("InvalidHttpInputs", f"body.$multipart[{index}].headers has to be an object")
        payload, kind = encoded(part.get("body"))
        if payload is not None and not any(str(name).lower() == "content-type" for name in headers):
            headers = {**headers, "Content-Type": kind}
        lines = [re.sub(r"[\r\n]", " ", f"{name}: {value}") for name, value in headers.items()]
        head = "\r\n".join([f"--{boundary}", *lines, "", ""])
        content += head.encode() + (payload or b"") + b"\r\n"
    return content + f"--{boundary}--\r\n".encode(), content_type


def _of_fields(fields: Any) -> bytes:
    if not isinstance(fields, list) or not all(isinstance(each, dict) and "key" in each for each in fields):
        raise CallError("InvalidHttpInputs", "body.$formdata has to be an array of objects with key and value")
    pairs = [(str(each["key"]), "" if each.get("value") is None else str(each["value"])) for each in fields]
    return urlencode(pairs, quote_via=quote).encode()
