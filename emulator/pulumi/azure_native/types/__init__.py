"""The resource types that the stand-in knows, one module a namespace of azure-native."""

from __future__ import annotations

from typing import Final

from emulator.pulumi.azure_native.schema import ResourceSpec
from emulator.pulumi.azure_native.types import (
    applicationinsights,
    authorization,
    cognitiveservices,
    logic,
    managedidentity,
    monitor,
    operationalinsights,
    resources,
    storage,
)

SPECS: Final[dict[str, ResourceSpec]] = {
    spec.token: spec
    for module in (
        applicationinsights,
        authorization,
        cognitiveservices,
        logic,
        managedidentity,
        monitor,
        operationalinsights,
        resources,
        storage,
    )
    for spec in module.SPECS
}
