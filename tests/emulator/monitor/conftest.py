from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from emulator.clock import ManualClock
from tests.emulator.monitor.clouds import GROUP, WORKFLOW, Cloud
from tests.emulator.monitor.log_clients import Logs


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncGenerator[Cloud]:
    """A monitor with a resource group and a workflow in it, at noon."""
    cloud = Cloud(tmp_path, ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC)))
    await cloud.start()
    await cloud.put(GROUP, {"location": "westeurope"})
    await cloud.put(WORKFLOW, {"location": "westeurope", "properties": {}})
    yield cloud
    await cloud.stop()


@pytest.fixture
async def logs(cloud: Cloud) -> AsyncGenerator[Logs]:
    """A workspace with a table that rows can be sent to."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(cloud.monitor.app)) as http:
        logs = Logs(cloud, http)
        await logs.deploy()
        yield logs
