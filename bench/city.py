"""The made-up city of the comparison, at any size: streets of a hundred grids, and thirty categories.  Its lists are
what the tickets' generator reads; its registry, mapping and rules are what gridwarn is given as ops would give them:
the shipped district's tables with the city's added.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Iterator

from district import rows

DISTRICT = "990101"
GRIDS_OF_STREET, GRIDS_OF_COMMUNITY = 100, 10
STREETS_OF_DISTRICT = 20
STREET_DIGITS, COMMUNITY_DIGITS = 9, 12
CATEGORIES = (
    "labour.wage_arrears noise.construction noise.neighbour traffic.parking traffic.signal water.outage water.leak power.outage "
    "heating.cold waste.uncollected waste.burning property.fees property.elevator property.repair housing.lease housing.demolition "
    "consumer.refund consumer.prepaid_card food.safety food.licence school.admission school.fees health.queue health.insurance "
    "social.pension social.subsidy environment.odour environment.sewage road.damage road.lighting").split()

# the whole ticket, as a district would map it, not only what the two rules look at
STEPS = {"created": "created", "called_again": "called_again", "returned": "status", "closed": "closed", "reopened": "reopened"}
MAPPING = {
    "id": "id", "occurred_at": "time",
    "kind": {"path": "type", "map": {f"gov.hotline.workorder.{step}": kind for step, kind in STEPS.items()}},
    "region": "data.grid", "category": "data.category", "matter": "data.order_no", "actors": "data.complainant",
    "respondent": "data.respondent", "involved": "data.involved_count",
    "due_at": "data.due_time", "links": "data.related_order_nos",
    "tags": {"threat": "data.threat.flag", "repeat": "data.repeat_flag", "urgent": {"path": "data.urgency", "equals": "urgent"},
             "returned": {"path": "type", "equals": "gov.hotline.workorder.returned"}},
}

# The job itself.  An alert begins when the condition becomes true, and ends when it no longer is.
CALLERS, TICKETS = "callers_of_grid", "tickets_of_street"
JOB = [
    {"id": CALLERS, "let": {"c": {"source": "hotline"}}, "each": "category.2", "per": "grid", "within": "24h",
     "levels": {"yellow": "c.callers >= 5"}, "clear": {"after": "0m"}},
    {"id": TICKETS, "let": {"c": {"source": "hotline"}}, "each": "category.2", "per": "street", "within": "1h",
     "levels": {"yellow": "c >= 50"}, "clear": {"after": "0m"}},
]


def street(number: int) -> str:
    return f"{990101 + number // STREETS_OF_DISTRICT}{number % STREETS_OF_DISTRICT + 1:03}"


def grids(count: int) -> list[str]:
    """Whole streets, one after the other."""
    assert count % GRIDS_OF_STREET == 0, f"{count} grids are no whole streets"
    return [f"{street(n // 100)}{n // 10 % 10 + 1:03}{n % 10 + 1:03}" for n in range(count)]


def write_lists(directory: Path, count: int) -> None:
    (directory / "grids.txt").write_text("\n".join(grids(count)) + "\n", encoding="ascii")
    (directory / "categories.txt").write_text("\n".join(CATEGORIES) + "\n", encoding="ascii")


def regions(count: int) -> Iterator[dict[str, str]]:
    """In a community each grid borders on the one before and the one after it."""
    seen: set[str] = set()
    for code in grids(count):
        community, of_street = code[:COMMUNITY_DIGITS], code[:STREET_DIGITS]
        for above, level, parent in ((DISTRICT, "district", ""), (of_street, "street", DISTRICT), (community, "community", of_street)):
            if above not in seen:
                seen.add(above)
                yield {"code": above, "name": f"{level} {above}", "level": level, "parent": parent}
        last = int(code[COMMUNITY_DIGITS:])
        near = [f"{community}{n:03}" for n in (last - 1, last + 1) if 1 <= n <= GRIDS_OF_COMMUNITY]
        yield {"code": code, "name": f"grid {code}", "level": "grid", "parent": community, "neighbours": ";".join(near)}


def write_table(path: Path, table: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), restval="")
        writer.writeheader()
        writer.writerows(table)


def settle(directory: Path, count: int) -> None:
    """Turns a copy of the shipped district into the city, but for its rules.  What both have has the district's name, since
    its tables may use it, and the city's neighbours, since neighbours are mutual."""
    city = list(regions(count))
    codes = {row["code"] for row in city}
    shipped = {row["code"]: row for row in rows(directory / "regions.csv")}
    names = {code: row["name"] for code, row in shipped.items()}
    merged = [{**dict.fromkeys(next(iter(shipped.values())), ""), **row, "name": names.get(row["code"], row["name"])} for row in city]
    write_table(directory / "regions.csv", merged + [{**row, "neighbours": ""} for code, row in shipped.items() if code not in codes])
    categories = rows(directory / "categories.csv")
    known = {row["path"] for row in categories}
    write_table(directory / "categories.csv", categories + [{"path": c, "name": c} for c in with_parents(CATEGORIES) if c not in known])
    (directory / "mappings" / "hotline.yaml").write_text(json.dumps(MAPPING), encoding="utf-8")


def with_parents(categories: list[str]) -> list[str]:
    heads = dict.fromkeys(c.partition(".")[0] for c in categories)
    return [*heads, *categories]
