"""What action groups do: webhooks are called, mails are put into a folder instead of being sent.

Both carry the common alert schema, also where a receiver did not ask for it (`useCommonAlertSchema`). A mail is a file
``ALERT-fired-N.json`` or ``ALERT-resolved-N.json`` in the folder ``outbox``, with the members `to` and `content`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from emulator.home import write_private
from emulator.monitor.alerts import Alert, Signal

MONITORING_SERVICES: Final[Mapping[Signal, str]] = {"Metric": "Platform", "Log": "Log Alerts V2"}
"""Which service raised an alert ("Common alert schema", learn.microsoft.com)."""
_CONDITION_TYPES: Final[Mapping[Signal, str]] = {
    "Metric": "SingleResourceMultipleMetricCriteria",
    "Log": "LogQueryCriteria",
}
_LOG = logging.getLogger(__name__)


class Notifier:
    """Tells the receivers of action groups about alerts."""

    def __init__(self, outbox: Path, client: httpx.AsyncClient) -> None:
        self._outbox = outbox
        self._client = client

    async def tell(self, group: Mapping[str, Any], alert: Alert) -> None:
        """Tell every receiver of an action group that is enabled; one that cannot be told is logged."""
        properties = group["properties"]
        if not properties["enabled"]:
            return
        message = common_schema(alert)
        self._outbox.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = "resolved" if alert.resolved else "fired"
        for number, receiver in enumerate(properties.get("emailReceivers") or []):
            mail = {"to": receiver["emailAddress"], "content": message}
            write_private(self._outbox / f"{alert.id}-{state}-{number}.json", json.dumps(mail, indent=2))
        for receiver in properties.get("webhookReceivers") or []:
            try:
                (await self._client.post(receiver["serviceUri"], json=message)).raise_for_status()
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                # Not the address: it may carry a secret.
                _LOG.warning("webhook receiver %s was not told: %s", receiver["name"], type(error).__name__)


def common_schema(alert: Alert) -> dict[str, Any]:
    """Return an alert in Azure Monitor's common alert schema ("Common alert schema", learn.microsoft.com)."""
    subscription = "/".join(alert.rule.split("/")[:3])
    essentials = {
        "alertId": f"{subscription}/providers/Microsoft.AlertsManagement/alerts/{alert.id}",
        "alertRule": alert.name,
        "severity": f"Sev{alert.severity}",
        "signalType": alert.signal,
        "monitorCondition": "Resolved" if alert.resolved else "Fired",
        "monitoringService": MONITORING_SERVICES[alert.signal],
        "alertTargetIDs": [alert.target.lower()],
        "configurationItems": [alert.target.rsplit("/", 1)[-1]],
        "originAlertId": alert.id,
        "firedDateTime": alert.fired,
        "description": alert.description,
        "essentialsVersion": "1.0",
        "alertContextVersion": "1.0",
    }
    if alert.resolved:
        essentials["resolvedDateTime"] = alert.resolved
    context = {
        "properties": None,
        "conditionType": _CONDITION_TYPES[alert.signal],
        "condition": alert.condition,
    }
    return {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": essentials, "alertContext": context}}
