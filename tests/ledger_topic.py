"""The ledger and readings topics, read by a second, independent decoder of engine/ledger/wire.h."""

from __future__ import annotations

import struct
from typing import Iterator, NamedTuple

KINDS = ("created", "called_again", "party", "status", "closed", "reopened", "merged", "linked", "moved", "voided",
         "restored", "reading", "disposition", "carried")
COLUMNS = (("kind", "B"), ("source", "B"), ("category", "H"), ("region", "I"), ("occurred_at", "I"), ("involved", "I"),
           ("tags", "I"), ("actors", "B"), ("value", "q"), ("due_at", "q"), ("id", "B"), ("matter_of_id", "B"),
           ("matter", "B"), ("respondent", "B"), ("target", "B"))


class Fact(NamedTuple):
    kind: str
    source: str
    id: str
    occurred_at: int
    region: str
    category: str
    matter: str
    respondent: str
    target: str
    actors: tuple[int, ...]
    involved: int
    value: int
    tags: frozenset[str]
    carried_at: int  # 0: it is no fact that was carried on


class Reader:
    def __init__(self, record: bytes):
        self.record, self.at = record, 0

    def take(self, count: int) -> bytes:
        taken = self.record[self.at:self.at + count]
        if len(taken) != count:
            raise ValueError("a record of the ledger is cut short")
        self.at += count
        return taken

    def numbers(self, code: str, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}{code}", self.take(count * struct.calcsize("<" + code)))

    def text(self, length: int) -> str:
        return self.take(length).decode()

    def dictionary(self) -> list[str]:
        (count,) = self.numbers("I", 1)
        return [self.text(self.take(1)[0]) for _ in range(count)]


def facts_of(record: bytes) -> Iterator[Fact]:
    reader = Reader(record)
    if reader.take(4) != b"GWF\x02":
        raise ValueError("not a record of the ledger")
    rows, present = reader.numbers("I", 2)
    sources, categories, regions, tags = (reader.dictionary() for _ in range(4))
    column = {name: reader.numbers(code, rows) if present >> number & 1 else (0,) * rows
              for number, (name, code) in enumerate(COLUMNS)}
    actors = [reader.numbers("Q", count) for count in column["actors"]]
    for row in range(rows):
        id, matter, respondent, target = (reader.text(column[name][row])
                                          for name in ("id", "matter", "respondent", "target"))
        matter = matter or id.encode()[:column["matter_of_id"][row]].decode()
        region, category, bits = column["region"][row], column["category"][row], column["tags"][row]
        kind, involved, value = (column[name][row] for name in ("kind", "involved", "value"))
        carried_at = 0
        if KINDS[kind] == "carried":  # its own kind, and when it was carried on, stand where it has no figures
            kind, carried_at, involved, value = involved, value, 0, 0
        yield Fact(KINDS[kind], sources[column["source"][row]], id, column["occurred_at"][row],
                   regions[region - 1] if region else "", categories[category - 1] if category else "",
                   matter, respondent, target, actors[row], involved, value,
                   frozenset(tag for bit, tag in enumerate(tags) if bits >> bit & 1), carried_at)
    if reader.at != len(record):
        raise ValueError("a record of the ledger holds more than its rows")

