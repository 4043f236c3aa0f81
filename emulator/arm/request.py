"""A request to the control plane after HTTP and before its meaning, and the checks that all requests share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.arm.errors import ArmError, not_authorized
from emulator.arm.provider import Authorizer
from emulator.identity import Principal


@dataclass(frozen=True)
class ArmRequest:
    """`path` is decoded and has no trailing slash; `url` is the absolute address up to it; `body` is parsed JSON."""

    method: str
    path: str
    url: str
    query: Mapping[str, str]
    body: Any
    principal: Principal

    def check_query(self, allowed: Collection[str] = ()) -> None:
        """Refuse query parameters that would be ignored.

        Raises:
            ArmError: 400 InvalidQueryParameter; names them and what is allowed.
        """
        unknown = sorted(set(self.query) - {"api-version", *allowed})
        if unknown:
            raise ArmError(
                400,
                "InvalidQueryParameter",
                f"The query parameters {', '.join(unknown)} of {self.method} {self.path} are not emulated; allowed: "
                f"{', '.join(['api-version', *allowed])}.",
            )

    def check_access(self, authorizer: Authorizer, action: str, scope: str) -> None:
        """Refuse what no role of the principal allows.

        Raises:
            ArmError: 403 AuthorizationFailed.
        """
        if not authorizer.may(self.principal, action, scope):
            raise not_authorized(self.principal, action, scope)


def method_not_allowed(request: ArmRequest, allowed: str) -> ArmError:
    """Return the error for a method that the address does not have."""
    return ArmError(
        405, "MethodNotAllowed", f"{request.method} is not supported for '{request.path}'; allowed: {allowed}."
    )
