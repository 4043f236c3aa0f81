"""A training API on loopback that keeps projects in memory and can be told to fail, for tests of the client."""

import json
import re
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.unit.loopback import LoopbackService

KEY = "0123456789abcdef0123456789abcdef"
BASE = "/customvision/v3.3/training/"


@dataclass(frozen=True)
class Fault:
    """An answer instead of the real one; `lost` faults close the connection, `after` faults do the work first."""

    status: int = 500
    body: Any = field(default_factory=lambda: {"code": "ErrorUnknown", "message": "a fault of the service"})
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    lost: bool = False
    after: bool = False


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


class TrainingService(LoopbackService):
    def __init__(self) -> None:
        self.projects: dict[str, dict[str, Any]] = {}
        self.iterations: dict[str, list[dict[str, Any]]] = {}
        self.requests: list[Request] = []
        self.faults: deque[Fault] = deque()
        super().__init__()

    @property
    def calls(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests]

    def add_project(self, name: str, description: str = "", **settings: Any) -> str:
        project_id = str(uuid.uuid4())
        self.projects[project_id] = _project(project_id, name, description, settings)
        self.iterations[project_id] = []
        return project_id

    def publish(self, project: str, name: str | None) -> str:
        iteration_id = str(uuid.uuid4())
        self.iterations[project].append({"id": iteration_id, "publishName": name})
        return iteration_id

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        raw = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        request = Request(
            handler.command,
            unquote(parts.path).removeprefix(BASE),
            {key: values[0] for key, values in parse_qs(parts.query).items()},
            json.loads(raw) if raw else None,
            dict(handler.headers),
        )
        self.requests.append(request)
        fault = self.faults.popleft() if self.faults else None
        if fault is None or fault.after:
            status, body = self._answer(request)
        else:
            status, body = 0, None
        if fault is not None:
            if fault.lost:
                handler.close_connection = True
                return
            status, body = fault.status, fault.body
        content = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in (fault.headers if fault else {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _answer(self, request: Request) -> tuple[int, Any]:
        if request.headers.get("Training-Key") != KEY:
            message = "Access denied due to invalid subscription key or wrong API endpoint."
            return 401, {"error": {"code": "401", "message": message}}
        if request.path == "projects":
            if request.method == "GET":
                return 200, list(self.projects.values())
            query = dict(request.query)
            settings: dict[str, Any] = {key: query[key] for key in ("domainId", "classificationType") if key in query}
            settings["targetExportPlatforms"] = [
                each for each in query.get("targetExportPlatforms", "").split(",") if each
            ]
            return 200, self.projects[self.add_project(query["name"], query.get("description", ""), **settings)]
        found = re.fullmatch(r"projects/([^/]+)(?:/iterations(?:/([^/]+)/publish)?)?", request.path)
        assert found, request.path
        project, iteration = found.groups()
        if project not in self.projects:
            return 404, {"code": "NotFoundProject", "message": "the project is not there"}
        if request.path.endswith("/iterations"):
            return 200, self.iterations[project]
        if iteration:
            each = next(each for each in self.iterations[project] if each["id"] == iteration)
            if each["publishName"] is None:
                return 400, {"code": "BadRequestIterationNotPublished", "message": "not published"}
            each["publishName"] = None
            return 204, None
        if request.method == "PATCH":
            return 200, self._patch(self.projects[project], request.body)
        if request.method == "DELETE":
            if any(each["publishName"] for each in self.iterations[project]):
                return 400, {"code": "BadRequestIterationIsPublished", "message": "unpublish first"}
            del self.projects[project]
            return 204, None
        return 200, self.projects[project]

    def _patch(self, project: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """Read-only settings stay whatever is sent; of the others those that are not sent are lost."""
        kept = {"useNegativeSet": project["settings"]["useNegativeSet"]}
        sent = {member: value for member, value in body["settings"].items() if member not in kept}
        project |= {"name": body["name"], "description": body["description"], "settings": {**sent, **kept}}
        return project


def _project(project_id: str, name: str, description: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": project_id,
        "name": name,
        "description": description,
        "settings": {
            "domainId": "ee85a74c-405e-4adc-bb47-ffa8ca0c9f31",
            "classificationType": "Multilabel",
            "targetExportPlatforms": [],
            "useNegativeSet": True,
            "imageProcessingSettings": {"augmentationMethods": {"rotation": False}},
            **settings,
        },
        "status": "Succeeded",
    }
