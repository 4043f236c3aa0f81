"""How a resource type of azure-native looks as Pulumi inputs, as an ARM body, and as Pulumi outputs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from emulator.pulumi.wire import Properties, Value

AutoName = Literal["random", "uuid", "copy"]
"""How a missing name is made: logical name + 8 hex digits, a UUID, or the logical name itself."""

AUTONAMED: Final = "__defaults"
"""Input in which the plugin records the names of the inputs it filled in, as Pulumi's own providers do."""

Path = tuple[str, ...]


@dataclass(frozen=True)
class Added:
    """What the service adds to an object that is an input.

    Attributes:
        members: the read-only members, by Pulumi's names.
        follows: the member that the program sets and that decides over them; an update that leaves it keeps them.
    """

    members: tuple[str, ...]
    follows: str | None = None


@dataclass(frozen=True)
class ResourceSpec:
    """One resource type.

    Attributes:
        token: Pulumi's type, e.g. ``azure-native:storage:StorageAccount``.
        api_version: the ARM api-version that azure-native 3.29 calls (its SDK names it); where it is ``{INPUT}``,
            the input decides.
        path: the resource id; ``{subscriptionId}`` is the provider's, every other name in braces is an input.
        inputs: input name -> path in the ARM body; what is only in `path` is not here.
        required: inputs without which nothing can be asked of ARM.
        outputs: read-only output name -> path in the ARM body.
        replaces: inputs, or dotted paths in inputs, whose change replaces the resource (beside those in `path`).
        nested: renamed members inside inputs: path of Pulumi's names -> ARM's name; ``*`` is any list item or key.
        added: path of an object in the inputs (``*`` is any list item) -> what the service adds to it.
        name: the input that holds the resource's own name.
        auto_name: how a missing `name` is made, or None: then it is required, or `defaults` has it.
        defaults: inputs that azure-native fills in.
        reset: for a resource that exists as long as its parent does: the body that "deleting" it writes.
        inherits_location: whether a missing location is the resource group's.
        data_plane: whether ARM does not know the resource, only its service does.
        write_only: inputs that nobody tells again once they were written.
    """

    token: str
    api_version: str
    path: str
    name: str
    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    required: frozenset[str]
    replaces: frozenset[str] = frozenset()
    nested: Mapping[Path, str] = field(default_factory=dict[Path, str])
    added: Mapping[Path, Added] = field(default_factory=dict[Path, Added])
    auto_name: AutoName | None = "random"
    defaults: Mapping[str, Value] = field(default_factory=dict[str, Value])
    reset: Mapping[str, Any] | None = None
    inherits_location: bool = False
    data_plane: bool = False
    write_only: frozenset[str] = frozenset()

    @property
    def path_inputs(self) -> tuple[str, ...]:
        """The inputs that make the id."""
        return tuple(name for name in re.findall(r"{(\w+)}", self.path) if name != "subscriptionId")

    @property
    def known_inputs(self) -> frozenset[str]:
        """Every input the type takes."""
        return (
            frozenset(self.inputs) | frozenset(self.path_inputs) | frozenset(re.findall(r"{(\w+)}", self.api_version))
        )

    def version(self, inputs: Properties) -> str:
        """Return the api-version to call for a resource with these (plain) inputs."""
        return self.api_version.format_map(inputs)

    @property
    def replacing(self) -> frozenset[str]:
        """Every input, or dotted path in one, whose change replaces the resource."""
        return self.replaces | frozenset(self.path_inputs)

    def resource_id(self, inputs: Properties, subscription_id: str) -> str:
        """Return the ARM id of the resource with these (plain) inputs."""
        text = self.path.replace("{subscriptionId}", subscription_id)
        for name in self.path_inputs:
            text = text.replace(f"{{{name}}}", str(inputs[name]).strip("/") if name in _SCOPES else str(inputs[name]))
        return text.replace("//", "/")

    def body(self, inputs: Properties) -> dict[str, Any]:
        """Return the ARM body of these (plain) inputs."""
        body: dict[str, Any] = {}
        for name, path in self.inputs.items():
            if name in inputs:
                value = _rename(inputs[name], (name,), self.nested)
                _put(body, path, _identity_to_arm(value) if name == "identity" else value)
        return body

    def read(self, body: Mapping[str, Any], members: Mapping[str, Path]) -> Properties:
        """Return the members that the ARM body has, under Pulumi's names."""
        back = _reversed(self.nested)
        found: Properties = {}
        for name, path in members.items():
            value = _get(body, path)
            if value is not None:
                found[name] = _rename(value, (name,), back)
        return found

    def state(self, body: Mapping[str, Any], inputs: Properties) -> Properties:
        """Return the outputs of a resource with these (plain) inputs that ARM describes by `body`."""
        found = self.read(body, self.inputs) | self.read(body, self.outputs)
        return found | {"azureApiVersion": self.version(inputs)}

    def inputs_of(self, resource_id: str, outputs: Properties) -> Properties:
        """Return inputs that would make the resource at `resource_id` that has these outputs, for an import.

        Raises:
            ValueError: the id is not one of this type.
        """
        parts = [f"(?P<{part[1:-1]}>.+?)" if part[:1] == "{" else re.escape(part) for part in _pieces(self.path)]
        match = re.fullmatch("".join(parts), resource_id, re.IGNORECASE)
        if match is None:
            raise ValueError(f"{resource_id!r} is not an id of {self.token}, which has the form {self.path}")
        found = {name: outputs[name] for name in self.inputs if name in outputs}
        if isinstance(found.get("identity"), dict):
            found["identity"] = _identity_from_arm(found["identity"])
        return found | {name: match[name] for name in self.path_inputs}


def spec(
    token: str,
    api_version: str,
    path: str,
    name: str,
    *,
    required: Sequence[str] = (),
    properties: Sequence[str] = (),
    renamed: Mapping[str, str] | None = None,
    envelope: Sequence[str] = (),
    outputs: Sequence[str] = (),
    envelope_outputs: Sequence[str] = ("name", "type", "systemData"),
    replaces: Sequence[str] = (),
    added: Mapping[Path, Added] | None = None,
    **others: Any,
) -> ResourceSpec:
    """Return a ResourceSpec from lists of names.

    `properties` and `outputs` lie in the body's `properties` under the same name, `renamed` maps an input to the name
    it has there; `envelope` and `envelope_outputs` lie at the body's root. What is `added` to an identity, where the
    type has one, need not be said.
    """
    within = {member: ("properties", member) for member in properties}
    within |= {member: ("properties", *arm.split(".")) for member, arm in (renamed or {}).items()}
    return ResourceSpec(
        token=f"azure-native:{token}",
        api_version=api_version,
        path=path,
        name=name,
        inputs=within | {member: (member,) for member in envelope},
        outputs={member: ("properties", member) for member in outputs}
        | {member: (member,) for member in envelope_outputs},
        required=frozenset(required),
        replaces=frozenset(replaces) | ({"location"} if "location" in envelope else set[str]()),
        added=(_IDENTITY if "identity" in envelope else {}) | dict(added or {}),
        **others,
    )


_IDENTITY: Final = {("identity",): Added(("principalId", "tenantId"), follows="type")}
"""A resource's own service principal comes and goes with the identity's type
(https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview)."""

GROUP: Final = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"

_SCOPES: Final = ("scope", "resourceUri", "parentResourcePath")


def same_location(left: Value, right: Value) -> bool:
    """Tell whether two names mean one region: ``West Europe`` is ``westeurope``."""
    return _region(left) == _region(right)


def _region(name: Value) -> Value:
    return name.replace(" ", "").lower() if isinstance(name, str) else name


def _pieces(path: str) -> list[str]:
    path = path.replace("/{scope}", "{scope}").replace("/{resourceUri}", "{resourceUri}")
    return [piece for piece in re.split(r"({\w+})", path) if piece]


def _identity_to_arm(value: Value) -> Value:
    """Turn the list of identity ids that Pulumi takes into the map that ARM takes."""
    if isinstance(value, dict) and isinstance(value.get("userAssignedIdentities"), list):
        return value | {"userAssignedIdentities": {each: {} for each in value["userAssignedIdentities"]}}
    return value


def _identity_from_arm(value: Properties) -> Properties:
    found = {"type": value["type"]}
    if isinstance(value.get("userAssignedIdentities"), dict):
        found["userAssignedIdentities"] = list(value["userAssignedIdentities"])
    return found


def _rename(value: Value, path: Path, names: Mapping[Path, str]) -> Value:
    if not names:
        return value
    if isinstance(value, list):
        return [_rename(item, (*path, "*"), names) for item in value]
    if isinstance(value, dict):
        return {names.get((*path, name), name): _rename(item, (*path, name), names) for name, item in value.items()}
    return value


def _reversed(names: Mapping[Path, str]) -> dict[Path, str]:
    """Return the renaming from ARM's names to Pulumi's; the outer parts of a path are ARM's too, then."""
    back: dict[Path, str] = {}
    for path, arm in names.items():
        outer = tuple(names.get(path[: index + 1], part) for index, part in enumerate(path[:-1]))
        back[(*outer, arm)] = path[-1]
    return back


def _put(body: dict[str, Any], path: Path, value: Value) -> None:
    for part in path[:-1]:
        body = body.setdefault(part, {})
    body[path[-1]] = value


def _get(body: Mapping[str, Any], path: Path) -> Value:
    value: Any = body
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value
