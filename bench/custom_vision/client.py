"""Calls the service over connections that stay open, one for each client."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from bench.custom_vision.served import Served


class Client:
    """One connection; of one thread only."""

    def __init__(self, served: Served) -> None:
        self._connection = http.client.HTTPConnection(served.host, served.port, timeout=600)
        self._served = served

    def training(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """Return the JSON of an answer of the training API."""
        headers = {"Training-Key": self._served.training_key, "Content-Type": "application/json"}
        address = f"/train/customvision/v3.3/training/{path}"
        content = b"" if body is None else json.dumps(body).encode()
        return self._call(method, f"{address}?{urlencode(query)}" if query else address, content, headers)

    def classify(self, project: str, name: str, image: bytes) -> Any:
        """Return the JSON of a prediction that is not stored."""
        headers = {"Prediction-Key": self._served.prediction_key, "Content-Type": "application/octet-stream"}
        path = f"/predict/customvision/v3.1/prediction/{project}/classify/iterations/{name}/image/nostore"
        return self._call("POST", path, image, headers)

    def _call(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Any:
        self._connection.request(method, path, body, dict(headers))
        response = self._connection.getresponse()
        content = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {content[:500]!r}")
        return json.loads(content) if content else None


def durations(served: Served, clients: int, calls: Sequence[Callable[[Client], object]]) -> list[float]:
    """Make the calls by so many clients at the same time; return the seconds of each, in no order."""
    taken: list[float] = []
    faults: list[BaseException] = []
    waiting = list(calls)
    lock = threading.Lock()

    def work() -> None:
        client = Client(served)
        try:
            while True:
                with lock:
                    if not waiting:
                        return
                    call = waiting.pop()
                began = time.perf_counter()
                call(client)
                taken.append(time.perf_counter() - began)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return taken
