"""The oracle: what episodes a set of events must give, worked out a second time from the definitions.

It follows rules/README.md and shares no code with the engine.  Facts are a set, so all is known before the first
minute is looked at: settle what later facts say about earlier ones (oracle_facts), hand each fact to its subject, then
walk the minutes at which anything can change: a fact enters or leaves a window, this one's or an earlier one's that it
is compared with; a period or the rule's validity begins or ends; a timer runs out.  Between those nothing can happen.
At each of them the windows are counted anew (oracle_window).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Iterable, Iterator, NamedTuple

from events import Event
from oracle_calendar import ONE_DAY, local_date, midnight
from oracle_expression import Adjacent
from oracle_facts import MINUTE, REGION_LEVELS, Matters, Regions, live_facts, minute_of
from oracle_rules import Rule
from oracle_window import Chain, Moment


class Episode(NamedTuple):
    rule: str
    subject_kind: str
    subject: str
    opened_minute: int
    opened_at: int  # seconds
    crossed_by: str | None  # id of the event; None where time crossed, not an event
    highest: str
    ended_minute: int | None  # None: still open (published ones only: the oracle runs until all is over)
    each: str | None = None  # the category that it is of, where the rule judges each by itself


def in_order(episodes: Iterable[Episode]) -> list[Episode]:
    """By their fields, absent ones first."""
    return sorted(episodes, key=lambda episode: [(field is not None, field) for field in episode])


class Subject(NamedTuple):
    kind: str
    code: str
    each: str | None


# -- the facts of each subject -------------------------------------------------------------------------------------


def subject_of(rule: Rule, fact: Event, regions: Regions) -> Subject | None:
    """The first of the rule's kinds of subject that the fact names."""
    for kind in rule.per:
        code = regions.at(fact.region, kind) if kind in REGION_LEVELS else getattr(fact, kind)
        if code:
            return Subject(kind, code, rule.value_of_each(fact))
    return None


def chains(rule: Rule, facts: list[Event], regions: Regions, matters: Matters) -> dict[Subject, Chain]:
    found: defaultdict[Subject, Chain] = defaultdict(lambda: Chain(regions))
    for fact in facts:
        past = matters.before(fact) if any(s.looks_back for s in rule.selections.values()) else ()
        taken = [name for name in rule.selections if rule.takes(name, fact, past)]
        subject = subject_of(rule, fact, regions) if taken else None
        if subject and (not rule.each or subject.each):
            found[subject].append(fact, taken)
    return dict(found)


def neighbours_of(rule: Rule, subject: Subject, own: dict[Subject, Chain], regions: Regions) -> list[Chain]:
    """Of what is around it, the chains, for rules that look there."""
    if not any(isinstance(one.term, Adjacent) for one in rule.comparisons()):
        return []
    around = [subject._replace(code=code) for code in regions.neighbours(subject.code)]
    return [own[other] for other in around if other in own]


# -- one subject, minute after minute ------------------------------------------------------------------------------


class Segment(NamedTuple):
    begin: int  # minutes [begin, end) of one level
    end: float
    level: int
    kept_level: int


class Judge:
    """A rule on one subject: its level at any minute."""

    def __init__(self, rule: Rule, subject: Subject, chain: Chain, neighbours: list[Chain], regions: Regions):
        self.rule, self.chain, self.neighbours = rule, chain, neighbours
        self.levels = rule.levels_in(subject.code, regions)
        self.counted = {name for one in rule.comparisons() for name in one.term.selections()}

    def moment(self, minute: int, last: Event | None = None) -> Moment:
        return Moment(self.chain, self.neighbours, self.rule.within, minute, last)

    def level(self, moment: Moment) -> int:
        if not self.sees(moment):
            return 0
        levels = self.rule.levels_on(self.levels, local_date(moment.minute * MINUTE))
        return max((number for number, condition in levels.items() if condition.holds(moment)), default=0)

    def sees(self, moment: Moment) -> bool:
        """Whether any of the rule's windows holds a fact that counts."""
        return any(moment.window(name, lag) for lag in self.lags() for name in self.counted)

    def lags(self) -> set[int]:
        return {0} | {lag for one in self.rule.comparisons() for lag in one.term.lags}

    def kept_level(self, level: int, moment: Moment) -> int:
        rule = self.rule
        kept = rule.clear_below and rule.clear_below.holds(moment)
        kept = kept or (rule.clear_when and not rule.clear_when.holds(moment))
        return min(rule.levels) if level == 0 and kept else level

    def minutes(self) -> list[int]:
        """At which the level may change."""
        lags = self.lags()
        found = {minute_of(second + lag) for chain in (self.chain, *self.neighbours) for fact in chain.facts
                 for second in (fact.occurred_at, self.rule.within.after(fact.occurred_at)) for lag in lags}
        days = self.rule.calendar.edges(self.rule.during) | set(validity_edges(self.rule))
        return sorted(found | {minute_of(midnight(day)) for day in days})

    def segments(self) -> Iterator[Segment]:
        minutes = self.minutes()
        for begin, end in zip(minutes, [*minutes[1:], float("inf")]):
            if self.rule.is_valid(local_date(begin * MINUTE)):
                moment = self.moment(begin)
                level = self.level(moment)
                yield Segment(begin, end, level, self.kept_level(level, moment))
            else:
                yield Segment(begin, end, 0, 0)

    def crossing(self, minute: int) -> Event:
        """The first fact with which the window's facts so far reach some level."""
        begin = self.rule.within.before(minute * MINUTE)
        facts = [fact for chain in (self.chain, *self.neighbours) for fact in chain.facts
                 if begin < fact.occurred_at <= minute * MINUTE]
        for fact in sorted(facts, key=lambda fact: fact.order):
            if self.level(self.moment(minute, fact)):
                return fact
        raise AssertionError("an episode opened on a window that reaches no level")


def validity_edges(rule: Rule) -> Iterator[date]:
    if rule.valid_from > date.min:
        yield rule.valid_from
    if rule.valid_to < date.max:
        yield rule.valid_to + ONE_DAY


def course(rule: Rule, segments: Iterable[Segment]) -> Iterator[tuple[int, int]]:
    """(minute, level) of each change of one subject's alert, level 0 being its end."""
    hold, after = minute_of(rule.hold), minute_of(rule.clear_after)
    numbers = range(1, max(rule.levels) + 1)
    held: dict[int, int] = {}  # by level, since when the level has been at least that
    low: dict[int, int] = {}  # by level, since when the kept level has been less
    current = 0
    for begin, end, level, kept_level in segments:
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


# -- all of a rule, all rules --------------------------------------------------------------------------------------


def judges(rule: Rule, facts: list[Event], regions: Regions) -> Iterator[tuple[Subject, Judge]]:
    """Of each subject; the facts are live and in order."""
    own = chains(rule, facts, regions, Matters(facts))
    for subject, chain in own.items():
        yield subject, Judge(rule, subject, chain, neighbours_of(rule, subject, own, regions), regions)


def courses(rule: Rule, facts: Iterable[Event], regions: Regions) -> dict[Subject, list[tuple[int, int]]]:
    """By subject, the (minute, level) of each change of its alert."""
    live = sorted(live_facts(facts), key=lambda fact: fact.order)
    return {subject: list(course(rule, judge.segments())) for subject, judge in judges(rule, live, regions)}


def rule_episodes(rule: Rule, facts: list[Event], regions: Regions) -> Iterator[Episode]:
    immediate = rule.hold == 0 and rule.is_monotone
    for subject, judge in judges(rule, facts, regions):
        for opened, ended, highest in spans(course(rule, judge.segments())):
            crossed = judge.crossing(opened) if immediate else None
            yield Episode(rule.id, subject.kind, subject.code, opened,
                          crossed.occurred_at if crossed else opened * MINUTE, crossed.id if crossed else None,
                          rule.level_names[highest - 1], ended, subject.each)


def episodes(events: Iterable[Event], rules: Iterable[Rule], regions: Regions, watermark_minute: int | None = None,
             lives: Iterable[str] = ("active",)) -> list[Episode]:
    """All that are published, in order; with the life `shadow`, those recorded too.  With a watermark, only those that
    a rule first seen then would raise, not record."""
    facts = sorted(live_facts(events), key=lambda fact: fact.order)
    found = []
    for rule in rules:
        for episode in rule_episodes(rule, facts, regions) if rule.life in lives else ():
            last_open = episode.ended_minute - 1
            if watermark_minute is None or (last_open - watermark_minute) * MINUTE > -rule.raise_within:
                found.append(episode)
    return in_order(found)
