"""The lifecycle policies that are deployed, one an account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator.home import write_private


class Policies:
    """Policies by the account's name, saved at every change."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "lifecycle.json"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._policies: dict[str, Any] = (
            json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else {}
        )

    def all(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Return every policy with its account's name."""
        return list(self._policies.items())

    def put(self, account: str, policy: Mapping[str, Any]) -> None:
        """Keep an account's policy, in place of the one it had."""
        self._policies[account] = policy
        self._save()

    def delete(self, account: str) -> None:
        """Forget an account's policy."""
        if self._policies.pop(account, None) is not None:
            self._save()

    def _save(self) -> None:
        write_private(self._file, json.dumps(self._policies))
