"""What was acknowledged is there after the service was killed."""

from __future__ import annotations

import base64
import shutil
import threading
import time
from pathlib import Path
from typing import Final

import httpx

from tests.emulator.custom_vision.alone import Alone
from tests.emulator.custom_vision.studio import Studio, png

OCTETS: Final = {"Content-Type": "application/octet-stream"}


async def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    """The files as they are while the service runs are what is there after a kill."""
    studio = await Studio.open(tmp_path / "killed")
    await studio.account("train", "Training")
    async with studio.training() as client:
        made = (await client.post("projects", params={"name": "p"})).json()
        body = {"Content-Type": "application/octet-stream"}
        added = (await client.post(f"projects/{made['id']}/images", content=png(1), headers=body)).json()
    shutil.copytree(tmp_path / "killed", tmp_path / "found")
    await studio.close()
    found = await Studio.open(tmp_path / "found")
    found.keys.update(studio.keys)
    async with found.training() as client:
        assert [each["id"] for each in (await client.get("projects")).json()] == [made["id"]]
        (image,) = (await client.get(f"projects/{made['id']}/images")).json()
        assert image["id"] == added["images"][0]["image"]["id"]
    async with found.web() as web:
        assert (await web.get(image["originalImageUri"])).content == png(1)
    await found.close()


def test_killed_while_uploading_and_training_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """A real process, killed with SIGKILL while images come in and a training is under way."""
    emulator = Alone(tmp_path / "home")
    emulator.start(["--time-scale", "1"])  # the training is sure to be under way when the process is killed
    training = emulator.account("train", "Training")
    client = httpx.Client(
        base_url=f"{training.endpoint}customvision/v3.3/training/", headers={"Training-Key": training.key}
    )
    try:
        made = client.post("projects", params={"name": "p", "classificationType": "Multiclass"}).json()
        path = f"projects/{made['id']}"
        for number, colour in enumerate(("red", "blue")):
            id = client.post(f"{path}/tags", params={"name": colour}).json()["id"]
            images = [
                {"contents": base64.b64encode(png(100 * number + seed, colour)).decode(), "tagIds": [id]}
                for seed in range(30)
            ]
            assert client.post(f"{path}/images/files", json={"images": images}).json()["isBatchSuccessful"]
        iteration = client.post(f"{path}/train").raise_for_status().json()["id"]
        acknowledged: dict[str, bytes] = {}
        enough = threading.Event()
        killer = threading.Thread(target=lambda: (enough.wait(60), emulator.kill()))
        killer.start()
        try:
            while True:
                data = png(1_000 + len(acknowledged))
                answer = client.post(f"{path}/images", content=data, headers=OCTETS)
                if answer.status_code == 200:
                    acknowledged[answer.json()["images"][0]["image"]["id"]] = data
                if len(acknowledged) == 5:
                    enough.set()
        except httpx.TransportError:
            killer.join()
        assert len(acknowledged) >= 5
        emulator.start()
        found = {image["id"]: image for image in client.get(f"{path}/images", params={"take": 256}).json()}
        assert client.get(f"{path}/images/tagged/count").json() == 60
        for id, data in acknowledged.items():
            assert httpx.get(found[id]["originalImageUri"]).content == data
        deadline = time.monotonic() + 60
        while (status := client.get(f"{path}/iterations/{iteration}").json()["status"]) == "Training":
            assert time.monotonic() < deadline, "the training is stuck"
            time.sleep(0.5)
        assert status == "Completed"
    finally:
        client.close()
        emulator.stop()


async def test_what_a_kill_left_half_done_is_cleared_away_and_nothing_else(tmp_path: Path) -> None:
    studio = await Studio.open(tmp_path)
    await studio.account("train", "Training")
    async with studio.training() as client:
        made = (await client.post("projects", params={"name": "p"})).json()
        path = f"projects/{made['id']}/images"
        added = (await client.post(path, content=png(1), headers=OCTETS)).json()
        again = (await client.post(path, content=png(1), headers=OCTETS)).json()
        assert again["images"][0]["status"] == "OKDuplicate", "its file is not kept"
    await studio.close()
    folder = tmp_path / "custom_vision" / "projects" / made["id"] / "images"
    kept = added["images"][0]["image"]["id"]
    assert [file.name for file in folder.iterdir()] == [kept]
    (folder / "99999999-9999-4999-8999-999999999999.part").write_bytes(b"half")
    restarted = await Studio.open(tmp_path)
    await restarted.close()
    assert [file.name for file in folder.iterdir()] == [kept]
