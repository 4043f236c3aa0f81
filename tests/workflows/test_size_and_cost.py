"""What a run costs, and how large it becomes, as the number of its images grows."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from emulator.logic_apps import limits
from emulator.logic_apps.standalone.result import NOT_RUN, SKIPPED, RunResult
from emulator.testing.workflow_runs import LoadedWorkflow
from tests.workflows.mocked import ACCEPTED, COPIED, TRAINED, added, json_of, listing, retrain

MOST_IMAGES = 5000
"""What maximumImagesPerRun may be at most."""
BATCH = 64
HOUR = 3600


def train_with(loaded: LoadedWorkflow, names: list[str]) -> RunResult:
    """Run with so many new images of two labels, all of which are taken; trained and published."""
    batches = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]
    answers = {
        **TRAINED,
        "List_a_page": with_hashes(listing(*names)),
        "Add_the_images": [json_of({"images": [added(name) for name in batch]}) for batch in batches],
        "Copy_to_processed": COPIED,
        "Delete_the_processed": ACCEPTED,
    }
    found = retrain(loaded, answers, settings={"maximumImagesPerRun": MOST_IMAGES})
    assert (found.status, len(found.calls_of("Delete_the_processed"))) == ("Succeeded", len(names))
    return found


def with_hashes(page: dict[str, Any]) -> dict[str, Any]:
    """Return a listing in which each image has a hash as long as the service's, another one for each name."""

    def hashed(found: re.Match[str]) -> str:
        return f"<Content-MD5>{base64.b64encode(hashlib.md5(found[1].encode()).digest()).decode()}</Content-MD5>"

    return {**page, "body": re.sub("<Content-MD5>(.*?)</Content-MD5>", hashed, page["body"])}


def images(count: int, rest: str = ".png") -> list[str]:
    return [f"{('red', 'blue')[number % 2]}/{number:04}{rest}" for number in range(count)]


def billed(found: RunResult) -> int:
    """Return how many actions were executed: each is billed, also those that fail, and those that were skipped not."""
    every = [repetition for action in found.actions.values() for repetition in action.repetitions]
    return sum(repetition.status not in (SKIPPED, NOT_RUN) for repetition in every)


def test_an_image_costs_two_actions_and_a_batch_one(loaded: LoadedWorkflow):
    small, large = train_with(loaded, images(BATCH)), train_with(loaded, images(4 * BATCH))
    assert billed(large) - billed(small) == 2 * 3 * BATCH + 3


def test_a_run_of_a_thousand_images_that_trains_and_publishes_costs_what_the_documentation_says(loaded: LoadedWorkflow):
    assert billed(train_with(loaded, images(1000))) <= 2_280


def test_the_largest_run_stays_below_the_service_s_limits_with_the_longest_names(loaded: LoadedWorkflow):
    longest = "€" * (1024 - len("blue/0000.png")) + ".png"
    few, many = (sizes(train_with(loaded, images(count, longest))) for count in (20, 60))
    growth = {action: (many[action] - few[action]) / 40 for action in many}
    reckoned = {action: few[action] + growth[action] * (MOST_IMAGES - 20) for action in many}
    assert {action: size for action, size in reckoned.items() if size > limits.CONTENT_BYTES / 1.5} == {}


def sizes(found: RunResult) -> dict[str, int]:
    """Return the bytes of the larger of inputs and outputs of each action."""
    return {
        name: max(
            (
                len(json.dumps(part, ensure_ascii=False).encode())
                for each in action.repetitions
                for part in (each.inputs, each.outputs)
            ),
            default=0,
        )
        for name, action in found.actions.items()
    }


def test_a_training_of_twenty_hours_is_waited_for_with_few_looks(loaded: LoadedWorkflow):
    looks = [json_of({"status": "Training"})] * 1700 + [json_of({"status": "Completed", "name": "Iteration new"})]
    answers = {**TRAINED, "Look_at_the_iteration": looks}
    found = retrain(loaded, answers, parameters={"trainingPollSeconds": 10})
    assert (found.status, len(found.calls_of("Look_at_the_iteration"))) == ("Succeeded", 1701)
    assert 20 * HOUR < found.seconds < 21 * HOUR


def test_a_short_training_is_looked_at_as_often_as_the_settings_say(loaded: LoadedWorkflow):
    looks = [json_of({"status": "Training"})] * 99 + [json_of({"status": "Completed", "name": "Iteration new"})]
    found = retrain(loaded, {**TRAINED, "Look_at_the_iteration": looks}, parameters={"trainingPollSeconds": 10})
    waits = {repetition.inputs["interval"]["count"] for repetition in found.actions["Pause"].repetitions}
    assert waits == {10}
