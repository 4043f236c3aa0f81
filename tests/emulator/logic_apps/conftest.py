from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.emulator.logic_apps.endpoint import Endpoint, serving
from tests.emulator.logic_apps.running import Service


@pytest.fixture
async def service(tmp_path: Path) -> AsyncGenerator[Service]:
    made = Service(tmp_path / "logic_apps")
    await made.logic_apps.start()
    yield made
    await made.logic_apps.stop()


@pytest.fixture
async def online(tmp_path: Path) -> AsyncGenerator[Service]:
    """A service whose calls are real."""
    made = Service(tmp_path / "logic_apps", network=True)
    await made.logic_apps.start()
    yield made
    await made.logic_apps.stop()


@pytest.fixture
async def endpoint() -> AsyncGenerator[Endpoint]:
    async with serving() as found:
        yield found
