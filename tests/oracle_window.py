"""One subject's facts, and what a rule measures of them at a minute: every window is counted anew from the facts."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import Sequence

from events import Event
from oracle_calendar import Span
from oracle_facts import MINUTE, Regions


class Chain:
    """The facts of a rule on one subject, by the selections that take them, each in order."""

    def __init__(self, regions: Regions):
        self.regions = regions
        self.facts: list[Event] = []
        self.taken: defaultdict[str, list[Event]] = defaultdict(list)
        self.orders: defaultdict[str, list[tuple]] = defaultdict(list)

    def append(self, fact: Event, selections: Sequence[str]) -> None:
        """Facts come in their order."""
        self.facts.append(fact)
        for name in selections:
            self.taken[name].append(fact)
            self.orders[name].append(fact.order)

    def between(self, selection: str, begin: tuple, end: tuple) -> list[Event]:
        orders = self.orders[selection]
        return self.taken[selection][bisect_left(orders, begin):bisect_left(orders, end)]

    def place(self, fact: Event) -> str:
        return self.regions.at(fact.region, "grid") or fact.region


class Moment:
    """The window of one minute; up to one of its facts only, if that is asked."""

    def __init__(self, chain: Chain, neighbours: Sequence[Chain], within: Span, minute: int,
                 last: Event | None = None):
        self.chain, self.neighbours, self.within, self.minute, self.last = chain, neighbours, within, minute, last

    def around(self) -> list[Moment]:
        return [Moment(chain, (), self.within, self.minute, self.last) for chain in (self.chain, *self.neighbours)]

    def window(self, selection: str, lag: int = 0) -> list[Event]:
        end = self.minute * MINUTE - lag
        until = (*self.last.order, True) if self.last else (end + 1,)  # the fact itself is before that
        return self.chain.between(selection, (self.within.before(end) + 1,), until)

    def actors(self, selection: str) -> set[str]:
        return {actor for fact in self.window(selection) for actor in fact.actors}

    def measure(self, selection: str, measure: str, lag: int = 0) -> int | None:
        window = self.window(selection, lag)
        if measure == "events":
            return len(window)
        if measure == "callers":
            return len({actor for fact in window for actor in fact.actors})
        if measure == "involved":
            return involved(window)
        if measure == "regions":
            return len({self.chain.place(fact) for fact in window if fact.region})
        if measure == "sources":
            return len({fact.source for fact in window})
        values = [fact.value for fact in window]
        if measure == "sum":
            return sum(values)
        if not values:
            return None
        return max(values) if measure == "max" else sum(values) // len(values)


def involved(facts: Sequence[Event]) -> int:
    """Each matter's largest figure; a fact without a matter is one of its own."""
    largest: defaultdict[object, int] = defaultdict(int)
    for fact in facts:
        matter = fact.matter or (fact.source, fact.id)
        largest[matter] = max(largest[matter], fact.involved)
    return sum(largest.values())
