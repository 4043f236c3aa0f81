"""Account keys and shared access signatures, with the client that users have."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobServiceClient, ContainerClient

from tests.emulator.storage.clouds import BLOB_VERSION, Cloud

LATER = "2999-01-01T00:00:00Z"


def container_sas(cloud: Cloud, account: str, container: str, permission: str = "rl", **more: Any) -> str:
    body = {
        "canonicalizedResource": f"/blob/{account}/{container}",
        "signedResource": "c",
        "signedPermission": permission,
        "signedExpiry": LATER,
        **more,
    }
    answer = cloud.arm.post(f"{cloud.account_id(account)}/listServiceSas", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["serviceSasToken"])


def test_a_key_writes_reads_lists_copies_and_deletes(cloud: Cloud, account: str, container: str) -> None:
    client = cloud.client(account).get_container_client(container)
    names = ["5/a &+%.jpg", "5/ä.jpg", "6/c.jpg"]
    for name in names:
        client.upload_blob(name, name.encode(), metadata={"label": name[0]})
    assert [blob.name for blob in client.list_blobs(results_per_page=1)] == names
    assert [blob.name for blob in client.walk_blobs(delimiter="/")] == ["5/", "6/"]
    copy = client.get_blob_client("moved/one")
    assert copy.start_copy_from_url(client.get_blob_client(names[0]).url)["copy_status"] == "success"
    assert copy.download_blob().readall() == names[0].encode()
    client.delete_blobs(*names)
    assert [blob.name for blob in client.list_blobs()] == ["moved/one"]


def test_both_keys_are_taken_and_a_wrong_one_is_not(cloud: Cloud, account: str, container: str) -> None:
    wrong = cloud.key(account)[::-1].lstrip("=") + "=="
    for key in (cloud.key(account, 1), cloud.key(account, 2)):
        assert cloud.client(account, key).get_container_client(container).exists()
    with pytest.raises(ClientAuthenticationError):
        cloud.client(account, wrong).get_container_client(container).get_container_properties()


def test_a_container_sas_of_arm_opens_that_container_for_what_it_says(
    cloud: Cloud, account: str, container: str
) -> None:
    cloud.client(account).get_blob_client(container, "5/a b.jpg").upload_blob(b"image")
    url = f"{cloud.url}/{account}/{container}"
    client = ContainerClient.from_container_url(f"{url}?{container_sas(cloud, account, container)}", retry_total=0)
    assert [blob.name for blob in client.list_blobs(results_per_page=1)] == ["5/a b.jpg"]
    assert client.download_blob("5/a b.jpg").readall() == b"image"
    with pytest.raises(HttpResponseError) as refused:
        client.upload_blob("new", b"")
    assert refused.value.status_code == 403
    cloud.put_container(account, "elsewhere")
    other = f"{cloud.url}/{account}/elsewhere?{container_sas(cloud, account, container)}"
    with pytest.raises(HttpResponseError):
        ContainerClient.from_container_url(other, retry_total=0).get_container_properties()


def test_a_plain_get_with_a_sas_needs_no_header(cloud: Cloud, account: str, container: str) -> None:
    """Custom Vision fetches images like this."""
    cloud.client(account).get_blob_client(container, "5/a.jpg").upload_blob(b"image")
    sas = container_sas(cloud, account, container, "r")
    answer = httpx.get(f"{cloud.url}/{account}/{container}/5/a.jpg?{sas}")
    assert (answer.status_code, answer.content) == (200, b"image")


@pytest.mark.parametrize(
    "limits",
    [
        {"signedExpiry": "2020-01-01T00:00:00Z"},
        {"signedStart": "2998-01-01T00:00:00Z"},
        {"signedProtocol": "https"},
        {"signedIp": "203.0.113.7"},
    ],
)
def test_the_limits_of_a_sas_hold(cloud: Cloud, account: str, container: str, limits: dict[str, str]) -> None:
    sas = container_sas(cloud, account, container, **limits)
    answer = httpx.get(f"{cloud.url}/{account}/{container}?restype=container&comp=list&{sas}")
    assert answer.status_code == 403


def test_a_sas_of_one_blob_opens_no_other_and_settles_headers(cloud: Cloud, account: str, container: str) -> None:
    client = cloud.client(account).get_container_client(container)
    client.upload_blob("a/b.jpg", b"image")
    client.upload_blob("a/c.jpg", b"other")
    sas = container_sas(
        cloud,
        account,
        container,
        "r",
        signedResource="b",
        canonicalizedResource=f"/blob/{account}/{container}/a/b.jpg",
        rsct="image/jpeg",
        keyToSign="key2",
    )
    answer = httpx.get(f"{cloud.url}/{account}/{container}/a/b.jpg?{sas}")
    assert (answer.content, answer.headers["content-type"]) == (b"image", "image/jpeg")
    assert httpx.get(f"{cloud.url}/{account}/{container}/a/c.jpg?{sas}").status_code == 403


def test_a_stored_policy_signs_and_revokes(cloud: Cloud, account: str, container: str) -> None:
    client = cloud.client(account).get_container_client(container)
    policy = {"readers": _policy()}
    client.set_container_access_policy(policy)
    sas = container_sas(cloud, account, container, signedIdentifier="readers", signedPermission=None, signedExpiry=None)
    url = f"{cloud.url}/{account}/{container}?restype=container&comp=list&{sas}"
    assert httpx.get(url).status_code == 200
    client.set_container_access_policy({})
    assert httpx.get(url).status_code == 403


def _policy() -> Any:
    from azure.storage.blob import AccessPolicy, ContainerSasPermissions

    return AccessPolicy(ContainerSasPermissions(read=True, list=True), dt.datetime(2990, 1, 1, tzinfo=dt.UTC))


def test_an_account_sas_of_arm_opens_every_container(cloud: Cloud, account: str, container: str) -> None:
    body = {
        "signedServices": "b",
        "signedResourceTypes": "sco",
        "signedPermission": "rl",
        "signedExpiry": LATER,
    }
    token = cloud.arm.post(f"{cloud.account_id(account)}/listAccountSas", json=body).json()["accountSasToken"]
    names = [each.name for each in cloud.client(account, token).list_containers()]
    assert container in names


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"canonicalizedResource": "/blob/other/c"}, "canonicalizedResource"),
        ({"canonicalizedResource": "/blob/{account}/c/blob"}, "canonicalizedResource"),
        ({"signedResource": "f"}, "signedResource is 'f'; allowed: b (a blob); c (a container)"),
        ({"signedPermission": "rz"}, "signedPermission is 'rz'"),
        ({"signedExpiry": "tomorrow"}, "signedExpiry is 'tomorrow'"),
        ({"signedExpiry": None}, "Required and missing: signedExpiry"),
        ({"signedProtocol": "http"}, "signedProtocol is 'http'; allowed: https; https,http"),
        ({"keyToSign": "key3"}, "keyToSign is 'key3'; allowed: key1; key2"),
        ({"startPk": "1"}, "startPk: not emulated"),
        ({"signedPermission": 7}, "signedPermission is 7"),
    ],
)
def test_a_wrong_field_of_a_sas_is_named(cloud: Cloud, account: str, change: dict[str, Any], named: str) -> None:
    body = {
        "canonicalizedResource": f"/blob/{account}/c",
        "signedResource": "c",
        "signedPermission": "r",
        "signedExpiry": LATER,
        **change,
    }
    body = {name: value.format(account=account) if isinstance(value, str) else value for name, value in body.items()}
    answer = cloud.arm.post(f"{cloud.account_id(account)}/listServiceSas", json=body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


def test_a_new_key_ends_the_old_one_and_what_it_signed_and_keeps_the_blobs(cloud: Cloud) -> None:
    cloud.put_account("rotated")
    cloud.put_container("rotated", "data")
    cloud.client("rotated").get_blob_client("data", "a").upload_blob(b"kept")
    old, sas = cloud.key("rotated"), container_sas(cloud, "rotated", "data")
    second = cloud.key("rotated", 2)
    answer = cloud.arm.post(f"{cloud.account_id('rotated')}/regenerateKey", json={"keyName": "key1"})
    assert answer.json()["keys"][0]["value"] == cloud.key("rotated") != old
    assert cloud.key("rotated", 2) == second
    with pytest.raises(ClientAuthenticationError):
        cloud.client("rotated", old).get_blob_client("data", "a").download_blob()
    assert httpx.get(f"{cloud.url}/rotated/data/a?{sas}").status_code == 403
    assert cloud.client("rotated").get_blob_client("data", "a").download_blob().readall() == b"kept"
    wrong = cloud.arm.post(f"{cloud.account_id('rotated')}/regenerateKey", json={"keyName": "kerb1"})
    assert (wrong.status_code, wrong.json()["error"]["target"]) == (400, "keyName")


def test_keys_can_be_forbidden_and_identities_still_work(cloud: Cloud) -> None:
    cloud.put_account("keyless")
    cloud.put_container("keyless", "data")
    sas, key = container_sas(cloud, "keyless", "data"), cloud.key("keyless")
    cloud.put_account("keyless", allowSharedKeyAccess=False)
    with pytest.raises(HttpResponseError) as refused:
        BlobServiceClient(f"{cloud.url}/keyless", credential=key, retry_total=0).get_service_properties()
    assert refused.value.status_code == 403
    assert "KeyBasedAuthenticationNotPermitted" in str(refused.value)
    signed = httpx.get(f"{cloud.url}/keyless/data?restype=container&comp=list&{sas}")
    assert signed.headers["x-ms-error-code"] == "KeyBasedAuthenticationNotPermitted"
    cloud.grant(f"{cloud.account_id('keyless')}/blobServices/default/containers/data", "read")
    with cloud.identity() as client:
        assert client.get("/keyless/data?restype=container&comp=list").status_code == 200


def test_an_account_can_be_closed_to_the_public_network(cloud: Cloud) -> None:
    cloud.put_account("closed")
    client = cloud.client("closed")
    assert list(client.list_containers()) == []
    cloud.put_account("closed", publicNetworkAccess="Disabled")
    with pytest.raises(HttpResponseError) as refused:
        list(client.list_containers())
    assert "AuthorizationFailure" in str(refused.value)


def test_anonymous_readers_see_what_account_and_container_open(cloud: Cloud) -> None:
    refused = cloud.arm.put(
        f"{cloud.account_id('images0001')}/blobServices/default/containers/open",
        json={"properties": {"publicAccess": "Blob"}},
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "PublicAccessNotPermitted")
    cloud.put_account("opened", allowBlobPublicAccess=True)
    cloud.put_container("opened", "open", publicAccess="Blob")
    cloud.put_container("opened", "shut")
    for container in ("open", "shut"):
        cloud.client("opened").get_blob_client(container, "a").upload_blob(b"seen")
    headers = {"x-ms-version": BLOB_VERSION}
    assert httpx.get(f"{cloud.url}/opened/open/a", headers=headers).content == b"seen"
    for path in ("open?restype=container&comp=list", "shut/a"):
        hidden = httpx.get(f"{cloud.url}/opened/{path}", headers=headers)
        assert (hidden.status_code, hidden.headers["x-ms-error-code"]) == (404, "ResourceNotFound")
    cloud.put_account("opened", allowBlobPublicAccess=False)
    assert httpx.get(f"{cloud.url}/opened/open/a", headers=headers).status_code == 409


def test_conditional_headers_reach_the_blob_service(cloud: Cloud, account: str, container: str) -> None:
    blob: BlobClient = cloud.client(account).get_blob_client(container, "a")
    tag = blob.upload_blob(b"1")["etag"]
    blob.upload_blob(b"2", overwrite=True)
    with pytest.raises(HttpResponseError) as changed:
        blob.delete_blob(etag=tag, match_condition=_unmodified())
    assert changed.value.status_code == 412
    with pytest.raises(ResourceNotFoundError):
        cloud.client(account).get_blob_client(container, "b").get_blob_properties()


def _unmodified() -> Any:
    from azure.core import MatchConditions

    return MatchConditions.IfNotModified
