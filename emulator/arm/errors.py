"""The one form in which Azure Resource Manager reports errors."""

from __future__ import annotations

from typing import Any


class ArmError(Exception):
    """An answer that is not a success: HTTP status, error code and a message that says what is allowed.

    `target` names the property at fault as a path from the request's root, e.g. ``properties.accessTier``.
    """

    def __init__(self, status: int, code: str, message: str, target: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.target = target

    def body(self) -> dict[str, Any]:
        """Return the JSON body: ``{"error": {"code", "message"[, "target"]}}``."""
        error = {"code": self.code, "message": self.message}
        if self.target is not None:
            error["target"] = self.target
        return {"error": error}
