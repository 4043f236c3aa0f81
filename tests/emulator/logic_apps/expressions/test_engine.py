"""The same answers as Microsoft's engine: our cases of its rules, and its own vectors where they are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.logic_apps.expressions import ExpressionError, evaluate
from tests.emulator.logic_apps.expressions.given import Given, vectors

NO_TIME_ZONES = "the engine ran where Windows' names of time zones are not known; on Azure they are"
NO_CULTURES = "the engine ran without the data of cultures; on Azure it has them"
NEWER = "the function is documented, and newer than the engine"
DIFFERENT = {
    "@convertTimeZone('2020-01-02T03:04:05Z','UTC','Pacific Standard Time')": NO_TIME_ZONES,
    "@convertFromUtc('2020-07-02T03:04:05Z','W. Europe Standard Time')": NO_TIME_ZONES,
    "@convertToUtc('2020-07-02T03:04:05','W. Europe Standard Time')": NO_TIME_ZONES,
    "@formatNumber(17.35,'C2','is-IS')": NO_CULTURES,
    "@parseDateTime('20/10/2014','fr-FR')": NO_CULTURES,
    """@mergeObjects(json('{"a":1}'),json('{"b":2}'))""": NEWER,
    "@trimByteOrderMark('a')": NEWER,
    "@utf8Length('é')": NEWER,
    "@convertTimeZone('2020-02-29T23:59:59Z','India Standard Time','AUS Eastern Standard Time')": NO_TIME_ZONES,
}
OURS = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))


def outcome(expression: str, environment: Given) -> str:
    """Return the result as JSON, which tells 1 from 1.0 and true, or that there is an error."""
    try:
        return json.dumps(evaluate(expression, environment), sort_keys=True)
    except ExpressionError:
        return "error"


def expected(case: dict[str, Any]) -> str:
    return "error" if "error" in case else json.dumps(case["result"], sort_keys=True)


def misses(environment: Given, cases: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    answers = {case["expr"]: (outcome(case["expr"], environment), expected(case)) for case in cases}
    return {expression: (ours, theirs) for expression, (ours, theirs) in answers.items() if ours != theirs}


@pytest.mark.parametrize(("file", "share"), [("expressions.json", 0.02), ("expressions_random.json", 0.01)])
def test_every_vector_of_the_engine_agrees_but_for_explained_ones(file: str, share: float):
    environment, cases = vectors(file)
    found = misses(environment, cases)
    assert found.keys() == DIFFERENT.keys() & {case["expr"] for case in cases}
    assert len(found) <= share * len(cases)


def test_our_cases_of_the_engines_rules():
    assert misses(Given.parse(OURS["environment"]), OURS["cases"]) == {}


def test_an_error_of_our_cases_has_its_code():
    environment = Given.parse(OURS["environment"])
    codes: dict[str, tuple[str, str]] = {}
    for case in OURS["cases"]:
        if "error" in case:
            with pytest.raises(ExpressionError) as raised:
                evaluate(case["expr"], environment)
            if raised.value.code != case["error"]:
                codes[case["expr"]] = (raised.value.code, case["error"])
    assert codes == {}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("@convertFromUtc('2018-01-01T08:00:00Z','Pacific Standard Time')", "2018-01-01T00:00:00.0000000"),
        ("@convertFromUtc('2026-07-01T12:00:00Z','w. europe standard time','HH:mm')", "14:00"),
        ("@convertToUtc('2018-01-01T00:00:00','Pacific Standard Time')", "2018-01-01T08:00:00.0000000Z"),
        ("@convertTimeZone('2020-01-02T03:04:05Z','India Standard Time','UTC')", "2020-01-02T03:04:05.0000000Z"),
        (
            "@convertTimeZone('2020-01-02T03:04:05','India Standard Time','Tokyo Standard Time')",
            "2020-01-02T06:34:05.0000000",
        ),
        ("@formatNumber(17.35,'C2','en-US')", "$17.35"),
        ("@formatNumber(-17.35,'C2','en-US')", "-$17.35"),
        ("@formatNumber(1234567.891,'N2','de-DE')", "1.234.567,89"),
        ("@formatNumber(17.35,'C2','is-IS')", "17,35 kr."),
        ("@formatNumber(0.5,'P0','fr-FR')", "50 %"),
        ("@formatDateTime('2020-01-02T15:04:05Z','D','en-US')", "Thursday, January 2, 2020"),
        ("@formatDateTime('2020-01-02T15:04:05Z','t','en-US')", "3:04 PM"),
        ("@formatDateTime('2020-01-02T15:04:05Z','dddd d MMMM','fr-FR')", "jeudi 2 janvier"),
        ("@formatDateTime('2020-01-02T15:04:05Z','d','de-DE')", "02.01.2020"),
        ("@parseDateTime('20/10/2014','fr-FR')", "2014-10-20T00:00:00.0000000"),
        ("@parseDateTime('20 octobre 2014','fr-FR')", "2014-10-20T00:00:00.0000000"),
        ("@parseDateTime('20 octobre 2014','fr-FR','dd MMMM yyyy')", "2014-10-20T00:00:00.0000000"),
        ("@float('10.000,333','de-DE')", 10000.333),
        ("@isFloat('1,5','de-DE')", True),
        ("@toUpper('straße é')", "STRAßE É"),
        ("@toLower('ÀÉ')", "àé"),
        ("@indexOf('aéb','É')", 1),
        ("@trimByteOrderMark(base64ToBinary('77u/aGk='))", "hi"),
        ("@trimByteOrderMark('\ufeffhi')", "hi"),
        ("@utf8Length('é😀')", 6),
        ("@utf16Length('é😀')", 6),
        ("@encodeXmlValue('<a b=\"c\">&''')", "&lt;a b=&quot;c&quot;&gt;&amp;&apos;"),
        ("@decodeXmlValue('&lt;&#65;&#x42;&amp;lt;&apos;')", "<AB&lt;'"),
        ("@encodeXmlName('1 a:b_x0020_')", "_x0031__x0020_a_x003A_b_x005F_x0020_"),
        ("@decodeXmlName('_x0031__x0020_a')", "1 a"),
        ("""@mergeObjects(json('{"a":1,"b":1}'),json('{"b":2}'))""", {"a": 1, "b": 2}),
        ("@length('a😀b')", 4),
        ("@substring('a😀b',1,2)", "😀"),
        ("@indexOf('😀b','B')", 2),
        ("@chunk('a😀',3)", ["a😀"]),
        ("@rand(3,4)", 3),
        ("@getFutureTime(1,'Month')", "2026-02-28T12:30:15.1234560Z"),
        ("@getPastTime(2,'Week','yyyy-MM-dd')", "2026-01-17"),
        ("@formatDateTime('03:04')", "2026-01-31T03:04:00.0000000"),
        ("@listCallbackUrl()", "http://127.0.0.1/callback"),
    ],
)
def test_what_azure_answers_and_the_engine_of_the_vectors_cannot(expression: str, value: Any):
    assert json.dumps(evaluate(expression, Given())) == json.dumps(value)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("@convertFromUtc('2020-01-02T03:04:05Z','Europe/Berlin')", "time zone id 'Europe/Berlin' is not valid"),
        ("@convertToUtc('2026-03-29T02:30:00','W. Europe Standard Time')", "does not exist or exists twice"),
        ("@convertToUtc('2026-10-25T02:30:00','W. Europe Standard Time')", "does not exist or exists twice"),
        ("@convertToUtc('2026-01-01T00:00:00Z','W. Europe Standard Time')", "the time zone of"),
        ("@convertFromUtc('2026-01-01T00:00:00','UTC')", "not a time of UTC"),
        ("@formatNumber(1,'N','tlh')", "the culture 'tlh' is not one that the emulator has: de-DE"),
        ("""@mergeObjects(json('{}'),1)""", "second parameter to be an object"),
    ],
)
def test_what_the_engine_of_the_vectors_cannot_say_is_refused_by_name(expression: str, words: str):
    with pytest.raises(ExpressionError, match=words):
        evaluate(expression, Given())
