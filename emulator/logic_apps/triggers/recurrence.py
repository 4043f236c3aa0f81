"""When a trigger with a recurrence looks next ("Schedules for recurring triggers", learn.microsoft.com)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal.windows_tz import win_tz

from emulator.logic_apps.triggers.intervals import interval_seconds

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MOST_DAYS = 366 * 5
_MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True)
class Recurrence:
    """A frequency and an interval, with a start and a schedule where there are any.

    `start` and `end` are aware; the parts of the schedule are empty where it does not name them (Monday is 0).
    """

    frequency: str
    interval: int
    zone: tzinfo
    start: datetime | None
    end: datetime | None
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    weekdays: tuple[int, ...]
    month_days: tuple[int, ...]

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Recurrence:
        """Return the recurrence that a trigger's definition says.

        Raises:
            ValueError: a member is not valid; the message names it and what is allowed.
        """
        frequency = str(raw["frequency"]).lower()
        schedule: Mapping[str, Any] = raw.get("schedule") or {}
        if schedule and frequency not in ("day", "week", "month"):
            raise ValueError(f"a schedule goes with the frequency Day, Week or Month, not {raw['frequency']}")
        if "weekDays" in schedule and frequency != "week":
            raise ValueError(f"schedule.weekDays goes with the frequency Week, not {raw['frequency']}")
        if "monthDays" in schedule and frequency != "month":
            raise ValueError(f"schedule.monthDays goes with the frequency Month, not {raw['frequency']}")
        interval = int(raw["interval"])
        zone = _zone(str(raw.get("timeZone") or "UTC"))
        return cls(
            frequency,
            interval,
            zone,
            _moment("startTime", raw.get("startTime"), zone),
            _moment("endTime", raw.get("endTime"), zone),
            _numbers("hours", schedule, 0, 23),
            _numbers("minutes", schedule, 0, 59),
            tuple(_weekday(name) for name in schedule.get("weekDays", [])),
            _numbers("monthDays", schedule, -31, 31),
        )

    def first(self, now: datetime) -> datetime | None:
        """Return when a trigger that is new at `now` looks for the first time: at once without start and schedule."""
        if self.start is not None and self.start > now and not self._scheduled:
            return self._unless_over(self.start)
        just_before = now - timedelta(microseconds=1)
        if self._scheduled:
            return self._unless_over(self._next_scheduled(max(just_before, self.start or just_before), now))
        return self.next(just_before) if self.start is not None else self._unless_over(now)

    def next(self, last: datetime) -> datetime | None:
        """Return when a trigger that looked at `last` looks again, None where that is after its end."""
        if self._scheduled:
            return self._unless_over(self._next_scheduled(last, last))
        return self._unless_over(self.after(last))

    def after(self, last: datetime) -> datetime:
        """Return the next moment after `last` by frequency and interval alone, whatever the end."""
        anchor = self.start if self.start is not None else last
        count = 1 if self.start is None else max(0, self._periods(anchor, last) - 1)
        while (moment := self._after(anchor, count)) <= last:
            count += 1
        return moment

    @property
    def _scheduled(self) -> bool:
        return bool(self.hours or self.minutes or self.weekdays or self.month_days)

    def _unless_over(self, moment: datetime) -> datetime | None:
        return moment if self.end is None or moment <= self.end else None

    def _periods(self, anchor: datetime, moment: datetime) -> int:
        unit = interval_seconds(self.interval * _MONTHS.get(self.frequency, 1), self._unit)
        return int((moment - anchor).total_seconds() // (unit * 1.04 if self.frequency in _MONTHS else unit))

    @property
    def _unit(self) -> str:
        return "month" if self.frequency in _MONTHS else self.frequency

    def _after(self, anchor: datetime, count: int) -> datetime:
        """Return `count` periods after `anchor`; days and longer follow the local clock."""
        if self.frequency in ("second", "minute", "hour"):
            return anchor + timedelta(seconds=count * interval_seconds(self.interval, self.frequency))
        local = anchor.astimezone(self.zone)
        if self.frequency in _MONTHS:
            return _plus_months(local, count * self.interval * _MONTHS[self.frequency]).astimezone(UTC)
        days = count * self.interval * (7 if self.frequency == "week" else 1)
        return (local.replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=self.zone).astimezone(UTC)

    def _next_scheduled(self, last: datetime, anchor: datetime) -> datetime:
        """Return the first moment of the schedule after `last`; `anchor` stands for a start where there is none."""
        anchor = (self.start or anchor).astimezone(self.zone)
        day = last.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(_MOST_DAYS):
            if self._fits(day, anchor):
                for moment in self._times(day, anchor):
                    if moment > last:
                        return moment
            day = (day.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=self.zone)
        raise ValueError("the schedule names no day that exists")

    def _fits(self, day: datetime, anchor: datetime) -> bool:
        if self.frequency == "day":
            return (day.date() - anchor.date()).days % self.interval == 0
        if self.frequency == "week":
            weekdays = self.weekdays or (anchor.weekday(),)
            monday = day.date() - timedelta(days=day.weekday())
            first = anchor.date() - timedelta(days=anchor.weekday())
            return day.weekday() in weekdays and ((monday - first).days // 7) % self.interval == 0
        months = (day.year - anchor.year) * 12 + day.month - anchor.month
        days = self.month_days or (anchor.day,)
        from_end = day.day - (_plus_months(day.replace(day=1), 1) - timedelta(days=1)).day - 1
        return months % self.interval == 0 and (day.day in days or from_end in days)

    def _times(self, day: datetime, anchor: datetime) -> Iterator[datetime]:
        for hour in sorted(self.hours or (anchor.hour,)):
            for minute in sorted(self.minutes or ((0,) if self.hours else (anchor.minute,))):
                yield day.replace(hour=hour, minute=minute).astimezone(UTC)


def _plus_months(moment: datetime, months: int) -> datetime:
    index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(index, 12)
    last = (datetime(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(win_tz.get(name, name))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"timeZone is {name!r}, which is no Windows time zone name") from error


def _moment(name: str, text: Any, zone: tzinfo) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise ValueError(f"{name} is {text!r}, which is no time such as 2026-01-31T08:00:00Z") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _numbers(name: str, schedule: Mapping[str, Any], least: int, most: int) -> tuple[int, ...]:
    found: list[int] = []
    for value in schedule.get(name, []):
        if not str(value).lstrip("-").isdigit() or not least <= int(value) <= most:
            raise ValueError(f"schedule.{name} has {value!r}; allowed: {least} to {most}")
        found.append(int(value))
    return tuple(found)


def _weekday(name: str) -> int:
    if name.lower() not in _WEEKDAYS:
        raise ValueError(f"schedule.weekDays has {name!r}; allowed: {', '.join(day.title() for day in _WEEKDAYS)}")
    return _WEEKDAYS.index(name.lower())
