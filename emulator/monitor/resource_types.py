"""What Azure Resource Manager takes for alert rules, action groups, diagnostic settings and workspaces.

Sources: the published schemas of Microsoft.Insights (2018-03-01, 2024-10-01-preview, 2021-05-01-preview) and of
Microsoft.OperationalInsights 2023-09-01.
"""

from __future__ import annotations

import re
from typing import Any, Final

from emulator.arm.provider import NameRule, ResourceType
from emulator.monitor.catalogue import AGGREGATIONS

METRIC_ALERTS: Final = "Microsoft.Insights/metricAlerts"
ACTION_GROUPS: Final = "Microsoft.Insights/actionGroups"
DIAGNOSTIC_SETTINGS: Final = "Microsoft.Insights/diagnosticSettings"
WORKSPACES: Final = "Microsoft.OperationalInsights/workspaces"

SINGLE_RESOURCE: Final = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
OPERATORS: Final = ("Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual")
_FREQUENCIES: Final = ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H")
_WINDOWS: Final = (*_FREQUENCIES, "PT6H", "PT12H", "P1D")

_STRING: Final = {"type": "string"}
_BOOLEAN: Final = {"type": "boolean"}
_READ_ONLY: Final = {"readOnly": True}
_NAME: Final = NameRule(re.compile(r"[^*#&+:<>?@%{}\\/|^]{1,260}"), "1 to 260 characters without *#&+:<>?@%{}\\/|^")


def _object(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required or [], "properties": properties, "additionalProperties": False}


def _list(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


_DIMENSION: Final = _object(
    ["name", "operator", "values"],
    name=_STRING,
    operator={"enum": ["Include", "Exclude"]},
    values=_list(_STRING, minItems=1),
)
_CRITERION: Final = _object(
    ["name", "metricName", "operator", "threshold", "timeAggregation", "criterionType"],
    name=_STRING,
    metricName=_STRING,
    metricNamespace=_STRING,
    operator={"enum": list(OPERATORS)},
    threshold={"type": "number"},
    timeAggregation={"enum": list(AGGREGATIONS)},
    criterionType={"enum": ["StaticThresholdCriterion"]},
    dimensions=_list(_DIMENSION),
    skipMetricValidation=_BOOLEAN,
)
_METRIC_ALERT: Final = _object(
    ["location", "properties"],
    location=_STRING,
    tags={"type": "object"},
    properties=_object(
        ["criteria", "enabled", "evaluationFrequency", "scopes", "severity", "windowSize"],
        description=_STRING,
        severity={"type": "integer", "minimum": 0, "maximum": 4},
        enabled=_BOOLEAN,
        scopes=_list(_STRING, minItems=1, maxItems=1),
        evaluationFrequency={"enum": list(_FREQUENCIES)},
        windowSize={"enum": list(_WINDOWS)},
        targetResourceType=_STRING,
        targetResourceRegion=_STRING,
        criteria={
            "type": "object",
            "required": ["odata.type", "allOf"],
            "properties": {
                "odata.type": {"enum": [SINGLE_RESOURCE]},
                "allOf": _list(_CRITERION, minItems=1, maxItems=5),
            },
            "additionalProperties": False,
        },
        autoMitigate=_BOOLEAN,
        actions=_list(_object(["actionGroupId"], actionGroupId=_STRING, webHookProperties={"type": "object"})),
        lastUpdatedTime=_READ_ONLY,
        isMigrated=_READ_ONLY,
    ),
)

_ACTION_GROUP: Final = _object(
    ["location", "properties"],
    location=_STRING,
    tags={"type": "object"},
    properties=_object(
        ["groupShortName", "enabled"],
        groupShortName={"type": "string", "minLength": 1, "maxLength": 12},
        enabled=_BOOLEAN,
        emailReceivers=_list(
            _object(
                ["name", "emailAddress"],
                name=_STRING,
                emailAddress={"type": "string", "pattern": r"^[^@\s]+@[^@\s]+$"},
                useCommonAlertSchema=_BOOLEAN,
                status=_READ_ONLY,
            )
        ),
        webhookReceivers=_list(
            _object(
                ["name", "serviceUri"],
                name=_STRING,
                serviceUri={"type": "string", "pattern": "^https?://"},
                useCommonAlertSchema=_BOOLEAN,
            )
        ),
    ),
)

_DIAGNOSTIC_SETTING: Final = _object(
    ["properties"],
    properties=_object(
        workspaceId=_STRING,
        storageAccountId=_STRING,
        logAnalyticsDestinationType={"enum": ["Dedicated", "AzureDiagnostics", None]},
        logs=_list(_object(["enabled"], category=_STRING, categoryGroup=_STRING, enabled=_BOOLEAN)),
        metrics=_list(
            _object(["enabled"], category={"enum": ["AllMetrics", "Transaction"]}, enabled=_BOOLEAN, timeGrain=_STRING)
        ),
    ),
)

_WORKSPACE: Final = _object(
    ["location"],
    location=_STRING,
    tags={"type": "object"},
    identity={"type": "object"},
    properties=_object(
        sku=_object(
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
            lastSkuUpdate=_READ_ONLY,
        ),
        retentionInDays={"type": "integer", "minimum": 30, "maximum": 730},
        workspaceCapping=_object(
            dailyQuotaGb={"type": "number"}, quotaNextResetTime=_READ_ONLY, dataIngestionStatus=_READ_ONLY
        ),
        features={"type": "object"},
        forceCmkForQuery=_BOOLEAN,
        publicNetworkAccessForIngestion={"enum": ["Enabled", "Disabled"]},
        publicNetworkAccessForQuery={"enum": ["Enabled", "Disabled"]},
        **dict.fromkeys(("customerId", "provisioningState", "createdDate", "modifiedDate"), _READ_ONLY),
    ),
)

TYPES: Final = (
    ResourceType(METRIC_ALERTS, ("2018-03-01",), _NAME, _METRIC_ALERT, "global"),
    ResourceType(ACTION_GROUPS, ("2024-10-01-preview", "2023-01-01"), _NAME, _ACTION_GROUP, "global"),
    ResourceType(DIAGNOSTIC_SETTINGS, ("2021-05-01-preview",), _NAME, _DIAGNOSTIC_SETTING, "none"),
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
)
