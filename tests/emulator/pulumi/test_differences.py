"""How property bags are compared, and what ignoreChanges keeps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.pulumi.differences import Difference, compare, keep, segments
from emulator.pulumi.wire import (
    ASSET,
    OUTPUT,
    SECRET,
    SIGNATURE,
    UNKNOWN,
    contains_secret,
    contains_unknown,
    decode,
    encode,
    mask,
    reveal,
    secret,
    settle_outputs,
)

NAMES = st.text("abcXYZ019-_$. /\"'".replace('"', ""), min_size=1, max_size=6).filter(lambda name: name[0] not in "_.")
LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6) | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
BAGS = st.dictionaries(NAMES, VALUES, max_size=4)


@given(BAGS)
def test_a_bag_does_not_differ_from_itself(bag: dict[str, Any]) -> None:
    assert compare(bag, bag) == []


@given(BAGS, BAGS)
def test_ignoring_every_difference_leaves_none(old: dict[str, Any], new: dict[str, Any]) -> None:
    paths = [each.path for each in compare(old, new)]
    assert compare(old, new, paths) == []
    assert [each.path for each in compare(new, old)] == paths


@given(BAGS)
def test_what_travels_arrives(bag: dict[str, Any]) -> None:
    arrived = decode(encode(bag))
    assert arrived == {name: value for name, value in bag.items() if value is not None}


def test_the_paths_of_differences_read_as_pulumi_writes_them() -> None:
    old = {"a": {"b": [1, 2], "d.e": "x"}, "gone": True, "none": None}
    new = {"a": {"b": [1, 3, 4], "d.e": "y"}, "come": 1}
    assert compare(old, new) == [
        Difference("a.b[1]", "update", 2, 3),
        Difference("a.b[2]", "add", None, 4),
        Difference('a["d.e"]', "update", "x", "y"),
        Difference("come", "add", None, 1),
        Difference("gone", "delete", True, None),
    ]
    assert compare({"__defaults": ["a"]}, {"__defaults": []}) == []
    assert compare({"a": 1}, {"a": True})[0].kind == "update"
    assert compare({"a": UNKNOWN}, {"a": UNKNOWN})[0].path == "a"


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("a", ["a"]),
        ("a.b[0].c", ["a", "b", 0, "c"]),
        ('a["b.c"].d', ["a", "b.c", "d"]),
        ("a[*].b", ["a", "*", "b"]),
        ("tags.*", ["tags", "*"]),
    ],
)
def test_paths_are_taken_apart(path: str, parts: list[str | int]) -> None:
    assert segments(path) == parts


def test_keeping_old_values_at_paths() -> None:
    old = {"a": {"b": 1, "c": 2}, "l": [{"x": 1, "y": 1}, {"x": 2, "y": 2}], "only": 1}
    new = {"a": {"b": 9, "c": 9}, "l": [{"x": 8, "y": 8}, {"x": 9, "y": 9}], "fresh": 1}
    assert keep(old, new, ["a.b"])["a"] == {"b": 1, "c": 9}
    assert keep(old, new, ["l[*].x"])["l"] == [{"x": 1, "y": 8}, {"x": 2, "y": 9}]
    assert keep(old, new, ["l[1]"])["l"] == [{"x": 8, "y": 8}, {"x": 2, "y": 2}]
    assert "fresh" not in keep(old, new, ["fresh"])
    assert keep(old, new, ["only"])["only"] == 1
    assert keep(old, new, ["nowhere.at.all"]) == new


def test_assets_differ_by_their_content_alone() -> None:
    def asset(path: str, digest: str) -> dict[str, str]:
        return {SIGNATURE: ASSET, "path": path, "hash": digest}

    assert compare({"s": asset("/a/x", "1")}, {"s": asset("/b/x", "1")}) == []
    assert compare({"s": asset("x", "1")}, {"s": asset("x", "2")})[0].path == "s"


def test_secrets_and_outputs_are_told_and_taken_apart() -> None:
    output = {SIGNATURE: OUTPUT, "value": ["x"], "secret": True, "dependencies": ["urn"]}
    unknown = {SIGNATURE: OUTPUT}
    bag = {"a": secret({"b": secret("c")}), "o": output, "u": unknown, "p": 1}
    assert reveal(bag) == {"a": {"b": "c"}, "o": ["x"], "u": UNKNOWN, "p": 1}
    assert settle_outputs(bag)["o"] == secret(["x"])
    assert settle_outputs(bag)["u"] == UNKNOWN
    assert contains_secret(bag["o"])
    assert not contains_secret(bag["p"])
    assert contains_unknown(bag["u"])
    assert not contains_unknown(bag["a"])
    assert mask({"a": bag["a"], "u": [UNKNOWN]}) == {"a": "[secret]", "u": ["[unknown]"]}
    assert secret(secret(1)) == {SIGNATURE: SECRET, "value": 1}
