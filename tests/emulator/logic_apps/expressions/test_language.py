import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.logic_apps.expressions import (
    ExpressionError,
    Reference,
    compile_condition,
    compile_template,
    evaluate,
)
from tests.emulator.logic_apps.expressions.given import Given

BLOBS = base64.b64encode(
    b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><EnumerationResults><Blobs>"
    b"<Blob><Name>cat/1 &amp; 2.jpg</Name><Properties><Etag>0x1</Etag></Properties></Blob></Blobs><NextMarker/>"
    b"</EnumerationResults>"
).decode()
GIVEN = Given(
    params={"p": {"x": 1, "Y": [1, {"k": "v"}]}, "s": "text"},
    actions={
        "List": {"outputs": {"statusCode": 200, "body": {"$content-type": "application/xml", "$content": BLOBS}}},
        "Each": [{"outputs": {"body": 1}}, {"outputs": {"body": 2}}],
        "Skipped": {"status": "Skipped", "outputs": None},
    },
)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("text", "text"),
        ("@", "@"),
        ("@@x", "@x"),
        ("a@b.c", "a@b.c"),
        (" @concat('a')", " @concat('a')"),
        ("@{1}", "1"),
        ("a@@{b}", "a@{b}"),
        ("x@{'}'}y@{'@{'}", "x}y@{"),
        ("@parameters('P').y[1]['K']", "v"),
        ("@parameters('p')?['none']?['deeper']", None),
        ("@parameters('p')?.none", None),
        ({"@{parameters('s')}": ["@parameters('p')?['x']", {"n": "@{1}@{2}"}]}, {"text": [1, {"n": "12"}]}),
        ([1, True, None, 1.5], [1, True, None, 1.5]),
        ("@body('Each')", [1, 2]),
        ("@outputs('Skipped')?['statusCode']", None),
        ("@if(true,1,div(1,0))", 1),
        ("@or(true,equals(div(1,0),0))", True),
        ("@coalesce(null,parameters('p')?['none'],'c',div(1,0))", "c"),
    ],
)
def test_templates(template: Any, value: Any):
    assert evaluate(template, GIVEN) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("@xpath(xml(body('List')),'string(//NextMarker)')", ""),
        ("@xpath(xml(body('List')),'count(//Blob)')", 1.0),
        ("@equals(xpath(xml(body('List')),'count(//Blob)'),1)", True),
        ("@xpath(xml(body('List')),'//Blob/Name/text()')", ["cat/1 & 2.jpg"]),
        ("@json(xml(body('List')))?['EnumerationResults']?['Blobs']?['Blob']?['Name']", "cat/1 & 2.jpg"),
        ("@json(xml('<a><b/><b x=\"1\">t</b></a>'))", {"a": {"b": [None, {"@x": "1", "#text": "t"}]}}),
        ("@replace(encodeURIComponent('cat/a b+%#é.jpg'),'%2F','/')", "cat/a%20b%2B%25%23%C3%A9.jpg"),
        ("@decodeUriComponent('cat/a%20b%2B%25%23%C3%A9.jpg')", "cat/a b+%#é.jpg"),
        ("@first(split('cat/x/y.jpg','/'))", "cat"),
        ("@union(createArray('b','a','b'),createArray('a','c'))", ["b", "a", "c"]),
        ("@chunk(createArray(1,2,3),2)", [[1, 2], [3]]),
        ("@string(createArray('a\"\\b'))", '["a\\"\\\\b"]'),
        ("@div(7,2)", 3),
        ("@div(float(7),2)", 3.5),
        ("@mod(-7,2)", -1),
        ("@formatDateTime(addHours('2026-01-31T23:30:00Z',4),'yyyy-MM-ddTHH:mm:ssZ')", "2026-02-01T03:30:00Z"),
        ("@addToTime('2020-01-31T00:00:00Z',1,'Month')", "2020-02-29T00:00:00.0000000Z"),
        ("@convertFromUtc('2026-07-01T12:00:00Z','W. Europe Standard Time','HH:mm')", "14:00"),
        ("@utcNow()", "2026-01-31T12:30:15.1234560Z"),
        ("@guid()", "12345678-1234-4234-8234-1234567890ab"),
        ("@contains(createArray(202,404,null),null)", True),
        ("@contains(createArray(1),1.0)", False),
        ("@equals(1,1.0)", True),
        ("@equals('a','A')", False),
        ("@startsWith('HTTPS://x','https:')", True),
    ],
)
def test_what_workflows_are_made_of(expression: str, value: Any):
    assert evaluate(expression, GIVEN) == value


@pytest.mark.parametrize(
    ("expression", "position", "words"),
    [
        ("@concat('a'", 11, "expected token 'RightParenthesis' and actual 'EndOfData'"),
        ("@concat('a'))", 12, "expected token 'EndOfData' and actual 'RightParenthesis'"),
        ("@a", 2, "expected token 'LeftParenthesis'"),
        ("@concat('a' 'b')", 12, "expected token 'RightParenthesis' and actual 'Literal'"),
        ('@concat("a")', 8, "position 7 has a double quote; strings stand in single quotes"),
        ("@concat('a", 8, "the string at position 7 has no closing quote"),
        ("@concat(#)", 8, "the character '#' at position 7 is not expected"),
        ("@'a'.length", 4, "expected token 'EndOfData' and actual 'Dot'"),
        ("@{}", 2, "expected token 'Identifier'"),
        ("text @{concat('a')} and @{concat(,)}", 33, "expected token 'Identifier' and actual 'Comma'"),
        ("@{concat('a')", 0, "no closing brace"),
        ("@nothing(1)", 1, "'nothing' is not defined"),
        ("x@{concat('a', nothing(1))}", 15, "'nothing' is not defined"),
        ("@length()", 1, "'length' takes 1 parameter; it is called with 0"),
        ("@substring('a')", 1, "'substring' takes 2 to 3 parameters; it is called with 1"),
        ("@concat()", 1, "'concat' takes 1 or more parameters; it is called with 0"),
        ("@or(true,nothing())", 9, "'nothing' is not defined"),
        ("@add(99999999999999999999,1)", 5, "does not fit into 64 bits"),
        ("@concat('" + "a" * 8184 + "')", 1, "has at most 8192 characters; this one has 8194"),
        ("@" + "not(" * 300 + "true" + ")" * 300, 805, "nests deeper than 200 calls"),
    ],
)
def test_what_cannot_be_parsed_says_where_and_why(expression: str, position: int, words: str):
    with pytest.raises(ExpressionError, match=words) as raised:
        compile_template(expression)
    assert raised.value.code == "InvalidTemplate"
    assert raised.value.position == position


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("@parameters('p')['none']", "property 'none' doesn't exist, available properties are 'x, Y'"),
        ("@parameters('p')['Y'][2]", "array index '2' is outside bounds \\(0, 1\\)"),
        ("@parameters('s')['x']", "not supported on values of type 'String'"),
        ("@parameters('s')?['x']", "not supported on values of type 'String'"),
        ("@parameters('p')['Y']['k']", "an element of an array is selected by an integer"),
        ("@parameters('p')[0]", "a property of an object is selected by its name"),
        ("@json('null')['x']", "'x' cannot be selected from null"),
        ("@if('true',1,2)", "first parameter to be a boolean. The provided value is of type 'String'"),
        ("@div(1,0)", "divide by zero"),
        ("@add(9223372036854775807,1)", "arithmetic overflow"),
        ("@int('1.5')", "cannot convert its parameter to an integer"),
        ("@json('{')", "a property name is expected \\(line 1, position 1\\)"),
        ("@xml('<a>')", "cannot convert its parameter to XML: no element found \\(line 1, position 4\\)"),
        ("@xpath(xml('<a/>'),'//[')", "XPath '//\\[' is not valid"),
        ("@greater(1,'a')", "two numbers or two strings can be compared, not 'Integer' and 'String'"),
        ("@addDays('yesterday',1)", "must match ISO 8601"),
    ],
)
def test_what_cannot_be_evaluated_says_why(expression: str, words: str):
    with pytest.raises(ExpressionError, match=words):
        evaluate(expression, GIVEN)


def test_evaluation_shares_nothing_with_the_run():
    given = Given(variables={"v": [1]}, actions={"A": {"outputs": {"body": {"list": [1]}}}})
    evaluate("@variables('v')", given).append(2)
    evaluate("@body('A')", given)["list"].append(2)
    evaluate("@body('A')['list']", given).append(2)
    assert given.variables == {"v": [1]}
    assert given.actions["A"]["outputs"]["body"] == {"list": [1]}


def test_a_template_tells_what_it_refers_to():
    template = compile_template({"a": "@body('X')?['y']", "b": "n @{length(variables('v'))}", "c": "@outputs(item())"})
    assert template.references == {
        Reference("body", "X"),
        Reference("variables", "v"),
        Reference("outputs", None),
        Reference("item", None),
    }


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("@equals(1,1)", True),
        ({"equals": ["@parameters('s')", "text"]}, True),
        ({"and": [{"greater": ["@parameters('p')?['x']", 0]}, {"not": {"equals": ["@null", 1]}}]}, True),
        ({"or": [{"equals": [1, 2]}, {"not": [{"equals": [1, 1]}]}]}, False),
    ],
)
def test_conditions(condition: Any, holds: bool):
    assert compile_condition(condition).evaluate(GIVEN) is holds


@pytest.mark.parametrize("condition", [{}, {"and": []}, {"equals": [1]}, {"nonsense": [1]}, {"and": [1], "or": [1]}])
def test_a_condition_that_is_none_is_refused(condition: Any):
    with pytest.raises(ExpressionError):
        compile_condition(condition)


def test_a_condition_has_to_be_a_boolean():
    with pytest.raises(ExpressionError, match="has to give a boolean"):
        compile_condition("@string(true)").evaluate(GIVEN)


@pytest.mark.parametrize(
    "hostile",
    [
        "@" + "not(" * 10_000 + "true" + ")" * 10_000,
        "@" + "json('1')" + "[0]" * 10_000,
        "@concat('" + "a" * 100_000 + "'",
        "@{" * 50_000,
    ],
)
def test_hostile_expressions_are_refused_and_do_no_harm(hostile: str):
    with pytest.raises(ExpressionError):
        evaluate(hostile, GIVEN)


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><a>&b;</a>',
    ],
)
def test_xml_with_entities_is_refused(document: str):
    with pytest.raises(ExpressionError):
        evaluate("@xml(parameters('d'))", Given(params={"d": document}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda members: st.lists(members, max_size=4) | st.dictionaries(st.text(), members, max_size=4),
    max_leaves=15,
)


@given(json_values)
def test_json_undoes_string(value: Any):
    text = evaluate("@string(createArray(parameters('v')))", Given(params={"v": value}))
    assert json.loads(text) == [value]
    assert evaluate("@json(parameters('t'))", Given(params={"t": text})) == [value]


@given(st.text())
def test_any_text_comes_through_a_quoted_literal(text: str):
    assert evaluate("@concat('{}')".format(text.replace("'", "''")), GIVEN) == text


@given(st.text())
def test_decoding_undoes_encoding(text: str):
    assert evaluate("@decodeUriComponent(encodeUriComponent(parameters('t')))", Given(params={"t": text})) == text


@given(st.lists(st.integers(-5, 5) | st.text(max_size=1)))
def test_union_keeps_each_element_once_in_order(values: list[Any]):
    assert evaluate("@union(parameters('v'),parameters('v'))", Given(params={"v": values})) == list(
        dict.fromkeys(values)
    )
