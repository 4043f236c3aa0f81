"""What a preview knows of a resource's outputs before anything was done."""

from __future__ import annotations

from emulator.pulumi.azure_native.schema import Path, ResourceSpec
from emulator.pulumi.wire import UNKNOWN, Properties, Value, signature


def of_creation(spec: ResourceSpec, inputs: Properties) -> Properties:
    """Return the outputs of a resource that these (plain) inputs would make.

    What the service adds is unknown, inside an input's object too: so a program's functions of that object wait for
    the deployment, as they do with azure-native, and never see it without what they look for.
    """
    expected = dict.fromkeys(spec.outputs, UNKNOWN)
    expected |= {name: _made(spec, (name,), inputs[name]) for name in _told(spec, inputs)}
    if "name" in spec.outputs and spec.name in inputs:
        expected["name"] = inputs[spec.name]
    return expected if spec.data_plane else expected | {"azureApiVersion": spec.version(inputs)}


def of_update(spec: ResourceSpec, inputs: Properties, before: Properties, outputs: Properties) -> Properties:
    """Return the outputs of a resource that has `outputs` once its (plain) inputs `before` became `inputs`.

    What the service added stays as it is, less what hangs on an input that changes (`Added.follows`); what the program
    set before and sets no more is left out, as nobody knows what the service makes of that.
    """
    kept = {name: value for name, value in outputs.items() if name not in spec.inputs or name not in before}
    return kept | {
        name: _updated(spec, (name,), inputs[name], before.get(name), outputs.get(name)) for name in _told(spec, inputs)
    }


def _told(spec: ResourceSpec, inputs: Properties) -> list[str]:
    return [name for name in spec.inputs if name in inputs and name not in spec.write_only]


def _made(spec: ResourceSpec, path: Path, value: Value) -> Value:
    return _updated(spec, path, value, None, None)


def _updated(spec: ResourceSpec, path: Path, value: Value, before: Value, output: Value) -> Value:
    if path == IDENTITIES and isinstance(value, list):
        return _identities(value, output if isinstance(output, dict) else {})
    if isinstance(value, list):
        return _items(spec, (*path, "*"), value, before, output)
    if not isinstance(value, dict) or signature(value) is not None:
        return value
    is_new = not isinstance(output, dict)
    was: Properties = {} if is_new else output
    asked: Properties = before if isinstance(before, dict) else {}
    result: Properties = {name: item for name, item in was.items() if name not in asked}
    added = spec.added.get(path)
    if added is not None and (is_new or (added.follows and value.get(added.follows) != asked.get(added.follows))):
        result |= dict.fromkeys(added.members, UNKNOWN)
    return result | {
        name: _updated(spec, (*path, name), item, asked.get(name), was.get(name)) for name, item in value.items()
    }


def _items(spec: ResourceSpec, path: Path, values: list[Value], before: Value, outputs: Value) -> list[Value]:
    """An item at the same place that was asked for in the same words is the same item; any other is a new one."""
    asked: list[Value] = before if isinstance(before, list) else []
    was: list[Value] = outputs if isinstance(outputs, list) else []
    same = [
        index < min(len(asked), len(was)) and asked[index] == value and value != UNKNOWN
        for index, value in enumerate(values)
    ]
    return [
        _updated(spec, path, value, value, was[index]) if same[index] else _made(spec, path, value)
        for index, value in enumerate(values)
    ]


IDENTITIES: Path = ("identity", "userAssignedIdentities")
"""The one input that is a list of ids, and the output a map from them to what the service knows of each."""


def _identities(ids: list[Value], was: Properties) -> Value:
    return UNKNOWN if UNKNOWN in ids else {each: was.get(each, UNKNOWN) for each in ids}
