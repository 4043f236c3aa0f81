"""Whether a secret can be read somewhere: every place of a deployment, and every form that a secret has there."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx

from emulator.identity import LOG_ANALYTICS_AUDIENCES, TokenIssuer
from emulator.resource_manager import deploying_person
from tests.workflows.world import LOGIC, World
from workflows import monitoring

Place = tuple[str, bytes]
"""Its name and what can be read there."""

KINDS: Final[Mapping[str, re.Pattern[bytes]]] = {
    "a signature": re.compile(rb"sig(=|%3[Dd])[\w%+/-]{20,}"),
    "a bearer token": re.compile(rb"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{20,}"),
}
"""Secrets that are known by their form: a SAS, a callback address, a token."""

_WORKSPACES = "2023-09-01"


def disclosed(secrets: Mapping[str, str], places: Iterable[Place]) -> list[str]:
    """Return ``SECRET in PLACE`` for each secret, by name or of a kind, that a place has in any form."""
    forms = {name: _forms(secret) for name, secret in secrets.items()}
    found: list[str] = []
    for place, content in places:
        found += [f"{name} in {place}" for name, written in forms.items() if any(form in content for form in written)]
        found += [f"{kind} in {place}" for kind, pattern in KINDS.items() if pattern.search(content)]
    return found


def _forms(secret: str) -> set[bytes]:
    plain = secret.encode()
    # Of base64 in the middle of other text two thirds are found wherever it begins.
    shifted = {base64.b64encode(b"\0" * shift + plain)[4 if shift else 0 : -4] for shift in range(3)}
    return {plain, quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode(), *shifted}


def files(folder: Path, keepers: Iterable[str]) -> Iterator[Place]:
    """Yield every file below a folder but `keepers`, the files whose purpose it is to keep secrets."""
    kept = {folder / keeper for keeper in keepers}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in kept:
            yield f"the file {path.relative_to(folder)}", path.read_bytes()


def blobs(world: World, containers: Iterable[str]) -> Iterator[Place]:
    """Yield every blob with its metadata."""
    for name in containers:
        container = world.blobs.get_container_client(name)
        for blob in container.list_blobs(include=["metadata"]):
            content = container.download_blob(blob.name).readall()
            yield f"the blob {name}/{blob.name}", json.dumps([blob.name, blob.metadata]).encode() + content


def resources(world: World) -> Iterator[Place]:
    """Yield every resource as Azure Resource Manager shows it."""
    for resource in world.arm.resources():
        yield f"the resource {resource['id']}", json.dumps(resource).encode()


def histories(world: World, workflow: str) -> Iterator[Place]:
    """Yield every run and every look of a trigger, with what stands behind their links; the links are signed."""
    with httpx.Client(timeout=60) as client:
        for place, entry in _entries(world, workflow):
            links: list[str] = []
            yield place, json.dumps(_without_links(entry, links)).encode()
            for link in links:
                answer = client.get(link)
                answer.raise_for_status()
                yield f"a content of {place}", answer.content


def _entries(world: World, workflow: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for trigger in world.arm.values(f"{workflow}/triggers", LOGIC):
        yield f"the trigger {trigger['name']}", trigger
        for history in world.arm.values(f"{workflow}/triggers/{trigger['name']}/histories", LOGIC):
            yield f"the history of the trigger {trigger['name']}", history
    for run in world.arm.values(f"{workflow}/runs", LOGIC):
        path = f"{workflow}/runs/{run['name']}"
        yield f"the run {run['name']}", run
        for action in world.arm.values(f"{path}/actions", LOGIC, **{"$top": "250"}):
            if action["properties"]["status"] == "Skipped":
                continue
            place = f"{action['name']} of the run {run['name']}"
            yield place, action
            repeated = action["properties"].get("repetitionCount")
            for kind in ("repetitions",) if repeated else ("requestHistories",):
                for each in world.arm.values(f"{path}/actions/{action['name']}/{kind}", LOGIC):
                    yield f"{kind} of {place}", each


def tables(world: World, workspace: str) -> Iterator[Place]:
    """Yield every table of records; `workspace` is the workspace's ARM id."""
    configuration, secrets = world.home.load()
    issuer = TokenIssuer(secrets.token_signing_key, configuration.tenant_id, world.clock)
    token = issuer.issue(deploying_person(configuration), LOG_ANALYTICS_AUDIENCES[0])
    customer = world.arm.get(workspace, _WORKSPACES)["properties"]["customerId"]
    for table in monitoring.tables():
        answer = httpx.post(
            f"{configuration.url('monitor')}/v1/workspaces/{customer}/query",
            json={"query": table},
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        answer.raise_for_status()
        yield f"the table {table}", answer.content


def _without_links(value: Any, links: list[str]) -> Any:
    """Return `value` without the addresses of contents, which are put into `links`."""
    if isinstance(value, dict):
        if "uri" in value and "contentSize" in value:
            links.append(value["uri"])
            return {name: member for name, member in value.items() if name != "uri"}
        return {name: _without_links(member, links) for name, member in value.items()}
    if isinstance(value, list):
        return [_without_links(member, links) for member in value]
    return value
