"""The emulator's Entra ID: principals and the bearer tokens that it issues for them.

Tokens are JWTs signed with a key that each emulator makes for itself. The issuer has the form that
`Microsoft Entra ID v1.0 tokens <https://learn.microsoft.com/entra/identity-platform/access-tokens>`_ have.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import jwt

from emulator.clock import Clock

PrincipalKind = Literal["User", "ServicePrincipal"]

ARM_AUDIENCES = (
    "https://management.azure.com/",
    "https://management.azure.com",
    "https://management.core.windows.net/",
    "https://management.core.windows.net",
)
STORAGE_AUDIENCES = ("https://storage.azure.com/", "https://storage.azure.com")
COGNITIVE_SERVICES_AUDIENCES = (
    "https://cognitiveservices.azure.com/",
    "https://cognitiveservices.azure.com",
)
MONITOR_AUDIENCES = (
    "https://monitor.azure.com/",
    "https://monitor.azure.com",
    "https://monitor.azure.com//",
)
LOG_ANALYTICS_AUDIENCES = (
    "https://api.loganalytics.io",
    "https://api.loganalytics.io/",
    "https://api.loganalytics.azure.com",
    "https://api.loganalytics.azure.com/",
)


@dataclass(frozen=True)
class Principal:
    """Who asks: `object_id` is the GUID that role assignments name."""

    object_id: str
    kind: PrincipalKind
    name: str


class InvalidTokenError(Exception):
    """The bearer token is missing, malformed, expired, foreign or for another audience; the message says which."""


class TokenIssuer:
    """Issues and verifies the emulator's bearer tokens."""

    def __init__(self, signing_key: str, tenant_id: str, clock: Clock) -> None:
        self._key = signing_key
        self._clock = clock
        self.tenant_id = tenant_id
        self.issuer = f"https://sts.windows.net/{tenant_id}/"

    def issue(self, principal: Principal, audience: str, lifetime: timedelta = timedelta(hours=1)) -> str:
        """Return a bearer token of `principal` for `audience`."""
        now = self._clock.now()
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "tid": self.tenant_id,
            "oid": principal.object_id,
            "sub": principal.object_id,
            "name": principal.name,
            "idtyp": "app" if principal.kind == "ServicePrincipal" else "user",
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
            "ver": "1.0",
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def verify(self, token: str, audiences: Collection[str]) -> Principal:
        """Return whose token it is.

        Raises:
            InvalidTokenError: signature, issuer, time or audience are wrong.
        """
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                issuer=self.issuer,
                options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError as error:
            raise InvalidTokenError(f"the token is not one of this emulator's issuer: {error}") from error
        now = self._clock.now().timestamp()
        if now >= claims["exp"]:
            raise InvalidTokenError("the token has expired")
        if now < claims["nbf"]:
            raise InvalidTokenError("the token is not valid yet")
        if claims["aud"] not in audiences:
            raise InvalidTokenError(
                f"the token is for the audience {claims['aud']!r}; allowed: {', '.join(sorted(audiences))}"
            )
        kind: PrincipalKind = "ServicePrincipal" if claims["idtyp"] == "app" else "User"
        return Principal(claims["oid"], kind, claims["name"])


def bearer_token(authorization: str | None) -> str | None:
    """Return the token of an `Authorization: Bearer` header value, or None when it carries none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
