"""A project of 50,000 images is listed, counted and emptied; what a page takes does not depend on their number."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from emulator.custom_vision.store.database import Database
from emulator.custom_vision.store.images import Images
from emulator.custom_vision.store.tags import Tags
from tests.emulator.custom_vision.openapi import OpenApi
from tests.emulator.custom_vision.studio import Studio, project, tag

COUNT: Final = 50_000
PAGE: Final = 256
MOST_BYTES: Final = 8 * 1024 * 1024
"""A page as rows, objects, JSON and text; 50,000 images would be 100 MiB."""


def fill(folder: Path, path: str, id: str) -> None:
    """Add rows as uploads do, which would take minutes; every other image has the tag."""
    database = Database(folder / "custom_vision" / "custom_vision.sqlite")
    images, tags, now = Images(database), Tags(database), datetime(2026, 1, 1, tzinfo=UTC)
    with database.transaction():
        for number in range(COUNT):
            image = images.create(path.removeprefix("projects/"), f"{number:064}", 640, 480, {"n": str(number)}, now)
            if number % 2:
                tags.attach(image.id, [id], now)
    database.close()


async def test_many_images_are_paged_through_in_constant_memory_and_emptied(
    tmp_path: Path, openapi: OpenApi | None
) -> None:
    studio = await Studio.open(tmp_path, openapi=openapi)
    await studio.account("train", "Training")
    async with studio.training() as client:
        path = await project(client)
        id = await tag(client, path, "odd")
        fill(tmp_path, path, id)
        assert (await client.get(f"{path}/images/count")).json() == COUNT
        assert (await client.get(f"{path}/images/tagged/count", params={"tagIds": id})).json() == COUNT // 2
        seen: list[str] = []
        for skip in (0, COUNT // 2, COUNT - PAGE):
            query = {"take": str(PAGE), "skip": str(skip), "orderBy": "Oldest"}
            await client.get(f"{path}/images", params=query)  # what is cached is not counted
            tracemalloc.start()
            page = (await client.get(f"{path}/images", params=query)).json()
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < MOST_BYTES
            assert [image["metadata"]["n"] for image in page] == [str(n) for n in range(skip, skip + PAGE)]
            seen.extend(image["id"] for image in page)
        assert len(set(seen)) == 3 * PAGE
        found = (await client.get(f"{path}/images", params={"$filter": "metadata=n eq '31415'"})).json()
        assert len(found) == 1
        assert (await client.delete(f"{path}/images", params={"allImages": "true"})).status_code == 202
        assert (await client.get(f"{path}/images/count")).json() == 0
        assert (await client.get(f"{path}/tags/{id}")).json()["imageCount"] == 0
    await studio.close()
