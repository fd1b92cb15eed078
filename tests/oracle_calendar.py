"""Local time as the oracle sees it: minutes of the day, dates, the calendar's holidays, working days, periods."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Iterable, Mapping

ZONE = timezone(timedelta(hours=8))  # the configuration's default
MINUTES_OF_A_DAY = 24 * 60
SECONDS_OF_A_DAY = 60 * MINUTES_OF_A_DAY
ONE_DAY = timedelta(days=1)
KIND_WORDS = {"休息日": "holiday", "上班日": "workday", "时期": "period"}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def local(second: int) -> datetime:
    return datetime.fromtimestamp(second, ZONE)


def local_date(second: int) -> date:
    return local(second).date()


def midnight(day: date) -> int:
    """The second at which it begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp())


@dataclass(frozen=True)
class Entry:
    first: date
    last: date  # inclusive
    kind: str
    name: str

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True)
class Calendar:
    entries: tuple[Entry, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, str]]) -> Calendar:
        """Rows of from, to, kind and name; without `to` it is one day."""
        return cls(tuple(Entry(date.fromisoformat(row["from"]), date.fromisoformat(row["to"] or row["from"]),
                               KIND_WORDS.get(row["kind"], row["kind"]), row["name"]) for row in rows))

    @classmethod
    def read(cls, path: Path) -> Calendar:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return cls.of(csv.DictReader(file))

    def says(self, kind: str, day: date) -> bool:
        return any(entry.kind == kind and entry.holds(day) for entry in self.entries)

    def is_workday(self, day: date) -> bool:
        return self.says("workday", day) or (day.weekday() < 5 and not self.says("holiday", day))

    def after_workdays(self, second: int, days: int) -> int:
        """When so many whole days' time of working days has passed since."""
        left = days * SECONDS_OF_A_DAY
        while left:
            day = local_date(second)
            rest = midnight(day + ONE_DAY) - second
            passed = min(left, rest) if self.is_workday(day) else rest
            left -= passed if self.is_workday(day) else 0
            second += passed
        return second

    def before_workdays(self, second: int, days: int) -> int:
        """Since when so much has passed; the last such second."""
        left = days * SECONDS_OF_A_DAY
        while left:
            day = local_date(second - 1)
            gone = second - midnight(day)
            passed = min(left, gone) if self.is_workday(day) else gone
            left -= passed if self.is_workday(day) else 0
            second -= passed
        return second

    def is_one_of(self, words: Iterable[str], day: date) -> bool:
        """Whether any of the words workday, holiday, mon...sun is said of the day."""
        said = {WEEKDAYS[day.weekday()], "workday" if self.is_workday(day) else "holiday"}
        return not said.isdisjoint(words)

    def factor(self, multipliers: Mapping[str, Fraction], day: date) -> Fraction:
        """The product of those whose periods hold the day."""
        product = Fraction(1)
        for name, multiplier in multipliers.items():
            if any(entry.kind == "period" and entry.name == name and entry.holds(day) for entry in self.entries):
                product *= multiplier
        return product

    def edges(self, names: Iterable[str]) -> set[date]:
        """The days on which a period of these names begins, or is over."""
        periods = [entry for entry in self.entries if entry.kind == "period" and entry.name in set(names)]
        return {entry.first for entry in periods} | {entry.last + ONE_DAY for entry in periods}


@dataclass(frozen=True)
class Span:
    """A length of time: seconds, or working days of a calendar."""

    seconds: int = 0
    workdays: int = 0
    calendar: Calendar = Calendar()

    def before(self, second: int) -> int:
        """The last second that lies as long before that one."""
        return self.calendar.before_workdays(second, self.workdays) if self.workdays else second - self.seconds

    def after(self, second: int) -> int:
        return self.calendar.after_workdays(second, self.workdays) if self.workdays else second + self.seconds


@dataclass(frozen=True)
class Hours:
    """Minutes of the day from one up to, and without, another; over midnight if they stand so."""

    begin: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Hours:
        begin, end = (minute_of_day(part) for part in text.split("-"))
        if begin == end or begin == MINUTES_OF_A_DAY:
            raise ValueError(f"no time of day lies in {text!r}")
        return cls(begin, end)

    def holds(self, second: int) -> bool:
        at = local(second)
        minute = at.hour * 60 + at.minute
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end


def minute_of_day(text: str) -> int:
    hour, minute = text.strip().split(":")
    total = int(hour) * 60 + int(minute)
    if not (0 <= int(minute) < 60 and 0 <= total <= MINUTES_OF_A_DAY):
        raise ValueError(f"not a time of day: {text!r}")
    return total
