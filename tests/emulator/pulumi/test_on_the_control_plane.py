"""A program deployed on the real control plane: with the engine, and with the real CLI where there is one."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from azure.storage.blob import BlobClient

from emulator.arm.authorization import Authorization
from emulator.arm.service import ControlPlane
from emulator.clock import SystemClock
from emulator.home import Home
from emulator.identity import ARM_AUDIENCES, Principal, TokenIssuer
from emulator.loopback import LoopbackOnly
from emulator.pulumi.engine import DeploymentError
from emulator.pulumi.environment import environment
from emulator.storage.service import Storage
from emulator.telemetry import NoMetrics
from tests.emulator.pulumi.sample import Project, counts

PROGRAM = """
import pulumi
import pulumi_random as random
from pulumi_azure_native import authorization, managedidentity, resources
from things import Thing

config = pulumi.Config()
group = resources.ResourceGroup(
    "group", location=config.get("region") or "westeurope", tags={"owner": config.get("owner") or "me"}
)
suffix = random.RandomString("suffix", length=6, special=False, upper=False)
identity = managedidentity.UserAssignedIdentity(
    "identity",
    resource_group_name=group.name,
    resource_name_=suffix.result.apply(lambda text: f"robot-{text}"),
)
role_id = random.RandomUuid("role-id")
role = authorization.RoleDefinition(
    "role",
    role_definition_id=role_id.result,
    role_name=suffix.result.apply(lambda text: f"Reader of runs {text}"),
    scope=group.id,
    assignable_scopes=[group.id],
    permissions=[{"actions": ["Microsoft.Logic/workflows/runs/read"]}],
)
authorization.RoleAssignment(
    "may-read-runs",
    scope=group.id,
    principal_id=identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=role.id,
)
found = resources.get_resource_group_output(resource_group_name=group.name)
thing = Thing("thing", title=identity.name, key=pulumi.Output.secret("hidden-word"))
pulumi.export("identity", identity.name)
pulumi.export("region", found.location)
pulumi.export("me", authorization.get_client_config_output().object_id)
pulumi.export("shown", thing.shown)
pulumi.export("key", thing.key)
"""

THINGS = """
import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

class Provider(ResourceProvider):
    def diff(self, id, olds, news):
        return DiffResult(changes=any(olds.get(name) != news.get(name) for name in ("title", "key")))
    def create(self, props):
        return CreateResult("thing-1", {**props, "shown": props["title"] + "!"})
    def update(self, id, olds, news):
        return UpdateResult({**news, "shown": news["title"] + "!"})

class Thing(Resource, module="sample", name="Thing"):
    shown: pulumi.Output[str]
    key: pulumi.Output[str]
    def __init__(self, name, title, key):
        super().__init__(Provider(), name, {"title": title, "key": key, "shown": None})
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """The control plane's; the port after it is free, too, and the storage service's."""
    while True:
        made = socket.create_server(("127.0.0.1", 0))
        try:
            socket.create_server(("127.0.0.1", made.getsockname()[1] + 1)).close()
        except (OSError, OverflowError):
            made.close()
            continue
        with made:
            yield made
        return


@pytest.fixture
def client(home: Home, listener: socket.socket) -> Iterator[httpx.Client]:
    configuration, secrets = home.load()
    issuer = TokenIssuer(secrets.token_signing_key, configuration.tenant_id, SystemClock())
    person = Principal(configuration.person_id, "User", "me")
    headers = {"Authorization": f"Bearer {issuer.issue(person, ARM_AUDIENCES[0])}"}
    url = f"{configuration.url('arm')}/subscriptions/{configuration.subscription_id}"
    started, ended = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serve(home, issuer, listener, started, ended)))
    thread.start()
    assert started.wait(60)
    with httpx.Client(base_url=url, headers=headers) as made:
        yield made
    ended.set()
    thread.join()


async def serve(
    home: Home, issuer: TokenIssuer, listener: socket.socket, started: threading.Event, ended: threading.Event
) -> None:
    """Serve the control plane and the storage service, which are real, until `ended`."""
    configuration, _ = home.load()
    clock = SystemClock()
    authorization = Authorization(home.database / "arm", configuration, clock)
    storage = Storage(home.azurite, configuration.url("storage"), clock, issuer, authorization, NoMetrics())
    providers = [authorization, *storage.providers]
    plane = ControlPlane(home.database / "arm", configuration, clock, issuer, authorization, providers)
    await storage.start()
    with socket.create_server(("127.0.0.1", configuration.ports["storage"])) as blobs:
        servers = {
            uvicorn.Server(uvicorn.Config(LoopbackOnly(app), log_level="warning", lifespan="off")): each
            for app, each in ((plane.app, listener), (storage.app, blobs))
        }
        running = [asyncio.create_task(server.serve(sockets=[each])) for server, each in servers.items()]
        while not all(server.started for server in servers):
            await asyncio.sleep(0.01)
        started.set()
        await asyncio.to_thread(ended.wait)
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*running)
    await storage.stop()
    await plane.stop()


@pytest.fixture
def deployed(project: Project) -> Project:
    project.program(PROGRAM)
    project.write("things.py", THINGS)
    return project


def groups(client: httpx.Client) -> list[dict[str, Any]]:
    answer = client.get("/resourceGroups", params={"api-version": "2024-03-01"})
    assert answer.status_code == 200, answer.text
    return answer.json()["value"]


def test_the_engine_deploys_updates_replaces_refreshes_and_destroys(deployed: Project, client: httpx.Client) -> None:
    assert counts(deployed.deployment().preview()) == {"created": 8}
    assert groups(client) == []
    assert counts(deployed.deployment().up()) == {"created": 8}
    (group,) = groups(client)
    outputs = deployed.deployment().outputs()
    assert outputs["region"] == "westeurope"
    assert outputs["shown"] == f"{outputs['identity']}!"
    assert outputs["key"] == "[secret]"
    assert "hidden-word" not in deployed.state.read_text()
    assert counts(deployed.deployment().up()) == {"unchanged": 8}

    assert counts(deployed.deployment(owner="you").up()) == {"updated": 1, "unchanged": 7}
    assert groups(client)[0]["tags"] == {"owner": "you"}

    client.patch(
        f"/resourceGroups/{group['name']}", params={"api-version": "2024-03-01"}, json={"tags": {"owner": "somebody"}}
    ).raise_for_status()
    assert counts(deployed.deployment(owner="you").refresh())["updated"] == 1
    assert counts(deployed.deployment(owner="you").up()) == {"updated": 1, "unchanged": 7}
    assert groups(client)[0]["tags"] == {"owner": "you"}

    replaced = counts(deployed.deployment(owner="you", region="northeurope").up())["replaced"]
    assert replaced >= 4  # the group, and what lies in it or on it
    (moved,) = groups(client)
    assert moved["location"] == "northeurope"
    assert moved["name"] != group["name"]

    deployed.deployment().destroy()
    assert groups(client) == []
    assert json.loads(deployed.state.read_text())["resources"] == []


def test_what_the_control_plane_refuses_is_told_in_its_words(deployed: Project, client: httpx.Client) -> None:
    deployed.program(PROGRAM.replace('"Microsoft.Logic/workflows/runs/read"', '"not an action"'))
    with pytest.raises(DeploymentError) as caught:
        deployed.deployment().up()
    assert caught.value.urn.endswith("::role")
    assert "not an action" in caught.value.message
    deployed.program(PROGRAM)
    mended = counts(deployed.deployment().up())
    assert mended["created"] >= 2  # the role and its assignment at least; what else was made before is kept
    assert mended == {"created": mended["created"], "unchanged": 8 - mended["created"]}


STORAGE = """
import json
import pulumi
from pulumi_azure_native import resources, storage

config = pulumi.Config()
group = resources.ResourceGroup("group", location="westeurope")
names = {"resource_group_name": group.name}
account = storage.StorageAccount(
    "images",
    **names,
    kind=storage.Kind.STORAGE_V2,
    sku={"name": config.get("sku") or "Standard_LRS"},
    access_tier=storage.AccessTier.HOT,
    enable_https_traffic_only=True,
    minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
    allow_blob_public_access=False,
    is_hns_enabled=False,
)
names |= {"account_name": account.name}
container = storage.BlobContainer("artifacts", **names, container_name="artifacts")
storage.ManagementPolicy(
    "lifecycle",
    **names,
    policy={
        "rules": [
            {
                "name": "old",
                "enabled": True,
                "type": "Lifecycle",
                "definition": {
                    "actions": {"base_blob": {"delete": {"days_after_modification_greater_than": 30}}},
                    "filters": {"blob_types": ["blockBlob"], "prefix_match": ["artifacts/"]},
                },
            }
        ]
    },
)
source = account.primary_endpoints.apply(lambda urls: pulumi.StringAsset(json.dumps({"blob": urls["blob"]})))
blob = storage.Blob(
    "config.json", **names, container_name=container.name, source=source, content_type="application/json"
)
keys = storage.list_storage_account_keys_output(**names)
sas = storage.list_storage_account_service_sas_output(
    **names,
    canonicalized_resource=account.name.apply(lambda name: f"/blob/{name}/artifacts"),
    resource="c",
    permissions="r",
    shared_access_expiry_time="2099-01-01T00:00:00Z",
)
pulumi.export("sas", pulumi.Output.secret(sas.service_sas_token))
pulumi.export("url", blob.url)
pulumi.export("key", pulumi.Output.secret(keys.keys[0].value))
pulumi.export("endpoint", account.primary_endpoints.blob)
"""


def test_storage_accounts_containers_rules_and_blobs_live_through_it_all(
    project: Project, client: httpx.Client
) -> None:
    project.program(STORAGE)
    assert counts(project.deployment().up()) == {"created": 6}
    outputs = project.deployment().outputs(show_secrets=True)
    with BlobClient.from_blob_url(outputs["url"], credential=outputs["key"], api_version="2023-11-03") as blob:
        assert json.loads(blob.download_blob().readall()) == {"blob": outputs["endpoint"]}
    assert outputs["key"] not in project.state.read_text()
    assert httpx.get(f"{outputs['url']}?{outputs['sas']}").json() == {"blob": outputs["endpoint"]}

    assert counts(project.deployment().refresh()) == {"unchanged": 5}
    assert counts(project.deployment().up()) == {"unchanged": 6}
    assert counts(project.deployment(sku="Standard_ZRS").up()) == {"updated": 1, "unchanged": 5}
    with pytest.raises(DeploymentError, match="Standard_XYZ"):
        project.deployment(sku="Standard_XYZ").up()
    project.deployment().destroy()
    assert groups(client) == []


@pytest.mark.cli
def test_the_real_cli_deploys_with_the_same_plugins(deployed: Project, client: httpx.Client) -> None:
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        pytest.skip("the pulumi CLI is not on PATH")
    variables = os.environ | environment(deployed.home)

    def run(*arguments: str) -> str:
        ended = subprocess.run(
            [pulumi, *arguments, "--non-interactive", "--stack", "local"],
            cwd=deployed.folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    run("stack", "init")
    run("preview")
    assert groups(client) == []
    run("up", "--yes", "--skip-preview")
    assert len(groups(client)) == 1
    run("up", "--yes", "--skip-preview", "--expect-no-changes")
    run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    shown = json.loads(run("stack", "output", "--json"))
    assert shown["key"] == "[secret]"
    assert shown["shown"] == f"{shown['identity']}!"
    run("destroy", "--yes", "--skip-preview")
    assert groups(client) == []
