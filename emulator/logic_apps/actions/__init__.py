"""The one registry of the types of actions: how each is written and checked, and what does it."""

from collections.abc import Mapping

from emulator.logic_apps.actions import control, data, expression, http, response, variables, webhook, workflow
from emulator.logic_apps.definitions.components import ActionType
from emulator.logic_apps.runs.execution import Handler

_MODULES = (control, data, expression, http, response, variables, webhook, workflow)

ACTION_TYPES: Mapping[str, ActionType] = {each.kind: each for module in _MODULES for each in module.TYPES}
"""By name in lower case."""
HANDLERS: Mapping[str, Handler] = {kind: handler for module in _MODULES for kind, handler in module.HANDLERS.items()}
"""What does an action of each type, by its name in lower case."""
