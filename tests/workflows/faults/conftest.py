from collections.abc import Generator
from pathlib import Path

import pytest

from tests.workflows.faults.scenarios import ImpatientClock
from tests.workflows.world import World


@pytest.fixture(scope="session")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    """An emulator in which nobody waits long for the next try."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emulator.home._free", lambda port: False)
        made = World(Path(tmp_path_factory.mktemp("impatient")) / "home", ImpatientClock())
        made.start()
    yield made
    made.arm.close()
    made.stop()
