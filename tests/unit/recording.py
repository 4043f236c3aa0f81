"""Runs layers, or the whole program, against a recording monitor, and gives back what was registered as plain data.

Assertions are made on the recording after the program has ended, never inside an apply: one that never runs would pass.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import yaml
from pulumi.runtime import mocks, rpc

ROOT = Path(__file__).parents[2]
PROJECT = "custom-vision-retraining"
SUBSCRIPTION = "/subscriptions/00000000-0000-4000-8000-000000000001"
WORKSPACES = "providers/Microsoft.OperationalInsights/workspaces"
OUTGOING = ("198.51.100.10", "203.0.113.20")
DEPLOYER = "00000000-0000-4000-8000-0000000000de"
EVERYTHING = {
    "environmentTags": json.dumps({f"tag {n}": "x" * 256 for n in range(40)}),
    "existingResourceGroup": "rg-there",
    "existingWorkspaceId": f"{SUBSCRIPTION}/resourceGroups/rg-logs/{WORKSPACES}/log-there",
    "purgeOnDestroy": "true",
    "domain": "General (compact)",
    "targetExportPlatforms": '["ONNX", "CoreML"]',
    "trainingAllowedAddresses": json.dumps([*OUTGOING, "192.0.2.0/24"]),
    "predictionAllowedAddresses": '["192.0.2.7"]',
    "manualCallers": '["203.0.113.0/24", "2001:db8::/64"]',
    "alertEmail": "team@example.com",
    "alertWebhook": "https://example.com/alerts?code=abc",
    "noticeWebhook": "https://example.com/notices?code=abc",
    "championCheck": "all",
    "publishChallenger": "true",
    "logRetentionDays": "730",
    "stuckRunHours": "47",
    "waitingImagesHours": "47",
}
"""Every optional setting that adds something to a body."""
TRAINING_KEY = "key-one-of-the-account"
SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"


@dataclass(frozen=True)
class Registered:
    """One RegisterResource call; `inputs` as they went over the wire, secrets wrapped."""

    type: str
    name: str
    inputs: dict[str, Any]
    urn: str
    parent: str
    protect: bool
    depends_on: list[str]
    secret_outputs: list[str]
    custom: bool

    @property
    def plain(self) -> dict[str, Any]:
        return unwrap(self.inputs)

    @property
    def plain_data(self) -> dict[str, Any]:
        """`plain` in a form that can be compared: an asset as its text."""
        return {key: getattr(value, "text", value) for key, value in self.plain.items()}


@dataclass
class Deployed:
    """What a program registered and exported; an export that is unknown is not in `outputs`."""

    resources: list[Registered] = field(default_factory=list[Registered])
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    secret_outputs: set[str] = field(default_factory=set[str])

    def all(self, type_: str) -> list[Registered]:
        return [each for each in self.resources if each.type == type_]

    def one(self, type_: str, name: str | None = None) -> Registered:
        found = [each for each in self.all(type_) if name in (None, each.name)]
        assert len(found) == 1, f"{len(found)} resources of {type_} {name or ''}, not 1"
        return found[0]


def unwrap(value: Any) -> Any:
    """Take the secret wrappers off."""
    if isinstance(value, dict):
        if SECRET_SIGNATURE in value:
            return unwrap(value["value"])
        return {key: unwrap(member) for key, member in value.items()}
    if isinstance(value, list):
        return [unwrap(member) for member in value]
    return value


class Cloud(mocks.Mocks):
    """Answers as azure-native and random would; in a preview ids and computed outputs are unknown."""

    def __init__(self, preview: bool) -> None:
        self._preview = preview

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = unwrap(args.inputs)
        if self._preview or not args.custom:
            return None if args.custom else "", inputs
        match args.typ:
            case "random:index/randomString:RandomString":
                return "abc123", {**inputs, "result": "abc123"}
            case "random:index/randomUuid:RandomUuid":
                return "a", {**inputs, "result": "11111111-2222-4333-8444-555555555555"}
            case "pulumi-python:dynamic/customvision:Project":
                return "99999999-0000-4000-8000-000000000000", inputs
            case _:
                return _azure_resource(args.typ, args.name, inputs)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token == "azure-native:cognitiveservices:listAccountKeys":
            assert args.args["accountName"].startswith("cv-train-")
            return {"key1": TRAINING_KEY, "key2": "key-two-of-the-account"}, []
        if args.token == "azure-native:authorization:getClientConfig":
            ids = dict.fromkeys(("clientId", "objectId", "tenantId"), DEPLOYER)
            return {**ids, "subscriptionId": SUBSCRIPTION.rsplit("/", 1)[-1]}, []
        if args.token == "azure-native:resources:getResourceGroup":
            return _existing(args.args["resourceGroupName"], f"{SUBSCRIPTION}/resourceGroups/"), []
        if args.token == "azure-native:operationalinsights:getWorkspace":
            folder = f"{SUBSCRIPTION}/resourceGroups/{args.args['resourceGroupName']}/{WORKSPACES}/"
            return _existing(args.args["workspaceName"], folder), []
        if args.token == "azure-native:authorization:getClientToken":
            return {"token": f"token for {args.args['endpoint']}"}, []
        raise NotImplementedError(args.token)


class RefusedError(grpc.RpcError):
    """How the engine tells a program that a function failed."""

    def __init__(self, told: str) -> None:
        super().__init__(told)
        self._told = told

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return self._told


def _existing(name: str, folder: str) -> dict[str, Any]:
    """Answer for something whose name ends with ``-there``; ``-taken-there`` is a stack's of this program."""
    if not name.endswith("-there"):
        raise RefusedError(f"ResourceNotFound: there is no {name}")
    tags = {"project": PROJECT, "stack": "another"} if name.endswith("-taken-there") else {"owner": "the platform team"}
    common = {"id": f"{folder}{name}", "name": name, "type": "any", "azureApiVersion": "any", "tags": tags}
    return {**common, "location": "West US 2", "properties": {}, "customerId": "the-customer", "createdDate": "a day"}


def _azure_resource(token: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    group = f"{SUBSCRIPTION}/resourceGroups/{inputs.get('resourceGroupName')}"
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/{inputs.get('accountName')}"
    match token:
        case "azure-native:resources:ResourceGroup":
            own = inputs["resourceGroupName"]
            return f"{SUBSCRIPTION}/resourceGroups/{own}", {**inputs, "name": own}
        case "azure-native:storage:StorageAccount":
            own = inputs["accountName"]
            return account, {
                **inputs,
                "name": own,
                "creationTime": "2026-09-10T08:00:00.0000000Z",
                # Without the slash that Azure sends, to see that it is put there.
                "primaryEndpoints": {"blob": f"https://{own}.blob.core.windows.net"},
            }
        case "azure-native:storage:BlobContainer":
            own = inputs["containerName"]
            return f"{account}/blobServices/default/containers/{own}", {**inputs, "name": own}
        case "azure-native:cognitiveservices:Account":
            own = inputs["accountName"]
            return f"{group}/providers/Microsoft.CognitiveServices/accounts/{own}", {
                **inputs,
                "name": own,
                "properties": {**inputs["properties"], "endpoint": f"https://{own}.cognitiveservices.azure.com"},
            }
        case "azure-native:logic:Workflow":
            own = inputs["workflowName"]
            return f"{group}/providers/Microsoft.Logic/workflows/{own}", {
                **inputs,
                "name": own,
                "identity": {
                    "type": "SystemAssigned",
                    "principalId": f"the-identity-of-{own}",
                    "tenantId": "the-tenant",
                },
                "endpointsConfiguration": {
                    "workflow": {"outgoingIpAddresses": [{"address": each} for each in OUTGOING]},
                },
            }
        case "azure-native:operationalinsights:Workspace":
            own = inputs["workspaceName"]
            return f"{group}/providers/Microsoft.OperationalInsights/workspaces/{own}", {**inputs, "name": own}
        case "azure-native:monitor:DataCollectionEndpoint":
            address = f"https://{name}.eastus-1.ingest.monitor.azure.com"
            return f"{group}/providers/Microsoft.Insights/dataCollectionEndpoints/{name}", {
                **inputs,
                "name": inputs["dataCollectionEndpointName"],
                "logsIngestion": {"endpoint": address},
            }
        case "azure-native:monitor:DataCollectionRule":
            return f"{group}/providers/Microsoft.Insights/dataCollectionRules/{name}", {
                **inputs,
                "name": inputs["dataCollectionRuleName"],
                "immutableId": "dcr-00000000000000000000000000000000",
            }
        case "azure-native:monitor:ActionGroup":
            own = inputs["actionGroupName"]
            return f"{group}/providers/Microsoft.Insights/actionGroups/{own}", {**inputs, "name": own}
        case _:
            return f"{group}/providers/any/{name}", {**inputs, "name": name}


class Monitor(mocks.MockMonitor):
    """Records whole requests: the options of a resource are not among what mocks are given."""

    def __init__(self, cloud: Cloud, deployed: Deployed) -> None:
        super().__init__(cloud)
        self._deployed = deployed

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name of the RPC
        with _own_loop():
            response = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            assert response.urn not in {each.urn for each in self._deployed.resources}, f"{response.urn} twice"
            inputs = rpc.deserialize_properties(request.object, keep_unknowns=True)
            self._deployed.resources.append(
                Registered(
                    request.type,
                    request.name,
                    dict(inputs),
                    response.urn,
                    request.parent,
                    request.protect,
                    list(request.dependencies),
                    list(request.additionalSecretOutputs),
                    request.custom,
                )
            )
        return response

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the name of the RPC
        with _own_loop():
            return super().Invoke(request)


@contextlib.contextmanager
def _own_loop() -> Generator[None]:
    """Pulumi's mocks leave an open event loop behind in every worker thread; this one is closed."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


Run = Callable[..., Deployed]
"""The fixture `run`."""


def stack_config(name: str) -> dict[str, str]:
    """Read Pulumi.<name>.yaml into the texts that the engine hands to the program."""
    config = yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text(encoding="utf-8"))["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def minimal_config(**settings_: str) -> dict[str, str]:
    return {"azure-native:location": "eastus", **{f"{PROJECT}:{key}": value for key, value in settings_.items()}}
