import itertools
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.world import Retraining, World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    """One emulator for all tests of a process."""
    with pytest.MonkeyPatch.context() as patch:
        # Several processes test at once: none takes the default ports.
        patch.setattr("emulator.home._free", lambda port: False)
        made = World(Path(tmp_path_factory.mktemp("world")) / "home")
        made.start()
    yield made
    made.arm.close()
    made.stop()


NUMBERS = itertools.count(1)


@pytest.fixture
def make_retraining(world: World) -> Generator[Callable[..., Retraining]]:
    """Make a project with its containers and workflow; keyword arguments are workflow parameters."""

    def make(**settings: Any) -> Retraining:
        return Retraining(world, f"t{next(NUMBERS)}", **settings)

    yield make
    world.transport.intercept = lambda request: None


@pytest.fixture
def retraining(make_retraining: Callable[..., Retraining]) -> Retraining:
    return make_retraining()
