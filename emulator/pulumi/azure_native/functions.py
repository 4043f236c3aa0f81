"""The functions of azure-native that programs call (invokes): actions of ARM, and getters of every known type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.identity import ARM_AUDIENCES
from emulator.pulumi.azure_native.arm import Arm
from emulator.pulumi.azure_native.schema import ResourceSpec
from emulator.pulumi.azure_native.types import SPECS, cognitiveservices, logic, operationalinsights, storage
from emulator.pulumi.wire import Properties


class InvalidArgumentsError(Exception):
    """The function cannot be called so; `failures` are (argument, reason)."""

    def __init__(self, failures: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in failures))
        self.failures = failures


class UnknownFunctionError(Exception):
    """There is no such function here; the message names it and those there are."""


@dataclass(frozen=True)
class Action:
    """A POST to ARM: `path` has the arguments in braces, `body` maps the other arguments to members of the body."""

    path: str
    api_version: str
    body: Mapping[str, str] = field(default_factory=dict[str, str])
    required: frozenset[str] = frozenset()

    @property
    def path_arguments(self) -> list[str]:
        """The arguments that are part of the address."""
        return [name for name in re.findall(r"{(\w+)}", self.path) if name != "subscriptionId"]


_ACTIONS: Final[dict[str, Action]] = {
    "azure-native:cognitiveservices:listAccountKeys": Action(
        f"{cognitiveservices.ACCOUNT}/listKeys", cognitiveservices.API_VERSION
    ),
    "azure-native:logic:listWorkflowCallbackUrl": Action(
        f"{logic.WORKFLOW}/listCallbackUrl", logic.API_VERSION, {"keyType": "keyType", "notAfter": "notAfter"}
    ),
    "azure-native:logic:listWorkflowTriggerCallbackUrl": Action(
        f"{logic.WORKFLOW}/triggers/{{triggerName}}/listCallbackUrl", logic.API_VERSION
    ),
    "azure-native:operationalinsights:getSharedKeys": Action(
        f"{operationalinsights.WORKSPACE}/sharedKeys", operationalinsights.API_VERSION
    ),
    "azure-native:storage:listStorageAccountKeys": Action(f"{storage.ACCOUNT}/listKeys", storage.API_VERSION),
    "azure-native:storage:listStorageAccountServiceSAS": Action(
        f"{storage.ACCOUNT}/listServiceSas",
        storage.API_VERSION,
        {
            "cacheControl": "rscc",
            "canonicalizedResource": "canonicalizedResource",
            "contentDisposition": "rscd",
            "contentEncoding": "rsce",
            "contentLanguage": "rscl",
            "contentType": "rsct",
            "iPAddressOrRange": "signedIp",
            "identifier": "signedIdentifier",
            "keyToSign": "keyToSign",
            "partitionKeyEnd": "endPk",
            "partitionKeyStart": "startPk",
            "permissions": "signedPermission",
            "protocols": "signedProtocol",
            "resource": "signedResource",
            "rowKeyEnd": "endRk",
            "rowKeyStart": "startRk",
            "sharedAccessExpiryTime": "signedExpiry",
            "sharedAccessStartTime": "signedStart",
        },
        frozenset({"canonicalizedResource"}),
    ),
}

_CLIENT_CONFIG: Final = "azure-native:authorization:getClientConfig"
_CLIENT_TOKEN: Final = "azure-native:authorization:getClientToken"


def _getters() -> dict[str, ResourceSpec]:
    found: dict[str, ResourceSpec] = {}
    for token, spec in SPECS.items():
        package, module, kind = token.split(":")
        if kind != "Resource" and not spec.data_plane:
            found[f"{package}:{module}:get{kind}"] = spec
    return found


_GETTERS: Final = _getters()


def tokens() -> list[str]:
    """Return the tokens of all functions there are."""
    return sorted([*_ACTIONS, *_GETTERS, _CLIENT_CONFIG, _CLIENT_TOKEN])


def invoke(arm: Arm, token: str, arguments: Properties) -> Properties:
    """Return what the function answers to these (plain) arguments.

    Raises:
        UnknownFunctionError: no such function.
        InvalidArgumentsError: arguments are missing or unknown.
    """
    if token == _CLIENT_CONFIG:
        _require(arguments, [], frozenset())
        settled = arm.account.configuration
        return {
            "clientId": settled.person_id,
            "objectId": settled.person_id,
            "subscriptionId": settled.subscription_id,
            "tenantId": settled.tenant_id,
        }
    if token == _CLIENT_TOKEN:
        _require(arguments, [], frozenset({"endpoint"}))
        return {"token": arm.token(str(arguments.get("endpoint") or ARM_AUDIENCES[0]))}
    if token in _ACTIONS:
        return _act(arm, _ACTIONS[token], arguments)
    if token in _GETTERS:
        return _get(arm, _GETTERS[token], arguments)
    raise UnknownFunctionError(f"the function {token} is not implemented; those that are: {', '.join(tokens())}")


def _act(arm: Arm, action: Action, arguments: Properties) -> Properties:
    _require(arguments, [*action.path_arguments, *action.required], frozenset(action.body))
    path = action.path.format(subscriptionId=arm.account.subscription_id, **_texts(arguments, action.path_arguments))
    body = {arm_name: arguments[name] for name, arm_name in action.body.items() if name in arguments}
    return arm.post(path, action.api_version, body)


def _get(arm: Arm, spec: ResourceSpec, arguments: Properties) -> Properties:
    complete = dict(spec.defaults) | arguments
    _require(complete, list(spec.path_inputs), frozenset())
    resource_id = spec.resource_id(complete, arm.account.subscription_id)
    body: dict[str, Any] | None = arm.get(resource_id, spec.api_version)
    if body is None:
        raise InvalidArgumentsError([(spec.name, f"there is no resource {resource_id}")])
    return spec.state(body, complete) | {"id": body.get("id", resource_id)}


def _require(arguments: Properties, required: list[str], optional: frozenset[str]) -> None:
    failures = [(name, "this argument is required") for name in required if name not in arguments]
    allowed = frozenset(required) | optional
    failures += [
        (name, f"there is no such argument; allowed: {', '.join(sorted(allowed)) or 'none'}")
        for name in sorted(set(arguments) - allowed)
    ]
    if failures:
        raise InvalidArgumentsError(failures)


def _texts(arguments: Properties, names: list[str]) -> dict[str, str]:
    return {name: str(arguments[name]) for name in names}
