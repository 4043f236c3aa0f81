from collections.abc import Generator
from pathlib import Path

import pytest

from tests.workflows.faults.impatient import impatient_world
from tests.workflows.faults.pasts import Pasts


@pytest.fixture(scope="session")
def pasts(tmp_path_factory: pytest.TempPathFactory) -> Generator[Pasts]:
    """What projects may have lived through, in an emulator in which nobody waits long for the next try."""
    with impatient_world(Path(tmp_path_factory.mktemp("impatient")) / "home") as world:
        yield Pasts(world)
