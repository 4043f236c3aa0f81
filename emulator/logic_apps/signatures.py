"""Signed addresses on the service's own port: a trigger's callback, the contents of a run's inputs and outputs."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote, urlencode

API_VERSION = "2016-10-01"
_VERSION = "1.0"


class Signatures:
    """Makes and checks the addresses of one emulator."""

    def __init__(self, base_url: str, key: str) -> None:
        self._base_url = base_url
        self._key = hashlib.sha256(f"callback:{key}".encode()).digest()

    def queries(self, path: str, permission: str) -> dict[str, str]:
        """Return the query of a signed address."""
        return {"api-version": API_VERSION, "sp": permission, "sv": _VERSION, "sig": self._sign(path, permission)}

    def url(self, path: str, permission: str) -> str:
        """Return the whole signed address."""
        return f"{self._base_url}{path}?{urlencode(self.queries(path, permission), quote_via=quote)}"

    def base_path(self, path: str) -> str:
        """Return the address without its query."""
        return f"{self._base_url}{path}"

    def valid(self, path: str, permission: str, queries: Mapping[str, str]) -> bool:
        """Tell whether a request's query carries the signature for `path` and `permission`."""
        given = queries.get("sig", "")
        return queries.get("sp") == permission and hmac.compare_digest(
            given.encode(), self._sign(path, permission).encode()
        )

    def _sign(self, path: str, permission: str) -> str:
        text = f"{path.lower()}\n{permission}\n{_VERSION}"
        return (
            base64.urlsafe_b64encode(hmac.new(self._key, text.encode(), hashlib.sha256).digest()).decode().rstrip("=")
        )


def invoke_path(workflow: str, trigger: str) -> str:
    """Return the path that a request trigger is called at; `workflow` is the workflow's GUID."""
    return f"/workflows/{workflow}/triggers/{quote(trigger)}/paths/invoke"


def contents_path(workflow: str, run: str, what: str, path: str) -> str:
    """Return the path of inputs or outputs; `what` is e.g. ``ActionInputs``, `path` the action's in the run."""
    return f"/workflows/{workflow}/runs/{run}/contents/{what}/{quote(path, safe='')}"
