from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from emulator.portal.presentation import elapsed, error_text, moment

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2026-01-01T11:59:59.7500000Z", "2026-01-01T12:00:00.0000000Z", "250 ms"),
        ("2026-01-01T11:59:00Z", "2026-01-01T11:59:02.3Z", "2.3 s"),
        ("2026-01-01T11:58:00Z", None, "2 min 00 s"),
        ("2026-01-01T10:00:00Z", "2026-01-01T11:02:03Z", "1 h 02 min"),
        ("2026-01-01T12:00:01Z", None, "0 ms"),
        (None, None, ""),
        ("soon", None, ""),
    ],
)
def test_durations_read_in_the_unit_that_fits(start: str | None, end: str | None, words: str) -> None:
    assert elapsed(start, end, NOW) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-01-01T11:59:59.7500000Z", "2026-01-01 11:59:59 UTC"),
        ("2026-01-01T11:59:59+02:00", "2026-01-01 11:59:59 UTC+02:00"),
        ("not a time", "not a time"),
        (None, ""),
    ],
)
def test_times_read_with_their_zone(text: str | None, shown: str) -> None:
    assert moment(text) == shown


def test_the_code_that_stands_beside_the_error_is_not_said_twice() -> None:
    assert error_text({"code": "BadRequest", "message": "Too large."}, "BadRequest") == "Too large."
    assert error_text({"code": "BadRequest", "message": "Too large."}, "ActionFailed") == "BadRequest: Too large."


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ({"code": "BadRequest", "message": "Too large."}, "BadRequest: Too large."),
        ({"message": "Too large."}, "Too large."),
        ({"details": []}, '{\n  "details": []\n}'),
        ("plain", "plain"),
        (None, ""),
    ],
)
def test_errors_read_as_code_and_message_and_lose_nothing(error: Any, shown: str) -> None:
    assert error_text(error) == shown
