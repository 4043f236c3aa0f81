"""Points in time as .NET's DateTime: ticks of 100 ns since the year 1, and what the time is relative to."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

TICKS_A_SECOND: Final = 10_000_000
TICKS_A_DAY: Final = 86_400 * TICKS_A_SECOND
_EPOCH: Final = datetime(1, 1, 1)
LAST_TICK: Final = (datetime.max.toordinal()) * TICKS_A_DAY - 1


class Kind(Enum):
    """What a time is relative to. LOCAL comes from an offset; the service's own clock is at UTC, so both agree."""

    UTC = "Z"
    UNSPECIFIED = ""
    LOCAL = "+00:00"


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of 100 ns resolution in the years 1 to 9999."""

    ticks: int
    kind: Kind

    def __post_init__(self) -> None:
        """Refuse what lies outside of the years 1 to 9999."""
        if not 0 <= self.ticks <= LAST_TICK:
            raise OverflowError("the time lies outside of the years 1 to 9999")

    @classmethod
    def of(cls, moment: datetime) -> Moment:
        """Return an aware datetime as a moment in UTC."""
        passed = moment.astimezone(UTC).replace(tzinfo=None) - _EPOCH
        return cls((passed.days * 86_400 + passed.seconds) * TICKS_A_SECOND + passed.microseconds * 10, Kind.UTC)

    @classmethod
    def at(cls, year: int, month: int, day: int, ticks_of_day: int = 0, kind: Kind = Kind.UNSPECIFIED) -> Moment:
        """Return a moment of a calendar day.

        Raises:
            ValueError: there is no such day.
        """
        return cls((datetime(year, month, day) - _EPOCH).days * TICKS_A_DAY + ticks_of_day, kind)

    @property
    def date(self) -> datetime:
        """The moment without its zone and without what is shorter than a second."""
        return _EPOCH + timedelta(seconds=self.ticks // TICKS_A_SECOND)

    @property
    def when(self) -> datetime:
        """The moment without its zone, cut to microseconds."""
        return self.date + timedelta(microseconds=self.fraction // 10)

    @property
    def fraction(self) -> int:
        """The ticks since the last full second."""
        return self.ticks % TICKS_A_SECOND

    def plus(self, ticks: int) -> Moment:
        """Return the moment so much later."""
        return replace(self, ticks=self.ticks + ticks)

    def plus_months(self, months: int) -> Moment:
        """Return the same day of a month later; the last one where that month is shorter."""
        now = self.date
        year, month = divmod(now.year * 12 + now.month - 1 + months, 12)
        if not 1 <= year <= 9999:
            raise OverflowError("the time lies outside of the years 1 to 9999")
        day = min(now.day, calendar.monthrange(year, month + 1)[1])
        return Moment.at(year, month + 1, day, self.ticks % TICKS_A_DAY, self.kind)
