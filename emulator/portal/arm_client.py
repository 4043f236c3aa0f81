"""Reads Azure Resource Manager over HTTP, as the person who owns the emulator's subscription."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from emulator.arm.errors import ArmError
from emulator.arm.resource_id import ResourceId
from emulator.home import Configuration
from emulator.identity import ARM_AUDIENCES, TokenIssuer
from emulator.resource_manager import RESOURCES_API_VERSION, deploying_person


@dataclass(frozen=True)
class ListPage:
    """A page of a list: its members, and the ``$skiptoken`` of the next page, None on the last."""

    members: list[dict[str, Any]]
    skip_token: str | None


class ArmClient:
    """GETs, and the POSTs that only read (``listKeys``, ``listServiceSas``).

    Every method raises ArmError: ARM's own refusals with their status, code and message, 503 ``NoAnswer`` when nothing
    answers, 502 ``InvalidAnswer`` when what answers is not ARM's JSON.
    """

    def __init__(self, configuration: Configuration, issuer: TokenIssuer, client: httpx.AsyncClient) -> None:
        self._person = deploying_person(configuration)
        self._issuer = issuer
        self._client = client
        self._base_url = configuration.url("arm")
        self.subscription = f"/subscriptions/{configuration.subscription_id}"

    async def get(self, path: str, api_version: str, **query: str) -> dict[str, Any]:
        """Return the JSON object that `path`, a resource id or what is below one, answers."""
        return await self._call("GET", self._url(path), {"api-version": api_version, **query})

    async def list_keys(self, id: str, api_version: str) -> dict[str, Any]:
        """Return the keys of a Cognitive Services account; they are for the next call, never for a page."""
        return await self._call("POST", self._url(f"{id}/listKeys"), {"api-version": api_version})

    async def container_sas(self, account: ResourceId, api_version: str, container: str, expiry: datetime) -> str:
        """Return a SAS with which the blobs of a container can be listed and read until `expiry`.

        https://learn.microsoft.com/rest/api/storagerp/storage-accounts/list-service-sas
        """
        body = {
            "canonicalizedResource": f"/blob/{account.name}/{container}",
            "signedResource": "c",
            "signedPermission": "rl",
            "signedExpiry": f"{expiry:%Y-%m-%dT%H:%M:%SZ}",
            "signedProtocol": "https,http",
        }
        answer = await self._call("POST", self._url(f"{account}/listServiceSas"), {"api-version": api_version}, body)
        return str(answer["serviceSasToken"])

    async def page(self, path: str, api_version: str, **query: str) -> ListPage:
        """Return one page of a list; ``$top``, ``$filter`` and ``$skiptoken`` come in `query`."""
        return self._page(await self.get(path, api_version, **query))

    async def members(self, path: str, api_version: str, **query: str) -> list[dict[str, Any]]:
        """Return all members of a list, from all its pages."""
        page = await self.page(path, api_version, **query)
        found = page.members
        while page.skip_token is not None:
            page = await self.page(path, api_version, **{**query, "$skiptoken": page.skip_token})
            found = found + page.members
        return found

    async def api_versions(self) -> dict[str, str]:
        """Return the newest API version by resource type in lower case; a preview only where there is nothing else."""
        providers = await self.members(f"{self.subscription}/providers", RESOURCES_API_VERSION)
        return {
            f"{provider['namespace']}/{kind['resourceType']}".lower(): _newest(kind["apiVersions"])
            for provider in providers
            for kind in provider["resourceTypes"]
        }

    def _page(self, body: dict[str, Any]) -> ListPage:
        next_link = body.get("nextLink")
        if not next_link:
            return ListPage(body["value"], None)
        tokens = parse_qs(urlsplit(next_link).query).get("$skiptoken")
        if tokens is None:
            raise ArmError(502, "InvalidAnswer", "Azure Resource Manager gave a nextLink without a $skiptoken.")
        return ListPage(body["value"], tokens[0])

    async def _call(self, method: str, url: str, query: dict[str, str], body: Any = None) -> dict[str, Any]:
        token = self._issuer.issue(self._person, ARM_AUDIENCES[0])
        try:
            response = await self._client.request(
                method, url, params=query, json=body, headers={"Authorization": f"Bearer {token}"}
            )
        except httpx.HTTPError as error:
            raise ArmError(
                503,
                "NoAnswer",
                f"Azure Resource Manager does not answer at {self._base_url} ({type(error).__name__}). "
                f"Is the emulator up? Start it with: python -m emulator up",
            ) from error
        return _parsed(response)

    def _url(self, path: str) -> str:
        return self._base_url + quote(path, safe="/")


def _parsed(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError as error:
        raise _invalid(response) from error
    if not isinstance(body, dict):
        raise _invalid(response)
    if not response.is_error:
        return body
    reported = body.get("error")
    if not isinstance(reported, dict):
        raise _invalid(response)
    raise ArmError(response.status_code, str(reported.get("code", "")), str(reported.get("message", "")))


def _invalid(response: httpx.Response) -> ArmError:
    return ArmError(
        502,
        "InvalidAnswer",
        f"{response.request.method} {response.request.url.path} was answered with status {response.status_code} and "
        f"no JSON of Azure Resource Manager.",
    )


def _newest(versions: list[str]) -> str:
    final = [version for version in versions if not version.endswith("-preview")]
    return max(final or versions)
