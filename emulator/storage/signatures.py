"""Shared access signatures: those that the emulator asks Azurite with, and those that ARM makes for a caller.

Sources: the operations List Service SAS and List Account SAS of Microsoft.Storage 2024-01-01.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from azure.storage.blob import (
    AccountSasPermissions,
    BlobSasPermissions,
    ContainerSasPermissions,
    ResourceTypes,
    Services,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)

from emulator.arm.errors import ArmError
from emulator.storage.accounts import Account

_OWN_VALIDITY: Final = timedelta(hours=1)


@dataclass(frozen=True)
class _Field:
    pattern: re.Pattern[str]
    words: str


def _letters(allowed: str) -> _Field:
    return _Field(re.compile(f"[{allowed}]+"), f"letters of {allowed}")


_TIME: Final = _Field(
    re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,7})?)?Z)?"), "a time in UTC such as 2026-01-31T12:00:00Z"
)
_TEXT: Final = _Field(re.compile(r".+", re.DOTALL), "a text that is not empty")
_COMMON: Final[Mapping[str, _Field]] = {
    "signedPermission": _letters("racwdxytlmeopif"),
    "signedIp": _Field(re.compile(r"\d+(\.\d+){3}(-\d+(\.\d+){3})?"), "an IPv4 address, or a range FIRST-LAST"),
    "signedProtocol": _Field(re.compile(r"https(,http)?"), "https; https,http"),
    "signedStart": _TIME,
    "signedExpiry": _TIME,
    "keyToSign": _Field(re.compile(r"key[12]"), "key1; key2"),
}
_OF_SERVICE: Final[Mapping[str, _Field]] = {
    **_COMMON,
    "canonicalizedResource": _TEXT,
    "signedResource": _Field(re.compile(r"[bc]"), "b (a blob); c (a container)"),
    "signedIdentifier": _Field(re.compile(r".{1,64}"), "the name of a stored access policy, 64 characters at most"),
    **dict.fromkeys(("rscc", "rscd", "rsce", "rscl", "rsct"), _TEXT),
}
_OF_ACCOUNT: Final[Mapping[str, _Field]] = {
    **_COMMON,
    "signedServices": _Field(re.compile(r"b"), "b (the blob service, the only one that the emulator has)"),
    "signedResourceTypes": _letters("sco"),
}
_ANSWER_HEADERS: Final[Mapping[str, str]] = {
    "rscc": "cache_control",
    "rscd": "content_disposition",
    "rsce": "content_encoding",
    "rscl": "content_language",
    "rsct": "content_type",
}
"""Headers of the answer that a SAS settles, as the parameters of the signing functions."""


def own_sas(account: Account) -> str:
    """Return a short-lived account SAS with which the emulator itself asks Azurite.

    Its times are the machine's, whatever the emulator's clock says, since Azurite goes by those.
    """
    now = datetime.now(UTC)
    permissions = AccountSasPermissions.from_string("rwdxlacuptfi")
    return generate_account_sas(
        account.name,
        account.key1,
        ResourceTypes(service=True, container=True, object=True),
        permissions,
        expiry=now + _OWN_VALIDITY,
        start=now - _OWN_VALIDITY,
    )


def service_sas(account: Account, body: Any) -> str:
    """Return the SAS of one container or blob that the body of List Service SAS describes.

    Raises:
        ArmError: 400; the message names the field, its value and what is allowed.
    """
    fields = _checked(body, _OF_SERVICE, {"canonicalizedResource", "signedResource"})
    if "signedIdentifier" not in fields:
        _require(fields, {"signedPermission", "signedExpiry"})
    prefix = f"/blob/{account.name}/"
    resource = fields["canonicalizedResource"]
    container, _, blob = resource.removeprefix(prefix).partition("/")
    whole = fields["signedResource"] == "c"
    if not resource.startswith(prefix) or not container or bool(blob) is whole:
        raise _refusal("canonicalizedResource", resource, f"{prefix}CONTAINER{'' if whole else '/BLOB'}")
    named: dict[str, Any] = {
        "account_key": _key(account, fields),
        "start": fields.get("signedStart"),
        "expiry": fields.get("signedExpiry"),
        "ip": fields.get("signedIp"),
        "protocol": fields.get("signedProtocol"),
        "policy_id": fields.get("signedIdentifier"),
        **{parameter: fields[name] for name, parameter in _ANSWER_HEADERS.items() if name in fields},
    }
    permission = fields.get("signedPermission")
    if whole:
        allowed = permission and ContainerSasPermissions.from_string(permission)
        return generate_container_sas(account.name, container, permission=allowed or None, **named)
    allowed = permission and BlobSasPermissions.from_string(permission)
    return generate_blob_sas(account.name, container, blob, permission=allowed or None, **named)


def account_sas(account: Account, body: Any) -> str:
    """Return the SAS of the account that the body of List Account SAS describes.

    Raises:
        ArmError: 400; the message names the field, its value and what is allowed.
    """
    fields = _checked(body, _OF_ACCOUNT, {"signedServices", "signedResourceTypes", "signedPermission", "signedExpiry"})
    return generate_account_sas(
        account.name,
        _key(account, fields),
        ResourceTypes.from_string(fields["signedResourceTypes"]),
        AccountSasPermissions.from_string(fields["signedPermission"]),
        expiry=fields["signedExpiry"],
        start=fields.get("signedStart"),
        ip=fields.get("signedIp"),
        services=Services.from_string(fields["signedServices"]),
        protocol=fields.get("signedProtocol"),
    )


def _checked(body: Any, known: Mapping[str, _Field], required: Collection[str]) -> dict[str, str]:
    if not isinstance(body, dict):
        raise ArmError(400, "InvalidRequestContent", f"The body has to be an object with: {', '.join(known)}.")
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise ArmError(
            400, "InvalidRequestContent", f"{', '.join(unknown)}: not emulated; the emulator takes {', '.join(known)}."
        )
    fields: dict[str, Any] = {name: value for name, value in body.items() if value is not None}
    _require(fields, required)
    for name, value in fields.items():
        if not isinstance(value, str) or not known[name].pattern.fullmatch(value):
            raise _refusal(name, value, known[name].words)
    return fields


def _require(fields: Mapping[str, str], required: Collection[str]) -> None:
    missing = sorted(set(required) - set(fields))
    if missing:
        raise ArmError(400, "InvalidRequestContent", f"Required and missing: {', '.join(missing)}.", missing[0])


def _refusal(name: str, value: Any, allowed: str) -> ArmError:
    return ArmError(400, "InvalidValuesForRequestParameters", f"{name} is {value!r}; allowed: {allowed}.", name)


def _key(account: Account, fields: Mapping[str, str]) -> str:
    return account.key2 if fields.get("keyToSign") == "key2" else account.key1
