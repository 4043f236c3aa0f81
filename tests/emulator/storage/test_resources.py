"""Microsoft.Storage on the control plane: what is refused, what is answered, what it and the data plane share."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

from tests.emulator.storage.clouds import Cloud


def account_body(**change: Any) -> dict[str, Any]:
    return {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {}} | change


def test_an_account_answers_with_its_endpoint_and_what_the_service_settled(cloud: Cloud, account: str) -> None:
    body = cloud.arm.get(cloud.account_id(account)).json()
    assert body["sku"] == {"name": "Standard_LRS", "tier": "Standard"}
    properties = body["properties"]
    assert properties["primaryEndpoints"] == {"blob": f"{cloud.url}/{account}/"}
    assert properties["provisioningState"] == "Succeeded"
    assert (properties["accessTier"], properties["minimumTlsVersion"]) == ("Hot", "TLS1_0")
    assert "key" not in str(body).lower().replace("allowsharedkeyaccess", "")


def test_what_was_read_can_be_written_back_and_the_creation_time_stays(cloud: Cloud, account: str) -> None:
    read = cloud.arm.get(cloud.account_id(account)).json()
    written = cloud.arm.put(cloud.account_id(account), json=read)
    assert written.status_code == 200, written.text
    assert written.json() == read


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (account_body(sku={"name": "Standard_Cheap"}), "Standard_LRS"),
        (account_body(kind="StorageV3"), "StorageV2"),
        (account_body(kind="BlockBlobStorage"), "Premium_LRS"),
        (account_body(kind="BlobStorage"), "properties.accessTier"),
        (account_body(properties={"accessTier": "Premium"}), "Hot, Cool, Cold"),
        (account_body(properties={"accessTier": "hot"}), "Hot"),
        (account_body(kind="Storage", properties={"isHnsEnabled": True}), "properties.isHnsEnabled"),
        (account_body(properties={"minimumTlsVersion": "1.2"}), "TLS1_2"),
        (account_body(properties={"isSftpEnabled": True}), "isSftpEnabled"),
        (account_body(properties={"networkAcls": {"defaultAction": "Deny"}}), "defaultAction"),
        (account_body(properties={"httpsOnly": True}), "supportsHttpsTrafficOnly"),
        ({"location": "westeurope", "kind": "StorageV2"}, "sku"),
    ],
)
def test_an_account_that_azure_or_the_emulator_does_not_have_is_refused(
    cloud: Cloud, body: dict[str, Any], named: str
) -> None:
    answer = cloud.arm.put(cloud.account_id("refused"), json=body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]
    assert cloud.arm.get(cloud.account_id("refused")).status_code == 404


@pytest.mark.parametrize("name", ["cv-retrain", "Images", "ab", "a" * 25])
def test_a_name_that_azure_refuses_is_refused(cloud: Cloud, name: str) -> None:
    answer = cloud.arm.put(cloud.account_id(name), json=account_body())
    assert answer.status_code == 400
    assert "3 to 24 lower-case letters and digits" in answer.json()["error"]["message"]


def test_a_name_is_taken_in_every_group(cloud: Cloud, account: str) -> None:
    group = cloud.group.replace("/rg", "/other")
    cloud.arm.put(group, json={"location": "westeurope"}, params={"api-version": "2024-03-01"})
    answer = cloud.arm.put(f"{group}/providers/Microsoft.Storage/storageAccounts/{account}", json=account_body())
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "StorageAccountAlreadyTaken")


def test_what_cannot_change_is_refused(cloud: Cloud) -> None:
    id = cloud.put_account("settled")
    hns = cloud.arm.put(id, json=account_body(properties={"isHnsEnabled": True}))
    premium = cloud.arm.put(id, json=account_body(sku={"name": "Premium_LRS"}))
    assert (hns.status_code, premium.status_code) == (409, 400)
    assert "Premium_LRS" in premium.json()["error"]["message"]
    assert cloud.arm.put(id, json=account_body(sku={"name": "Standard_GRS"})).status_code == 200


def test_the_blob_service_is_there_without_being_made(cloud: Cloud, account: str) -> None:
    services = f"{cloud.account_id(account)}/blobServices"
    assert cloud.arm.get(f"{services}/default").json()["properties"]["deleteRetentionPolicy"] == {"enabled": False}
    assert [each["name"] for each in cloud.arm.get(services).json()["value"]] == ["default"]


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ({"deleteRetentionPolicy": {"enabled": True}}, "deleteRetentionPolicy.days"),
        ({"deleteRetentionPolicy": {"enabled": True, "days": 366}}, "366"),
        ({"restorePolicy": {"enabled": True, "days": 5}}, "changeFeed.enabled"),
        (
            {
                "isVersioningEnabled": True,
                "changeFeed": {"enabled": True},
                "deleteRetentionPolicy": {"enabled": True, "days": 7},
                "restorePolicy": {"enabled": True, "days": 7},
            },
            "less than deleteRetentionPolicy.days",
        ),
        ({"lastAccessTimeTrackingPolicy": {"enable": True}}, "lastAccessTimeTrackingPolicy"),
    ],
)
def test_settings_of_the_blob_service_that_exclude_each_other_are_refused(
    cloud: Cloud, account: str, properties: dict[str, Any], named: str
) -> None:
    answer = cloud.arm.put(f"{cloud.account_id(account)}/blobServices/default", json={"properties": properties})
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


def test_a_hierarchical_namespace_excludes_versioning(cloud: Cloud) -> None:
    service = f"{cloud.put_account('lake0001', isHnsEnabled=True)}/blobServices/default"
    for properties in ({"isVersioningEnabled": True}, {"changeFeed": {"enabled": True}}):
        answer = cloud.arm.put(service, json={"properties": properties})
        assert answer.status_code == 400
        assert "hierarchical namespace" in answer.json()["error"]["message"]


def test_a_container_of_arm_is_on_the_data_plane_and_the_reverse(cloud: Cloud, account: str) -> None:
    id = cloud.put_container(account, "through-arm", metadata={"purpose": "training"})
    client = cloud.client(account)
    assert client.get_container_client("through-arm").get_container_properties().metadata == {"purpose": "training"}
    client.create_container("through-data")
    sibling = id.replace("through-arm", "through-data")
    assert cloud.arm.get(sibling).json()["properties"]["publicAccess"] == "None"
    names = [each["name"] for each in cloud.arm.get(id.rpartition("/")[0]).json()["value"]]
    assert {"through-arm", "through-data"} <= set(names)
    client.delete_container("through-arm")
    assert cloud.arm.get(id).status_code == 404
    assert cloud.arm.delete(sibling).status_code == 200
    with pytest.raises(ResourceNotFoundError):
        client.get_container_client("through-data").get_container_properties()


def test_a_container_shows_its_lease_and_takes_new_metadata_without_losing_blobs(cloud: Cloud, account: str) -> None:
    id = cloud.put_container(account, "leased", metadata={"purpose": "one"})
    client = cloud.client(account).get_container_client("leased")
    client.upload_blob("a", b"kept")
    client.acquire_lease()
    assert cloud.arm.get(id).json()["properties"]["leaseState"] == "Leased"
    cloud.put_container(account, "leased", metadata={"purpose": "two"})
    assert client.get_container_properties().metadata == {"purpose": "two"}
    assert client.download_blob("a").readall() == b"kept"


def test_a_deleted_account_takes_everything_with_it(cloud: Cloud) -> None:
    cloud.put_account("passing")
    cloud.put_container("passing", "data")
    client = cloud.client("passing")
    client.get_blob_client("data", "a").upload_blob(b"gone")
    client.get_container_client("data").acquire_lease()
    assert cloud.arm.delete(cloud.account_id("passing")).status_code == 200
    with pytest.raises(HttpResponseError):
        client.get_blob_client("data", "a").download_blob()
    cloud.put_account("passing")
    with pytest.raises(ClientAuthenticationError):
        list(client.list_containers())
    assert list(cloud.client("passing").list_containers()) == []


def test_an_operation_that_is_not_emulated_is_named(cloud: Cloud, account: str) -> None:
    answer = cloud.arm.post(f"{cloud.account_id(account)}/failover")
    assert answer.status_code == 404
    assert "failover" in answer.json()["error"]["message"]


def test_requests_are_counted_as_azure_monitor_does(cloud: Cloud, account: str, container: str, scope: str) -> None:
    cloud.grant(scope, "read")
    client = cloud.client(account).get_blob_client(container, "a")
    client.upload_blob(b"12345")
    with cloud.identity() as identity:
        identity.get(f"/{account}/{container}/a")
        identity.put(f"/{account}/{container}/a", headers={"x-ms-blob-type": "BlockBlob"})
    service = f"{cloud.account_id(account)}/blobServices/default"
    assert 5 in cloud.metrics.of(service, "Ingress", ApiName="PutBlob", Authentication="AccountKey")
    assert 5 in cloud.metrics.of(service, "Egress", ApiName="GetBlob", Authentication="OAuth")
    refused = {"ApiName": "PutBlob", "Authentication": "OAuth", "ResponseType": "AuthorizationError"}
    assert cloud.metrics.of(service, "Transactions", **refused)
    with cloud.identity() as identity:
        before = len(cloud.metrics.of(service, "SuccessE2ELatency", ApiName="GetBlob"))
        identity.get(f"/{account}/{container}/a")
        identity.get(f"/{account}/{container}/nosuchblob")
    assert len(cloud.metrics.of(service, "SuccessE2ELatency", ApiName="GetBlob")) == before + 1


@pytest.mark.parametrize(
    ("name", "available", "reason"),
    [("untaken", True, None), (None, False, "AlreadyExists"), ("Not-Legal", False, "AccountNameInvalid")],
)
def test_whether_a_name_is_free_is_told(
    cloud: Cloud, account: str, name: str | None, available: bool, reason: str | None
) -> None:
    subscription = cloud.account_id(account).split("/resourceGroups/")[0]
    url = f"{subscription}/providers/Microsoft.Storage/checkNameAvailability"
    body = {"name": name or account, "type": "Microsoft.Storage/storageAccounts"}
    answer = cloud.arm.post(url, json=body)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["nameAvailable"], answer.json().get("reason")) == (available, reason)
    assert cloud.arm.post(url, json={"name": "untaken"}).status_code == 400
