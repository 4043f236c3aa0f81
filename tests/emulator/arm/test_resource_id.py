from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.arm.errors import ArmError
from emulator.arm.resource_id import ResourceId

_words = st.text("abcXYZ019-._", min_size=1, max_size=8).filter(lambda word: word.lower() != "providers")
_pairs = st.lists(st.tuples(_words, _words), min_size=1, max_size=3).map(tuple)
_subscriptions = _words.map(lambda name: ResourceId(f"/subscriptions/{name}", "", ()))
_groups = st.builds(lambda above, name: ResourceId(f"{above}/resourceGroups/{name}", "", ()), _subscriptions, _words)
_resources = st.builds(
    lambda above, namespace, pairs: ResourceId(str(above), namespace, pairs), _groups, _words, _pairs
)
_extensions = st.builds(
    lambda above, namespace, pairs: ResourceId(str(above), namespace, pairs),
    st.one_of(_subscriptions, _groups, _resources),
    _words,
    _pairs,
)
_ids = st.one_of(_subscriptions, _groups, _resources, _extensions)


@given(_ids)
def test_text_of_an_id_parses_to_the_same_id(id: ResourceId) -> None:
    assert ResourceId.parse(str(id)) == id


@given(_ids)
def test_ids_compare_without_case(id: ResourceId) -> None:
    assert ResourceId.parse(str(id).upper()).key == ResourceId.parse(str(id).lower()).key == id.key


@given(_ids)
def test_every_id_lies_in_its_parent_and_in_no_sibling(id: ResourceId) -> None:
    parent = id.parent
    if parent is not None:
        assert parent.contains(id)
        assert not id.contains(parent)
        assert not ResourceId.parse(f"{parent}x").contains(id)


@given(_groups, _words, _pairs)
def test_parts_of_an_id_are_those_it_was_made_of(group: ResourceId, namespace: str, pairs: tuple[tuple[str, str], ...]):
    id = ResourceId.parse(f"{group}/providers/{namespace}/{'/'.join('/'.join(pair) for pair in pairs)}")
    assert id.name == pairs[-1][1]
    assert id.type == "/".join([namespace, *(kind for kind, _ in pairs)])
    assert id.resource_group == group.name
    assert id.subscription_id == group.subscription_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/subscriptions",
        "/subscriptions/s/resourceGroups",
        "/subscriptions/s/groups/g",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts//x",
        "/other/s/providers/Microsoft.Storage/storageAccounts/x",
    ],
)
def test_what_is_no_resource_id_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(ArmError) as caught:
        ResourceId.parse(text)
    assert (caught.value.status, caught.value.code) == (400, "InvalidResourceId")
    assert repr(text) in caught.value.message
