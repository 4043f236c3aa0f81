"""What an identity may do: roles, audiences, the REST API's own rules for bearer tokens."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote

import httpx
import pytest
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from emulator.clock import SystemClock
from emulator.identity import TokenIssuer
from tests.emulator.storage.clouds import CONTAINERS, WORKFLOW, Cloud

BLOCK = {"x-ms-blob-type": "BlockBlob"}


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and error code; the code of header and body agree."""
    inner = etree.fromstring(answer.content).findtext("Code")
    assert answer.headers["x-ms-error-code"] == inner
    return answer.status_code, str(inner)


@pytest.fixture
def path(account: str, container: str) -> str:
    return f"/{account}/{container}"


@pytest.mark.parametrize(
    ("method", "query", "headers", "action"),
    [
        ("PUT", "", BLOCK, "write"),
        ("GET", "", {}, "read"),
        ("HEAD", "", {}, "read"),
        ("PUT", "?comp=metadata", {"x-ms-meta-label": "one"}, "write"),
        ("GET", "?comp=metadata", {}, "read"),
        ("GET", "?comp=tags", {}, "tags/read"),
        ("PUT", "?comp=lease", {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "15"}, "write"),
        ("PUT", "?comp=tier", {"x-ms-access-tier": "Cool"}, "write"),
        ("DELETE", "", {}, "delete"),
    ],
)
def test_a_blob_operation_needs_exactly_its_data_action_on_the_container(
    cloud: Cloud, path: str, scope: str, method: str, query: str, headers: dict[str, str], action: str
) -> None:
    cloud.client(path.split("/")[1]).get_blob_client(path.split("/")[2], "a.jpg").upload_blob(b"x")
    others = {"read", "write", "delete", "tags/read", "tags/write", "add/action", "move/action"} - {action}
    cloud.grant(scope, *others)
    with cloud.identity() as client:
        refused = client.request(method, f"{path}/a.jpg{query}", headers=headers)
        assert refused.status_code == 403
        assert refused.headers["x-ms-error-code"] == "AuthorizationPermissionMismatch"
        cloud.grant(scope, action)
        allowed = client.request(method, f"{path}/a.jpg{query}", headers=headers)
        assert allowed.is_success, allowed.text


def test_a_role_on_one_container_opens_no_other(cloud: Cloud, path: str, scope: str) -> None:
    cloud.grant(f"{scope}0", "read", "write")
    with cloud.identity() as client:
        assert code(client.put(f"{path}/a.jpg", headers=BLOCK)) == (403, "AuthorizationPermissionMismatch")


def test_a_list_needs_the_data_action_and_tags_another_one(cloud: Cloud, path: str, scope: str) -> None:
    listing = f"{path}?restype=container&comp=list"
    with cloud.identity() as client:
        assert code(client.get(listing))[0] == 403
        cloud.grant(scope, "read")
        assert client.get(listing).status_code == 200
        assert code(client.get(f"{listing}&include=metadata,tags"))[0] == 403
        cloud.grant(scope, "tags/read")
        assert client.get(f"{listing}&include=metadata,tags").status_code == 200


def test_container_operations_need_the_actions_of_the_control_plane(cloud: Cloud, path: str, scope: str) -> None:
    cloud.grant(scope, "read", "write", "delete")
    with cloud.identity() as client:
        assert code(client.get(f"{path}?restype=container"))[0] == 403
        cloud.grant(scope, f"{CONTAINERS}/read")
        assert client.get(f"{path}?restype=container").status_code == 200
        assert code(client.delete(f"{path}?restype=container"))[0] == 403
        cloud.grant(scope, f"{CONTAINERS}/delete")
        assert client.delete(f"{path}?restype=container").status_code == 202


def test_a_blobs_name_has_at_most_1024_characters(cloud: Cloud, path: str, scope: str) -> None:
    cloud.grant(scope, "write")
    with cloud.identity() as client:
        assert client.put(f"{path}/{'%C3%A9' * 1024}", headers=BLOCK, content=b"1").status_code == 201
        assert code(client.put(f"{path}/{'%C3%A9' * 1025}", headers=BLOCK, content=b"1")) == (400, "OutOfRangeInput")


def test_who_may_only_add_creates_and_does_not_replace(cloud: Cloud, path: str, scope: str) -> None:
    cloud.grant(scope, "add/action")
    create = {**BLOCK, "If-None-Match": "*"}
    with cloud.identity() as client:
        assert client.put(f"{path}/a.jpg", headers=create, content=b"1").status_code == 201
        assert code(client.put(f"{path}/a.jpg", headers=create, content=b"2")) == (409, "BlobAlreadyExists")
        assert code(client.put(f"{path}/a.jpg", headers=BLOCK, content=b"2"))[0] == 403


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_accounts_own_address_is_an_audience(cloud: Cloud, path: str, scope: str, account: str, slash: str) -> None:
    cloud.grant(scope, "read")
    with cloud.identity(cloud.token(f"{cloud.url}/{account}{slash}")) as client:
        assert client.get(f"{path}?restype=container&comp=list").status_code == 200
    with cloud.identity(cloud.token(f"{cloud.url}/another{slash}")) as client:
        assert code(client.get(f"{path}?restype=container&comp=list")) == (401, "InvalidAuthenticationInfo")


def test_a_token_that_is_foreign_expired_or_for_another_service_is_refused_with_a_challenge(
    cloud: Cloud, path: str, scope: str
) -> None:
    cloud.grant(scope, "read")
    foreign = TokenIssuer("another key, of enough length for a signature", cloud.issuer.tenant_id, SystemClock())
    for token in (
        cloud.token("https://vault.azure.net"),
        cloud.token(seconds=-1),
        foreign.issue(WORKFLOW, "https://storage.azure.com/", timedelta(hours=1)),
        "not.a.token",
    ):
        with cloud.identity(token) as client:
            answer = client.get(f"{path}/a.jpg")
            assert code(answer) == (401, "InvalidAuthenticationInfo")
            assert answer.headers["www-authenticate"].startswith("Bearer authorization_uri=")
            assert etree.fromstring(answer.content).findtext("AuthenticationErrorDetail")


def test_a_token_without_a_version_header_is_refused_as_azure_does(cloud: Cloud, path: str, scope: str) -> None:
    cloud.grant(scope, "read")
    headers = {"Authorization": f"Bearer {cloud.token()}"}
    for version in ({}, {"x-ms-version": "2015-02-21"}):
        answer = httpx.get(f"{cloud.url}{path}?restype=container&comp=list", headers={**headers, **version})
        assert code(answer) == (403, "AuthenticationFailed")
        assert "x-ms-version" in answer.text


def test_nobody_is_refused(cloud: Cloud, path: str) -> None:
    assert code(httpx.get(f"{cloud.url}{path}/a.jpg")) == (409, "PublicAccessNotPermitted")
    strange = httpx.get(f"{cloud.url}{path}/a.jpg", headers={"Authorization": "Basic bWU6bWU="})
    assert code(strange) == (400, "InvalidAuthenticationInfo")
    assert code(httpx.get(f"{cloud.url}/nosuchaccount/c/b")) == (404, "ResourceNotFound")


def test_a_copy_needs_to_read_the_source_and_to_write_the_destination(
    cloud: Cloud, account: str, path: str, scope: str
) -> None:
    cloud.put_container(account, "processed")
    source_scope, destination_scope = scope, scope.rsplit("/", 1)[0] + "/processed"
    name = "5/a b+ü%.jpg"
    blob = cloud.client(account).get_blob_client(path.split("/")[2], name)
    blob.upload_blob(b"image", metadata={"label": "5"})
    source = {"x-ms-copy-source": f"{cloud.url}{path}/{quote(name)}"}
    with cloud.identity() as client:
        cloud.grant(destination_scope, "write", "read")
        assert code(client.put(f"/{account}/processed/{quote(name)}", headers=source))[0] == 403
        cloud.grant(source_scope, "read")
        answer = client.put(f"/{account}/processed/{quote(name)}", headers=source)
        assert (answer.status_code, answer.headers["x-ms-copy-status"]) == (202, "success")
        copied = client.get(f"/{account}/processed/{quote(name)}")
    assert copied.content == b"image"
    assert copied.headers["x-ms-meta-label"] == "5"


def test_a_copy_is_conditional_on_the_sources_etag(cloud: Cloud, account: str, path: str, scope: str) -> None:
    cloud.grant(scope, "read", "write")
    cloud.client(account).get_blob_client(path.split("/")[2], "a").upload_blob(b"image")
    with cloud.identity() as client:
        answer = client.put(
            f"{path}/b",
            headers={"x-ms-copy-source": f"{cloud.url}{path}/a", "x-ms-source-if-match": '"0x0"'},
        )
    assert code(answer)[0] == 412


def test_a_synchronous_copy_needs_an_authorization_of_its_source(
    cloud: Cloud, account: str, path: str, scope: str
) -> None:
    cloud.grant(scope, "read", "write")
    cloud.client(account).get_blob_client(path.split("/")[2], "a").upload_blob(b"image")
    sync = {"x-ms-copy-source": f"{cloud.url}{path}/a", "x-ms-requires-sync": "true"}
    sas = cloud.arm.post(
        f"{cloud.account_id(account)}/listServiceSas",
        json={
            "canonicalizedResource": f"/blob{path}",
            "signedResource": "c",
            "signedPermission": "r",
            "signedExpiry": "2999-01-01T00:00:00Z",
        },
    ).json()["serviceSasToken"]
    with cloud.identity() as client:
        assert code(client.put(f"{path}/b", headers=sync)) == (401, "CannotVerifyCopySource")
        wrong = {**sync, "x-ms-copy-source": f"{sync['x-ms-copy-source']}?{sas.replace('sp=r', 'sp=w')}"}
        assert code(client.put(f"{path}/b", headers=wrong)) == (401, "CannotVerifyCopySource")
        signed = {**sync, "x-ms-copy-source": f"{sync['x-ms-copy-source']}?{sas}"}
        assert client.put(f"{path}/b", headers=signed).status_code == 202
        bearer = {**sync, "x-ms-copy-source-authorization": f"Bearer {cloud.token()}"}
        assert client.put(f"{path}/c", headers=bearer).status_code == 202
        expired = {**sync, "x-ms-copy-source-authorization": f"Bearer {cloud.token(seconds=-1)}"}
        assert code(client.put(f"{path}/d", headers=expired))[0] == 401


def test_a_copy_between_accounts_needs_a_signed_source(cloud: Cloud, account: str, path: str, scope: str) -> None:
    cloud.grant(scope, "read", "write")
    cloud.put_account("otherimages")
    cloud.put_container("otherimages", "training")
    cloud.grant(f"{cloud.account_id('otherimages')}/blobServices/default/containers/training", "read")
    cloud.client("otherimages").get_blob_client("training", "a").upload_blob(b"image")
    source = f"{cloud.url}/otherimages/training/a"
    with cloud.identity() as client:
        answer = client.put(f"{path}/a", headers={"x-ms-copy-source": source})
        assert code(answer) == (401, "CannotVerifyCopySource")
        answer = client.put(f"{path}/a", headers={"x-ms-copy-source": "https://elsewhere.example/a/b/c"})
        assert code(answer) == (501, "NotImplemented")


@pytest.mark.parametrize(
    ("method", "query", "headers", "named"),
    [
        ("PUT", "", {"x-ms-blob-type": "BlockBlob", "x-ms-copy-source": "http://x/a/b/c"}, "PutBlobFromURL"),
        ("PUT", "?comp=undelete", {}, "UndeleteBlob"),
        ("GET", "?versionid=2026-01-01T00:00:00.0000000Z", {}, "versionid"),
        ("POST", "?comp=query", {}, "QueryBlobContents"),
        ("PUT", "?comp=teleport", {}, "comp='teleport'"),
    ],
)
def test_what_the_emulator_does_not_have_is_refused_by_name(
    cloud: Cloud, path: str, method: str, query: str, headers: dict[str, str], named: str
) -> None:
    with cloud.identity() as client:
        answer = client.request(method, f"{path}/a.jpg{query}", headers=headers)
    assert code(answer) == (501, "NotImplemented")
    assert named in answer.text


def test_a_list_of_versions_is_refused_and_not_answered_without_them(cloud: Cloud, path: str, scope: str) -> None:
    cloud.grant(scope, "read")
    with cloud.identity() as client:
        answer = client.get(f"{path}?restype=container&comp=list&include=versions")
    assert code(answer) == (501, "NotImplemented")


def test_pages_are_walked_by_markers_that_say_nothing(cloud: Cloud, account: str, path: str, scope: str) -> None:
    names = ["a&b.jpg", "b/ü.jpg", "c d.jpg", "e.jpg", "f.jpg"]
    for name in names:
        cloud.client(account).get_blob_client(path.split("/")[2], name).upload_blob(b"")
    cloud.grant(scope, "read")
    seen: list[str] = []
    marker = ""
    with cloud.identity() as client:
        while True:
            answer = client.get(
                path, params={"restype": "container", "comp": "list", "maxresults": "2", "marker": marker}
            )
            assert answer.content.startswith(b"\xef\xbb\xbf<?xml")
            page = etree.fromstring(answer.content)
            assert page.get("ServiceEndpoint", "").startswith(cloud.url)
            assert (page.findtext("Marker") or "") == marker
            seen += [str(name.text) for name in page.iter("Name")]
            marker = page.findtext("NextMarker") or ""
            if not marker:
                break
            assert re.fullmatch(r"2!\d+![\w-]+", marker)
        guessed = client.get(path, params={"restype": "container", "comp": "list", "marker": "c d.jpg"})
    assert seen == names
    assert code(guessed) == (400, "OutOfRangeInput")


def test_large_bodies_are_carried_both_ways_unchanged(cloud: Cloud, path: str, scope: str) -> None:
    cloud.grant(scope, "read", "write")
    content = bytes(range(256)) * 40_000
    with cloud.identity() as client:
        chunks = (content[start : start + 65_536] for start in range(0, len(content), 65_536))
        length = {"Content-Length": str(len(content))}
        assert client.put(f"{path}/big", headers={**BLOCK, **length}, content=chunks).status_code == 201
        assert client.get(f"{path}/big").content == content
        part = client.get(f"{path}/big", headers={"Range": "bytes=1000-1255"})
    assert (part.status_code, part.content) == (206, content[1000:1256])


def test_an_answer_has_one_date_and_no_trace_of_the_signature_used(cloud: Cloud, path: str, scope: str) -> None:
    cloud.grant(scope, "read", "write")
    with cloud.identity() as client:
        answer = client.put(f"{path}/a", headers=BLOCK)
        listing = client.get(f"{path}?restype=container&comp=list")
    for each in (answer, listing):
        assert len(each.headers.get_list("date")) == 1
        assert "sig=" not in each.text + str(each.headers)


def test_a_leased_blob_takes_writes_with_its_lease_only(cloud: Cloud, path: str, scope: str) -> None:
    cloud.grant(scope, "read", "write")
    with cloud.identity() as client:
        client.put(f"{path}/lock", headers=BLOCK)
        acquire = {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "60"}
        lease = client.put(f"{path}/lock?comp=lease", headers=acquire).headers["x-ms-lease-id"]
        assert code(client.put(f"{path}/lock?comp=lease", headers=acquire)) == (409, "LeaseAlreadyPresent")
        assert code(client.put(f"{path}/lock", headers=BLOCK)) == (412, "LeaseIdMissing")
        assert client.put(f"{path}/lock", headers={**BLOCK, "x-ms-lease-id": lease}).status_code == 201
