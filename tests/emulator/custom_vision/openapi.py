"""Checks answers against the OpenAPI of Custom Vision, where the specifications are at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import httpx
from jsonschema import Draft7Validator, FormatChecker

SPECS: Final = Path(os.environ.get("SHARED_SPECS", Path(__file__).parents[3] / "../shared/specs")) / "customvision"
GATEWAY_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string", "pattern": "^[1-5][0-9][0-9]$"}, "message": {"type": "string"}},
            "additionalProperties": False,
        }
    },
    "additionalProperties": False,
}


class OpenApi:
    """Every answer of the two APIs: operation, status and members as documented.

    Two liberties, which the recordings of the service take: members that are not required may be null, and the
    times of images have no zone.
    """

    def __init__(self, folder: Path) -> None:
        self.checked: set[str] = set()
        self._apis = [
            json.loads((folder / name).read_text()) for name in ("training-v3.3.json", "prediction-v3.1.json")
        ]
        self._definitions = [{name: _nullable(each) for name, each in api["definitions"].items()} for api in self._apis]
        self._validators: dict[tuple[str, str], Draft7Validator] = {}

    def operations(self) -> set[str]:
        methods = [each for api in self._apis for path in api["paths"].values() for each in path.values()]
        return {operation["operationId"] for operation in methods if isinstance(operation, dict)}

    def check(self, response: httpx.Response) -> None:
        path = response.request.url.raw_path.decode().split("?")[0].strip("/").split("/", 1)[1].strip("/")
        path = path.replace("v3.4-preview", "v3.3")
        for api, definitions in zip(self._apis, self._definitions, strict=True):
            for template, methods in api["paths"].items():
                operation = methods.get(response.request.method.lower())
                if operation is not None and _matches(api["basePath"] + template, path):
                    self._check(operation, definitions, response)
                    return
        assert response.status_code in (401, 404, 503), f"{response.request.method} {path} is not documented"
        Draft7Validator(GATEWAY_ERROR).validate(response.json())

    def _check(self, operation: dict[str, Any], definitions: dict[str, Any], response: httpx.Response) -> None:
        documented = operation["responses"]
        status = str(response.status_code)
        if response.status_code >= 400:
            status = "default"
        else:
            assert status in documented, f"{operation['operationId']} answered {status}: {response.text[:300]}"
            self.checked.add(operation["operationId"])
            if documented[status].get("schema", {}).get("type") == "file":
                return
            if "schema" not in documented[status]:
                assert response.content == b"", f"{operation['operationId']} {status} has a body"
                return
        validator = self._validator(operation, status, definitions)
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(response.json())]
        assert not errors, f"{operation['operationId']} {status}: {errors}"

    def _validator(self, operation: dict[str, Any], status: str, definitions: dict[str, Any]) -> Draft7Validator:
        key = operation["operationId"], status
        if key not in self._validators:
            schema = _nullable(operation["responses"][status]["schema"])
            schema = {"anyOf": [GATEWAY_ERROR, schema]} if status == "default" else schema
            self._validators[key] = Draft7Validator(
                {**schema, "definitions": definitions}, format_checker=FormatChecker(["uuid"])
            )
        return self._validators[key]


def _matches(template: str, path: str) -> bool:
    ours, theirs = template.strip("/").split("/"), path.strip("/").split("/")
    return len(ours) == len(theirs) and all(
        own.startswith("{") or own.lower() == their.lower() for own, their in zip(ours, theirs, strict=True)
    )


def _nullable(schema: Any) -> Any:
    """Swagger 2 to JSON Schema: optional members may be null, undocumented ones are not allowed."""
    if isinstance(schema, list):
        return [_nullable(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _nullable(each) for name, each in schema.items() if name not in ("discriminator", "example")}
    if "properties" in schema:
        required = set(schema.get("required", []))
        made["properties"] = {
            name: made["properties"][name]
            if name in required and not schema["properties"][name].get("x-nullable")
            else {"anyOf": [made["properties"][name], {"type": "null"}]}
            for name in schema["properties"]
        }
        made.setdefault("additionalProperties", False)
    return made


def load() -> OpenApi | None:
    return OpenApi(SPECS) if (SPECS / "training-v3.3.json").exists() else None
