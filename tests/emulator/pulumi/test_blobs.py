"""Blobs as resources: uploaded to a real Azurite, whose account the stand-in of the control plane describes."""

from __future__ import annotations

import base64
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobClient, ContainerClient

from emulator.node import node_executable
from emulator.pulumi.engine import DeploymentError
from tests.emulator.pulumi.sample import Project, StandIn, counts
from tests.emulator.pulumi.test_deployment import GROUP

ROOT = Path(__file__).parents[3]
AZURITE = ROOT / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"


class Account:
    """A storage account of its own with one container, ``images``."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}/sample"
        self.key = base64.b64encode(secrets.token_bytes(32)).decode()

    @property
    def credential(self) -> dict[str, str]:
        return {"account_name": "sample", "account_key": self.key}

    def blob(self, name: str) -> BlobClient:
        return BlobClient(self.endpoint, "images", name, credential=self.credential, api_version="2023-11-03")

    def container(self) -> ContainerClient:
        return ContainerClient(self.endpoint, "images", credential=self.credential, api_version="2023-11-03")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    if not AZURITE.exists():
        pytest.skip(f"Azurite is not installed in {AZURITE.parents[5]}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Account(port)
    arguments = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent", "--inMemoryPersistence"]
    process = subprocess.Popen(
        [node_executable(), AZURITE, *arguments],
        cwd=tmp_path_factory.mktemp("azurite"),
        env={"AZURITE_ACCOUNTS": f"sample:{made.key}"},
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            try:
                httpx.get(made.endpoint)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        with made.container() as container:
            container.create_container()
        yield made
    finally:
        process.kill()  # asked to end, it waits for connections; there is nothing to keep
        process.wait()


@pytest.fixture
def uploading(project: Project, arm: StandIn, account: Account) -> Project:
    arm.merge["sample"] = {"properties": {"primaryEndpoints": {"blob": account.endpoint + "/"}}}
    arm.key = account.key
    project.write("local.txt", "from a file")
    project.program(program('pulumi.FileAsset("local.txt")', 'contentType="text/plain"'))
    return project


def program(source: str, more: str) -> str:
    return (
        GROUP
        + f"""
g = group(resourceGroupName="g")
a = account(resourceGroupName=g.name, accountName="sample")
names = {{"resourceGroupName": g.name, "accountName": a.name, "containerName": "images"}}
blob = Resource("azure-native:storage:Blob", "notes.txt", {{**names, "url": None, "source": {source}}} | dict({more}))
"""
    )


def content(account: Account, name: str) -> bytes:
    with account.blob(name) as blob:
        return blob.download_blob().readall()


def test_a_blob_is_uploaded_changed_in_place_seen_to_be_gone_and_deleted(
    uploading: Project, arm: StandIn, account: Account
) -> None:
    assert counts(uploading.deployment().up()) == {"created": 4}
    assert content(account, "notes.txt") == b"from a file"
    assert counts(uploading.deployment().up()) == {"unchanged": 4}

    uploading.write("local.txt", "another text")
    assert counts(uploading.deployment().preview()) == {"updated": 1, "unchanged": 3}
    assert counts(uploading.deployment().up()) == {"updated": 1, "unchanged": 3}
    assert content(account, "notes.txt") == b"another text"
    with account.blob("notes.txt") as blob:
        assert blob.get_blob_properties().content_settings.content_type == "text/plain"
        blob.delete_blob()

    assert counts(uploading.deployment().refresh())["deleted"] == 1
    assert counts(uploading.deployment().up()) == {"created": 1, "unchanged": 3}
    uploading.program(program('pulumi.StringAsset("x")', 'blobName="folder/other.json", metadata={"a": "1"}'))
    assert counts(uploading.deployment().up()) == {"replaced": 1, "unchanged": 3}
    assert content(account, "folder/other.json") == b"x"
    with pytest.raises(ResourceNotFoundError):
        content(account, "notes.txt")
    uploading.deployment().destroy()
    with pytest.raises(ResourceNotFoundError):
        content(account, "folder/other.json")


def test_what_cannot_be_uploaded_is_named(uploading: Project, account: Account) -> None:
    uploading.program(program('pulumi.FileAsset("missing.txt")', ""))
    with pytest.raises(DeploymentError, match=r"asset missing\.txt cannot be read"):
        uploading.deployment().up()
    uploading.program(program('pulumi.RemoteAsset("https://example.org/x")', ""))
    with pytest.raises(DeploymentError, match="remote assets are not implemented"):
        uploading.deployment().up()
    uploading.program(program('pulumi.StringAsset("x")', 'type="Append"'))
    with pytest.raises(DeploymentError, match="type: 'Append' is not implemented; allowed: Block"):
        uploading.deployment().up()
    uploading.program(program('pulumi.StringAsset("x")', 'containerName="nowhere"'))
    with pytest.raises(DeploymentError, match="container does not exist"):
        uploading.deployment().up()


def test_a_blob_of_somebody_else_is_not_overwritten(uploading: Project, account: Account) -> None:
    with account.blob("notes.txt") as blob:
        blob.upload_blob(b"mine", overwrite=True)
    with pytest.raises(DeploymentError, match=r"cannot create already existing resource .*/blobs/notes\.txt"):
        uploading.deployment().up()
    assert content(account, "notes.txt") == b"mine"
