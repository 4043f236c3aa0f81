"""What was acknowledged is there after the service was killed."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.emulator.custom_vision.studio import Studio, png


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
