"""An exported stack made again on another emulator: its resources from their old inputs, and the state that names them.

The resources get ids, addresses and identities of the emulator that they are made on. What differs from the exported
outputs is learned resource by resource, and replaced in whatever refers to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from emulator.pulumi.engine.configuration import load_configuration, load_project
from emulator.pulumi.engine.plugins import PluginHost
from emulator.pulumi.engine.state import ResourceState, Snapshot, StateFile
from emulator.pulumi.engine.urn import package_of
from emulator.pulumi.installation import install
from emulator.pulumi.wire import Properties, Value, reveal, secret
from tests.lifecycle.cloud import COGNITIVE
from tests.lifecycle.rehearsal import PROJECT, ROOT, Rehearsal
from tests.lifecycle.upgrade.export import STACK

_SHORTEST: Final = 6
"""Shorter texts are no names of anything (the stack's suffix has six characters)."""


@dataclass
class Learned:
    """What stands for what; the longest text first, as an address contains a name."""

    texts: dict[str, str] = field(default_factory=dict[str, str])

    def learn(self, exported: Value, made: Value) -> None:
        for old, new in _pairs(exported, made):
            if old != new and len(old) >= _SHORTEST:
                self.texts[old] = new

    def apply(self, value: Value) -> Any:
        text = json.dumps(value)
        for old in sorted(self.texts, key=len, reverse=True):
            text = text.replace(json.dumps(old)[1:-1], json.dumps(self.texts[old])[1:-1])
        return json.loads(text)


def exported(path: Path) -> list[ResourceState]:
    return [_resource(each) for each in json.loads(path.read_text(encoding="utf-8"))["resources"]]


def restore(stage: Rehearsal, resources: list[ResourceState]) -> None:
    """Make the resources on the stage, and the stack's state."""
    install(stage.home)
    project = load_project(ROOT)
    plugins = PluginHost(stage.home, project, STACK, load_configuration(project, STACK, {}), lambda _: None)
    learned = Learned()
    group = next(each for each in resources if each.type.endswith(":ResourceGroup"))
    learned.texts[group.id.split("/")[2]] = stage.arm.configuration.subscription_id
    made: list[ResourceState] = []
    try:
        for resource in resources:
            state = replace(
                resource,
                id=learned.apply(resource.id),
                inputs=learned.apply(resource.inputs),
                outputs=learned.apply(resource.outputs),
            )
            if resource.custom and package_of(resource.type) != "random":
                inputs = _with_key(stage, state)
                identity, outputs = plugins.default(package_of(state.type)).create(state.urn, inputs, preview=False)
                learned.learn({"id": resource.id, **resource.outputs}, {"id": identity, **outputs})
                state = replace(state, id=identity, inputs=inputs, outputs=outputs)
            made.append(state)
    finally:
        plugins.close()
    # Components are registered first and know what their children are like later.
    made = [each if each.custom else replace(each, outputs=learned.apply(each.outputs)) for each in made]
    StateFile(stage.home, PROJECT, STACK).save(Snapshot(tuple(made)))


def _with_key(stage: Rehearsal, resource: ResourceState) -> Properties:
    if "training_key" not in resource.inputs:
        return resource.inputs
    keys = stage.arm.post(f"{resource.inputs['account_id']}/listKeys", COGNITIVE)
    return {**resource.inputs, "training_key": secret(keys["key1"])}


def _pairs(exported: Value, made: Value) -> Iterator[tuple[str, str]]:
    exported, made = reveal(exported), reveal(made)
    if isinstance(exported, str) and isinstance(made, str):
        yield exported, made
    elif isinstance(exported, dict) and isinstance(made, dict):
        for name in exported.keys() & made.keys():
            yield from _pairs(exported[name], made[name])
    elif isinstance(exported, list) and isinstance(made, list):
        for old, new in zip(exported, made, strict=False):
            yield from _pairs(old, new)


def _resource(found: dict[str, Any]) -> ResourceState:
    members: dict[str, Any] = {
        **found,
        "dependencies": tuple(found["dependencies"]),
        "init_errors": tuple(found["init_errors"]),
        "property_dependencies": {name: tuple(urns) for name, urns in found["property_dependencies"].items()},
    }
    return ResourceState(**members)
