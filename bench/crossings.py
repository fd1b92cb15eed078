"""The oracle of the comparison: what both rules have to say of all tickets, however they came, and how an engine's
alerts differ from it.

A ticket of second s belongs to minute ceil(s / 60); the window of minute T holds minutes (T - W, T].  While a rule's
condition holds on a key minute after minute, that is one spell, and the right answer is one alert for each spell,
at a minute of it.  Neither the order of arrival nor the partition matters.
"""

from __future__ import annotations

import bisect
from array import array
from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple

from city import GRIDS_OF_STREET

MINUTE = 60
DISTINCT, DAY = 5, 1440  # different complainants of a grid and category within a day
TICKETS, HOUR = 50, 60  # tickets of a street and category within an hour
GRID, STREET = "grid", "street"


class Key(NamedTuple):
    rule: str  # GRID or STREET
    place: int  # its number
    category: int


class Alert(NamedTuple):
    key: Key
    minute: int  # since the tickets' beginning


Spells = dict[Key, list[tuple[int, int]]]  # first and last minute of each


def joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order of their first minutes; what overlaps or follows at once is one."""
    found: list[tuple[int, int]] = []
    for first, last in spans:
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def counted(minutes: list[int], window: int, needed: int) -> Iterator[tuple[int, int]]:
    """Each ticket that is the last of so many holds until the first of them leaves."""
    for first, last in zip(minutes, minutes[needed - 1:]):
        if last < first + window:
            yield last, first + window - 1


def distinct(tickets: list[tuple[int, int]], window: int, needed: int) -> Iterator[tuple[int, int]]:
    """tickets: (minute, actor) in order.  Going back from each, the ticket with which enough actors are together."""
    for n in range(needed - 1, len(tickets)):
        actors, minute = set(), tickets[n][0]
        for first, actor in reversed(tickets[:n + 1]):
            if first <= minute - window:
                break
            actors.add(actor)
            if len(actors) == needed:
                yield minute, first + window - 1
                break


def spells(facts: Path) -> Spells:
    """facts: what bench_tickets --facts writes, of each ticket second, grid, category and actor."""
    numbers = array("i")
    numbers.frombytes(facts.read_bytes())
    seconds, grids, categories, actors = (numbers[n::4] for n in range(4))
    minutes = [-(-second // MINUTE) for second in seconds]
    found: Spells = {}
    by_grid = sorted(zip(grids, categories, minutes, actors))
    for (grid, category), group in groupby(by_grid, itemgetter(0, 1)):
        tickets = [ticket[2:] for ticket in group]
        if len(tickets) >= DISTINCT:
            found[Key(GRID, grid, category)] = joined(distinct(tickets, DAY, DISTINCT))
    of_street: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for grid, category, minute, _ in by_grid:
        of_street[grid // GRIDS_OF_STREET, category].append(minute)
    for (place, category), all_minutes in of_street.items():
        found[Key(STREET, place, category)] = joined(counted(sorted(all_minutes), HOUR, TICKETS))
    return {key: held for key, held in found.items() if held}


@dataclass
class Verdict:
    expected: int
    missed: list[Alert]  # of each spell without an alert, the minute in which it began
    wrong: list[Alert]  # in no spell, or another one of the same spell

    def of(self, rule: str) -> tuple[int, int]:
        return tuple(sum(alert.key.rule == rule for alert in alerts) for alerts in (self.missed, self.wrong))


def judge(truth: Spells, alerts: Iterable[Alert]) -> Verdict:
    hit: set[tuple[Key, int]] = set()
    wrong = []
    for alert in alerts:
        held = truth.get(alert.key, [])
        n = bisect.bisect_right(held, (alert.minute, float("inf"))) - 1
        if n < 0 or alert.minute > held[n][1] or (alert.key, n) in hit:
            wrong.append(alert)
        else:
            hit.add((alert.key, n))
    missed = [Alert(key, first) for key, held in truth.items() for n, (first, _) in enumerate(held) if (key, n) not in hit]
    return Verdict(sum(map(len, truth.values())), missed, wrong)
