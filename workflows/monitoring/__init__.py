"""What the runs of the workflow are watched by: tables, queries, alert rules and a workbook, all of them plain text.

``tables.json`` has the tables' columns; ``queries/*.kql`` and ``alerts/*.kql`` one query each; ``notices.kql`` what
runs changed; ``workbook.json`` says where in the workbook a query stands: ``{"$query": "name"}`` is the text of that
file.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TypedDict

_FOLDER = Path(__file__).parent
_NUMBER = re.compile(r"^let (?P<name>\w+) = (?P<value>[0-9.]+);$", re.MULTILINE)


class Column(TypedDict):
    """A column of a table; `type` is one of those of Microsoft.OperationalInsights/workspaces/tables."""

    name: str
    type: str
    description: str


class Table(TypedDict):
    """A custom table."""

    description: str
    columns: list[Column]


def tables() -> dict[str, Table]:
    """Return the custom tables by name."""
    return json.loads((_FOLDER / "tables.json").read_text(encoding="utf-8"))


def queries() -> dict[str, str]:
    """Return the queries of the workbook by name."""
    return _texts("queries")


def alerts() -> dict[str, str]:
    """Return the queries of alert rules by name; ``{name}`` in one stands for a setting of the stack."""
    return _texts("alerts")


def notices() -> str:
    """Return the query of the rule that tells of each run that changed something; ``{minutes}`` is its frequency."""
    return (_FOLDER / "notices.kql").read_text(encoding="utf-8")


def workbook(resource_id: str) -> dict[str, Any]:
    """Return the workbook over the workspace `resource_id`, each query in its place.

    Raises:
        KeyError: the workbook names a query that there is not.
    """
    content: Any = json.loads((_FOLDER / "workbook.json").read_text(encoding="utf-8"))
    texts = {name: parametrised(query) for name, query in queries().items()}
    return {**_resolved(content, texts), "fallbackResourceIds": [resource_id]}


def parametrised(query: str) -> str:
    """Return a query in which each number that a `let` names is the workbook's parameter of that name.

    So the file alone is a whole query, with the parameter's default.
    """
    return _NUMBER.sub(r"let \g<name> = {\g<name>};", query)


def _texts(folder: str) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((_FOLDER / folder).glob("*.kql"))}


def _resolved(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$query"}:
            return texts[value["$query"]]
        return {key: _resolved(member, texts) for key, member in value.items()}
    if isinstance(value, list):
        return [_resolved(member, texts) for member in value]
    return value
