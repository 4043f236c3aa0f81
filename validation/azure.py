"""Calls of Azure: Resource Manager with bearer tokens, data planes with keys and signed URLs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from components.azure_login import LoginError

_TIMEOUT_SECONDS: Final = (10, 120)
_RETRY: Final = Retry(total=5, backoff_factor=1, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False)
"""For methods that may be repeated (not POST), with the pauses that Retry-After asks for, else 1 to 16 s."""

Tokens = Callable[[str], str]
"""Audience -> bearer token."""


class AzureError(Exception):
    """Azure refused, or could not be asked; `status` is the HTTP status, None where there was no answer."""

    def __init__(self, message: str, status: int | None = None, code: str = "") -> None:
        self.status = status
        self.code = code
        super().__init__(message)


def session() -> requests.Session:
    """Return a session that repeats what was throttled or not answered."""
    made = requests.Session()
    for scheme in ("https://", "http://"):
        made.mount(scheme, HTTPAdapter(max_retries=_RETRY))
    return made


def call(
    http: requests.Session, method: str, url: str, headers: Mapping[str, str], body: Any = None, data: bytes = b""
) -> requests.Response:
    """Return a successful answer; a query is left out of error texts, as it may hold a signature.

    Raises:
        AzureError: it was refused or there was none.
    """
    shown = f"{method} {url.partition('?')[0]}"
    try:
        response = http.request(
            method,
            url,
            headers=dict(headers),
            json=body,
            data=data or None,
            timeout=_TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise AzureError(f"{shown}: no answer: {type(error).__name__}") from error
    if response.status_code >= 300:
        code, message = _reason(response)
        raise AzureError(f"{shown}: {response.status_code} {code}: {message}", response.status_code, code)
    return response


class ResourceManager:
    """Azure Resource Manager, asked with bearer tokens; every answer is parsed JSON, None where it has no body.

    Paths begin with a slash, as resource ids do.
    """

    def __init__(self, endpoint: str, audience: str, tokens: Tokens) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._audience = audience
        self._tokens = tokens
        self._http = session()

    def get(self, path: str, api_version: str, query: str = "") -> Any:
        """Return the answer of a GET; `query` is what follows the API version, with its ampersand."""
        return self._json("GET", self._url(path, api_version) + query)

    def post(self, path: str, api_version: str, body: Any = None) -> Any:
        """Return the answer of a POST."""
        return self._json("POST", self._url(path, api_version), body)

    def values(self, path: str, api_version: str, query: str = "") -> Iterator[Any]:
        """Yield the members of a list, page after page."""
        page = self.get(path, api_version, query)
        while True:
            yield from page["value"]
            if not page.get("nextLink"):
                return
            page = self._json("GET", page["nextLink"])

    def exists(self, path: str, api_version: str) -> bool:
        """Tell whether there is such a resource."""
        try:
            self.get(path, api_version)
        except AzureError as error:
            if error.status == 404:
                return False
            raise
        return True

    def _url(self, path: str, api_version: str) -> str:
        return f"{self._endpoint}{path}?api-version={api_version}"

    def _json(self, method: str, url: str, body: Any = None) -> Any:
        try:
            headers = {"Authorization": f"Bearer {self._tokens(self._audience)}"}
        except LoginError as error:
            raise AzureError(str(error)) from error
        response = call(self._http, method, url, headers, body)
        if not response.content:
            return None
        try:
            return response.json()
        except json.JSONDecodeError as error:
            raise AzureError(f"{method} {url.partition('?')[0]}: the answer is not JSON") from error


def _reason(response: requests.Response) -> tuple[str, str]:
    try:
        body = response.json()
    except ValueError:
        return response.headers.get("x-ms-error-code", ""), response.reason
    error = body.get("error", body) if isinstance(body, dict) else {}
    if not isinstance(error, dict):
        return "", response.reason
    return str(error.get("code") or ""), str(error.get("message") or response.reason)[:400]
