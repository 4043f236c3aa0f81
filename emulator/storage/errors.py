"""Errors in the form of the blob service: XML, with the code in a header too."""

from __future__ import annotations

import uuid
from datetime import datetime
from xml.sax.saxutils import escape

from starlette.responses import Response


class BlobError(Exception):
    """A refusal; codes are those of "Status and error codes" of the storage services' REST reference.

    `detail` is what the service adds about a failed authentication; `challenge` the header WWW-Authenticate.
    """

    def __init__(
        self, status: int, code: str, message: str, detail: str | None = None, challenge: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.challenge = challenge

    def response(self, now: datetime) -> Response:
        """Return the answer."""
        request_id = str(uuid.uuid4())
        detail = f"<AuthenticationErrorDetail>{escape(self.detail)}</AuthenticationErrorDetail>" if self.detail else ""
        text = (
            f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{self.code}</Code>'
            f"<Message>{escape(self.message)}\nRequestId:{request_id}\nTime:{now:%Y-%m-%dT%H:%M:%S.%f}0Z</Message>{detail}</Error>"
        )
        headers = {"x-ms-error-code": self.code, "x-ms-request-id": request_id}
        if self.challenge:
            headers["www-authenticate"] = self.challenge
        return Response(text.encode(), self.status, headers, media_type="application/xml")
