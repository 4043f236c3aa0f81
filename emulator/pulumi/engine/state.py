"""What the engine remembers of a stack: one JSON file, secrets encrypted, written anew after every step."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from emulator.home import Home, HomeError, write_private
from emulator.pulumi.engine.errors import DeploymentError
from emulator.pulumi.wire import SECRET, SIGNATURE, Properties, Value, rewrite, secret, signature

_VERSION: Final = 1
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")
"""What Pulumi allows as a name (https://www.pulumi.com/docs/iac/concepts/stacks/), less what means a folder."""


@dataclass(frozen=True)
class ResourceState:
    """A resource as it was after its last step. Properties are in wire form, secrets marked.

    Attributes:
        id: the provider's id; empty for components.
        provider: ``URN::ID`` of an explicit provider; empty for the package's default one.
        external: read, not managed: it is never changed or deleted.
        condemned: replaced already; only its deletion is left to do.
        init_errors: why its last creation or update went wrong after the resource had come to be.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    parent: str = ""
    provider: str = ""
    inputs: Properties = field(default_factory=dict[str, Any])
    outputs: Properties = field(default_factory=dict[str, Any])
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    protect: bool = False
    external: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    condemned: bool = False
    init_errors: tuple[str, ...] = ()

    @property
    def needs(self) -> frozenset[str]:
        """The URNs of everything that has to be there as long as this resource is."""
        provider = self.provider.rsplit("::", 1)[0] if self.provider else ""
        by_property = {urn for urns in self.property_dependencies.values() for urn in urns}
        return frozenset({*self.dependencies, *by_property, self.parent, provider, self.deleted_with} - {"", self.urn})


@dataclass(frozen=True)
class Snapshot:
    """All resources of a stack, dependencies before dependents, and the creations that were begun and not ended."""

    resources: tuple[ResourceState, ...] = ()
    creating: tuple[ResourceState, ...] = ()

    def stack_outputs(self) -> Properties:
        """Return what the program exported."""
        for resource in self.resources:
            if resource.type == "pulumi:pulumi:Stack":
                return resource.outputs
        return {}


class StateFile:
    """The file of one stack: ``stacks/PROJECT/STACK.json`` in the emulator's home.

    Raises a DeploymentError where that home holds no emulator, or a name is not one.
    """

    def __init__(self, home: Home, project: str, stack: str) -> None:
        for what, name in (("project", project), ("stack", stack)):
            if not _NAME.fullmatch(name):
                raise DeploymentError(
                    f"{name!r} cannot be the name of a {what}; allowed: 1 to 100 letters, digits, _ . -, no . first"
                )
        self.path = home.stacks / project / f"{stack}.json"
        self._name = f"{project}/{stack}"
        try:
            _, secrets = home.load()
        except HomeError as error:
            raise DeploymentError(str(error)) from error
        self._cipher = Fernet(_key(secrets.state_encryption_key))
        self._written: dict[int, tuple[ResourceState, str]] = {}

    def load(self) -> Snapshot:
        """Return the saved state, an empty one where there is none.

        Raises:
            DeploymentError: the file is damaged, or encrypted with another key.
        """
        if not self.path.exists():
            return Snapshot()
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            if found["version"] != _VERSION:
                raise DeploymentError(f"{self.path}: version {found['version']!r} is not known; allowed: {_VERSION}")
            return Snapshot(
                tuple(self._resource(item) for item in found["resources"]),
                tuple(self._resource(item) for item in found["creating"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise DeploymentError(f"{self.path} is damaged: {type(error).__name__} {error}") from error
        except InvalidToken as error:
            raise DeploymentError(f"{self.path} was encrypted by another emulator's key") from error

    def save(self, snapshot: Snapshot) -> None:
        """Write the state, at once or not at all."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A step changes one resource of many: the text of the others is kept from one step to the next. Each is kept
        # with its resource, so that no other one can have its address.
        kept = {
            id(each): self._written.get(id(each)) or (each, self._text(each))
            for each in (*snapshot.resources, *snapshot.creating)
        }
        self._written = kept
        parts = {
            name: ",\n".join(kept[id(each)][1] for each in resources)
            for name, resources in (("creating", snapshot.creating), ("resources", snapshot.resources))
        }
        members = [f'"{name}": [\n{text}\n]' for name, text in parts.items()]
        write_private(self.path, "{\n" + ",\n".join([*members, f'"version": {_VERSION}']) + "\n}")

    @contextmanager
    def locked(self) -> Generator[None]:
        """Keep other deployments of the stack away; a process that dies lets go.

        Raises:
            DeploymentError: another process deploys it.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                raise DeploymentError(
                    f"the stack {self._name} is being deployed already, by process {file.read().strip() or 'unknown'}"
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def _text(self, resource: ResourceState) -> str:
        sealed = {"inputs": self._sealed(resource.inputs), "outputs": self._sealed(resource.outputs)}
        return json.dumps(asdict(resource) | sealed, indent=1, sort_keys=True)

    def _resource(self, item: dict[str, Any]) -> ResourceState:
        found = ResourceState(**item)
        return replace(
            found,
            inputs=self._opened(found.inputs),
            outputs=self._opened(found.outputs),
            dependencies=tuple(found.dependencies),
            property_dependencies={name: tuple(urns) for name, urns in found.property_dependencies.items()},
            init_errors=tuple(found.init_errors),
        )

    def _sealed(self, value: Value) -> Value:
        def seal(item: Value) -> Value:
            if signature(item) != SECRET:
                return item
            text = json.dumps(item["value"]).encode()
            return {SIGNATURE: SECRET, "ciphertext": self._cipher.encrypt(text).decode()}

        return rewrite(value, seal)

    def _opened(self, value: Value) -> Value:
        def unseal(item: Value) -> Value:
            if signature(item) != SECRET:
                return item
            return secret(json.loads(self._cipher.decrypt(item["ciphertext"])))

        return rewrite(value, unseal)


def stack_outputs(home: Home, project: str, stack: str) -> Properties | None:
    """Return the exports of another stack in wire form, or None where it was never deployed."""
    file = StateFile(home, project, stack)
    return file.load().stack_outputs() if file.path.exists() else None


def _key(text: str) -> bytes:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"pulumi stack state")
    return base64.urlsafe_b64encode(derive.derive(text.encode()))
