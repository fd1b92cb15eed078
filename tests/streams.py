"""Random streams for the rule language: a small made-up district in which everything happens that rules can tell apart.

A seed is a stream: bursts at places, categories and firms that are talked of for an hour, in some streams again week
after week; tickets that are called about again, returned, closed and reopened, with due times; joint petitions;
readings; records out of order, delivered twice, in one second; facts that void, restore, move, merge and link others.
Records are flat JSON of normalised fields, since decoding is no question here.

What corrects a fact comes before the fact's minutes are closed (LATENESS), so that the alerts in the end do not depend
on the order in which files are read.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from datetime import date, timedelta
from typing import Iterator, NamedTuple

from events import Event, thousandths
from made_district import CATEGORIES, COMPLAINED, FIRMS, GRIDS, REGIONS, ROWS, TAGS
from oracle_calendar import local_date, midnight

START = midnight(date(2026, 2, 7))  # a Saturday: the shortest streams have days of rest and of work
DAY, MINUTE, EDGE = 86_400, 60, 600  # what has edges (hours, due times) mostly has them at tens of minutes
LATENESS = "45m"
LATEST_S = 40 * MINUTE
CORRECTED_WITHIN_S, CORRECTIONS_LATEST_S = 20 * MINUTE, 10 * MINUTE
CALLERS = [f"caller-{n}" for n in range(14)]
AS_THEY_STAND = ("region", "category", "matter", "respondent", "involved", "target", "due")  # in records and events
CORRECTIONS = {"merges": "merged", "links": "linked", "moves": "moved", "voids": "voided"}  # by feature


def random_calendar(rng: random.Random, days: int) -> list[dict]:
    """Rows of holidays, days worked instead, and periods of two names, which may overlap."""

    def span(begin: int, longest: int) -> dict:
        first = local_date(START) + timedelta(days=begin)
        last = first + timedelta(days=rng.randrange(longest))
        return {"from": first.isoformat(), "to": "" if first == last else last.isoformat()}

    rows = [{**span(day, 1), "kind": rng.choice(("holiday", "workday")), "name": f"day {day}"}
            for day in rng.sample(range(days), min(days, rng.randrange(6)))]
    begins = rng.sample(range(0, days + 2, 2), 2) + [rng.randrange(days)]
    return rows + [{**span(begin, length), "kind": "period", "name": name}
                   for begin, length, name in zip(begins, (2, 2, 3), ("year_end", "year_end", "exam"))]


# -- records -------------------------------------------------------------------------------------------------------


class Sent(NamedTuple):
    source: str
    record: dict


def event_of(sent: Sent) -> Event:
    record = sent.record
    return Event(id=record["id"], source=sent.source, kind=record["kind"], occurred_at=record["at"],
                 actors=tuple(record.get("actors", ())), value=thousandths(record.get("value", 0)),
                 tags=frozenset(tag for tag in TAGS if record.get(f"tag_{tag}")),
                 **{key: record[key] for key in AS_THEY_STAND if key in record})


class Focus(NamedTuple):
    """What is talked of for a while."""

    at: int
    grid: str
    category: str
    firm: str


class Stream:
    """A seed's records, in the order of arrival."""

    def __init__(self, rng: random.Random, features: frozenset[str], days: int):
        self.rng, self.features, self.days = rng, features, days
        self.number = 0
        self.facts: list[Sent] = []  # what has happened, in order of time
        self.matters: dict[str, Sent] = {}  # by matter, its first fact
        self.times: list[int] = []  # at which things happen
        self.dues: dict[int, str] = {}  # matters, by when they are due
        self.named: set[str] = set()  # petitions' matters that are linked

    def records(self) -> list[Sent]:
        rng, arrivals = self.rng, []
        ticks = self.ticks()
        self.times = [at for at, _ in ticks]
        for at, focus in ticks:
            for sent in self.happening(at, focus):
                self.facts.append(sent)
                latest = CORRECTIONS_LATEST_S if "target" in sent.record else LATEST_S
                arrivals.append((at + (rng.randrange(latest) if rng.random() < 0.25 else 0), sent))
        arrivals += rng.sample(arrivals, len(arrivals) // 25)  # delivered twice
        arrivals.sort(key=lambda arrival: arrival[0])
        return [sent for _, sent in arrivals]

    # -- when, and what is talked of then

    def ticks(self) -> list[tuple[int, Focus]]:
        rng, found = self.rng, []
        for focus in self.focuses():
            for _ in range(rng.randrange(3, 14)):
                found.append((focus.at + int(rng.triangular(0, 80, 10) * MINUTE), focus))
        for _ in range(rng.randrange(40, 120)):
            at = START + rng.randrange(self.days * DAY)
            found.append((at, self.focus(at)))
        return sorted((self.rounded(at), focus) for at, focus in found)

    def rounded(self, at: int) -> int:
        """Edges, the second before them, and several events in one second are where mistakes are."""
        to = self.rng.choice((1, 1, 1, 1, 1, MINUTE, MINUTE, EDGE))
        return at - at % to - (to > 1 and self.rng.random() < 0.3)

    def focuses(self) -> Iterator[Focus]:
        rng = self.rng
        for _ in range(rng.randrange(20, 36) if self.days < 28 else 12):
            focus = self.focus(START + rng.randrange(self.days * DAY))
            yield focus
            while self.days >= 28 and rng.random() < 0.7 and focus.at + 7 * DAY < START + self.days * DAY:
                focus = focus._replace(at=focus.at + 7 * DAY + rng.randrange(-10, 10) * MINUTE)
                yield focus

    def focus(self, at: int) -> Focus:
        rng = self.rng
        return Focus(at, rng.choice(GRIDS), rng.choice(COMPLAINED), rng.choice(FIRMS))

    # -- what happens

    def happening(self, at: int, focus: Focus) -> Iterator[Sent]:
        what = self.rng.random()
        if what < 0.15:
            yield self.reading(at, focus)
        elif what < 0.45 and self.matters:
            yield self.step(at)
        elif what < 0.58 and self.facts:
            yield from self.correction(at)
        else:
            yield self.complaint(at, focus)

    def complaint(self, at: int, focus: Focus) -> Sent:
        rng = self.rng
        petition = rng.random() < 0.25
        calls = [matter for matter in self.matters if matter.startswith("H")]
        matter = f"{'P' if petition else 'H'}{self.number:04}"
        if petition and calls and rng.random() < 0.4:
            matter = rng.choice(calls[-12:])
        elif rng.random() < 0.15:
            matter = ""
        source = "petition" if petition else "hotline"
        actors = rng.sample(CALLERS, rng.randrange(1, 5) if petition else rng.choice((0, 1, 1, 1)))
        return self.sent(source, "created", at, matter=matter, actors=actors, **self.about(focus),
                         due=self.due(at), involved=rng.choice((0, 0, 1, 2, 5)), **self.marks())

    def about(self, focus: Focus) -> dict:
        rng = self.rng
        return {"region": self.place(focus.grid), "respondent": focus.firm if rng.random() < 0.4 else "",
                "category": focus.category if rng.random() < 0.7 else rng.choice(COMPLAINED)}

    def place(self, grid: str) -> str:
        """Mostly the grid; something in it, next to it, or all that is known is a region around it."""
        rng, how = self.rng, self.rng.random()
        if how < 0.6:
            return grid
        if how < 0.8:
            return rng.choice(REGIONS.neighbours(grid))
        if how < 0.9:
            return rng.choice(REGIONS.path(grid)[1:])
        return rng.choice([row["code"] for row in ROWS if row["parent"] == grid] or [grid])

    def marks(self) -> dict:
        rng = self.rng
        found = {f"tag_{tag}": True for tag in TAGS if rng.random() < 0.35}
        if rng.random() < 0.4:
            found["value"] = f"{rng.uniform(0, 9):.{rng.randrange(4)}f}"
        return found

    def due(self, at: int) -> int:
        """Often the very second at which something happens, to the same matter if it can be."""
        if self.rng.random() < 0.4:
            return 0
        later = self.times[bisect_right(self.times, at):][:80]
        return self.rng.choice(later) if later and self.rng.random() < 0.5 else at + self.rng.randrange(300, 36_000)

    def step(self, at: int) -> Sent:
        """Of a matter that there is: mostly a new one."""
        rng = self.rng
        matter = self.dues.get(at) or rng.choice(list(self.matters)[-rng.choice((4, 12, 80)):])
        begun = self.matters[matter]
        kind = rng.choice(("called_again", "called_again", "called_again", "status", "status", "closed", "closed",
                           "reopened"))
        place = {key: begun.record[key] for key in ("region", "category", "respondent") if key in begun.record}
        if kind != "called_again" and rng.random() < 0.2:
            del place["region"]
        actors = [rng.choice(CALLERS)] if kind == "called_again" or rng.random() < 0.1 else []
        return self.sent(begun.source, kind, at, matter=matter, **place, actors=actors,
                         due=self.due(at) if kind in ("status", "called_again") else 0, **self.marks())

    def reading(self, at: int, focus: Focus) -> Sent:
        return self.sent("sensor", "reading", at, region=focus.grid, category=self.rng.choice(CATEGORIES[-2:]),
                         value=f"{max(self.rng.gauss(60, 6), 0):.{self.rng.randrange(4)}f}")

    # -- what is said about what has happened

    def correction(self, at: int) -> Iterator[Sent]:
        rng = self.rng
        wanted = [kind for feature, kind in CORRECTIONS.items() if feature in self.features]
        recent = [sent for sent in self.facts[-40:] if sent.record["at"] > at - CORRECTED_WITHIN_S]
        if wanted and recent:
            sent = getattr(self, rng.choice(wanted))(at, rng.choice(recent), recent)
            if sent:
                yield sent

    def voided(self, at: int, about: Sent, recent: list[Sent]) -> Sent:
        taken_back = [sent for sent in recent if sent.record["kind"] == "voided"]
        if taken_back and self.rng.random() < 0.5:
            about = self.rng.choice(taken_back)
            return self.sent(about.source, "restored", at, target=about.record["target"])
        return self.sent(about.source, "voided", at, target=about.record["id"])

    def moved(self, at: int, about: Sent, recent: list[Sent]) -> Sent:
        rng = self.rng
        region, category = self.place(rng.choice(GRIDS)), rng.choice(COMPLAINED)
        said = rng.choice(({"region": region}, {"category": category}, {"region": region, "category": category}))
        return self.sent(about.source, "moved", at, target=about.record["id"], **said)

    def merged(self, at: int, about: Sent, recent: list[Sent], kind: str = "merged") -> Sent | None:
        """Of the hotline's new matters; a circle, or one with itself, may come of it."""
        new = [matter for matter, begun in self.matters.items()
               if begun.source == "hotline" and begun.record["at"] > at - CORRECTED_WITHIN_S]
        if not new:
            return None
        return self.sent("hotline", kind, at, matter=self.rng.choice(new), target=self.rng.choice(new))

    def linked(self, at: int, about: Sent, recent: list[Sent]) -> Sent | None:
        """A petition names one order: more, and orders would become one by what only the petitions' source says."""
        matter = about.record.get("matter", "")
        if about.source == "hotline":
            return self.merged(at, about, recent, "linked")
        calls = [other for other, begun in self.matters.items() if begun.source == "hotline" and other.startswith("H")]
        if not calls or not matter.startswith("P") or matter in self.named:
            return None
        self.named.add(matter)
        return self.sent("petition", "linked", at, matter=matter, target=self.rng.choice(calls[-12:]))

    # -- how it is said

    def sent(self, source: str, kind: str, at: int, **fields: object) -> Sent:
        self.number += 1
        record = {"id": f"{source[0]}{self.rng.randrange(16 ** 4):04x}-{self.number}", "kind": kind, "at": at}
        record |= {key: value for key, value in fields.items() if value not in ("", 0, [])}
        sent = Sent(source, record)
        matter = record.get("matter")
        if matter and "target" not in record:
            self.matters.setdefault(matter, sent)
            if "due" in record:
                self.dues[record["due"]] = matter
        return sent
