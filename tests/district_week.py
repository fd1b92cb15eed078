"""A week of the example district, as the platforms send it: disputes that grow, a typhoon, a source that falls silent, and the
ordinary noise around them, none of which is worth a warning.

Everything is drawn from one seeded generator, so that a seed is a week.  All arrives at tens of minutes, and what is planted
happens then; the noise is what the rules do not count, or stays below all of their thresholds.
"""

from __future__ import annotations

import random
from typing import Iterator, NamedTuple

from complaints import PLACES
from district import Matter, Place
from events import seconds
from shapes import Order, petition, reading

MONDAY = seconds("2026-09-07T00:00:00+08:00")  # an ordinary week: no holiday, no period
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MINUTE, HOUR, DAY = 60, 3600, 86_400
PULSE_S = 20 * MINUTE  # hotline and sensors are never silent for longer, but for the outage
SLOT_S = 10 * MINUTE
UNCOUNTED = ("other", "family", "neighbour", "traffic.parking", "traffic.road", "traffic.taxi")  # by no rule of the district
COUNTED = ("property.parking", "environment.dust", "consumer.food", "housing.rental", "medical.fees", "labour.contract")


def at(text: str) -> int:
    """Tue 09:00"""
    day, clock = text.split()
    hour, minute = clock.split(":")
    return MONDAY + DAYS.index(day) * DAY + int(hour) * HOUR + int(minute) * MINUTE


def written(second: float) -> str:
    """the other way round"""
    day, rest = divmod(int(second) - MONDAY, DAY)
    return f"{DAYS[day]} {rest // HOUR:02}:{rest % HOUR // MINUTE:02}"


OUTAGE = at("Sat 10:00"), at("Sat 13:00")  # the hotline's platform sends nothing, and afterwards all of it


class Sent(NamedTuple):
    at: int  # when it arrives
    stream: str
    record: dict


class Week:
    def __init__(self, seed: int):
        self.rng, self.number = random.Random(seed), 0
        self.sent: list[Sent] = []
        for part in (self.noise, self.wages, self.bar, self.gym, self.caller_who_calls_again, self.typhoon):
            part()
        self.sent.sort(key=lambda sent: (sent.at, sent.record["id"]))

    def __iter__(self) -> Iterator[Sent]:
        return iter(self.sent)

    # -- small things ----------------------------------------------------------------------------------------------

    def send(self, stream: str, arrives: int, record: dict) -> None:
        if stream == "hotline" and OUTAGE[0] <= arrives < OUTAGE[1]:
            arrives = OUTAGE[1]
        assert arrives % SLOT_S == 0
        self.sent.append(Sent(arrives, stream, record))

    def order(self, when: int, place: Place, category: str, caller: str = "", arrives: int = 0, **more: object) -> Order:
        self.number += 1
        matter: Matter = PLACES.matter(category)
        made = Order(f"WO{self.number:06}", when, place, matter, caller or f"caller-{self.number}", f"反映{matter.names[-1]}问题。",
                     **more)
        self.send("hotline", arrives or when, made.created())
        return made

    def step(self, order: Order, when: int, step: str) -> None:
        self.send("hotline", when, order.event(step, when, "processing", f"-{written(when)}"))

    # -- what is there every day -----------------------------------------------------------------------------------

    def noise(self) -> None:
        rng, grids = self.rng, list(PLACES.grids)
        once = [(grid, category) for grid in grids for category in COUNTED]
        rng.shuffle(once)
        for arrives in range(MONDAY + SLOT_S, MONDAY + 7 * DAY, PULSE_S):
            self.order(arrives - rng.randrange(SLOT_S), rng.choice(grids), rng.choice(UNCOUNTED), arrives=arrives)
            if rng.random() < 0.4:
                grid, category = once.pop()
                self.order(arrives - rng.randrange(2 * SLOT_S), grid, category, arrives=arrives)
            quiet = reading("NS-01", "noise", arrives - rng.randrange(MINUTE), PLACES.community(6)[0], 44 + rng.gauss(0, 1.5))
            self.send("sensor", arrives, quiet)
        for number, when in enumerate(range(MONDAY + 10 * MINUTE, MONDAY + 7 * DAY, 100 * MINUTE)):
            self.send("petition", when, petition(f"XF{number:05}", when, rng.choice(grids), PLACES.matter("other"), [f"writer-{number}"], 1,
                                                 form="letter"))

    # -- the stories -----------------------------------------------------------------------------------------------

    def wages(self) -> None:
        """Workers of one site: three on Monday morning, two in the afternoon, a joint visit, five more."""
        site, employer = PLACES.community(0)[0], {"token": "", "name_norm": "某建设劳务公司"}
        first = [self.order(at(when), site, "labour.wage_arrears", f"worker-{n}", respondent=employer)
                 for n, when in enumerate(("Mon 09:10", "Mon 09:40", "Mon 10:20", "Mon 14:30", "Mon 16:10"))]
        visit = petition("XF90001", at("Tue 09:00"), site, PLACES.matter("labour.wage_arrears"),
                         [f"worker-{n}" for n in range(5)], 12, employer, [first[0].number])
        self.send("petition", at("Tue 09:00"), visit)
        for n, when in enumerate(("Tue 10:10", "Tue 10:20", "Tue 10:30", "Tue 10:50", "Tue 11:00")):
            self.order(at(when), site, "labour.wage_arrears", f"worker-{n + 5}", respondent=employer)

    def bar(self) -> None:
        """Five neighbours of a bar, night after night."""
        bar = {"token": "", "name_norm": "夜色酒吧"}
        for n, when in enumerate(("Tue 22:30", "Tue 23:10", "Wed 22:10", "Wed 22:40", "Wed 23:20")):
            self.order(at(when), PLACES.community(3)[1], "noise.nightlife", f"neighbour-{n}", respondent=bar)

    def gym(self) -> None:
        """A gym closes: members in three grids, ten on one day."""
        gym = {"token": "", "name_norm": "乐动健身会所"}
        for n in range(10):
            self.order(at("Thu 09:20") + n * 40 * MINUTE, PLACES.community(4)[n % 3], "consumer.prepaid_card", f"member-{n}",
                       respondent=gym)

    def caller_who_calls_again(self) -> None:
        order = self.order(at("Tue 08:20"), PLACES.community(9)[2], "environment.odour", "patient-caller")
        for when in ("Wed 08:30", "Thu 08:40", "Fri 08:50", "Sat 09:00"):
            self.step(order, at(when), "called_again")

    def typhoon(self) -> None:
        """Friday noon: no power in one community, no water in another, and a little of both everywhere."""
        for community, category, begin, count in ((10, "utility.power", "Fri 12:10", 14), (11, "utility.water", "Fri 12:40", 7)):
            grids = PLACES.community(community)
            for n in range(count):
                self.order(at(begin) + n // 2 * SLOT_S, grids[n % len(grids)], category)
        for community in range(6):
            for n in range(3):
                self.order(at("Fri 12:00") + n * 2 * SLOT_S, PLACES.community(community)[n], "utility.telecom")
