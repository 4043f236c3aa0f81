"""A deployed stack as its user sees it: images go in, runs happen, a published model answers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from emulator.demo.images import LabelledImage
from emulator.resource_manager import ResourceManager

STORAGE_API_VERSION = "2024-01-01"
COGNITIVE_SERVICES_API_VERSION = "2025-06-01"
LOGIC_API_VERSION = "2019-05-01"

_BLOB_SERVICE_VERSION = "2025-11-05"
"""The newest that Azurite knows; the client library's own default is newer."""

Item = TypeVar("Item")
Result = TypeVar("Result")

_TRIGGER = "When_a_blob_is_added_or_modified"
_UNFINISHED = frozenset({"Waiting", "Running", "Paused", "Suspended"})
_PARALLEL_CALLS = 8
_THROTTLED = 429
"""The prediction API of an S0 account takes 20 calls a second without storing (limits-and-quotas)."""
_POLL_SECONDS = 0.25


class RetrainingError(Exception):
    """The stack did not do what it is there for; the message says what to look at."""


@dataclass(frozen=True)
class Upload:
    """A file and the name of its blob in the training container."""

    name: str
    path: Path


@dataclass(frozen=True)
class FinishedAction:
    """One action of a run, as the run history has it; `repetitions` is 0 outside loops."""

    name: str
    status: str
    code: str | None
    seconds: float
    repetitions: int


@dataclass(frozen=True)
class Judgement:
    """How the published model did on the held-out images, and which iteration answered."""

    right: int
    asked: int
    iteration: str

    @property
    def accuracy(self) -> float:
        """Share of the images whose most probable tag was their label, 0 to 1."""
        return self.right / self.asked


class RetrainingStack:
    """What `pulumi up` made, found through the stack's outputs."""

    def __init__(self, resource_manager: ResourceManager, outputs: Mapping[str, Any]) -> None:
        self._arm = resource_manager
        self._outputs = outputs
        account = (
            f"{resource_manager.subscription}/resourceGroups/{outputs['resourceGroupName']}"
            f"/providers/Microsoft.Storage/storageAccounts/{outputs['storageAccountName']}"
        )
        key = resource_manager.post(f"{account}/listKeys", STORAGE_API_VERSION)["keys"][0]["value"]
        self._blobs = BlobServiceClient(
            outputs["blobEndpoint"].rstrip("/"), credential=key, api_version=_BLOB_SERVICE_VERSION
        )

    @property
    def logic_app_id(self) -> str:
        """ARM id of the retraining Logic App."""
        return self._outputs["logicAppId"]

    def upload(self, uploads: Sequence[Upload], done: Callable[[], None]) -> None:
        """Put the files into the training container, calling `done` after each."""
        self._put("trainingImagesContainer", uploads, done)

    def hold_out(self, uploads: Sequence[Upload], done: Callable[[], None]) -> None:
        """Put the files into the container of the images that the gate judges by, calling `done` after each."""
        self._put("evaluationImagesContainer", uploads, done)

    def roll_back(self, who: str, why: str) -> dict[str, Any]:
        """Take the model before back into production, through the rollback workflow; return what it answers.

        Raises:
            RetrainingError: it was refused.
        """
        trigger = f"{self._outputs['rollbackLogicAppId']}/triggers/manual"
        url = self._arm.post(f"{trigger}/listCallbackUrl", LOGIC_API_VERSION)["value"]
        response = httpx.post(url, json={"who": who, "why": why}, timeout=120, trust_env=False)
        if response.is_error:
            raise RetrainingError(f"the rollback answered {response.status_code}: {response.text}")
        return response.json()

    def _put(self, container_output: str, uploads: Sequence[Upload], done: Callable[[], None]) -> None:
        container = self._blobs.get_container_client(self._outputs[container_output])

        def put(upload: Upload) -> None:
            container.upload_blob(upload.name, upload.path.read_bytes(), overwrite=True)
            done()

        _in_parallel(put, uploads)

    def run(self) -> str:
        """Let the blob trigger look at once instead of at its next poll; return the id of the run that it started.

        Raises:
            RetrainingError: no run began.
        """
        before = {run["name"] for run in self._runs()}
        self._arm.post(f"{self.logic_app_id}/triggers/{_TRIGGER}/run", LOGIC_API_VERSION)
        for _ in range(int(30 / _POLL_SECONDS)):
            started = [run["name"] for run in self._runs() if run["name"] not in before]
            if started:
                return started[0]
            time.sleep(_POLL_SECONDS)
        raise RetrainingError(f"the trigger {_TRIGGER} started no run within 30 s; see its histories in the portal")

    def follow(self, run: str, working: Callable[[str], None]) -> Iterator[FinishedAction]:
        """Yield the actions of `run` as they finish, until the run is over; skipped ones are left out.

        `working` is told again and again what is under way.
        """
        loops = _loops_around(self._definition()["actions"])
        seen: set[str] = set()
        while True:
            over = self._run(run)["properties"]["status"] not in _UNFINISHED
            actions = self._actions(run)
            ended = {action["name"] for action in actions if action["properties"].get("endTime")}
            finished = [
                action
                for action in actions
                if action["name"] in ended - seen and (over or loops.get(action["name"], action["name"]) in ended)
            ]
            for action in sorted(finished, key=lambda action: action["properties"]["endTime"]):
                seen.add(action["name"])
                if action["properties"]["status"] != "Skipped":
                    yield _finished(action)
            if over:
                return
            working(_under_way(actions, set(loops.values())))
            time.sleep(_POLL_SECONDS)

    def status(self, run: str) -> str:
        """Return the status of `run`, with the message of its error where it has one."""
        properties = self._run(run)["properties"]
        error = properties.get("error")
        return f"{properties['status']}: {error['message']}" if error else properties["status"]

    def manifest(self, run: str) -> dict[str, Any]:
        """Return what the run recorded.

        Raises:
            RetrainingError: the run wrote no manifest.
        """
        name = f"runs/{run}/manifest.json"
        found = self._artifact(name)
        if found is None:
            container = self._outputs["modelArtifactsContainer"]
            raise RetrainingError(f"{container}/{name} was not written; the run is {self.status(run)}")
        return found

    def production(self) -> dict[str, Any] | None:
        """Return what production.json points to, None before the first publication."""
        return self._artifact("production.json")

    def rejected(self, run: str) -> dict[str, str]:
        """Return the names of the images that `run` rejected, each with its reason."""
        container = self._blobs.get_container_client(self._outputs["rejectedImagesContainer"])
        found = container.list_blobs(name_starts_with=f"{run}/", include=["metadata"])
        return {blob.name.removeprefix(f"{run}/"): (blob.metadata or {})["reason"] for blob in found}

    def judge(self, images: Sequence[LabelledImage], done: Callable[[], None]) -> Judgement:
        """Ask the published model for each image, calling `done` after each.

        Raises:
            RetrainingError: a prediction was refused.
        """
        key = self._arm.post(
            f"{self._arm.subscription}/resourceGroups/{self._outputs['resourceGroupName']}/providers/"
            f"Microsoft.CognitiveServices/accounts/{self._outputs['customVisionPredictionAccount']}/listKeys",
            COGNITIVE_SERVICES_API_VERSION,
        )["key1"]
        url = f"{self._outputs['predictionUrl']}/nostore"
        with httpx.Client(timeout=60, trust_env=False) as client:

            def ask(image: LabelledImage) -> tuple[bool, str]:
                headers = {"Prediction-Key": key, "Content-Type": "application/octet-stream"}
                content = image.path.read_bytes()
                response = client.post(url, content=content, headers=headers)
                while response.status_code == _THROTTLED:
                    time.sleep(float(response.headers.get("Retry-After", "1")))
                    response = client.post(url, content=content, headers=headers)
                if response.is_error:
                    raise RetrainingError(f"{url} answered {response.status_code} {response.text} for {image.path}")
                answer = response.json()
                best = max(answer["predictions"], key=lambda prediction: prediction["probability"])
                done()
                return best["tagName"] == image.label, answer["iteration"]

            answers = _in_parallel(ask, images)
        iterations = {iteration for _, iteration in answers}
        if len(iterations) != 1:
            raise RetrainingError(f"several iterations answered through one publish name: {sorted(iterations)}")
        return Judgement(sum(right for right, _ in answers), len(answers), iterations.pop())

    def _artifact(self, name: str) -> dict[str, Any] | None:
        try:
            return json.loads(
                self._blobs.get_blob_client(self._outputs["modelArtifactsContainer"], name).download_blob().readall()
            )
        except ResourceNotFoundError:
            return None

    def _definition(self) -> dict[str, Any]:
        return self._arm.get(self.logic_app_id, LOGIC_API_VERSION)["properties"]["definition"]

    def _runs(self) -> list[dict[str, Any]]:
        return self._arm.get(f"{self.logic_app_id}/runs", LOGIC_API_VERSION, **{"$top": "20"})["value"]

    def _run(self, run: str) -> dict[str, Any]:
        return self._arm.get(f"{self.logic_app_id}/runs/{run}", LOGIC_API_VERSION)

    def _actions(self, run: str) -> list[dict[str, Any]]:
        return list(self._arm.values(f"{self.logic_app_id}/runs/{run}/actions", LOGIC_API_VERSION))


def _under_way(actions: Sequence[Mapping[str, Any]], loops: Collection[str]) -> str:
    """Return what is under way in words: the innermost actions, with how often those in loops were begun."""
    running = [action for action in actions if not action["properties"].get("endTime") and action["name"] not in loops]
    if not running:
        return ""
    newest = max(running, key=lambda action: action["properties"]["startTime"])
    times = newest["properties"].get("repetitionCount", 0)
    return f"{newest['name']} x {times}" if times else str(newest["name"])


def _loops_around(actions: Mapping[str, Any], loop: str | None = None) -> dict[str, str]:
    """Return the outermost loop around each action that stands in one."""
    found: dict[str, str] = {}
    for name, action in actions.items():
        if loop is not None:
            found[name] = loop
        around = loop or (name if action["type"] in ("Foreach", "Until") else None)
        branches = [action, action.get("else", {}), action.get("default", {}), *action.get("cases", {}).values()]
        for branch in branches:
            found |= _loops_around(branch.get("actions", {}), around)
    return found


def _finished(action: dict[str, Any]) -> FinishedAction:
    properties = action["properties"]
    began, ended = _seconds(properties["startTime"]), _seconds(properties["endTime"])
    return FinishedAction(
        action["name"],
        properties["status"],
        properties.get("code"),
        ended - began,
        properties.get("repetitionCount", 0),
    )


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment[:26].rstrip("Z") + "+00:00").timestamp()


def _in_parallel(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    with ThreadPoolExecutor(_PARALLEL_CALLS) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise
