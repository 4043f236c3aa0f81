"""What Azure Resource Manager takes for alert rules, action groups, diagnostic settings and workbooks.

Sources: the published schemas of Microsoft.Insights (2018-03-01, 2024-10-01-preview, 2021-05-01-preview,
2025-01-01-preview) and of its workbooks (2023-06-01).
"""

from __future__ import annotations

import re
from typing import Final

from emulator.arm.provider import NameRule, ResourceType
from emulator.monitor.body_schemas import BOOLEAN, NAME, READ_ONLY, STRING, list_of, object_of
from emulator.monitor.catalogue import AGGREGATIONS

METRIC_ALERTS: Final = "Microsoft.Insights/metricAlerts"
ACTION_GROUPS: Final = "Microsoft.Insights/actionGroups"
DIAGNOSTIC_SETTINGS: Final = "Microsoft.Insights/diagnosticSettings"
SCHEDULED_QUERY_RULES: Final = "Microsoft.Insights/scheduledQueryRules"
WORKBOOKS: Final = "Microsoft.Insights/workbooks"

SINGLE_RESOURCE: Final = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
OPERATORS: Final = ("Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual")
_FREQUENCIES: Final = ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H")
_WINDOWS: Final = (*_FREQUENCIES, "PT6H", "PT12H", "P1D")
QUERY_FREQUENCIES: Final = (
    "PT1M", "PT5M", "PT10M", "PT15M", "PT30M", "PT45M", "PT1H", "PT2H", "PT3H", "PT4H", "PT5H", "PT6H", "P1D",
)  # fmt: skip
QUERY_WINDOWS: Final = (*QUERY_FREQUENCIES, "P2D")
"""Of scheduled query rules; no rule reads more than two days."""

_DIMENSION: Final = object_of(
    ["name", "operator", "values"],
    name=STRING,
    operator={"enum": ["Include", "Exclude"]},
    values=list_of(STRING, minItems=1),
)
_CRITERION: Final = object_of(
    ["name", "metricName", "operator", "threshold", "timeAggregation", "criterionType"],
    name=STRING,
    metricName=STRING,
    metricNamespace=STRING,
    operator={"enum": list(OPERATORS)},
    threshold={"type": "number"},
    timeAggregation={"enum": list(AGGREGATIONS)},
    criterionType={"enum": ["StaticThresholdCriterion"]},
    dimensions=list_of(_DIMENSION),
    skipMetricValidation=BOOLEAN,
)
_METRIC_ALERT: Final = object_of(
    ["location", "properties"],
    location=STRING,
    tags={"type": "object"},
    properties=object_of(
        ["criteria", "enabled", "evaluationFrequency", "scopes", "severity", "windowSize"],
        description=STRING,
        severity={"type": "integer", "minimum": 0, "maximum": 4},
        enabled=BOOLEAN,
        scopes=list_of(STRING, minItems=1, maxItems=1),
        evaluationFrequency={"enum": list(_FREQUENCIES)},
        windowSize={"enum": list(_WINDOWS)},
        targetResourceType=STRING,
        targetResourceRegion=STRING,
        criteria={
            "type": "object",
            "required": ["odata.type", "allOf"],
            "properties": {
                "odata.type": {"enum": [SINGLE_RESOURCE]},
                "allOf": list_of(_CRITERION, minItems=1, maxItems=5),
            },
            "additionalProperties": False,
        },
        autoMitigate=BOOLEAN,
        actions=list_of(object_of(["actionGroupId"], actionGroupId=STRING, webHookProperties={"type": "object"})),
        lastUpdatedTime=READ_ONLY,
        isMigrated=READ_ONLY,
    ),
)

_ACTION_GROUP: Final = object_of(
    ["location", "properties"],
    location=STRING,
    tags={"type": "object"},
    properties=object_of(
        ["groupShortName", "enabled"],
        groupShortName={"type": "string", "minLength": 1, "maxLength": 12},
        enabled=BOOLEAN,
        emailReceivers=list_of(
            object_of(
                ["name", "emailAddress"],
                name=STRING,
                emailAddress={"type": "string", "pattern": r"^[^@\s]+@[^@\s]+$"},
                useCommonAlertSchema=BOOLEAN,
                status=READ_ONLY,
            )
        ),
        webhookReceivers=list_of(
            object_of(
                ["name", "serviceUri"],
                name=STRING,
                serviceUri={"type": "string", "pattern": "^https?://"},
                useCommonAlertSchema=BOOLEAN,
                # azure-native sends it with every receiver; webhooks that want a token of Entra are not called here.
                useAadAuth={"enum": [False]},
            )
        ),
    ),
)

_DIAGNOSTIC_SETTING: Final = object_of(
    ["properties"],
    properties=object_of(
        workspaceId=STRING,
        storageAccountId=STRING,
        logAnalyticsDestinationType={"enum": ["Dedicated", "AzureDiagnostics", None]},
        logs=list_of(object_of(["enabled"], category=STRING, categoryGroup=STRING, enabled=BOOLEAN)),
        metrics=list_of(
            object_of(["enabled"], category={"enum": ["AllMetrics", "Transaction"]}, enabled=BOOLEAN, timeGrain=STRING)
        ),
    ),
)

_QUERY_CRITERION: Final = object_of(
    ["query", "timeAggregation", "operator", "threshold"],
    criterionType={"enum": ["StaticThresholdCriterion"]},
    query={"type": "string", "minLength": 1},
    timeAggregation={"enum": list(AGGREGATIONS)},
    metricMeasureColumn=STRING,
    dimensions=list_of(_DIMENSION),
    operator={"enum": list(OPERATORS)},
    threshold={"type": "number"},
    failingPeriods=object_of(
        numberOfEvaluationPeriods={"type": "integer", "minimum": 1, "maximum": 6},
        minFailingPeriodsToAlert={"type": "integer", "minimum": 1, "maximum": 6},
    ),
)
_SCHEDULED_QUERY_RULE: Final = object_of(
    ["location", "properties"],
    location=STRING,
    tags={"type": "object"},
    kind={"enum": ["LogAlert"]},
    properties=object_of(
        ["criteria", "evaluationFrequency", "scopes", "severity", "windowSize"],
        displayName=STRING,
        description=STRING,
        severity={"type": "integer", "minimum": 0, "maximum": 4},
        enabled=BOOLEAN,
        scopes=list_of(STRING, minItems=1, maxItems=1),
        evaluationFrequency={"enum": list(QUERY_FREQUENCIES)},
        windowSize={"enum": list(QUERY_WINDOWS)},
        overrideQueryTimeRange={"enum": list(QUERY_WINDOWS)},
        targetResourceTypes=list_of(STRING),
        criteria=object_of(["allOf"], allOf=list_of(_QUERY_CRITERION, minItems=1, maxItems=1)),
        muteActionsDuration=STRING,
        actions=object_of(
            actionGroups=list_of(STRING), customProperties={"type": "object"}, actionProperties={"type": "object"}
        ),
        autoMitigate=BOOLEAN,
        skipQueryValidation=BOOLEAN,
        **dict.fromkeys(
            ("createdWithApiVersion", "isLegacyLogAnalyticsRule", "isWorkspaceAlertsStorageConfigured"), READ_ONLY
        ),
    ),
)

_WORKBOOK: Final = object_of(
    ["location", "kind", "properties"],
    location=STRING,
    tags={"type": "object"},
    kind={"enum": ["shared"]},
    properties=object_of(
        ["displayName", "category", "serializedData"],
        displayName={"type": "string", "minLength": 1},
        category=STRING,
        description=STRING,
        serializedData=STRING,
        sourceId=STRING,
        version=STRING,
        tags=list_of(STRING),
        **dict.fromkeys(("timeModified", "userId", "revision"), READ_ONLY),
    ),
)

TYPES: Final = (
    ResourceType(METRIC_ALERTS, ("2018-03-01",), NAME, _METRIC_ALERT, "global"),
    ResourceType(ACTION_GROUPS, ("2024-10-01-preview", "2023-01-01"), NAME, _ACTION_GROUP, "global"),
    ResourceType(DIAGNOSTIC_SETTINGS, ("2021-05-01-preview",), NAME, _DIAGNOSTIC_SETTING, "none"),
    ResourceType(
        SCHEDULED_QUERY_RULES,
        ("2025-01-01-preview", "2023-12-01", "2022-06-15"),
        NAME,
        _SCHEDULED_QUERY_RULE,
        "required",
    ),
    ResourceType(
        WORKBOOKS,
        ("2023-06-01",),
        NameRule(re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), "a GUID"),
        _WORKBOOK,
        "required",
    ),
)
