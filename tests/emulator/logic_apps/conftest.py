from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.emulator.logic_apps.running import Service


@pytest.fixture
async def service(tmp_path: Path) -> AsyncGenerator[Service]:
    made = Service(tmp_path / "logic_apps")
    await made.logic_apps.start()
    yield made
    await made.logic_apps.stop()
