from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from emulator.clock import SystemClock
from tests.emulator.storage.clouds import Cloud

ACCOUNT = "images0001"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One storage service for all tests, with one account; each test has a container of its own."""
    with Cloud(tmp_path_factory.mktemp("storage"), SystemClock()).running() as running:
        running.put_account(ACCOUNT)
        yield running


@pytest.fixture
def account(cloud: Cloud) -> str:
    """The account that tests share; they do not change it."""
    return ACCOUNT


@pytest.fixture
def container(cloud: Cloud, account: str) -> str:
    """A container without blobs."""
    name = f"c-{uuid.uuid4().hex}"
    cloud.put_container(account, name)
    return name


@pytest.fixture
def scope(cloud: Cloud, account: str, container: str) -> str:
    """The container's id, at which roles are checked."""
    return f"{cloud.account_id(account)}/blobServices/default/containers/{container}"
