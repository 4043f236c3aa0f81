"""Blobs as resources: the one type of azure-native that is kept by the storage service itself, not by ARM."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Final

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobClient, ContentSettings

from emulator.pulumi.azure_native.arm import Arm, ArmRefusedError
from emulator.pulumi.azure_native.schema import ResourceSpec
from emulator.pulumi.azure_native.types import storage
from emulator.pulumi.wire import ASSET, Properties, Value, signature


class BlobStore:
    """Block blobs, written with the account's key as azure-native does."""

    def __init__(self, arm: Arm, spec: ResourceSpec) -> None:
        self._arm = arm
        self._spec = spec

    def exists(self, resource_id: str, inputs: Properties) -> bool:
        """Tell whether there is a blob of that name."""
        return self.read(resource_id, inputs) is not None

    def write(self, resource_id: str, inputs: Properties) -> Properties:
        """Upload the source."""
        kind = inputs.get("type", "Block")
        if kind != "Block":
            raise ArmRefusedError(400, f"type: {kind!r} is not implemented; allowed: Block")
        content = _content(inputs.get("source"))
        digest = inputs.get("contentMd5")
        settings = ContentSettings(
            content_type=inputs.get("contentType", "application/octet-stream"),
            content_md5=None if digest is None else bytearray(base64.b64decode(digest)),
        )
        client = self._client(resource_id)
        if client is None:
            raise ArmRefusedError(404, f"there is no storage account for the blob {resource_id}")
        with client:
            try:
                client.upload_blob(
                    content,
                    overwrite=True,
                    metadata=inputs.get("metadata"),
                    content_settings=settings,
                    standard_blob_tier=inputs.get("accessTier"),
                )
                return _outputs(client)
            except HttpResponseError as error:
                raise ArmRefusedError(error.status_code or 500, f"{resource_id}: {error.message}") from error

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the blob's outputs; a container or an account that is gone has no blobs."""
        client = self._client(resource_id)
        if client is None:
            return None
        with client:
            try:
                return _outputs(client)
            except ResourceNotFoundError:
                return None

    def import_inputs(self, resource_id: str, outputs: Properties) -> Properties:
        """Take what the service tells; where the content came from it cannot tell."""
        return self._spec.inputs_of(resource_id, outputs)

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Delete the blob with its snapshots."""
        client = self._client(resource_id)
        if client is None:
            return
        with client:
            try:
                client.delete_blob(delete_snapshots="include")
            except ResourceNotFoundError:
                return

    def _client(self, resource_id: str) -> BlobClient | None:
        where = self._spec.inputs_of(resource_id, {})
        account_id = resource_id.partition("/blobServices/")[0]
        account = self._arm.get(account_id, storage.API_VERSION)
        if account is None:
            return None
        keys = self._arm.post(f"{account_id}/listKeys", storage.API_VERSION)["keys"]
        return BlobClient(
            account["properties"]["primaryEndpoints"]["blob"].rstrip("/"),
            where["containerName"],
            where["blobName"],
            credential={"account_name": where["accountName"], "account_key": keys[0]["value"]},
            api_version=_STORAGE_VERSION,
        )


_STORAGE_VERSION: Final = "2023-11-03"
"""x-ms-version of the calls (https://learn.microsoft.com/rest/api/storageservices/versioning-for-the-azure-storage-services);
everything used here is older, so an older version than the library's newest suits every service."""


def _content(source: Value) -> bytes:
    if source is None:
        return b""
    if signature(source) != ASSET:
        raise ArmRefusedError(400, "source: an archive is not implemented; allowed: FileAsset, StringAsset")
    if "text" in source:
        return source["text"].encode()
    if "path" in source:
        return Path(source["path"]).read_bytes()
    raise ArmRefusedError(400, "source: a RemoteAsset is not implemented; allowed: FileAsset, StringAsset")


def _outputs(client: BlobClient) -> Properties:
    found: Any = client.get_blob_properties()
    digest = found.content_settings.content_md5
    outputs: Properties = {
        "name": client.blob_name,
        "url": client.url,
        "type": {"BlockBlob": "Block", "AppendBlob": "Append", "PageBlob": "Page"}[found.blob_type],
        "contentType": found.content_settings.content_type,
        "contentMd5": None if digest is None else base64.b64encode(digest).decode(),
        "accessTier": found.blob_tier,
        "metadata": found.metadata or {},
    }
    return {name: value for name, value in outputs.items() if value is not None}
