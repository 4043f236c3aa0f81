"""How an action fails, and how a run is ended before its last action."""

from __future__ import annotations

from typing import Any

from emulator.logic_apps.expressions import Json
from emulator.logic_apps.history.records import FAILED


class ActionError(Exception):
    """An action failed; `outputs` are what it has nevertheless, e.g. an answer with the status 404."""

    def __init__(self, code: str, message: str, outputs: Json = None, status: str = FAILED) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.outputs = outputs
        self.status = status


class RunTerminatedError(Exception):
    """A Terminate action ends the run, or its time is over."""

    def __init__(self, status: str, error: dict[str, Any] | None, code: str = "Terminated") -> None:
        super().__init__(status)
        self.status = status
        self.code = code
        self.error = error


class CallError(Exception):
    """A call could not be made, or no answer came."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
