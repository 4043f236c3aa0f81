from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.emulator.portal.running import Emulation
from tests.emulator.portal.scripted import ScriptedPortal


@pytest.fixture
async def emulation(tmp_path: Path) -> AsyncGenerator[Emulation]:
    emulation = Emulation(tmp_path)
    await emulation.start()
    yield emulation
    await emulation.stop()


@pytest.fixture
async def scripted() -> AsyncGenerator[ScriptedPortal]:
    scripted = ScriptedPortal()
    yield scripted
    await scripted.close()
