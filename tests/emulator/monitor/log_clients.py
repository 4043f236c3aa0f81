"""A workspace with a table, what collects rows for it, and clients of its data planes."""

from __future__ import annotations

import gzip
import json
import uuid
from typing import Any

import httpx

from emulator.identity import LOG_ANALYTICS_AUDIENCES, MONITOR_AUDIENCES, Principal
from tests.emulator.monitor.clouds import CONFIGURATION, GROUP, SUBSCRIPTION, WORKSPACE, Cloud

TABLE = f"{WORKSPACE}/tables/Runs_CL"
ENDPOINT = f"{GROUP}/providers/Microsoft.Insights/dataCollectionEndpoints/dce"
COLLECTION = f"{GROUP}/providers/Microsoft.Insights/dataCollectionRules/dcr"
STREAM = "Custom-Runs_CL"
PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
READER = "73c42c96-874c-492b-b04d-ab87d138a893"
DATA_READER = "3b03c2da-16b3-4a49-8834-0f8130efdd3b"
WRITER = Principal("44444444-4444-4444-8444-444444444444", "ServicePrincipal", "workflow")
COLUMNS = {
    "TimeGenerated": "dateTime",
    "Run": "string",
    "Images": "long",
    "Share": "real",
    "Done": "boolean",
    "More": "dynamic",
}


def table(columns: dict[str, str] | None = None, **properties: Any) -> dict[str, Any]:
    """A table's body."""
    listed = [{"name": name, "type": type} for name, type in (columns or COLUMNS).items()]
    return {"properties": {"schema": {"name": "Runs_CL", "columns": listed}, **properties}}


def collection(flow: dict[str, Any] | None = None, columns: dict[str, str] | None = None) -> dict[str, Any]:
    """A data collection rule's body: one stream into the table."""
    streams = {name: type.lower() for name, type in (columns or COLUMNS).items()}
    return {
        "location": "westeurope",
        "properties": {
            "dataCollectionEndpointId": ENDPOINT,
            "streamDeclarations": {
                STREAM: {"columns": [{"name": name, "type": type} for name, type in streams.items()]}
            },
            "destinations": {"logAnalytics": [{"workspaceResourceId": WORKSPACE, "name": "logs"}]},
            "dataFlows": [{"streams": [STREAM], "destinations": ["logs"], **(flow or {})}],
        },
    }


class Logs:
    """Clients of the Logs Ingestion API and of the query API."""

    def __init__(self, cloud: Cloud, http: httpx.AsyncClient) -> None:
        self.cloud = cloud
        self._http = http
        self.address = ""
        self.rule = ""
        self.customer = ""

    async def deploy(self) -> None:
        """Make the workspace, its table and what collects for it; the writer may write."""
        made = await self.cloud.put(WORKSPACE, {"location": "westeurope"})
        self.customer = made["properties"]["customerId"]
        await self.cloud.put(TABLE, table())
        endpoint = await self.cloud.put(ENDPOINT, {"location": "westeurope", "properties": {}})
        self.address = endpoint["properties"]["logsIngestion"]["endpoint"]
        self.rule = (await self.cloud.put(COLLECTION, collection()))["properties"]["immutableId"]
        self.cloud.authorization.directory.add(WRITER)
        await self.assign(PUBLISHER, COLLECTION)

    async def assign(self, role: str, scope: str) -> str:
        """Give the writer a role; return the assignment's id."""
        id = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        properties = {
            "principalId": WRITER.object_id,
            "principalType": "ServicePrincipal",
            "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        }
        await self.cloud.put(id, {"properties": properties})
        return id

    async def upload(
        self,
        rows: Any,
        *,
        stream: str = STREAM,
        rule: str | None = None,
        audience: str = MONITOR_AUDIENCES[0],
        version: str = "2023-01-01",
        content: bytes | None = None,
        compress: bool = False,
    ) -> httpx.Response:
        """Send rows, or `content` as it is."""
        body = json.dumps(rows).encode() if content is None else content
        token = self.cloud.issuer.issue(WRITER, audience)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        if compress:
            headers["Content-Encoding"] = "gzip"
        return await self._http.post(
            f"{self.address}/dataCollectionRules/{rule or self.rule}/streams/{stream}",
            params={"api-version": version},
            content=gzip.compress(body) if compress and content is None else body,
            headers=headers,
        )

    async def ask(self, query: str, *, principal: Principal | None = None, **more: Any) -> httpx.Response:
        """Ask the query API by the workspace's customerId, as the person who deploys if nobody else is said."""
        who = principal or Principal(CONFIGURATION.person_id, "User", "me")
        token = self.cloud.issuer.issue(who, LOG_ANALYTICS_AUDIENCES[0])
        url = f"{CONFIGURATION.url('monitor')}/v1/workspaces/{self.customer}/query"
        return await self._http.post(url, json={"query": query, **more}, headers={"Authorization": f"Bearer {token}"})

    async def rows(self, query: str, **more: Any) -> list[list[Any]]:
        """Return the rows of a query."""
        answer = await self.ask(query, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()["tables"][0]["rows"]
