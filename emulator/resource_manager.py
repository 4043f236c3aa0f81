"""A client of the emulator's Azure Resource Manager, for the command line: it asks as the person who deploys."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx

from emulator.clock import Clock, SystemClock
from emulator.home import Configuration, Home
from emulator.identity import ARM_AUDIENCES, Principal, TokenIssuer

RESOURCES_API_VERSION = "2024-03-01"

_TIMEOUT_SECONDS = 120


class ResourceManagerError(Exception):
    """Azure Resource Manager refused or did not answer; the message has its code and text."""


class ResourceManager:
    """Calls with the person's bearer token; every answer is parsed JSON."""

    def __init__(self, home: Home, clock: Clock | None = None) -> None:
        self.configuration, secrets = home.load()
        self._issuer = TokenIssuer(secrets.token_signing_key, self.configuration.tenant_id, clock or SystemClock())
        self._client = httpx.Client(base_url=self.configuration.url("arm"), timeout=_TIMEOUT_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def subscription(self) -> str:
        """The id of the one subscription."""
        return f"/subscriptions/{self.configuration.subscription_id}"

    def get(self, path: str, api_version: str, **query: str) -> Any:
        """Return the answer of a GET of `path`."""
        return self._call("GET", path, api_version, query)

    def put(self, path: str, api_version: str, body: Any) -> Any:
        """Create or update a resource; return its body."""
        return self._call("PUT", path, api_version, {}, body)

    def delete(self, path: str, api_version: str) -> None:
        """Delete a resource."""
        self._call("DELETE", path, api_version, {})

    def post(self, path: str, api_version: str, body: Any = None) -> Any:
        """Return the answer of a POST to `path`, None where it has no body."""
        return self._call("POST", path, api_version, {}, body)

    def values(self, path: str, api_version: str, **query: str) -> Iterator[Any]:
        """Yield the members of a list, page after page."""
        page = self.get(path, api_version, **query)
        while True:
            yield from page["value"]
            if not page.get("nextLink"):
                return
            page = self._answer(self._client.get(page["nextLink"], headers=self._headers()))

    def resources(self) -> list[dict[str, Any]]:
        """Return every resource of the subscription with its whole body, groups first."""
        versions = self._api_versions()
        found: list[dict[str, Any]] = []
        for group in self.values(f"{self.subscription}/resourcegroups", RESOURCES_API_VERSION):
            found.append(group)
            entries = self.values(f"{group['id']}/resources", RESOURCES_API_VERSION)
            found.extend(self.get(entry["id"], versions[entry["type"].lower()]) for entry in entries)
        return found

    def _api_versions(self) -> dict[str, str]:
        return {
            f"{provider['namespace']}/{kind['resourceType']}".lower(): kind["apiVersions"][0]
            for provider in self.values(f"{self.subscription}/providers", RESOURCES_API_VERSION)
            for kind in provider["resourceTypes"]
        }

    def _call(self, method: str, path: str, api_version: str, query: dict[str, str], body: Any = None) -> Any:
        try:
            response = self._client.request(
                method, path, params={"api-version": api_version, **query}, json=body, headers=self._headers()
            )
        except httpx.HTTPError as error:
            raise ResourceManagerError(
                f"{method} {self._client.base_url}{path}: no answer ({error}); is the emulator up? "
                f"Start it with: python -m emulator up"
            ) from error
        return self._answer(response)

    def _answer(self, response: httpx.Response) -> Any:
        if response.is_error:
            request = response.request
            raise ResourceManagerError(f"{request.method} {request.url.path}: {response.status_code} {response.text}")
        return response.json() if response.content else None

    def _headers(self) -> dict[str, str]:
        person = deploying_person(self.configuration)
        return {"Authorization": f"Bearer {self._issuer.issue(person, ARM_AUDIENCES[0])}"}


def deploying_person(configuration: Configuration) -> Principal:
    """Return the person who owns the emulator's subscription."""
    return Principal(configuration.person_id, "User", "emulator user")


def data_endpoint(resource: dict[str, Any]) -> str | None:
    """Return the address of a resource's data plane, or None where it has none."""
    properties = resource.get("properties", {})
    blobs = (properties.get("primaryEndpoints") or {}).get("blob")
    return blobs or properties.get("endpoint") or properties.get("accessEndpoint")
