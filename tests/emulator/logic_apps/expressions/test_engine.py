"""The same answers as Microsoft's engine, where its answers are at hand."""

import json
from typing import Any

from emulator.logic_apps.expressions import ExpressionError, evaluate
from tests.emulator.logic_apps.expressions.given import Given, vectors

NO_TIME_ZONES = "the engine ran without a time zone data base; on Azure Windows' names are known"
DIFFERENT = {
    "@convertTimeZone('2020-01-02T03:04:05Z','UTC','Pacific Standard Time')": NO_TIME_ZONES,
    "@convertFromUtc('2020-07-02T03:04:05Z','W. Europe Standard Time')": NO_TIME_ZONES,
    "@convertToUtc('2020-07-02T03:04:05','W. Europe Standard Time')": NO_TIME_ZONES,
    "@trimByteOrderMark('a')": "the function is documented, and newer than the engine",
    "@convertTimeZone('2020-02-29T23:59:59Z','India Standard Time','AUS Eastern Standard Time')": NO_TIME_ZONES,
    "@empty(convertToUtc('2024-03-10T02:30:00Z','Pacific Standard Time'))": NO_TIME_ZONES,
    "@sort(createArray(-2.25,true,-2.25))": "its comparison of numbers and booleans is no order",
    "@range(9223372036854775807,5)": "it overflows to 32 bits",
    "p @{first(addToTime('2020-02-29T23:59:59Z',9223372036854775807,'Day'))} q": "it overflows to a date",
}


def outcome(expression: str, environment: Given) -> tuple[str, str]:
    try:
        return "result", json.dumps(evaluate(expression, environment), sort_keys=True)
    except ExpressionError:
        return "error", ""


def misses(file: str) -> dict[str, tuple[Any, Any]]:
    environment, cases = vectors(file)
    found: dict[str, tuple[Any, Any]] = {}
    for case in cases:
        expected = ("error", "") if "error" in case else ("result", json.dumps(case["result"], sort_keys=True))
        actual = outcome(case["expr"], environment)
        if actual != expected and case["expr"] not in DIFFERENT:
            found[case["expr"]] = (actual, expected)
    return found


def test_every_answer_of_the_engine():
    assert misses("expressions.json") == {}


def test_random_compositions():
    assert misses("expressions_random.json") == {}
