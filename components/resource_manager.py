"""A small client of Azure Resource Manager, for what azure-native has neither a resource nor a function for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

_TIMEOUT_SECONDS: Final = (10, 60)
"""To connect, and between two bytes of the answer."""
_RETRY: Final = Retry(total=5, backoff_factor=1, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False)
"""GET and DELETE are repeated, with the pauses that Retry-After asks for, else 1 to 16 s."""


class ResourceManagerError(Exception):
    """Azure Resource Manager refused, or could not be asked; `status` is None where there was no answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class ResourceManager:
    """Calls Azure Resource Manager at `endpoint`, with a trailing slash; paths begin with one, as resource ids do.

    Args:
        endpoint: e.g. https://management.azure.com/.
        token: gives a bearer token; it is sent in the Authorization header only.
    """

    def __init__(self, endpoint: str, token: Callable[[], str]) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._token = token
        self._http = requests.Session()
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, HTTPAdapter(max_retries=_RETRY))

    def find(self, path: str, api_version: str) -> Any | None:
        """Return the resource, None where there is none."""
        response = self._call("GET", self._url(path, api_version))
        return None if response.status_code == HTTPStatus.NOT_FOUND else _json(response)

    def values(self, path: str, api_version: str) -> Iterator[Any]:
        """Yield the members of a list, page after page."""
        url = self._url(path, api_version)
        while url:
            response = self._call("GET", url)
            if response.status_code == HTTPStatus.NOT_FOUND:
                raise _refusal(response)
            page = _json(response)
            yield from page["value"]
            url = page.get("nextLink") or ""

    def ask(self, path: str, api_version: str) -> Any:
        """Ask a resource for what it gives to a POST without a body, e.g. its keys.

        Raises:
            ResourceManagerError: it is not there, or refuses.
        """
        response = self._call("POST", self._url(path, api_version))
        if response.status_code == HTTPStatus.NOT_FOUND:
            raise _refusal(response)
        return _json(response)

    def delete(self, path: str, api_version: str) -> None:
        """Ask for a deletion, which may go on after the answer; what is not there is done."""
        self._call("DELETE", self._url(path, api_version))

    def _url(self, path: str, api_version: str) -> str:
        return f"{self._endpoint}{path}?api-version={api_version}"

    def _call(self, method: str, url: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._token()}"}
        try:
            response = self._http.request(method, url, headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            raise ResourceManagerError(f"{method} {url}: no answer: {type(error).__name__}") from error
        if response.status_code >= HTTPStatus.MULTIPLE_CHOICES and response.status_code != HTTPStatus.NOT_FOUND:
            raise _refusal(response)
        return response


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise ResourceManagerError(f"{response.request.method} {response.url}: the answer is not JSON") from error


def _refusal(response: requests.Response) -> ResourceManagerError:
    try:
        body = response.json()
    except ValueError:
        body = {}
    error = body.get("error") if isinstance(body, dict) else None
    reason = f"{error.get('code')}: {error.get('message')}" if isinstance(error, dict) else response.reason
    message = f"{response.request.method} {response.url}: {response.status_code} {reason}"
    return ResourceManagerError(message, response.status_code)
