"""Dynamic resources, served by the SDK's own provider process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.pulumi.engine import DeploymentError
from tests.emulator.pulumi.sample import Project, counts

PROVIDER = """
import json, pathlib
from pulumi.dynamic import (
    CheckFailure, CheckResult, ConfigureRequest, CreateResult, DiffResult, ReadResult, Resource, ResourceProvider,
    UpdateResult,
)

KEPT = pathlib.Path("kept.json")

def load(): return json.loads(KEPT.read_text()) if KEPT.exists() else {}
def save(found): KEPT.write_text(json.dumps(found))

class Provider(ResourceProvider):
    def configure(self, req: ConfigureRequest):
        self.prefix = req.config.get("prefix") or ""

    def check(self, olds, news):
        failures = [] if news.get("size", 1) else [CheckFailure("size", "0 is too small; allowed: 1 or more")]
        return CheckResult(news, failures)

    def diff(self, id, olds, news):
        changed = [name for name in ("title", "size", "key") if olds.get(name) != news.get(name)]
        return DiffResult(changes=bool(changed), replaces=[name for name in changed if name == "size"])

    def create(self, props):
        found = load()
        identity = f"id{len(found) + 1}"
        save({**found, identity: props["title"]})
        return CreateResult(identity, {**props, "shown": self.prefix + props["title"]})

    def update(self, id, olds, news):
        save({**load(), id: news["title"]})
        return UpdateResult({**news, "shown": self.prefix + news["title"]})

    def read(self, id, props):
        found = load()
        if id not in found:
            return ReadResult(None, {})
        return ReadResult(id, {**props, "title": found[id]})

    def delete(self, id, props):
        found = load()
        found.pop(id, None)
        save(found)

class Thing(Resource, module="sample", name="Thing"):
    shown: "pulumi.Output[str]"
    def __init__(self, name, opts=None, **props):
        super().__init__(Provider(), name, {**props, "shown": None}, opts)
"""

PROGRAM = """
import pulumi
from things import Thing
config = pulumi.Config()
first = Thing("first", title=config.require("title"), size=config.require_int("size"), key=config.require_secret("key"))
second = Thing("second", title=first.shown, size=1)
pulumi.export("shown", second.shown)
"""


@pytest.fixture
def things(project: Project) -> Project:
    project.write(
        "Pulumi.yaml",
        """
        name: sample
        runtime: python
        config:
          title: {type: string, default: one}
          size: {type: integer, default: 1}
          prefix: {type: string, default: ">"}
          key: {type: string, secret: true, default: key-in-state}
        """,
    )
    project.write("things.py", PROVIDER)
    project.program(PROGRAM)
    return project


def kept(project: Project) -> dict[str, str]:
    return json.loads((project.folder / "kept.json").read_text())


def test_a_dynamic_resource_lives_through_create_update_replace_read_and_delete(things: Project) -> None:
    assert counts(things.deployment().up()) == {"created": 3}
    assert things.deployment().outputs() == {"shown": ">>one"}
    assert kept(things) == {"id1": "one", "id2": ">one"}
    assert counts(things.deployment().up()) == {"unchanged": 3}

    assert counts(things.deployment(title="two").up()) == {"updated": 2, "unchanged": 1}
    assert kept(things) == {"id1": "two", "id2": ">two"}

    assert counts(things.deployment(title="two", size="2").up()) == {"replaced": 1, "unchanged": 2}
    assert kept(things) == {"id2": ">two", "id3": "two"}

    (things.folder / "kept.json").write_text(json.dumps({"id2": ">two"}))
    assert counts(things.deployment(title="two", size="2").refresh()) == {"deleted": 1, "unchanged": 1}
    assert counts(things.deployment(title="two", size="2").up()) == {"created": 1, "unchanged": 2}

    things.deployment().destroy()
    assert kept(things) == {}


def test_a_preview_calls_neither_create_nor_update(things: Project) -> None:
    assert counts(things.deployment().preview()) == {"created": 3}
    assert not (things.folder / "kept.json").exists()
    things.deployment().up()
    assert counts(things.deployment(title="two").preview()) == {"updated": 2, "unchanged": 1}
    assert kept(things) == {"id1": "one", "id2": ">one"}


def test_the_state_holds_a_reference_to_the_code_and_no_secret_in_clear(things: Project) -> None:
    things.deployment().up()
    text = things.state.read_text()
    assert "key-in-state" not in text
    assert "__provider" in text
    things.write("things.py", PROVIDER + "\n# another line\n")
    assert counts(things.deployment().up()) == {"unchanged": 3}


def test_what_its_check_refuses_is_named(things: Project) -> None:
    with pytest.raises(DeploymentError, match="size: 0 is too small; allowed: 1 or more") as caught:
        things.deployment(size="0").preview()
    assert caught.value.urn.endswith("dynamic/sample:Thing::first")


def test_an_exception_of_the_provider_is_shown(things: Project, tmp_path: Path) -> None:
    things.write(
        "things.py", PROVIDER.replace('identity = f"id', 'raise RuntimeError("the service is down")\n        _ = f"id')
    )
    with pytest.raises(DeploymentError, match="RuntimeError: the service is down"):
        things.deployment().up()
