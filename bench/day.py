"""One believable day of the example district: the ordinary noise of a Monday and six planted stories.

Everything is drawn from one seeded generator, in one order, so that a seed is a day.  A record leaves when its
platform sends it, seconds to minutes after its event time; that is what puts the streams out of order.
"""

from __future__ import annotations

import random
from datetime import datetime
from typing import NamedTuple

from district import District, Matter, Place
from shapes import BEIJING, Order, petition, reading

# calls by hour: the office hours of a hotline, and the evenings that belong to noise
BY_DAY = (2, 1, 1, 1, 1, 2, 5, 10, 19, 24, 24, 19, 12, 14, 19, 19, 17, 14, 11, 10, 9, 7, 5, 3)
BY_NIGHT = (9, 6, 4, 2, 2, 3, 4, 4, 5, 5, 5, 6, 7, 6, 5, 5, 6, 8, 10, 12, 15, 20, 22, 16)
# shares by the first word of a category; what is not named here is 1
SHARES = {"other": 14, "traffic": 13, "consumer": 6, "property": 6, "neighbour": 6, "education": 5, "medical": 5,
          "labour": 4, "noise": 4, "environment": 4, "family": 3, "utility": 2, "housing": 2}
SLOWEST_S = {"hotline": 1500, "petition": 3600, "sensor": 120}
CHANNELS = ("phone",) * 7 + ("app", "app", "wechat")


class Sent(NamedTuple):
    at: float  # when it leaves, in the day's own time
    stream: str
    record: dict


class Day:
    def __init__(self, district: District, date: str, seed: int, tickets: int):
        self.rng = random.Random(seed)
        self.district = district
        self.date = date.replace("-", "")
        self.midnight = int(datetime.fromisoformat(date).replace(tzinfo=BEIJING).timestamp())
        self.tickets = tickets
        self.numbers = 0
        self.sent: list[Sent] = []
        self.callers = {grid.code: [self.token() for _ in range(80)] for grid in district.grids}

    # -- small things ----------------------------------------------------------------------------------------

    def token(self) -> str:
        return f"{self.rng.getrandbits(96):024x}"

    def clock(self, text: str) -> int:
        hour, minute = text.split(":")
        return self.midnight + int(hour) * 3600 + int(minute) * 60

    def between(self, begin: str, end: str, count: int) -> list[int]:
        first, last = self.clock(begin), self.clock(end)
        return sorted(self.rng.randrange(first, last) for _ in range(count))

    def send(self, stream: str, record: dict, at: float) -> None:
        """Mostly within seconds; one in thirty takes its time, within the lateness that the district allows."""
        most = SLOWEST_S[stream] if self.rng.random() < 1 / 30 else 8
        self.sent.append(Sent(at + self.rng.uniform(0, most), stream, record))

    def order(self, at: int, place: Place, matter: Matter, caller: str, content: str, **more: object) -> Order:
        self.numbers += 1
        made = Order(f"WO{self.date}{self.numbers:05}", at, place, matter, caller, content,
                     channel=self.rng.choice(CHANNELS), **more)
        record = made.created()
        self.send("hotline", record, at)
        if self.rng.random() < 0.01:  # the exchange platform delivers at least once
            self.send("hotline", record, at + self.rng.uniform(30, 900))
        return made

    def firm(self, name: str) -> dict[str, str]:
        """A respondent; the same name is the same organisation."""
        return {"token": f"{random.Random(name).getrandbits(64):016x}", "name_norm": name}

    # -- the ordinary day ------------------------------------------------------------------------------------

    def background(self) -> None:
        rng, matters = self.rng, self.district.matters
        heads = [matter.category.partition(".")[0] for matter in matters]
        weights = [SHARES.get(head, 1) / heads.count(head) for head in heads]
        busy = [rng.lognormvariate(0, 0.4) for _ in self.district.grids]  # some grids call more than others
        for _ in range(self.tickets):
            matter = rng.choices(matters, weights)[0]
            place = rng.choices(self.district.grids, busy)[0]
            hours = BY_NIGHT if matter.category.startswith("noise") else BY_DAY
            at = self.midnight + rng.choices(range(24), hours)[0] * 3600 + rng.randrange(3600)
            respondent = self.firm(f"示例商户{rng.randrange(900):03}") if rng.random() < 0.3 else None
            made = self.order(at, place, matter, rng.choice(self.callers[place.code]),
                              f"来电人反映{place.names['community']}{matter.names[-1]}问题,希望尽快处理。",
                              respondent=respondent, involved=rng.choice((1, 1, 1, 1, 2)))
            self.life(made)
        for number in range(self.tickets // 100):
            self.letter(number)

    def letter(self, number: int) -> None:
        rng = self.rng
        place, at = rng.choice(self.district.grids), self.between("08:40", "17:20", 1)[0]
        self.send("petition", petition(f"XF{self.date}{900 + number:05}", at, place, rng.choice(self.district.matters),
                                       [self.token()], 1, form=rng.choice(("letter", "online", "visit"))), at)

    def life(self, made: Order) -> None:
        """What becomes of an order on the same day."""
        rng, end = self.rng, self.midnight + 86400
        at = made.accepted_at + rng.uniform(300, 2400)
        steps = [("dispatched", "dispatched", at)]
        if rng.random() < 0.05:
            steps.append(("called_again", "processing", at + rng.uniform(3600, 18000)))
        if rng.random() < 0.6:
            steps.append(("closed", "closed", at + rng.uniform(3600, 28800)))
        for step, status, then in steps:
            if then < end:
                self.send("hotline", made.event(step, then, status), then)

    def sensors(self) -> None:
        rng = self.rng
        for number, place in enumerate(self.district.grids[::6]):
            for minute in range(0, 1440, 10):
                at, hour = self.midnight + minute * 60, minute // 60
                level = 44 + 10 * (7 <= hour < 22) + rng.gauss(0, 1.8)
                if place.code == self.noisy.code and minute >= 22 * 60 + 10:
                    level = 63 + rng.gauss(0, 1.5)
                self.send("sensor", reading(f"NS-{number:04}", "noise", at, place, level), at)
                dry = place.path["community"] == self.dry[0].path["community"] and 1120 <= minute < 1230
                self.send("sensor", reading(f"WS-{number:04}", "water_supply", at + 7, place, int(dry)), at + 7)

    # -- the stories -----------------------------------------------------------------------------------------

    def plan(self) -> None:
        """Where the stories take place; each in a community of its own."""
        self.site = self.district.community(8)[0]
        self.dry = self.district.community(3)
        self.estate = self.district.community(5)[1]
        self.noisy = self.district.community(10)[0]

    def wage_arrears(self) -> None:
        """Workers of one site: a few in the morning, a joint visit after lunch, dozens by the evening."""
        employer, matter = self.firm("某建设劳务公司"), self.district.matter("labour.wage_arrears")
        times = [*self.between("08:40", "10:10", 4), *self.between("10:30", "12:30", 3),
                 *self.between("14:40", "17:30", 7)]
        tokens = [self.token() for _ in times]
        orders = [self.order(at, self.site, matter, token, "来电人称在某项目工地务工,工资未发,班组约20人,要求尽快协调。",
                             respondent=employer, involved=20 if n == 4 else 1, urgent=n > 4, unit="区人力资源局")
                  for n, (at, token) in enumerate(zip(times, tokens))]
        visit = self.clock("14:25")
        self.send("petition", petition(f"XF{self.date}00031", visit, self.site, matter, tokens[:5], 23, employer,
                                       [orders[0].number]), visit)
        twice = self.order(times[1] + 240, self.site, matter, tokens[1], "同一来电人重复登记。", respondent=employer)
        self.send("hotline", twice.voided(times[1] + 1500), times[1] + 1500)
        for other in orders[2:4]:
            self.send("hotline", other.merged_into(orders[0], self.clock("13:50")), self.clock("13:50"))

    def water_outage(self) -> None:
        """The evening peak of one community: many callers within half an hour."""
        matter = self.district.matter("utility.water")
        for at in self.between("18:06", "18:38", 28):
            place = self.rng.choice(self.dry)
            self.life(self.order(at, place, matter, self.token(), f"{place.names['community']}突然停水,何时恢复?",
                                 involved=self.rng.choice((1, 3, 4)), unit="区水务公司"))

    def property_quarrel(self) -> None:
        """Owners against their property company: one an hour, so that nobody notices until the evening."""
        company, matter = self.firm("安居物业服务公司"), self.district.matter("property.fees")
        for at in self.between("09:00", "21:00", 11):
            self.order(at, self.estate, matter, self.token(), "反映物业公司涨价未征求业主意见。", respondent=company)

    def night_noise(self) -> None:
        matter = self.district.matter("noise.construction")
        for at in self.between("22:18", "23:40", 7):
            self.order(at, self.noisy, matter, self.token(), "夜间施工噪声扰民,无法休息。", involved=1)

    def threat(self) -> None:
        place = self.district.community(1)[2]
        self.order(self.clock("15:20"), place, self.district.matter("housing.demolition"), self.token(),
                   "来电人情绪激动,坐席已按规定标记。", threat=True, urgent=True)

    def all_sent(self) -> list[Sent]:
        self.plan()
        for part in (self.background, self.wage_arrears, self.water_outage, self.property_quarrel, self.night_noise,
                     self.threat, self.sensors):
            part()
        return sorted(self.sent, key=lambda sent: sent.at)
