"""Columns of tables and of streams, by the type names of Azure Resource Manager.

Sources: the published schemas of Microsoft.OperationalInsights/workspaces/tables 2023-09-01 and of
Microsoft.Insights/dataCollectionRules 2022-06-01; "Standard columns in Azure Monitor Logs" (learn.microsoft.com).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from emulator.monitor.kql import Column, Type

TIME: Final = "TimeGenerated"
"""The column that every table has, by which rows are kept and asked for."""

TABLE_TYPES: Final[Mapping[str, Type]] = {
    "string": "string",
    "int": "int",
    "long": "long",
    "real": "real",
    "boolean": "bool",
    "dateTime": "datetime",
    "guid": "string",
    "dynamic": "dynamic",
}
"""Types of a table's columns; a guid is kept as a string."""
STREAM_TYPES: Final[Mapping[str, Type]] = {
    "string": "string",
    "int": "int",
    "long": "long",
    "real": "real",
    "boolean": "bool",
    "datetime": "datetime",
    "dynamic": "dynamic",
}
"""Types of a stream's columns."""

STANDARD: Final = (Column("TenantId", "string"), Column("Type", "string"), Column("_ResourceId", "string"))
"""What every table has beside its own columns: the workspace's id, the table's name, and whom a row is about."""
RESERVED: Final = frozenset({"_ResourceId", "id", "_SubscriptionId", "TenantId", "Type", "UniqueId", "Title"})
"""Names that a column of a custom table cannot have."""
COLUMN_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,44}")
