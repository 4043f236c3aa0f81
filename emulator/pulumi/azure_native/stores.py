"""Where resources are kept: ARM for all types but one, the storage service itself for blobs."""

from __future__ import annotations

from typing import Protocol

from emulator.pulumi.azure_native.arm import Arm, NotProvisionedError
from emulator.pulumi.azure_native.schema import ResourceSpec
from emulator.pulumi.wire import Properties


class HalfMadeError(Exception):
    """The resource exists and came to a bad end; `outputs` are what it has."""

    def __init__(self, message: str, outputs: Properties) -> None:
        super().__init__(message)
        self.outputs = outputs


class Store(Protocol):
    """Keeps the resources of one type. Inputs are plain. Refusals are raised as ArmRefusedError."""

    def exists(self, resource_id: str, inputs: Properties) -> bool:
        """Tell whether something has that id."""
        ...

    def write(self, resource_id: str, inputs: Properties) -> Properties:
        """Create or overwrite; return the outputs. HalfMadeError: written, and failed."""
        ...

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """Return the outputs, or None where there is no such resource."""
        ...

    def import_inputs(self, resource_id: str, outputs: Properties) -> Properties:
        """Return inputs that would make the resource with these outputs. ValueError: not an id of the type."""
        ...

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """Delete; what is gone already is done."""
        ...


class ArmStore:
    """Resources of the control plane."""

    def __init__(self, arm: Arm, spec: ResourceSpec) -> None:
        self._arm = arm
        self._spec = spec

    def exists(self, resource_id: str, inputs: Properties) -> bool:
        """Tell whether ARM has the id; a resource that comes with its parent does not count as existing."""
        return self._spec.reset is None and self._arm.get(resource_id, self._spec.version(inputs)) is not None

    def write(self, resource_id: str, inputs: Properties) -> Properties:
        """PUT, and read back."""
        try:
            body = self._arm.put(resource_id, self._spec.version(inputs), self._spec.body(inputs))
        except NotProvisionedError as error:
            raise HalfMadeError(str(error), self._spec.state(error.body, inputs)) from error
        return self._spec.state(body, inputs)

    def read(self, resource_id: str, inputs: Properties) -> Properties | None:
        """GET."""
        body = self._arm.get(resource_id, self._spec.version(inputs))
        return None if body is None else self._spec.state(body, inputs)

    def import_inputs(self, resource_id: str, outputs: Properties) -> Properties:
        """Take the writable properties, and the names from the id."""
        return self._spec.inputs_of(resource_id, outputs)

    def delete(self, resource_id: str, inputs: Properties) -> None:
        """DELETE; what comes with its parent is set back instead."""
        version = self._spec.version(inputs)
        if self._spec.reset is None:
            self._arm.delete(resource_id, version)
        elif self._arm.get(resource_id, version) is not None:
            self._arm.put(resource_id, version, self._spec.reset)
