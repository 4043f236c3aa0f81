"""The answers of one run as they are given: which is next, which calls were made, and what nothing answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Generator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from emulator.logic_apps.standalone.mocks import Answer, Answers, Mocks


@dataclass(frozen=True)
class Caller:
    """Whose call it is: `name` of the action or trigger, `repetition` in loops (``000001-000000``), else empty."""

    name: str
    repetition: str = ""

    def __str__(self) -> str:
        """Return it in words."""
        return f"'{self.name}'" + (f" (repetition {self.repetition})" if self.repetition else "")


@dataclass
class Call:
    """An HTTP call of a run.

    `status_code` is None where no answer came; `answered_by` says what answered: ``action``, ``request N`` of the mock
    file, ``network``, or ``nothing``.
    """

    action: str
    repetition: str
    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: Any = field(repr=False)
    answered_by: str = "nothing"
    status_code: int | None = None


class Session:
    """What one run asks and is answered.

    Nothing waits for an answer that there is not: `refused` is then set, and the run is to be cancelled.
    """

    def __init__(self, mocks: Mocks, secured: frozenset[str] = frozenset()) -> None:
        """Begin with nothing asked; `secured` are lower-case names of actions whose addresses no message repeats."""
        self.mocks = mocks
        self._secured = secured
        self.calls: list[Call] = []
        self.fault: str | None = None
        self.refused = asyncio.Event()
        self._given: Counter[tuple[str, ...]] = Counter()
        self._caller: ContextVar[Caller | None] = ContextVar("caller", default=None)

    @contextlib.contextmanager
    def calling(self, caller: Caller) -> Generator[None]:
        """Let the calls that are made meanwhile be those of `caller`."""
        token = self._caller.set(caller)
        try:
            yield
        finally:
            self._caller.reset(token)

    @property
    def caller(self) -> Caller:
        """Whose call is being made."""
        return self._caller.get() or Caller("the trigger")

    def answers(self, caller: Caller) -> Answers | None:
        """Return what the mocks have for an action by name, and in a loop for this repetition."""
        found = self.mocks.action(caller.name)
        if found is None:
            return None
        return found.repetitions.get(caller.repetition, found.otherwise)

    def peek(self, caller: Caller) -> Answer | None:
        """Return the next answer of an action without using it; None where the mocks have none by its name."""
        answers = self.answers(caller)
        return answers.at(self._given[self._key(caller)]) if answers is not None else None

    async def next(self, caller: Caller) -> Answer | None:
        """Return the next answer of an action; None where the mocks have none by its name."""
        answers = self.answers(caller)
        if answers is None:
            return None
        key = self._key(caller)
        found = answers.at(self._given[key])
        if found is None:
            await self.refuse(
                f"the action {caller} asks for answer {self._given[key] + 1}, but {self.mocks.source} has "
                f"{len(answers.sequence)}; add one, or 'afterwards': 'repeat'"
            )
        self._given[key] += 1
        return found

    async def next_of_rule(self, number: int) -> Answer:
        """Return the next answer of a rule."""
        rule = self.mocks.rules[number]
        key = ("", str(number))
        found = rule.answers.at(self._given[key])
        if found is None:
            await self.refuse(
                f"the action {self.caller} makes call {self._given[key] + 1} to requests.{number} of "
                f"{self.mocks.source}, which has {len(rule.answers.sequence)} responses; add one, or "
                f"'afterwards': 'repeat'"
            )
            raise AssertionError("unreachable: a refused call never goes on")
        self._given[key] += 1
        return found

    async def refuse(self, fault: str) -> None:
        """Note what is wrong and never go on: the run is cancelled."""
        if self.fault is None:
            self.fault = fault
        self.refused.set()
        await asyncio.get_running_loop().create_future()

    def told(self, caller: Caller, call: Call) -> str:
        """Return whose call it is and where it goes, in words; secured addresses are not told."""
        url = "(a secured address)" if caller.name.lower() in self._secured else call.url
        return f"the action {caller} calls {call.method} {url}"

    def _key(self, caller: Caller) -> tuple[str, ...]:
        """Count repetitions apart where they have answers of their own."""
        found = self.mocks.action(caller.name)
        own = found is not None and caller.repetition in found.repetitions
        return (caller.name.lower(), caller.repetition) if own else (caller.name.lower(),)
