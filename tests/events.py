"""Events as tests and the oracle see them: small, immutable, already normalised.

Event is what a record means once mapped; the readers turn the three CloudEvents shapes that the example district
receives into it.  They are written from the description of those shapes and share nothing with the engine's
decoder, so that a mistake in a mapping shows as a difference between engine and oracle.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Iterable, Iterator, Mapping

VALUE_SCALE = 1000  # values and thresholds on them are integers of a thousandth


@dataclass(frozen=True)
class Event:
    id: str
    source: str
    kind: str
    occurred_at: int  # seconds since 1970
    region: str = ""
    category: str = ""
    matter: str = ""
    actors: tuple[str, ...] = ()
    respondent: str = ""
    involved: int = 0
    value: int = 0  # thousandths
    tags: frozenset[str] = frozenset()
    target: str = ""  # the fact voided, restored or moved; the matter merged into or linked to
    due: int = 0  # seconds since 1970; 0: none

    @property
    def order(self) -> tuple[int, bytes, str]:
        """The order of facts: by time, then by id, bytewise; the source only parts equal ids of two sources."""
        return (self.occurred_at, self.id.encode(), self.source)


def seconds(text: str) -> int:
    """RFC 3339 to seconds since 1970; fractions are dropped."""
    return int(datetime.fromisoformat(text).timestamp() // 1)


def thousandths(number: object) -> int:
    return int((Decimal(str(number)) * VALUE_SCALE).to_integral_value(ROUND_HALF_EVEN))


def read_table(path: Path, key: str, value: str) -> dict[str, str]:
    """A two-column look-up from a CSV file with a header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row[key]: row[value] for row in csv.DictReader(file)}


def read_lines(path: Path) -> Iterator[dict]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


# -- the example district's three shapes -------------------------------------------------------------------------

STEPS = {step: "status" for step in ("dispatched", "returned", "transferred", "extended", "suspended")} | {
    step: step for step in ("created", "called_again", "closed", "reopened", "merged", "moved", "voided", "restored")}
FINEST_FIRST = ("micro_grid", "grid", "community", "street", "district")


class District:
    """Reads what the example district's platforms send, by its own tables of codes and register of organisations."""

    def __init__(self, directory: Path):
        tables = sorted((directory / "mappings").glob("*.csv"))
        self.categories: dict[str, str] = {}
        for table in tables:
            self.categories |= read_table(table, "code", "category")
        self.organisations: dict[str, str] = {}
        with (directory / "organisations.csv").open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                for name in (row["code"], row["name"], *filter(None, row["aliases"].split(";"))):
                    self.organisations[name] = row["code"]

    def events(self, stream: str, records: Iterable[Mapping]) -> Iterator[Event]:
        read = getattr(self, stream)
        for record in records:
            data = record["data"]
            common = {"id": record["id"], "source": stream, "occurred_at": seconds(record["time"]),
                      "region": next(data["grid"][level] for level in FINEST_FIRST if data["grid"].get(level))}
            event = Event(**common, **read(record, data))
            yield event
            for other in data.get("related_order_nos") or ():  # whoever says so, it is one fact
                yield Event(f"{event.matter} with {other}", stream, "linked", event.occurred_at, matter=event.matter, target=other)

    def respondent(self, data: Mapping) -> str:
        given = data.get("respondent") or {}
        texts = [given[key] for key in ("token", "name_norm") if given.get(key)]
        known = [self.organisations[text] for text in texts if text in self.organisations]
        return [*known, *texts, ""][0]

    def hotline(self, record: Mapping, data: Mapping) -> dict:
        step = record["type"].rpartition(".")[2]
        tags = {"threat": data["threat"]["flag"], "returned": step == "returned"}
        return {"kind": STEPS[step], "category": self.categories[data["dispute_type"]], "matter": data["order_no"],
                "actors": (data["complainant"]["token"],), "respondent": self.respondent(data),
                "involved": data["involved_count"], "tags": frozenset(tag for tag, on in tags.items() if on),
                "target": data.get("merged_into") or data.get("target_id") or "",
                "due": seconds(data["due_time"]) if data.get("due_time") else 0}

    def petition(self, record: Mapping, data: Mapping) -> dict:
        tags = {"collective": data["collective_flag"], "threat": data["threat_flag"],
                "visit": data.get("petition_form") == "visit"}
        return {"kind": "created", "category": self.categories[data["dispute_type"]], "matter": data["petition_no"],
                "actors": tuple(data["complainant_tokens"]), "respondent": self.respondent(data),
                "involved": data["involved_count"], "tags": frozenset(tag for tag, on in tags.items() if on)}

    def sensor(self, record: Mapping, data: Mapping) -> dict:
        return {"kind": "reading", "category": f"sensor.{data['sensor_type']}", "value": thousandths(data["value"])}
