"""Lists: ``$top``, ``$filter`` and ``$skiptoken`` of a request, and the link to the next page of an answer."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar, cast
from urllib.parse import urlencode

from emulator.arm.errors import ArmError
from emulator.arm.provider import Operation
from emulator.logic_apps.history.run_history import Condition, Place
from emulator.logic_apps.runs.stamps import stamp

T = TypeVar("T")
_PAGE: Final = 30
_LARGEST_PAGE: Final = 250
"""The service answers 30 entries and takes a ``$top`` up to 250."""
STATUSES: Final = (
    "NotSpecified", "Paused", "Running", "Waiting", "Succeeded", "Skipped", "Suspended", "Cancelled", "Failed",
    "Faulted", "TimedOut", "Aborted", "Ignored",
)  # fmt: skip
"""WorkflowStatus of the API."""

_COMPARISON = re.compile(r"(?P<name>\w+)\s+(?P<word>\w+)\s+(?:'(?P<quoted>(?:[^']|'')*)'|(?P<bare>[^'\s]+))")
_SQL: Final[Mapping[str, Literal["=", "<>", "<", "<=", ">", ">="]]] = {
    "eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
}  # fmt: skip


@dataclass(frozen=True)
class Filtered:
    """A property that a list can be filtered by: its column, the words that compare it, what its values are."""

    column: Literal["status", "start", "id", "name"]
    words: tuple[str, ...]
    value: Callable[[str], str]


def _status(text: str) -> str:
    found = next((status for status in STATUSES if status.lower() == text.lower()), None)
    if found is None:
        raise ValueError(f"'{text}' is no status; allowed: {', '.join(STATUSES)}")
    return found


def _time(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"'{text}', which is no time") from error
    return stamp((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC))


STATUS: Final = {"Status": Filtered("status", ("eq", "ne"), _status)}
STATUS_AND_TIME: Final = {**STATUS, "StartTime": Filtered("start", ("eq", "lt", "le", "gt", "ge"), _time)}


def conditions(operation: Operation, allowed: Mapping[str, Filtered]) -> list[Condition]:
    """Return what the request's ``$filter`` asks for: comparisons joined by ``and``, names without regard to case.

    Raises:
        ArmError: 400 InvalidFilter; names the part at fault and what is allowed.
    """
    text = operation.query.get("$filter", "").strip()
    known = {name.lower(): filtered for name, filtered in allowed.items()}
    found: list[Condition] = []
    for part in re.split(r"\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)", text) if text else []:
        match = _COMPARISON.fullmatch(part)
        filtered = known.get(match["name"].lower()) if match is not None else None
        if match is None or filtered is None or match["word"] not in filtered.words:
            raise _invalid_filter(text, f"allowed: {', '.join(_words(allowed))}, joined by 'and'")
        value = match["bare"] if match["quoted"] is None else match["quoted"].replace("''", "'")
        try:
            found.append(Condition(filtered.column, _SQL[match["word"]], filtered.value(value)))
        except ValueError as error:
            raise _invalid_filter(text, f"it has {error}") from error
    return found


def check_query(operation: Operation, *allowed: str) -> None:
    """Refuse query parameters that would be ignored.

    Raises:
        ArmError: 400 InvalidQueryParameter; names them and what is allowed.
    """
    unknown = sorted(set(operation.query) - {"api-version", *allowed})
    if unknown:
        raise ArmError(
            400,
            "InvalidQueryParameter",
            f"The query parameters {', '.join(unknown)} of {operation.method} .../{'/'.join(operation.path)} are not "
            f"emulated; allowed: {', '.join(('api-version', *allowed))}.",
        )


def page_size(operation: Operation) -> int:
    """Return how many entries a page has at most.

    Raises:
        ArmError: 400 InvalidTop.
    """
    top = operation.query.get("$top", str(_PAGE))
    if not top.isdecimal() or not 1 <= int(top) <= _LARGEST_PAGE:
        raise ArmError(400, "InvalidTop", f"$top is {top!r}; allowed: 1 to {_LARGEST_PAGE}.", "$top")
    return int(top)


def after_text(operation: Operation) -> str:
    """Return the name of the entry that the page begins after, "" on the first page."""
    (name,) = _token(operation, "")
    return name


def after_number(operation: Operation) -> int:
    """Return the place of the entry that the page begins after, 0 on the first page."""
    (number,) = _token(operation, 0)
    return number


def after_place(operation: Operation) -> Place | None:
    """Return the place of the entry that the page begins after, None on the first page."""
    start, sequence = _token(operation, "", 0)
    return Place(start, sequence) if start else None


def page(
    operation: Operation, found: Sequence[T], shape: Callable[[T], dict[str, Any]], place: Callable[[T], Sequence[Any]]
) -> dict[str, Any]:
    """Return a page of a list; `found` has one entry more than the page where there is another page.

    `place` says where an entry stands, for the link to what comes after it.
    """
    top = page_size(operation)
    listed = found[:top]
    answer: dict[str, Any] = {"value": [shape(entry) for entry in listed]}
    if len(found) > top:
        token = base64.urlsafe_b64encode(json.dumps(list(place(listed[-1]))).encode()).decode()
        answer["nextLink"] = f"{operation.url}?{urlencode({**operation.query, '$skiptoken': token})}"
    return answer


def _token(operation: Operation, *first: Any) -> list[Any]:
    """Return the members of the request's skip token; they are of the types of `first`, which stands for none."""
    text = operation.query.get("$skiptoken")
    if text is None:
        return list(first)
    try:
        members = json.loads(base64.b64decode(text, altchars=b"-_", validate=True))
    except ValueError:
        members = None
    if isinstance(members, list) and [type(each) for each in cast(list[Any], members)] == [
        type(each) for each in first
    ]:
        return cast(list[Any], members)
    raise ArmError(400, "InvalidSkipToken", f"$skiptoken is {text!r}, which no answer of this list gave.", "$skiptoken")


def _invalid_filter(text: str, why: str) -> ArmError:
    return ArmError(400, "InvalidFilter", f"$filter is {text!r}; {why}.", "$filter")


def _words(allowed: Mapping[str, Filtered]) -> list[str]:
    return [f"{name} {'|'.join(filtered.words)} VALUE" for name, filtered in allowed.items()]
