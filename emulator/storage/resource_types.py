"""What Azure Resource Manager takes for the types of Microsoft.Storage, API version 2024-01-01.

Sources: the published schema of Microsoft.Storage 2024-01-01, and "Naming rules and restrictions for Azure resources".

Kept and answered, but without effect on the blobs, are versioning, change feed and the retention of deleted blobs and
containers, redundancy (`sku`), `accessTier` and `minimumTlsVersion`; what the emulator could only pretend to do for a
caller (SFTP, NFS, network rules, CORS, access times, file shares) is refused.
"""

from __future__ import annotations

import re
from typing import Any, Final

from emulator.arm.provider import NameRule, ResourceType

API_VERSIONS: Final = ("2024-01-01",)
ACCOUNTS: Final = "Microsoft.Storage/storageAccounts"
BLOB_SERVICES: Final = f"{ACCOUNTS}/blobServices"
CONTAINERS: Final = f"{BLOB_SERVICES}/containers"
MANAGEMENT_POLICIES: Final = f"{ACCOUNTS}/managementPolicies"

_BOOLEAN: Final = {"type": "boolean"}
_STRING: Final = {"type": "string"}
_READ_ONLY: Final = {"readOnly": True}
_NOT_EMULATED: Final = {"enum": [False]}
"""A switch for what the emulator does not have: it can only be off."""


def _object(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required or [], "properties": properties, "additionalProperties": False}


_RETENTION: Final = _object(
    enabled=_BOOLEAN, days={"type": "integer", "minimum": 1, "maximum": 365}, allowPermanentDelete=_BOOLEAN
)

_ACCOUNT: Final = _object(
    ["location", "sku", "kind"],
    location=_STRING,
    tags={"type": "object"},
    identity={"type": "object"},
    kind={"enum": ["Storage", "StorageV2", "BlobStorage", "BlockBlobStorage"]},
    sku=_object(
        ["name"],
        name={
            "enum": [
                "Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS",
                "Premium_LRS", "Premium_ZRS", "StandardV2_LRS", "StandardV2_GRS", "StandardV2_ZRS", "StandardV2_GZRS",
                "PremiumV2_LRS", "PremiumV2_ZRS",
            ]
        },
        tier=_READ_ONLY,
    ),
    properties=_object(
        accessTier={"enum": ["Hot", "Cool", "Cold", "Premium"]},
        allowBlobPublicAccess=_BOOLEAN,
        allowCrossTenantReplication=_BOOLEAN,
        allowSharedKeyAccess=_BOOLEAN,
        allowedCopyScope={"enum": ["PrivateLink", "AAD"]},
        defaultToOAuthAuthentication=_BOOLEAN,
        isHnsEnabled=_BOOLEAN,
        isLocalUserEnabled=_NOT_EMULATED,
        isNfsV3Enabled=_NOT_EMULATED,
        isSftpEnabled=_NOT_EMULATED,
        keyPolicy=_object(["keyExpirationPeriodInDays"], keyExpirationPeriodInDays={"type": "integer"}),
        minimumTlsVersion={"enum": ["TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"]},
        networkAcls=_object(
            ["defaultAction"],
            defaultAction={"enum": ["Allow"]},
            bypass=_STRING,
            ipRules={"type": "array"},
            virtualNetworkRules={"type": "array"},
            resourceAccessRules={"type": "array"},
        ),
        publicNetworkAccess={"enum": ["Enabled", "Disabled", "SecuredByPerimeter"]},
        sasPolicy=_object(
            ["sasExpirationPeriod", "expirationAction"],
            sasExpirationPeriod={"type": "string", "pattern": r"^\d+\.\d\d:\d\d:\d\d$"},
            expirationAction={"enum": ["Log", "Block"]},
        ),
        supportsHttpsTrafficOnly=_BOOLEAN,
        **dict.fromkeys(
            (
                "provisioningState", "creationTime", "primaryEndpoints", "primaryLocation", "statusOfPrimary",
                "keyCreationTime",
            ),
            _READ_ONLY,
        ),
    ),
)  # fmt: skip

_BLOB_SERVICE: Final = _object(
    properties=_object(
        isVersioningEnabled=_BOOLEAN,
        changeFeed=_object(enabled=_BOOLEAN, retentionInDays={"type": "integer", "minimum": 1, "maximum": 146_000}),
        deleteRetentionPolicy=_RETENTION,
        containerDeleteRetentionPolicy=_RETENTION,
        restorePolicy=_object(["enabled"], enabled=_BOOLEAN, days={"type": "integer", "minimum": 1, "maximum": 365}),
        lastAccessTimeTrackingPolicy=_object(
            ["enable"],
            enable=_NOT_EMULATED,
            name={"enum": ["AccessTimeTracking"]},
            trackingGranularityInDays={"enum": [1]},
            blobType={"type": "array", "items": {"enum": ["blockBlob"]}},
        ),
        cors=_object(corsRules={"type": "array", "maxItems": 0}),
        defaultServiceVersion=_STRING,
    ),
    sku=_READ_ONLY,
)

_CONTAINER: Final = _object(
    properties=_object(
        publicAccess={"enum": ["None", "Blob", "Container"]},
        metadata={"type": "object", "additionalProperties": _STRING},
        defaultEncryptionScope=_STRING,
        denyEncryptionScopeOverride=_BOOLEAN,
        **dict.fromkeys(
            (
                "lastModifiedTime", "leaseStatus", "leaseState", "hasImmutabilityPolicy", "hasLegalHold", "deleted",
                "version",
            ),
            _READ_ONLY,
        ),
    ),
    etag=_READ_ONLY,
)  # fmt: skip

_DAYS: Final = {"type": "number", "minimum": 0}
_AFTER: Final = _object(
    **dict.fromkeys(
        (
            "daysAfterModificationGreaterThan", "daysAfterCreationGreaterThan", "daysAfterLastAccessTimeGreaterThan",
            "daysAfterLastTierChangeGreaterThan",
        ),
        _DAYS,
    )
)  # fmt: skip
_AFTER_CREATION: Final = {**_AFTER, "required": ["daysAfterCreationGreaterThan"]}
_ACTIONS: Final = ("tierToCool", "tierToCold", "tierToHot", "tierToArchive", "delete")

_POLICY: Final = _object(
    ["properties"],
    properties=_object(
        ["policy"],
        policy=_object(
            ["rules"],
            rules={
                "type": "array",
                "maxItems": 100,
                "items": _object(
                    ["name", "type", "definition"],
                    name=_STRING,
                    type={"enum": ["Lifecycle"]},
                    enabled=_BOOLEAN,
                    definition=_object(
                        ["actions"],
                        actions=_object(
                            baseBlob=_object(enableAutoTierToHotFromCool=_BOOLEAN, **dict.fromkeys(_ACTIONS, _AFTER)),
                            snapshot=_object(**dict.fromkeys(_ACTIONS, _AFTER_CREATION)),
                            version=_object(**dict.fromkeys(_ACTIONS, _AFTER_CREATION)),
                        ),
                        filters=_object(
                            ["blobTypes"],
                            blobTypes={"type": "array", "items": {"enum": ["blockBlob", "appendBlob"]}},
                            prefixMatch={"type": "array", "maxItems": 10, "items": _STRING},
                            blobIndexMatch={
                                "type": "array",
                                "maxItems": 10,
                                "items": _object(
                                    ["name", "op", "value"], name=_STRING, op={"enum": ["=="]}, value=_STRING
                                ),
                            },
                        ),
                    ),
                ),
            },
        ),
        lastModifiedTime=_READ_ONLY,
    ),
)

TYPES: Final = (
    ResourceType(
        ACCOUNTS,
        API_VERSIONS,
        NameRule(re.compile(r"[a-z0-9]{3,24}"), "3 to 24 lower-case letters and digits"),
        _ACCOUNT,
        "required",
        immutable=("kind", "properties.isHnsEnabled"),
        globally_unique=True,
        identity=True,
        name_taken_code="StorageAccountAlreadyTaken",
    ),
    ResourceType(
        BLOB_SERVICES, API_VERSIONS, NameRule(re.compile("default"), "the word default"), _BLOB_SERVICE, "none"
    ),
    ResourceType(
        CONTAINERS,
        API_VERSIONS,
        NameRule(
            re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*"), "3 to 63 lower-case letters, digits and single hyphens"
        ),
        _CONTAINER,
        "none",
    ),
    ResourceType(
        MANAGEMENT_POLICIES, API_VERSIONS, NameRule(re.compile("default"), "the word default"), _POLICY, "none"
    ),
)
