"""Expression: the built-in operations on times and texts, one a kind.

The inputs of the kinds on times are those of the designer's manifests (github.com/Azure/LogicAppsUX,
designer-client-services, manifests/datetime.ts), those on texts of the "Text functions" operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.logic_apps.definitions.components import Action, ActionType, invalid
from emulator.logic_apps.definitions.shapes import action_schema
from emulator.logic_apps.expressions import compile_template
from emulator.logic_apps.history.records import ActionRecord
from emulator.logic_apps.runs.execution import Execution, Handler, evaluated
from emulator.logic_apps.runs.run_environment import Frame


@dataclass(frozen=True)
class _Kind:
    """A kind: the function of the workflow definition language that does it, and the inputs that are its arguments."""

    name: str
    function: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    def expression(self, given: Mapping[str, object]) -> str:
        """Return the expression that does it, the inputs being the item."""
        arguments = [*self.required, *(name for name in self.optional if given.get(name) is not None)]
        items = ",".join(f"item()['{name}']" for name in arguments)
        return f"@{self.function}({items})"


_TIME = ("baseTime", "interval", "timeUnit")
_ZONES = ("baseTime", "sourceTimeZone", "destinationTimeZone")
_KINDS: Mapping[str, _Kind] = {
    each.name.lower(): each
    for each in (
        _Kind("AddToTime", "addToTime", _TIME),
        _Kind("ConvertTimeZone", "convertTimeZone", _ZONES, ("formatString",)),
        _Kind("CurrentTime", "utcNow"),
        _Kind("GetFutureTime", "getFutureTime", _TIME[1:]),
        _Kind("GetPastTime", "getPastTime", _TIME[1:]),
        _Kind("IndexOf", "indexOf", ("text", "searchText")),
        _Kind("Substring", "substring", ("text", "startPosition"), ("length",)),
        _Kind("SubtractFromTime", "subtractFromTime", _TIME),
    )
}


async def expression(execution: Execution, action: Action, frame: Frame, record: ActionRecord) -> None:
    """Evaluate what the kind stands for; the body is the result."""
    inputs = record.inputs = evaluated(execution, action, frame, record, action.inputs or {})
    template = compile_template(_KINDS[_kind(action)].expression(inputs))
    record.outputs = {"body": template.evaluate(execution.environment(frame, record).at(inputs))}


def _kind(action: Action) -> str:
    return str(action.raw.get("kind", "")).lower()


def _check(action: Action) -> None:
    where, kind = f"the action '{action.name}'", _KINDS.get(_kind(action))
    if kind is None:
        names = ", ".join(each.name for each in _KINDS.values())
        raise invalid(
            f"{where} of type 'Expression' has the kind {action.raw.get('kind')!r}; allowed: {names}.",
            "kind",
            rule="value-not-allowed",
        )
    for name in kind.required:
        if name not in (action.inputs or {}):
            raise invalid(
                f"{where} is not valid: the required member 'inputs.{name}' is missing.",
                "inputs",
                rule="missing-member",
            )


TYPES = (ActionType("Expression", action_schema(inputs={"type": "object"}), _check),)
HANDLERS: Mapping[str, Handler] = {"expression": expression}
