"""What the control plane checks before a provider is asked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.arm.clouds import GROUP, GROUPS_API, SUBSCRIPTION, WIDGET, Client, Cloud
from tests.emulator.arm.test_requests import error


def body(**properties: Any) -> dict[str, Any]:
    return {"location": "westeurope", "properties": {"colour": "Red", **properties}}


async def test_name_against_the_rule_is_refused_with_the_rule(cloud: Cloud, arm: Client, group: str) -> None:
    status, code, message = error(await arm.put(f"{GROUP}/providers/Contoso.Test/widgets/No_Good", body()))
    assert (status, code) == (400, "InvalidResourceName")
    assert "'No_Good'" in message
    assert "3 to 12 lower-case letters and digits" in message
    assert cloud.widgets.calls == []


@pytest.mark.parametrize(
    ("content", "target", "shown"),
    [
        ({"location": "westeurope"}, None, "required and missing: properties"),
        ({"location": "westeurope", "properties": {}}, "properties", "required and missing: colour"),
        (body(colour="Blue"), "properties.colour", "'Blue' is not allowed; allowed: 'Red', 'Green'"),
        (body(size="big"), "properties.size", "'big' is not of type integer"),
        (body(size=0), "properties.size", "0 violates minimum 1"),
        (
            body(weight=1, width=2),
            "properties",
            "unknown: weight, width; allowed: colour, password, rules, sealed, size",
        ),
        ({**body(), "sku": "S0"}, None, "unknown: sku; allowed: identity, kind, location, properties, tags"),
        (body(rules=[{"name": "a"}, {}]), "properties.rules[1]", "required and missing: name"),
    ],
)
async def test_body_against_the_schema_is_refused_by_property_value_and_rule(
    cloud: Cloud, arm: Client, group: str, content: dict[str, Any], target: str | None, shown: str
) -> None:
    answer = await arm.put(WIDGET, content)
    status, code, message = error(answer)
    assert (status, code) == (400, "InvalidRequestContent")
    assert answer.json()["error"].get("target") == target
    assert shown in message
    assert cloud.widgets.calls == []


async def test_every_fault_of_a_body_is_named_at_once(arm: Client, group: str) -> None:
    _, _, message = error(await arm.put(WIDGET, body(colour="Blue", size=0)))
    assert "properties.colour:" in message
    assert "properties.size:" in message


@pytest.mark.parametrize("password", ["SECRET-VALUE", ["SECRET-VALUE"], {"a": "SECRET-VALUE"}])
async def test_value_that_may_be_a_secret_is_not_repeated(arm: Client, group: str, password: Any) -> None:
    answer = await arm.put(WIDGET, body(password=password))
    assert answer.status_code == 400
    assert "properties.password" in answer.text
    assert "SECRET-VALUE" not in answer.text


async def test_structure_in_the_wrong_place_is_not_repeated(arm: Client, group: str) -> None:
    answer = await arm.put(WIDGET, body(colour={"password": "SECRET-VALUE"}))
    assert answer.status_code == 400
    assert "SECRET-VALUE" not in answer.text


async def test_location_is_required_where_the_type_has_one(arm: Client, group: str) -> None:
    assert error(await arm.put(WIDGET, {"properties": {"colour": "Red"}}))[:2] == (400, "LocationRequired")


@pytest.mark.parametrize("location", ["moonbase", "global", 7])
async def test_location_that_is_no_region_is_refused_with_the_regions(arm: Client, group: str, location: Any) -> None:
    status, code, message = error(await arm.put(WIDGET, {**body(), "location": location}))
    assert (status, code) == (400, "LocationNotAvailableForResourceType")
    assert str(location) in message
    assert "westeurope" in message


async def test_display_name_of_a_region_is_its_name(arm: Client, group: str) -> None:
    answer = await arm.put(WIDGET, {**body(), "location": "West Europe"})
    assert (answer.status_code, answer.json()["location"]) == (201, "westeurope")
    assert (await arm.put(WIDGET, body())).status_code == 200


async def test_global_type_takes_only_that_word(arm: Client, group: str) -> None:
    alert = f"{GROUP}/providers/Contoso.Test/alerts/a"
    assert error(await arm.put(alert, {"location": "westeurope"}))[1] == "LocationNotAvailableForResourceType"
    assert (await arm.put(alert, {"location": "Global"})).json()["location"] == "global"


async def test_location_where_the_type_has_none_is_refused(arm: Client, widget: str) -> None:
    status, code, message = error(await arm.put(f"{widget}/parts/bolt", {"location": "westeurope"}))
    assert (status, code) == (400, "InvalidRequestContent")
    assert "location" in message


async def test_location_of_a_resource_cannot_change(arm: Client, widget: str) -> None:
    status, code, message = error(await arm.put(widget, {**body(), "location": "northeurope"}))
    assert (status, code) == (409, "InvalidResourceLocation")
    assert "'westeurope'" in message
    assert "'northeurope'" in message


async def test_immutable_property_cannot_change_and_stays_when_left_out(arm: Client, widget: str) -> None:
    answer = await arm.put(widget, body(size=3))
    status, code, message = error(answer)
    assert (status, code) == (409, "PropertyChangeNotAllowed")
    assert answer.json()["error"]["target"] == "properties.size"
    assert "it is 2 and cannot become 3" in message
    assert (await arm.put(widget, body())).json()["properties"]["size"] == 2


async def test_immutable_property_cannot_be_set_later(arm: Client, widget: str) -> None:
    status, code, message = error(await arm.put(widget, {**body(), "kind": "Fancy"}))
    assert (status, code) == (409, "PropertyChangeNotAllowed")
    assert "it is unset and cannot become 'Fancy'" in message


async def test_immutable_switch_that_was_unset_may_be_said_to_be_off(arm: Client, widget: str) -> None:
    assert (await arm.put(widget, body(sealed=False))).status_code == 200
    assert error(await arm.put(widget, body(sealed=True)))[:2] == (409, "PropertyChangeNotAllowed")


@pytest.mark.parametrize(
    "tags",
    [
        {"a": 1},
        {"": "x"},
        {"a": "", "A": ""},
        {"a/b": ""},
        {"a?": ""},
        {"a": "x" * 257},
        {"a" * 513: "x"},
        {f"t{n}": "" for n in range(51)},
        ["a"],
    ],
)
async def test_tags_beyond_the_limits_are_refused(arm: Client, group: str, tags: Any) -> None:
    answer = await arm.put(WIDGET, {**body(), "tags": tags})
    assert error(answer)[0] == 400
    assert "tags" in answer.json()["error"]["target"]


async def test_tags_at_the_limits_are_accepted(arm: Client, group: str) -> None:
    tags = {f"{n:02}" + "t" * 510: "x" * 256 for n in range(50)}
    assert (await arm.put(WIDGET, {**body(), "tags": tags})).json()["tags"] == tags


async def test_resource_of_a_group_cannot_lie_in_the_subscription(arm: Client) -> None:
    answer = await arm.put(f"{SUBSCRIPTION}/providers/Contoso.Test/widgets/anvil", body())
    assert error(answer)[:2] == (400, "MissingResourceGroup")


async def test_bad_name_of_a_group_is_refused(arm: Client) -> None:
    path = f"{SUBSCRIPTION}/resourceGroups/ends.with."
    assert error(await arm.put(path, {"location": "westeurope"}, GROUPS_API))[:2] == (400, "InvalidResourceName")
