"""The stand-in for the random provider, over its own protocol."""

from __future__ import annotations

import base64
import importlib
import inspect
import re
import string
import uuid
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi import _types  # pyright: ignore[reportPrivateUsage]

from emulator.pulumi import protocol
from emulator.pulumi.protocol import Message, provider
from emulator.pulumi.random.generators import GENERATORS
from emulator.pulumi.random.servicer import Random
from emulator.pulumi.wire import UNKNOWN, Properties, decode, encode, secret


class Plugin:
    def __init__(self, stub: Any) -> None:
        self.stub = stub

    def urn(self, kind: str) -> str:
        return f"urn:pulumi:local::sample::random:index/random{kind}:Random{kind}::thing"

    def check(self, kind: str, news: Properties) -> Message:
        return self.stub.Check(provider.CheckRequest(urn=self.urn(kind), news=encode(news)))

    def reasons(self, kind: str, news: Properties) -> dict[str, str]:
        return {each.property: each.reason for each in self.check(kind, news).failures}

    def create(self, kind: str, news: Properties, *, preview: bool = False) -> tuple[str, Properties]:
        checked = self.check(kind, news)
        assert not checked.failures, checked.failures
        request = provider.CreateRequest(urn=self.urn(kind), properties=checked.inputs, preview=preview)
        answer = self.stub.Create(request)
        return answer.id, decode(answer.properties)


@pytest.fixture(scope="module")
def plugin() -> Iterator[Plugin]:
    server = protocol.Server(4)
    server.add("ResourceProvider", Random())
    server.start()
    stub, close = protocol.provider_client(server.address)
    yield Plugin(stub)
    close()
    server.stop()


@pytest.mark.parametrize("token", GENERATORS)
def test_inputs_and_outputs_are_those_of_the_sdk(token: str) -> None:
    kind = token.rsplit(":", 1)[-1]
    module = importlib.import_module("pulumi_random." + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower())
    resource, arguments = getattr(module, kind), getattr(module, f"{kind}Args")
    names = _types.input_type_py_to_pulumi_names(arguments)
    generator = GENERATORS[token]
    assert set(names.values()) == set(generator.inputs)
    required = re.findall(r"Missing required property '(\w+)'", inspect.getsource(resource._internal_init))
    assert {names[name] for name in required} == set(generator.required)
    outputs = set(_types.resource_pulumi_to_py_names(resource)) - {"bcryptHash"}  # of passwords, not implemented
    assert outputs == set(generator.inputs) | set(generator.outputs)


@settings(max_examples=60, deadline=None)
@given(
    minimums=st.fixed_dictionaries(
        {name: st.integers(0, 3) for name in ("minLower", "minUpper", "minNumeric", "minSpecial")}
    ),
    more=st.integers(1, 10),
    special=st.booleans(),
    own=st.sampled_from(["", "_", "+-"]),
)
def test_a_string_has_its_length_its_minimums_and_only_allowed_characters(
    plugin: Plugin, minimums: dict[str, int], more: int, special: bool, own: str
) -> None:
    length = sum(minimums.values()) + more
    inputs = {"length": length, "special": special, "overrideSpecial": own, **minimums}
    identity, outputs = plugin.create("String", inputs)
    result = outputs["result"]
    assert identity == result
    assert len(result) == length
    groups = {"minLower": string.ascii_lowercase, "minUpper": string.ascii_uppercase, "minNumeric": string.digits}
    specials = own or "!@#$%&*()-_=+[]{}<>:?"
    for name, characters in groups.items():
        assert sum(each in characters for each in result) >= minimums[name]
    found = [each for each in result if each not in string.ascii_letters + string.digits]
    assert set(found) <= set(specials)
    assert len(found) >= minimums["minSpecial"]
    if not special:
        assert len(found) == minimums["minSpecial"]


def test_values_differ_from_one_resource_to_the_next(plugin: Plugin) -> None:
    assert len({plugin.create("String", {"length": 20})[0] for _ in range(20)}) == 20


def test_an_id_has_all_its_forms(plugin: Plugin) -> None:
    identity, outputs = plugin.create("Id", {"byteLength": 8, "prefix": "p-"})
    value = base64.urlsafe_b64decode(identity + "=")
    assert len(value) == 8
    assert outputs["hex"] == f"p-{value.hex()}"
    assert outputs["dec"] == f"p-{int.from_bytes(value, 'big')}"
    assert outputs["b64Std"] == "p-" + base64.b64encode(value).decode()
    assert outputs["b64Url"] == f"p-{identity}"


def test_pets_uuids_and_integers(plugin: Plugin) -> None:
    pet, outputs = plugin.create("Pet", {"length": 4, "separator": "_", "prefix": "my"})
    assert re.fullmatch(r"my(_[a-z]+){4}", pet)
    assert outputs["length"] == 4
    assert re.fullmatch(r"[a-z]+-[a-z]+", plugin.create("Pet", {})[0])
    assert uuid.UUID(plugin.create("Uuid", {})[0]).version == 4
    values = {plugin.create("Integer", {"min": 3, "max": 5})[1]["result"] for _ in range(60)}
    assert values == {3, 4, 5}


def test_a_password_is_secret_and_not_its_resources_id(plugin: Plugin) -> None:
    identity, outputs = plugin.create("Password", {"length": 16})
    assert identity == "none"
    assert outputs["result"] == secret(outputs["result"]["value"])
    assert len(outputs["result"]["value"]) == 16


def test_a_preview_makes_no_value(plugin: Plugin) -> None:
    identity, outputs = plugin.create("String", {"length": 8}, preview=True)
    assert identity == ""
    assert outputs["result"] == UNKNOWN
    assert plugin.reasons("String", {"length": UNKNOWN}) == {}


def test_inputs_at_fault_are_named(plugin: Plugin) -> None:
    assert "required" in plugin.reasons("String", {})["length"]
    assert "allowed: keepers, length" in plugin.reasons("String", {"length": 3, "size": 3})["size"]
    assert "3 is less than 4" in plugin.reasons("String", {"length": 3, "minLower": 4})["length"]
    nothing = {"length": 3, "lower": False, "upper": False, "numeric": False, "special": False}
    assert "at least one of" in plugin.reasons("String", nothing)["lower"]
    assert "8 is more than max, which is 5" in plugin.reasons("Integer", {"min": 8, "max": 5})["min"]
    assert "not implemented" in plugin.reasons("Integer", {"min": 1, "max": 5, "seed": "x"})["seed"]


def test_every_change_replaces_and_keepers_are_such_changes(plugin: Plugin) -> None:
    def replaced(old: Properties, new: Properties) -> list[str]:
        request = provider.DiffRequest(urn=plugin.urn("String"), old_inputs=encode(old), news=encode(new))
        return list(plugin.stub.Diff(request).replaces)

    assert replaced({"length": 3}, {"length": 4}) == ["length"]
    assert replaced({"length": 3, "keepers": {"a": "1"}}, {"length": 3, "keepers": {"a": "2"}}) == ["keepers.a"]
    assert replaced({"length": 3}, {"length": 3}) == []


def test_what_is_not_implemented_is_named(plugin: Plugin) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        plugin.check("Bytes", {"length": 3})
    assert "random:index/randomBytes:RandomBytes is not implemented" in (caught.value.details() or "")
