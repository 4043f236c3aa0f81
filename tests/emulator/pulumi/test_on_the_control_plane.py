"""A program deployed on the real control plane: with the engine, and with the real CLI where there is one."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator.arm.authorization import Authorization
from emulator.arm.service import ControlPlane
from emulator.clock import SystemClock
from emulator.home import Home
from emulator.identity import ARM_AUDIENCES, Principal, TokenIssuer
from emulator.loopback import LoopbackOnly
from emulator.pulumi.engine import DeploymentError
from emulator.pulumi.environment import environment
from tests.emulator.pulumi.sample import Project, counts, serving

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
def client(home: Home, listener: socket.socket) -> Iterator[httpx.Client]:
    configuration, secrets = home.load()
    clock = SystemClock()
    issuer = TokenIssuer(secrets.token_signing_key, configuration.tenant_id, clock)
    authorization = Authorization(home.database / "arm", configuration, clock)
    plane = ControlPlane(home.database / "arm", configuration, clock, issuer, authorization, [authorization])
    person = Principal(configuration.person_id, "User", "me")
    headers = {"Authorization": f"Bearer {issuer.issue(person, ARM_AUDIENCES[0])}"}
    url = f"{configuration.url('arm')}/subscriptions/{configuration.subscription_id}"
    with serving(LoopbackOnly(plane.app), listener), httpx.Client(base_url=url, headers=headers) as made:
        yield made
    asyncio.run(plane.stop())


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
    deployed.deployment().up()
    assert counts(deployed.deployment().up()) == {"unchanged": 8}


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
