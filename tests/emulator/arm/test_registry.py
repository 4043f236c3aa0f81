"""What a control plane refuses to be built with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from jsonschema.exceptions import SchemaError

from emulator.arm.provider import ResourceType
from emulator.arm.registry import Registry
from emulator.arm.resource_id import ResourceId
from tests.emulator.arm.contoso import PARTS, WIDGETS, Widgets

SUBSCRIPTION = ResourceId.parse("/subscriptions/s")


@dataclass
class Other(Widgets):
    types: Sequence[ResourceType] = ()

    @property
    def resource_types(self) -> Sequence[ResourceType]:
        return self.types


def test_type_that_two_providers_serve_is_refused() -> None:
    with pytest.raises(ValueError, match=re.escape("CONTOSO.test/widgets")):
        Registry(SUBSCRIPTION, [Widgets(), Other(types=[replace(WIDGETS, type="CONTOSO.test/widgets")])])


def test_schema_that_is_none_is_refused() -> None:
    with pytest.raises(SchemaError):
        Registry(SUBSCRIPTION, [Other(types=[replace(PARTS, schema={"type": "thing"})])])
