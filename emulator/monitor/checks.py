"""What Azure refuses of alert rules, action groups, diagnostic settings and workbooks beyond what a schema can say.

Sources: "Metric alert rules", "Troubleshoot problems in Azure Monitor metric alerts", "Create or edit a log search
alert rule", "Diagnostic settings in Azure Monitor" and "Action groups" (learn.microsoft.com).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from emulator.arm.errors import ArmError
from emulator.arm.resource_id import ResourceId
from emulator.durations import duration
from emulator.monitor.catalogue import LOG_CATEGORIES, METRICS, Metric
from emulator.monitor.kql import Query
from emulator.monitor.kql.tokens import tokens
from emulator.monitor.logs.resource_types import WORKSPACES
from emulator.monitor.resource_types import ACTION_GROUPS

MOST_DIMENSIONS: Final = 6
"""Of a log alert rule ("Create or edit a log search alert rule", learn.microsoft.com)."""
NOT_EVERY_MINUTE: Final = ("search", "union", "take", "limit", "ingestion_time")
"""What a query may not have whose rule is evaluated every minute (the same page)."""


def check_metric_alert(body: Mapping[str, Any]) -> None:
    """Refuse rules over metrics, dimensions or action groups that cannot be.

    Raises:
        ArmError: 400; the message names the property and what is allowed.
    """
    properties = body["properties"]
    window, frequency = properties["windowSize"], properties["evaluationFrequency"]
    if duration(window) < duration(frequency):
        raise _refusal("properties.windowSize", f"{window} is shorter than evaluationFrequency, {frequency}")
    type = ResourceId.parse(properties["scopes"][0]).type
    known = METRICS.get(type.lower())
    if known is None:
        raise _refusal("properties.scopes", f"'{type}' has no metrics in the emulator; allowed: {', '.join(METRICS)}")
    criteria = properties["criteria"]["allOf"]
    names = [criterion["name"] for criterion in criteria]
    if len(set(names)) != len(names):
        raise _refusal("properties.criteria.allOf", f"names of criteria have to differ: {', '.join(names)}")
    for criterion in criteria:
        _check_criterion(criterion, type, known, alone=len(criteria) == 1)
    for action in properties.get("actions") or []:
        _check_id("properties.actions", action["actionGroupId"], ACTION_GROUPS)


def check_scheduled_query_rule(body: Mapping[str, Any]) -> None:
    """Refuse rules whose parts do not go together, and what the emulator does not evaluate.

    Raises:
        ArmError: 400; the message names the property and what is allowed.
    """
    properties = body["properties"]
    _check_id("properties.scopes", properties["scopes"][0], WORKSPACES)
    for group in (properties.get("actions") or {}).get("actionGroups") or []:
        _check_id("properties.actions.actionGroups", group, ACTION_GROUPS)
    window, frequency = properties["windowSize"], properties["evaluationFrequency"]
    if window == "PT1M" and frequency != "PT1M":
        raise _refusal("properties.windowSize", "PT1M goes with an evaluationFrequency of PT1M only")
    if duration(window) < duration(frequency):
        raise _refusal("properties.windowSize", f"{window} is shorter than evaluationFrequency, {frequency}")
    if properties.get("muteActionsDuration") and properties.get("autoMitigate", True):
        raise _refusal("properties.muteActionsDuration", "it goes with autoMitigate false only")
    criterion = properties["criteria"]["allOf"][0]
    measured = criterion.get("metricMeasureColumn") is not None
    if measured == (criterion["timeAggregation"] == "Count"):
        raise _refusal("properties.criteria.allOf", "metricMeasureColumn is needed unless timeAggregation is Count")
    if (criterion.get("failingPeriods") or {}).get("numberOfEvaluationPeriods", 1) != 1:
        raise _refusal("properties.criteria.allOf", "numberOfEvaluationPeriods other than 1 is not emulated")


def check_rule_query(body: Mapping[str, Any], query: Query) -> None:
    """Refuse a rule whose query does not answer the columns that the rule needs.

    Raises:
        ArmError: 400; the message names the column.
    """
    criterion = body["properties"]["criteria"]["allOf"][0]
    types = {column.name: column.type for column in query.columns}
    needed = [dimension["name"] for dimension in criterion.get("dimensions") or []]
    if len(needed) > MOST_DIMENSIONS:
        raise _refusal("properties.criteria.allOf", f"{len(needed)} dimensions; allowed: {MOST_DIMENSIONS} at most")
    if body["properties"]["evaluationFrequency"] == "PT1M":
        words = {each.text for each in tokens(criterion["query"])}
        for word in NOT_EVERY_MINUTE:
            if word in words:
                raise _refusal("properties.evaluationFrequency", f"a query with '{word}' is not evaluated every minute")
    measure = criterion.get("metricMeasureColumn")
    for name in [*needed, *([measure] if measure else [])]:
        if name not in types:
            raise _refusal("properties.criteria.allOf", f"the query has no column '{name}'; it has: {', '.join(types)}")
    for name in needed:
        if types[name] not in ("string", "int", "long", "real"):
            raise _refusal("properties.criteria.allOf", f"the dimension '{name}' is {types[name]}, no text or number")
    if measure and types[measure] not in ("int", "long", "real"):
        raise _refusal("properties.criteria.allOf", f"metricMeasureColumn '{measure}' is {types[measure]}, no number")


def check_workbook(body: Mapping[str, Any]) -> None:
    """Refuse a workbook whose content is no workbook.

    Raises:
        ArmError: 400; the message names the fault.
    """
    try:
        content = json.loads(body["properties"]["serializedData"])
    except ValueError as error:
        raise _refusal("properties.serializedData", f"not JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("items"), list):
        raise _refusal("properties.serializedData", "a workbook has the list 'items'")


def check_action_group(body: Mapping[str, Any]) -> None:
    """Refuse two receivers of one name.

    Raises:
        ArmError: 400; the message names the receiver.
    """
    seen: set[str] = set()
    for kind in ("emailReceivers", "webhookReceivers"):
        for receiver in body["properties"].get(kind) or []:
            if receiver["name"].lower() in seen:
                raise _refusal(f"properties.{kind}", f"the name '{receiver['name']}' is that of two receivers")
            seen.add(receiver["name"].lower())


def check_diagnostic_setting(id: ResourceId, body: Mapping[str, Any]) -> None:
    """Refuse settings without a sink, or with categories that the resource's type does not have.

    Raises:
        ArmError: 400; the message names the property and what is allowed.
    """
    properties = body["properties"]
    sinks = {
        "workspaceId": WORKSPACES,
        "storageAccountId": "Microsoft.Storage/storageAccounts",
    }
    named = {name: type for name, type in sinks.items() if properties.get(name)}
    if not named:
        raise _refusal("properties", f"a sink is needed; allowed: {', '.join(sinks)}")
    for name, type in named.items():
        _check_id(f"properties.{name}", properties[name], type)
    logs, metrics = properties.get("logs") or [], properties.get("metrics") or []
    if not logs and not metrics:
        raise _refusal("properties", "a category of logs or metrics is needed")
    type = ResourceId.parse(id.prefix).type
    known = LOG_CATEGORIES.get(type.lower())
    if known is None:
        raise ArmError(
            400,
            "ResourceTypeNotSupported",
            f"The resource type '{type}' doesn't support diagnostic settings in the emulator; allowed: "
            f"{', '.join(LOG_CATEGORIES)}.",
        )
    for log in logs:
        _check_log(log, type, known)


def _check_criterion(criterion: Mapping[str, Any], type: str, known: Mapping[str, Metric], *, alone: bool) -> None:
    name, metric = criterion["metricName"], known.get(criterion["metricName"])
    if metric is None and not criterion.get("skipMetricValidation"):
        raise _refusal("properties.criteria.allOf", f"{type} has no metric '{name}'; allowed: {', '.join(known)}")
    namespace = criterion.get("metricNamespace")
    if namespace is not None and namespace.lower() != type.lower() and not criterion.get("skipMetricValidation"):
        raise _refusal("properties.criteria.allOf", f"metricNamespace is '{namespace}'; allowed: {type}")
    for dimension in criterion.get("dimensions") or []:
        if metric is not None and dimension["name"] not in metric.dimensions:
            raise _refusal(
                "properties.criteria.allOf",
                f"the metric {name} has no dimension '{dimension['name']}'; allowed: "
                f"{', '.join(metric.dimensions) or 'none'}",
            )
        one = dimension["operator"] == "Include" and len(dimension["values"]) == 1 and dimension["values"] != ["*"]
        if not alone and not one:
            raise _refusal(
                "properties.criteria.allOf",
                f"the dimension '{dimension['name']}' of a rule with several criteria has to include one value",
            )


def _check_log(log: Mapping[str, Any], type: str, known: tuple[str, ...]) -> None:
    group, category = log.get("categoryGroup"), log.get("category")
    if (group is None) == (category is None):
        raise _refusal("properties.logs", "each has either a category or a categoryGroup")
    if group is not None and group not in ("allLogs", "audit"):
        raise _refusal("properties.logs", f"categoryGroup is '{group}'; allowed: allLogs, audit")
    if category is not None and category not in known:
        raise _refusal("properties.logs", f"Category '{category}' is not supported; {type} has: {', '.join(known)}")


def _check_id(target: str, id: str, type: str) -> None:
    found = ResourceId.parse(id).type
    if not re.fullmatch(re.escape(type), found, re.IGNORECASE):
        raise _refusal(target, f"'{id}' is a {found}; allowed: a {type}")


def _refusal(target: str, text: str) -> ArmError:
    return ArmError(400, "BadRequest", f"The request is invalid: {target}: {text}.", target)
