"""One call of an operation: who asks, for what, with which parameters; and the answer to it."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from emulator.custom_vision.errors import CustomVisionError, GatewayError, bad_request
from emulator.custom_vision.limits import (
    DEFAULT_PAGE,
    LARGEST_PAGE,
    LARGEST_REQUEST_BYTES,
)
from emulator.custom_vision.store.accounts import Account

GUID: Final = "^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"

INVALID: Final = "BadRequestInvalid"
_LONGEST_OFFSET: Final = 9
_PARTS: Final = 1000
"""More parts than any batch may have, so that a batch that is too large is refused for its size."""


@dataclass(frozen=True)
class Reply:
    """What an operation answers; `body` is JSON, or absent where `status` says that there is none (202, 204)."""

    body: Any = None
    status: int = 200


@dataclass(frozen=True)
class Download:
    """The content of a file as an answer."""

    content: bytes


NO_CONTENT: Final = Reply(status=204)
ACCEPTED: Final = Reply(status=202)


@dataclass(frozen=True)
class Upload:
    """An image sent as a form's file or as the body; `name` is None for a body."""

    name: str | None
    data: bytes


class Query:
    """The query's parameters; their names compare without regard to case."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name.lower(): value for name, value in values.items()}
        self._names = list(values)

    def check_known(self, operation: str, known: Sequence[str]) -> None:
        """Refuse parameters that the operation does not have here, rather than pass over them."""
        names = {name.lower() for name in known}
        for name in self._names:
            if name.lower() not in names:
                allowed = ", ".join(known) or "none"
                raise bad_request(
                    "BadRequestNotSupported",
                    f"{operation} has no query parameter '{name}' in this emulator; allowed: {allowed}.",
                )

    def text(self, name: str) -> str | None:
        """Return a parameter, None where it is missing or empty."""
        return self._values.get(name.lower()) or None

    def required(self, name: str, code: str = "BadRequestRequiredParamIsNull") -> str:
        """Return a parameter that must be there."""
        value = self.text(name)
        if value is None:
            raise bad_request(code, f"The query parameter '{name}' is required.")
        return value

    def choice(self, name: str, allowed: Sequence[str], default: str, code: str = INVALID) -> str:
        """Return one of the allowed values, in their spelling."""
        value = self.text(name)
        if value is None:
            return default
        for each in allowed:
            if each.lower() == value.lower():
                return each
        raise bad_request(code, f"The query parameter '{name}' is '{value}'; allowed: {', '.join(allowed)}.")

    def boolean(self, name: str, default: bool) -> bool:
        """Return true or false."""
        return self.choice(name, ("true", "false"), str(default).lower()) == "true"

    def integer(self, name: str, default: int, least: int, most: int, code: str = INVALID) -> int:
        """Return a whole number within bounds."""
        value = self.text(name)
        if value is None:
            return default
        try:
            number = int(value)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise bad_request(code, f"The query parameter '{name}' is '{value}'; allowed: {least} to {most}.")
        return number

    def share(self, name: str, default: float) -> float:
        """Return a number from 0 to 1."""
        value = self.text(name)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number <= 1:
            raise bad_request(INVALID, f"The query parameter '{name}' is '{value}'; allowed: 0 to 1.")
        return number

    def guid(self, name: str) -> str | None:
        """Return a GUID in lower case with hyphens."""
        value = self.text(name)
        return None if value is None else guid(value, name)

    def guids(self, name: str, most: int, code: str = "BadRequestExceededBatchSize") -> list[str]:
        """Return a comma-separated list of GUIDs; none where it is missing."""
        value = self.text(name)
        values = [] if value is None else [guid(each.strip(), name) for each in value.split(",")]
        if len(values) > most:
            raise bad_request(code, f"The query parameter '{name}' has {len(values)} ids; at most {most} are allowed.")
        return values

    def required_guids(self, name: str, most: int) -> list[str]:
        """Return a list of GUIDs that must not be empty."""
        self.required(name, "BadRequestInvalidIds")
        return self.guids(name, most)

    def page(self) -> tuple[int, int]:
        """Return ``take`` and ``skip``."""
        return self.integer("take", DEFAULT_PAGE, 0, LARGEST_PAGE), self.integer("skip", 0, 0, 2**31 - 1)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def offset(continuation: str | None, code: str) -> int:
    """Return how many results the token of a query passes over.

    Raises:
        CustomVisionError: 400 with `code`, where no query has answered such a token.
    """
    if not continuation:
        return 0
    if not continuation.isdecimal() or len(continuation) > _LONGEST_OFFSET:
        raise bad_request(code, f"'continuation' is '{continuation}', which is not one that a query answered.")
    return int(continuation)


def guid(value: str, name: str) -> str:
    """Return a GUID in lower case with hyphens.

    Raises:
        CustomVisionError: 400 BadRequestInvalidIds; the message has name and value.
    """
    try:
        return str(uuid.UUID(value))
    except ValueError as error:
        raise bad_request("BadRequestInvalidIds", f"'{name}' is '{value}', which is not a GUID.") from error


@dataclass(frozen=True)
class Call:
    """A call that passed the gateway: `account` is whose key it carries, `path` the ids in the address."""

    operation: str
    account: Account
    path: Mapping[str, str]
    query: Query
    request: Request
    id: str

    def id_of(self, name: str) -> str:
        """Return a GUID of the address."""
        return guid(self.path[name], name)

    async def json(self, schema: Mapping[str, Any], code: str, message: str) -> Any:
        """Return the JSON body.

        Args:
            schema: what it must be.
            code: the error code where it is not.
            message: the beginning of the error's message; what is wrong with which member follows.
        """
        content = await self._body()
        try:
            body = json.loads(content, parse_constant=_refuse_constant)
            # Half a surrogate pair is no character: it could be neither kept nor answered.
            json.dumps(body, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise bad_request(code, f"{message} The body is not valid JSON: {error}.") from error
        fault = best_match(Draft7Validator(schema).iter_errors(body))
        if fault is not None:
            raise bad_request(code, f"{message} {fault.json_path}: {fault.message[:300]}.")
        return body

    @property
    def has_body(self) -> bool:
        """Whether the request carries a body."""
        headers = self.request.headers
        return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers

    async def uploads(self) -> list[Upload]:
        """Return the files of a multipart form, or the body as one image.

        Raises:
            CustomVisionError: 400 BadRequestImageBatch, or 415 where the body is of another type.
        """
        kind = self.request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind == "multipart/form-data":
            return await self._form_files()
        if kind not in ("application/octet-stream", "") and not kind.startswith("image/"):
            raise CustomVisionError(
                415,
                "UnsupportedMediaType",
                f"Content-Type is '{kind}'; allowed: multipart/form-data, application/octet-stream.",
            )
        return [Upload(None, await self._body())]

    async def _body(self) -> bytes:
        return b"".join([chunk async for chunk in self._stream()])

    async def _stream(self) -> AsyncGenerator[bytes]:
        received = 0
        async for chunk in self.request.stream():
            received += len(chunk)
            if received > LARGEST_REQUEST_BYTES:
                raise GatewayError(413, f"The request has more than {LARGEST_REQUEST_BYTES} bytes.")
            yield chunk

    async def _form_files(self) -> list[Upload]:
        # Clients send parts with and without a file name; the latter come as text, which Latin-1 keeps byte by byte.
        kind = self.request.headers["content-type"] + "; charset=latin-1"
        parser = MultiPartParser(
            Headers({"content-type": kind}),
            self._stream(),
            max_files=_PARTS,
            max_fields=_PARTS,
            max_part_size=LARGEST_REQUEST_BYTES,
        )
        try:
            form = await parser.parse()
        except MultiPartException as error:
            raise bad_request("BadRequestImageBatch", f"No valid image files. {error.message}") from error
        uploads: list[Upload] = []
        for _, value in form.multi_items():
            if isinstance(value, UploadFile):
                name = (value.filename or "").encode("latin-1").decode(errors="replace")
                uploads.append(Upload(name, await value.read()))
            else:
                uploads.append(Upload("", value.encode("latin-1")))
        await form.close()
        return uploads
