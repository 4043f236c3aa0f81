"""The Power BI project reads the tables as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.emulator.monitor.kql.kusto import bind
from tests.workflows.monitoring.records import binder_tables
from workflows import monitoring

PROJECT = Path(monitoring.__file__).parent / "powerbi"
DEFINITION = PROJECT / "Retraining.SemanticModel/definition"
TYPES = {
    "string": "string",
    "dynamic": "string",
    "long": "int64",
    "real": "double",
    "boolean": "boolean",
    "dateTime": "dateTime",
}


def text_of(table: str) -> str:
    return (DEFINITION / f"tables/{table.removesuffix('_CL')}.tmdl").read_text(encoding="utf-8")


def query_of(table: str) -> str:
    (query,) = re.findall(r'AskLogs\("([^"]+)"\)', text_of(table))
    return query


def test_the_model_has_every_table_and_no_other() -> None:
    expected = sorted(table.removesuffix("_CL") for table in monitoring.tables())
    assert sorted(path.stem for path in (DEFINITION / "tables").glob("*.tmdl")) == expected
    assert sorted(re.findall(r"^ref table (\w+)$", (DEFINITION / "model.tmdl").read_text(), re.MULTILINE)) == expected


@pytest.mark.parametrize("table", list(monitoring.tables()))
def test_a_table_has_the_columns_and_types_of_the_workspace(table: str) -> None:
    found = re.findall(
        r"^\tcolumn (\w+)\n\t\tdataType: (\w+)\n\t\tsummarizeBy: \w+\n\t\tsourceColumn: (\w+)$", text_of(table), re.M
    )
    declared = monitoring.tables()[table]["columns"]
    assert found == [(each["name"], TYPES[each["type"]], each["name"]) for each in declared]


def test_microsofts_binder_takes_the_queries_and_finds_the_columns_in_their_order() -> None:
    names = list(monitoring.tables())
    for table, bound in zip(names, bind(binder_tables(), [query_of(table) for table in names]), strict=True):
        assert (table, bound.errors) == (table, [])
        declared = [each["name"] for each in monitoring.tables()[table]["columns"]]
        assert [column.partition(":")[0] for column in bound.columns] == declared


def test_measures_name_columns_that_are_there() -> None:
    for table in monitoring.tables():
        for other, column in re.findall(r"(Retraining\w+)\[(\w+)\]", text_of(table)):
            assert column in {each["name"] for each in monitoring.tables()[f"{other}_CL"]["columns"]}


def test_the_project_names_its_parts() -> None:
    project = json.loads((PROJECT / "Retraining.pbip").read_text())
    report = PROJECT / project["artifacts"][0]["report"]["path"]
    model = report / json.loads((report / "definition.pbir").read_text())["datasetReference"]["byPath"]["path"]
    assert (model / "definition.pbism").is_file()
    json.loads((report / "report.json").read_text())
