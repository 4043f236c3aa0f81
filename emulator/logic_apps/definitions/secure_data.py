"""Which inputs and outputs a run's history must not show ("Secure access and data", learn.microsoft.com).

An action hides what its ``runtimeConfiguration.secureData`` names. Where it reads secured outputs of an action or of
the trigger, its inputs are hidden too, and its outputs where they repeat its inputs (Compose, ParseJson, Response).
``result()`` repeats the inputs and outputs of a scope's actions, so it counts as reading all that is secured in it;
``item()`` in a loop over something secured likewise.
"""

from __future__ import annotations

from collections.abc import Iterable

from emulator.logic_apps.definitions.components import Action, Definition, Trigger
from emulator.logic_apps.expressions import Reference

READS_ACTION = frozenset({"actions", "body", "outputs", "actionOutputs", "actionBody"})
"""Functions that read an action, by its name."""
_READS_TRIGGER = frozenset({"trigger", "triggerBody", "triggerOutputs", "triggers"})


class SecureData:
    """What is hidden in the runs of a definition that a trigger started."""

    def __init__(self, definition: Definition, trigger: Trigger | None) -> None:
        self._definition = definition
        self._trigger_secured = trigger is not None and "outputs" in trigger.secured
        self._inputs = {name for name, action in definition.index.items() if "inputs" in action.secured}
        self._outputs = {name for name, action in definition.index.items() if "outputs" in action.secured}
        self._spread()

    def hidden(self, action: Action) -> list[str]:
        """Return "inputs" and "outputs" as they are not to be shown, sorted."""
        name = action.name.lower()
        return [part for part, names in (("inputs", self._inputs), ("outputs", self._outputs)) if name in names]

    def reads_secured(self, references: Iterable[Reference]) -> bool:
        """Tell whether an expression at the top level of the definition reads something secured."""
        return any(self._secured(None, reference) for reference in references)

    def _spread(self) -> None:
        grown = True
        while grown:
            grown = False
            for name, action in self._definition.index.items():
                reads = name in self._inputs or any(self._secured(action, reference) for reference in action.references)
                if reads and name not in self._inputs and "inputs" not in action.secured:
                    self._inputs.add(name)
                    grown = True
                if reads and action.type.repeats_inputs and name not in self._outputs:
                    self._outputs.add(name)
                    grown = True

    def _secured(self, action: Action | None, reference: Reference) -> bool:
        if reference.function in _READS_TRIGGER:
            return self._trigger_secured
        if reference.function == "item":
            return action is not None and any(loop.lower() in self._inputs for loop in action.loops)
        if reference.name is None:
            return False
        name = reference.name.lower()
        if reference.function == "items":
            return name in self._inputs
        if reference.function == "result":
            scope = self._definition.index.get(name)
            return scope is not None and any(
                child.name.lower() in self._inputs | self._outputs for child in scope.children
            )
        return reference.function in READS_ACTION and name in self._outputs
