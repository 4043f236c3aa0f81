from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.workflows.monitoring.records import Records


@pytest.fixture
def records(tmp_path: Path) -> Generator[Records]:
    records = Records(tmp_path)
    yield records
    records.close()
