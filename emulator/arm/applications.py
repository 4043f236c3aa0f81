"""App registrations of the emulator's directory: applications that get tokens with a client id and a secret."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from emulator.arm.directory import Directory
from emulator.identity import Principal
from emulator.sqlite import open_database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS applications (
    client_id TEXT PRIMARY KEY,
    object_id TEXT NOT NULL,
    name TEXT NOT NULL,
    secret_digest BLOB NOT NULL
);
"""


@dataclass(frozen=True)
class Registration:
    """A new app registration; `object_id` is its service principal's, which role assignments name.

    The secret is nowhere else: only its digest is kept.
    """

    client_id: str
    object_id: str
    secret: str = field(repr=False)


class UnknownApplicationError(Exception):
    """There is no application with the client id."""


class InvalidSecretError(Exception):
    """The secret is not the application's."""


class Applications:
    """App registrations in SQLite; every write is durable when the method returns."""

    def __init__(self, folder: Path, directory: Directory) -> None:
        self._directory = directory
        self._database = open_database(folder / "applications.sqlite", _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def register(self, name: str) -> Registration:
        """Register an application with a service principal and a secret of its own."""
        made = Registration(str(uuid.uuid4()), str(uuid.uuid4()), secrets.token_urlsafe(32))
        self._directory.add(Principal(made.object_id, "ServicePrincipal", name))
        self._database.execute(
            "INSERT INTO applications VALUES (?, ?, ?, ?)",
            (made.client_id, made.object_id, name, _digest(made.secret)),
        )
        return made

    def authenticate(self, client_id: str, secret: str) -> Principal:
        """Return the service principal of an application.

        Raises:
            UnknownApplicationError: there is none with this client id.
            InvalidSecretError: the secret is another one.
        """
        row = self._database.execute(
            "SELECT object_id, name, secret_digest FROM applications WHERE client_id = ?", (client_id.lower(),)
        ).fetchone()
        if row is None:
            raise UnknownApplicationError
        object_id, name, digest = row
        if not hmac.compare_digest(digest, _digest(secret)):
            raise InvalidSecretError
        return Principal(object_id, "ServicePrincipal", name)


def _digest(secret: str) -> bytes:
    """Return what is kept of a secret; it is random and long, so that no slow digest is needed."""
    return hashlib.sha256(secret.encode()).digest()
