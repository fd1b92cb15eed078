"""Ten thousand real tickets of one district as input: registry, categories, mapping, rules and events.

The data is not part of the project (it has no licence): it is looked for beside the repository or where
GRIDWARN_SHARED says, and tests that need it skip where it is absent.  Everything is derived from it when a test runs.
What the rows hold is passed on as it is, blanks and unknown places included, so that the engine meets real input.
"""

from __future__ import annotations

import csv
import gzip
import html
import json
import os
from pathlib import Path
from typing import Iterator, NamedTuple

import pytest

from events import Event, seconds
from oracle import minute_of

DISTRICT = "1"
BLANK = ("", "-", "0")
SOURCE = "tickets"


def data_path() -> Path:
    shared = os.environ.get("GRIDWARN_SHARED") or Path(__file__).resolve().parents[2] / "shared"
    path = Path(shared) / "data" / "pingshan_minsheng_2018.csv.gz"
    if not path.exists():
        pytest.skip("the Pingshan tickets are not here (set GRIDWARN_SHARED to the folder that has data/)")
    return path


class Ticket(NamedTuple):
    row: dict[str, str]
    occurred_at: int
    category: str

    @property
    def id(self) -> str:
        return self.row["REC_ID"]

    @property
    def community(self) -> str:
        code = self.row["COMMUNITY_ID"]
        return "" if code in BLANK else code


def read_tickets(path: Path) -> list[Ticket]:
    """In the order of their record numbers, which is the order of arrival; times run up to 43 minutes back."""
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if len({row["REC_ID"] for row in rows}) != len(rows):
        raise ValueError("REC_ID is not unique: it cannot be the event's id")
    tickets = [Ticket(row, seconds(row["CREATE_TIME"] + "+08:00"), category_of(row)) for row in rows]
    return sorted(tickets, key=lambda ticket: int(ticket.id))


def category_of(row: dict[str, str]) -> str:
    return f"t{row['EVENT_TYPE_ID']}.s{row['SUB_TYPE_ID']}"


def events_of(tickets: list[Ticket]) -> list[Event]:
    """What the oracle should see: tickets without a place are dead letters, of which it knows nothing."""
    return [Event(id=t.id, source=SOURCE, kind="created", occurred_at=t.occurred_at, region=t.community,
                  category=t.category, matter=t.id) for t in tickets if t.community]


# -- the files that the engine reads -----------------------------------------------------------------------------


def write_csv(path: Path, header: str, rows: list[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])


def regions_of(tickets: list[Ticket]) -> list[tuple[str, ...]]:
    placed = [t.row for t in tickets if t.community]
    streets = {row["STREET_ID"]: row["STREET_NAME"] for row in placed}
    communities = {row["COMMUNITY_ID"]: (row["COMMUNITY_NAME"], row["STREET_ID"]) for row in placed}
    return [(DISTRICT, "坪山区", "district", ""),
            *((code, name, "street", DISTRICT) for code, name in sorted(streets.items())),
            *((code, name, "community", street) for code, (name, street) in sorted(communities.items()))]


def categories_of(tickets: list[Ticket]) -> list[tuple[str, str]]:
    names: dict[str, str] = {}  # one code has several spellings: the first is as good as the others
    for row in (t.row for t in tickets):
        names.setdefault(f"t{row['EVENT_TYPE_ID']}", html.unescape(row["EVENT_TYPE_NAME"]))
        names.setdefault(category_of(row), html.unescape(row["SUB_TYPE_NAME"]))
    return sorted(names.items())


def codes_of(tickets: list[Ticket]) -> list[tuple[str, str]]:
    table = {t.row["SUB_TYPE_ID"]: t.category for t in tickets}
    if any(table[t.row["SUB_TYPE_ID"]] != t.category for t in tickets):
        raise ValueError("a subtype of two types: the table of codes needs both columns")
    return sorted(table.items())


MAPPING = """\
id: REC_ID
kind: created
occurred_at: {path: CREATE_TIME, formats: ["%Y-%m-%d %H:%M:%S"], zone: "+08:00"}
region: COMMUNITY_ID
category: {path: SUB_TYPE_ID, table: subtypes.csv}
matter: REC_ID
"""


class Burst(NamedTuple):
    """A gathering that really took place, and the rule that must find it."""

    rule: str
    category: str
    per: str
    within_h: int
    threshold: int
    subject: str
    day: str


BURSTS = (
    Burst("housing", "t4.s559", "community", 3, 25, "10019", "2018-11-09"),  # 56 tickets, 54 of them in 3 hours
    Burst("buses", "t7.s681", "community", 3, 40, "10014", "2018-11-02"),  # 57; 09-20 had another, smaller one
    Burst("landfill_smell", "t3.s490", "community", 3, 25, "10011", "2018-09-07"),  # 28 in 3 hours
    Burst("owners_committee", "t17.s406", "community", 3, 25, "10007", "2018-08-31"),  # 27, many in one second
    Burst("fallen_trees", "t5.s595", "district", 24, 25, DISTRICT, "2018-09-16"),  # a typhoon, two days
)


def rule(id: str, category: str | None, per: str, within_h: int, levels: dict[str, int], clear: dict) -> dict:
    return {"id": id, "title": id, "let": {"tickets": {"category": category} if category else {}}, "per": per,
            "within": f"{within_h}h", "levels": {name: f"tickets >= {n}" for name, n in levels.items()},
            "clear": clear}


def burst_rules() -> list[dict]:
    return [rule(b.rule, b.category, b.per, b.within_h, {"yellow": b.threshold, "red": 2 * b.threshold},
                 {"after": "3h"}) for b in BURSTS]


def broad_rules(tickets: list[Ticket]) -> list[dict]:
    """Low thresholds over everything: some 1,500 small episodes, so that the comparison covers more than five."""
    types = sorted({t.category.partition(".")[0] for t in tickets})
    low, high = {"blue": 3, "yellow": 5, "orange": 10, "red": 20}, {"blue": 10, "yellow": 20, "red": 40}
    return [*(rule(f"type_{name}", name, "community", 24, low, {"below": 2, "after": "3h"}) for name in types),
            *(rule(f"all_{per}", None, per, 3, high, {"after": "1h"}) for per in ("community", "street", "district"))]


def write_project(directory: Path, tickets: list[Ticket]) -> None:
    """regions.csv, categories.csv, mapping.yaml with its table, and rules/."""
    write_csv(directory / "regions.csv", "code,name,level,parent", regions_of(tickets))
    write_csv(directory / "categories.csv", "path,name", categories_of(tickets))
    write_csv(directory / "subtypes.csv", "code,category", codes_of(tickets))
    (directory / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    (directory / "rules").mkdir()
    for name, rules in (("bursts", burst_rules()), ("broad", broad_rules(tickets))):
        text = json.dumps({"rules": rules}, ensure_ascii=False, indent=1)  # JSON, being YAML, is accepted
        (directory / "rules" / f"{name}.yaml").write_text(text, encoding="utf-8")


def records_of(tickets: list[Ticket]) -> Iterator[tuple[str, bytes]]:
    """(key, value) of each ticket, flat, every value a text as in the source."""
    for ticket in tickets:
        yield ticket.row["COMMUNITY_ID"], json.dumps(ticket.row, ensure_ascii=False).encode()


# -- which ticket crossed ----------------------------------------------------------------------------------------


def crossing_ticket(tickets: list[Ticket], burst: Burst) -> Ticket:
    """The first that is the threshold's nth, in the order (occurred_at, id), of the window at its own minute."""
    own = sorted((t for t in tickets if t.category == burst.category
                  and (burst.subject == DISTRICT or t.community == burst.subject) and t.community),
                 key=lambda t: (t.occurred_at, t.id))
    for last in range(burst.threshold - 1, len(own)):
        nth_before = own[last - burst.threshold + 1]
        if nth_before.occurred_at > minute_of(own[last].occurred_at) * 60 - burst.within_h * 3600:
            return own[last]
    raise ValueError(f"no crossing of {burst.rule}")
