from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from emulator.clock import ManualClock
from tests.emulator.arm.clouds import GROUP, GROUPS_API, WIDGET, Client, Cloud


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncGenerator[Cloud]:
    cloud = Cloud.build(tmp_path / "arm", ManualClock())
    await cloud.control_plane.start()
    yield cloud
    await cloud.close()


@pytest.fixture
def arm(cloud: Cloud) -> Client:
    return cloud.client()


@pytest.fixture
async def group(arm: Client) -> str:
    answer = await arm.put(GROUP, {"location": "westeurope"}, GROUPS_API)
    assert answer.status_code == 201
    return GROUP


@pytest.fixture
async def widget(arm: Client, group: str) -> str:
    answer = await arm.put(WIDGET, {"location": "westeurope", "properties": {"colour": "Red", "size": 2}})
    assert answer.status_code == 201
    return WIDGET
