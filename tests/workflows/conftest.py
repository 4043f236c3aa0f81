import itertools
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from emulator.testing.coverage import Coverage
from emulator.testing.stored_runs import stored_runs
from emulator.testing.workflow_runs import LoadedWorkflow, WorkflowLoader
from tests.workflows.mocked import WORKFLOWS
from tests.workflows.world import Retraining, World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, workflow_coverage: Coverage) -> Generator[World]:
    """One emulator for all tests of a process; what its runs reached counts for the workflows' coverage."""
    made = World(Path(tmp_path_factory.mktemp("world")) / "home")
    made.start()
    yield made
    made.arm.close()
    made.stop()
    _, secrets = made.home.load()
    for run in stored_runs(made.home.database / "logic_apps", secrets.state_encryption_key, made.clock):
        workflow_coverage.add(run.name, "the emulator", run.definition, run.records, run.iterations)


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


@pytest.fixture
def loaded(workflow: WorkflowLoader) -> LoadedWorkflow:
    """The retraining, to be run on mocked answers."""
    return workflow.load(WORKFLOWS / "retrain")


@pytest.fixture
def rollback(workflow: WorkflowLoader) -> LoadedWorkflow:
    return workflow.load(WORKFLOWS / "rollback")
