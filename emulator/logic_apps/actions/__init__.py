"""The one registry of the types of actions: how each is written, checked and done."""

from collections.abc import Mapping

from emulator.logic_apps.actions import control, data, http, variables
from emulator.logic_apps.components import ActionType

ACTION_TYPES: Mapping[str, ActionType] = {
    each.kind: each for each in (*control.TYPES, *data.TYPES, *http.TYPES, *variables.TYPES)
}
"""By name in lower case."""
