"""Signed addresses on the service's own port: a trigger's callback, the contents of a run's inputs and outputs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import quote, urlencode

from emulator.clock import Clock
from emulator.logic_apps.history.workflow_store import KeyKind
from emulator.logic_apps.runs.stamps import moment_of, stamp

API_VERSION: Final = "2016-10-01"
_VERSION: Final = "1.0"
_CONTENT_LIFETIME: Final = timedelta(hours=5)
"""From the last full hour: links that the service gives are good for four hours at least (their ``se`` in Microsoft's
examples is the full hour that is four to five hours after the answer)."""


class AccessKeys(Protocol):
    """Has the two keys of each workflow."""

    def access_key(self, id: str, kind: KeyKind) -> bytes:
        """Return the key of the workflow with this resource id."""
        ...


class Signatures:
    """Makes and checks the addresses of one emulator.

    Callbacks are signed with one of their workflow's access keys, so that they end when it is regenerated; contents
    with the emulator's own key, and they expire.
    """

    def __init__(self, base_url: str, key: str, keys: AccessKeys, clock: Clock) -> None:
        self._base_url = base_url
        self._own_key = hashlib.sha256(f"contents:{key}".encode()).digest()
        self._keys = keys
        self._clock = clock

    def callback(
        self, id: str, path: str, permission: str, kind: KeyKind = "Primary", not_after: datetime | None = None
    ) -> dict[str, str]:
        """Return the query of a callback address of the workflow `id`, good until `not_after` where that is given."""
        return _queries(self._keys.access_key(id, kind), path, permission, not_after)

    def content_url(self, path: str, permission: str) -> str:
        """Return the whole address of a content."""
        hour = self._clock.now().replace(minute=0, second=0, microsecond=0)
        return self.url(path, _queries(self._own_key, path, permission, hour + _CONTENT_LIFETIME))

    def url(self, path: str, queries: Mapping[str, str]) -> str:
        """Return an address with its query."""
        return f"{self._base_url}{path}?{urlencode(queries, quote_via=quote, safe='')}"

    def base_path(self, path: str) -> str:
        """Return the address without its query."""
        return f"{self._base_url}{path}"

    def admits_callback(self, id: str, path: str, permission: str, queries: Mapping[str, str]) -> bool:
        """Tell whether a query has the signature for `path` and `permission` by a key of the workflow `id`."""
        kinds: tuple[KeyKind, ...] = ("Primary", "Secondary")
        return any(self._admits(self._keys.access_key(id, kind), path, permission, queries) for kind in kinds)

    def admits_content(self, path: str, permission: str, queries: Mapping[str, str]) -> bool:
        """Tell whether a query has the signature for a content."""
        return self._admits(self._own_key, path, permission, queries)

    def _admits(self, key: bytes, path: str, permission: str, queries: Mapping[str, str]) -> bool:
        try:
            not_after = moment_of(queries["se"]) if "se" in queries else None
        except ValueError:
            return False
        if queries.get("sp") != permission or (not_after is not None and self._clock.now() >= not_after):
            return False
        expected = _sign(key, path, permission, queries.get("se", ""))
        return hmac.compare_digest(queries.get("sig", "").encode(), expected.encode())


def invoke_path(workflow: str, trigger: str, version: str | None = None) -> str:
    """Return the path that a request trigger is called at; `workflow` is the workflow's GUID."""
    versions = f"/versions/{version}" if version else ""
    return f"/workflows/{workflow}{versions}/triggers/{quote(trigger)}/paths/invoke"


def invoke_permission(trigger: str, version: str | None = None) -> str:
    """Return what a signature of `invoke_path` permits."""
    return f"/versions/{version}/triggers/{trigger}/run" if version else f"/triggers/{trigger}/run"


def callback_path(workflow: str, run: str, path: str) -> str:
    """Return the path at which a webhook action of a run is called back; `path` is the action's in the run."""
    return f"/workflows/{workflow}/runs/{run}/actions/{quote(path, safe='')}/run"


def callback_permission(run: str, path: str) -> str:
    """Return what a signature of `callback_path` permits."""
    return f"/runs/{run}/actions/{path}/run"


def operation_path(workflow: str, run: str) -> str:
    """Return the path at which the answer of a run is asked for later."""
    return f"/workflows/{workflow}/runs/{run}/operations/{uuid.uuid5(uuid.NAMESPACE_URL, run)}"


def operation_permission(run: str) -> str:
    """Return what a signature of `operation_path` permits."""
    return f"/runs/{run}/operations/read"


def workflow_guid(id: str) -> str:
    """Return the name that a workflow has on the data plane, always the same for an ARM id."""
    return uuid.uuid5(uuid.NAMESPACE_URL, id.lower()).hex


def contents_path(workflow: str, permission: str) -> str:
    """Return the path of a content; `permission` is what its signature permits."""
    return f"/workflows/{workflow}{quote(permission.removesuffix('/read'))}"


def _queries(key: bytes, path: str, permission: str, not_after: datetime | None) -> dict[str, str]:
    expires = {"se": stamp(not_after)} if not_after is not None else {}
    signature = _sign(key, path, permission, expires.get("se", ""))
    return {"api-version": API_VERSION, **expires, "sp": permission, "sv": _VERSION, "sig": signature}


def _sign(key: bytes, path: str, permission: str, expires: str) -> str:
    text = f"{path.lower()}\n{permission}\n{expires}\n{_VERSION}"
    return base64.urlsafe_b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode().rstrip("=")
