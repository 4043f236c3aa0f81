"""The two forms in which Custom Vision reports errors: the service's own, and its gateway's.

Codes are those of ``CustomVisionErrorCodes`` in the OpenAPI of the training API v3.3,
https://learn.microsoft.com/rest/api/customvision/training
"""

from __future__ import annotations

from typing import Any


class CustomVisionError(Exception):
    """A refusal by the service: ``{"code", "message"}``."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        return {"code": self.code, "message": self.message}


class GatewayError(Exception):
    """A refusal by the gateway before the service: ``{"error": {"code", "message"}}``, the code as the status."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        return {"error": {"code": str(self.status), "message": self.message}}


def bad_request(code: str, message: str) -> CustomVisionError:
    """Return a refusal with status 400."""
    return CustomVisionError(400, code, message)


def not_found(kind: str, id: str) -> CustomVisionError:
    """Return the answer for a Project, Iteration, Tag, Image or Domain that is not there."""
    return CustomVisionError(404, f"NotFound{kind}", f"{kind} {id} was not found.")


def token_refused() -> GatewayError:
    """Return the answer to a bearer token: keys are the only way in that is proven to work with Custom Vision."""
    return GatewayError(
        401,
        "Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), "
        "or have expired.",
    )


def access_denied() -> GatewayError:
    """Return the answer to a missing or wrong key."""
    return GatewayError(
        401,
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
        "active subscription and use a correct regional API endpoint for your resource.",
    )
