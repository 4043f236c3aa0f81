"""Expression actions: the built-in operations on times and texts."""

from typing import Any

import pytest

from emulator.arm.errors import ArmError
from tests.emulator.logic_apps.running import Service

BASE = "2020-02-29T10:00:00Z"


@pytest.mark.parametrize(
    ("kind", "inputs", "body"),
    [
        ("CurrentTime", {}, "2026-01-01T00:00:00.0000000Z"),
        ("AddToTime", {"baseTime": BASE, "interval": 1, "timeUnit": "Year"}, "2021-02-28T10:00:00.0000000Z"),
        ("SubtractFromTime", {"baseTime": BASE, "interval": 1, "timeUnit": "Week"}, "2020-02-22T10:00:00.0000000Z"),
        ("GetFutureTime", {"interval": 2, "timeUnit": "Hour"}, "2026-01-01T02:00:00.0000000Z"),
        ("GetPastTime", {"interval": "@add(1,1)", "timeUnit": "Day"}, "2025-12-30T00:00:00.0000000Z"),
        (
            "ConvertTimeZone",
            {
                "baseTime": BASE,
                "sourceTimeZone": "UTC",
                "destinationTimeZone": "Tokyo Standard Time",
                "formatString": "HH:mm",
            },
            "19:00",
        ),
        (
            "convertTimezone",
            {"baseTime": BASE, "sourceTimeZone": "UTC", "destinationTimeZone": "Tokyo Standard Time"},
            "2020-02-29T19:00:00.0000000",
        ),
        ("IndexOf", {"text": "Hello World", "searchText": "world"}, 6),
        ("Substring", {"text": "Hello", "startPosition": 1, "length": 3}, "ell"),
        ("Substring", {"text": "Hello", "startPosition": 3}, "lo"),
    ],
)
async def test_each_kind_gives_what_its_function_gives(service: Service, kind: str, inputs: dict[str, Any], body: Any):
    run = await service.run({"A": {"type": "Expression", "kind": kind, "inputs": inputs}})
    assert run.status == "Succeeded", run.actions
    assert await run.outputs("A") == {"body": body}


async def test_what_the_function_refuses_fails_the_action(service: Service):
    inputs = {"baseTime": BASE, "interval": 1, "timeUnit": "Fortnight"}
    run = await service.run({"A": {"type": "Expression", "kind": "AddToTime", "inputs": inputs}})
    assert run.statuses == {"A": "Failed"}
    assert "Fortnight" in run.actions["A"]["error"]["message"]


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ({"kind": "Divine", "inputs": {}}, "has the kind 'Divine', which does not exist; there are: addtotime"),
        ({"kind": "Http", "inputs": {}}, "has the kind 'Http'; allowed: AddToTime, ConvertTimeZone, CurrentTime"),
        ({"kind": "AddToTime", "inputs": {"baseTime": BASE}}, r"'inputs\.interval' is missing"),
    ],
)
async def test_a_kind_that_there_is_not_or_that_lacks_inputs_is_refused(
    service: Service, action: dict[str, Any], words: str
):
    with pytest.raises(ArmError, match=words):
        await service.deploy({"actions": {"A": {"type": "Expression", **action}}})
