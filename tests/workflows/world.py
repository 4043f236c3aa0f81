"""The real services in this process, on a clock that hurries, for running the real definitions."""

from __future__ import annotations

import asyncio
import functools
import io
import json
import random
import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from azure.storage.blob import BlobServiceClient, ContainerClient
from PIL import Image

import workflows
from components.orchestration import publish_names, versions
from components.retraining_settings import RETRAINING_SETTINGS
from emulator.clock import Clock, SystemClock
from emulator.faults.rule import WORKFLOW_HEADER
from emulator.faults.switch import FaultSwitch
from emulator.faults.transport import FaultyTransport
from emulator.home import Home
from emulator.resource_manager import ResourceManager
from emulator.server import Emulator
from emulator.server_options import ServerOptions
from tests.ports import free_port_base

HURRY = 10
"""How much faster than the machine's the clock of the services goes; a call's time limit of 120 s is 12 s of ours."""

STORAGE, COGNITIVE, LOGIC, AUTHORIZATION = "2024-01-01", "2025-06-01", "2019-05-01", "2022-04-01"
PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
PURPOSES = ("training", "processed", "rejected", "artifacts", "evaluation")
ACTIONS = (
    "Microsoft.Storage/storageAccounts/listServiceSas/action",
    "Microsoft.CognitiveServices/accounts/listKeys/action",
    "Microsoft.Logic/workflows/runs/read",
)

DEPLOYED: dict[str, Any] = {
    setting.key: setting.kind.read(json.dumps(setting.default).strip('"')) for setting in RETRAINING_SETTINGS
} | {"minimumImagesPerTag": 5}
"""The settings as a stack has them by default, for few images."""

Interception = Callable[[httpx.Request], httpx.Response | None]
"""Is asked before a call of a workflow is made; an answer given here takes the place of the service's."""
_TEST_THREADS = 50
"""As many as calls at once."""
Observation = Callable[[httpx.Request], None]
"""Is told of a call of a workflow when it is over, answered or not."""

_TRIES_WHEN_THROTTLED = 10


class HurriedClock(SystemClock):
    """The machine's clock, gone through faster."""

    def __init__(self) -> None:
        self._start = super().now()

    def now(self) -> datetime:
        return self._start + (super().now() - self._start) * HURRY

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / HURRY)


class InterceptedTransport(httpx.AsyncBaseTransport):
    """Makes the calls of workflows, unless a test answers them."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        self.intercept: Interception = lambda request: None
        # Threads of its own: what tests do in them may wait for services that want threads, too.
        self._threads = ThreadPoolExecutor(_TEST_THREADS)
        self._observed: dict[str, Observation] = {}
        self._answered: defaultdict[str, list[Interception]] = defaultdict(list)

    def answer(self, workflow: str, interception: Interception) -> None:
        """Ask `interception`, too, of every call of a workflow from now on; the first answer counts."""
        self._answered[workflow].append(interception)

    def observe(self, workflow: str, observation: Observation) -> None:
        """Tell `observation` of every call of a workflow from now on, and nobody else of them."""
        self._observed[workflow] = observation

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        workflow = request.headers.get(WORKFLOW_HEADER, "")
        run = asyncio.get_running_loop().run_in_executor
        answer = await run(self._threads, self.intercept, request)
        for interception in self._answered[workflow]:
            answer = answer or await run(self._threads, interception, request)
        try:
            return answer or await self._transport.handle_async_request(request)
        finally:
            observation = self._observed.get(workflow)
            if observation is not None:
                await run(self._threads, observation, request)

    async def aclose(self) -> None:
        self._threads.shutdown(wait=False)
        await self._transport.aclose()


class World:
    """One emulator with a storage account and two Custom Vision accounts."""

    def __init__(self, folder: Path, clock: Clock | None = None, options: ServerOptions | None = None) -> None:
        self.home = Home(folder)
        self.clock = clock or HurriedClock()
        self._options = options
        self.faults = FaultSwitch()
        ports = {port: service for service, port in self.home.create(free_port_base())[0].ports.items()}
        calls = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=50))
        self.transport = InterceptedTransport(FaultyTransport(calls, self.faults, ports, self.clock))
        self._started: Future[None] = Future()
        self._stopping: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def start(self) -> None:
        self.serve()
        self.group = f"{self.arm.subscription}/resourceGroups/rg-test"
        self.put(self.group, "2024-03-01", {"location": "eastus"})
        self.storage = f"{self.group}/providers/Microsoft.Storage/storageAccounts/sttest"
        account = {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        endpoints = self.put(self.storage, STORAGE, account)["properties"]["primaryEndpoints"]
        self.blob_endpoint = endpoints["blob"]
        self.training, self.training_endpoint = self._cognitive("training", "CustomVision.Training")
        self.prediction, self.prediction_endpoint = self._cognitive("prediction", "CustomVision.Prediction")
        self.read_keys()

    def serve(self) -> None:
        """Start the services, with nothing on them."""
        self._thread.start()
        self._started.result(timeout=60)
        self.arm = ResourceManager(self.home, self.clock)

    def read_keys(self) -> None:
        """Ask for the keys as a person does who looks into the accounts."""
        self.training_key = self.arm.post(f"{self.training}/listKeys", COGNITIVE)["key1"]
        self.prediction_key = self.arm.post(f"{self.prediction}/listKeys", COGNITIVE)["key1"]
        self.storage_key = self.arm.post(f"{self.storage}/listKeys", STORAGE)["keys"][0]["value"]
        self.blobs = BlobServiceClient(
            self.blob_endpoint.rstrip("/"), credential=self.storage_key, api_version="2025-11-05"
        )

    def stop(self) -> None:
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=60)

    def put(self, id: str, api_version: str, body: dict[str, Any]) -> Any:
        return self.arm.put(id, api_version, body)

    def assign(self, principal: str, role: str, scope: str) -> str:
        assignment = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        definition = f"{self.arm.subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        properties = {"principalId": principal, "roleDefinitionId": definition, "principalType": "ServicePrincipal"}
        self.put(assignment, AUTHORIZATION, {"properties": properties})
        return assignment

    def _cognitive(self, name: str, kind: str) -> tuple[str, str]:
        id = f"{self.group}/providers/Microsoft.CognitiveServices/accounts/cv-{name}"
        properties = {"customSubDomainName": f"cv-{name}"}
        body = {"location": "eastus", "kind": kind, "sku": {"name": "S0"}, "properties": properties}
        return id, self.put(id, COGNITIVE, body)["properties"]["endpoint"]

    async def _serve(self) -> None:
        try:
            emulator = Emulator(self.home, self.clock, self.transport, self._options)
            self._stopping, self._loop = asyncio.Event(), asyncio.get_running_loop()
            async with emulator.running():
                self._started.set_result(None)
                await self._stopping.wait()
        except BaseException as error:
            if not self._started.done():
                self._started.set_exception(error)
            raise


@dataclass
class Finished:
    """A run that is over."""

    id: str
    status: str
    error: dict[str, Any] | None
    manifest: dict[str, Any] | None
    statuses: dict[str, str]


class Retraining:
    """A project, five containers and the workflow on them: what one test works with."""

    def __init__(
        self,
        world: World,
        name: str,
        notices: str = "",
        records: Mapping[str, str] | None = None,
        project: str | None = None,
        records_rule: str = "",
        **settings: Any,
    ) -> None:
        """Deploy all of it, over an empty project where `project` names none.

        `records_rule` is the data collection rule that the rollback's identity may send records through.
        """
        self.world = world
        self.containers = {purpose: f"{name}-{purpose}" for purpose in PURPOSES}
        for container in self.containers.values():
            world.put(f"{world.storage}/blobServices/default/containers/{container}", STORAGE, {})
        self.project = project or self._empty_project(name)
        definition = workflows.load("retrain")
        definition["triggers"]["When_a_blob_is_added_or_modified"]["recurrence"] = {"frequency": "Month", "interval": 1}
        self.workflow = f"{world.group}/providers/Microsoft.Logic/workflows/{name}"
        parameters = {
            "blobEndpoint": world.blob_endpoint,
            "storageAccountId": world.storage,
            "storageAudience": "https://storage.azure.com/",
            "resourceManagerEndpoint": f"{world.arm.configuration.url('arm')}/",
            "resourceManagerAudience": "https://management.azure.com/",
            "portalEndpoint": "https://portal.azure.com/",
            "trainingEndpoint": world.training_endpoint,
            "trainingAccountId": world.training,
            "predictionEndpoint": world.prediction_endpoint,
            "predictionAccountId": world.prediction,
            "projectId": self.project,
            "customRole": f"Retraining {name}",
            "publishNames": publish_names("production"),
            "containers": self.containers,
            "settings": {**DEPLOYED, **settings},
            "trainingPollSeconds": 2,
            "noticeIsWanted": notices != "",
            "noticeWebhook": notices,
            "versions": versions(definition),
            **(records or {}),
        }
        self.parameters = parameters
        self.records_rule = records_rule
        self._definition = definition
        self.principal = self.deploy(parameters)["identity"]["principalId"]
        self.blob_roles = {
            purpose: world.assign(
                self.principal, CONTRIBUTOR, f"{world.storage}/blobServices/default/containers/{container}"
            )
            for purpose, container in self.containers.items()
        }
        role = str(uuid.uuid4())
        definition_id = f"{world.group}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        permissions = [{"actions": list(ACTIONS), "notActions": [], "dataActions": [], "notDataActions": []}]
        properties = {
            "roleName": f"Retraining {name}",
            "type": "CustomRole",
            "permissions": permissions,
            "assignableScopes": [world.group],
        }
        world.put(definition_id, AUTHORIZATION, {"properties": properties})
        self.role = role
        for scope in (world.storage, world.training, self.workflow):
            world.assign(self.principal, role, scope)

    def deploy(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Deploy the workflow with these values of its parameters; return it."""
        properties = {
            "definition": self._definition,
            "parameters": {key: {"value": value} for key, value in parameters.items()},
        }
        body = {"location": "eastus", "identity": {"type": "SystemAssigned"}, "properties": properties}
        return self.world.put(self.workflow, LOGIC, body)

    def deploy_rollback(self, name: str = "rollback", access_control: dict[str, Any] | None = None) -> str:
        """Deploy the rollback workflow beside this one; return its id."""
        definition = workflows.load("rollback")
        workflow = f"{self.workflow}-{name}"
        body = {
            "location": "eastus",
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "definition": definition,
                "parameters": {
                    name: {"value": self.parameters[name]}
                    for name in definition["parameters"]
                    if name in self.parameters
                },
                "accessControl": access_control or {},
            },
        }
        principal = self.world.put(workflow, LOGIC, body)["identity"]["principalId"]
        container = f"{self.world.storage}/blobServices/default/containers/{self.containers['artifacts']}"
        self.world.assign(principal, CONTRIBUTOR, container)
        self.world.assign(principal, self.role, self.world.training)
        if self.records_rule:
            self.world.assign(principal, PUBLISHER, self.records_rule)
        return workflow

    def roll_back(self, workflow: str, body: Any) -> httpx.Response:
        """Call the rollback workflow as a person does."""
        url = self.world.arm.post(f"{workflow}/triggers/manual/listCallbackUrl", LOGIC)["value"]
        return httpx.post(url, json=body, timeout=60)

    def published(self) -> dict[str, str]:
        """Return the ids of the published iterations by publish name."""
        iterations = self.project_api("GET", "iterations")
        return {each["publishName"]: each["id"] for each in iterations if each["publishName"]}

    def remove_project(self) -> None:
        """Give the project's place in the account back, of which there are a hundred."""
        for iteration in self.published().values():
            self.project_api("DELETE", f"iterations/{iteration}/publish")
        self.project_api("DELETE", "")

    def hold_out(self, files: dict[str, bytes]) -> None:
        """Put images into the evaluation container."""
        for name, content in files.items():
            self.container("evaluation").upload_blob(name, content, overwrite=True)

    def container(self, purpose: str) -> ContainerClient:
        return self.world.blobs.get_container_client(self.containers[purpose])

    def upload(self, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            self.container("training").upload_blob(name, content, overwrite=True)

    def names(self, purpose: str, run: str = "") -> list[str]:
        prefix = f"{run}/" if run else ""
        listed = self.container(purpose).list_blobs(name_starts_with=prefix or None)
        return sorted(blob.name.removeprefix(prefix) for blob in listed)

    def processed(self) -> list[str]:
        """Return the names under which the trained images were uploaded: they lie in ``<label>/<hash>/<rest>``."""
        parts = [name.split("/", 2) for name in self.names("processed")]
        return sorted(f"{label}/{rest}" for label, _, rest in parts)

    def places(self) -> Counter[str]:
        """Return in how many places an image is: waiting, trained or set aside; by the name it was uploaded under."""
        set_aside = [name.split("/", 1)[1] for name in self.names("rejected")]
        return Counter([*self.names("training"), *self.processed(), *set_aside])

    def reasons(self, run: str) -> dict[str, str]:
        listed = self.container("rejected").list_blobs(name_starts_with=f"{run}/", include=["metadata"])
        return {blob.name.removeprefix(f"{run}/"): blob.metadata["reason"] for blob in listed}

    def artifact(self, name: str) -> Any:
        return json.loads(self.container("artifacts").download_blob(name).readall())

    def train_api(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.world.training_endpoint}customvision/v3.3/training/{path}"
        headers = {"Training-Key": self.world.training_key}
        content: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        response = httpx.request(method, url, headers=headers, timeout=60, **content)
        for _ in range(_TRIES_WHEN_THROTTLED):
            if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                break
            # A run had the account's calls of this second.
            threading.Event().wait(float(response.headers["Retry-After"]))
            response = httpx.request(method, url, headers=headers, timeout=60, **content)
        response.raise_for_status()
        return response.json() if response.content else None

    def project_api(self, method: str, path: str, body: Any = None) -> Any:
        return self.train_api(method, f"projects/{self.project}/{path}".rstrip("/"), body)

    def predict(self, image: bytes) -> dict[str, Any]:
        path = f"customvision/v3.1/prediction/{self.project}/classify/iterations/production/image/nostore"
        url = f"{self.world.prediction_endpoint}{path}"
        headers = {"Prediction-Key": self.world.prediction_key, "Content-Type": "application/octet-stream"}
        response = httpx.post(url, headers=headers, content=image, timeout=60)
        response.raise_for_status()
        return response.json()

    def begin(self, trigger: str = "When_a_blob_is_added_or_modified") -> str:
        before = self._run_ids()
        self.world.arm.post(f"{self.workflow}/triggers/{trigger}/run", LOGIC)
        (started,) = [run for run in self._run_ids() if run not in before]
        return started

    def ask(self, body: dict[str, Any]) -> Finished:
        """Call the manual trigger as a person does, and wait for the run."""
        before = self._run_ids()
        url = self.world.arm.post(f"{self.workflow}/triggers/manual/listCallbackUrl", LOGIC)["value"]
        httpx.post(url, json=body, timeout=60).raise_for_status()
        (started,) = [run for run in self._run_ids() if run not in before]
        return self.finish(started)

    def configure(self, settings: Any) -> None:
        """Put settings.json: a text as it is, anything else as JSON."""
        text = settings if isinstance(settings, str) else json.dumps(settings)
        self.container("artifacts").upload_blob("settings.json", text, overwrite=True)

    def end_of(self, run: str, workflow: str = "") -> dict[str, Any]:
        """Wait for a run, of this workflow where no other is named; return its properties."""
        pause = threading.Event()
        properties: dict[str, Any] = {}
        for _ in range(1200):
            properties = self.world.arm.get(f"{workflow or self.workflow}/runs/{run}", LOGIC)["properties"]
            if "endTime" in properties:
                return properties
            pause.wait(0.1)
        raise AssertionError(f"the run does not end: {properties}")

    def finish(self, run: str) -> Finished:
        properties = self.end_of(run)
        actions = self.world.arm.values(f"{self.workflow}/runs/{run}/actions", LOGIC, **{"$top": "250"})
        statuses = {action["name"]: action["properties"]["status"] for action in actions}
        name = f"runs/{run}/manifest.json"
        manifest = self.artifact(name) if name in self.names("artifacts") else None
        return Finished(run, properties["status"], properties.get("error"), manifest, statuses)

    def run(self, trigger: str = "When_a_blob_is_added_or_modified") -> Finished:
        return self.finish(self.begin(trigger))

    def _empty_project(self, name: str) -> str:
        return self.train_api("POST", f"projects?name={name}&classificationType=Multiclass")["id"]

    def _run_ids(self) -> list[str]:
        return [run["name"] for run in self.world.arm.values(f"{self.workflow}/runs", LOGIC)]


def pictures(label: str, count: int, start: int = 0, *, red: bool | None = None) -> dict[str, bytes]:
    """Return pictures of a colour with noise: red ones for labels that begin with r, blue ones for others."""
    files: dict[str, bytes] = {}
    for number in range(start, start + count):
        files[f"{label}/{number:03}.png"] = picture(label.startswith("r") if red is None else red, f"{label}{number}")
    return files


@functools.cache
def picture(red: bool, seed: str) -> bytes:
    """Return one picture, the same for the same seed."""
    source = random.Random(seed)
    base = (200, 40, 40) if red else (40, 40, 200)
    pixels = [tuple(min(255, max(0, part + source.randint(-35, 35))) for part in base) for _ in range(32 * 32)]
    image = Image.new("RGB", (32, 32))
    image.putdata(pixels)
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def merged(files: Iterable[dict[str, bytes]]) -> dict[str, bytes]:
    """Return all files in one mapping."""
    return {name: content for each in files for name, content in each.items()}
