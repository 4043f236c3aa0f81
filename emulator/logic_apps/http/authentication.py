"""How calls authenticate ("Add authentication to outbound calls", learn.microsoft.com), and what is shown of it."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from emulator.clock import Clock
from emulator.logic_apps import limits
from emulator.logic_apps.http.identities import Identities
from emulator.logic_apps.runs.failures import CallError
from emulator.logic_apps.runs.tasks import within

AUTHENTICATION_TYPES = ("ActiveDirectoryOAuth", "Basic", "ManagedServiceIdentity", "Raw")
"""What the emulator has; the service has ClientCertificate besides, which needs certificates."""
ENTRA_ID = "https://login.windows.net"
"""The authority of ActiveDirectoryOAuth where neither the action nor the emulator names one."""

_SECRETS = frozenset({"password", "secret", "value", "parameter", "pfx"})
_HIDDEN = "*sanitized*"
"""What the service shows in the history in place of a secret."""


class TokenSource(Protocol):
    """Gives managed identities their tokens."""

    def token(self, principal_id: str, workflow: str, audience: str) -> str:
        """Return a bearer token for `audience` of an identity that a workflow acts as."""
        ...


@dataclass(frozen=True)
class Application:
    """Who asks for a token, and for which audience."""

    tenant: str
    audience: str
    client_id: str
    secret: str = field(repr=False)


class Authenticator:
    """Makes the Authorization header of a call.

    `authority` is the address of the token service that ActiveDirectoryOAuth asks by default.
    """

    def __init__(self, tokens: TokenSource, client: httpx.AsyncClient, clock: Clock, authority: str = ENTRA_ID) -> None:
        self._tokens = tokens
        self._client = client
        self._clock = clock
        self._authority = authority
        self._kinds: Mapping[str, Callable[[Mapping[str, Any], Identities], Awaitable[str]]] = {
            "activedirectoryoauth": self._oauth,
            "basic": _basic,
            "managedserviceidentity": self._managed_identity,
            "raw": _raw,
        }

    async def headers(self, authentication: Mapping[str, Any] | None, identities: Identities) -> dict[str, str]:
        """Return the headers that authenticate a call: none without `authentication`.

        Raises:
            CallError: a type or member is not valid or not emulated, or the authority refuses.
        """
        if not authentication:
            return {}
        kind = str(authentication.get("type"))
        make = self._kinds.get(kind.lower())
        if make is None:
            raise CallError(
                "InvalidAuthentication",
                f"authentication.type is {kind!r}, which is not emulated; there are: {', '.join(AUTHENTICATION_TYPES)}",
            )
        return {"Authorization": await make(authentication, identities)}

    async def _managed_identity(self, authentication: Mapping[str, Any], identities: Identities) -> str:
        try:
            principal_id = identities.principal(authentication.get("identity"))
        except LookupError as error:
            raise CallError("WorkflowManagedIdentityNotSpecified", str(error.args[0])) from error
        audience = str(authentication.get("audience") or "https://management.azure.com/")
        return f"Bearer {self._tokens.token(principal_id, identities.workflow, audience)}"

    async def _oauth(self, authentication: Mapping[str, Any], _: Identities) -> str:
        """Ask the authority for a token with the client credentials flow (OAuth 2.0, Entra ID v1.0 endpoint)."""
        if "pfx" in authentication or str(authentication.get("credentialType", "Secret")).lower() == "certificate":
            raise CallError(
                "InvalidAuthentication",
                "authentication has a certificate (pfx), which is not emulated; ActiveDirectoryOAuth takes a secret",
            )
        given = Application(*(_required(authentication, name) for name in ("tenant", "audience", "clientId", "secret")))
        authority = str(authentication.get("authority") or self._authority).rstrip("/")
        return f"Bearer {await self.application_token(authority, given)}"

    async def application_token(self, authority: str, application: Application) -> str:
        """Return the token that an authority gives an application.

        Raises:
            CallError: the authority does not answer, or refuses.
        """
        form = {
            "grant_type": "client_credentials",
            "client_id": application.client_id,
            "client_secret": application.secret,
            "resource": application.audience,
        }
        url = f"{authority}/{quote(application.tenant, safe='')}/oauth2/token"
        try:
            response = await within(self._client.post(url, data=form, timeout=None), limits.HTTP_SECONDS, self._clock)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise _no_token(f"the authority '{authority}' did not answer ({type(error).__name__})") from error
        answer = _json(response)
        token = answer.get("access_token")
        if response.is_error or not isinstance(token, str):
            reason = answer.get("error_description") or f"the authority answered with {response.status_code}"
            raise _no_token(str(reason))
        return token


async def _basic(authentication: Mapping[str, Any], _: Identities) -> str:
    pair = f"{authentication.get('username', '')}:{authentication.get('password', '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")


async def _raw(authentication: Mapping[str, Any], _: Identities) -> str:
    if "scheme" in authentication:
        return f"{authentication['scheme']} {authentication.get('parameter', '')}".strip()
    return str(authentication.get("value", ""))


def _required(authentication: Mapping[str, Any], name: str) -> str:
    value = authentication.get(name)
    if not isinstance(value, str) or not value:
        raise CallError("InvalidAuthentication", f"authentication.{name} has to be a string that is not empty")
    return value


def _no_token(reason: str) -> CallError:
    return CallError("Unauthorized", f"Http request failed as there is an error getting AD OAuth token: '{reason}'.")


def _json(response: httpx.Response) -> Mapping[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def shown(inputs: Any) -> Any:
    """Return inputs of a call as records have them: what `authentication` holds of secrets is not in them."""
    if not isinstance(inputs, dict):
        return inputs
    found = {name: shown(part) if name in ("subscribe", "unsubscribe") else part for name, part in inputs.items()}
    authentication = inputs.get("authentication")
    if isinstance(authentication, dict):
        found["authentication"] = {
            name: _HIDDEN if name.lower() in _SECRETS else value for name, value in authentication.items()
        }
    return found
