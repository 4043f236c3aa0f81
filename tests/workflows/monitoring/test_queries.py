"""The workbook's queries: Microsoft's binder takes them, and they answer what the records say."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.monitor.kql import compile_query
from tests.emulator.monitor.kql.kusto import bind
from tests.emulator.monitor.kql.running import NOW as ANY_TIME
from tests.emulator.monitor.kql.running import columns, empty_table
from tests.workflows.monitoring.records import NOW, Records, binder_tables
from workflows import monitoring

THRESHOLDS = {
    "stuckRunHours": 26,
    "waitingImagesHours": 6,
    "noRunHours": 46,
    "rejectedInARow": 3,
    "productionAccuracyFloor": 0.6,
    "quotaPercent": 80,
    "imageQuota": 5000,
}
FOLDER = Path(monitoring.__file__).parent


def all_queries() -> dict[str, str]:
    alerts = {f"alerts/{name}": text.format(**THRESHOLDS) for name, text in monitoring.alerts().items()}
    return {**monitoring.queries(), **alerts}


def test_microsofts_binder_takes_every_query_and_finds_the_same_columns() -> None:
    schemas = binder_tables()
    tables = {name: empty_table(schema.strip("()")) for name, schema in schemas.items()}
    queries = all_queries()
    for (name, query), bound in zip(queries.items(), bind(schemas, list(queries.values())), strict=True):
        assert (name, bound.errors) == (name, [])
        assert (name, columns(query, tables)) == (name, bound.columns)


def test_every_query_stands_in_the_workbook_and_every_parameter_is_given() -> None:
    text = (FOLDER / "workbook.json").read_text()
    assert sorted(re.findall(r'"\$query": "([\w-]+)"', text)) == sorted(monitoring.queries())
    workbook = monitoring.workbook("/workspaces/w")
    assert workbook["fallbackResourceIds"] == ["/workspaces/w"]
    (block,) = [item for item in workbook["items"] if item["type"] == 9]
    given = {each["name"]: each["value"] for each in block["content"]["parameters"]}
    used: dict[str, str] = {}
    for query in monitoring.queries().values():
        used |= dict(re.findall(r"^let (\w+) = ([0-9.]+);$", query, re.MULTILINE))
    assert {name: given[name] for name in used} == used
    assert set(given) == {*used, "TimeRange"}
    for name in used:
        assert f"let {name} = {{{name}}};" in json.dumps(workbook)


def test_every_query_runs_on_no_record_at_all(records: Records) -> None:
    for query in all_queries().values():
        records.rows(query)


@pytest.fixture
async def filled(records: Records) -> Records:
    """Four runs: two published, one rejected, one failed; the last record was sent twice."""
    await records.finished(
        50, "r1", Accepted=20, Rejected=2, Listed=22, Waiting=0, Iteration="I1", IterationId="i1",
        TrainingMinutes=30, Precision=0.8, Recall=0.7, AveragePrecision=0.75, Trigger="poll",
    )  # fmt: skip
    for label, recall in (("cat", 0.9), ("dog", 0.5)):
        await records.send(
            "RetrainingMetrics_CL", 50, Run="r1", IterationId="i1", Label=label, Recall=recall, Precision=0.8,
            AveragePrecision=0.7,
        )  # fmt: skip
    await records.send("RetrainingJudgements_CL", 50, Run="r1", Label="cat", Predicted="dog", Image="old.jpg")
    await records.finished(40, "r2", "rejected", Accepted=10, Rejected=0, TrainingMinutes=15)
    await records.finished(30, "r3", "failed", Reason="Train failed: quota", Accepted=0, Rejected=0)
    for broken, rule in ((True, "images"), (False, "hours")):
        await records.send("RetrainingDecisions_CL", 30, Run="r3", Rule=rule, Broken=broken, Reason="5 of 15")
    await records.finished(
        2, "r4", Accepted=8, Rejected=0, Listed=9, Waiting=1, WaitingSince=uploaded(5.5),
        Iteration="I2", IterationId="i2",
        TrainingMinutes=45, Precision=0.9, Recall=0.9, AveragePrecision=0.875,
    )  # fmt: skip
    for label, images, new in (("cat", 30, 6), ("dog", 10, 2)):
        await records.send("RetrainingImages_CL", 2, Run="r4", Label=label, Images=images, NewImages=new)
    for image in ("cat/1.jpg", "cat/2.jpg"):
        await records.send("RetrainingQuality_CL", 2, Run="r4", Image=image, Label="cat", Reason="not an image")
    for image, predicted in (("a.jpg", "cat"), ("b.jpg", "cat"), ("c.jpg", "dog")):
        await records.send("RetrainingJudgements_CL", 2, Run="r4", Label="cat", Predicted=predicted, Image=image)
    return records


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("runs", [{"Run": run} for run in ("r4", "r3", "r2", "r1")]),
        ("failures", [{"Reason": "Train failed: quota", "Runs": 1}]),
        ("rules", [{"Rule": "images", "Forbade": 1, "Newest": "5 of 15"}, {"Rule": "hours", "Forbade": 0}]),
        ("accuracy", [{"Iteration": "I1", "Gain": None}, {"Iteration": "I2", "Recall": 0.9, "Gain": 0.125}]),
        ("accuracy-by-label", [{"Label": "dog", "Recall": 0.5}, {"Label": "cat", "Recall": 0.9}]),
        ("label-trend", [{"Label": "cat"}, {"Label": "dog"}]),
        ("data-quality", [{"Reason": "not an image", "Label": "cat", "Images": 2}]),
        ("images-by-label", [{"Label": "cat", "Share": 75.0, "NewImages": 6}, {"Label": "dog", "Share": 25.0}]),
        (
            "confusion",
            [{"Label": "cat", "Predicted": "cat", "Images": 2}, {"Label": "cat", "Predicted": "dog", "Images": 1}],
        ),
        (
            "waiting",
            [
                {"Listed": 22, "Waiting": 0, "OldestHours": None},
                {},
                {},
                {"Listed": 9, "Waiting": 1, "OldestHours": 3.5},
            ],
        ),
        ("cost", [{"Trainings": 3, "Hours": 1.5, "Cost": 15.0}]),
        ("business-impact", [{"Retrainings": 3, "Published": 2, "Images": 40, "HoursSaved": 12.1, "Saved": 711.0}]),
    ],
)
async def test_a_query_answers_what_the_records_say(filled: Records, name: str, expected: list[dict[str, Any]]) -> None:
    found = filled.rows(monitoring.queries()[name])
    assert [{key: row[key] for key in want} for row, want in zip(found, expected, strict=True)] == expected


async def test_runs_are_counted_by_day_and_their_minutes_measured(filled: Records) -> None:
    decisions = filled.rows(monitoring.queries()["decisions"])
    assert sum(row["Runs"] for row in decisions) == 4
    assert {row["Half"] for row in filled.rows(monitoring.queries()["latency"])} == {30.0}


async def test_a_record_that_was_sent_twice_counts_once(records: Records) -> None:
    for _ in range(2):
        await records.finished(2, "r1", RowId="r1/finished", TrainingMinutes=60)
    assert [row["Hours"] for row in records.rows(monitoring.queries()["cost"])] == [1.0]


def alert(name: str) -> str:
    return monitoring.alerts()[name].format(**THRESHOLDS)


async def fires(records: Records, name: str) -> bool:
    """Whether a rule fires at `NOW`: it reads two days."""
    return bool(records.rows(alert(name), days=2))


@pytest.mark.parametrize(("hours", "ended", "expected"), [(27, False, True), (25, False, False), (27, True, False)])
async def test_a_run_that_does_not_end_is_an_alert(records: Records, hours: int, ended: bool, expected: bool) -> None:
    await records.send("RetrainingRuns_CL", hours, Run="r1", Event="started")
    if ended:
        await records.finished(1, "r1")
    assert await fires(records, "stuck-run") is expected


def uploaded(hours_ago: float) -> str:
    return (NOW - timedelta(hours=hours_ago)).isoformat()


@pytest.mark.parametrize(("waiting", "age", "expected"), [(3, 7, True), (3, 5, False), (0, 7, False)])
async def test_images_that_have_waited_for_long_are_an_alert_however_new_the_run_is(
    records: Records, waiting: int, age: int, expected: bool
) -> None:
    await records.finished(8, "r1", Waiting=0)
    await records.finished(1, "r2", Waiting=waiting, WaitingSince=uploaded(age))
    assert await fires(records, "images-wait") is expected


async def test_images_wait_on_while_runs_fail_before_they_list_them(records: Records) -> None:
    await records.finished(9, "r1", Waiting=3, WaitingSince=uploaded(10))
    await records.send("RetrainingRuns_CL", 1, Run="r2", Event="started")
    await records.finished(0.5, "r2", "failed", Listed=0)
    assert await fires(records, "images-wait")


async def test_a_run_that_has_taken_them_ends_the_alert(records: Records) -> None:
    await records.finished(7, "r1", Waiting=3, WaitingSince=uploaded(8))
    await records.finished(1, "r2", Waiting=0)
    assert not await fires(records, "images-wait")


async def test_a_run_that_has_begun_takes_the_images_that_wait(records: Records) -> None:
    await records.finished(7, "r1", Waiting=3, WaitingSince=uploaded(8))
    await records.send("RetrainingRuns_CL", 1, Run="r2", Event="started")
    assert not await fires(records, "images-wait")


@pytest.mark.parametrize(("hours", "expected"), [(45, False), (47, True)])
async def test_no_run_for_long_is_an_alert(records: Records, hours: int, expected: bool) -> None:
    await records.finished(60, "r1")
    await records.finished(hours, "r2")
    assert await fires(records, "no-run") is expected


async def test_a_deployment_without_any_run_yet_is_no_alert(records: Records) -> None:
    assert not await fires(records, "no-run")


@pytest.mark.parametrize(
    ("counts", "expected"), [([2, 3], True), ([3, 0], False), ([3, None], True), ([1, 2], False), ([None], False)]
)
async def test_a_gate_that_rejects_again_and_again_is_an_alert(
    records: Records, counts: list[int | None], expected: bool
) -> None:
    for place, count in enumerate(counts):
        values = {} if count is None else {"RejectedInARow": count}
        await records.finished(20 - place, f"r{place}", "rejected", **values)
    assert await fires(records, "rejected-in-a-row") is expected


@pytest.mark.parametrize(("newest", "expected"), [(0.59, True), (0.6, False)])
async def test_a_weak_model_in_production_is_an_alert(records: Records, newest: float, expected: bool) -> None:
    await records.finished(3, "r1", Accuracy=0.5)
    await records.finished(2, "r2", Accuracy=newest)
    await records.finished(1, "r3", "rejected", Accuracy=0.1)
    assert await fires(records, "production-accuracy") is expected


@pytest.mark.parametrize(("images", "expected"), [(2000, True), (1999, False)])
async def test_a_project_nearly_full_is_an_alert(records: Records, images: int, expected: bool) -> None:
    await records.send("RetrainingImages_CL", 5, Run="r1", Label="cat", Images=4900)
    await records.send("RetrainingImages_CL", 1, Run="r2", Label="cat", Images=2000)
    await records.send("RetrainingImages_CL", 1, Run="r2", Label="dog", Images=images)
    assert await fires(records, "image-quota") is expected


@pytest.mark.parametrize(("hours", "near", "over"), [(7.9, False, False), (8.0, True, False), (10.0, True, True)])
async def test_hours_of_training_are_an_alert_near_the_limit_and_at_it(
    records: Records, hours: float, near: bool, over: bool
) -> None:
    await records.finished(1, "r1", MonthHours=hours, MonthHoursLimit=10)
    assert (await fires(records, "training-hours"), await fires(records, "training-spend")) == (near, over)


@pytest.mark.parametrize(("newest", "expected"), [("failed", True), ("exported", False), (None, True)])
async def test_an_export_that_failed_is_an_alert_until_it_was_made_up_for(
    records: Records, newest: str | None, expected: bool
) -> None:
    await records.finished(3, "r1", Export="exported")
    assert not await fires(records, "export-failed")
    await records.finished(2, "r2", Export="failed")
    await records.finished(1, "r3", "not trained", Export=newest)
    assert await fires(records, "export-failed") is expected


def test_alert_queries_have_no_union_which_azure_refuses() -> None:
    for name in monitoring.alerts():
        assert "union" not in alert(name)
        tables = {each: empty_table(schema.strip("()")) for each, schema in binder_tables().items()}
        assert compile_query(alert(name), tables, ANY_TIME).tables
