"""What expressions come to, as the Kusto reference says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.monitor.kql import KqlError
from tests.emulator.monitor.kql.running import run, value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("7.0 / 2", 3.5),
        ("1 / 0", None),
        ("-14 % 12", 10),
        ("14 % -12", 2),
        ("2 + 3 * 4 - 1", 13),
        ("(2 + 3) * 4", 20),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("1d", "1.00:00:00"),
        ("90m", "01:30:00"),
        ("1.5h", "01:30:00"),
        ("timespan(1.02:03:04.5)", "1.02:03:04.5000000"),
        ("timespan(3)", "3.00:00:00"),
        ("-5m", "-00:05:00"),
        ("1d / 1h", 24.0),
        ("2 * 30m", "01:00:00"),
        ("datetime(2026-03-01) - datetime(2026-02-01)", "28.00:00:00"),
        ("datetime(2026-03-01T00:00:00+02:00)", "2026-02-28T22:00:00Z"),
        ("now() - ago(1d)", "1.00:00:00"),
        ("datetime(2026-01-31) + 36h", "2026-02-01T12:00:00Z"),
        ("bin(7, 5)", 5),
        ("bin(-7, 5)", -10),
        ("bin(7.5, 2)", 6.0),
        ("bin(datetime(2026-03-04 17:23), 1h)", "2026-03-04T17:00:00Z"),
        # Bins of days and longer are counted from 0001-01-01, a Monday.
        ("bin(datetime(2026-03-04), 7d)", "2026-03-02T00:00:00Z"),
        ("bin(100m, 1h)", "01:00:00"),
        ("startofweek(datetime(2026-03-04 10:00))", "2026-03-01T00:00:00Z"),
        ("startofmonth(datetime(2026-03-04), -1)", "2026-02-01T00:00:00Z"),
        ("endofday(datetime(2026-03-04 10:00))", "2026-03-04T23:59:59.999999Z"),
        ("dayofweek(datetime(2026-03-04))", "3.00:00:00"),
        ("datetime_diff('month', datetime(2026-03-01), datetime(2025-12-31))", 3),
        ("datetime_diff('hour', datetime(2026-03-01 10:59), datetime(2026-03-01 12:01))", -2),
        ("datetime_add('month', 1, datetime(2026-01-31))", "2026-02-28T00:00:00Z"),
        (
            "format_datetime(datetime(2026-03-04 15:06:07.089), 'yyyy-MM-dd hh:mm:ss.fff tt')",
            "2026-03-04 03:06:07.089 PM",
        ),
        ("todatetime('2026-03-04 05:06')", "2026-03-04T05:06:00Z"),
        ("todatetime('soon')", None),
        ("totimespan('1.02:00:00')", "1.02:00:00"),
        ("tolong('12')", 12),
        ("tolong('2.5')", None),
        ("tolong(2.9)", 2),
        ("toint('x')", None),
        ("todouble('2.5')", 2.5),
        ("tobool('TRUE')", True),
        ("tostring(1.0)", "1"),
        ("tostring(true)", "True"),
        ("tostring(datetime(2026-03-04))", "2026-03-04T00:00:00.0000000Z"),
        ("tostring(long(null))", ""),
        ("strcat('a', 1, true)", "a1True"),
        ("substring('abcdef', 2, 3)", "cde"),
        ("substring('abcdef', -2)", "ef"),
        ("split('a,b,c', ',')", '["a","b","c"]'),
        ("tostring(split('a,b,c', ',')[1])", "b"),
        ("indexof('abc', 'c')", 2),
        ("indexof('abc', 'x')", -1),
        ("extract(@'(\\d+)-(\\d+)', 2, 'x 12-34')", "34"),
        ("replace_string('aXbX', 'X', '-')", "a-b-"),
        ("trim(@'\\s', '  a b ')", "a b"),
        ("'a\\tb\\u0041'", "a\tbA"),
        ("@'a\\b''c'", "a\\b'c"),
        ("'Apple pie' has 'apple'", True),
        ("'Applepie' has 'apple'", False),
        ("'Apple-pie' has_cs 'apple'", False),
        ("'Applepie' contains 'LEP'", True),
        ("'abc' startswith 'AB'", True),
        ("'abc' endswith_cs 'BC'", False),
        ("'abc' !contains 'x'", True),
        ("'abc' matches regex '^a.c$'", True),
        ("'abc' =~ 'ABC'", True),
        ("'b' in ('a', 'b')", True),
        ("'B' in~ ('a', 'b')", True),
        ("2 !in (1, 3)", True),
        ('\'b\' in (dynamic(["a", "b"]))', True),
        ("'a b' has_any ('x', 'b')", True),
        ("5 between (1 .. 5)", True),
        ("datetime(2026-03-05) between (datetime(2026-03-01) .. 3d)", False),
        ("long(null) == 1", False),
        ("long(null) != 1", True),
        ("long(null) == long(null)", None),
        ("isnull(long(null))", True),
        ("isnull('')", False),
        ("isempty('')", True),
        ("isnotempty(long(null))", False),
        ("coalesce('', 'a')", "a"),
        ("coalesce(long(null), 2, 3)", 2),
        ("iff(1 > 2, 'yes', 'no')", "no"),
        ("iff(bool(null), 1, 2)", 2),
        ("case(1 > 2, 'a', 2 > 1, 'b', 'c')", "b"),
        ("round(2.345, 2)", 2.35),
        ("round(-2.5)", -3.0),
        ("min_of(3, 1.5)", 1.5),
        ("abs(-3)", 3),
        ("pow(2, 10)", 1024.0),
        ("log(0)", None),
        ('tolong(dynamic({"a": {"b": [1, 2]}}).a.b[1])', 2),
        ("tostring(parse_json('{\"a b\": \"x\"}')['a b'])", "x"),
        ("parse_json('no json')", '"no json"'),
        ('dynamic({"a": 1}).b', None),
        ('isnull(dynamic({"a": null}).a)', True),
        ("array_length(dynamic([1, 2]))", 2),
        ("array_length(dynamic({}))", None),
        ("bag_pack('a', 1, 'b', 'x')", '{"a":1,"b":"x"}'),
        ("pack_array(1, 'x')", '[1,"x"]'),
        ("strcat_array(dynamic([\"a\", 1]), '-')", "a-1"),
        ("set_has_element(dynamic([\"a\"]), 'a')", True),
        ("not(true) or 1 == 1 and 2 == 2", True),
    ],
)
def test_an_expression_comes_to_what_the_reference_says(expression: str, expected: Any) -> None:
    found = value(expression)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("query", "place", "named"),
    [
        ("print 1 +", "line 1, column 10", "the end of the query"),
        ("print 'open", "line 1, column 7", "an unclosed string"),
        ("print x = 1\n| where y > 1", "line 2, column 9", "'y'"),
        ("print x = 1 | where x", "line 1, column 21", "needs a bool"),
        ("print no_such(1)", "line 1, column 7", "'no_such'"),
        ("print tolower(1)", "line 1, column 7", "argument #1 is long; allowed: string"),
        ("print strlen()", "line 1, column 7", "0 arguments; allowed: 1"),
        ("print 1 == 'a'", "line 1, column 9", "long and string"),
        ("print datetime(2026-01-01) + 1", "line 1, column 28", "datetime and long"),
        ("print count()", "line 1, column 7", "summarize only"),
        ("print x = 1 | extend p = prev(x)", "line 1, column 26", "serialize"),
        ("print x = 1 | make-series count() on x", "line 1, column 15", "'make-series'"),
        ("print x = 1 | parse x with y", "line 1, column 15", "'parse'"),
        ("print x = 1 | summarize x", "line 1, column 25", "inside of an aggregate"),
        ("print x = 1 | top-nested 2 of x", "line 1, column 15", "'top-nested'"),
        ("print x = 1 | project-rename y = z", "line 1, column 15", "'z'"),
        ("print x = 1 | join kind=cross (print x = 1) on x", "line 1, column 25", "kind=cross"),
        ("print datetime_diff('week', now(), now())", "line 1, column 7", "allowed: year"),
        ("print datetime(soon)", "line 1, column 7", "datetime(soon)"),
        ("let f = (a: long) { a }; print f(1)", "line 1, column 9", "a function in a let"),
        ("print 9223372036854775808", "line 1, column 7", "no long"),
        ("datatable(a: long, b: long) [1]", "line 1, column 1", "1 values for 2 columns"),
        ("print x = 1 | take 'a'", "line 1, column 15", "string"),
        ("print ~1", "line 1, column 7", "'~'"),
        ("search 'x'", "line 1, column 1", "'search'"),
    ],
)
def test_what_is_wrong_or_not_translated_is_named_with_its_place(query: str, place: str, named: str) -> None:
    with pytest.raises(KqlError) as caught:
        run(query)
    assert place in str(caught.value)
    assert named in str(caught.value)


def literal(text: str) -> str:
    escaped = "".join(f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else letter for letter in text)
    return f'"{escaped}"'


_TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)


@settings(max_examples=60, deadline=None)
@given(_TEXT)
def test_a_text_comes_back_whatever_is_in_it(text: str) -> None:
    assert value(literal(text)) == text


@settings(max_examples=60, deadline=None)
@given(_TEXT.filter(lambda text: "\0" not in text), _TEXT.filter(lambda text: "\0" not in text))
def test_texts_compare_as_texts_do(text: str, part: str) -> None:
    one, other = literal(text), literal(part)
    found = run(f"print {one} == {other}, {one} contains_cs {other}, {one} startswith_cs {other}, strlen({one})")
    assert found == [[text == part, part in text, text.startswith(part), len(text)]]


@settings(max_examples=100, deadline=None)
@given(st.integers(-(10**9), 10**9), st.integers(-(10**6), 10**6).filter(bool))
def test_divisions_of_whole_numbers_fit_each_other(dividend: int, divisor: int) -> None:
    ((quotient, rest, down),) = run(
        f"print {dividend} / {divisor}, {dividend} % {divisor}, bin({dividend}, {abs(divisor)})"
    )
    assert quotient == int(dividend / divisor)
    assert (0 <= rest < abs(divisor), (dividend - rest) % divisor) == (True, 0)
    assert down == dividend // abs(divisor) * abs(divisor)
