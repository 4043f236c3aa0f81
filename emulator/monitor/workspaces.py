"""Log Analytics workspaces: what the service settles of one, and its keys."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from emulator.home import write_private

_KEY_BYTES: Final = 64
_DEFAULTS: Final[Mapping[str, Any]] = {
    "sku": {"name": "PerGB2018"},
    "retentionInDays": 30,
    "publicNetworkAccessForIngestion": "Enabled",
    "publicNetworkAccessForQuery": "Enabled",
}
"""Defaults of Microsoft.OperationalInsights/workspaces 2023-09-01."""


class Workspaces:
    """Identifiers and keys by resource id, in a file that only their owner can read."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def put(
        self, id: str, body: Mapping[str, Any], previous: Mapping[str, Any] | None, now: datetime
    ) -> dict[str, Any]:
        """Return a workspace's body with what the service settles: `customerId` and the times."""
        if id.lower() not in self._known:
            self._known[id.lower()] = {"customerId": str(uuid.uuid4()), "primary": _key(), "secondary": _key()}
            self._save()
        stamp = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        before: Mapping[str, Any] = (previous or {}).get("properties") or {}
        return {
            **body,
            "properties": {
                **_DEFAULTS,
                **(body.get("properties") or {}),
                "customerId": self._known[id.lower()]["customerId"],
                "createdDate": before.get("createdDate", stamp),
                "modifiedDate": stamp,
                "provisioningState": "Succeeded",
            },
        }

    def customer_id(self, id: str) -> str | None:
        """Return the id that clients of the query API know a workspace by, or None where there is no such workspace."""
        known = self._known.get(id.lower())
        return known["customerId"] if known else None

    def find(self, customer_id: str) -> str | None:
        """Return the resource id, in lower case, of the workspace with this customerId, or None."""
        return next((id for id, known in self._known.items() if known["customerId"] == customer_id.lower()), None)

    def shared_keys(self, id: str) -> dict[str, str]:
        """Return the keys as the operation sharedKeys answers them."""
        known = self._known[id.lower()]
        return {"primarySharedKey": known["primary"], "secondarySharedKey": known["secondary"]}

    def delete(self, id: str) -> None:
        """Forget a workspace."""
        if self._known.pop(id.lower(), None) is not None:
            self._save()

    def _save(self) -> None:
        write_private(self._file, json.dumps(self._known))


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")
