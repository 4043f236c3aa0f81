"""The REST calls that the stand-in makes at the emulator's control plane."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from emulator.clock import SystemClock
from emulator.home import Configuration, Home, HomeError, Secrets
from emulator.identity import ARM_AUDIENCES, Principal, TokenIssuer

_START: Final = "start it with: python -m emulator up"
_TIMEOUT_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 0.5
_SETTLED: Final = frozenset({"succeeded", "failed", "canceled"})
"""Final provisioning states, https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations."""


class ArmRefusedError(Exception):
    """The control plane refused; the message has its code and message, `status` the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class EmulatorMissingError(Exception):
    """No emulator answers; the message says how to start one."""


class NotProvisionedError(Exception):
    """The resource exists, and its provisioning ended as failed; `body` is what ARM says of it."""

    def __init__(self, message: str, body: dict[str, Any]) -> None:
        super().__init__(message)
        self.body = body


@dataclass(frozen=True)
class Account:
    """Who calls, and where."""

    configuration: Configuration
    secrets: Secrets

    @classmethod
    def of(cls, home: Home) -> Account:
        """Return the account of the person who owns the emulator in `home`.

        Raises:
            EmulatorMissingError: there is no emulator in that folder.
        """
        try:
            configuration, secrets = home.load()
        except HomeError as error:
            raise EmulatorMissingError(str(error)) from error
        return cls(configuration, secrets)

    @property
    def subscription_id(self) -> str:
        """The emulator's one subscription."""
        return self.configuration.subscription_id


class Arm:
    """A client of Azure Resource Manager; every method takes the resource id or a path below it."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._address = account.configuration.url("arm")
        self._client = httpx.Client(base_url=self._address, timeout=_TIMEOUT_SECONDS, trust_env=False)
        self._tokens = TokenIssuer(account.secrets.token_signing_key, account.configuration.tenant_id, SystemClock())

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, api_version: str) -> dict[str, Any] | None:
        """Return the resource's body, or None where it does not exist."""
        response = self._send("GET", path, api_version)
        return None if response.status_code == 404 else _body(response)

    def put(self, path: str, api_version: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create or update, wait until it is provisioned, and return the body as a GET then answers it.

        Raises:
            ArmRefusedError: nothing was changed.
            NotProvisionedError: it was changed, and came to a bad end.
        """
        _body(self._send("PUT", path, api_version, body))
        while True:
            found = self.get(path, api_version)
            if found is None:
                raise ArmRefusedError(404, f"{path} was not there any more after it had been written")
            properties = found.get("properties")
            state = properties.get("provisioningState") if isinstance(properties, dict) else None
            if not isinstance(state, str) or state.lower() in _SETTLED:
                break
            time.sleep(_POLL_SECONDS)
        if isinstance(state, str) and state.lower() != "succeeded":
            raise NotProvisionedError(f"{path}: provisioning ended as {state}", found)
        return found

    def delete(self, path: str, api_version: str) -> None:
        """Delete and wait until it is gone; what does not exist any more is done."""
        response = self._send("DELETE", path, api_version)
        if response.status_code == 404:
            return
        _body(response)
        if response.status_code == 202:
            while self.get(path, api_version) is not None:
                time.sleep(_POLL_SECONDS)

    def post(self, path: str, api_version: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer of an action such as ``.../listKeys``."""
        return _body(self._send("POST", path, api_version, body))

    def token(self, audience: str) -> str:
        """Return a bearer token of who deploys, for any audience."""
        person = Principal(self.account.configuration.person_id, "User", "deploying person")
        return self._tokens.issue(person, audience)

    def _send(self, method: str, path: str, api_version: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        token = self.token(ARM_AUDIENCES[0])
        try:
            return self._client.request(
                method,
                path,
                params={"api-version": api_version},
                headers={"Authorization": f"Bearer {token}"},
                json=None if body is None else dict(body),
            )
        except httpx.TransportError as error:
            raise EmulatorMissingError(
                f"the emulator does not answer at {self._address} ({error}); {_START}"
            ) from error


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        body: Any = response.json() if response.content else {}
    except ValueError:
        body = {}
    if response.is_success:
        return body
    error: Any = body.get("error", {}) if isinstance(body, dict) else {}
    target = f" ({error['target']})" if error.get("target") else ""
    message = error.get("message") or response.text[:500]
    raise ArmRefusedError(
        response.status_code, f"{response.status_code} {error.get('code') or response.reason_phrase}: {message}{target}"
    )
