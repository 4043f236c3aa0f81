"""``$filter`` of lists of workflows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from emulator.arm.errors import ArmError
from emulator.arm.provider import Resource
from emulator.logic_apps.workflows import DISABLED, ENABLED

_STATE = re.compile(r"state\s+eq\s+'(\w+)'", re.IGNORECASE)
_TRIGGER = re.compile(r"trigger\s+eq\s+'([^']+)'", re.IGNORECASE)


def matching(workflows: Sequence[Resource], filter: str | None) -> list[Resource]:
    """Return the workflows for which a filter holds: by their state, by the name of a trigger, or by both.

    Raises:
        ArmError: 400 InvalidFilter; names what is allowed.
    """
    found = list(workflows)
    for part in re.split(r"\s+and\s+", filter.strip()) if filter else []:
        state, trigger = _STATE.fullmatch(part), _TRIGGER.fullmatch(part)
        if state is not None and state[1].lower() in (ENABLED.lower(), DISABLED.lower()):
            found = [each for each in found if each.body["properties"]["state"].lower() == state[1].lower()]
        elif trigger is not None:
            found = [each for each in found if _has_trigger(each, trigger[1])]
        else:
            raise ArmError(
                400,
                "InvalidFilter",
                f"$filter is {filter!r}; allowed: state eq '{ENABLED}' or '{DISABLED}', trigger eq 'NAME', joined by "
                f"'and'. ReferencedResourceId is not emulated: no workflow here refers to a connection.",
                "$filter",
            )
    return found


def _has_trigger(workflow: Resource, name: str) -> bool:
    triggers = workflow.body["properties"]["definition"].get("triggers") or {}
    return name.lower() in (trigger.lower() for trigger in triggers)
