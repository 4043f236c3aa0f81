"""What happened to a project before: lived through once, then copied as often as it is wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from azure.storage.blob import BlobType, ContentSettings

from tests.workflows.faults.impatient import ImpatientWorld
from tests.workflows.world import PURPOSES, Retraining

Live = Callable[[Retraining], None]
"""Lets a project that is empty live through something."""


@dataclass(frozen=True)
class _Blob:
    purpose: str
    name: str
    content: bytes
    kind: BlobType
    type: str
    metadata: Mapping[str, str]


class Past:
    """A project and its containers as what happened left them."""

    def __init__(self, retraining: Retraining) -> None:
        self._retraining = retraining
        self._names = {each["id"]: each["name"] for each in retraining.project_api("GET", "iterations")}
        self._published = retraining.published()
        self._blobs = [blob for purpose in PURPOSES for blob in _blobs(retraining, purpose)]

    def copy(self, name: str, parameters: Mapping[str, Any]) -> Retraining:
        """Make a project of this past under other ids, and deploy a workflow for it with these parameters."""
        original = self._retraining
        token = quote(original.project_api("GET", "export")["token"], safe="")
        project = original.train_api("POST", f"projects/import?token={token}&name={name}")["id"]
        copied = Retraining(original.world, name, project=project, **parameters)
        ids = {each["name"]: each["id"] for each in copied.project_api("GET", "iterations")}
        others = {id: ids[iteration] for id, iteration in self._names.items()} | {original.project: project}
        for publish_name, id in self._published.items():
            query = f"publishName={publish_name}&predictionId={original.world.prediction}"
            copied.project_api("POST", f"iterations/{others[id]}/publish?{query}")
        for blob in self._blobs:
            copied.container(blob.purpose).upload_blob(
                _replaced(blob.name.encode(), others).decode(),
                _replaced(blob.content, others) if blob.purpose == "artifacts" else blob.content,
                blob_type=blob.kind,
                content_settings=ContentSettings(content_type=blob.type),
                metadata=dict(blob.metadata),
            )
        return copied


class Pasts:
    """The pasts of a world; each is lived through when it is first wanted."""

    def __init__(self, world: ImpatientWorld) -> None:
        self.world = world
        self._lived: dict[Live, Past] = {}
        self._lock = threading.Lock()

    def after(self, live: Live, name: str, **parameters: Any) -> Retraining:
        """Return a project that lived through that; parameters are the workflow's from now on."""
        with self._lock:
            past = self._lived.get(live)
            if past is None:
                lived = Retraining(self.world, f"past{len(self._lived)}")
                live(lived)
                past = self._lived[live] = Past(lived)
        return past.copy(name, parameters)

    def none(self, name: str, **parameters: Any) -> Retraining:
        """Return a project that nothing happened to."""
        return Retraining(self.world, name, **parameters)


def _blobs(retraining: Retraining, purpose: str) -> list[_Blob]:
    container = retraining.container(purpose)
    return [
        _Blob(
            purpose,
            blob.name,
            container.download_blob(blob.name).readall(),
            BlobType(blob.blob_type),
            blob.content_settings.content_type or "application/octet-stream",
            blob.metadata or {},
        )
        for blob in container.list_blobs(include=["metadata"])
    ]


def _replaced(text: bytes, others: Mapping[str, str]) -> bytes:
    for old, new in others.items():
        text = text.replace(old.encode(), new.encode())
    return text
