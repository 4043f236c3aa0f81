"""Turns what a program registers into steps: the heart of up and preview."""

from __future__ import annotations

import secrets
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from emulator.pulumi import differences
from emulator.pulumi.engine import urn as urns
from emulator.pulumi.engine.errors import DeploymentError
from emulator.pulumi.engine.events import PropertyChange
from emulator.pulumi.engine.goal import Alias, Goal
from emulator.pulumi.engine.provider import Difference, Provider
from emulator.pulumi.engine.removal import refuse_protected, remove
from emulator.pulumi.engine.state import ResourceState
from emulator.pulumi.engine.steps import Steps
from emulator.pulumi.wire import (
    UNKNOWN,
    Properties,
    contains_secret,
    contains_unknown,
    mask,
    reveal,
    secret,
)

_SEED_BYTES: Final = 32


class Update:
    """One run of a program against the state of its stack."""

    def __init__(self, steps: Steps, project: str, stack: str, read_stack: Callable[[str], Properties | None]) -> None:
        self._steps = steps
        self._journal = steps.journal
        self._project = project
        self._stack = stack
        self._read_stack = read_stack
        self._lock = threading.Lock()
        self._registered: set[str] = set()
        self._former: dict[str, list[str]] = {}
        self._deleted_first: set[str] = set()

    def register(self, goal: Goal) -> ResourceState:
        """Bring one resource to what the program wants, and return what it is then."""
        urn = urns.make(self._stack, self._project, goal.parent, goal.type, goal.name)
        former = self._former_urns(urn, goal)
        with self._lock:
            if urn in self._registered:
                raise DeploymentError("the program registers two resources of this type, name and parent", urn)
            self._registered.add(urn)
            self._former[urn] = former
        old = next((found for each in (urn, *former) if (found := self._journal.remaining(each)) is not None), None)
        if not goal.custom:
            return self._component(urn, goal, old)
        if goal.type.startswith(urns.PROVIDER_PREFIX):
            return self._provider_resource(urn, goal, old)
        return self._custom(urn, goal, old)

    def register_outputs(self, urn: str, outputs: Properties) -> None:
        """Take the outputs of a component."""
        if self._journal.current(urn) is None:
            raise DeploymentError("outputs were registered for a resource that was not", urn)
        self._journal.exported(urn, outputs)

    def read(
        self, kind: str, name: str, parent: str, identity: str, inputs: Properties, provider: str, needs: Sequence[str]
    ) -> ResourceState:
        """Return a resource that exists and is not managed here (``.get`` of a resource class, stack references)."""
        urn = urns.make(self._stack, self._project, parent, kind, name)
        if kind == urns.STACK_REFERENCE_TYPE:
            outputs = self._stack_reference(identity, urn)
        elif identity == UNKNOWN:
            outputs, identity = {}, ""
        else:
            source = self._provider(kind, provider)
            found = source.read(urn, identity, inputs, {})
            if found is None:
                raise DeploymentError(f"there is no resource with the id {identity}", urn)
            identity, _, outputs = found
        state = ResourceState(
            urn=urn,
            type=kind,
            custom=True,
            id=identity,
            parent=parent,
            provider=provider,
            inputs=inputs,
            outputs=outputs,
            dependencies=tuple(needs),
            external=True,
        )
        return self._steps.record("read", state, self._journal.remaining(urn))

    def invoke(self, token: str, arguments: Properties, provider: str) -> tuple[Properties, list[tuple[str, str]]]:
        """Call a function of a provider."""
        return self._provider(token, provider).invoke(token, arguments, preview=self._steps.preview)

    def finish(self) -> None:
        """Delete what the program does not register any more, and what was replaced."""
        refuse_protected([*self._journal.all_remaining(), *self._journal.all_interrupted()])
        self._steps.condemn_interrupted()
        remove(self._steps, [*self._journal.all_remaining(), *self._journal.condemned()])
        self._journal.forget_interrupted()

    def _component(self, urn: str, goal: Goal, old: ResourceState | None) -> ResourceState:
        state = _state(urn, goal, goal.inputs)
        if old is None:
            return self._steps.record("create", state, None)
        state = replace(state, outputs=old.outputs)
        changes = _changes(old.inputs, goal.inputs, ())
        return self._steps.record("update" if changes else "same", state, old, changes)

    def _provider_resource(self, urn: str, goal: Goal, old: ResourceState | None) -> ResourceState:
        if contains_unknown(goal.inputs):
            raise DeploymentError("settings of a provider that depend on other resources are not implemented", urn)
        state = _state(urn, goal, goal.inputs)
        state = replace(state, id=old.id if old else str(uuid.uuid4()), outputs=goal.inputs)
        self._steps.plugins.explicit(urn, urns.package_of(goal.type), goal.inputs)
        if old is None:
            return self._steps.record("create", state, None)
        changes = _changes(old.inputs, goal.inputs, ())
        return self._steps.record("update" if changes else "same", state, old, changes)

    def _custom(self, urn: str, goal: Goal, old: ResourceState | None) -> ResourceState:
        provider = self._provider(goal.type, goal.provider)
        if old is None or old.external:
            begun = self._journal.interrupted(urn)
            inputs = provider.check(urn, begun.inputs if begun else {}, goal.inputs, secrets.token_bytes(_SEED_BYTES))
            if old is not None:
                self._journal.removed(old)
            return self._create(urn, goal, inputs, None, replacing=urn in self._deleted_first)
        wanted = differences.keep(old.inputs, goal.inputs, goal.ignore_changes)
        inputs = provider.check(urn, old.inputs, wanted, secrets.token_bytes(_SEED_BYTES))
        verdict = provider.diff(urn, old.id, old.inputs, old.outputs, inputs, goal.ignore_changes)
        changes = _changes(old.inputs, inputs, (*verdict.replaces, *goal.replace_on_changes))
        replaces = bool(verdict.replaces) or any(
            each.replaces for each in _changes(old.inputs, inputs, goal.replace_on_changes)
        )
        changed = bool(changes) if verdict.changed is None else verdict.changed
        state = _state(urn, goal, inputs)
        if replaces:
            return self._replace(urn, goal, old, provider, verdict, changes)
        if changed or old.init_errors:
            return self._steps.update(state, old, changes, _finisher(state, goal))
        kept = replace(state, id=old.id, outputs=_mark(old.outputs, goal.additional_secret_outputs))
        self._steps.same(kept, old)
        return kept

    def _replace(
        self,
        urn: str,
        goal: Goal,
        old: ResourceState,
        provider: Provider,
        verdict: Difference,
        changes: Sequence[PropertyChange],
    ) -> ResourceState:
        if old.protect:
            paths = ", ".join(each.path for each in changes if each.replaces)
            raise DeploymentError(
                f"it is protected, and the change of {paths} would replace it; deploy it with protect=False first", urn
            )
        wanted = differences.keep(old.inputs, goal.inputs, goal.ignore_changes)
        begun = self._journal.interrupted(urn)
        inputs = provider.check(urn, begun.inputs if begun else {}, wanted, secrets.token_bytes(_SEED_BYTES))
        delete_first = goal.delete_before_replace
        if delete_first is None:
            delete_first = verdict.delete_first
        if not delete_first:
            return self._create(urn, goal, inputs, old, replacing=True, changes=changes)
        going = self._replaced_with(old)
        refuse_protected(going)
        for each in reversed(going):
            self._deleted_first.add(each.urn)
            self._steps.delete(each, replacing=True)
        return self._create(urn, goal, inputs, None, replacing=True, changes=changes)

    def _replaced_with(self, old: ResourceState) -> list[ResourceState]:
        """Return `old` and, after it, what cannot stay when it goes: what a change of its outputs replaces too."""
        going = {old.urn: old}
        for each in self._journal.all_remaining():
            if each.urn in going or not each.custom or each.external or each.type.startswith(urns.PROVIDER_PREFIX):
                continue
            touched = [
                name for name, needed in each.property_dependencies.items() if not going.keys().isdisjoint(needed)
            ]
            if not touched:
                continue
            probe = each.inputs | dict.fromkeys(touched, UNKNOWN)
            verdict = self._steps.provider_of(each).diff(each.urn, each.id, each.inputs, each.outputs, probe, ())
            if verdict.replaces:
                going[each.urn] = each
        return list(going.values())

    def _create(
        self,
        urn: str,
        goal: Goal,
        inputs: Properties,
        previous: ResourceState | None,
        *,
        replacing: bool,
        changes: Sequence[PropertyChange] = (),
    ) -> ResourceState:
        state = _state(urn, goal, inputs)
        return self._steps.create(state, previous, _finisher(state, goal), replacing=replacing, changes=changes)

    def _provider(self, token: str, reference: str) -> Provider:
        if reference:
            return self._steps.provider_by_reference(reference)
        return self._steps.plugins.default(urns.package_of(token))

    def _stack_reference(self, name: str, urn: str) -> Properties:
        found = self._read_stack(name)
        if found is None:
            raise DeploymentError(f"there is no stack {name!r}, or it was never deployed", urn)
        hidden = sorted(key for key, value in found.items() if contains_secret(value))
        return {"name": name, "outputs": found, "secretOutputNames": hidden}

    def _former_urns(self, urn: str, goal: Goal) -> list[str]:
        """Return the URNs that the resource may have had: by its aliases, and by those of its parent."""
        with self._lock:
            parents = [goal.parent, *self._former.get(goal.parent, [])]
        found: list[str] = []
        for alias in (Alias(), *goal.aliases):
            if alias.urn:
                found.append(alias.urn)
                continue
            for parent in [""] if alias.no_parent else [alias.parent] if alias.parent else parents:
                names = [alias.name or goal.name]
                if not alias.name and parent != goal.parent and parent:
                    # A child that is named after its parent is renamed with it.
                    ours, theirs = urns.name_of(goal.parent), urns.name_of(parent)
                    if goal.name.startswith(ours):
                        names.append(theirs + goal.name.removeprefix(ours))
                found += [
                    urns.make(
                        alias.stack or self._stack,
                        alias.project or self._project,
                        parent,
                        alias.type or goal.type,
                        name,
                    )
                    for name in names
                ]
        return [each for each in dict.fromkeys(found) if each != urn]


def _state(urn: str, goal: Goal, inputs: Properties) -> ResourceState:
    return ResourceState(
        urn=urn,
        type=goal.type,
        custom=goal.custom,
        parent=goal.parent,
        provider=goal.provider,
        inputs=inputs,
        dependencies=goal.dependencies,
        property_dependencies=goal.property_dependencies,
        protect=goal.protect,
        retain_on_delete=goal.retain_on_delete,
        deleted_with=goal.deleted_with,
    )


def _finisher(state: ResourceState, goal: Goal) -> Callable[[str, Mapping[str, Any]], ResourceState]:
    def finish(identity: str, outputs: Mapping[str, Any]) -> ResourceState:
        return replace(state, id=identity, outputs=_mark(outputs, goal.additional_secret_outputs))

    return finish


def _mark(outputs: Mapping[str, Any], names: Sequence[str]) -> Properties:
    return {name: secret(value) if name in names else value for name, value in outputs.items()}


def _changes(old: Properties, new: Properties, replacing: Sequence[str]) -> list[PropertyChange]:
    """Return what changes as it may be shown: a property that is or was secret shows no value."""
    changes: list[PropertyChange] = []
    for each in differences.compare(reveal(old), reveal(new)):
        top = str(differences.segments(each.path)[0])
        hidden = contains_secret(old.get(top)) or contains_secret(new.get(top))
        before, after = ("[secret]" if hidden and side is not None else mask(side) for side in (each.old, each.new))
        replaces = any(each.touches(path) for path in replacing)
        changes.append(PropertyChange(each.path, each.kind, before, after, replaces))
    return changes
