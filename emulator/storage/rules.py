"""What Azure refuses of a storage account and its blob service beyond what a schema can say.

Sources, all on learn.microsoft.com: "Storage account overview" (kinds, performance tiers, access tiers), "Blob storage
feature support in Azure storage accounts" (what a hierarchical namespace excludes), "Point-in-time restore for block
blobs".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.arm.errors import ArmError


def check_account(body: Mapping[str, Any], previous: Mapping[str, Any] | None) -> None:
    """Refuse combinations of kind, sku and properties that do not exist.

    Raises:
        ArmError: 400; the message names the property and what is allowed.
    """
    kind, sku, properties = body["kind"], body["sku"]["name"], body.get("properties") or {}
    tier, premium = properties.get("accessTier"), sku.startswith("Premium")
    if kind == "BlockBlobStorage" and not premium:
        raise _refusal("sku.name", f"{sku} is not available for the kind {kind}; allowed: Premium_LRS, Premium_ZRS")
    if kind == "BlobStorage" and premium:
        raise _refusal("sku.name", f"{sku} is not available for the kind {kind}; allowed: Standard_LRS and the like")
    if kind == "BlobStorage" and tier is None:
        raise _refusal("properties.accessTier", "required for the kind BlobStorage; allowed: Hot, Cool, Cold")
    if tier is not None and kind in ("Storage", "BlockBlobStorage") and tier != "Premium":
        raise _refusal("properties.accessTier", f"{tier} is not available for the kind {kind}")
    if tier == "Premium" and kind != "BlockBlobStorage":
        raise _refusal(
            "properties.accessTier", f"Premium is not available for the kind {kind}; allowed: Hot, Cool, Cold"
        )
    if properties.get("isHnsEnabled") and kind not in ("StorageV2", "BlockBlobStorage"):
        raise _refusal("properties.isHnsEnabled", f"a hierarchical namespace is not available for the kind {kind}")
    if previous is not None and previous["sku"]["name"].partition("_")[0] != sku.partition("_")[0]:
        raise _refusal("sku.name", f"{previous['sku']['name']} cannot be changed to {sku}: another performance tier")


def check_blob_service(body: Mapping[str, Any], *, hierarchical: bool) -> None:
    """Refuse features that exclude or need each other.

    Raises:
        ArmError: 400; the message names the property and what is allowed.
    """
    properties = body.get("properties") or {}
    versioning = bool(properties.get("isVersioningEnabled"))
    feed = bool((properties.get("changeFeed") or {}).get("enabled"))
    retention, restore = properties.get("deleteRetentionPolicy") or {}, properties.get("restorePolicy") or {}
    if hierarchical:
        for name, wanted in (
            ("isVersioningEnabled", versioning),
            ("changeFeed.enabled", feed),
            ("restorePolicy.enabled", bool(restore.get("enabled"))),
        ):
            if wanted:
                raise _refusal(f"properties.{name}", "not available with a hierarchical namespace (isHnsEnabled)")
    for name in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
        policy = properties.get(name) or {}
        if policy.get("enabled") and "days" not in policy:
            raise _refusal(f"properties.{name}.days", "required where the policy is enabled; allowed: 1 to 365")
    if restore.get("enabled"):
        if not (versioning and feed and retention.get("enabled")):
            raise _refusal(
                "properties.restorePolicy.enabled",
                "needs isVersioningEnabled, changeFeed.enabled and deleteRetentionPolicy.enabled",
            )
        if restore.get("days", 0) >= retention["days"]:
            raise _refusal(
                "properties.restorePolicy.days",
                f"{restore.get('days', 0)} is not less than deleteRetentionPolicy.days, {retention['days']}",
            )


def _refusal(target: str, text: str) -> ArmError:
    return ArmError(400, "InvalidRequestPropertyValue", f"The request is invalid: {target}: {text}.", target)
