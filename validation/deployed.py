"""What the recipe's "Validation & Testing" asks of a deployed stack, and what can be asked beyond that."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from validation.azure import AzureError, ResourceManager, call, session
from validation.blobs import STORAGE_API_VERSION, Container
from validation.check import Check, FailedError, SkippedError
from validation.image import grey_square
from validation.outputs import Outputs

COGNITIVE_SERVICES_API_VERSION: Final = "2025-06-01"
LOGIC_API_VERSION: Final = "2019-05-01"
RESOURCES_API_VERSION: Final = "2024-03-01"
METRIC_ALERTS_API_VERSION: Final = "2018-03-01"
LOG_ALERTS_API_VERSION: Final = "2023-12-01"
ACTION_GROUPS_API_VERSION: Final = "2024-10-01-preview"
DIAGNOSTICS_API_VERSION: Final = "2021-05-01-preview"

UNFINISHED: Final = frozenset({"Waiting", "Running", "Paused", "Suspended"})
"""States of a run that goes on: https://learn.microsoft.com/rest/api/logic/workflow-runs/list (WorkflowStatus)."""

_POLL_SECONDS: Final = 2.0
_TEST_IMAGE: Final = b"Test image data\n"
"""The recipe's. It is uploaded outside of any folder, so it has no label: the run sets it aside as NoLabel before it
makes a tag or asks Custom Vision, and the model is left as it was."""


class DeployedStack:
    """A deployed stack and what a validation does to it.

    Args:
        arm: Azure Resource Manager.
        outputs: the stack's.
        patience: seconds that a run may take.
        now: a clock that only grows, in seconds.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        arm: ResourceManager,
        outputs: Outputs,
        patience: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._arm = arm
        self._outputs = outputs
        self._patience = patience
        self._now = now
        self._sleep = sleep
        self._http = session()
        self._name = f"validation-{uuid.uuid4()}.jpg"
        self._runs_before: set[str] | None = None
        self._run = ""

    def checks(self, *, read_only: bool) -> list[Check]:
        """Return the checks, in their order; `read_only` leaves out those that upload and start a run."""
        watching = [
            Check("resources", "pulumi refresh, then pulumi up, makes what is missing anew", self.resources),
            Check("Custom Vision project", "pulumi refresh, then pulumi up; see the project's account", self.project),
        ]
        acting = [
            Check(
                "upload",
                "you need Microsoft.Storage/storageAccounts/listServiceSas/action (Contributor) on the storage "
                "account, and its firewall has to let this machine in",
                self.upload,
            ),
            Check(
                "run",
                "look at the run in the portal of Azure, at the Logic App's run history: the first action that failed "
                "has the error. Rights that were given minutes ago may not count yet: try again in ten minutes",
                self.run,
            ),
            Check("test image set aside", "see the run's phases Collect and Archive in its history", self.set_aside),
        ]
        reading = [
            Check("run history", "enable the Logic App; see the history of its trigger", self.run_history),
            Check("artifacts", "pulumi up writes project-config.json anew; a run writes its manifest", self.artifacts),
            Check(
                "prediction",
                "see production.json in model-artifacts and the iterations of the project; POST to the rollback "
                "workflow, or a retraining, publishes again",
                self.prediction,
            ),
            Check("alert rules", "enable the rule or the action group, or let pulumi up do it", self.alerts),
            Check("diagnostic settings", "pulumi refresh, then pulumi up", self.diagnostics),
        ]
        return [*watching, *(() if read_only else acting), *reading]

    def clean_up(self) -> None:
        """Remove the test image, wherever it lies by now."""
        if self._runs_before is None:
            return
        self._container("trainingImagesContainer", "d").delete(self._name)
        if self._run:
            self._container("rejectedImagesContainer", "d").delete(f"{self._run}/{self._name}")

    def resources(self) -> str:
        """Every resource that the outputs name is there and made."""
        wanted = [
            (self._storage_account, STORAGE_API_VERSION),
            (self._account("customVisionTrainingAccount"), COGNITIVE_SERVICES_API_VERSION),
            (self._account("customVisionPredictionAccount"), COGNITIVE_SERVICES_API_VERSION),
            (self._outputs.text("logicAppId"), LOGIC_API_VERSION),
            (self._outputs.text("rollbackLogicAppId"), LOGIC_API_VERSION),
        ]
        faults: list[str] = []
        for id_, version in wanted:
            try:
                state = self._arm.get(id_, version)["properties"].get("provisioningState")
            except AzureError as error:
                if error.status != 404:
                    raise
                state = "missing"
            if state != "Succeeded":
                faults.append(f"{_type_and_name(id_)} is {state}")
        if faults:
            raise FailedError("; ".join(faults))
        group = self._outputs.text("resourceGroupName")
        listed = self._arm.values(f"{self._outputs.group_id}/resources", RESOURCES_API_VERSION)
        count = sum(self._outputs.is_of_the_stack(each) for each in listed)
        return f"{count} resources of the stack in {group}, {len(wanted)} looked at: Succeeded"

    def project(self) -> str:
        """The project is in the list of the training account's projects (the recipe's first step)."""
        key = self._key("customVisionTrainingAccount")
        url = f"{self._outputs.text('customVisionTrainingEndpoint')}customvision/v3.3/training/projects"
        projects = call(self._http, "GET", url, {"Training-Key": key}).json()
        wanted = self._outputs.text("customVisionProjectId")
        for project in projects:
            if project["id"] == wanted:
                return f"{project['name']} ({wanted})"
        found = ", ".join(project["id"] for project in projects) or "none"
        raise FailedError(f"the account has no project {wanted}; it has: {found}")

    def upload(self) -> str:
        """A test image lies in the container after its upload (the recipe's second step)."""
        container = self._container("trainingImagesContainer", "rwdl")
        self._runs_before = {run["name"] for run in self._runs()}
        container.put(self._name, _TEST_IMAGE, "image/jpeg")
        # A run may have taken it already: the trigger looks whenever its time has come.
        if self._name not in container.names(self._name) and not self._new_runs():
            raise FailedError(f"{self._name} was uploaded and is not listed")
        return f"{self._outputs.text('trainingImagesContainer')}/{self._name}"

    def run(self) -> str:
        """The trigger is fired, and a run takes the test image and succeeds (the recipe's third step)."""
        if self._runs_before is None:
            raise SkippedError("nothing was uploaded")
        workflow = self._outputs.text("logicAppId")
        trigger = _polling_trigger(self._arm.get(workflow, LOGIC_API_VERSION)["properties"]["definition"])
        self._arm.post(f"{workflow}/triggers/{quote(trigger)}/run", LOGIC_API_VERSION)
        waiting = self._container("trainingImagesContainer", "r")
        until = self._now() + self._patience
        while self._now() < until:
            new = self._new_runs()
            over = [run for run in new if run["properties"]["status"] not in UNFINISHED]
            if over and not waiting.exists(self._name):
                return self._judged(over)
            if any(run["properties"]["status"] in ("Failed", "TimedOut") for run in over):
                return self._judged(over)
            self._sleep(_POLL_SECONDS)
        states = ", ".join(f"{run['name']} {run['properties']['status']}" for run in self._new_runs()) or "none"
        raise FailedError(f"no run took the image within {self._patience:.0f} s; runs since the upload: {states}")

    def _judged(self, runs: list[dict[str, Any]]) -> str:
        rejected = self._container("rejectedImagesContainer", "r")
        for run in runs:
            if rejected.exists(f"{run['name']}/{self._name}"):
                self._run = run["name"]
        wrong = [run for run in runs if run["properties"]["status"] != "Succeeded"]
        if wrong:
            raise FailedError("; ".join(self._failure(run) for run in wrong))
        return ", ".join(f"{run['name']} Succeeded" for run in runs)

    def _failure(self, run: Mapping[str, Any]) -> str:
        """Name the actions that failed by themselves, not those that failed because something within them did."""
        actions = self._arm.values(f"{self._outputs.text('logicAppId')}/runs/{run['name']}/actions", LOGIC_API_VERSION)
        failed = [
            f"{action['name']} ({action['properties'].get('code')})"
            for action in actions
            if action["properties"]["status"] in ("Failed", "TimedOut")
            and action["properties"].get("code") != "ActionFailed"
        ]
        return f"run {run['name']} {run['properties']['status']}: {', '.join(failed) or 'no action failed'}"

    def set_aside(self) -> str:
        """The test image lies in the container of rejected images, with the reason."""
        if not self._run:
            raise SkippedError("no run took the test image")
        name = f"{self._run}/{self._name}"
        reason = self._container("rejectedImagesContainer", "r").metadata(name).get("reason")
        if reason != "NoLabel":
            raise FailedError(f"{name} has the reason {reason!r}, not 'NoLabel'")
        return f"{self._outputs.text('rejectedImagesContainer')}/{name}: {reason}"

    def run_history(self) -> str:
        """The Logic App is enabled, and the last run that is over succeeded."""
        workflow = self._arm.get(self._outputs.text("logicAppId"), LOGIC_API_VERSION)["properties"]
        if workflow["state"] != "Enabled":
            raise FailedError(f"{self._outputs.text('logicAppName')} is {workflow['state']}")
        runs = self._runs()
        over = [run for run in runs if run["properties"]["status"] not in UNFINISHED]
        if not over:
            raise SkippedError(f"no run is over yet, {len(runs)} under way: upload images")
        if over[0]["properties"]["status"] != "Succeeded":
            raise FailedError(f"the last of {len(runs)} runs failed: {self._failure(over[0])}")
        return f"{len(runs)} of the last runs, the newest: {over[0]['name']} {over[0]['properties']['status']}"

    def artifacts(self) -> str:
        """project-config.json names the project and holds no key; the last run's manifest is there."""
        artifacts = self._container("modelArtifactsContainer", "r")
        config = _object("project-config.json", artifacts.get("project-config.json"))
        wanted = {
            "projectId": self._outputs.text("customVisionProjectId"),
            "endpoint": self._outputs.text("customVisionTrainingEndpoint"),
        }
        if config != wanted:
            raise FailedError(f"project-config.json has the members {sorted(config)} and names another project")
        over = [run["name"] for run in self._runs() if run["properties"]["status"] not in UNFINISHED]
        if not over:
            return "project-config.json; no run is over yet"
        path = f"runs/{self._run or over[0]}/manifest.json"
        manifest = _object(path, artifacts.get(path))
        return f"project-config.json, {path}: {manifest.get('decision')}"

    def prediction(self) -> str:
        """The published model answers under its stable URL."""
        key = self._key("customVisionPredictionAccount")
        url = f"{self._outputs.text('predictionUrl')}/nostore"
        try:
            headers = {"Prediction-Key": key, "Content-Type": "application/octet-stream"}
            answer = call(self._http, "POST", url, headers, data=grey_square()).json()
        except AzureError as error:
            if error.status in (400, 404) and not self._published():
                raise SkippedError("no iteration is published yet: upload images of two labels") from error
            raise
        best = max(answer["predictions"], key=lambda each: each["probability"])
        return f"iteration {answer['iteration']}: {best['tagName']} {best['probability']:.2f} for a grey square"

    def _published(self) -> bool:
        url = (
            f"{self._outputs.text('customVisionTrainingEndpoint')}customvision/v3.3/training/projects/"
            f"{self._outputs.text('customVisionProjectId')}/iterations"
        )
        iterations = call(self._http, "GET", url, {"Training-Key": self._key("customVisionTrainingAccount")}).json()
        return any(each.get("publishName") == self._outputs.text("publishName") for each in iterations)

    def alerts(self) -> str:
        """Every alert rule of the stack is enabled and tells the action group, which is enabled."""
        group = self._outputs.text("actionGroupId")
        properties = self._arm.get(group, ACTION_GROUPS_API_VERSION)["properties"]
        if not properties["enabled"]:
            raise FailedError("the action group is disabled")
        told = {
            rule["name"]: (
                rule["properties"]["enabled"],
                [each["actionGroupId"] for each in rule["properties"]["actions"]],
            )
            for rule in self._rules("metricAlerts", METRIC_ALERTS_API_VERSION)
        }
        told |= {
            rule["name"]: (rule["properties"]["enabled"], rule["properties"]["actions"]["actionGroups"])
            for rule in self._rules("scheduledQueryRules", LOG_ALERTS_API_VERSION)
        }
        faults = [f"{name} is disabled" for name, (enabled, _) in told.items() if not enabled]
        faults += [
            f"{name} tells nobody"
            for name, (_, groups) in told.items()
            if group.lower() not in {each.lower() for each in groups}
        ]
        if faults:
            raise FailedError("; ".join(faults))
        receivers = sum(len(value) for name, value in properties.items() if name.endswith("Receivers") and value)
        who = f"{receivers} receivers" if receivers else "no receiver: set alertEmail"
        return f"{len(told)} rules enabled, {who}"

    def _rules(self, kind: str, api_version: str) -> list[dict[str, Any]]:
        path = f"{self._outputs.group_id}/providers/Microsoft.Insights/{kind}"
        found = [rule for rule in self._arm.values(path, api_version) if self._outputs.is_of_the_stack(rule)]
        if not found:
            raise FailedError(f"there are no {kind} of the stack in the resource group")
        return found

    def diagnostics(self) -> str:
        """The Logic Apps and both accounts write to the workspace of the stack."""
        workspace = self._outputs.text("logAnalyticsWorkspaceId").lower()
        name = self._outputs.text("logAnalyticsWorkspaceName")
        sources = [
            self._outputs.text("logicAppId"),
            self._outputs.text("rollbackLogicAppId"),
            self._account("customVisionTrainingAccount"),
            self._account("customVisionPredictionAccount"),
            f"{self._storage_account}/blobServices/default",
        ]
        silent: list[str] = []
        for source in sources:
            try:
                settings = list(
                    self._arm.values(
                        f"{source}/providers/Microsoft.Insights/diagnosticSettings", DIAGNOSTICS_API_VERSION
                    )
                )
            except AzureError as error:
                if error.status != 404:
                    raise
                settings = []
            ids = [str(each["properties"].get("workspaceId") or "").lower() for each in settings]
            if workspace not in ids:
                silent.append(_type_and_name(source))
        if silent:
            raise FailedError(f"no diagnostic setting to {name}: {', '.join(silent)}")
        return f"{len(sources)} resources write to {name}"

    @property
    def _storage_account(self) -> str:
        name = self._outputs.text("storageAccountName")
        return f"{self._outputs.group_id}/providers/Microsoft.Storage/storageAccounts/{name}"

    def _account(self, output: str) -> str:
        return f"{self._outputs.group_id}/providers/Microsoft.CognitiveServices/accounts/{self._outputs.text(output)}"

    def _key(self, output: str) -> str:
        return self._arm.post(f"{self._account(output)}/listKeys", COGNITIVE_SERVICES_API_VERSION)["key1"]

    def _container(self, output: str, permissions: str) -> Container:
        return Container(
            self._arm,
            self._storage_account,
            self._outputs.text("blobEndpoint"),
            self._outputs.text(output),
            permissions,
        )

    def _runs(self) -> list[dict[str, Any]]:
        """Return the newest runs, newest first."""
        return self._arm.get(f"{self._outputs.text('logicAppId')}/runs", LOGIC_API_VERSION, "&$top=30")["value"]

    def _new_runs(self) -> list[dict[str, Any]]:
        return [run for run in self._runs() if run["name"] not in (self._runs_before or set())]


def _polling_trigger(definition: Mapping[str, Any]) -> str:
    for name, trigger in definition["triggers"].items():
        if "recurrence" in trigger:
            return name
    raise FailedError(f"no trigger of the Logic App polls; it has: {', '.join(definition['triggers'])}")


def _object(name: str, content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError as error:
        raise FailedError(f"{name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise FailedError(f"{name} holds no object")
    return value


def _type_and_name(id_: str) -> str:
    return id_.partition("/providers/Microsoft.")[2]
