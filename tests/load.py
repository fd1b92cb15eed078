"""An endless load in which everything happens: crowds that gather and disperse, callers who call again, orders that
are merged, moved, voided and restored, records out of order, delivered twice, and records that are no good.

A seed is a load.  Each record says in a header what should become of it, so that the input topics alone tell what to
expect of the engine, whoever has sent how much of the load.  What people said and who they are is marked: none of it
may be found in what the engine publishes.
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Iterator, NamedTuple, Optional

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))

from district import District, Matter, Place  # noqa: E402
from engine import rule  # noqa: E402
from shapes import Order, petition, reading  # noqa: E402

CALLER, CONTENT, FIRM = "canary-caller-", "canary-content", "canary-firm-"
PHONE = "13800138000"
START = 1_768_176_000  # 2026-01-12 08:00, Beijing
SECONDS_APART = 8  # of event time between two tickets
LATEST_S = 2400  # within the 45 minutes that the district allows
AFTERMATH_S = 900  # what corrects an event comes before its minute is closed
FAULT_EVERY, TWICE_EVERY = 50, 25
GRIDS, FIRMS, CALLERS = 24, 10, 400

RULES = [
    rule("crowd", {"c": {"source": ["hotline", "petition"], "category": "labour"}}, ["respondent", "grid"], "2h",
         {"yellow": "c.callers >= 5", "orange": "c.callers >= 8", "red": "c.callers >= 14"},
         clear={"below": 3, "after": "30m"}),
    rule("grid", {"c": {"source": "hotline"}}, "grid", "1h", {"blue": "c >= 28", "red": "c >= 34"},
         clear={"after": "10m"}),
    rule("street", {"c": {"source": "hotline", "category": "property"}}, "street", "30m", {"yellow": "c >= 14"},
         clear={"after": "5m"}, **{"for": "3m"}),
    rule("again", {"c": {"kind": "called_again"}}, "matter", "12h", {"blue": "c >= 2", "yellow": "c >= 3"}),
    rule("many", {"c": {"source": "hotline", "category": "noise"}}, "community", "1h", {"orange": "c.involved >= 60"},
         clear={"after": "15m"}),
    rule("loud", {"loud": {"source": "sensor", "category": "sensor.noise"}, "c": {"source": "hotline"}}, "grid", "20m",
         {"yellow": "loud.max > 68 and c.callers >= 8", "red": "loud.max > 70 and c.callers >= 10"}),
    rule("joint", {"p": {"source": "petition", "tag": "collective"}}, ["matter"], "6h", {"red": "p >= 1"}),
]


class Sent(NamedTuple):
    stream: str
    key: str
    value: Optional[bytes]
    fault: str  # the reason with which it must be refused; empty: it must be accepted
    anywhere: bool  # a second delivery, to whichever partition


class Load:
    def __init__(self, directory: Path, seed: int):
        self.rng = random.Random(seed)
        district = District(directory)
        self.grids = self.rng.sample(district.grids, GRIDS)
        heads = ("labour", "property", "noise")
        self.matters = [m for m in district.matters if m.category.partition(".")[0] in heads]
        self.firms = [{"token": "", "name_norm": o["name"]} for o in district.organisations[:FIRMS // 2]]
        self.firms += [{"token": f"{FIRM}{n}", "name_norm": f"{FIRM}有限公司{n}"} for n in range(FIRMS // 2)]
        self.recent: list[tuple[int, Order]] = []
        self.number = 0
        self.serial = 0

    def __iter__(self) -> Iterator[Sent]:
        while True:
            self.number += 1
            now = START + self.number * SECONDS_APART
            for sent in self._moment(now):
                yield sent
                if sent.stream == "hotline" and self.rng.randrange(TWICE_EVERY) == 0:
                    yield sent._replace(anywhere=True)
            if self.rng.randrange(FAULT_EVERY) == 0:
                yield self._fault(now)

    def _moment(self, now: int) -> Iterator[Sent]:
        rng = self.rng
        order = self._order(now)
        created = self._hotline(order.created())
        step = rng.random()
        if step < 0.01:  # what takes it back comes first
            yield self._step(order, "voided", now, target_id=f"{order.number}#created")
            yield created
            return
        yield created
        if order.accepted_at > now - AFTERMATH_S:
            self.recent.append((now, order))
        self.recent = [(at, o) for at, o in self.recent if o.accepted_at > now - AFTERMATH_S][-40:]
        if step < 0.30 and len(self.recent) > 1:
            yield from self._aftermath(now, rng.choice(self.recent[:-1])[1])
        if rng.random() < 0.02:
            yield self._petition(now)
        if rng.random() < 0.25:
            yield self._reading(now)

    def _occurred(self, now: int) -> int:
        return now - (self.rng.randrange(LATEST_S) if self.rng.randrange(8) == 0 else self.rng.randrange(20))

    def _order(self, now: int) -> Order:
        rng = self.rng
        # a place and a firm that are talked of now: crowds come and go
        focus = random.Random(now // 3600 * 31 + 7)
        crowd = rng.random() < 0.3
        place: Place = focus.choice(self.grids) if crowd else rng.choice(self.grids)
        matter: Matter = focus.choice(self.matters) if crowd else rng.choice(self.matters)
        firm = focus.choice(self.firms) if crowd else rng.choice(self.firms) if rng.random() < 0.1 else None
        return Order(f"WO{self.number:09}", self._occurred(now), place, matter, f"{CALLER}{rng.randrange(CALLERS)}",
                     f"{CONTENT}:来电人{PHONE}反映问题,要求尽快处理。", respondent=firm, involved=rng.choice((0, 1, 2, 3, 9)))

    def _aftermath(self, now: int, order: Order) -> Iterator[Sent]:
        rng, at, created = self.rng, now - self.rng.randrange(10), f"{order.number}#created"
        what = rng.choice(("again", "again", "again", "closed", "merged", "moved", "voided", "voided and restored"))
        if what == "again":
            for _ in range(rng.randrange(1, 4)):
                yield self._step(order, "called_again", at)
        elif what == "closed":
            yield self._step(order, "closed", at)
        elif what == "merged":
            yield self._step(order, "merged", at, merged_into=rng.choice(self.recent)[1].number)
        elif what == "moved":
            yield self._step(replace(order, place=rng.choice(self.grids)), "moved", at, target_id=created)
        else:
            yield self._step(order, "voided", at, target_id=created)
            if what != "voided":
                yield self._step(order, "restored", at + 1, target_id=created)

    def _step(self, order: Order, step: str, at: int, **data: object) -> Sent:
        """The number parts steps that are taken again: an id is one event for ever."""
        self.serial += 1
        return self._hotline(order.event(step, at, step, f"-{self.serial}", **data))

    def _petition(self, now: int) -> Sent:
        rng = self.rng
        tokens = [f"{CALLER}{n}" for n in rng.sample(range(CALLERS), rng.choice((1, 2, 5, 6)))]
        related = [self.recent[-1][1].number] if self.recent else []
        record = petition(f"XF{self.number:09}", self._occurred(now), rng.choice(self.grids), rng.choice(self.matters),
                          tokens, len(tokens), rng.choice(self.firms), related)
        return Sent("petition", "", encode(record), "", False)

    def _reading(self, now: int) -> Sent:
        place = self.rng.choice(self.grids)
        record = reading(f"NS-{place.code}-{self.number}", "noise", now, place, self.rng.gauss(60, 5))
        return Sent("sensor", "", encode(record), "", False)

    def _hotline(self, record: dict) -> Sent:
        return Sent("hotline", record["partitionkey"], encode(record), "", False)

    def _fault(self, now: int) -> Sent:
        self.number += 1
        record = self._order(now).created()
        fault = self.rng.choice(("empty", "not_json", "not_utf8", "unknown_region", "unknown_category", "missing_field",
                                 "bad_time", "bad_number"))
        if fault == "unknown_region":
            record["data"]["grid"] = {"grid": f"{CONTENT}-nowhere"}
        elif fault == "unknown_category":
            record["data"]["dispute_type"] = f"{CONTENT}-nothing"
        elif fault == "missing_field":
            record["id"] = "-"
        elif fault == "bad_time":
            record["time"] = "2026-02-31T10:00:00+08:00"
        value: Optional[bytes] = encode(record)
        if fault == "empty":
            value = None
        elif fault == "not_json":
            value = value[:len(value) // 2].decode(errors="ignore").encode()
        elif fault == "not_utf8":
            value = value.replace(CONTENT.encode(), CONTENT.encode() + b"\xff")
        elif fault == "bad_number":
            value = value.replace(b'"involved_count":', b'"involved_count":99999999999999999999')
        return Sent("hotline", "", value, fault, False)


def encode(record: dict) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
