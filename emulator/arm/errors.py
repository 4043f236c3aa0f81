"""The one form in which Azure Resource Manager reports errors."""

from __future__ import annotations

from typing import Any

from emulator.identity import Principal


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


def not_authorized(principal: Principal, action: str, scope: str) -> ArmError:
    """Return ARM's refusal of an action that no role of `principal` allows at `scope`."""
    return ArmError(
        403,
        "AuthorizationFailed",
        f"The client '{principal.name}' with object id '{principal.object_id}' does not have authorization to perform "
        f"action '{action}' over scope '{scope}' or the scope is invalid.",
    )
