"""What survives: restarts of Azurite under load, a crash of it, a killed emulator, two emulators over one folder."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from azure.storage.blob import BlobServiceClient

from emulator.clock import SystemClock
from emulator.storage.azurite import Azurite, AzuriteError
from tests.emulator.storage.clouds import Cloud

KEYS = {"images0001": ("a2V5b25l", "a2V5dHdv")}


def test_no_request_is_lost_while_accounts_change(cloud: Cloud, account: str, container: str) -> None:
    blobs = cloud.client(account).get_container_client(container)
    ended = threading.Event()
    failures: list[Exception] = []
    written: list[str] = []

    def write() -> None:
        while not ended.is_set():
            name = f"{threading.get_ident()}-{len(written)}"
            try:
                blobs.upload_blob(name, b"x" * 10_000)
                written.append(name)
            except Exception as error:
                failures.append(error)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    for number in range(3):
        cloud.put_account(f"added{number}")
    ended.set()
    for writer in writers:
        writer.join()
    assert failures == []
    assert {blob.name for blob in blobs.list_blobs()} == set(written)
    assert len(written) > 3


def test_what_was_acknowledged_is_there_after_a_restart(tmp_path: Path) -> None:
    with Cloud(tmp_path, SystemClock()).running() as cloud:
        cloud.put_account("lasting")
        cloud.put_container("lasting", "data")
        key = cloud.key("lasting")
        cloud.client("lasting").get_blob_client("data", "a").upload_blob(b"kept")
    with Cloud(tmp_path, SystemClock()).running() as cloud:
        assert cloud.key("lasting") == key
        assert cloud.client("lasting").get_blob_client("data", "a").download_blob().readall() == b"kept"
        assert cloud.arm.delete(cloud.account_id("lasting")).status_code == 200


def test_secrets_lie_in_files_of_the_owner_alone(cloud: Cloud, account: str) -> None:
    key = cloud.key(account)
    holders = [
        path
        for path in cloud.folder.rglob("*")
        if path.is_file() and path.stat().st_size < 1_000_000 and key.encode() in path.read_bytes()
    ]
    assert holders
    assert {oct(path.stat().st_mode & 0o777) for path in holders} == {"0o600"}


async def test_an_azurite_that_crashed_is_started_again_by_the_next_request(tmp_path: Path) -> None:
    azurite = Azurite(tmp_path)
    await azurite.serve(KEYS)
    first = azurite.process_id
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await _until_ended(azurite)
    async with azurite.session() as url, httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{url}/images0001/data/b")).headers["server"].startswith("Azurite")
    assert azurite.process_id not in (None, first)
    await azurite.stop()


async def test_serving_the_same_accounts_again_changes_nothing(tmp_path: Path) -> None:
    azurite = Azurite(tmp_path)
    await azurite.serve(KEYS)
    before = azurite.process_id
    await azurite.serve(dict(KEYS))
    assert azurite.process_id == before
    await azurite.stop()


async def test_without_accounts_there_is_nothing_to_ask(tmp_path: Path) -> None:
    azurite = Azurite(tmp_path)
    await azurite.serve({})
    with pytest.raises(AzuriteError, match="no storage account"):
        async with azurite.session():
            pass


async def test_a_second_emulator_over_the_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.storage.azurite._LOCK_SECONDS", 1)
    first, second = Azurite(tmp_path), Azurite(tmp_path)
    await first.serve(KEYS)
    with pytest.raises(AzuriteError, match="in use by another emulator"):
        await second.serve(KEYS)
    await first.stop()


KILLED = """
import asyncio, pathlib, sys
from azure.storage.blob import BlobServiceClient
from emulator.storage.azurite import Azurite

async def main():
    azurite = Azurite(pathlib.Path(sys.argv[1]))
    await azurite.serve({"images0001": ("a2V5b25l", "a2V5dHdv")})
    async with azurite.session() as url:
        credential = {"account_name": "images0001", "account_key": "a2V5b25l"}
        service = BlobServiceClient(f"{url}/images0001", credential=credential)
        await asyncio.to_thread(service.create_container, "data")
        await asyncio.to_thread(service.get_blob_client("data", "a").upload_blob, b"kept")
    print(azurite.process_id, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_a_killed_emulator_leaves_no_process_and_loses_no_blob(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as emulator:
        assert emulator.stdout is not None
        orphan = int(emulator.stdout.readline())
        emulator.kill()
    assert asyncio.run(_read_after_the_orphan(tmp_path)) == b"kept"
    assert _has_ended(orphan)


async def _read_after_the_orphan(folder: Path) -> bytes:
    azurite = Azurite(folder)
    await azurite.serve(KEYS)  # Waits for the orphan to end.
    async with azurite.session() as url:
        credential = {"account_name": "images0001", "account_key": "a2V5b25l"}
        with BlobServiceClient(f"{url}/images0001", credential=credential, retry_total=0) as service:
            content = service.get_blob_client("data", "a").download_blob().readall()
    await azurite.stop()
    return content


def _has_ended(process: int) -> bool:
    """Gone, or a zombie where nobody collects orphans."""
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z"


async def _until_ended(azurite: Azurite) -> None:
    deadline = time.monotonic() + 10
    while azurite.process_id is not None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
