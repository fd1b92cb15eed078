"""What conditions are made of, for the oracle: terms that have a value at a moment, and comparisons of these.

A moment (oracle_window.Moment) is one subject's window at one minute.  Values are whole numbers in the unit of their
term: one for what is counted, a thousandth for the rest.  None is no value, which no comparison holds of.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache
from math import ceil
from typing import Callable, Iterator, Protocol, Union

from events import VALUE_SCALE

DAY = 86_400
COUNTS = ("events", "callers", "involved", "regions", "sources")
MEASURES = (*COUNTS, "sum", "max", "avg")
SEASONAL = ("events", "callers", "involved")  # whose thresholds a period multiplies
SIGNS: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, "=": operator.eq, "!=": operator.ne}
OPPOSITE = {">=": "<", "<": ">=", ">": "<=", "<=": ">", "=": "!=", "!=": "="}
UPWARD = (">=", ">")


class Moment(Protocol):
    def measure(self, selection: str, measure: str, lag: int = 0) -> int | None: ...

    def actors(self, selection: str) -> set[str]: ...

    def around(self) -> list[Moment]:
        """The same minute of the subject, which comes first, and of its neighbours."""


# -- terms -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measure:
    selection: str
    name: str
    lags = ()

    @property
    def unit(self) -> int:
        return 1 if self.name in COUNTS else VALUE_SCALE

    @property
    def grows(self) -> bool:
        """Whether further facts can only make it larger."""
        return self.name != "avg"

    def selections(self) -> set[str]:
        return {self.selection}

    def value(self, moment: Moment) -> int | None:
        return moment.measure(self.selection, self.name)


@dataclass(frozen=True)
class Change:
    x: Measure
    lag: int
    unit = VALUE_SCALE
    grows = False

    @property
    def lags(self) -> tuple[int, ...]:
        return (self.lag,)

    def selections(self) -> set[str]:
        return self.x.selections()

    def value(self, moment: Moment) -> int:
        before = moment.measure(self.x.selection, self.x.name, self.lag)
        return VALUE_SCALE * self.x.value(moment) // max(before, self.x.unit)


@dataclass(frozen=True)
class Share:
    part: Measure
    whole: Measure
    unit = VALUE_SCALE
    grows = False
    lags = ()

    def selections(self) -> set[str]:
        return self.part.selections() | self.whole.selections()

    def value(self, moment: Moment) -> int | None:
        whole = self.whole.value(moment) * self.part.unit
        return VALUE_SCALE * self.part.value(moment) * self.whole.unit // whole if whole > 0 else None


@dataclass(frozen=True)
class Both:
    one: str
    other: str
    unit = 1
    grows = True
    lags = ()

    def selections(self) -> set[str]:
        return {self.one, self.other}

    def value(self, moment: Moment) -> int:
        return len(moment.actors(self.one) & moment.actors(self.other))


@dataclass(frozen=True)
class Adjacent:
    condition: Condition
    unit = 1
    grows = True
    lags = ()

    def selections(self) -> set[str]:
        return {name for comparison in self.condition.comparisons() for name in comparison.term.selections()}

    def value(self, moment: Moment) -> int:
        holding = [self.condition.holds(there) for there in moment.around()]
        return sum(holding) if holding[0] else 0


@dataclass(frozen=True)
class Anomaly:
    x: Measure
    unit = VALUE_SCALE
    grows = False
    lags = (7 * DAY, 14 * DAY, 21 * DAY, 28 * DAY)

    def selections(self) -> set[str]:
        return self.x.selections()

    def value(self, moment: Moment) -> int:
        return surprise(self.x.value(moment), sum(moment.measure(self.x.selection, self.x.name, lag)
                                                  for lag in self.lags))


EXACT = Context(prec=250)  # 1 minus a sum that may come within 10^-100 of it
MOST_SURPRISING = 99_999


@lru_cache(None)
def surprise(seen: int, expected_of: int) -> int:
    """How improbable `seen` or more is after so many in four weeks: -log10 of it, in thousandths."""
    if seen == 0:
        return 0
    r, p = Decimal(expected_of) + Decimal("0.5"), Decimal("0.8")
    mass, below = EXACT.power(p, r), Decimal(0)
    for k in range(seen):
        below = EXACT.add(below, mass)
        mass = EXACT.divide(EXACT.multiply(mass, EXACT.multiply(k + r, 1 - p)), Decimal(k + 1))
    tail = EXACT.subtract(Decimal(1), below)
    if tail < Decimal("1e-110"):
        return MOST_SURPRISING
    return min(max(int(EXACT.multiply(-tail.log10(EXACT), Decimal(1000))), 0), MOST_SURPRISING)


Term = Union[Measure, Change, Share, Both, Adjacent, Anomaly]


# -- conditions --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    term: Term
    sign: str
    number: int

    def holds(self, moment: Moment) -> bool:
        value = self.term.value(moment)
        return value is not None and SIGNS[self.sign](value, self.number)

    def negated(self) -> Comparison:
        return Comparison(self.term, OPPOSITE[self.sign], self.number)

    def comparisons(self) -> Iterator[Comparison]:
        yield self

    def mapped(self, change: Callable[[Comparison], Comparison]) -> Comparison:
        return change(self)

    def is_upward(self) -> bool:
        return self.sign in UPWARD


@dataclass(frozen=True)
class Joined:
    join: Callable  # any or all
    parts: tuple[Condition, ...]

    def holds(self, moment: Moment) -> bool:
        return self.join(part.holds(moment) for part in self.parts)

    def negated(self) -> Joined:
        return Joined(all if self.join is any else any, tuple(part.negated() for part in self.parts))

    def comparisons(self) -> Iterator[Comparison]:
        for part in self.parts:
            yield from part.comparisons()

    def mapped(self, change: Callable[[Comparison], Comparison]) -> Joined:
        return Joined(self.join, tuple(part.mapped(change) for part in self.parts))


Condition = Union[Comparison, Joined]


def in_season(condition: Condition, factor) -> Condition:
    """With the thresholds of what is counted multiplied, as periods ask for."""

    def multiplied(one: Comparison) -> Comparison:
        if not (one.is_upward() and isinstance(one.term, Measure) and one.term.name in SEASONAL):
            return one
        least = one.number + (one.sign == ">")
        return Comparison(one.term, ">=", max(1, ceil(least * factor)))

    return condition if factor == 1 else condition.mapped(multiplied)


class Nothing:
    """The moment at which nothing has happened for as long as anybody remembers."""

    def measure(self, selection: str, measure: str, lag: int = 0) -> int | None:
        return None if measure in ("max", "avg") else 0

    def actors(self, selection: str) -> set[str]:
        return set()

    def around(self) -> list[Nothing]:
        return [self]
