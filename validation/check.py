"""One question about a deployment, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from validation.azure import AzureError

Verdict = Literal["ok", "failed", "skipped"]


class FailedError(Exception):
    """What was looked at is not as it has to be; the message says what was found."""


class SkippedError(Exception):
    """There is nothing to look at yet; the message says what is missing."""


@dataclass(frozen=True)
class Check:
    """One question: `look` returns what was found, or raises `FailedError`, `SkippedError` or `AzureError`.

    `remedy` says what to do when it fails.
    """

    name: str
    remedy: str
    look: Callable[[], str]


@dataclass(frozen=True)
class Result:
    """The answer to a check; `remedy` is empty unless it failed."""

    name: str
    verdict: Verdict
    found: str
    remedy: str


def answered(checks: Iterable[Check]) -> list[Result]:
    """Ask every check, one after the other: one that fails does not keep the others from being asked."""
    return [_answered(check) for check in checks]


def _answered(check: Check) -> Result:
    try:
        return Result(check.name, "ok", check.look(), "")
    except SkippedError as reason:
        return Result(check.name, "skipped", str(reason), "")
    except (FailedError, AzureError) as error:
        return Result(check.name, "failed", str(error), check.remedy)
