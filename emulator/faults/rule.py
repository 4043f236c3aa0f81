"""A fault as it is asked for: which calls meet it, what it is, how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Final, NoReturn

from emulator.home import SERVICES

OPERATION_HEADER: Final = "x-ms-workflow-operation-name"
"""Logic Apps names the action in it ("Schema reference guide for trigger and action types", learn.microsoft.com)."""
WORKFLOW_HEADER: Final = "x-ms-workflow-name"
_METHODS: Final = ("*", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_MOST: Final = 1_000_000
_MOST_SECONDS: Final = 3600


class FaultError(ValueError):
    """A fault cannot be made; the message names the field, its value and what is allowed."""


class Kind(StrEnum):
    """What becomes of a call."""

    STATUS = "status"
    TIME_OUT = "timeOut"
    DROPPED = "droppedConnection"
    WRONG_JSON = "wrongJson"
    SLOW = "slow"


@dataclass(frozen=True)
class Call:
    """What is known of a call: `target` is its path with its query; `action` and `workflow` are empty for others."""

    service: str
    method: str
    target: str
    action: str = ""
    workflow: str = ""


@dataclass(frozen=True)
class Rule:
    """A fault, and the calls that meet it.

    Attributes:
        service: one of the emulator's services, or ``*``.
        kind: what becomes of the call.
        method: an HTTP method, or ``*``.
        path: a pattern of path and query, as in ``*/images/urls``; ``*`` stands for any characters.
        action: a pattern of the action that makes the call; ``*`` also for calls that no workflow makes.
        workflow: the same of the workflow's name.
        status: of the kind ``status``, from 300.
        retry_after: seconds in the header Retry-After, of the kind ``status``.
        seconds: how much later the answer comes, of the kind ``slow``.
        carried_out: whether the service does what is asked for before its answer is lost.
        skip: how many calls that fit pass before the first one that meets the fault.
        count: how many meet it; None for all.
    """

    service: str
    kind: Kind
    method: str = "*"
    path: str = "*"
    action: str = "*"
    workflow: str = "*"
    status: int = 503
    retry_after: int | None = None
    seconds: float = 1
    carried_out: bool = False
    skip: int = 0
    count: int | None = None

    def fits(self, call: Call) -> bool:
        """Tell whether a call is one of those that meet the fault, however many did."""
        return (
            self.service in ("*", call.service)
            and self.method in ("*", call.method)
            and fnmatchcase(call.target, self.path)
            and fnmatchcase(call.action, self.action)
            and fnmatchcase(call.workflow, self.workflow)
        )

    def answer(self) -> tuple[int, dict[str, str], bytes] | None:
        """Return status, headers and content that take the place of the service's answer; None where it has none."""
        if self.kind is Kind.STATUS:
            headers = {"Content-Type": "application/json"}
            if self.retry_after is not None:
                headers["Retry-After"] = str(self.retry_after)
            return self.status, headers, b'{"error":{"code":"InjectedFault","message":"A fault made on purpose."}}'
        if self.kind is Kind.WRONG_JSON:
            return 200, {"Content-Type": "application/json"}, b'{"value":[{"id":'
        return None

    def to_json(self) -> dict[str, Any]:
        """Return it as `parse` reads it, every member there."""
        return {
            "service": self.service,
            "kind": self.kind.value,
            "method": self.method,
            "path": self.path,
            "action": self.action,
            "workflow": self.workflow,
            "carriedOut": self.carried_out,
            "skip": self.skip,
            "count": self.count,
            **({"status": self.status, "retryAfterSeconds": self.retry_after} if self.kind is Kind.STATUS else {}),
            **({"seconds": self.seconds} if self.kind is Kind.SLOW else {}),
        }


_MEMBERS: Final = {
    "service": "service",
    "kind": "kind",
    "method": "method",
    "path": "path",
    "action": "action",
    "workflow": "workflow",
    "status": "status",
    "retryAfterSeconds": "retry_after",
    "seconds": "seconds",
    "carriedOut": "carried_out",
    "skip": "skip",
    "count": "count",
}
_OF_ONE_KIND: Final = {"status": Kind.STATUS, "retryAfterSeconds": Kind.STATUS, "seconds": Kind.SLOW}


def parse(body: Any) -> Rule:
    """Return the rule that a JSON object describes.

    Raises:
        FaultError: a member is missing, unknown or of a wrong value.
    """
    if not isinstance(body, dict):
        _refuse("body", body, f"an object with {', '.join(_MEMBERS)}")
    given: Mapping[str, Any] = body
    for name in given:
        if name not in _MEMBERS:
            _refuse(name, given[name], f"the members {', '.join(_MEMBERS)}")
    _one_of(given, "service", ("*", *SERVICES), required=True)
    _one_of(given, "kind", tuple(kind.value for kind in Kind), required=True)
    _one_of(given, "method", _METHODS)
    kind = Kind(given["kind"])
    for name, owner in _OF_ONE_KIND.items():
        if name in given and kind is not owner:
            _refuse(name, given[name], f"only with the kind '{owner}'")
    for name in ("path", "action", "workflow"):
        if not isinstance(given.get(name, "*"), str) or not given.get(name, "*"):
            _refuse(name, given[name], "a pattern, as in '*/images/urls'")
    if not isinstance(given.get("carriedOut", False), bool):
        _refuse("carriedOut", given["carriedOut"], "true, false")
    if kind is Kind.SLOW and given.get("carriedOut"):
        _refuse("carriedOut", True, "false with the kind 'slow', which is carried out always")
    _whole(given, "status", 300, 599)
    _whole(given, "retryAfterSeconds", 0, _MOST_SECONDS, null=True)
    _whole(given, "skip", 0, _MOST)
    _whole(given, "count", 1, _MOST, null=True)
    seconds = given.get("seconds", 1)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= _MOST_SECONDS:
        _refuse("seconds", seconds, f"a number above 0, to {_MOST_SECONDS}")
    members: dict[str, Any] = {_MEMBERS[name]: value for name, value in given.items() if name != "kind"}
    return Rule(kind=kind, **members)


def _one_of(given: Mapping[str, Any], name: str, allowed: tuple[str, ...], *, required: bool = False) -> None:
    if name not in given and not required:
        return
    if given.get(name) not in allowed:
        _refuse(name, given.get(name), ", ".join(allowed))


def _whole(given: Mapping[str, Any], name: str, least: int, most: int, *, null: bool = False) -> None:
    value = given.get(name, least)
    if value is None and null:
        return
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        _refuse(name, value, f"a whole number, {least} to {most}{', or null' if null else ''}")


def _refuse(field: str, value: Any, allowed: str) -> NoReturn:
    raise FaultError(f"The fault's member '{field}' is {value!r}; allowed: {allowed}.")
