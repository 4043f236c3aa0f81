"""What an expression can see of the run it is evaluated in."""

from __future__ import annotations

import random
import uuid
from datetime import datetime
from typing import Any, Protocol

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict. Evaluation never changes or shares what it was given."""


class Environment(Protocol):
    """The run around an expression. A lookup raises ExpressionError when there is no such thing; names ignore case."""

    def parameter(self, name: str) -> Json:
        """Return the workflow parameter's value."""
        ...

    def variable(self, name: str) -> Json:
        """Return the variable's value."""
        ...

    def action(self, name: str) -> Json:
        """Return the action's record: name, status, code, inputs, outputs, error, startTime, endTime, ...

        For an action inside a Foreach that the expression stands outside of: a list, a record an iteration.
        """
        ...

    def current_action(self) -> Json:
        """Return the record of the action the expression belongs to, for ``action()``."""
        ...

    def trigger(self) -> Json:
        """Return the trigger's record: name, inputs, outputs (headers, body, queries, ...), startTime, ..."""
        ...

    def item(self) -> Json:
        """Return the element that Select, Query or the innermost Foreach is at."""
        ...

    def items(self, loop: str) -> Json:
        """Return the element that the named Foreach is at."""
        ...

    def iteration_index(self, loop: str) -> int:
        """Return how many iterations the named Until has finished."""
        ...

    def result(self, scope: str) -> list[Json]:
        """Return the records of the named scope's first-level actions."""
        ...

    def workflow(self) -> Json:
        """Return id, name, type, location, tags and run of the workflow."""
        ...

    def callback_url(self) -> str:
        """Return the address that ``listCallbackUrl()`` stands for."""
        ...

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...

    def new_guid(self) -> uuid.UUID:
        """Return a fresh GUID."""
        ...

    def random(self) -> random.Random:
        """Return the source of ``rand()``."""
        ...
