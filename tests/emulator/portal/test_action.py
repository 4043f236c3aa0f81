from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from emulator.portal.contents import LARGEST_SHOWN_BYTES
from tests.emulator.portal.running import CONFIGURATION, Emulation
from tests.emulator.portal.scripted import ScriptedPortal

SECRET = "not-for-anybody's-eyes"
CALL: dict[str, Any] = {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.test/keys"}}


def secured(*members: str) -> dict[str, Any]:
    return {**CALL, "runtimeConfiguration": {"secureData": {"properties": [*members]}}}


async def test_inputs_and_outputs_are_shown_as_json(emulation: Emulation) -> None:
    emulation.network.handlers["internet"] = lambda request: httpx.Response(200, json={"größe": [1, 2]})
    run = await emulation.run({"Call": CALL})
    page = await emulation.open("/action", id=f"{run}/actions/Call")
    assert json.loads(page.content("Inputs")) == CALL["inputs"]
    assert json.loads(page.content("Outputs"))["body"] == {"größe": [1, 2]}


async def test_what_is_secured_is_told_and_never_shown(emulation: Emulation) -> None:
    emulation.network.handlers["internet"] = lambda request: httpx.Response(200, json={"key1": SECRET})
    run = await emulation.run(
        {
            "Keys": secured("inputs", "outputs"),
            "Use": {"type": "Compose", "inputs": "@body('Keys')", "runAfter": {"Keys": ["Succeeded"]}},
        }
    )
    keys = await emulation.open("/action", id=f"{run}/actions/Keys")
    assert keys.content("Inputs") == "Secured: the definition hides these inputs."
    assert keys.content("Outputs") == "Secured: the definition hides these outputs."
    use = await emulation.open("/action", id=f"{run}/actions/Use")
    assert "hidden because they come from secured data" in use.content("Inputs")
    assert SECRET not in keys.text + use.text


async def test_the_side_that_is_not_secured_is_shown(emulation: Emulation) -> None:
    emulation.network.handlers["internet"] = lambda request: httpx.Response(200, json={"key1": SECRET})
    run = await emulation.run({"Keys": secured("outputs")})
    page = await emulation.open("/action", id=f"{run}/actions/Keys")
    assert json.loads(page.content("Inputs")) == CALL["inputs"]
    assert page.content("Outputs") == "Secured: the definition hides these outputs."


async def test_an_action_in_a_loop_lists_its_repetitions_each_with_a_page(emulation: Emulation) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404 if request.url.path == "/b2" else 200, json={})

    emulation.network.handlers["internet"] = answer
    inner = {"Call": {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.test/@{item()}"}}}
    run = await emulation.run(
        {
            "Outer": {
                "type": "Foreach",
                "foreach": ["a", "b"],
                "actions": {
                    "Inner": {
                        "type": "Foreach",
                        "foreach": "@createArray(concat(item(), 1), concat(item(), 2))",
                        "actions": inner,
                    }
                },
            }
        }
    )
    page = await emulation.open("/action", id=f"{run}/actions/Call")
    rows = {row["Repetition"]: row for row in page.rows("What the action did")}
    assert sorted(rows) == ["000000-000000", "000000-000001", "000001-000000", "000001-000001"]
    assert rows["000001-000001"]["Loop and item"] == "Outer 1, Inner 1"
    assert [name for name, row in rows.items() if row["Status"] == "Failed"] == ["000001-000001"]
    assert "404" in rows["000001-000001"]["Error"]
    repetition = await emulation.follow(page, "000001-000001")
    assert repetition.title == "Call Http, Outer 1, Inner 1"
    assert json.loads(repetition.content("Inputs"))["uri"] == "https://example.test/b2"
    assert repetition.trail[-2:] == [run.rsplit("/", 1)[-1], "Call"]


async def test_the_secured_outputs_of_a_repetition_are_not_shown(emulation: Emulation) -> None:
    emulation.network.handlers["internet"] = lambda request: httpx.Response(200, json={"key1": SECRET})
    run = await emulation.run(
        {"Each": {"type": "Foreach", "foreach": [1], "actions": {"Keys": secured("inputs", "outputs")}}}
    )
    page = await emulation.open("/action", id=f"{run}/actions/Keys/repetitions/000000")
    assert page.content("Outputs") == "Secured: the definition hides these outputs."
    assert SECRET not in page.text


async def test_many_repetitions_are_paged(emulation: Emulation) -> None:
    run = await emulation.run(
        {
            "Each": {
                "type": "Foreach",
                "foreach": "@range(0, 130)",
                "actions": {"Say": {"type": "Compose", "inputs": 1}},
            }
        }
    )
    page = await emulation.open("/action", id=f"{run}/actions/Say")
    more = await emulation.follow(page, "More of them")
    names = [row["Repetition"] for each in (page, more) for row in each.rows("What the action did")]
    assert len(names) == len(set(names)) == 130
    assert "More of them" not in more.links


async def test_earlier_attempts_of_a_call_are_listed(emulation: Emulation) -> None:
    answers = iter([503, 503, 200])
    emulation.network.handlers["internet"] = lambda request: httpx.Response(next(answers), json={})
    retried = {**CALL["inputs"], "retryPolicy": {"type": "fixed", "count": 2, "interval": "PT30S"}}
    run = await emulation.run({"Call": {"type": "Http", "inputs": retried}})
    page = await emulation.open("/action", id=f"{run}/actions/Call")
    assert page.facts["Status"] == "Succeeded"
    attempts = page.rows("Attempts before the last")
    assert [row["Attempt"] for row in attempts] == ["1", "2"]
    assert all(row["Code"] for row in attempts)


async def test_of_large_outputs_the_beginning_is_shown(emulation: Emulation) -> None:
    text = "x" * (2 * LARGEST_SHOWN_BYTES)
    emulation.network.handlers["internet"] = lambda request: httpx.Response(200, text=text)
    run = await emulation.run({"Call": CALL})
    page = await emulation.open("/action", id=f"{run}/actions/Call")
    outputs = page.content("Outputs")
    assert "Only the first 256 KiB are shown." in outputs
    assert LARGEST_SHOWN_BYTES - 1000 < len(outputs) < LARGEST_SHOWN_BYTES + 1000


async def test_the_page_is_shown_without_contents_when_logic_apps_does_not_answer(emulation: Emulation) -> None:
    run = await emulation.run({"Say": {"type": "Compose", "inputs": "hello"}})
    emulation.network.end("logic-apps")
    page = await emulation.open("/action", id=f"{run}/actions/Say")
    assert page.status == 200
    assert page.facts["Status"] == "Succeeded"
    assert "does not answer" in page.content("Inputs")


async def test_a_content_link_to_another_address_is_not_followed(scripted: ScriptedPortal) -> None:
    workflow = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w"
    action = f"{workflow}/runs/r/actions/a"
    near = f"{CONFIGURATION.url('logic-apps')}.elsewhere.test/x"
    scripted.answers["arm", workflow] = {"properties": {"definition": {"actions": {}}}}
    scripted.answers["arm", action] = {
        "name": "a",
        "properties": {
            "status": "Succeeded",
            "inputsLink": {"uri": "https://elsewhere.test/x"},
            "outputsLink": {"uri": near},
        },
    }
    page = await scripted.open("/action", id=action)
    assert "leads away" in page.content("Inputs")
    assert "leads away" in page.content("Outputs")
    assert {request.url.port for request in scripted.network.requests} == {CONFIGURATION.ports["arm"]}


async def test_a_content_that_is_refused_is_told_with_its_status(scripted: ScriptedPortal) -> None:
    workflow = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w"
    action = f"{workflow}/runs/r/actions/a"
    scripted.answers["arm", workflow] = {"properties": {"definition": {"actions": {}}}}
    scripted.answers["arm", action] = {
        "name": "a",
        "properties": {"inputsLink": {"uri": f"{CONFIGURATION.url('logic-apps')}/gone"}},
    }
    page = await scripted.open("/action", id=action)
    assert page.content("Inputs") == "Not read: the link was answered with status 404."


async def test_an_unknown_action_is_a_404_page(emulation: Emulation) -> None:
    run = await emulation.run({"Say": {"type": "Compose", "inputs": 1}})
    page = await emulation.open("/action", id=f"{run}/actions/Sing")
    assert page.status == 404
    assert "WorkflowRunActionNotFound" in page.text


async def test_a_loop_lists_its_iterations_with_what_became_of_each(emulation: Emulation) -> None:
    emulation.network.handlers["internet"] = lambda request: httpx.Response(404 if request.url.path == "/2" else 200)
    run = await emulation.run(
        {
            "Each": {
                "type": "Foreach",
                "foreach": [1, 2, 3],
                "actions": {
                    "Call": {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.test/@{item()}"}}
                },
            }
        }
    )
    page = await emulation.open("/action", id=f"{run}/actions/Each")
    rows = page.rows("Finished iterations of the loop")
    assert {row["Loop and item"]: row["Status"] for row in rows} == {
        "Each 0": "Succeeded",
        "Each 1": "Failed",
        "Each 2": "Succeeded",
    }


class Large(httpx.AsyncByteStream):
    """A body of which nobody reads more than the first part."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(2 * LARGEST_SHOWN_BYTES // 1024):
            yield b"x" * 1024
        raise AssertionError("the whole body was read")


async def test_no_more_of_a_content_is_read_than_is_shown(scripted: ScriptedPortal) -> None:
    workflow = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w"
    action = f"{workflow}/runs/r/actions/a"
    scripted.answers["arm", workflow] = {"properties": {"definition": {"actions": {}}}}
    scripted.answers["arm", action] = {
        "name": "a",
        "properties": {"inputsLink": {"uri": f"{CONFIGURATION.url('logic-apps')}/large"}},
    }
    scripted.network.handlers["logic-apps"] = lambda request: httpx.Response(200, stream=Large())
    page = await scripted.open("/action", id=action)
    assert "Only the first 256 KiB are shown." in page.content("Inputs")
