"""Whatever a definition or a request holds: a value or an ExpressionError, nothing shared, nothing fetched."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.logic_apps.expressions import ExpressionError, compile_condition, compile_template, evaluate
from emulator.logic_apps.expressions.functions import FUNCTIONS
from tests.emulator.logic_apps.expressions.given import Given

odd_values = st.sampled_from(
    [
        2**63 - 1, -(2**63), 2**63, 10**400, -0.0, 1e300, float("inf"), float("nan"), "é😀", "\x00", "1e9999999999",
        "9" * 5000, "2020-01-01", "0001-01-01", "9999-12-31T23:59:59Z", "1.02:03:04", "o", "yyyy", "%", "UTC", "Day",
        "Tokyo Standard Time", "de-DE", "#,##0.00;(0)", "<a b='1'><c/></a>", "http://h/p?q", "data:,x", "aGk=", "//c",
        {"$content-type": "application/xml", "$content": "PGEvPg=="}, {"$content-type": "x", "$content": 1},
        {"a": {"@a": {"b": 1}, "#text": [1, {}]}}, [[1], [2]], [{"k": 1}, {"k": "a"}],
    ]
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=8) | odd_values,
    lambda members: st.lists(members, max_size=4) | st.dictionaries(st.text(max_size=4), members, max_size=4),
    max_leaves=6,
)


def value_or_error(template: Any, given: Given) -> Any:
    try:
        return evaluate(template, given)
    except ExpressionError as error:
        return error


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(sorted(FUNCTIONS)), st.lists(json_values, min_size=4, max_size=4))
def test_any_function_of_any_values_gives_json_or_an_expression_error(name: str, values: list[Any]):
    function = FUNCTIONS[name]
    given = Given(
        variables={f"v{index}": value for index, value in enumerate(values)},
        trigger_record={"outputs": {"body": values[0]}},
        actions={"A": {"outputs": {"body": values[0]}}},
    )
    count = min(4, function.most if function.most is not None else function.least + 1)
    for arguments in range(function.least, count + 1):
        written = ",".join(f"variables('v{index}')" for index in range(arguments))
        result = value_or_error(f"@{name}({written})", given)
        if isinstance(result, ExpressionError):
            assert result.message
        else:
            json.dumps(result, allow_nan=False)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="@{}()[].,?'\"concatjsx1 +-e\n", max_size=40))
def test_any_text_is_a_template_or_an_error_whose_position_lies_in_the_text(text: str):
    error = value_or_error(text, Given())
    if isinstance(error, ExpressionError) and error.code == "InvalidTemplate":
        assert error.position is not None
        assert 0 <= error.position <= len(text)


@given(json_values)
def test_a_result_shares_nothing_with_the_run(value: Any):
    given = Given(variables={"v": value})
    before = repr(value)
    for template in ("@variables('v')", ["@variables('v')"], "@createArray(variables('v'))", "@array(variables('v'))"):
        _spoil(evaluate(template, given))
    assert repr(given.variables["v"]) == before


def test_a_result_shares_nothing_with_the_template():
    template = compile_template({"a": [1, {"b": []}]})
    _spoil(template.evaluate(Given()))
    assert template.evaluate(Given()) == {"a": [1, {"b": []}]}


def _spoil(value: Any) -> None:
    if isinstance(value, list):
        for member in value:
            _spoil(member)
        value.append("spoilt")
    elif isinstance(value, dict):
        for member in value.values():
            _spoil(member)
        value["spoilt"] = True


@pytest.mark.parametrize("compile_", [compile_template, compile_condition])
def test_a_template_of_10_000_levels_is_refused(compile_: Any):
    template: Any = 1
    for _ in range(10_000):
        template = {"not": template}
    with pytest.raises(ExpressionError, match="nests too deeply") as raised:
        compile_(template)
    assert raised.value.code == "InvalidTemplate"


@pytest.mark.parametrize(
    ("expression", "text", "words"),
    [
        ("@json(parameters('t'))", "[" * 10_000 + "]" * 10_000, "nests too deeply"),
        ("@json(parameters('t'))", "[" * 10_000 + "1,]" + "]" * 10_000, "nests too deeply"),
        ("@xml(parameters('t'))", "<a>" * 10_000 + "</a>" * 10_000, "nest deeper than 200"),
        ("@xml(parameters('t'))", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "document type declaration"),
        ("@xml(parameters('t'))", "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x'><a/>", "document type declaration"),
        ("@xml(parameters('t'))", "<a>&x;</a>", "undefined entity"),
        ("@int(parameters('t'))", "9" * 100_000, "cannot convert"),
        ("@decimal(parameters('t'))", "9" * 100_000, "cannot convert"),
        ("@parameters('t')[0]", "text", "not supported on values of type 'String'"),
    ],
)
def test_hostile_values_are_refused_by_name(expression: str, text: str, words: str):
    with pytest.raises(ExpressionError, match=words):
        evaluate(expression, Given(params={"t": text}))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("@string(add(decimal('1.10'),decimal('2.1')))", "3.20"),
        ("@string(div(decimal('1'),3))", "0.3333333333333333333333333333"),
        ("@add(decimal('0.1'),decimal('0.2'))", 0.3),
        ("@add(0.1,0.2)", 0.30000000000000004),
        ("@createArray(decimal('1.50'))", [1.5]),
    ],
)
def test_decimals_are_exact_inside_and_floats_outside(expression: str, value: Any):
    result = evaluate(expression, Given())
    assert result == value
    assert not isinstance(result, Decimal)


FORM = {
    "$content-type": "application/x-www-form-urlencoded",
    "$formdata": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}, {"key": "B", "value": "3"}],
}
PARTS = {
    "$content-type": "multipart/form-data; boundary=x",
    "$multipart": [
        {"headers": {"Content-Disposition": 'form-data; name="file"; filename="f.txt"'}, "body": "first"},
        {"headers": {"Content-Disposition": "form-data; name=other"}, "body": {"q": 1}},
    ],
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("@formDataValue('Form','A')", "1"),
        ("@formDataValue('Form','none')", None),
        ("@formDataMultiValues('Form','b')", ["2", "3"]),
        ("@formDataValue('Parts','file')", "first"),
        ("@multipartBody('Parts',1)", {"q": 1}),
        ("@triggerFormDataValue('other')", {"q": 1}),
        ("@triggerFormDataMultiValues('none')", []),
        ("@triggerMultipartBody(0)", "first"),
    ],
)
def test_fields_of_forms_and_parts_of_bodies(expression: str, value: Any):
    actions = {"Form": {"outputs": {"body": FORM}}, "Parts": {"outputs": {"body": PARTS}}}
    assert evaluate(expression, Given(actions=actions, trigger_record={"outputs": {"body": PARTS}})) == value


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("@formDataValue('Form','b')", "2 fields 'b'"),
        ("@multipartBody('Form',0)", "of type 'application/x-www-form-urlencoded' has no parts"),
        ("@triggerMultipartBody(2)", "has 2 parts, and none of index 2"),
        ("@triggerFormDataValue(1)", "to be a string"),
    ],
)
def test_what_is_no_field_or_part_is_refused(expression: str, words: str):
    actions = {"Form": {"outputs": {"body": FORM}}}
    with pytest.raises(ExpressionError, match=words):
        evaluate(expression, Given(actions=actions, trigger_record={"outputs": {"body": PARTS}}))


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"AND": [{"Equals": [1, 1.0]}, {"startsWith": ["abc", "A"]}]}, True),
        ({"not": {"less": ["a", "b"]}}, False),
        ({"and": [False, {"equals": ["@div(1,0)", 1]}]}, False),
        ({"or": [True, {"equals": ["@div(1,0)", 1]}]}, True),
        ({"contains": ["@createArray(1,2)", 2]}, True),
        ({"empty": "@json('[]')"}, True),
        ({"equals": [{"add": [1, 2]}, 3]}, True),
        ({"equals": [None, "@null"]}, True),
    ],
)
def test_operators_of_conditions_are_functions_by_name(condition: Any, holds: bool):
    assert compile_condition(condition).evaluate(Given()) is holds


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"equals": [[1], [1]]}, "cannot be an array"),
        ({"foo": [1, 2]}, "'foo' of a condition is not defined"),
        ({"not": []}, "takes 1 parameter; it has 0"),
        ({"equals": [1, 1], "not": [True]}, "exactly one operator; this one has: equals, not"),
    ],
)
def test_a_condition_that_is_none_is_refused_by_name(condition: Any, words: str):
    with pytest.raises(ExpressionError, match=words) as raised:
        compile_condition(condition)
    assert raised.value.code == "InvalidTemplate"


def test_an_operand_is_judged_when_it_is_needed():
    condition = compile_condition({"and": ["@variables('v')", "@equals(1,1)"]})
    assert condition.evaluate(Given(variables={"v": True}))
    with pytest.raises(ExpressionError, match="to be a boolean"):
        condition.evaluate(Given(variables={"v": "true"}))


def test_a_property_name_has_to_be_a_string():
    with pytest.raises(ExpressionError, match="has to give a string; it gave a value of type 'Integer'"):
        evaluate({"@add(1,1)": 1}, Given())
