"""What a definition cannot do on its own, so that mocks have to answer it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.logic_apps.actions import ACTION_TYPES
from emulator.logic_apps.standalone.mocked_actions import CALLING, is_control, runs_alone
from emulator.logic_apps.standalone.mocks import MockError, Mocks, NoResponse, StaticResult
from emulator.logic_apps.standalone.preparation import placed


@dataclass(frozen=True)
class Need:
    """An action that asks for an answer; `calls` tells whether it makes calls that rules can answer."""

    name: str
    type: str
    calls: bool


def needs(definition: Mapping[str, Any]) -> Iterator[Need]:
    """Yield the actions of a definition as it is written that ask for an answer, but those with a static result."""
    for name, action in placed(definition.get("actions")):
        type = str(action.get("type", ""))
        if type.lower() in CALLING or not runs_alone(type.lower()):
            static = (action.get("runtimeConfiguration") or {}).get("staticResult") or {}
            if static.get("staticResultOptions") != "Enabled":
                yield Need(name, type, type.lower() in CALLING)


def check_answered(definition: Mapping[str, Any], mocks: Mocks) -> None:
    """Refuse mocks that leave out an action that is never done here, or answer one that always is.

    Raises:
        MockError: the message names the actions and their types.
    """
    missing = [need for need in needs(definition) if not need.calls and mocks.action(need.name) is None]
    if missing:
        named = ", ".join(f"'{need.name}' ({need.type})" for need in missing)
        raise MockError(f"{mocks.source}: actions of types that are not run here need an answer in 'actions': {named}")
    statics: Mapping[str, Any] = definition.get("staticResults") or {}
    for name, action in placed(definition.get("actions")):
        answers = mocks.action(name)
        if answers is None:
            continue
        type = ACTION_TYPES.get(str(action.get("type", "")).lower())
        if type is not None and is_control(type):
            raise MockError(
                f"{mocks.source}: actions.{name}: a {type.name} is done and cannot be answered; answer what is in it"
            )
        if answers.repetitions and not _in_loop(definition.get("actions"), name):
            raise MockError(f"{mocks.source}: actions.{name}: has repetitions, but the action stands in no loop")
        for answer in answers.every():
            if isinstance(answer, StaticResult) and answer.name not in statics:
                raise MockError(
                    f"{mocks.source}: actions.{name}.staticResult: the definition has no static result "
                    f"'{answer.name}'; there are: {', '.join(statics) or 'none'}"
                )
            if isinstance(answer, NoResponse) and str(action.get("type", "")).lower() in _WITHOUT_CALLS:
                raise MockError(
                    f"{mocks.source}: actions.{name}.failure: a {action['type']} makes no call; give its 'status'"
                )


_WITHOUT_CALLS = frozenset(ACTION_TYPES) - CALLING - {"workflow", "httpwebhook"}


def _in_loop(actions: Any, name: str) -> bool:
    loops = [each for _, each in placed(actions) if str(each.get("type", "")).lower() in ("foreach", "until")]
    return any(inner.lower() == name.lower() for loop in loops for inner, _ in placed(loop.get("actions")))
