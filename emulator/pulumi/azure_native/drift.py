"""How the inputs of a resource follow a change that somebody made by hand."""

from __future__ import annotations

from emulator.pulumi.azure_native.schema import ResourceSpec, same_location
from emulator.pulumi.wire import Properties, Value

_OPEN: frozenset[str] = frozenset({"tags"})
"""Inputs to which a new member is somebody's doing; anywhere else it is the service's own."""


def follow(spec: ResourceSpec, inputs: Properties, before: Properties, now: Properties) -> Properties:
    """Return the inputs as they would be, had the program made the change from outputs `before` to outputs `now`.

    What the program set and nobody touched keeps the program's spelling; so the next update finds what was changed by
    hand, and only that, to differ from the program.
    """
    followed = dict(inputs)
    for name in spec.inputs:
        if name == "location" and same_location(before.get(name), now.get(name)):
            continue
        if name not in inputs and (name not in _OPEN or name not in now):
            continue
        old, new = before.get(name), now.get(name)
        if name == "identity":
            old, new = _identity(old), _identity(new)
        value = _follow(inputs.get(name), old, new, open_ended=name in _OPEN)
        if value is None:
            followed.pop(name, None)
        else:
            followed[name] = value
    return followed


def _follow(given: Value, before: Value, now: Value, *, open_ended: bool) -> Value:
    if before == now:
        return given
    if not (isinstance(given, dict) and isinstance(before, dict) and isinstance(now, dict)):
        return now
    result: Properties = {}
    for name, value in given.items():
        if name in before and name in now:
            result[name] = _follow(value, before[name], now[name], open_ended=open_ended)
        elif name not in before and name not in now:
            result[name] = value  # write-only: the service never tells it
        elif name in now:
            result[name] = now[name]
    if open_ended:
        result |= {name: value for name, value in now.items() if name not in given and name not in before}
    return result


def _identity(value: Value) -> Value:
    """Reduce an identity to what an input has: its ids and principals are the service's."""
    if not isinstance(value, dict):
        return value
    reduced: Properties = {"type": value.get("type")}
    if value.get("userAssignedIdentities"):
        reduced["userAssignedIdentities"] = sorted(value["userAssignedIdentities"])
    return reduced
