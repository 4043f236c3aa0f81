"""The query API of Log Analytics: who may ask, for which times, and how answers and refusals look."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.identity import LOG_ANALYTICS_AUDIENCES, MONITOR_AUDIENCES
from tests.emulator.monitor.clouds import CONFIGURATION, WORKSPACE
from tests.emulator.monitor.log_clients import DATA_READER, READER, TABLE, WRITER, Logs


@pytest.fixture
async def filled(logs: Logs) -> Logs:
    times = ["2026-03-01T09:00:00Z", "2026-03-01T11:30:00Z", "2026-03-01T12:00:00Z"]
    await logs.upload([{"TimeGenerated": time, "Run": time[11:16], "Images": 1} for time in times])
    return logs


@pytest.mark.parametrize(
    ("timespan", "runs"),
    [
        (None, ["09:00", "11:30", "12:00"]),
        ("PT1H", ["11:30", "12:00"]),
        ("2026-03-01T09:00:00Z/2026-03-01T11:30:00Z", ["09:00"]),
        ("2026-03-01T09:30:00/PT2H30M", ["11:30"]),
        ("PT4H/2026-03-01T12:30:00Z", ["09:00", "11:30", "12:00"]),
    ],
)
async def test_a_query_sees_the_rows_of_its_times(filled: Logs, timespan: str | None, runs: list[str]) -> None:
    found = await filled.rows("Runs_CL | sort by TimeGenerated asc | project Run", timespan=timespan)
    assert [run for (run,) in found] == runs


async def test_an_answer_names_columns_and_types(filled: Logs) -> None:
    answer = (
        await filled.ask("Runs_CL | summarize Runs=count(), Last=max(TimeGenerated), Age=now()-max(TimeGenerated)")
    ).json()
    assert answer == {
        "tables": [
            {
                "name": "PrimaryResult",
                "columns": [
                    {"name": "Runs", "type": "long"},
                    {"name": "Last", "type": "datetime"},
                    {"name": "Age", "type": "timespan"},
                ],
                "rows": [[3, "2026-03-01T12:00:00Z", "00:00:00"]],
            }
        ]
    }


async def test_only_readers_of_the_workspace_are_answered(filled: Logs) -> None:
    answer = await filled.ask("Runs_CL", principal=WRITER)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "InsufficientAccessError")
    await filled.assign(READER, WORKSPACE)
    assert (await filled.ask("Runs_CL", principal=WRITER)).status_code == 200


async def test_a_data_reader_of_one_table_is_answered_of_that_table_alone(filled: Logs) -> None:
    await filled.cloud.put(f"{WORKSPACE}/tables/Other_CL", _other_table())
    await filled.assign(DATA_READER, TABLE)
    # The role's action on the workspace is needed too: it is assigned there for another table's sake.
    assert (await filled.ask("Runs_CL", principal=WRITER)).status_code == 403
    await filled.assign(DATA_READER, WORKSPACE)
    assert (await filled.ask("Other_CL", principal=WRITER)).status_code == 200


def _other_table() -> dict[str, Any]:
    return {"properties": {"schema": {"name": "Other_CL", "columns": [{"name": "TimeGenerated", "type": "dateTime"}]}}}


@pytest.mark.parametrize(
    ("query", "code", "named"),
    [
        ("Runs_CL | where", "SyntaxError", "line 1, column 16"),
        ("Runs_CL | where Nothing == 1", "SemanticError", "'Nothing'"),
        ("Nothing_CL", "SemanticError", "Nothing_CL"),
        ("Runs_CL | evaluate autocluster()", "NotEmulated", "'evaluate'"),
        ("Runs_CL | extend x = geo_distance_2points(1,2,3,4)", "NotEmulated", "geo_distance_2points"),
    ],
)
async def test_a_query_that_cannot_be_run_is_refused_as_the_service_does(
    logs: Logs, query: str, code: str, named: str
) -> None:
    answer = await logs.ask(query)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "BadArgumentError")
    assert error["innererror"]["code"] == code
    assert named in error["innererror"]["innererror"]["message"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"timespan": "yesterday"}, "timespan"),
        ({"timespan": "2026-03-02/2026-03-01"}, "START before its END"),
        ({"workspaces": ["other"]}, "workspaces"),
        ({"maxRows": 1}, "maxRows"),
    ],
)
async def test_what_a_request_cannot_have_is_named(logs: Logs, body: dict[str, Any], named: str) -> None:
    answer = await logs.ask("Runs_CL", **body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["innererror"]["message"]


async def test_a_workspace_is_known_by_its_resource_id_and_others_are_not(filled: Logs) -> None:
    token = filled.cloud.issuer.issue(WRITER, LOG_ANALYTICS_AUDIENCES[0])
    await filled.assign(READER, WORKSPACE)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(filled.cloud.monitor.app),
        base_url=CONFIGURATION.url("monitor"),
        headers={"Authorization": f"Bearer {token}"},
    ) as http:
        answer = await http.get(f"/v1{WORKSPACE}/query", params={"query": "Runs_CL | count"})
        assert answer.json()["tables"][0]["rows"] == [[3]]
        gone = await http.get(f"/v1{WORKSPACE}x/query", params={"query": "Runs_CL | count"})
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "WorkspaceNotFoundError")
        wrong = filled.cloud.issuer.issue(WRITER, MONITOR_AUDIENCES[0])
        refused = await http.get(f"/v1{WORKSPACE}/query", headers={"Authorization": f"Bearer {wrong}"})
        assert refused.status_code == 401
