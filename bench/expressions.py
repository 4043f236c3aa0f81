"""How fast expressions are evaluated, against parsing JSON of the same size in the same run.

``python -m bench.expressions`` measures every case of the tests that has a result, or those of another file of that
form (``--cases FILE``: "environment", and "cases" or "vectors" with "expr"); ``--write`` puts the figures into
docs/benchmarks.md. The baseline is ``json.loads`` of the expression's text as a JSON string, which no evaluator written
in Python could beat.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench.report import Measure, command, section, write_section
from emulator.logic_apps.expressions import ExpressionError, Template, compile_template
from emulator.logic_apps.expressions.context import Context

_CASES: Final = Path(__file__).parent.parent / "tests" / "emulator" / "logic_apps" / "expressions" / "cases.json"
_REPETITIONS: Final = 50
_ROUNDS: Final = 5
_AIM: Final = 100.0
"""Microseconds that a typical expression may take."""


def microseconds(work: Callable[[], object]) -> float:
    """Return the median time of one call of `work`, in microseconds."""
    rounds: list[float] = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        for _ in range(_REPETITIONS):
            work()
        rounds.append((time.perf_counter() - began) / _REPETITIONS * 1e6)
    return statistics.median(rounds)


def read(path: Path) -> tuple[Context, list[str]]:
    """Return the environment and the expressions of a file, those left out that give an error."""
    found = json.loads(path.read_text(encoding="utf-8"))
    context = Context.parse(found["environment"])
    cases: list[dict[str, Any]] = found.get("cases") or found["vectors"]
    return context, [case["expr"] for case in cases if "result" in case]


def measures(context: Context, expressions: list[str]) -> list[Measure]:
    """Measure them one by one."""
    evaluated: list[float] = []
    baseline: list[float] = []
    for expression in expressions:
        try:
            template = compile_template(expression)
            template.evaluate(context)
        except ExpressionError:
            continue
        evaluated.append(_evaluation(template, context))
        baseline.append(_parsing(json.dumps(expression)))
    ordered = sorted(evaluated)
    plain = statistics.mean(baseline)
    compared = "json.loads of their texts"
    return [
        Measure(
            f"{len(evaluated):,} expressions, parsed once: evaluations a second",
            f"{1e6 / statistics.mean(evaluated):,.0f}",
            compared,
            f"{statistics.mean(evaluated) / plain:.1f}",
        ),
        Measure(
            "Typical expression (median)",
            f"{statistics.median(ordered):.1f} µs",
            compared,
            f"{statistics.median(ordered) / plain:.1f}",
            f"{_AIM:.0f} µs",
        ),
        Measure(
            "Slowest 1 % begin at",
            f"{ordered[int(len(ordered) * 0.99)]:.0f} µs",
            compared,
            f"{ordered[int(len(ordered) * 0.99)] / plain:.1f}",
        ),
    ]


def _evaluation(template: Template, context: Context) -> float:
    return microseconds(lambda: template.evaluate(context))


def _parsing(text: str) -> float:
    return microseconds(lambda: json.loads(text))


def main() -> None:
    """Measure and print."""
    parser = command("bench.expressions", __doc__)
    parser.add_argument("--cases", type=Path, default=_CASES, help="another file of expressions")
    options = parser.parse_args()
    text = section("python -m bench.expressions --write", measures(*read(options.cases)))
    print(text)
    if options.write:
        write_section("expressions", text)


if __name__ == "__main__":
    main()
