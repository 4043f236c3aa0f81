from __future__ import annotations

import io
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from emulator.arm.authorization import Authorization
from emulator.arm.service import ControlPlane
from emulator.clock import SystemClock
from emulator.identity import ARM_AUDIENCES, TokenIssuer
from emulator.portal.service import Portal
from emulator.resource_manager import deploying_person
from emulator.storage.service import Storage
from emulator.telemetry import NoMetrics
from tests.emulator.portal.pages import WebPage
from tests.emulator.portal.running import CONFIGURATION, GROUP, SECRETS, Network
from tests.emulator.portal.scripted import ScriptedPortal

API = "2024-01-01"
KIND = "Microsoft.Storage/storageAccounts"
ACCOUNT = f"{GROUP}/providers/{KIND}/images"
CONTAINER = f"{ACCOUNT}/blobServices/default/containers/artifacts"
SAS = "sv=2021-12-02&sig=a-signature-that-no-page-shows"


class StorageEmulation:
    """The real storage service, Azurite included, with one container, a person who uploads, and a portal."""

    def __init__(self, folder: Path) -> None:
        clock = SystemClock()
        url = CONFIGURATION.url
        issuer = TokenIssuer(SECRETS.token_signing_key, CONFIGURATION.tenant_id, clock)
        authorization = Authorization(folder / "arm", CONFIGURATION, clock)
        self._storage = Storage(folder / "storage", url("storage"), clock, issuer, authorization, NoMetrics())
        self._control_plane = ControlPlane(
            folder / "arm", CONFIGURATION, clock, issuer, authorization, [authorization, *self._storage.providers]
        )
        network = Network()
        network.serve("arm", self._control_plane.app)
        network.serve("storage", self._storage.app)
        self._portal = Portal(CONFIGURATION, issuer, clock, network)
        self._browser = httpx.AsyncClient(transport=httpx.ASGITransport(self._portal.app), base_url=url("portal"))
        token = issuer.issue(deploying_person(CONFIGURATION), ARM_AUDIENCES[0])
        self._arm = httpx.AsyncClient(
            transport=network, base_url=url("arm"), headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        self._blobs = httpx.AsyncClient(transport=network, base_url=f"{url('storage')}/images/artifacts", timeout=30)

    async def start(self) -> None:
        await self._control_plane.start()
        await self._storage.start()
        await self._put(GROUP, "2024-03-01", {"location": "westeurope"})
        await self._put(
            ACCOUNT,
            API,
            {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {}},
        )
        await self._put(CONTAINER, API, {"properties": {}})
        answer = await self._arm.post(
            f"{ACCOUNT}/listServiceSas",
            params={"api-version": API},
            json={
                "canonicalizedResource": "/blob/images/artifacts",
                "signedResource": "c",
                "signedPermission": "cw",
                "signedExpiry": f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
                "signedProtocol": "https,http",
            },
        )
        self._sas = answer.json()["serviceSasToken"]

    async def stop(self) -> None:
        for client in (self._browser, self._arm, self._blobs):
            await client.aclose()
        await self._portal.stop()
        await self._storage.stop()
        await self._control_plane.stop()

    async def upload(self, name: str, content: bytes, content_type: str, **metadata: str) -> None:
        headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02", "Content-Type": content_type}
        headers |= {f"x-ms-meta-{key}": value for key, value in metadata.items()}
        answer = await self._blobs.put(f"/{name}?{self._sas}", content=content, headers=headers)
        assert answer.status_code == 201, answer.text

    async def get(self, address: str, **query: str) -> httpx.Response:
        return await self._browser.get(address, params=query or None)

    async def follow(self, page: WebPage, link: str) -> WebPage:
        return WebPage(await self.get(page.links[link]))

    async def _put(self, id: str, api: str, body: Any) -> None:
        answer = await self._arm.put(id, params={"api-version": api}, json=body)
        assert answer.is_success, answer.text


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncGenerator[StorageEmulation]:
    storage = StorageEmulation(tmp_path)
    await storage.start()
    yield storage
    await storage.stop()


async def test_the_way_from_the_group_to_manifests_and_images_is_made_of_links(storage: StorageEmulation) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(drawn, "PNG")
    await storage.upload("runs/r1/manifest.json", b'{"decision":"published"}', "application/json")
    await storage.upload("runs/r1/a b.png", drawn.getvalue(), "text/html", reason="no label")
    page = WebPage(await storage.get("/resource", id=GROUP))
    for link in ("images", "artifacts", "Blobs", "runs/", "r1/"):
        page = await storage.follow(page, link)
    rows = page.rows("Folders and blobs")
    assert [(row["Name"], row["Content type"]) for row in rows] == [
        ("a b.png", "text/html"),
        ("manifest.json", "application/json"),
    ]
    assert rows[1]["Bytes"] == "24"
    assert page.trail == ["Overview", "vision", "images", "default", "artifacts", "Blobs", "runs", "r1"]
    manifest = await storage.follow(page, "manifest.json")
    assert json.loads(manifest.all("//pre")[0].text_content()) == {"decision": "published"}
    image = await storage.follow(page, "a b.png")
    assert image.facts["reason"] == "no label"
    [source] = image.all("//img/@src")
    shown = await storage.get(source)
    assert shown.content == drawn.getvalue()
    assert shown.headers["content-type"] == "image/png"
    for each in (page, manifest, image):
        assert "sig=" not in each.response.text


@pytest.fixture
def scripted_blobs(scripted: ScriptedPortal) -> ScriptedPortal:
    scripted.provide(KIND, f"{KIND}/blobServices/containers", api_version=API)
    endpoint = f"{CONFIGURATION.url('storage')}/images/"
    scripted.answers["arm", ACCOUNT] = {"properties": {"primaryEndpoints": {"blob": endpoint}}}
    scripted.answers["arm", f"{ACCOUNT}/listServiceSas"] = {"serviceSasToken": SAS}
    return scripted


def listing(*names: str, marker: str = "") -> httpx.Response:
    blobs = "".join(
        f"<Blob><Name>{name}</Name><Properties><Content-Length>1</Content-Length></Properties></Blob>" for name in names
    )
    return httpx.Response(
        200, text=f"<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
    )


async def test_more_blobs_than_a_page_holds_are_reached_by_the_marker(scripted_blobs: ScriptedPortal) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.params["prefix"] == "a&b/"
        return listing("a&amp;b/2") if request.url.params.get("marker") == "m/1" else listing("a&amp;b/1", marker="m/1")

    scripted_blobs.network.handlers["storage"] = answer
    page = await scripted_blobs.open("/blobs", container=CONTAINER, prefix="a&b/")
    assert [row["Name"] for row in page.rows("Folders")] == ["1"]
    page = await scripted_blobs.open(page.links["More blobs"])
    assert [row["Name"] for row in page.rows("Folders")] == ["2"]
    assert "More blobs" not in page.links


async def test_an_empty_folder_is_told_as_such(scripted_blobs: ScriptedPortal) -> None:
    scripted_blobs.network.handlers["storage"] = lambda request: listing()
    assert "There is no blob here." in (await scripted_blobs.open("/blobs", container=CONTAINER)).text


@pytest.mark.parametrize("content", [b"\xff\xfe\x00binary", b"zero\0byte"])
async def test_what_is_neither_text_nor_picture_is_not_shown(scripted_blobs: ScriptedPortal, content: bytes) -> None:
    scripted_blobs.network.handlers["storage"] = lambda request: httpx.Response(200, content=content)
    page = await scripted_blobs.open("/blob", container=CONTAINER, name="model.bin")
    assert "neither text nor a picture" in page.text
    assert page.all("//pre | //img") == []


async def test_of_a_large_text_the_beginning_is_shown(scripted_blobs: ScriptedPortal) -> None:
    scripted_blobs.network.handlers["storage"] = lambda request: httpx.Response(200, content="ä".encode() * 300_000)
    page = await scripted_blobs.open("/blob", container=CONTAINER, name="log.txt")
    assert "Only the beginning is shown." in page.text
    assert len(page.all("//pre")[0].text_content()) == 131_072


async def test_markup_in_a_blob_is_never_served_as_such(scripted_blobs: ScriptedPortal) -> None:
    markup = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    scripted_blobs.network.handlers["storage"] = lambda request: httpx.Response(
        200, text=markup, headers={"content-type": "image/svg+xml"}
    )
    page = await scripted_blobs.open("/picture", container=CONTAINER, name="x.svg")
    assert page.status == 415
    assert page.response.headers["content-type"].startswith("text/html")
    assert "NoPicture" in page.text
    shown = await scripted_blobs.open("/blob", container=CONTAINER, name="x.svg")
    assert shown.all("//pre")[0].text_content() == markup
    assert shown.all("//svg | //script[not(@src)]") == []


async def test_the_refusal_of_the_blob_service_is_a_page_with_its_code(scripted_blobs: ScriptedPortal) -> None:
    scripted_blobs.network.handlers["storage"] = lambda request: httpx.Response(
        404, headers={"x-ms-error-code": "BlobNotFound"}
    )
    page = await scripted_blobs.open("/blob", container=CONTAINER, name="gone")
    assert page.status == 404
    assert "BlobNotFound" in page.text


@pytest.mark.parametrize("text", ["<html>", "<EnumerationResults><Blobs><Blob/></Blobs></EnumerationResults>"])
async def test_a_listing_that_is_none_is_told_as_such(scripted_blobs: ScriptedPortal, text: str) -> None:
    scripted_blobs.network.handlers["storage"] = lambda request: httpx.Response(200, text=text)
    page = await scripted_blobs.open("/blobs", container=CONTAINER)
    assert page.status == 502
    assert "InvalidAnswer" in page.text


async def test_blobs_that_do_not_answer_are_told_without_the_signature(scripted_blobs: ScriptedPortal) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"no connection to {request.url}")

    scripted_blobs.network.handlers["storage"] = refuse
    page = await scripted_blobs.open("/blobs", container=CONTAINER)
    assert page.status == 503
    assert "The blob service does not answer" in page.text
    assert "sig=" not in page.response.text


async def test_the_signature_goes_to_no_other_address_than_the_blob_services(scripted_blobs: ScriptedPortal) -> None:
    foreign = {"primaryEndpoints": {"blob": f"{CONFIGURATION.url('storage')}.elsewhere.test/images/"}}
    scripted_blobs.answers["arm", ACCOUNT] = {"properties": foreign}
    page = await scripted_blobs.open("/blobs", container=CONTAINER)
    assert page.status == 502
    assert "ForeignEndpoint" in page.text
    assert {request.url.port for request in scripted_blobs.network.requests} == {CONFIGURATION.ports["arm"]}


@pytest.mark.parametrize("address", ["/blob", "/picture"])
async def test_a_missing_name_is_refused(scripted_blobs: ScriptedPortal, address: str) -> None:
    page = await scripted_blobs.open(address, container=CONTAINER)
    assert page.status == 400
    assert "name is missing" in page.text


async def test_an_account_is_no_container(scripted_blobs: ScriptedPortal) -> None:
    page = await scripted_blobs.open("/blobs", container=ACCOUNT)
    assert page.status == 400
    assert f"allowed: {KIND}/blobServices/containers" in page.text
