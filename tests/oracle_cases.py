"""Small worlds for the oracle's own tests: an imaginary day that begins at minute DAY, a district of seven regions,
events and rules with defaults for all that a case does not speak of.
"""

from datetime import datetime
from pathlib import Path

from events import Event
from oracle import MINUTE, Regions, episodes
from oracle_calendar import Calendar
from oracle_rules import read_rule

DAY = 29_500_000  # minutes since 1970: 2026-02-02 10:40 in Beijing, a Monday
A_DAY = 1440

REGIONS = Regions(
    dict(zip(("code", "name", "level", "parent", "neighbours"), row))
    for row in [("D", "区", "district", "", ""), ("S1", "东街", "street", "D", "S2"), ("S2", "西街", "街道", "D", "S1"),
                ("C1", "", "community", "S1", ""), ("G1", "", "grid", "C1", "G2;G3"), ("G2", "", "grid", "C1", "G1;S2"),
                ("G3", "", "网格", "S2", "G1"), ("M1", "", "micro_grid", "G1", "")]
)


def at(minute, second=0):
    return (DAY + minute) * MINUTE + second


def event(id, minute, second=0, **fields):
    defaults = {"source": "hotline", "kind": "created", "region": "G1", "category": "labour.wage_arrears"}
    return Event(id=id, occurred_at=at(minute, second), **{**defaults, **fields})


def rule(levels=None, calendar=Calendar(), directory=Path("."), **fields):
    defaults = {"id": "r", "let": {"x": {}}, "per": "grid", "within": "10m", "levels": levels or {"yellow": "x >= 2"},
                "clear": {"after": "5m"}}
    return read_rule({**defaults, **fields}, calendar=calendar, directory=directory)


CALENDAR = Calendar.of([
    {"from": "2026-02-15", "to": "2026-02-23", "kind": "holiday", "name": "春节"},
    {"from": "2026-02-14", "to": "", "kind": "上班日", "name": "春节调休"},  # a Saturday
    {"from": "2026-02-04", "to": "2026-02-05", "kind": "period", "name": "year_end"},
    {"from": "2026-02-05", "to": "", "kind": "时期", "name": "exam"},
])


def found(events, *rules, **more):
    """Subject, opened minute, crossed by, highest, ended minute."""
    return [(e.subject, e.opened_minute - DAY, e.crossed_by, e.highest, e.ended_minute - DAY)
            for e in episodes(events, rules, REGIONS, **more)]


def opens(events, condition, **fields):
    return bool(found(events, rule({"yellow": condition}, **fields)))


def value(events, term, places=0, most=40, **fields):
    """The largest number that the term reaches in some minute (and some event does happen), by trying all."""
    fields.setdefault("let", {"x": {}})
    step = 10 ** -places
    reached = [n for n in range(1, most * 10 ** places + 1)
               if opens(events, f"{term} >= {n * step:.{places}f}", **fields)]
    return round(max(reached, default=0) * step, places)


def minute_at(text):
    """Of Beijing's time, counted from DAY."""
    return int(datetime.fromisoformat(text + "+08:00").timestamp()) // 60 - DAY
