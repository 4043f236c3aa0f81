"""The answers that Response actions give to the requests that started their runs; kept until the run is forgotten."""

from __future__ import annotations

import asyncio
from typing import Any

from emulator.logic_apps.history.run_store import RunStore

Answer = dict[str, Any]
"""``statusCode``, ``headers`` and ``body`` as a Response action has them."""


class AnsweredError(Exception):
    """The request of a run was answered already, or its caller does not wait any more."""


class Responses:
    """What Response actions say, and who waits for it."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._closed: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Answer]] = {}

    def give(self, run: str, answer: Answer) -> None:
        """Answer the request that started a run.

        Raises:
            AnsweredError: somebody did before, or the caller is gone.
        """
        if run in self._closed or self._store.response(run) is not None:
            raise AnsweredError
        self._store.keep_response(run, answer)
        future = self._waiting.pop(run, None)
        if future is not None and not future.done():
            future.set_result(answer)

    def given(self, run: str) -> Answer | None:
        """Return the answer of a run, None where there is none yet."""
        return self._store.response(run)

    async def wait(self, run: str) -> Answer:
        """Return the answer of a run when it is there."""
        found = self._store.response(run)
        if found is not None:
            return found
        if run not in self._waiting:
            self._waiting[run] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._waiting[run])

    def close(self, run: str) -> None:
        """Take no answer any more: the caller waited long enough."""
        self._closed.add(run)
        self._waiting.pop(run, None)

    def forget(self, run: str) -> None:
        """Forget who waited for a run that is over."""
        self._closed.discard(run)
        future = self._waiting.pop(run, None)
        if future is not None:
            future.cancel()
