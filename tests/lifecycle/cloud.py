"""Everything that exists on an emulator, asked of its services one by one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

import httpx
from azure.storage.blob import BlobServiceClient

from emulator.resource_manager import ResourceManager, ResourceManagerError

STORAGE: Final = "2024-01-01"
COGNITIVE: Final = "2025-06-01"
LOGIC: Final = "2019-05-01"
AUTHORIZATION: Final = "2022-04-01"
TABLES: Final = "2023-09-01"
DIAGNOSTICS: Final = "2021-05-01-preview"
BLOBS: Final = "2023-11-03"

_GROUP: Final = "microsoft.resources/resourcegroups"
_STORAGE_ACCOUNT: Final = "microsoft.storage/storageaccounts"
_WORKSPACE: Final = "microsoft.operationalinsights/workspaces"
_COGNITIVE_ACCOUNT: Final = "microsoft.cognitiveservices/accounts"
_LOGGED: Final = frozenset({_STORAGE_ACCOUNT, _COGNITIVE_ACCOUNT, "microsoft.logic/workflows"})


def everything(arm: ResourceManager) -> dict[str, Any]:
    """Return every resource, project and blob by its `key`; deleted accounts that can be restored too."""
    return {key(found["id"]): found for found in _all(arm)}


def key(identity: str) -> str:
    """Return an id as `everything` has it: a role is the same on whatever scope it is asked for."""
    roles = "/providers/microsoft.authorization/roledefinitions/"
    _, is_role, name = identity.lower().partition(roles)
    return f"{roles}{name}" if is_role else identity.lower()


def training(arm: ResourceManager, account: str) -> httpx.Client:
    """Return a client of an account's training API, which the caller closes."""
    endpoint = arm.get(account, COGNITIVE)["properties"]["endpoint"].rstrip("/")
    key = arm.post(f"{account}/listKeys", COGNITIVE)["key1"]
    return httpx.Client(
        base_url=f"{endpoint}/customvision/v3.3/training/",
        headers={"Training-Key": key},
        timeout=60,
        transport=_Patient(),
    )


class _Patient(httpx.HTTPTransport):
    """Asks again after a second where it asked too often."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        while (answer := super().handle_request(request)).status_code == HTTPStatus.TOO_MANY_REQUESTS:
            answer.close()
            time.sleep(1)
        return answer


def _all(arm: ResourceManager) -> Iterator[dict[str, Any]]:
    for each in arm.resources():
        yield each
        kind = str(each["type"]).lower()
        if kind == _GROUP:
            yield from _custom_roles(arm, each["id"])
        if kind == _STORAGE_ACCOUNT:
            yield from _in_storage(arm, each)
        if kind == _WORKSPACE:
            tables = arm.values(f"{each['id']}/tables", TABLES)
            yield from (table for table in tables if table["name"].endswith("_CL"))
        if kind == _COGNITIVE_ACCOUNT and each["kind"] == "CustomVision.Training":
            yield from _projects(arm, each["id"])
        if kind in _LOGGED:
            logged = f"{each['id']}/blobServices/default" if kind == _STORAGE_ACCOUNT else each["id"]
            yield from arm.values(f"{logged}/providers/Microsoft.Insights/diagnosticSettings", DIAGNOSTICS)
    yield from _custom_roles(arm, arm.subscription)
    yield from arm.values(f"{arm.subscription}/providers/Microsoft.Authorization/roleAssignments", AUTHORIZATION)
    yield from arm.values(f"{arm.subscription}/providers/Microsoft.CognitiveServices/deletedAccounts", COGNITIVE)


def _custom_roles(arm: ResourceManager, scope: str) -> Iterator[dict[str, Any]]:
    for role in arm.values(f"{scope}/providers/Microsoft.Authorization/roleDefinitions", AUTHORIZATION):
        if role["properties"]["type"] == "CustomRole":
            yield role


def _in_storage(arm: ResourceManager, account: dict[str, Any]) -> Iterator[dict[str, Any]]:
    containers = f"{account['id']}/blobServices/default/containers"
    key = arm.post(f"{account['id']}/listKeys", STORAGE)["keys"][0]["value"]
    endpoint = account["properties"]["primaryEndpoints"]["blob"].rstrip("/")
    credential = {"account_name": account["name"], "account_key": key}
    with BlobServiceClient(endpoint, credential=credential, api_version=BLOBS) as service:
        for container in arm.values(containers, STORAGE):
            yield container
            with service.get_container_client(container["name"]) as client:
                for blob in client.list_blobs():
                    content: bytes = client.download_blob(blob.name).readall()
                    yield {"id": f"{containers}/{container['name']}/blobs/{blob.name}", "content": content}
    try:
        yield arm.get(f"{account['id']}/managementPolicies/default", STORAGE)
    except ResourceManagerError as error:
        if "ResourceNotFound" not in str(error):
            raise


def _projects(arm: ResourceManager, account: str) -> Iterator[dict[str, Any]]:
    with training(arm, account) as client:
        for project in client.get("projects").raise_for_status().json():
            iterations = client.get(f"projects/{project['id']}/iterations").raise_for_status().json()
            images = client.get(f"projects/{project['id']}/images/count").raise_for_status().json()
            project.pop("thumbnailUri", None)  # signed anew each time
            yield {**project, "iterations": iterations, "images": images}
