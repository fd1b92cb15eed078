"""The oracle: what episodes a set of events must give, worked out a second time from the definitions.

It follows rules/README.md ("Episodes") and shares no code with the engine.  Facts are a set, so all is known before
the first minute is looked at: settle what later facts say about earlier ones, hand each fact to its subject, then
walk the minutes at which a subject's window changes or one of its timers ends.  Between those nothing can happen.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple

from events import Event
from oracle_rules import Atom, Rule

MINUTE = 60
REGION_LEVELS = ("district", "street", "community", "grid", "micro_grid")


class Episode(NamedTuple):
    rule: str
    subject_kind: str
    subject: str
    opened_minute: int
    opened_at: int  # seconds
    crossed_by: str | None  # id of the event; None where the rule waits (`for`): time crossed, not an event
    highest: str
    ended_minute: int | None  # None: still open (published ones only: the oracle runs until all is over)


def minute_of(second: int) -> int:
    """The first minute whose window holds what happens at this second."""
    return -(-second // MINUTE)


class Regions:
    """The registry: each region's path of ancestors, from the file's parents."""

    LEVEL_WORDS = dict(zip(("区", "街道", "社区", "网格", "微网格"), REGION_LEVELS))

    def __init__(self, rows: Iterable[dict]):
        self.rows = {row["code"]: row for row in rows}

    @classmethod
    def read(cls, path: Path) -> Regions:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return cls(csv.DictReader(file))

    def at(self, code: str, level: str) -> str:
        """The region of that level which is or contains `code`; empty if there is none."""
        while code:
            row = self.rows[code]
            if self.LEVEL_WORDS.get(row["level"], row["level"]) == level:
                return code
            code = row["parent"]
        return ""


# -- what later facts say about earlier ones ---------------------------------------------------------------------


def greatest(events: Iterable[Event]) -> dict[tuple[str, str], Event]:
    """By (source, target), the greatest of the facts about it."""
    found: dict[tuple[str, str], Event] = {}
    for event in events:
        key = (event.source, event.target)
        if key not in found or event.order > found[key].order:
            found[key] = event
    return found


def matter_roots(merges: Iterable[Event]) -> dict[str, str]:
    """By matter, the smallest member of its component."""
    root: dict[str, str] = {}

    def find(matter: str) -> str:
        while root.setdefault(matter, matter) != matter:
            matter = root[matter]
        return matter

    for merge in merges:
        low, high = sorted((find(merge.matter), find(merge.target)), key=str.encode)
        root[high] = low
    return {matter: find(matter) for matter in list(root)}


def live_facts(events: Iterable[Event]) -> list[Event]:
    """Each event once, without those taken back, with the region, category and matter that count in the end."""
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
                       matter=roots.get(fact.matter, fact.matter))

    return [settled(f) for f in live]


# -- the window --------------------------------------------------------------------------------------------------


def bump(counter: Counter, key: object, by: int) -> None:
    counter[key] += by
    if not counter[key]:
        del counter[key]


class Tally:
    """One selection's measures over the facts that are in the window now."""

    def __init__(self) -> None:
        self.events = self.sum = self.involved = 0
        self.actors: Counter = Counter()
        self.values: Counter = Counter()
        self.figures: defaultdict[object, Counter] = defaultdict(Counter)  # by matter

    def change(self, fact: Event, by: int) -> None:
        self.events += by
        self.sum += by * fact.value
        bump(self.values, fact.value, by)
        for actor in set(fact.actors):
            bump(self.actors, actor, by)
        figures = self.figures[fact.matter or (fact.source, fact.id)]
        before = max(figures, default=0)
        bump(figures, fact.involved, by)
        self.involved += max(figures, default=0) - before

    def measure(self, name: str) -> float:
        if name == "max":
            return max(self.values, default=float("-inf"))
        return len(self.actors) if name == "callers" else getattr(self, name)


class Window:
    def __init__(self, rule: Rule):
        self.rule = rule
        self.tallies = {name: Tally() for name in rule.selections}

    def change(self, fact: Event, by: int) -> None:
        for name, selection in self.rule.selections.items():
            if selection.selects(fact):
                self.tallies[name].change(fact, by)

    def measure(self, atom: Atom) -> float:
        return self.tallies[atom[0]].measure(atom[1])

    def level(self) -> int:
        return max((number for number, holds in self.rule.levels.items() if holds(self.measure)), default=0)

    def kept_level(self, level: int) -> int:
        rule = self.rule
        if level == 0 and rule.clear_below is not None and self.measure(rule.lowest_atom) >= rule.clear_below:
            return min(rule.levels)
        return level


def crossing(rule: Rule, facts: list[Event], minute: int) -> Event:
    """The first fact with which the window's facts so far reach some level."""
    window = Window(rule)
    for fact in facts:
        if minute * MINUTE - rule.within < fact.occurred_at <= minute * MINUTE:
            window.change(fact, +1)
            if window.level():
                return fact
    raise AssertionError("an episode opened on a window that reaches no level")


# -- the episodes of one subject ---------------------------------------------------------------------------------


class Segment(NamedTuple):
    begin: int  # minutes [begin, end) of one level
    end: float
    level: int
    kept_level: int


def segments(rule: Rule, facts: list[Event]) -> Iterator[Segment]:
    changes: defaultdict[int, list[tuple[Event, int]]] = defaultdict(list)
    for fact in facts:
        changes[minute_of(fact.occurred_at)].append((fact, +1))
        changes[minute_of(fact.occurred_at + rule.within)].append((fact, -1))
    window = Window(rule)
    minutes = sorted(changes)
    for begin, end in zip(minutes, [*minutes[1:], float("inf")]):
        for fact, by in changes[begin]:
            window.change(fact, by)
        level = window.level()
        yield Segment(begin, end, level, window.kept_level(level))


def course(rule: Rule, facts: list[Event]) -> Iterator[tuple[int, int]]:
    """(minute, level) of each change of one subject's alert, level 0 being its end; facts in their order."""
    hold, after = minute_of(rule.hold), minute_of(rule.clear_after)
    numbers = range(1, max(rule.levels) + 1)
    held: dict[int, int] = {}  # by level, since when the level has been at least that
    low: dict[int, int] = {}  # by level, since when the kept level has been less
    current = 0
    for begin, end, level, kept_level in segments(rule, facts):
        for number in numbers:
            if level < number:
                held.pop(number, None)
            else:
                held.setdefault(number, begin)
            if kept_level >= number:
                low.pop(number, None)
            else:
                low.setdefault(number, begin)
        timers = {since + hold for since in held.values()} | {since + after for since in low.values()}
        for minute in sorted({begin} | {timer for timer in timers if begin < timer < end}):
            up = max((n for n in numbers if n in held and minute - held[n] >= hold), default=0)
            kept = (n for n in numbers if n <= current and not (n in low and minute - low[n] >= after))
            down = max(kept, default=0)
            settled = up if up > current else down
            if settled != current:
                current = settled
                yield minute, current


def spans(changes: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """(opened, ended, highest level) of each episode of a course."""
    opened = highest = 0
    for minute, level in changes:
        if level == 0:
            yield opened, minute, highest
            highest = 0
        elif highest == 0:
            opened, highest = minute, level
        else:
            highest = max(highest, level)


def subject_of(rule: Rule, fact: Event, regions: Regions) -> tuple[str, str] | None:
    """The first of the rule's kinds of subject that the fact names."""
    for kind in rule.per:
        code = regions.at(fact.region, kind) if kind in REGION_LEVELS else getattr(fact, kind)
        if code:
            return kind, code
    return None


def rule_episodes(rule: Rule, facts: list[Event], regions: Regions) -> Iterator[Episode]:
    subjects: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    for fact in facts:
        if any(selection.selects(fact) for selection in rule.selections.values()):
            subject = subject_of(rule, fact, regions)
            if subject:
                subjects[subject].append(fact)
    for (kind, code), own in subjects.items():
        for opened, ended, highest in spans(course(rule, own)):
            crossed = None if rule.hold else crossing(rule, own, opened)
            yield Episode(rule.id, kind, code, opened, crossed.occurred_at if crossed else opened * MINUTE,
                          crossed.id if crossed else None, rule.level_names[highest - 1], ended)


def episodes(events: Iterable[Event], rules: Iterable[Rule], regions: Regions,
             watermark_minute: int | None = None) -> list[Episode]:
    """All episodes, in order.  With a watermark, only those that a rule first seen then would raise, not record."""
    facts = sorted(live_facts(events), key=lambda fact: fact.order)
    found = []
    for rule in rules:
        for episode in rule_episodes(rule, facts, regions):
            last_open = episode.ended_minute - 1
            if watermark_minute is None or (last_open - watermark_minute) * MINUTE > -rule.raise_within:
                found.append(episode)
    return sorted(found)
