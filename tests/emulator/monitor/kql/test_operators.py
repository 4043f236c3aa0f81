"""What tabular operators make of rows, as the Kusto reference says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulator.monitor.kql.running import run

ROWS = """let T = datatable(Run:string, Label:string, Images:long, Score:real, At:datetime, Bag:dynamic) [
  "one", "cat", 3, 0.5, datetime(2026-03-01 10:00), dynamic({"tags": ["a", "b"]}),
  "one", "dog", 1, 0.75, datetime(2026-03-01 10:00), dynamic({"tags": []}),
  "two", "cat", 5, real(null), datetime(2026-03-01 11:30), dynamic(null),
  "three", "cat", long(null), 1.0, datetime(2026-02-28 09:00), dynamic({"tags": ["c"]})];
"""
OTHER = """let U = datatable(Run:string, Trigger:string) ["one", "manual", "one", "poll", "four", "poll"];
"""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("T | where Images > 2 | project Run, Images", [["one", 3], ["two", 5]]),
        ("T | where Score != 0.5 | count", [[3]]),
        ("T | sort by Images | project Images", [[5], [3], [1], [None]]),
        ("T | sort by Images asc | project Images", [[None], [1], [3], [5]]),
        ("T | sort by Images asc nulls last | project Images", [[1], [3], [5], [None]]),
        (
            "T | sort by Label asc, Images desc | project Label, Images",
            [["cat", 5], ["cat", 3], ["cat", None], ["dog", 1]],
        ),
        ("T | top 2 by Score | project Score", [[1.0], [0.75]]),
        ("T | sort by Images asc | take 2 | project Images", [[None], [1]]),
        ("T | extend Images = Images * 2, Twice = Images * 2 | where Run == 'two' | project Images, Twice", [[10, 10]]),
        (
            "T | summarize Runs = dcount(Run), sum(Images), avg(Score), min(At) by Label | sort by Label asc",
            [["cat", 3, 8, 0.75, "2026-02-28T09:00:00Z"], ["dog", 1, 1, 0.75, "2026-03-01T10:00:00Z"]],
        ),
        ("T | summarize count() by bin(At, 1h) | sort by At asc | project count_", [[1], [2], [1]]),
        (
            "T | where false | summarize count(), sum(Images), avg(Images), max(Images), make_list(Run)",
            [[0, 0, None, None, "[]"]],
        ),
        ("T | where false | summarize count() by Label", []),
        ("T | summarize arg_max(At, Run, Images)", [["2026-03-01T11:30:00Z", "two", 5]]),
        ("T | summarize arg_max(At, *) by Label | where Label == 'cat' | project Run, Score", [["two", None]]),
        ("T | summarize arg_min(Score, Run)", [[0.5, "one"]]),
        (
            "T | summarize countif(Images > 2), sumif(Images, Label == 'cat'), dcountif(Run, Label == 'dog')",
            [[2, 8, 1]],
        ),
        ("T | summarize Share = round(100.0 * countif(Label == 'dog') / count(), 1)", [[25.0]]),
        ("T | summarize percentile(Images, 50), percentiles(Score, 0, 100)", [[3, 0.5, 1.0]]),
        (
            "T | sort by Images asc | summarize make_list(Run, 2), make_set(Label)",
            [['["three","one"]', '["cat","dog"]']],
        ),
        ("T | distinct Label | sort by Label asc", [["cat"], ["dog"]]),
        (
            "T | mv-expand Tag = Bag.tags to typeof(string) | project Run, Tag",
            [["one", "a"], ["one", "b"], ["one", ""], ["two", ""], ["three", "c"]],
        ),
        ("T | project-away S*, At, Bag | take 1", [["one", "cat", 3]]),
        ("T | project-keep R*, Images | take 1", [["one", 3]]),
        ("T | project-reorder Score, R* | project-away At, Bag | take 1", [[0.5, "one", "cat", 3]]),
        ("T | project-rename Tag = Label | project Tag | take 1", [["cat"]]),
        (
            "T | sort by Run asc, Label asc | extend Same = Run == prev(Run), n = row_number() | project Same, n",
            [[False, 1], [True, 2], [False, 3], [False, 4]],
        ),
        (
            "T | where Run == 'one' | sort by Images asc | serialize Sum = row_cumsum(Images)"
            ", Next = next(Images, 1, -1)"
            " | project Sum, Next",
            [[1, 3], [4, -1]],
        ),
        ("T | sort by Images desc | where row_number() == 1 | project Run", [["two"]]),
        ("T | join kind=inner U on Run | summarize count() by Run", [["one", 4]]),
        ("T | join U on Run | count", [[2]]),
        (
            "T | join kind=leftouter U on Run | where isempty(Trigger) | project Run, Run1 | sort by Run asc",
            [["three", ""], ["two", ""]],
        ),
        ("T | join kind=rightouter U on Run | where isempty(Label) | project Run1, Images", [["four", None]]),
        ("T | join kind=fullouter U on $left.Run == $right.Run | summarize count()", [[7]]),
        ("T | join kind=leftanti U on Run | distinct Run | sort by Run asc", [["three"], ["two"]]),
        ("T | join kind=leftsemi U on Run | count", [[2]]),
        ("T | join kind=rightanti U on Run | project Run, Trigger", [["four", "poll"]]),
        ("union T, U | summarize count(), countif(isempty(Label))", [[7, 3]]),
        ("T | union (U | where Trigger == 'poll') | count", [[6]]),
        ("union isfuzzy=true T, Missing | count", [[4]]),
        ("T | where Run in (U | project Run) | count", [[2]]),
        ("T | extend Most = toscalar(T | summarize max(Images)) | where Images == Most | project Run", [["two"]]),
        ("let least = 3; T | where Images >= least | count", [[2]]),
        ("range x from 1 to 7 step 3", [[1], [4], [7]]),
        ("range t from datetime(2026-01-01) to datetime(2026-01-02) step 12h | count", [[3]]),
        ("T | summarize by Label | sort by Label asc | render piechart with (title='x')", [["cat"], ["dog"]]),
        ("T // all of it\n | count;", [[4]]),
    ],
)
def test_an_operator_makes_what_the_reference_says(query: str, expected: list[list[Any]]) -> None:
    assert run(ROWS + OTHER + query) == expected


_ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(-100, 100)), max_size=12)


def table(rows: list[tuple[str, int | None]]) -> str:
    values = ", ".join(f"'{key}', {'long(null)' if number is None else number}" for key, number in rows)
    return f"let R = datatable(k:string, n:long) [{values}];\n"


@settings(max_examples=60, deadline=None)
@given(_ROWS)
def test_groups_and_filters_are_those_of_the_rows(rows: list[tuple[str, int | None]]) -> None:
    found = run(table(rows) + "R | where n > 0 | summarize count(), sum(n), max(n) by k | sort by k asc")
    kept = [(key, number) for key, number in rows if number is not None and number > 0]
    groups = {key: [number for each, number in kept if each == key] for key in sorted({key for key, _ in kept})}
    assert found == [[key, len(group), sum(group), max(group)] for key, group in groups.items()]


@settings(max_examples=60, deadline=None)
@given(_ROWS, st.integers(0, 5))
def test_top_is_sort_and_take(rows: list[tuple[str, int | None]], count: int) -> None:
    text = table(rows)
    top = run(f"{text}R | top {count} by n asc | project n")
    assert top == run(f"{text}R | sort by n asc | take {count} | project n")
    assert top == [[number] for number in sorted((n for _, n in rows), key=lambda n: (n is not None, n))[:count]]


@settings(max_examples=40, deadline=None)
@given(_ROWS, _ROWS)
def test_a_join_pairs_equal_keys_and_keeps_what_has_none(
    left: list[tuple[str, int | None]], right: list[tuple[str, int | None]]
) -> None:
    text = table(left) + table(right).replace("let R", "let S")
    pairs = [(one, other) for one in left for other in right if one[0] == other[0]]
    alone = [one for one in left if one[0] not in {key for key, _ in right}]
    assert run(f"{text}R | join kind=inner S on k | count") == [[len(pairs)]]
    assert run(f"{text}R | join kind=leftouter S on k | count") == [[len(pairs) + len(alone)]]
    assert run(f"{text}R | join kind=leftanti S on k | count") == [[len(alone)]]
