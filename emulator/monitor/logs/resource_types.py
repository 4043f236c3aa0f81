"""What Azure Resource Manager takes for workspaces, their tables, and what collects rows for them.

Sources: the published schemas of Microsoft.OperationalInsights 2023-09-01 and of Microsoft.Insights 2022-06-01.
"""

from __future__ import annotations

import re
from typing import Final

from emulator.arm.provider import NameRule, ResourceType
from emulator.monitor.body_schemas import BOOLEAN, NAME, READ_ONLY, STRING, list_of, object_of
from emulator.monitor.logs.columns import COLUMN_NAME, STREAM_TYPES, TABLE_TYPES

WORKSPACES: Final = "Microsoft.OperationalInsights/workspaces"
TABLES: Final = "Microsoft.OperationalInsights/workspaces/tables"
DATA_COLLECTION_ENDPOINTS: Final = "Microsoft.Insights/dataCollectionEndpoints"
DATA_COLLECTION_RULES: Final = "Microsoft.Insights/dataCollectionRules"

_WORKSPACE: Final = object_of(
    ["location"],
    location=STRING,
    tags={"type": "object"},
    identity={"type": "object"},
    properties=object_of(
        sku=object_of(
            ["name"],
            name={
                "enum": [
                    "PerGB2018",
                    "CapacityReservation",
                    "Free",
                    "LACluster",
                    "PerNode",
                    "Premium",
                    "Standalone",
                    "Standard",
                ]
            },
            capacityReservationLevel={"type": "integer"},
            lastSkuUpdate=READ_ONLY,
        ),
        retentionInDays={"type": "integer", "minimum": 30, "maximum": 730},
        workspaceCapping=object_of(
            dailyQuotaGb={"type": "number"}, quotaNextResetTime=READ_ONLY, dataIngestionStatus=READ_ONLY
        ),
        features={"type": "object"},
        forceCmkForQuery=BOOLEAN,
        publicNetworkAccessForIngestion={"enum": ["Enabled", "Disabled"]},
        publicNetworkAccessForQuery={"enum": ["Enabled", "Disabled"]},
        **dict.fromkeys(("customerId", "provisioningState", "createdDate", "modifiedDate"), READ_ONLY),
    ),
)

_TABLE: Final = object_of(
    ["properties"],
    properties=object_of(
        plan=STRING,
        retentionInDays={"anyOf": [{"enum": [-1]}, {"type": "integer", "minimum": 4, "maximum": 730}]},
        totalRetentionInDays={"anyOf": [{"enum": [-1]}, {"type": "integer", "minimum": 4, "maximum": 4383}]},
        schema=object_of(
            ["name"],
            name=STRING,
            displayName=STRING,
            description=STRING,
            columns=list_of(
                object_of(
                    ["name", "type"],
                    name=STRING,
                    type={"enum": list(TABLE_TYPES)},
                    description=STRING,
                    displayName=STRING,
                    **dict.fromkeys(("isDefaultDisplay", "isHidden"), READ_ONLY),
                )
            ),
            **dict.fromkeys(
                ("standardColumns", "categories", "labels", "source", "tableType", "tableSubType", "solutions"),
                READ_ONLY,
            ),
        ),
        **dict.fromkeys(
            (
                "archiveRetentionInDays",
                "lastPlanModifiedDate",
                "provisioningState",
                "retentionInDaysAsDefault",
                "totalRetentionInDaysAsDefault",
            ),
            READ_ONLY,
        ),
    ),
)

_DATA_COLLECTION_ENDPOINT: Final = object_of(
    ["location"],
    location=STRING,
    tags={"type": "object"},
    kind={"enum": ["Linux", "Windows"]},
    properties=object_of(
        description=STRING,
        networkAcls=object_of(publicNetworkAccess={"enum": ["Enabled"]}),
        **dict.fromkeys(("immutableId", "logsIngestion", "provisioningState"), READ_ONLY),
    ),
)

_STREAM_COLUMN: Final = object_of(
    ["name", "type"],
    name={"type": "string", "pattern": f"^{COLUMN_NAME.pattern}$"},
    type={"enum": list(STREAM_TYPES)},
)
_DATA_COLLECTION_RULE: Final = object_of(
    ["location", "properties"],
    location=STRING,
    tags={"type": "object"},
    properties=object_of(
        ["destinations", "dataFlows", "streamDeclarations"],
        description=STRING,
        dataCollectionEndpointId=STRING,
        streamDeclarations={
            "type": "object",
            "additionalProperties": object_of(["columns"], columns=list_of(_STREAM_COLUMN, minItems=1)),
        },
        destinations=object_of(
            ["logAnalytics"],
            logAnalytics=list_of(
                object_of(
                    ["workspaceResourceId", "name"], workspaceResourceId=STRING, name=STRING, workspaceId=READ_ONLY
                ),
                minItems=1,
            ),
        ),
        dataFlows=list_of(
            object_of(
                ["streams", "destinations"],
                streams=list_of(STRING, minItems=1, maxItems=1),
                destinations=list_of(STRING, minItems=1),
                transformKql=STRING,
                outputStream={"type": "string", "pattern": "^Custom-"},
            ),
            minItems=1,
        ),
        **dict.fromkeys(("immutableId", "provisioningState"), READ_ONLY),
    ),
)

LOG_TYPES: Final = (
    ResourceType(
        WORKSPACES,
        ("2023-09-01",),
        NameRule(
            re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]"),
            "4 to 63 letters, digits and hyphens, no hyphen at an end",
        ),
        _WORKSPACE,
        "required",
        identity=True,
    ),
    ResourceType(
        TABLES,
        ("2023-09-01",),
        NameRule(re.compile(r"[A-Za-z][A-Za-z0-9_-]{3,62}"), "4 to 63 letters, digits, _ and -, a letter first"),
        _TABLE,
        "none",
    ),
    ResourceType(DATA_COLLECTION_ENDPOINTS, ("2022-06-01",), NAME, _DATA_COLLECTION_ENDPOINT, "required"),
    ResourceType(DATA_COLLECTION_RULES, ("2022-06-01",), NAME, _DATA_COLLECTION_RULE, "required"),
)
