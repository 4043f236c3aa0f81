"""What a deployment does to the resources and to the state, with the real plugins and a real program process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from emulator.home import Home
from emulator.pulumi.engine import (
    Deployment,
    DeploymentCancelledError,
    DeploymentError,
    Diagnostic,
    StepFailed,
    StepFinished,
    StepStarted,
)
from tests.emulator.pulumi.sample import Project, StandIn, counts

ROOT = Path(__file__).parents[3]

GROUP = """
import pulumi
from pulumi import CustomResource, ResourceOptions

class Resource(CustomResource):
    name: pulumi.Output[str]
    result: pulumi.Output[str]
    tags: pulumi.Output[dict]
    def __init__(self, kind, name, props, opts=None):
        super().__init__(kind, name, {"name": None, "result": None, **props}, opts)

def group(name="group", opts=None, **props):
    return Resource("azure-native:resources:ResourceGroup", name, {"location": "westeurope", **props}, opts)

def account(name="account", opts=None, **props):
    sku = {"name": "Standard_LRS"}
    return Resource("azure-native:storage:StorageAccount", name, {"kind": "StorageV2", "sku": sku, **props}, opts)

def container(name, opts=None, **props):
    return Resource("azure-native:storage:BlobContainer", name, {"containerName": name, **props}, opts)

def random(kind, name, props, opts=None):
    return Resource(f"random:index/random{kind}:Random{kind}", name, props, opts)
"""

LAYERED = (
    GROUP
    + """
config = pulumi.Config()
g = group()
a = account(resourceGroupName=g.name, accountName=config.get("account") or "first", tags={"owner": config.get("owner")})
c = container("images", resourceGroupName=g.name, accountName=a.name)
pulumi.export("account", a.name)
"""
)


@pytest.fixture
def layered(project: Project) -> Project:
    project.write(
        "Pulumi.yaml",
        """
        name: sample
        runtime: python
        config:
          account: {type: string, default: first}
          owner: {type: string, default: me}
        """,
    )
    project.program(LAYERED)
    return project


def names(project: Project) -> list[str]:
    return [each["urn"].rsplit("::", 1)[-1] for each in json.loads(project.state.read_text())["resources"]]


def steps(project: Project, operation: str) -> list[str]:
    return [each.name for each in project.events if isinstance(each, StepStarted) and each.operation == operation]


def test_first_up_creates_in_dependency_order_and_the_second_changes_nothing(layered: Project, arm: StandIn) -> None:
    assert counts(layered.deployment().up()) == {"created": 4}
    assert [path.rsplit("/", 1)[-1] for path in arm.made("PUT", "")][1:] == ["first", "images"]
    arm.calls.clear()
    before = layered.state.read_text()

    assert counts(layered.deployment().up()) == {"unchanged": 4}
    assert {verb for verb, _ in arm.calls} <= {"GET"}
    assert layered.state.read_text() == before


def test_a_preview_changes_nothing_and_says_what_would_change(layered: Project, arm: StandIn) -> None:
    assert counts(layered.deployment().preview()) == {"created": 4}
    assert arm.bodies == {}
    assert not layered.state.exists()

    layered.deployment().up()
    bodies, state = json.dumps(arm.bodies), layered.state.read_text()
    assert counts(layered.deployment(account="second", owner="you").preview()) == {"replaced": 2, "unchanged": 2}
    assert json.dumps(arm.bodies) == bodies
    assert layered.state.read_text() == state
    started = next(each for each in layered.events if isinstance(each, StepStarted) and each.operation == "replace")
    assert {(each.path, each.old, each.new, each.replaces) for each in started.changes} == {
        ("accountName", "first", "second", True),
        ("tags.owner", "me", "you", False),
    }


def test_a_changed_tag_updates_in_place(layered: Project, arm: StandIn) -> None:
    layered.deployment().up()
    arm.calls.clear()
    assert counts(layered.deployment(owner="you").up()) == {"updated": 1, "unchanged": 3}
    (put,) = arm.made("PUT", "")
    assert arm.bodies[put.lower()]["tags"] == {"owner": "you"}
    assert arm.made("DELETE", "") == []


def test_a_named_resource_and_what_hangs_on_it_go_before_their_replacements_come(
    layered: Project, arm: StandIn
) -> None:
    layered.deployment().up()
    arm.calls.clear()
    assert counts(layered.deployment(account="second").up()) == {"replaced": 2, "unchanged": 2}
    changes = [(verb, path.rsplit("/", 1)[-1]) for verb, path in arm.calls if verb in ("PUT", "DELETE")]
    assert changes == [("DELETE", "images"), ("DELETE", "first"), ("PUT", "second"), ("PUT", "images")]
    assert layered.deployment().outputs() == {"account": "second"}
    assert counts(layered.deployment(account="second").up()) == {"unchanged": 4}


def test_an_autonamed_resource_is_replaced_before_its_old_self_goes(project: Project, arm: StandIn) -> None:
    project.program(GROUP + "group()\n")
    project.deployment().up()
    (old,) = arm.bodies
    arm.calls.clear()
    project.program(GROUP + 'group(location="northeurope")\n')
    assert counts(project.deployment().up()) == {"replaced": 1, "unchanged": 1}
    assert [verb for verb, _ in arm.calls if verb in ("PUT", "DELETE")] == ["PUT", "DELETE"]
    (new,) = arm.bodies
    assert new != old
    assert names(project) == ["sample-local", "group"]


def test_what_the_program_no_longer_registers_is_deleted_dependents_first(layered: Project, arm: StandIn) -> None:
    layered.deployment().up()
    arm.calls.clear()
    layered.program(GROUP + "group()\n")
    assert counts(layered.deployment().up()) == {"deleted": 2, "unchanged": 2}
    assert [path.rsplit("/", 1)[-1] for path in arm.made("DELETE", "")] == ["images", "first"]
    assert names(layered) == ["sample-local", "group"]


def test_destroy_leaves_nothing(layered: Project, arm: StandIn) -> None:
    layered.deployment().up()
    assert counts(layered.deployment().destroy()) == {"deleted": 4}
    assert arm.bodies == {}
    assert names(layered) == []
    assert counts(layered.deployment().up()) == {"created": 4}


def test_a_failed_step_names_its_resource_and_keeps_what_was_made(layered: Project, arm: StandIn) -> None:
    arm.refuse["images"] = "publicAccess: 'All' is not allowed"
    with pytest.raises(DeploymentError, match="publicAccess: 'All' is not allowed") as caught:
        layered.deployment().up()
    assert caught.value.urn.endswith("azure-native:storage:BlobContainer::images")
    assert [each.urn for each in layered.events if isinstance(each, StepFailed)] == [caught.value.urn]
    assert "images" not in names(layered)
    assert [each for each in diagnostics(layered) if each.severity != "debug"] == []  # the failure says it all

    del arm.refuse["images"]
    assert counts(layered.deployment().up()) == {"created": 1, "unchanged": 3}


def test_after_a_failed_step_nothing_more_can_be_registered_or_read(project: Project, arm: StandIn) -> None:
    arm.refuse["bad"] = "location: 'nowhere' is not allowed"
    project.program(
        """
        import grpc
        from google.protobuf.struct_pb2 import Struct
        from pulumi.runtime.proto import resource_pb2 as messages
        from pulumi.runtime.settings import get_monitor

        KIND = "azure-native:resources:ResourceGroup"

        def attempt(called, request):
            try:
                called(request)
                print(request.name, "went through")
            except grpc.RpcError as error:
                print(request.name, error.code().name)

        def wanted(name):
            inputs = Struct()
            inputs.update({"resourceGroupName": name, "location": "westeurope"})
            return messages.RegisterResourceRequest(type=KIND, name=name, custom=True, object=inputs)

        monitor = get_monitor()
        attempt(monitor.RegisterResource, wanted("good"))
        attempt(monitor.RegisterResource, wanted("bad"))
        attempt(monitor.RegisterResource, wanted("late"))
        attempt(monitor.ReadResource, messages.ReadResourceRequest(type=KIND, name="seen", id="/subscriptions/s"))
        """
    )
    with pytest.raises(DeploymentError, match="location: 'nowhere' is not allowed") as caught:
        project.deployment().up()
    assert caught.value.urn.endswith("::bad")
    printed = [each.message for each in diagnostics(project) if each.severity == "info"]
    assert printed == ["good went through", "bad UNAVAILABLE", "late UNAVAILABLE", "seen UNAVAILABLE"]
    assert arm.made("PUT", "/late") == []
    assert arm.made("GET", "/late") == []
    assert "late" not in names(project)
    assert [
        each.name for each in project.events if isinstance(each, StepStarted) and each.name in ("late", "seen")
    ] == []


def test_a_deployment_killed_in_the_middle_goes_on_where_it_stopped(layered: Project, arm: StandIn) -> None:
    arm.hold["first"] = threading.Event()
    kill_at_put(layered, arm, "/first")
    assert len(json.loads(layered.state.read_text())["creating"]) == 1
    assert any(path.endswith("/first") for path in arm.bodies)
    first_group = arm.made("PUT", "/resourceGroups/")[0]

    assert counts(layered.deployment().up()) == {"created": 2, "unchanged": 2}
    assert arm.made("PUT", "/resourceGroups/")[0] == first_group
    assert any("stopped while it created" in each.message for each in diagnostics(layered))
    assert json.loads(layered.state.read_text())["creating"] == []
    assert counts(layered.deployment().up()) == {"unchanged": 4}


@pytest.mark.parametrize("at", ["g", "first", "images"])
def test_wherever_it_is_killed_the_next_deployment_ends_right(layered: Project, arm: StandIn, at: str) -> None:
    layered.program(LAYERED.replace("g = group()", 'g = group(resourceGroupName="g")'))
    arm.hold[at] = threading.Event()
    kill_at_put(layered, arm, f"/{at}")
    assert counts(layered.deployment().up())["created"] >= 1
    assert sorted(path.rsplit("/", 1)[-1] for path in arm.bodies) == ["first", "g", "images"]
    assert counts(layered.deployment().up()) == {"unchanged": 4}


def test_a_replacement_killed_in_the_middle_is_ended_by_the_next_deployment(layered: Project, arm: StandIn) -> None:
    layered.deployment().up()
    layered.write("Pulumi.local.yaml", "config: {sample:account: second}")
    arm.hold["second"] = threading.Event()
    kill_at_put(layered, arm, "/second")
    layered.deployment().up()
    assert {path.rsplit("/", 1)[-1] for path in arm.bodies} >= {"second", "images"}
    assert not any(path.endswith("/first") for path in arm.bodies)
    assert counts(layered.deployment().up()) == {"unchanged": 4}


def test_an_autonamed_replacement_killed_in_the_middle_leaves_no_second_one(project: Project, arm: StandIn) -> None:
    project.program(GROUP + "group()\n")
    project.deployment().up()
    (old,) = arm.bodies
    project.program(GROUP + 'group(location="northeurope")\n')
    arm.calls.clear()
    arm.hold["*"] = threading.Event()
    kill_at_put(project, arm, "")
    assert len(arm.bodies) == 2
    assert counts(project.deployment().up()) == {"replaced": 1, "unchanged": 1}
    (left,) = arm.bodies
    assert left != old
    assert counts(project.deployment().up()) == {"unchanged": 2}


def test_an_emulator_that_stops_in_the_middle_leaves_what_it_was_making_to_the_next_deployment(
    layered: Project, arm: StandIn, home: Home
) -> None:
    layered.deployment().up()
    arm.stop()
    layered.program(LAYERED + 'group("other", resourceGroupName="other")\n')
    with pytest.raises(DeploymentError, match="start it with: python -m emulator up"):
        layered.deployment().up()
    (creating,) = json.loads(layered.state.read_text())["creating"]
    assert creating["urn"].endswith("::other")


def test_a_folder_without_an_emulator_is_named(layered: Project, tmp_path: Path) -> None:
    deployment = Deployment(Home(tmp_path / "nowhere"), layered.folder, "local")
    with pytest.raises(DeploymentError, match="holds no emulator; start one with: python -m emulator up"):
        deployment.up()
    assert not (tmp_path / "nowhere").exists()


def test_ctrl_c_waits_for_the_running_step_saves_it_and_leaves_no_process_behind(
    layered: Project, arm: StandIn
) -> None:
    arm.hold["first"] = threading.Event()
    engine = start_engine(layered)
    wait_until(lambda: bool(arm.made("PUT", "/first")))
    children = children_of(engine.pid)
    engine.send_signal(signal.SIGINT)
    threading.Timer(0.5, arm.hold.pop("first").set).start()
    _, errors = engine.communicate(timeout=30)
    assert "DeploymentCancelledError: the deployment was stopped; the next one goes on from here" in errors
    assert not any(running(each) for each in children)
    assert "account" in names(layered)
    assert "images" not in names(layered)
    assert counts(layered.deployment().up()) == {"created": 1, "unchanged": 3}


def test_a_name_that_is_none_is_refused(layered: Project, arm: StandIn) -> None:
    with pytest.raises(DeploymentError, match=r"'\.\./other' cannot be the name of a stack; allowed: 1 to 100 letters"):
        Deployment(layered.home, layered.folder, "../other").preview()


def test_an_engine_that_is_killed_leaves_no_process_behind(layered: Project, arm: StandIn) -> None:
    arm.hold["first"] = threading.Event()
    engine = start_engine(layered)
    wait_until(lambda: bool(arm.made("PUT", "/first")))
    children = children_of(engine.pid)
    assert len(children) >= 2
    engine.kill()
    engine.communicate()
    arm.hold.pop("first").set()
    wait_until(lambda: not any(running(each) for each in children))


def test_what_exists_already_and_is_not_ours_is_not_taken_over(layered: Project, arm: StandIn) -> None:
    layered.deployment().up()
    layered.state.unlink()
    layered.program(GROUP + 'group(resourceGroupName="mine")\n')
    layered.deployment().up()
    layered.state.unlink()
    with pytest.raises(DeploymentError, match=r"cannot create already existing resource .*/resourceGroups/mine"):
        layered.deployment().up()


def test_no_secret_is_in_the_state_in_clear(project: Project, arm: StandIn) -> None:
    project.program(
        GROUP
        + """
password = random("Password", "password", {"length": 24}, ResourceOptions(additional_secret_outputs=["result"]))
pulumi.export("password", password.result)
pulumi.export("word", pulumi.Output.secret("open-sesame"))
group(tags={"word": pulumi.Output.secret("in-the-tags")})
"""
    )
    project.deployment().up()
    shown = project.deployment().outputs()
    assert shown == {"password": "[secret]", "word": "[secret]"}
    revealed = project.deployment().outputs(show_secrets=True)
    assert revealed["word"] == "open-sesame"
    assert len(revealed["password"]) == 24
    text = project.state.read_text()
    assert all(each not in text for each in ("open-sesame", "in-the-tags", revealed["password"]))
    assert project.state.stat().st_mode & 0o077 == 0
    events = repr(project.events)
    assert "in-the-tags" not in events
    assert counts(project.deployment().up()) == {"unchanged": 3}
    assert project.deployment().outputs(show_secrets=True) == revealed
    (tags,) = [each["tags"] for each in arm.bodies.values()]
    assert tags == {"word": "in-the-tags"}


def test_protection_refuses_deletion_replacement_and_destruction(project: Project, arm: StandIn) -> None:
    def protected(location: str) -> str:
        return GROUP + f'group(opts=ResourceOptions(protect=True), location="{location}")\ngroup("other")\n'

    project.program(protected("westeurope"))
    project.deployment().up()
    bodies = json.dumps(arm.bodies)

    with pytest.raises(DeploymentError, match="protected") as caught:
        project.deployment().destroy()
    assert caught.value.urn.endswith("::group")
    project.program(GROUP)
    with pytest.raises(DeploymentError, match="protected"):
        project.deployment().up()
    project.program(protected("northeurope"))
    with pytest.raises(DeploymentError, match="protected, and the change of location"):
        project.deployment().up()
    assert json.dumps(arm.bodies) == bodies

    project.program(GROUP + 'group()\ngroup("other")\n')
    assert counts(project.deployment().up()) == {"unchanged": 3}
    project.deployment().destroy()
    assert arm.bodies == {}


def test_a_retained_resource_is_forgotten_and_stays(project: Project, arm: StandIn) -> None:
    project.program(GROUP + "group(opts=ResourceOptions(retain_on_delete=True))\n")
    project.deployment().up()
    project.deployment().destroy()
    assert len(arm.bodies) == 1
    assert names(project) == []


def test_a_resource_that_goes_with_another_is_not_deleted_apart(project: Project, arm: StandIn) -> None:
    project.program(
        GROUP
        + """
g = group()
account(resourceGroupName=g.name, accountName="first", opts=ResourceOptions(deleted_with=g))
"""
    )
    project.deployment().up()
    project.deployment().destroy()
    assert arm.made("DELETE", "/first") == []
    assert arm.bodies == {}


def test_an_alias_keeps_the_resource_under_its_new_name(project: Project, arm: StandIn) -> None:
    project.program(GROUP + "group()\n")
    project.deployment().up()
    bodies = json.dumps(arm.bodies)
    project.program(
        GROUP
        + """
class Layer(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("sample:index:Layer", "layer")
        alias = pulumi.Alias(name="group", parent=pulumi.ROOT_STACK_RESOURCE)
        group("renamed", ResourceOptions(parent=self, aliases=[alias]))
        self.register_outputs({"done": True})

Layer()
"""
    )
    assert counts(project.deployment().up()) == {"created": 1, "unchanged": 2}
    assert json.dumps(arm.bodies) == bodies
    assert sorted(names(project)) == ["layer", "renamed", "sample-local"]
    urns = [each["urn"] for each in json.loads(project.state.read_text())["resources"]]
    assert "urn:pulumi:local::sample::sample:index:Layer$azure-native:resources:ResourceGroup::renamed" in urns


def test_children_of_a_renamed_component_keep_their_resources(project: Project, arm: StandIn) -> None:
    program = (
        GROUP
        + """
class Layer(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("sample:index:Layer", name, None, opts)
        group(f"{name}-group", ResourceOptions(parent=self))
        self.register_outputs({})

"""
    )
    project.program(program + 'Layer("old")')
    project.deployment().up()
    bodies = json.dumps(arm.bodies)
    project.program(program + 'Layer("new", ResourceOptions(aliases=[pulumi.Alias(name="old")]))')
    assert counts(project.deployment().up()) == {"unchanged": 3}
    assert json.dumps(arm.bodies) == bodies


def test_ignored_changes_are_ignored_and_others_replace_where_asked(project: Project, arm: StandIn) -> None:
    options = 'ResourceOptions(ignore_changes=["tags"], replace_on_changes=["managedBy"])'
    project.program(GROUP + f'group(opts={options}, tags={{"a": "1"}})\n')
    project.deployment().up()
    project.program(GROUP + f'group(opts={options}, tags={{"a": "2"}})\n')
    assert counts(project.deployment().up()) == {"unchanged": 2}
    options = 'ResourceOptions(replace_on_changes=["tags.a"])'
    project.program(GROUP + f'group(opts={options}, tags={{"a": "3"}})\n')
    assert counts(project.deployment().up()) == {"replaced": 1, "unchanged": 1}


def test_refresh_sees_what_was_changed_by_hand_and_the_next_up_repairs_it(layered: Project, arm: StandIn) -> None:
    layered.deployment().up()
    account = next(path for path in arm.bodies if path.endswith("/first"))
    images = next(path for path in arm.bodies if path.endswith("/images"))
    arm.bodies[account]["tags"] = {"owner": "somebody", "more": "yes"}
    del arm.bodies[images]

    assert counts(layered.deployment().refresh()) == {"updated": 1, "deleted": 1, "unchanged": 1}
    assert counts(layered.deployment().refresh()) == {"unchanged": 2}
    assert counts(layered.deployment().up()) == {"created": 1, "updated": 1, "unchanged": 2}
    assert arm.bodies[account]["tags"] == {"owner": "me"}
    assert images in arm.bodies
    assert counts(layered.deployment().refresh()) == {"unchanged": 3}


def test_a_failing_program_shows_its_traceback_and_deletes_nothing(layered: Project, arm: StandIn) -> None:
    layered.deployment().up()
    layered.program(GROUP + 'group()\nraise KeyError("no such setting")\n')
    with pytest.raises(DeploymentError, match=r"(?s)__main__\.py.*KeyError: 'no such setting'"):
        layered.deployment().up()
    assert any(path.endswith("/images") for path in arm.bodies)
    layered.program('import pulumi\nraise pulumi.RunError("set account to a name that is free")\n')
    with pytest.raises(DeploymentError, match=r"exit status 1\): set account to a name that is free$"):
        layered.deployment().up()
    layered.program(GROUP + 'pulumi.log.error("this cannot be")\n')
    with pytest.raises(DeploymentError, match="reported errors: this cannot be"):
        layered.deployment().up()
    assert any(path.endswith("/images") for path in arm.bodies)


def test_what_the_program_prints_and_logs_is_heard(project: Project, arm: StandIn) -> None:
    project.program('import pulumi\nprint("printed")\npulumi.log.warn("be careful")\n')
    project.deployment().up()
    heard = {(each.severity, each.message) for each in diagnostics(project)}
    assert {("info", "printed"), ("warning", "be careful")} <= heard


def test_inputs_that_are_missing_or_unknown_are_named(project: Project, arm: StandIn) -> None:
    kind = "azure-native:storage:BlobContainer"
    project.program(GROUP + f'Resource("{kind}", "images", {{"accountName": "a", "size": 3}})\n')
    with pytest.raises(DeploymentError, match=r"size: .*allowed: accountName.*; resourceGroupName: .* requires"):
        project.deployment().preview()


def test_what_nobody_serves_is_named(project: Project, arm: StandIn) -> None:
    project.program(GROUP + 'Resource("azure-native:compute:VirtualMachine", "vm", {})\n')
    with pytest.raises(DeploymentError, match="azure-native:compute:VirtualMachine is not implemented"):
        project.deployment().preview()
    project.program(GROUP + 'Resource("aws:s3:Bucket", "bucket", {})\n')
    with pytest.raises(DeploymentError, match=r"no plugin for the package 'aws'.*there are: azure-native, random"):
        project.deployment().preview()
    project.program(GROUP + 'group(opts=ResourceOptions(import_="/subscriptions/s"))\n')
    with pytest.raises(DeploymentError, match="'group' uses import_, which this engine does not implement"):
        project.deployment().preview()
    project.program(GROUP + "group(opts=ResourceOptions(transforms=[lambda args: None]))\n")
    with pytest.raises(DeploymentError, match="does not support transforms"):
        project.deployment().preview()


def test_two_resources_of_one_name_are_refused(project: Project, arm: StandIn) -> None:
    project.program(GROUP + "group()\ngroup()\n")
    with pytest.raises(DeploymentError, match="registers two resources"):
        project.deployment().preview()


def test_a_second_deployment_of_the_stack_is_refused_while_one_runs(layered: Project, arm: StandIn) -> None:
    arm.hold["first"] = threading.Event()
    running_one = threading.Thread(target=layered.deployment().up)
    running_one.start()
    wait_until(lambda: bool(arm.made("PUT", "/first")))
    with pytest.raises(DeploymentError, match=rf"being deployed already, by process {os.getpid()}"):
        layered.deployment().up()
    arm.hold.pop("first").set()
    running_one.join()


def test_a_cancelled_deployment_finishes_its_running_step_and_saves_it(layered: Project, arm: StandIn) -> None:
    arm.hold["first"] = threading.Event()
    deployment = layered.deployment()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            deployment.up()
        except DeploymentCancelledError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: bool(arm.made("PUT", "/first")))
    deployment.cancel()
    wait_until(lambda: deployment.stopping)
    arm.hold.pop("first").set()
    thread.join()
    assert len(failures) == 1
    assert "account" in names(layered)
    assert "images" not in names(layered)
    assert counts(layered.deployment().up()) == {"created": 1, "unchanged": 3}


def test_an_existing_resource_can_be_looked_up_and_is_never_deleted(project: Project, arm: StandIn) -> None:
    project.program(GROUP + 'group(resourceGroupName="mine", tags={"a": "1"})\n')
    project.deployment().up()
    project.state.unlink()
    (mine,) = [body["id"] for body in arm.bodies.values()]
    project.program(GROUP + f'found = group(opts=ResourceOptions(id="{mine}"))\npulumi.export("name", found.name)\n')
    project.deployment().up()
    assert project.deployment().outputs() == {"name": "mine"}
    project.deployment().destroy()
    assert len(arm.bodies) == 1


def test_an_explicit_provider_serves_the_resources_that_name_it(project: Project, arm: StandIn) -> None:
    project.program(
        GROUP
        + """
provider = pulumi.ProviderResource("azure-native", "north", {"location": "northeurope"})
Resource("azure-native:resources:ResourceGroup", "group", {}, ResourceOptions(provider=provider))
"""
    )
    assert counts(project.deployment().up()) == {"created": 3}
    assert [body["location"] for body in arm.bodies.values()] == ["northeurope"]
    assert counts(project.deployment().up()) == {"unchanged": 3}
    project.deployment().destroy()
    assert arm.bodies == {}


def test_another_stacks_outputs_can_be_read_and_stay_secret(project: Project, arm: StandIn) -> None:
    project.program('import pulumi\npulumi.export("a", 1)\npulumi.export("b", pulumi.Output.secret("hidden-word"))\n')
    project.deployment().up()
    project.write("Pulumi.yaml", "name: consumer\nruntime: python\n")
    project.program(
        """
        import pulumi
        other = pulumi.StackReference("organization/sample/local")
        pulumi.export("a", other.require_output("a"))
        pulumi.export("b", other.require_output("b"))
        """
    )
    project.deployment().up()
    assert project.deployment().outputs() == {"a": 1, "b": "[secret]"}
    assert project.deployment().outputs(show_secrets=True)["b"] == "hidden-word"
    project.program('import pulumi\npulumi.StackReference("organization/sample/nowhere")\n')
    with pytest.raises(DeploymentError, match="no stack 'organization/sample/nowhere'"):
        project.deployment().up()


def test_functions_answer_and_their_failures_are_the_programs(project: Project, arm: StandIn) -> None:
    call = 'pulumi.runtime.invoke("azure-native:{}", {}).value'
    project.program(GROUP + f'pulumi.export("me", {call.format("authorization:getClientConfig", {})})\n')
    project.deployment().up()
    configuration, _ = project.home.load()
    assert project.deployment().outputs()["me"]["subscriptionId"] == configuration.subscription_id
    project.program(GROUP + call.format("storage:listStorageAccountKeys", {"accountName": "a"}) + "\n")
    with pytest.raises(DeploymentError, match=r"this argument is required \(resourceGroupName\)"):
        project.deployment().up()
    project.program(GROUP + call.format("storage:getQueue", {}) + "\n")
    with pytest.raises(DeploymentError, match="function azure-native:storage:getQueue is not implemented"):
        project.deployment().up()


def test_the_events_of_a_step_come_in_order(layered: Project, arm: StandIn) -> None:
    layered.deployment().up()
    urn = next(each.urn for each in layered.events if isinstance(each, StepStarted) and each.name == "images")
    own = [type(each) for each in layered.events if not isinstance(each, Diagnostic) and each.urn == urn]
    assert own == [StepStarted, StepFinished]


def test_a_state_of_another_emulator_or_a_damaged_one_is_refused(layered: Project, arm: StandIn) -> None:
    layered.program(GROUP + 'pulumi.export("a", pulumi.Output.secret("b"))\n')
    layered.deployment().up()
    text = layered.state.read_text()
    layered.state.write_text(text.replace('"ciphertext": "', '"ciphertext": "x'))
    with pytest.raises(DeploymentError, match="encrypted by another emulator's key"):
        layered.deployment().up()
    layered.state.write_text(text[:-20])
    with pytest.raises(DeploymentError, match=r"local\.json is damaged"):
        layered.deployment().up()


def diagnostics(project: Project) -> list[Diagnostic]:
    return [each for each in project.events if isinstance(each, Diagnostic)]


def kill_at_put(project: Project, arm: StandIn, path: str) -> None:
    """Deploy in a process of its own and kill it while the control plane holds the PUT to `path`."""
    engine = start_engine(project)
    wait_until(lambda: bool(arm.made("PUT", path)))
    engine.kill()
    engine.communicate()
    for held in arm.hold.values():
        held.set()
    arm.hold.clear()


def start_engine(project: Project) -> subprocess.Popen[str]:
    """Deploy in a process of its own, which a test may kill."""
    script = (
        "from pathlib import Path; from emulator.home import Home; from emulator.pulumi.engine import Deployment; "
        f"Deployment(Home(Path({str(project.home.root)!r})), Path({str(project.folder)!r}), 'local').up()"
    )
    return subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.PIPE, text=True)


def wait_until(condition: object, seconds: float = 20) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def children_of(process: int) -> list[int]:
    if not Path("/proc/self/stat").exists():
        pytest.skip("this machine does not tell its processes below /proc")
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(fields[1]) == process:
            found.append(int(stat.parent.name))
    return found


def running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_a_killed_deployment_had_begun_is_deleted_with_the_stack(layered: Project, arm: StandIn) -> None:
    arm.hold["first"] = threading.Event()
    kill_at_put(layered, arm, "/first")
    assert any(path.endswith("/first") for path in arm.bodies)
    assert counts(layered.deployment().destroy())["deleted"] == 3
    assert arm.bodies == {}
    assert json.loads(layered.state.read_text()) == {"creating": [], "resources": [], "version": 1}


def test_what_a_killed_deployment_had_begun_and_nobody_wants_any_more_is_deleted(
    layered: Project, arm: StandIn
) -> None:
    arm.hold["first"] = threading.Event()
    kill_at_put(layered, arm, "/first")
    layered.write("Pulumi.local.yaml", "config: {sample:account: second}")
    layered.program(GROUP + "g = group()\n")
    assert layered.deployment().up().deleted == 1
    assert not any(path.endswith("/first") for path in arm.bodies)
    assert json.loads(layered.state.read_text())["creating"] == []


def test_after_a_deletion_that_failed_no_further_one_begins(project: Project, arm: StandIn) -> None:
    project.program(GROUP + "for number in range(40):\n    group(f'g{number}', resourceGroupName=f'g{number}')\n")
    project.deployment().up()
    arm.keep = {f"g{number}" for number in range(40)}
    with pytest.raises(DeploymentError, match="ScopeLocked"):
        project.deployment().destroy()
    assert 1 <= len(arm.made("DELETE", "/resourceGroups/")) <= 8
    arm.keep = set()
    assert project.deployment().destroy().deleted == 41
