"""Managed identities of a workflow that runs on its own."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from emulator.clock import Clock
from emulator.logic_apps.http.authentication import Application, Authenticator
from emulator.logic_apps.http.identities import Identities

MOCKED_TOKEN = "mocked-managed-identity-token"
"""What mocked calls carry in place of a token; it never goes to the network."""
_PRINCIPAL = "00000000-0000-0000-0000-000000000000"


class GivenTokens:
    """Tokens by audience, as they were given; for all other audiences the mocked one."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._tokens = {audience.rstrip("/").lower(): token for audience, token in tokens.items()}

    def token(self, principal_id: str, workflow: str, audience: str) -> str:
        """Return the token for `audience`, whoever asks."""
        return self._tokens.get(audience.rstrip("/").lower(), MOCKED_TOKEN)


class EveryIdentity(Identities):
    """A workflow that has whichever identity its actions name: nothing here says which will be assigned to it."""

    def principal(self, identity: str | None) -> str:
        """Return an object id."""
        return _PRINCIPAL


class GivenAuthenticator(Authenticator):
    """Authenticates with the given tokens: no authority is asked."""

    def __init__(self, tokens: GivenTokens, client: httpx.AsyncClient, clock: Clock) -> None:
        super().__init__(tokens, client, clock)
        self._given = tokens

    async def application_token(self, authority: str, application: Application) -> str:
        """Return the given token for the audience."""
        return self._given.token(application.client_id, "", application.audience)
