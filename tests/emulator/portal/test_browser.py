"""What a browser may do with the pages."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from emulator.identity import ARM_AUDIENCES
from tests.emulator.portal.running import CONFIGURATION, WORKFLOW, Emulation
from tests.emulator.portal.scripted import ScriptedPortal

NASTY = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>\" onclick='alert(1)'"
SAY_NASTY = {"Say": {"type": "Compose", "inputs": {NASTY: NASTY}}}


@pytest.fixture
async def addresses(emulation: Emulation) -> list[str]:
    run = await emulation.run(SAY_NASTY)
    return [
        "/",
        f"/resource?id={WORKFLOW}",
        f"/runs?workflow={WORKFLOW}",
        f"/run?id={run}",
        f"/action?id={run}/actions/Say",
        f"/triggers?workflow={WORKFLOW}",
        f"/resource?id={WORKFLOW}-unknown",
        "/nowhere",
        "/static/portal.css",
        "/static/nowhere.css",
    ]


async def test_every_answer_forbids_what_the_portal_does_not_serve_itself(
    emulation: Emulation, addresses: list[str]
) -> None:
    for address in addresses:
        headers = (await emulation.request("GET", address)).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'self';"), address
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff", address
        assert headers["referrer-policy"] == "no-referrer", address


async def test_pages_have_nothing_inline_and_nothing_from_elsewhere(emulation: Emulation, addresses: list[str]) -> None:
    for address in addresses[:-2]:
        page = await emulation.open(address)
        assert page.all("//script[not(@src)] | //style | //@style | //img | //form") == [], address
        assert [name for name in page.all("//@*") if name.attrname.startswith("on")] == [], address
        assert page.all("//script/@src") == ["/static/links.js", "/static/refresh.js"], address
        for reference in page.all("//link/@href"):
            assert (await emulation.request("GET", reference)).status_code == 200, reference


async def test_pages_are_told_apart_and_understood_by_a_screen_reader(
    emulation: Emulation, addresses: list[str]
) -> None:
    titles: set[str] = set()
    for address in addresses[:-2]:
        page = await emulation.open(address)
        assert page.all("//html/@lang") == ["en"]
        assert len(page.all("//h1")) == 1, address
        levels = [int(heading.tag[1]) for heading in page.all("//h1|//h2|//h3")]
        assert all(deeper - level <= 1 for level, deeper in itertools.pairwise(levels)), address
        assert page.all("//table[not(caption)] | //th[not(@scope)]") == [], address
        titles.update(title.text_content() for title in page.all("//title"))
    assert len(titles) == len(addresses[:-2]) - 1  # both 404 pages say the same


async def test_values_are_shown_as_text_whatever_markup_they_have(emulation: Emulation, addresses: list[str]) -> None:
    page = await emulation.open(addresses[4])
    assert page.content("Inputs").count("<script>alert(1)</script>") == 2
    query = await emulation.open("/resource", id=NASTY)
    assert query.status == 400
    assert query.all("//script[not(@src)]") == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_can_be_changed_through_a_page(emulation: Emulation, method: str) -> None:
    answer = await emulation.request(method, "/resource")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


async def test_an_unknown_address_is_a_404_page_that_names_those_there_are(emulation: Emulation) -> None:
    page = await emulation.open("/nowhere")
    assert page.status == 404
    assert "The portal answers no GET at /nowhere; its pages: /, /resource, /runs" in page.text


async def test_pages_only_read_and_as_the_person_who_deploys(emulation: Emulation, addresses: list[str]) -> None:
    del emulation.network.requests[:]
    for address in addresses:
        await emulation.request("GET", address)
    assert {request.method for request in emulation.network.requests} == {"GET"}
    asked = [request for request in emulation.network.requests if request.url.port == CONFIGURATION.ports["arm"]]
    for request in asked:
        token = request.headers["authorization"].removeprefix("Bearer ")
        assert emulation.issuer.verify(token, ARM_AUDIENCES).object_id == CONFIGURATION.person_id
    contents = [request for request in emulation.network.requests if request not in asked]
    assert contents
    assert all("authorization" not in request.headers for request in contents)


async def test_a_defect_is_a_page_without_details(scripted: ScriptedPortal) -> None:
    broken: dict[str, Any] = {"value": [{"namespace": "a detail"}]}
    scripted.answers["arm", f"/subscriptions/{CONFIGURATION.subscription_id}/providers"] = broken
    page = await scripted.open("/resource", id=WORKFLOW)
    assert page.status == 500
    assert "The portal has a defect; the emulator's log has the details." in page.text
    assert "a detail" not in page.text
    assert page.response.headers["content-security-policy"].startswith("default-src 'self'")
