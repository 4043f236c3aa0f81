"""Reads projects and iterations from Custom Vision's training API."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import httpx

from emulator.arm.errors import ArmError

TRAINING_PATH: Final = "/customvision/v3.3/training"
"""Base path of https://learn.microsoft.com/rest/api/customvision/ 3.3 (Training)."""


class CustomVisionClient:
    """Asks accounts whose endpoint lies at `base_url`, and no other address: the key goes there alone."""

    def __init__(self, base_url: str, client: httpx.AsyncClient) -> None:
        self._base_url = base_url
        self._client = client

    async def projects(self, endpoint: str, key: str) -> list[dict[str, Any]]:
        """Return the projects of a training account."""
        return await self._list(endpoint, key, "projects")

    async def iterations(self, endpoint: str, key: str, project: str) -> list[dict[str, Any]]:
        """Return the iterations of the project with the id `project`."""
        return await self._list(endpoint, key, f"projects/{quote(project, safe='')}/iterations")

    async def _list(self, endpoint: str, key: str, path: str) -> list[dict[str, Any]]:
        root = endpoint.rstrip("/")
        if not f"{root}/".startswith(f"{self._base_url}/"):
            raise ArmError(502, "ForeignEndpoint", f"The account's endpoint {endpoint} is not at {self._base_url}.")
        try:
            response = await self._client.get(f"{root}{TRAINING_PATH}/{path}", headers={"Training-Key": key})
            body = response.json()
        except httpx.HTTPError as error:
            raise ArmError(
                503, "NoAnswer", f"Custom Vision does not answer at {self._base_url} ({type(error).__name__})."
            ) from error
        except ValueError as error:
            raise _invalid(path) from error
        if response.is_error and isinstance(body, dict):
            reported = body.get("error", body)
            raise ArmError(response.status_code, str(reported.get("code", "")), str(reported.get("message", "")))
        if not isinstance(body, list):
            raise _invalid(path)
        return body


def _invalid(path: str) -> ArmError:
    return ArmError(502, "InvalidAnswer", f"Custom Vision answered {path} with what is no JSON list.")
