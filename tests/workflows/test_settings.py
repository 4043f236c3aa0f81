"""settings.json: what it changes, and what becomes of a wrong one."""

from __future__ import annotations

from typing import Any

import pytest
from azure.storage.blob import ContentSettings

from tests.workflows.world import DEPLOYED, Retraining, merged, pictures

FIRST = merged([pictures("red", 8), pictures("blue", 8)])


def test_without_a_file_the_deployed_settings_hold(retraining: Retraining):
    retraining.upload(pictures("red", 5))
    run = retraining.run()
    assert run.manifest is not None
    assert run.manifest["settings"] == DEPLOYED


@pytest.mark.parametrize("content_type", ["application/json", "application/octet-stream", "text/plain"])
def test_a_member_of_the_file_wins_whatever_its_content_type(retraining: Retraining, content_type: str):
    settings = ContentSettings(content_type=content_type)
    retraining.container("artifacts").upload_blob(
        "settings.json", b'{"minimumImagesPerTag": 9}', content_settings=settings
    )
    retraining.upload(FIRST)
    run = retraining.run()
    assert run.manifest is not None
    assert run.manifest["settings"] == {**DEPLOYED, "minimumImagesPerTag": 9}
    assert run.manifest["reason"] == "blue has 8 of 9 images, red has 8 of 9 images"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"minimumNewImages": 0}, ["minimumNewImages", "0"]),
        ({"automaticTraining": "yes"}, ["automaticTraining", "yes", "boolean"]),
        ({"trainingType": "Fast"}, ["trainingType", "Fast", "Regular"]),
        ({"minimumNewImage": 3}, ["minimumNewImage", "unexpected"]),
        (
            {"trainingType": "Advanced"},
            ["reservedBudgetHours is 0; allowed: 1 to 24, because trainingType is Advanced"],
        ),
        ("[]", ["settings.json is not valid", "object"]),
        ('{"minimumNewImages": 3', ["settings.json is not JSON"]),
    ],
)
def test_a_wrong_file_fails_the_run_before_anything_is_moved(retraining: Retraining, settings: Any, words: list[str]):
    retraining.configure(settings)
    retraining.upload(FIRST)
    run = retraining.run()
    assert run.status == "Failed"
    assert run.error is not None
    assert run.error["message"].startswith("Configure failed: ")
    assert [word for word in words if word not in run.error["message"]] == []
    assert run.manifest is not None
    assert run.manifest["reason"] == run.error["message"]
    assert retraining.names("training") == sorted(FIRST)
    assert retraining.project_api("GET", "tags") == []


def test_a_run_after_the_file_was_mended_takes_everything(retraining: Retraining):
    retraining.configure({"minimumNewImages": 0})
    retraining.upload(FIRST)
    assert retraining.run().status == "Failed"
    retraining.configure({"minimumNewImages": 1})
    run = retraining.run()
    assert run.manifest is not None
    assert run.manifest["decision"] == "published"


@pytest.mark.parametrize("body", [{"force": True}, {"force": True, "who": "anna"}, {"force": True, "why": " "}])
def test_force_without_who_and_why_is_refused(retraining: Retraining, body: dict[str, Any]):
    retraining.upload(FIRST)
    run = retraining.ask(body)
    assert run.status == "Failed"
    assert run.error is not None
    assert "who and why have to be in it" in run.error["message"]
    assert retraining.names("training") == sorted(FIRST)
