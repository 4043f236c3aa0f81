"""A service with a trained project that calls of every kind are aimed at, one after the other."""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

import httpx
import requests

from emulator.custom_vision.operations import Operation
from tests.emulator.custom_vision.gallery import Trained
from tests.emulator.custom_vision.openapi import OpenApi
from tests.emulator.custom_vision.studio import ACCOUNTS, UNKNOWN, Studio

PUBLISHED = "production"


class Target:
    """The service with a trained project, on an event loop of its own."""

    def __init__(self, folder: Path, trained: Trained, openapi: OpenApi | None) -> None:
        shutil.copytree(trained.folder, folder, dirs_exist_ok=True)
        self._runner = asyncio.Runner()
        self._studio = self._runner.run(Studio.open(folder, openapi=openapi))
        self._studio.keys.update(trained.keys)
        self._model = trained.model
        self._runner.run(self._publish())

    async def _publish(self) -> None:
        async with self._studio.training() as client:
            query = {"publishName": PUBLISHED, "predictionId": f"{ACCOUNTS}/predict"}
            path = f"{self._model.path}/iterations/{self._model.iteration}/publish"
            assert (await client.post(path, params=query)).json() is True

    @property
    def ids(self) -> dict[str, str]:
        """Ids of what is there, by the names that addresses have for them."""
        return {
            "projectId": self._model.project,
            "iterationId": self._model.iteration,
            "tagId": self._model.tags["red"],
            "publishedName": PUBLISHED,
        }

    def call(self, kind: str, operation: Operation, query: dict[str, str], content: bytes, type: str) -> httpx.Response:
        """Ask an operation about what is there."""
        ids = self.ids
        path = "/".join(ids.get(part[1:-1], UNKNOWN) if part.startswith("{") else part for part in operation.segments)

        async def send() -> httpx.Response:
            opened = self._studio.training() if kind == "CustomVision.Training" else self._studio.prediction()
            async with opened as client:
                headers = {"Content-Type": type}
                return await client.request(operation.method, path, params=query, content=content, headers=headers)

        return self._runner.run(send())

    def send(self, account: str, header: str, request: requests.PreparedRequest) -> httpx.Response:
        """Send a request as it is, but for the account's key."""

        async def sent() -> httpx.Response:
            async with self._studio.training(account) as client:
                headers = {
                    name: value.decode("latin-1") if isinstance(value, bytes) else value
                    for name, value in request.headers.items()
                }
                headers[header] = self._studio.keys[account]
                content = request.body if isinstance(request.body, (bytes, str)) else None
                answer = await client.request(request.method or "", request.url or "", content=content, headers=headers)
            answer.elapsed = timedelta()  # the transport within this process does not measure it
            return answer

        return self._runner.run(sent())

    def close(self) -> None:
        self._runner.run(self._studio.close())
        self._runner.close()
