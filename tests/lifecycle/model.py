"""What people and runs put into a project: images, a trained iteration, a published model."""

from __future__ import annotations

import base64
import io
import time
from dataclasses import dataclass

import httpx
from PIL import Image

from emulator.resource_manager import ResourceManager
from tests.lifecycle.cloud import training

LABELS = {"sky": (90, 150, 230), "grass": (60, 160, 60)}
IMAGES_PER_LABEL = 5
PUBLISH_NAME = "production"
_POLL_SECONDS = 0.5
"""Ten calls a second are all that the training API takes."""


@dataclass(frozen=True)
class Model:
    """A project with images of two labels, and the iteration that was trained with them."""

    project: str
    iteration: str


def new_project(arm: ResourceManager, account: str) -> str:
    """Make a project by hand, and return its id."""
    with training(arm, account) as client:
        made = client.post("projects", params={"name": "made by hand", "classificationType": "Multiclass"})
        return made.raise_for_status().json()["id"]


def published(arm: ResourceManager, account: str, prediction: str, project: str) -> Model:
    """Put images into the project, train it, and publish the iteration."""
    model = trained(arm, account, project)
    with training(arm, account) as client:
        publish(client, project, model.iteration, prediction)
    return model


def trained(arm: ResourceManager, account: str, project: str) -> Model:
    """Put images into the project, and train it."""
    with training(arm, account) as client:
        for label, colour in LABELS.items():
            tag = client.post(f"projects/{project}/tags", params={"name": label}).raise_for_status().json()["id"]
            images = [
                {"name": f"{label}-{size}", "contents": picture(size, colour)} for size in range(IMAGES_PER_LABEL)
            ]
            body = {"images": images, "tagIds": [tag]}
            client.post(f"projects/{project}/images/files", json=body).raise_for_status()
        iteration = client.post(f"projects/{project}/train").raise_for_status().json()["id"]
        while iteration_of(client, project, iteration)["status"] != "Completed":
            time.sleep(_POLL_SECONDS)
    return Model(project, iteration)


def publish(client: httpx.Client, project: str, iteration: str, prediction: str) -> None:
    place = {"publishName": PUBLISH_NAME, "predictionId": prediction}
    client.post(f"projects/{project}/iterations/{iteration}/publish", params=place).raise_for_status()


def unpublish(client: httpx.Client, project: str, iteration: str) -> None:
    client.delete(f"projects/{project}/iterations/{iteration}/publish").raise_for_status()


def iteration_of(client: httpx.Client, project: str, iteration: str) -> dict[str, str]:
    return client.get(f"projects/{project}/iterations/{iteration}").raise_for_status().json()


def picture(number: int, colour: tuple[int, int, int]) -> str:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), tuple(part + number for part in colour)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
