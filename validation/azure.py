"""Calls of Azure: Resource Manager with bearer tokens, data planes with keys and signed URLs."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

AZURE_CLI: Final = "az account get-access-token --resource {audience} --query accessToken --output tsv"
"""Prints a token of who is logged in; https://learn.microsoft.com/cli/azure/account."""

_TIMEOUT_SECONDS: Final = (10, 120)
_TOKEN_TIMEOUT_SECONDS: Final = 120
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


class CommandTokens:
    """Bearer tokens that a command prints, each asked for once.

    `command` is split as a shell would, without a shell; ``{audience}`` in it is what the token is for.
    """

    def __init__(self, command: str = AZURE_CLI) -> None:
        self._command = shlex.split(command)
        self._known: dict[str, str] = {}

    def __call__(self, audience: str) -> str:
        """Return a token for `audience`.

        Raises:
            AzureError: the command is not there, failed, or printed nothing.
        """
        if audience not in self._known:
            self._known[audience] = self._ask(audience)
        return self._known[audience]

    def _ask(self, audience: str) -> str:
        arguments = [part.replace("{audience}", audience) for part in self._command]
        try:
            done = subprocess.run(
                arguments, capture_output=True, text=True, timeout=_TOKEN_TIMEOUT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AzureError(f"no token for {audience}: {arguments[0]}: {error}") from error
        token = done.stdout.strip()
        if done.returncode or not token:
            raise AzureError(f"no token for {audience}: {arguments[0]}: {done.stderr.strip()[-300:] or 'no output'}")
        return token


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
        headers = {"Authorization": f"Bearer {self._tokens(self._audience)}"}
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
