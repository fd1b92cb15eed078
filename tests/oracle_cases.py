"""Small worlds for the oracle's own tests: an imaginary day that begins at minute DAY, a district of seven regions,
events and rules with defaults for all that a case does not speak of.
"""

from pathlib import Path

from events import Event
from oracle import MINUTE, Regions
from oracle_calendar import Calendar
from oracle_rules import read_rule

DAY = 29_500_000  # minutes since 1970

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
