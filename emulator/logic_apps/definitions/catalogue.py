"""Which types of actions and triggers a definition may use: those that are emulated, or all that Azure has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from emulator.logic_apps.actions import ACTION_TYPES
from emulator.logic_apps.definitions import azure_types
from emulator.logic_apps.definitions.azure_types import AzureType
from emulator.logic_apps.definitions.components import ActionType
from emulator.logic_apps.definitions.shapes import (
    TRIGGER_OPTIONS,
    TRIGGER_SCHEMAS,
    TRIGGER_TYPES,
    Schema,
    action_schema,
    trigger_schema,
)


@dataclass(frozen=True)
class TriggerType:
    """What is known of a type of trigger: its name, the JSON Schema of the trigger, its ``operationOptions``."""

    name: str
    schema: Schema
    options: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """Types by lower-case name; `absent` is the rule that a type of Azure breaks which is not among them."""

    actions: Mapping[str, ActionType]
    triggers: Mapping[str, TriggerType]
    absent: str = "not-emulated"


def _required(type: AzureType) -> tuple[tuple[str, ...], dict[str, Schema]]:
    own = tuple(name for name in type.required if "." not in name)
    inner = [name.partition(".")[2] for name in type.required if "." in name]
    return own, {"inputs": {"type": "object", "required": inner}} if "inputs" in own else {}


def _action_type(type: AzureType) -> ActionType:
    own, members = _required(type)
    return ActionType(type.name, action_schema(*own, **members), branches=type.branches)


def _trigger_type(type: AzureType) -> TriggerType:
    own, members = _required(type)
    return TriggerType(type.name, trigger_schema(*own, **members), ())


def _standard_only(types: Mapping[str, AzureType], kind: str) -> bool:
    return kind in types and types[kind].standard_only


EMULATED: Final = Catalogue(
    ACTION_TYPES,
    {
        kind: TriggerType(name, TRIGGER_SCHEMAS[kind], TRIGGER_OPTIONS.get(kind, ()))
        for kind, name in TRIGGER_TYPES.items()
    },
)
"""What the emulator runs."""
ALL: Final = Catalogue(
    {**{kind: _action_type(type) for kind, type in azure_types.ACTIONS.items()}, **EMULATED.actions},
    {**{kind: _trigger_type(type) for kind, type in azure_types.TRIGGERS.items()}, **EMULATED.triggers},
)
"""What Azure has, in Consumption or Standard."""
CONSUMPTION_TYPES: Final = Catalogue(
    {kind: type for kind, type in ALL.actions.items() if not _standard_only(azure_types.ACTIONS, kind)},
    {kind: type for kind, type in ALL.triggers.items() if not _standard_only(azure_types.TRIGGERS, kind)},
    absent="standard-only",
)
"""What Azure has in Consumption."""


def placeholder(name: str, branches: tuple[str, ...] = ()) -> ActionType:
    """Return the type of an action whose type is not known, so that the rest of the definition can be read."""
    return ActionType(name, {}, branches=branches)
