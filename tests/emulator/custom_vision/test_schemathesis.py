"""The API asked what its OpenAPI allows, and what it does not: each answer is a documented one, none is a fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from tests.emulator.custom_vision.openapi import SPECS
from tests.emulator.custom_vision.studio import BASE
from tests.emulator.custom_vision.target import Target

APIS: Final = {
    "training-v3.3.json": ("train", "Training-Key", "customvision/v3.3/training"),
    "prediction-v3.1.json": ("predict", "Prediction-Key", "customvision/v3.1/prediction"),
}
CHECKS: Final = (not_a_server_error, status_code_conformance)
SPARED: Final = ("DeleteProject", "DeleteIteration", "TrainProject")
"""Asked with ids of nobody: what the others are about is to stay, and no worker is to be started for each example."""
EXAMPLES: Final = 8


def load(name: str) -> list[APIOperation[Any, Any, Any, Any]]:
    if not (SPECS / name).exists():
        return []
    document = _without_examples(json.loads((SPECS / name).read_text(encoding="utf-8")))
    found = schemathesis.openapi.from_dict(document).get_all_operations()
    return [each.ok() for each in found if isinstance(each, Ok)]


def _without_examples(value: Any) -> Any:
    """Drop references to files that are not there."""
    if isinstance(value, Mapping):
        return {name: _without_examples(each) for name, each in value.items() if name != "x-ms-examples"}
    return [_without_examples(each) for each in value] if isinstance(value, list) else value


OPERATIONS: Final = [(name, operation) for name in APIS for operation in load(name)]


@pytest.mark.skipif(bool(OPERATIONS), reason="they are at hand")
def test_specifications_are_at_hand() -> None:
    pytest.skip("the OpenAPI of Custom Vision is not at hand (SHARED_SPECS)")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "not allowed"])
@pytest.mark.parametrize(
    ("name", "operation"), [pytest.param(*each, id=each[1].definition.raw["operationId"]) for each in OPERATIONS]
)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_every_answer_is_documented(
    target: Target, name: str, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, data: st.DataObject
) -> None:
    case: Case[Any] = data.draw(operation.as_strategy(generation_mode=mode))
    if operation.definition.raw["operationId"] not in SPARED:
        known = data.draw(st.booleans(), label="ids of what is there")
        case.path_parameters = {**case.path_parameters, **(target.ids if known else {})}
    account, header, path = APIS[name]
    request = requests.Request(**case.as_transport_kwargs(base_url=f"{BASE}/{account}/{path}")).prepare()
    answer = target.send(account, header, request)
    checks = list(CHECKS)
    # An error of an operation that answers files is JSON, which the OpenAPI forgets to say.
    if answer.content and "application/octet-stream" not in operation.definition.raw["produces"]:
        checks.append(content_type_conformance)
    case.validate_response(answer, checks=checks)
