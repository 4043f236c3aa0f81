"""The life of resources: create, update, read, list, delete."""

from __future__ import annotations

import asyncio

import pytest

from emulator.arm.provider import Resource
from tests.emulator.arm.clouds import GROUP, GROUPS_API, SUBSCRIPTION, WIDGET, Client, Cloud
from tests.emulator.arm.test_requests import error

GUARD_SECONDS = 10
"""After this a test whose tasks wait for each other fails instead of hanging."""

BODY = {"location": "westeurope", "properties": {"colour": "Red"}}


async def test_put_creates_then_updates(cloud: Cloud, arm: Client, group: str) -> None:
    created = await arm.put(WIDGET, {**BODY, "tags": {"a": "1"}})
    updated = await arm.put(WIDGET, {"location": "westeurope", "properties": {"colour": "Green"}})
    assert (created.status_code, updated.status_code) == (201, 200)
    assert created.json() == {
        "id": WIDGET,
        "name": "anvil",
        "type": "Contoso.Test/widgets",
        "location": "westeurope",
        "tags": {"a": "1"},
        "properties": {"colour": "Red", "state": "Ready"},
    }
    assert (await arm.get(WIDGET)).json() == updated.json()
    assert "tags" not in updated.json()
    previous = cloud.widgets.previous
    assert previous[0] is None
    assert previous[1] is not None
    assert previous[1].body["properties"]["colour"] == "Red"


async def test_id_keeps_its_first_spelling_and_is_found_in_any(arm: Client, group: str) -> None:
    await arm.put(WIDGET, BODY)
    shouted = f"{SUBSCRIPTION.upper()}/RESOURCEGROUPS/RG/PROVIDERS/CONTOSO.TEST/WIDGETS/ANVIL"
    assert (await arm.get(shouted)).json()["id"] == WIDGET
    part = await arm.put(f"{WIDGET.replace('widgets', 'WIDGETS')}/PARTS/Bolt", {})
    assert part.json()["type"] == "Contoso.Test/widgets/parts"
    assert part.json()["id"] == f"{WIDGET}/parts/Bolt"
    again = await arm.put(f"{WIDGET}/parts/BOLT", {})
    assert (again.status_code, again.json()["id"]) == (200, f"{WIDGET}/parts/Bolt")


async def test_client_may_send_back_what_it_has_read(cloud: Cloud, arm: Client, widget: str) -> None:
    read = (await arm.get(widget)).json()
    answer = await arm.put(widget, read)
    assert (answer.status_code, answer.json()) == (200, read)
    assert "state" not in cloud.widgets.put_bodies[-1]["properties"]


@pytest.mark.parametrize("member", ["id", "name", "type"])
async def test_body_that_contradicts_the_address_is_refused(arm: Client, group: str, member: str) -> None:
    status, code, message = error(await arm.put(WIDGET, {**BODY, member: "other"}))
    assert (status, code) == (400, "InvalidRequestContent")
    assert f"{member}: 'other'" in message


async def test_patch_merges_properties_and_replaces_tags(arm: Client, group: str) -> None:
    await arm.put(WIDGET, {**BODY, "kind": "Plain", "tags": {"a": "1"}})
    answer = await arm.patch(WIDGET, {"tags": {"b": "2"}, "properties": {"rules": [None]}})
    assert answer.status_code == 200
    assert answer.json()["tags"] == {"b": "2"}
    assert answer.json()["properties"] == {"colour": "Red", "rules": [None], "state": "Ready"}
    assert answer.json()["kind"] == "Plain"
    removed = await arm.patch(WIDGET, {"tags": None})
    assert "tags" not in removed.json()


async def test_patch_is_checked_like_a_put(arm: Client, widget: str) -> None:
    assert error(await arm.patch(widget, {"properties": {"colour": "Blue"}}))[1] == "InvalidRequestContent"
    assert error(await arm.patch(widget, {"properties": {"size": 3}}))[1] == "PropertyChangeNotAllowed"
    assert (await arm.get(widget)).json()["properties"] == {"colour": "Red", "size": 2, "state": "Ready"}


async def test_patch_of_what_does_not_exist_is_not_found(arm: Client, group: str) -> None:
    assert error(await arm.patch(WIDGET, {"tags": {}}))[:2] == (404, "ResourceNotFound")


async def test_missing_things_are_named_from_the_outside_in(arm: Client) -> None:
    status, code, message = error(await arm.get(WIDGET))
    assert (status, code) == (404, "ResourceGroupNotFound")
    assert "'rg'" in message
    assert error(await arm.put(WIDGET, BODY))[:2] == (404, "ResourceGroupNotFound")
    assert error(await arm.delete(WIDGET))[:2] == (404, "ResourceGroupNotFound")
    await arm.put(GROUP, {"location": "westeurope"}, GROUPS_API)
    status, code, message = error(await arm.get(WIDGET))
    assert (status, code) == (404, "ResourceNotFound")
    assert "Contoso.Test/widgets/anvil" in message
    status, code, message = error(await arm.put(f"{WIDGET}/parts/bolt", {}))
    assert (status, code) == (404, "ParentResourceNotFound")
    assert WIDGET in message
    assert error(await arm.put(f"{WIDGET}/providers/Contoso.Test/notes/n", {}))[1] == "ParentResourceNotFound"
    assert error(await arm.get(f"{WIDGET}/parts"))[:2] == (404, "ResourceNotFound")


async def test_head_tells_existence_without_a_body(arm: Client, widget: str) -> None:
    there, missing = await arm.request("HEAD", widget), await arm.request("HEAD", f"{GROUP}x", api=GROUPS_API)
    assert (there.status_code, there.content) == (204, b"")
    assert (missing.status_code, missing.content) == (404, b"")
    assert (await arm.request("HEAD", GROUP, api=GROUPS_API)).status_code == 204


async def test_delete_of_what_is_gone_succeeds(arm: Client, widget: str) -> None:
    assert (await arm.delete(widget)).status_code == 200
    assert (await arm.delete(widget)).status_code == 204
    assert (await arm.get(widget)).status_code == 404


async def test_delete_takes_children_and_extensions_first_and_younger_before_older(
    cloud: Cloud, arm: Client, widget: str
) -> None:
    for path in (
        f"{widget}/parts/bolt",
        f"{widget}/parts/bolt/providers/Contoso.Test/notes/deep",
        f"{widget}/providers/Contoso.Test/notes/late",
    ):
        assert (await arm.put(path, {})).status_code == 201
    assert (await arm.delete(widget)).status_code == 200
    assert [id for call, id in cloud.widgets.calls if call == "delete"] == [
        f"{widget}/providers/Contoso.Test/notes/late",
        f"{widget}/parts/bolt/providers/Contoso.Test/notes/deep",
        f"{widget}/parts/bolt",
        widget,
    ]


async def test_children_go_before_a_parent_that_was_first_written_after_them(
    cloud: Cloud, arm: Client, widget: str
) -> None:
    note = f"{widget}/settings/default/providers/Contoso.Test/notes/n"
    on_note = f"{note}/providers/Contoso.Test/notes/m"
    assert (await arm.put(note, {})).status_code == 201
    assert (await arm.put(on_note, {})).status_code == 201
    assert (await arm.put(f"{widget}/settings/default", {})).status_code == 200
    await arm.delete(widget)
    deleted = [id for call, id in cloud.widgets.calls if call == "delete"]
    assert deleted == [on_note, note, f"{widget}/settings/default", widget]


async def test_deleting_a_group_deletes_everything_in_it(cloud: Cloud, arm: Client, widget: str) -> None:
    await arm.put(f"{widget}/parts/bolt", {})
    other = f"{SUBSCRIPTION}/resourceGroups/rg2"
    await arm.put(other, {"location": "westeurope"}, GROUPS_API)
    await arm.put(f"{other}/providers/Contoso.Test/widgets/hammer", BODY)
    assert (await arm.delete(GROUP, GROUPS_API)).status_code == 200
    assert cloud.control_plane.get(widget) is None
    assert [str(resource.id) for resource in cloud.control_plane.list("contoso.test/WIDGETS")] == [
        f"{other}/providers/Contoso.Test/widgets/hammer"
    ]
    assert error(await arm.get(GROUP, GROUPS_API))[:2] == (404, "ResourceGroupNotFound")


async def test_lists_have_just_the_resources_of_their_scope(arm: Client, widget: str) -> None:
    other = f"{SUBSCRIPTION}/resourceGroups/rg2"
    await arm.put(other, {"location": "westeurope"}, GROUPS_API)
    await arm.put(f"{other}/providers/Contoso.Test/widgets/hammer", BODY)
    await arm.put(f"{widget}/parts/bolt", {})
    await arm.put(f"{widget}/providers/Contoso.Test/notes/inner", {})
    await arm.put(f"{GROUP}/providers/Contoso.Test/notes/outer", {})

    async def names(path: str) -> list[str]:
        answer = await arm.get(path)
        assert answer.status_code == 200, answer.text
        return [entry["name"] for entry in answer.json()["value"]]

    assert await names(f"{SUBSCRIPTION}/providers/Contoso.Test/widgets") == ["anvil", "hammer"]
    assert await names(f"{GROUP}/providers/Contoso.Test/widgets") == ["anvil"]
    assert await names(f"{widget}/parts") == ["bolt"]
    assert await names(f"{widget}/providers/Contoso.Test/notes") == ["inner"]
    assert await names(f"{GROUP}/providers/Contoso.Test/notes") == ["outer"]


async def test_long_list_comes_in_pages_that_lose_nothing(arm: Client, widget: str) -> None:
    for name in ("a", "b", "c", "d", "e"):
        await arm.put(f"{widget}/parts/{name}", {})
    first = (await arm.get(f"{widget}/parts", dollar_top="2")).json()
    await arm.delete(f"{widget}/parts/a")
    found = [entry["name"] for entry in first["value"]]
    page = first
    while "nextLink" in page:
        page = (await arm.get(page["nextLink"], None)).json()
        found += [entry["name"] for entry in page["value"]]
    assert found == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize("query", [{"dollar_top": "0"}, {"dollar_top": "x"}, {"dollar_skiptoken": "%"}])
async def test_bad_paging_is_refused(arm: Client, widget: str, query: dict[str, str]) -> None:
    status, _, message = error(await arm.get(f"{widget}/parts", **query))
    assert status == 400
    assert next(iter(query)).replace("dollar_", "$") in message


async def test_filter_goes_to_the_provider(arm: Client, widget: str) -> None:
    assert (await arm.get(f"{widget}/parts", dollar_filter="all")).status_code == 200
    assert error(await arm.get(f"{widget}/parts", dollar_filter="some"))[:2] == (400, "InvalidFilter")


async def test_resource_that_nobody_put_is_found_listed_and_a_parent(arm: Client, widget: str) -> None:
    setting = f"{widget}/settings/default"
    assert (await arm.get(setting)).json()["properties"] == {"mode": "implicit"}
    assert len((await arm.get(f"{widget}/settings")).json()["value"]) == 1
    assert (await arm.put(f"{setting}/providers/Contoso.Test/notes/n", {})).status_code == 201
    assert (await arm.put(setting, {"properties": {"mode": "own"}})).status_code == 200
    assert (await arm.get(setting)).json()["properties"]["mode"] == "own"


async def test_resource_that_went_away_elsewhere_is_forgotten_and_can_come_again(
    cloud: Cloud, arm: Client, widget: str
) -> None:
    await arm.put(f"{widget}/parts/bolt", {})
    cloud.widgets.vanished.add(widget)
    assert (await arm.get(f"{GROUP}/providers/Contoso.Test/widgets")).json()["value"] == []
    assert error(await arm.get(widget))[:2] == (404, "ResourceNotFound")
    assert cloud.control_plane.get(f"{widget}/parts/bolt") is None
    cloud.widgets.vanished.clear()
    assert (await arm.put(widget, BODY)).status_code == 201
    assert cloud.widgets.previous[-1] is None


async def test_name_that_is_unique_in_the_cloud_is_refused_elsewhere(arm: Client, widget: str) -> None:
    other = f"{SUBSCRIPTION}/resourceGroups/rg2"
    await arm.put(other, {"location": "westeurope"}, GROUPS_API)
    status, code, message = error(await arm.put(f"{other}/providers/Contoso.Test/widgets/anvil", BODY))
    assert (status, code) == (409, "WidgetAlreadyTaken")
    assert "'anvil'" in message


async def test_refused_put_leaves_the_resource_as_it_was(cloud: Cloud, arm: Client, widget: str) -> None:
    async def refuse(_: Resource) -> None:
        raise RuntimeError

    before = (await arm.get(widget)).json()
    cloud.widgets.before_put = refuse
    assert (await arm.put(widget, {"location": "westeurope", "properties": {"colour": "Green"}})).status_code == 500
    assert (await arm.get(widget)).json() == before


class Gate:
    """Holds a PUT inside the provider until it is opened."""

    def __init__(self, cloud: Cloud) -> None:
        self.entered = asyncio.Event()
        self.opened = asyncio.Event()
        cloud.widgets.before_put = self._pass

    async def _pass(self, _: Resource) -> None:
        self.entered.set()
        await self.opened.wait()


async def test_change_during_a_change_of_the_same_resource_is_refused(cloud: Cloud, arm: Client, widget: str) -> None:
    gate = Gate(cloud)
    async with asyncio.timeout(GUARD_SECONDS), asyncio.TaskGroup() as tasks:
        first = tasks.create_task(arm.put(widget, BODY))
        await gate.entered.wait()
        for other in (arm.put(widget, BODY), arm.patch(widget, {}), arm.delete(widget), arm.delete(GROUP, GROUPS_API)):
            status, code, message = error(await other)
            assert (status, code) == (409, "AnotherOperationInProgress")
            assert widget in message
        assert (await arm.get(widget)).status_code == 200
        gate.opened.set()
    assert first.result().status_code == 200
    assert (await arm.delete(widget)).status_code == 200


async def test_name_is_taken_while_it_is_being_created_elsewhere(cloud: Cloud, arm: Client, group: str) -> None:
    other = f"{SUBSCRIPTION}/resourceGroups/rg2"
    await arm.put(other, {"location": "westeurope"}, GROUPS_API)
    gate = Gate(cloud)
    async with asyncio.timeout(GUARD_SECONDS), asyncio.TaskGroup() as tasks:
        first = tasks.create_task(arm.put(WIDGET, BODY))
        await gate.entered.wait()
        second = await arm.put(f"{other}/providers/Contoso.Test/widgets/anvil", BODY)
        gate.opened.set()
    assert (first.result().status_code, second.status_code) == (201, 409)


async def test_nothing_is_created_in_a_group_while_it_is_deleted(cloud: Cloud, arm: Client, widget: str) -> None:
    entered, opened = asyncio.Event(), asyncio.Event()
    delete = cloud.widgets.delete

    async def slow(resource: Resource) -> None:
        entered.set()
        await opened.wait()
        await delete(resource)

    cloud.widgets.delete = slow  # pyright: ignore[reportAttributeAccessIssue]
    async with asyncio.timeout(GUARD_SECONDS), asyncio.TaskGroup() as tasks:
        deletion = tasks.create_task(arm.delete(GROUP, GROUPS_API))
        await entered.wait()
        late = await arm.put(f"{GROUP}/providers/Contoso.Test/notes/late", {})
        twice = await arm.delete(GROUP, GROUPS_API)
        opened.set()
    assert deletion.result().status_code == 200
    assert error(late)[:2] == (409, "AnotherOperationInProgress")
    assert error(twice)[:2] == (409, "AnotherOperationInProgress")


async def test_resources_survive_a_restart(cloud: Cloud, arm: Client, widget: str) -> None:
    await arm.put(f"{widget}/parts/bolt", {})
    again = await cloud.restarted()
    assert (await again.client().get(widget)).json()["properties"]["colour"] == "Red"
    assert (await again.client().get(f"{widget}/parts")).json()["value"][0]["name"] == "bolt"
    assert (await again.client().delete(GROUP, GROUPS_API)).status_code == 200
    assert [call for call, _ in again.widgets.calls] == ["delete", "delete"]
    await again.close()


async def test_what_was_answered_is_kept_when_the_process_is_killed(cloud: Cloud, arm: Client, widget: str) -> None:
    other = Cloud.build(cloud.folder, cloud.clock)
    assert (await other.client().get(widget)).status_code == 200
    await other.close()
