"""The emulator's Entra ID token endpoints, for the client credentials flow.

v1.0 takes ``resource``, v2.0 ``scope`` (RESOURCE/.default): "Microsoft identity platform and the OAuth 2.0 client
credentials flow" (learn.microsoft.com). Error codes are those of "Microsoft Entra authentication and authorization
error codes" there.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.arm.applications import Applications, InvalidSecretError, UnknownApplicationError
from emulator.identity import TokenIssuer

_SECONDS = 3600
_MAXIMUM_BODY_BYTES = 65_536
_DEFAULT_SCOPE = "/.default"


class TokenEndpoint:
    """Gives the applications that a user registered their tokens."""

    def __init__(self, applications: Applications, issuer: TokenIssuer) -> None:
        self._applications = applications
        self._issuer = issuer

    @property
    def routes(self) -> list[Route]:
        """The addresses: ``/TENANT/oauth2/token`` and ``/TENANT/oauth2/v2.0/token``."""
        return [
            Route("/{tenant}/oauth2/token", self._v1, methods=["POST"]),
            Route("/{tenant}/oauth2/v2.0/token", self._v2, methods=["POST"]),
        ]

    async def _v1(self, request: Request) -> Response:
        form = await _form(request)
        return self._answer(request, form, form.get("resource", ""), "resource")

    async def _v2(self, request: Request) -> Response:
        form = await _form(request)
        scope = form.get("scope", "")
        if scope and not scope.endswith(_DEFAULT_SCOPE):
            return _refusal(400, "invalid_scope", 70011, f"The provided value for the input parameter 'scope' is not "
                            f"valid: '{scope}'; allowed: RESOURCE/.default.")  # fmt: skip
        return self._answer(request, form, scope.removesuffix(_DEFAULT_SCOPE), "scope")

    def _answer(self, request: Request, form: dict[str, str], audience: str, member: str) -> Response:
        tenant = request.path_params["tenant"]
        if tenant.lower() != self._issuer.tenant_id.lower():
            return _refusal(400, "invalid_request", 90002, f"Tenant '{tenant}' not found; the emulator's is "
                            f"'{self._issuer.tenant_id}'.")  # fmt: skip
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type", 70003, f"The grant type '{form.get('grant_type', '')}' is "
                            f"not supported; the emulator has: client_credentials.")  # fmt: skip
        for name, value in (("client_id", form.get("client_id")), (member, audience)):
            if not value:
                return _refusal(400, "invalid_request", 900144, f"The request body must contain the following "
                                f"parameter: '{name}'.")  # fmt: skip
        try:
            principal = self._applications.authenticate(form["client_id"], form.get("client_secret", ""))
        except UnknownApplicationError:
            return _refusal(400, "unauthorized_client", 700016, f"Application with identifier '{form['client_id']}' "
                            f"was not found in the directory.")  # fmt: skip
        except InvalidSecretError:
            return _refusal(401, "invalid_client", 7000215, "Invalid client secret provided.")
        return JSONResponse(
            {
                "token_type": "Bearer",
                "expires_in": str(_SECONDS) if member == "resource" else _SECONDS,
                "resource": audience,
                "access_token": self._issuer.issue(principal, audience),
            },
            headers={"Cache-Control": "no-store"},
        )


async def _form(request: Request) -> dict[str, str]:
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > _MAXIMUM_BODY_BYTES:
            return {}
    return {name: values[-1] for name, values in parse_qs(content.decode("utf-8", errors="replace")).items()}


def _refusal(status: int, error: str, code: int, reason: str) -> Response:
    body: dict[str, Any] = {
        "error": error,
        "error_description": f"AADSTS{code}: {reason}",
        "error_codes": [code],
    }
    return JSONResponse(body, status)
