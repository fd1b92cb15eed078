"""What the oracle knows before it looks at any rule: where regions lie, and what later facts say about earlier ones.

Facts are a set, so all of it is known at once: which are live, with which region, category and matter, and what came
before each in its matter.
"""

from __future__ import annotations

import csv
from bisect import bisect_left
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Iterable, Sequence

from events import Event

MINUTE = 60
REGION_LEVELS = ("district", "street", "community", "grid", "micro_grid")


def minute_of(second: int) -> int:
    """The first minute whose window holds what happens at this second."""
    return -(-second // MINUTE)


class Regions:
    """The registry: each region's path of ancestors and its neighbours, from the file's columns."""

    LEVEL_WORDS = dict(zip(("区", "街道", "社区", "网格", "微网格"), REGION_LEVELS))

    def __init__(self, rows: Iterable[dict]):
        self.rows = {row["code"]: row for row in rows}

    @classmethod
    def read(cls, path: Path) -> Regions:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return cls(csv.DictReader(file))

    def level(self, code: str) -> str:
        word = self.rows[code]["level"]
        return self.LEVEL_WORDS.get(word, word)

    def path(self, code: str) -> list[str]:
        """The region and what contains it, the widest last."""
        found = []
        while code:
            found.append(code)
            code = self.rows[code]["parent"]
        return found

    def at(self, code: str, level: str) -> str:
        """The region of that level which is or contains `code`; empty if there is none."""
        return next((region for region in self.path(code) if self.level(region) == level), "")

    def neighbours(self, code: str) -> list[str]:
        """Those of the region's own level."""
        listed = (self.rows[code].get("neighbours") or "").split(";")
        return [other for other in listed if other and self.level(other) == self.level(code)]

    def find(self, word: str) -> str:
        """The region of that code, or the only one of that name."""
        if word in self.rows:
            return word
        (code,) = [code for code, row in self.rows.items() if row["name"] == word]
        return code


def greatest(events: Iterable[Event]) -> dict[tuple[str, str], Event]:
    """By (source, target), the greatest of the facts about it."""
    found: dict[tuple[str, str], Event] = {}
    for event in events:
        key = (event.source, event.target)
        if key not in found or event.order > found[key].order:
            found[key] = event
    return found


def matter_roots(joins: Iterable[Event]) -> dict[str, str]:
    """By matter, the smallest member of its component."""
    root: dict[str, str] = {}

    def find(matter: str) -> str:
        while root.setdefault(matter, matter) != matter:
            matter = root[matter]
        return matter

    for join in joins:
        low, high = sorted((find(join.matter), find(join.target)), key=str.encode)
        root[high] = low
    return {matter: find(matter) for matter in list(root)}


def live_facts(events: Iterable[Event]) -> list[Event]:
    """Each event once, without those taken back, with the region, category and matter that count in the end; links
    name what counts too."""
    first: dict[tuple[str, str], Event] = {}
    for event in events:
        first.setdefault((event.source, event.id), event)
    facts = first.values()
    verdict = greatest(f for f in facts if f.kind in ("voided", "restored"))
    live = [f for key, f in first.items() if key not in verdict or verdict[key].kind == "restored"]
    moves = [f for f in live if f.kind == "moved"]
    region = greatest(m for m in moves if m.region)
    category = greatest(m for m in moves if m.category)
    roots = matter_roots(f for f in live if f.kind == "merged")

    def settled(fact: Event) -> Event:
        key = (fact.source, fact.id)
        return replace(fact, region=region.get(key, fact).region, category=category.get(key, fact).category,
                       matter=roots.get(fact.matter, fact.matter),
                       target=roots.get(fact.target, fact.target) if fact.kind == "linked" else fact.target)

    return [settled(f) for f in live]


class Matters:
    """All that is live of a matter and of those linked to it, in order.  Links are for looking back only: a matter is
    counted, and has its episodes, by itself."""

    def __init__(self, facts: list[Event]):
        self.roots = matter_roots(fact for fact in facts if fact.kind == "linked")
        self.facts: defaultdict[str, list[Event]] = defaultdict(list)
        for fact in sorted(facts, key=lambda fact: fact.order):
            if fact.matter:
                self.facts[self.root(fact)].append(fact)

    def root(self, fact: Event) -> str:
        return self.roots.get(fact.matter, fact.matter)

    def before(self, fact: Event) -> Sequence[Event]:
        """What its matter had seen when it came; nothing if it is of no matter."""
        if not fact.matter:
            return ()
        known = self.facts[self.root(fact)]
        return known[:bisect_left(known, fact.order, key=lambda other: other.order)]


def is_overdue(past: Sequence[Event], second: int) -> bool:
    """Whether a matter of which this is known is then past its due time and not closed."""
    due = [fact.due for fact in past if fact.due]
    ends = [fact.kind for fact in past if fact.kind in ("closed", "reopened")]
    return bool(due) and due[-1] < second and ends[-1:] != ["closed"]
