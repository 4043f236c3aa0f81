"""The records that a run sends to the tables, and that none of them can fail it."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.workflows.record_tables import RecordTables
from tests.workflows.world import PUBLISHER, Retraining, World, merged, pictures
from workflows import monitoring

IMAGES = merged([pictures("red", 8), pictures("blue", 8), {"red/empty.jpg": b""}])


@pytest.fixture(scope="module")
def tables(world: World) -> RecordTables:
    return RecordTables(world, "records")


def test_a_run_sends_its_records_to_every_table(
    world: World, tables: RecordTables, make_retraining: Callable[..., Retraining]
):
    retraining = make_retraining(records=tables.parameters)
    world.assign(retraining.principal, PUBLISHER, tables.rule)
    retraining.hold_out({f"red/{name}": content for name, content in _held_out().items()})
    retraining.upload(IMAGES)
    run = retraining.run()
    assert (run.status, run.statuses["Report"], run.statuses["Announce"]) == ("Succeeded",) * 3, run.error
    own = f"| where Run == '{run.id}'"
    (begun, ended) = tables.rows(f"RetrainingRuns_CL {own} | sort by Event desc")
    assert (begun["Event"], ended["Event"]) == ("started", "finished")
    assert (ended["Decision"], ended["Listed"], ended["Accepted"], ended["Rejected"], ended["Waiting"]) == (
        "published", 17, 16, 1, 0,
    )  # fmt: skip
    assert ended["StartedAt"] == begun["StartedAt"] <= begun["TimeGenerated"] <= ended["TimeGenerated"]
    assert 0 <= ended["AveragePrecision"] <= 1
    assert ended["MonthHoursLimit"] > 0
    labels = tables.rows(f"RetrainingImages_CL {own} | sort by Label asc | project Label, Images, NewImages")
    assert labels == [{"Label": label, "Images": 8, "NewImages": 8} for label in ("blue", "red")]
    metrics = tables.rows(f"RetrainingMetrics_CL {own} | sort by Label asc")
    assert [row["Label"] for row in metrics] == ["blue", "red"]
    assert {row["IterationId"] for row in metrics} == {ended["IterationId"]}
    assert "maximumTrainingHoursPerMonth" in {row["Rule"] for row in tables.rows(f"RetrainingDecisions_CL {own}")}
    (refused,) = tables.rows(f"RetrainingQuality_CL {own} | project Image, Label, Reason")
    assert (refused["Image"], refused["Reason"] != "") == ("red/empty.jpg", True)
    judged = tables.rows(f"RetrainingJudgements_CL {own}")
    assert [row["Label"] for row in judged] == ["red"] * len(_held_out())
    for name, query in monitoring.queries().items():
        assert tables.rows(query) or name == "failures"
    ids = [row["RowId"] for table in monitoring.tables() for row in tables.rows(f"{table} {own}")]
    assert len(set(ids)) == len(ids)


def _held_out() -> dict[str, bytes]:
    return {name.rpartition("/")[2]: content for name, content in pictures("red", 3, start=50).items()}


def test_without_the_role_the_run_succeeds_all_the_same_and_says_that_nothing_was_sent(
    tables: RecordTables, make_retraining: Callable[..., Retraining]
):
    retraining = make_retraining(records=tables.parameters)
    # The first run of a deployment, the one that makes the lock, would wait for the role.
    retraining.container("artifacts").upload_blob("locks/retrain.json", b"{}")
    retraining.upload(merged([pictures("red", 8), pictures("blue", 8)]))
    run = retraining.run()
    assert (run.status, run.manifest and run.manifest["decision"]) == ("Succeeded", "published"), run.error
    assert (run.statuses["Report"], run.statuses["Announce"]) == ("Failed", "Failed")
    assert tables.rows(f"RetrainingRuns_CL | where Run == '{run.id}'") == []


def test_a_service_that_is_busy_is_asked_again(
    world: World, tables: RecordTables, make_retraining: Callable[..., Retraining]
):
    retraining = make_retraining(records=tables.parameters)
    world.assign(retraining.principal, PUBLISHER, tables.rule)
    refused: list[str] = []

    def busy(request: httpx.Request) -> httpx.Response | None:
        if "/streams/Custom-RetrainingRuns_CL" in str(request.url) and len(refused) < 3:
            refused.append(str(request.url))
            return httpx.Response(429, headers={"Retry-After": "1"})
        return None

    world.transport.intercept = busy
    retraining.upload({"red/1.jpg": b""})
    run = retraining.run()
    assert (len(refused), run.statuses["Report"], run.statuses["Announce"]) == (3, "Succeeded", "Succeeded")
    assert len(tables.rows(f"RetrainingRuns_CL | where Run == '{run.id}'")) == 2
