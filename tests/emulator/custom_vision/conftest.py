from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import httpx
import pytest

from tests.emulator.custom_vision import openapi as specification
from tests.emulator.custom_vision.gallery import COLOURS, Model, Trained
from tests.emulator.custom_vision.openapi import OpenApi
from tests.emulator.custom_vision.studio import ACCOUNTS, COMPACT, Studio, png, project, tag, trained, upload
from tests.emulator.custom_vision.target import Target


@pytest.fixture(scope="session")
def openapi() -> OpenApi | None:
    return specification.load()


@pytest.fixture
async def studio(tmp_path: Path, openapi: OpenApi | None) -> AsyncGenerator[Studio]:
    studio = await Studio.open(tmp_path, openapi=openapi)
    await studio.account("train", "Training")
    await studio.account("predict", "Prediction")
    yield studio
    await studio.close()


@pytest.fixture
async def training(studio: Studio) -> AsyncGenerator[httpx.AsyncClient]:
    async with studio.training() as client:
        yield client


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The folder of a service that has trained; each test gets a copy, as after a restart."""
    folder = tmp_path_factory.mktemp("trained")

    async def train() -> Trained:
        studio = await Studio.open(folder)
        await studio.account("train", "Training")
        await studio.account("predict", "Prediction")
        async with studio.training() as client:
            path = await project(client, classificationType="Multiclass", domainId=COMPACT)
            tags = {colour: await tag(client, path, colour) for colour in COLOURS}
            for number, colour in enumerate(COLOURS):
                images = [png(100 * number + seed, colour) for seed in range(8)]
                assert (await upload(client, path, images, [tags[colour]])).status_code == 200
            iteration = (await client.post(f"{path}/train")).json()["id"]
            assert (await trained(client, path, iteration))["status"] == "Completed"
        await studio.close()
        return Trained(folder, Model(path, iteration, tags), studio.keys)

    return asyncio.run(train())


@pytest.fixture
async def gallery(tmp_path: Path, trained_folder: Trained, openapi: OpenApi | None) -> AsyncGenerator[Studio]:
    """A studio whose project has a trained iteration."""
    shutil.copytree(trained_folder.folder, tmp_path, dirs_exist_ok=True)
    studio = await Studio.open(tmp_path, openapi=openapi)
    studio.keys.update(trained_folder.keys)
    yield studio
    await studio.close()


@pytest.fixture
def model(trained_folder: Trained) -> Model:
    return trained_folder.model


@pytest.fixture
async def trainer(gallery: Studio) -> AsyncGenerator[httpx.AsyncClient]:
    async with gallery.training() as client:
        yield client


@pytest.fixture
async def predictor(gallery: Studio) -> AsyncGenerator[httpx.AsyncClient]:
    async with gallery.prediction() as client:
        yield client


@pytest.fixture
async def published(trainer: httpx.AsyncClient, model: Model) -> str:
    """The name under which the trained iteration is published."""
    name = "Training UnitTest Iteration"
    answer = await trainer.post(
        f"{model.path}/iterations/{model.iteration}/publish",
        params={"publishName": name, "predictionId": f"{ACCOUNTS}/predict"},
    )
    assert answer.json() is True
    return name


@pytest.fixture(scope="module")
def target(
    tmp_path_factory: pytest.TempPathFactory, trained_folder: Trained, openapi: OpenApi | None
) -> Generator[Target]:
    target = Target(tmp_path_factory.mktemp("target"), trained_folder, openapi)
    yield target
    target.close()
