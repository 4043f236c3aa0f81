"""The project's own program, deployed on the services of a `World`, and the roles that it assigns."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from emulator.clock import Clock
from emulator.pulumi.engine import Deployment
from emulator.server_options import ServerOptions
from tests.unit.recording import ROOT
from tests.workflows.world import COGNITIVE, HURRY, LOGIC, STORAGE, Finished, HurriedClock, Retraining, World

ROLE_ASSIGNMENTS, ROLE_DEFINITIONS = (
    f"Microsoft.Authorization/{kind}" for kind in ("roleAssignments", "roleDefinitions")
)
ROLES_API = "2022-04-01"
SETTINGS: Mapping[str, str] = {
    # Only the tests have the trigger look.
    "pollIntervalSeconds": "86400",
    "minimumImagesPerTag": "5",
    "gateTolerance": "0",
    "trainingPollSeconds": "1",
}


@dataclass(frozen=True)
class Assignment:
    """A role assignment as the program made it: `who` is retrain or rollback, `body` what a PUT makes it again with."""

    id: str
    who: str
    scope: str
    role: str
    body: dict[str, Any]

    @property
    def name(self) -> str:
        """Who, on what and which role, for people."""
        return f"{self.who} on {self.scope.rsplit('/', 1)[-1]}: {self.role}"


class LeapingClock(HurriedClock):
    """Hurries, and is moved on by a test past a wait; whoever sleeps meanwhile wakes when his time has come."""

    def __init__(self) -> None:
        super().__init__()
        self._leaped = timedelta()

    def now(self) -> datetime:
        return super().now() + self._leaped

    def leap(self, seconds: float) -> None:
        self._leaped += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        until = self.now() + timedelta(seconds=seconds)
        while (left := (until - self.now()).total_seconds()) > 0:
            await super().sleep(min(left, 0.05 * HURRY))


class ProgramWorld(World):
    """A world that the program makes; the attributes are those of the resources that it deploys."""

    def __init__(self, folder: Path, clock: Clock | None = None, options: ServerOptions | None = None) -> None:
        self.leaping = LeapingClock()
        super().__init__(folder, clock or self.leaping, options)

    def start(self) -> None:
        self.serve()
        self.deploy()

    def stop(self) -> None:
        self.arm.close()
        super().stop()

    def deploy(self, **settings: str) -> None:
        """Deploy, as pulumi up does, and find what there is by the stack's outputs."""
        self.deployment = Deployment(
            self.home,
            ROOT,
            "local",
            {**self.arm.configuration.stack_settings(), **SETTINGS, **settings},
        )
        self.summary = self.deployment.up()
        self.outputs = {name: str(value) for name, value in self.deployment.outputs().items()}
        self.group = f"{self.arm.subscription}/resourceGroups/{self.outputs['resourceGroupName']}"
        self.storage = f"{self.group}/providers/Microsoft.Storage/storageAccounts/{self.outputs['storageAccountName']}"
        accounts = f"{self.group}/providers/Microsoft.CognitiveServices/accounts"
        self.training = f"{accounts}/{self.outputs['customVisionTrainingAccount']}"
        self.prediction = f"{accounts}/{self.outputs['customVisionPredictionAccount']}"
        self.blob_endpoint = self.outputs["blobEndpoint"]
        self.training_endpoint = self.outputs["customVisionTrainingEndpoint"]
        self.prediction_endpoint = self.outputs["customVisionPredictionEndpoint"]
        self.read_keys()

    def assignments(self) -> list[Assignment]:
        """Return the assignments of the workflows' identities, as Azure Resource Manager has them."""
        workflows = {"retrain": self.outputs["logicAppId"], "rollback": self.outputs["rollbackLogicAppId"]}
        people = {self.arm.get(id, LOGIC)["identity"]["principalId"]: who for who, id in workflows.items()}
        found: list[Assignment] = []
        for each in self.arm.values(f"{self.group}/providers/{ROLE_ASSIGNMENTS}", ROLES_API):
            properties = each["properties"]
            if properties["principalId"] in people:
                role = self.arm.get(properties["roleDefinitionId"], ROLES_API)["properties"]["roleName"]
                body = {name: properties[name] for name in ("principalId", "principalType", "roleDefinitionId")}
                found.append(
                    Assignment(
                        each["id"], people[properties["principalId"]], properties["scope"], role, {"properties": body}
                    )
                )
        return sorted(found, key=lambda assignment: assignment.name)

    def remove(self, assignment: Assignment) -> None:
        self.arm.delete(assignment.id, ROLES_API)

    def put_back(self, assignment: Assignment) -> None:
        self.arm.put(assignment.id, ROLES_API, assignment.body)


class ProgramRetraining(Retraining):
    """The workflows that the program deployed."""

    def __init__(self, world: ProgramWorld) -> None:
        self.world = world
        outputs = world.outputs
        self.containers = {
            purpose: outputs[f"{output}Container"]
            for purpose, output in {
                "training": "trainingImages",
                "processed": "processedImages",
                "rejected": "rejectedImages",
                "artifacts": "modelArtifacts",
                "evaluation": "evaluationImages",
            }.items()
        }
        self.project = outputs["customVisionProjectId"]
        self.workflow = outputs["logicAppId"]
        self.rollback = outputs["rollbackLogicAppId"]
        self._leaping = world.leaping

    def forget_trainings(self) -> None:
        """Delete what is not published, as only so many trainings a day are allowed, by the iterations there are."""
        for each in self.project_api("GET", "iterations"):
            if not each["publishName"]:
                self.project_api("DELETE", f"iterations/{each['id']}")

    def run_through_waits(self, trigger: str = "manual") -> Finished:
        """Run to the end, and past each wait of the run for a role."""
        run = self.begin(trigger)
        while not self._is_over(run):
            actions = self.world.arm.values(f"{self.workflow}/runs/{run}/actions", LOGIC, **{"$top": "250"})
            statuses = {action["name"]: action["properties"]["status"] for action in actions}
            if any(name.startswith("Wait_until_the_role") and status == "Running" for name, status in statuses.items()):
                self._leaping.leap(60)
            time.sleep(0.1)
        return self.finish(run)

    def _is_over(self, run: str) -> bool:
        return "endTime" in self.world.arm.get(f"{self.workflow}/runs/{run}", LOGIC)["properties"]


def keys_of(world: World) -> dict[str, str]:
    """Return every key of the accounts, by what it is."""
    found: dict[str, str] = {}
    for kind, account in (("training", world.training), ("prediction", world.prediction)):
        found |= {f"{kind} {name}": key for name, key in world.arm.post(f"{account}/listKeys", COGNITIVE).items()}
    keys = world.arm.post(f"{world.storage}/listKeys", STORAGE)["keys"]
    return found | {f"storage {key['keyName']}": key["value"] for key in keys}
