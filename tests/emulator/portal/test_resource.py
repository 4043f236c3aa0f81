from __future__ import annotations

import json

import pytest

from tests.emulator.portal.running import GROUP, WORKFLOW, Emulation
from tests.emulator.portal.scripted import ScriptedPortal

COMPOSE = {"Say": {"type": "Compose", "inputs": "hello"}}
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/images"


async def test_the_body_is_shown_as_resource_manager_answers_it(emulation: Emulation) -> None:
    await emulation.deploy(COMPOSE)
    page = await emulation.open("/resource", id=WORKFLOW)
    shown = page.all("//pre")[0].text_content()
    assert json.loads(shown) == await emulation.arm("GET", WORKFLOW, "2019-05-01")
    assert page.facts["Type"] == "Microsoft.Logic/workflows"
    assert page.facts["Location"] == "westeurope"
    assert page.trail == ["Overview", "vision"]


async def test_a_workflow_links_to_its_runs_and_its_trigger_history(emulation: Emulation) -> None:
    await emulation.deploy(COMPOSE)
    page = await emulation.open("/resource", id=WORKFLOW)
    assert (await emulation.follow(page, "Runs")).title == "Runs of retrain"
    assert (await emulation.follow(page, "Trigger history")).title == "Triggers of retrain"


async def test_a_group_lists_what_is_in_it(emulation: Emulation) -> None:
    await emulation.deploy(COMPOSE)
    page = await emulation.open("/resource", id=GROUP)
    assert [row["Name"] for row in page.rows("Resources in vision")] == ["retrain"]


async def test_a_storage_account_lists_its_containers(scripted: ScriptedPortal) -> None:
    kind = "Microsoft.Storage/storageAccounts"
    container = f"{ACCOUNT}/blobServices/default/containers/training-images"
    scripted.provide(kind, f"{kind}/blobServices/containers")
    scripted.answers["arm", ACCOUNT] = {
        "id": ACCOUNT,
        "name": "images",
        "type": kind,
        "properties": {"primaryEndpoints": {"blob": "http://127.0.0.1:20001/images/"}},
    }
    scripted.answers["arm", f"{ACCOUNT}/blobServices/default/containers"] = {
        "value": [{"id": container, "name": "training-images", "type": f"{kind}/blobServices/containers"}]
    }
    page = await scripted.open("/resource", id=ACCOUNT)
    assert page.facts["Endpoint"] == "http://127.0.0.1:20001/images/"
    assert [row["Name"] for row in page.rows("Resources in images")] == ["training-images"]


async def test_an_unknown_resource_is_a_404_page_with_the_code_of_resource_manager(emulation: Emulation) -> None:
    await emulation.deploy_group()
    page = await emulation.open("/resource", id=WORKFLOW)
    assert page.status == 404
    assert page.title == "Not Found"
    assert "ResourceNotFound." in page.text
    assert "retrain" in page.text


async def test_a_type_that_is_not_served_is_a_404_page_that_names_it(emulation: Emulation) -> None:
    page = await emulation.open("/resource", id=f"{GROUP}/providers/Contoso.Test/widgets/anvil")
    assert page.status == 404
    assert "Contoso.Test/widgets" in page.text


@pytest.mark.parametrize("id", ["retrain", "/subscriptions", f"{GROUP}/providers/Microsoft.Logic", "http://elsewhere"])
async def test_what_is_no_resource_id_is_refused_with_its_text(emulation: Emulation, id: str) -> None:
    page = await emulation.open("/resource", id=id)
    assert page.status == 400
    assert "InvalidResourceId" in page.text
    assert id in page.text


@pytest.mark.parametrize("address", ["/resource", "/runs", "/run", "/action", "/triggers", "/model"])
async def test_a_missing_id_is_refused_by_name(emulation: Emulation, address: str) -> None:
    page = await emulation.open(address)
    assert page.status == 400
    assert "MissingParameter" in page.text
    assert (
        "account" if address == "/model" else "workflow" if address in ("/runs", "/triggers") else "id"
    ) in page.text


@pytest.mark.parametrize(
    ("address", "member"),
    [("/runs", "workflow"), ("/run", "id"), ("/action", "id"), ("/triggers", "workflow"), ("/model", "account")],
)
async def test_an_id_of_another_type_is_refused_with_the_type_that_is_allowed(
    emulation: Emulation, address: str, member: str
) -> None:
    page = await emulation.open(address, **{member: GROUP})
    assert page.status == 400
    assert f"{member}: '{GROUP}' is of the type Microsoft.Resources/resourceGroups; allowed: Microsoft." in page.text


async def test_names_that_need_quoting_reach_resource_manager_as_they_are(scripted: ScriptedPortal) -> None:
    scripted.provide("Contoso.Test/widgets")
    id = f"{GROUP}/providers/Contoso.Test/widgets/50% (a)?b#c"
    scripted.answers["arm", id] = {"id": id, "name": "50% (a)?b#c", "type": "Contoso.Test/widgets"}
    page = await scripted.open("/resource", id=id)
    assert page.title == "50% (a)?b#c"
