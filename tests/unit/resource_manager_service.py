"""Deleted accounts as Azure Resource Manager has them, on loopback, for tests of what asks for them."""

import json
from collections import deque
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.unit.loopback import LoopbackService

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
LISTING = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.CognitiveServices/deletedAccounts"


def deleted_account(name: str, location: str = "eastus", group: str = "rg-parts") -> dict[str, Any]:
    """Return a deleted account as ARM lists it."""
    return {
        "id": f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.CognitiveServices/locations/{location}"
        f"/resourceGroups/{group}/deletedAccounts/{name}",
        "name": name,
        "location": location,
        "properties": {"scheduledPurgeDate": "2026-01-03T00:00:00.000Z"},
    }


class ResourceManagerService(LoopbackService):
    """Lists one account a page; a purge is over after `looks` more looks at the account. `faults` are answered first.

    A fault is a status and the body's code.
    """

    def __init__(self, looks: int = 0) -> None:
        self.accounts: dict[str, dict[str, Any]] = {}
        self.faults: deque[tuple[int, str]] = deque()
        self.requests: list[tuple[str, str]] = []
        self.tokens: set[str] = set()
        self.looks = looks
        self._purged: dict[str, int] = {}
        super().__init__()

    def add(self, account: dict[str, Any]) -> None:
        self.accounts[account["id"]] = account

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        query = parse_qs(parts.query)
        self.requests.append((handler.command, parts.path))
        self.tokens.add(handler.headers["Authorization"])
        if self.faults:
            status, code = self.faults.popleft()
            _send(handler, status, {"error": {"code": code, "message": "as the test wants"}})
        elif query.get("api-version") != ["2025-06-01"]:
            _send(handler, 400, {"error": {"code": "InvalidApiVersionParameter", "message": parts.query}})
        elif parts.path == LISTING:
            _send(handler, 200, self._page(int(query.get("skip", ["0"])[0])))
        elif parts.path not in self.accounts:
            _send(handler, 404, {"error": {"code": "ResourceNotFound", "message": parts.path}})
        elif handler.command == "DELETE":
            self._purged[parts.path] = self.looks
            self._forget(parts.path)
            _send(handler, 202, {})
        else:
            account = self.accounts[parts.path]
            if parts.path in self._purged:
                self._purged[parts.path] -= 1
                self._forget(parts.path)
            _send(handler, 200, account)

    def _forget(self, path: str) -> None:
        if self._purged[path] <= 0:
            del self.accounts[path]

    def _page(self, skip: int) -> dict[str, Any]:
        there_are = list(self.accounts.values())
        page: dict[str, Any] = {"value": there_are[skip : skip + 1]}
        if skip + 1 < len(there_are):
            page["nextLink"] = f"{self.endpoint[:-1]}{LISTING}?api-version=2025-06-01&skip={skip + 1}"
        return page


def _send(handler: BaseHTTPRequestHandler, status: int, body: Any) -> None:
    content = json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
