"""Errors of the data planes of Azure Monitor Logs: the body that each of the two APIs has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response


class LogsError(Exception):
    """A request is refused: status, code, message, and what goes with them."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        inner: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.inner = inner
        self.headers = dict(headers or {})
        super().__init__(message)

    def response(self) -> Response:
        """Return the answer."""
        error: dict[str, Any] = {"code": self.code, "message": str(self)}
        if self.inner is not None:
            error["innererror"] = dict(self.inner)
        headers = {"x-ms-error-code": self.code, **self.headers}
        return JSONResponse({"error": error}, self.status, headers)
