"""The tables of the runs' records and the way in for them, deployed beside a workflow."""

from __future__ import annotations

from typing import Any

import httpx

from emulator.identity import LOG_ANALYTICS_AUDIENCES, MONITOR_AUDIENCES, TokenIssuer
from emulator.resource_manager import deploying_person
from tests.workflows.world import World
from workflows import monitoring

_WORKSPACES = "2023-09-01"
_COLLECTION = "2022-06-01"


class RecordTables:
    """A workspace with the tables of workflows/monitoring."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        workspace = f"{world.group}/providers/Microsoft.OperationalInsights/workspaces/log-{name}"
        made = world.put(workspace, _WORKSPACES, {"location": "eastus"})
        self._customer = made["properties"]["customerId"]
        for table, declared in monitoring.tables().items():
            schema = {"name": table, "columns": declared["columns"]}
            world.put(f"{workspace}/tables/{table}", _WORKSPACES, {"properties": {"schema": schema}})
        insights = f"{world.group}/providers/Microsoft.Insights"
        endpoint = world.put(f"{insights}/dataCollectionEndpoints/dce-{name}", _COLLECTION, {"location": "eastus"})
        self.rule = f"{insights}/dataCollectionRules/dcr-{name}"
        rule = world.put(self.rule, _COLLECTION, {"location": "eastus", "properties": _rule(endpoint["id"], workspace)})
        self.parameters = {
            "recordsEndpoint": endpoint["properties"]["logsIngestion"]["endpoint"],
            "recordsRule": rule["properties"]["immutableId"],
            "monitorAudience": MONITOR_AUDIENCES[0],
        }
        """What the workflow is told."""

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query, asked as the person who deploys."""
        configuration, secrets = self._world.home.load()
        issuer = TokenIssuer(secrets.token_signing_key, configuration.tenant_id, self._world.clock)
        token = issuer.issue(deploying_person(configuration), LOG_ANALYTICS_AUDIENCES[0])
        answer = httpx.post(
            f"{configuration.url('monitor')}/v1/workspaces/{self._customer}/query",
            json={"query": query},
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        (table,) = answer.json()["tables"]
        names = [column["name"] for column in table["columns"]]
        return [dict(zip(names, row, strict=True)) for row in table["rows"]]


def _rule(endpoint: str, workspace: str) -> dict[str, Any]:
    streams = {
        f"Custom-{table}": [{"name": each["name"], "type": each["type"].lower()} for each in declared["columns"]]
        for table, declared in monitoring.tables().items()
    }
    return {
        "dataCollectionEndpointId": endpoint,
        "streamDeclarations": {name: {"columns": columns} for name, columns in streams.items()},
        "destinations": {"logAnalytics": [{"workspaceResourceId": workspace, "name": "logs"}]},
        "dataFlows": [{"streams": [name], "destinations": ["logs"], "outputStream": name} for name in streams],
    }
