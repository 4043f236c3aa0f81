from collections.abc import Iterator

import pytest

from tests.lifecycle.rehearsal import Rehearsal, rehearsal


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """An emulator for the tests of one module, on which nothing is deployed."""
    with rehearsal(tmp_path_factory.mktemp("stage")) as made:
        yield made
