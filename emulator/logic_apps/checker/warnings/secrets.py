"""Secrets that the run history shows."""

from __future__ import annotations

from emulator.logic_apps.checker.parts import Parts
from emulator.logic_apps.checker.problems import Problems
from emulator.logic_apps.definitions.components import Action
from emulator.logic_apps.definitions.parameters import SECURE_TYPES


def check(parts: Parts, problems: Problems) -> None:
    """Tell where a secure parameter goes into inputs that are shown."""
    secure = {
        name.lower()
        for name, declared in parts.definition.parameters.items()
        if declared["type"].lower() in SECURE_TYPES and name != "$authentication"
    }
    for action in parts.definition.index.values():
        if not action.sound or "inputs" in action.secured:
            continue
        for use in parts.uses(action):
            name = use.name.lower() if use.function == "parameters" and use.name is not None else None
            if name in secure and not _is_masked(action, use.path):
                ways = "set runtimeConfiguration.secureData" if action.type.may_secure else "read it where it is needed"
                problems.add(
                    "secret-in-history",
                    f"the action '{action.name}' shows the secure parameter '{use.name}' in the run history; {ways}.",
                    use.path,
                    use.call.position,
                    at_name=use.at_name,
                )


def _is_masked(action: Action, path: tuple[str | int, ...]) -> bool:
    """Tell whether the service hides the value itself: it does in the authentication of a call."""
    return path[len(action.path) : len(action.path) + 2] == ("inputs", "authentication")
