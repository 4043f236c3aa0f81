"""The provider as Pulumi runs it: in a process of its own, reached over gRPC, found by a reference in the state."""

import base64
import pickletools
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2

from tests.unit.dynamic_provider import dynamic_provider
from tests.unit.layers import ml_layer
from tests.unit.recording import Run, minimal_config
from tests.unit.training_service import KEY, TrainingService

PROJECT = "pulumi-python:dynamic/customvision:Project"
URN = f"urn:pulumi:dev::project::{PROJECT}::ml-project"


@pytest.fixture
def service() -> Iterator[TrainingService]:
    service = TrainingService()
    yield service
    service.close()


@pytest.fixture
def provider() -> Iterator[Any]:
    with dynamic_provider() as stub:
        yield stub


@pytest.fixture
def reference(run: Run) -> str:
    """Take what a deployment keeps of the provider."""
    return run(minimal_config(), ml_layer).one(PROJECT).plain["__provider"]


@pytest.fixture
def inputs(service: TrainingService, reference: str) -> dict[str, Any]:
    return {
        "__provider": reference,
        "account_id": "/subscriptions/s/the-account",
        "endpoint": service.endpoint,
        "training_key": KEY,
        "resource_manager_endpoint": "http://127.0.0.1:9/",
        "resource_manager_audience": "https://management.azure.com/",
        "owner": "project/dev/ml-project",
        "name": "parts",
        "description": "Retrains itself.",
        "domain_id": "ee85a74c-405e-4adc-bb47-ffa8ca0c9f31",
        "classification_type": "Multiclass",
        "target_export_platforms": ["ONNX"],
    }


def struct(properties: dict[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(properties)
    return message


def plain(message: Any) -> dict[str, Any]:
    return dict(rpc.deserialize_properties(message, keep_unknowns=True))


def test_the_state_holds_a_reference_and_no_code(reference: str):
    pickled = base64.b64decode(reference)
    texts = {argument for _, argument, _ in pickletools.genops(pickled) if isinstance(argument, str)}
    assert texts == {"components.custom_vision", "CustomVisionProjectProvider"}
    assert len(pickled) < 100


def test_a_life_from_creation_to_deletion(provider: Any, service: TrainingService, inputs: dict[str, Any]):
    checked = provider.Check(provider_pb2.CheckRequest(urn=URN, olds=struct({}), news=struct(inputs)))
    assert not checked.failures
    created = provider.Create(provider_pb2.CreateRequest(urn=URN, properties=checked.inputs))
    assert list(service.projects) == [created.id]
    outs = created.properties

    same = provider.Diff(
        provider_pb2.DiffRequest(id=created.id, urn=URN, olds=outs, news=checked.inputs, old_inputs=checked.inputs)
    )
    assert same.changes == provider_pb2.DiffResponse.DIFF_NONE

    renamed = struct({**inputs, "name": "other"})
    changed = provider.Diff(provider_pb2.DiffRequest(id=created.id, urn=URN, olds=outs, news=renamed))
    assert changed.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(changed.replaces) == []
    updated = provider.Update(provider_pb2.UpdateRequest(id=created.id, urn=URN, olds=outs, news=renamed))
    assert plain(updated.properties)["name"] == "other"
    assert service.projects[created.id]["name"] == "other"

    service.publish(created.id, "production")
    read = provider.Read(provider_pb2.ReadRequest(id=created.id, urn=URN, properties=updated.properties))
    assert read.id == created.id
    provider.Delete(provider_pb2.DeleteRequest(id=created.id, urn=URN, properties=read.properties))
    assert service.projects == {}
    gone = provider.Read(provider_pb2.ReadRequest(id=created.id, urn=URN, properties=read.properties))
    assert gone.id == ""


def test_a_preview_with_unknown_inputs(provider: Any, inputs: dict[str, Any]):
    unknown = struct({**inputs, "account_id": rpc.UNKNOWN, "endpoint": rpc.UNKNOWN, "training_key": rpc.UNKNOWN})
    checked = provider.Check(provider_pb2.CheckRequest(urn=URN, olds=struct({}), news=unknown))
    assert not checked.failures
    assert checked.inputs["endpoint"] == rpc.UNKNOWN
    difference = provider.Diff(provider_pb2.DiffRequest(id="id", urn=URN, olds=struct(inputs), news=checked.inputs))
    assert list(difference.replaces) == ["account_id"]


def test_a_bad_input_is_a_check_failure_that_names_it(provider: Any, inputs: dict[str, Any]):
    news = struct({**inputs, "classification_type": "Both"})
    failures = provider.Check(provider_pb2.CheckRequest(urn=URN, olds=struct({}), news=news)).failures
    assert [failure.property for failure in failures] == ["classification_type"]


def test_a_refusal_of_the_service_is_told_without_the_key(
    provider: Any, service: TrainingService, inputs: dict[str, Any]
):
    wrong = "fedcba9876543210fedcba9876543210"
    with pytest.raises(grpc.RpcError) as caught:
        provider.Create(provider_pb2.CreateRequest(urn=URN, properties=struct({**inputs, "training_key": wrong})))
    assert "HTTP 401" in str(caught.value)
    assert wrong not in str(caught.value)
