from collections.abc import Generator
from pathlib import Path

import pytest

from emulator.testing.coverage import Coverage
from emulator.testing.stored_runs import stored_runs
from tests.security.program import ProgramRetraining, ProgramWorld


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory, workflow_coverage: Coverage) -> Generator[ProgramWorld]:
    """The program on an emulator in this process, for all tests that leave its roles and keys as they found them."""
    made = ProgramWorld(Path(tmp_path_factory.mktemp("program")) / "home")
    try:
        made.start()
        yield made
    finally:
        made.stop()
    _, secrets = made.home.load()
    for run in stored_runs(made.home.database / "logic_apps", secrets.state_encryption_key, made.clock):
        workflow_coverage.add(run.name, "the emulator", run.definition, run.records, run.iterations)


@pytest.fixture
def retraining(program: ProgramWorld) -> Generator[ProgramRetraining]:
    """The program's workflows, past their first run, with a day's trainings before them."""
    made = ProgramRetraining(program)
    if "locks/retrain.json" not in made.names("artifacts"):
        assert made.run("manual").status == "Succeeded"
    made.forget_trainings()
    yield made
    program.transport.intercept = lambda request: None
