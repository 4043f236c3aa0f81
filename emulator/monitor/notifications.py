"""What action groups do: webhooks are called, mails are put into a folder instead of being sent."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from emulator.monitor.alerts import Alert

_LOG = logging.getLogger(__name__)


class Notifier:
    """Tells the receivers of action groups about alerts."""

    def __init__(self, outbox: Path, client: httpx.AsyncClient) -> None:
        self._outbox = outbox
        self._client = client

    async def tell(self, group: Mapping[str, Any], alert: Alert) -> None:
        """Tell every receiver of an action group; one that cannot be told is logged."""
        properties = group["properties"]
        if not properties["enabled"]:
            return
        message = common_schema(alert)
        for receiver in properties.get("emailReceivers") or []:
            self._outbox.mkdir(mode=0o700, parents=True, exist_ok=True)
            name = f"{alert.id}-{'resolved' if alert.resolved else 'fired'}-{receiver['name']}.json"
            mail = {"to": receiver["emailAddress"], "content": message}
            (self._outbox / name).write_text(json.dumps(mail, indent=2), encoding="utf-8")
        for receiver in properties.get("webhookReceivers") or []:
            try:
                (await self._client.post(receiver["serviceUri"], json=message)).raise_for_status()
            except httpx.HTTPError as error:
                _LOG.warning("webhook receiver %s was not told: %s", receiver["name"], type(error).__name__)


def common_schema(alert: Alert) -> dict[str, Any]:
    """Return an alert in Azure Monitor's common alert schema (learn.microsoft.com, "Common alert schema")."""
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {
            "essentials": {
                "alertId": alert.id,
                "alertRule": alert.name,
                "severity": f"Sev{alert.severity}",
                "signalType": "Metric",
                "monitorCondition": "Resolved" if alert.resolved else "Fired",
                "monitoringService": "Platform",
                "alertTargetIDs": [alert.target],
                "firedDateTime": alert.fired,
                **({"resolvedDateTime": alert.resolved} if alert.resolved else {}),
                "description": alert.description,
            },
            "alertContext": {"values": asdict(alert)["values"]},
        },
    }
