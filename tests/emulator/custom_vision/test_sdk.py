"""Microsoft's Python SDK, as its quickstart uses it, against Custom Vision served alone.

https://learn.microsoft.com/azure/ai-services/custom-vision-service/quickstarts/image-classification
"""

from __future__ import annotations

import functools
import http.server
import threading
import time
import uuid
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from azure.cognitiveservices.vision.customvision.prediction import CustomVisionPredictionClient
from azure.cognitiveservices.vision.customvision.training import CustomVisionTrainingClient
from azure.cognitiveservices.vision.customvision.training.models import (
    CustomVisionErrorException,
    ImageFileCreateBatch,
    ImageFileCreateEntry,
    ImageUrlCreateBatch,
    ImageUrlCreateEntry,
)
from msrest.authentication import ApiKeyCredentials

from tests.emulator.custom_vision.alone import Alone, Resource, alone
from tests.emulator.custom_vision.studio import png

TREES = {"Hemlock": "darkgreen", "Japanese Cherry": "pink"}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Generator[Alone]:
    with alone(tmp_path_factory.mktemp("sdk") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def accounts(emulator: Alone) -> tuple[Resource, Resource]:
    return emulator.account("quickstart-training", "Training"), emulator.account("quickstart-prediction", "Prediction")


@pytest.fixture
def website(tmp_path: Path) -> Generator[str]:
    """The second half of the pictures on a web server."""
    for tree, colour in TREES.items():
        for number in range(21, 41):
            (tmp_path / f"{tree.split()[0]}_{number}.png").write_bytes(png(hash_free(tree, number), colour))
    handler = functools.partial(Quiet, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def hash_free(tree: str, number: int) -> int:
    """A seed that is the same in every process."""
    return 1_000 * len(tree) + number


def test_the_quickstart_runs_unchanged(accounts: tuple[Resource, Resource], website: str) -> None:
    training, prediction = accounts
    # The SDK declares for every answer that it may be None or a raw response, which none of these is.
    credentials = ApiKeyCredentials(in_headers={"Training-key": training.key})
    trainer: Any = CustomVisionTrainingClient(training.endpoint, credentials)
    prediction_credentials = ApiKeyCredentials(in_headers={"Prediction-key": prediction.key})
    predictor: Any = CustomVisionPredictionClient(prediction.endpoint, prediction_credentials)
    publish_iteration_name = "classifyModel"

    project = trainer.create_project(str(uuid.uuid4()))
    tags = {tree: trainer.create_tag(project.id, tree) for tree in TREES}

    image_list = [
        ImageFileCreateEntry(
            name=f"{tree}_{number}.png",
            contents=bytearray(png(hash_free(tree, number), colour)),
            tag_ids=[tags[tree].id],
        )
        for tree, colour in TREES.items()
        for number in range(1, 21)
    ]
    upload_result = trainer.create_images_from_files(project.id, ImageFileCreateBatch(images=image_list))
    assert upload_result.is_batch_successful, [image.status for image in upload_result.images]
    urls = [
        ImageUrlCreateEntry(url=f"{website}/{tree.split()[0]}_{number}.png", tag_ids=[tags[tree].id])
        for tree in TREES
        for number in range(21, 41)
    ]
    assert trainer.create_images_from_urls(project.id, ImageUrlCreateBatch(images=urls)).is_batch_successful
    assert trainer.get_tagged_image_count(project.id) == 80

    iteration = trainer.train_project(project.id)
    while iteration.status != "Completed":
        assert iteration.status == "Training"
        iteration = trainer.get_iteration(project.id, iteration.id)
        time.sleep(0.5)  # the quickstart waits longer; less would be throttled, as 10 calls a second are allowed
    assert trainer.get_iteration_performance(project.id, iteration.id, threshold=0.5).precision > 0.9

    trainer.publish_iteration(project.id, iteration.id, publish_iteration_name, prediction.id)
    for tree, colour in TREES.items():
        results = predictor.classify_image(project.id, publish_iteration_name, png(77_000, colour))
        assert results.predictions[0].tag_name == tree
        by_url = predictor.classify_image_url_with_no_store(
            project.id, publish_iteration_name, f"{website}/{tree.split()[0]}_21.png"
        )
        assert by_url.predictions[0].tag_name == tree
    with pytest.raises(CustomVisionErrorException, match="Iteration is already published as: classifyModel"):
        trainer.publish_iteration(project.id, iteration.id, publish_iteration_name, prediction.id)

    trainer.unpublish_iteration(project.id, iteration.id)
    trainer.delete_project(project.id)
    assert project.id not in [each.id for each in trainer.get_projects()]
