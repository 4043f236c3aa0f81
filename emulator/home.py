"""The folder that holds everything one emulator keeps: its addresses, its secrets, its services' state."""

from __future__ import annotations

import json
import os
import secrets
import socket
import stat
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

SERVICES: Final = ("arm", "storage", "custom-vision", "logic-apps", "monitor", "portal")
DEFAULT_PORTS: Final = {name: 10460 + offset for offset, name in enumerate(SERVICES)}


class HomeError(Exception):
    """The emulator's folder cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Configuration:
    """What is settled when an emulator is first started, and stays: resource ids and addresses depend on it.

    `ports` maps each service of `SERVICES` to its port on 127.0.0.1; the GUIDs are those of the tenant, of the one
    subscription and of the person who deploys.
    """

    tenant_id: str
    subscription_id: str
    person_id: str
    ports: dict[str, int]

    def url(self, service: str) -> str:
        """Return the base address of `service`, without a trailing slash."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def stack_settings(self) -> dict[str, str]:
        """Return the program's settings, by key, that lead a stack to this emulator instead of one on other ports."""
        return {"resourceManagerEndpoint": f"{self.url('arm')}/", "portalEndpoint": f"{self.url('portal')}/"}


@dataclass(frozen=True)
class Secrets:
    """Random for each emulator; kept in a file that only its owner can read."""

    token_signing_key: str
    state_encryption_key: str

    def __repr__(self) -> str:
        """Hide the values."""
        return "Secrets(...)"


class Home:
    """Paths and start-up files below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @classmethod
    def from_environment(cls) -> Home:
        """Return the home that EMULATOR_HOME names, or `.emulator` in the current folder."""
        return cls(Path(os.environ.get("EMULATOR_HOME") or ".emulator"))

    @property
    def database(self) -> Path:
        """Folder of the services' SQLite files."""
        return self.root / "state"

    @property
    def azurite(self) -> Path:
        """Folder of the storage accounts' blobs."""
        return self.root / "azurite"

    @property
    def images(self) -> Path:
        """Folder of Custom Vision's images and models."""
        return self.root / "custom_vision"

    @property
    def stacks(self) -> Path:
        """Folder of the Pulumi stacks' state."""
        return self.root / "stacks"

    @property
    def plugins(self) -> Path:
        """Folder of the `pulumi-resource-*` executables that goes on PATH."""
        return self.root / "bin"

    @property
    def log(self) -> Path:
        """Log of the emulator's process."""
        return self.root / "emulator.log"

    @property
    def pid(self) -> Path:
        """File with the process id of the running emulator."""
        return self.root / "emulator.pid"

    def create(self, port_base: int | None = None) -> tuple[Configuration, Secrets]:
        """Return this emulator's configuration and secrets, making them at the first call.

        Without `port_base` the default ports are taken where they are free, else free ones.

        Raises:
            HomeError: a file is damaged, or `port_base` differs from what was settled.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.database, self.azurite, self.images, self.stacks, self.plugins):
            folder.mkdir(mode=0o700, exist_ok=True)
        if not self._configuration.exists():
            configuration = Configuration(
                tenant_id=str(uuid.uuid4()),
                subscription_id=str(uuid.uuid4()),
                person_id=str(uuid.uuid4()),
                ports=_ports(port_base),
            )
            write_private(self._configuration, json.dumps(asdict(configuration), indent=2))
        if not self._secrets.exists():
            made = Secrets(secrets.token_urlsafe(48), secrets.token_urlsafe(48))
            write_private(self._secrets, json.dumps(asdict(made)))
        configuration, secret = self.load()
        if port_base is not None and configuration.ports["arm"] != port_base:
            raise HomeError(
                f"{self._configuration}: this emulator's addresses begin at port {configuration.ports['arm']}, not "
                f"{port_base}; resources deployed on it name them. Use another --home, or remove this one first."
            )
        return configuration, secret

    def load(self) -> tuple[Configuration, Secrets]:
        """Return what `create` settled.

        Raises:
            HomeError: there is no emulator in this folder, or a file is damaged.
        """
        if not self._configuration.exists() or not self._secrets.exists():
            raise HomeError(f"{self.root} holds no emulator; start one with: python -m emulator up")
        return (
            Configuration(**_read(self._configuration)),
            Secrets(**_read(self._secrets)),
        )

    @property
    def _configuration(self) -> Path:
        return self.root / "configuration.json"

    @property
    def _secrets(self) -> Path:
        return self.root / "secrets.json"


def write_private(path: Path, text: str) -> None:
    """Write `text` to a file that only its owner can read, at once or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise HomeError(f"{path}: not valid JSON ({error}); remove {path.parent} to start anew") from error


def _ports(base: int | None) -> dict[str, int]:
    if base is not None:
        return {name: base + offset for offset, name in enumerate(SERVICES)}
    if all(_free(port) for port in DEFAULT_PORTS.values()):
        return dict(DEFAULT_PORTS)
    held = [socket.create_server(("127.0.0.1", 0)) for _ in SERVICES]
    try:
        return {name: listener.getsockname()[1] for name, listener in zip(SERVICES, held, strict=True)}
    finally:
        for listener in held:
            listener.close()


def _free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
