"""The Logs Ingestion API: who may send which rows, and what is stored of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.clock import ManualClock
from emulator.identity import ARM_AUDIENCES
from tests.emulator.monitor.clouds import WORKSPACE, Cloud
from tests.emulator.monitor.log_clients import COLLECTION, COLUMNS, ENDPOINT, PUBLISHER, TABLE, Logs, collection, table

NOON = "2026-03-01T12:00:00Z"


def row(run: str = "one", **change: Any) -> dict[str, Any]:
    return {"TimeGenerated": NOON, "Run": run, "Images": 3, "Share": 0.5, "Done": True, "More": {"a": [1]}, **change}


async def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    assert answer.headers["x-ms-error-code"] == error["code"]
    return answer.status_code, error["code"], error["message"]


@pytest.mark.parametrize("compress", [False, True])
async def test_rows_are_stored_and_answered_with_their_types(logs: Logs, compress: bool) -> None:
    answer = await logs.upload([row(), row("two", Images=None, Done=None, More=None)], compress=compress)
    assert (answer.status_code, answer.content) == (204, b"")
    found = await logs.rows("Runs_CL | sort by Run asc | project TimeGenerated, Run, Images, Share, Done, More, Type")
    assert found == [
        [NOON, "one", 3, 0.5, True, '{"a":[1]}', "Runs_CL"],
        [NOON, "two", None, 0.5, None, None, "Runs_CL"],
    ]


async def test_what_does_not_fit_its_column_is_null_and_what_has_no_column_is_dropped(logs: Logs) -> None:
    sent = row(Images="many", Done="perhaps", TimeGenerated=NOON, Run={"not": "text"}, Unknown=1)
    assert (await logs.upload([sent])).status_code == 204
    assert await logs.rows("Runs_CL | project Run, Images, Done") == [['{"not":"text"}', None, None]]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-02-27T12:00:01Z", "2026-02-27T12:00:01Z"),
        ("2026-02-27T11:59:59Z", NOON),
        ("2026-03-02T11:59:59+01:00", "2026-03-02T10:59:59Z"),
        ("2026-03-02T12:00:01Z", NOON),
        ("yesterday", NOON),
        (None, NOON),
    ],
)
async def test_a_time_far_off_is_replaced_by_that_of_ingestion(logs: Logs, sent: str | None, kept: str) -> None:
    await logs.upload([row(TimeGenerated=sent)])
    assert await logs.rows("Runs_CL | project TimeGenerated") == [[kept]]


async def test_a_text_longer_than_the_service_keeps_is_cut(logs: Logs) -> None:
    await logs.upload([row("a" * 70_000)])
    ((length,),) = await logs.rows("Runs_CL | project strlen(Run)")
    assert length <= 64 * 1024


async def test_the_transformation_of_the_rule_is_applied(logs: Logs) -> None:
    flow = {"transformKql": "source | where Images > 1 | extend Run = strcat('run ', Run) | project-away Share"}
    await logs.cloud.put(COLLECTION, collection(flow))
    await logs.upload([row(), row("two", Images=1)])
    assert await logs.rows("Runs_CL | project Run, Share") == [["run one", None]]


async def test_a_single_object_is_accepted_without_a_row(logs: Logs) -> None:
    assert (await logs.upload(row())).status_code == 204
    assert await logs.rows("Runs_CL | count") == [[0]]


async def test_only_the_role_on_this_rule_lets_rows_in(logs: Logs) -> None:
    other = f"{COLLECTION}-other"
    immutable = (await logs.cloud.put(other, collection()))["properties"]["immutableId"]
    assert await refusal(await logs.upload([row()], rule=immutable)) == (
        403,
        "OperationFailed",
        "The authentication token provided does not have access to ingest data for the data collection rule with "
        f"immutable Id '{immutable}'.",
    )
    await logs.assign(PUBLISHER, other)
    assert (await logs.upload([row()], rule=immutable)).status_code == 204


@pytest.mark.parametrize(
    ("options", "status", "code", "named"),
    [
        ({"audience": ARM_AUDIENCES[0]}, 401, "AuthenticationFailed", "https://monitor.azure.com"),
        ({"version": "2021-11-01"}, 400, "InvalidApiVersion", "2023-01-01"),
        ({"rule": "dcr-none"}, 404, "NotFound", "dcr-none"),
        ({"stream": "Custom-Other_CL"}, 400, "InvalidStream", "Custom-Runs_CL"),
        ({"content": b"[{"}, 400, "InvalidPayload", "not JSON"),
        ({"content": b"[1]"}, 400, "InvalidPayload", "Row 0"),
        ({"content": b"1"}, 400, "InvalidPayload", "array"),
        ({"content": b"[]", "compress": True}, 400, "InvalidPayload", "gzip"),
    ],
)
async def test_what_is_wrong_with_a_call_is_said(
    logs: Logs, options: dict[str, Any], status: int, code: str, named: str
) -> None:
    found = await refusal(await logs.upload([row()], **options))
    assert found[:2] == (status, code)
    assert named in found[2]


@pytest.mark.parametrize("compress", [False, True])
async def test_a_call_has_one_megabyte_at_most_packed_or_not(logs: Logs, compress: bool) -> None:
    found = await refusal(await logs.upload([row("a" * 2**20)], compress=compress))
    assert found[:2] == (413, "ContentLengthLimitExceeded")
    assert "1048576 bytes (1 MB)" in found[2]
    assert await logs.rows("Runs_CL | count") == [[0]]


async def test_an_endpoint_that_is_used_stays_and_one_that_is_gone_takes_nothing(logs: Logs) -> None:
    assert (await logs.cloud.ask("DELETE", ENDPOINT)).status_code == 409
    await logs.cloud.ask("DELETE", COLLECTION)
    assert (await refusal(await logs.upload([row()])))[0] == 404


async def test_rows_survive_a_restart_and_go_with_their_table(cloud: Cloud, logs: Logs, tmp_path: Path) -> None:
    await logs.upload([row()])
    await cloud.stop()
    again = Cloud(tmp_path, ManualClock(cloud.clock.now()))
    await again.start()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(again.monitor.app)) as http:
        later = Logs(again, http)
        later.customer = logs.customer
        assert await later.rows("Runs_CL | project Run") == [["one"]]
        await again.ask("DELETE", TABLE)
        assert "Runs_CL" in (await later.ask("Runs_CL")).text
        await again.put(TABLE, table())
        assert await later.rows("Runs_CL") == []
    await again.stop()


async def test_rows_end_with_the_retention_of_their_table(cloud: Cloud, logs: Logs) -> None:
    await logs.upload([row()])
    await cloud.put(TABLE, table(retentionInDays=4))
    await cloud.clock.advance(timedelta(days=3, hours=23).total_seconds())
    assert await logs.rows("Runs_CL | count") == [[1]]
    await cloud.clock.advance(timedelta(hours=2).total_seconds())
    assert await logs.rows("Runs_CL | count") == [[0]]


async def test_a_table_without_a_retention_has_that_of_the_workspace(cloud: Cloud, logs: Logs) -> None:
    await cloud.put(WORKSPACE, {"location": "westeurope", "properties": {"retentionInDays": 90}})
    shown = (await cloud.ask("GET", TABLE)).json()["properties"]
    assert (shown["retentionInDays"], shown["retentionInDaysAsDefault"]) == (90, True)
    await logs.upload([row()])
    await cloud.clock.advance(timedelta(days=60).total_seconds())
    assert await logs.rows("Runs_CL | count") == [[1]]


@pytest.mark.parametrize(
    ("name", "body", "named"),
    [
        ("Runs", table(), "end in _CL"),
        ("Runs_CL", table({"Run": "string"}), "TimeGenerated"),
        ("Runs_CL", table({**COLUMNS, "TimeGenerated": "string"}), "TimeGenerated"),
        ("Runs_CL", table({**COLUMNS, "Type": "string"}), "reserved"),
        ("Runs_CL", table({**COLUMNS, "2nd": "string"}), "'2nd'"),
        ("Runs_CL", table({**COLUMNS, "run": "string"}), "twice"),
        ("Runs_CL", table({**COLUMNS, "Images": "string"}), "cannot be changed"),
        ("Runs_CL", table({**COLUMNS, "Images": "datetime"}), "dateTime"),
        ("Runs_CL", table(plan="Basic"), "Analytics"),
        ("Runs_CL", table(retentionInDays=3), "3"),
        ("Other_CL", table(), "Other_CL"),
    ],
)
async def test_a_table_that_azure_does_not_have_is_refused(
    logs: Logs, name: str, body: dict[str, Any], named: str
) -> None:
    answer = await logs.cloud.ask("PUT", f"{WORKSPACE}/tables/{name}", body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


async def test_a_column_may_be_added_and_its_older_rows_are_empty(logs: Logs) -> None:
    await logs.upload([row()])
    await logs.cloud.put(TABLE, table({**COLUMNS, "Reason": "string", "Count": "long"}))
    assert await logs.rows("Runs_CL | project Run, Reason, Count") == [["one", "", None]]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (collection({"destinations": ["other"]}), "InvalidDestination"),
        ({**collection(), "location": "eastus"}, "InvalidWorkspaceLocation: the rule is in eastus"),
        (collection({"streams": ["Custom-Other_CL"], "outputStream": "Custom-Runs_CL"}), "InvalidStream"),
        (collection({"outputStream": "Custom-Other_CL"}), "InvalidOutputTable"),
        (collection({"transformKql": "source | extend Images = 'x'"}), "Images [produced:'string', output:'long']"),
        (collection({"transformKql": "source | project-away TimeGenerated"}), "TimeGenerated [produced: none"),
        (collection({"transformKql": "source | summarize count()"}), "summarize"),
        (collection({"transformKql": "source | where Nothing > 1"}), "Nothing"),
        (collection({"transformKql": "Runs_CL"}), "source"),
        (collection(columns={**COLUMNS, "Images": "string"}), "Images [produced:'string', output:'long']"),
        (collection(columns={**COLUMNS, 'x"': "string"}), "name"),
    ],
)
async def test_a_collection_rule_that_does_not_go_together_is_refused(
    logs: Logs, body: dict[str, Any], named: str
) -> None:
    answer = await logs.cloud.ask("PUT", f"{COLLECTION}-wrong", body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]
