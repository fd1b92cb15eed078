"""Many tickets fast, for load and kill tests: thin random background over all grids and every BURST_EVERY tickets a
group of workers at one site, so that alerts open, rise and end all the way through.

Each ticket is one formatted string; the constant parts of its JSON are prepared per grid and per category.
"""

from __future__ import annotations

import json
import random
from datetime import datetime
from typing import TextIO

from district import District, Matter, Place
from shapes import BEIJING, Order, stamp

BURST_EVERY = 2_000
BURST_SIZE = 12
SECONDS_APART = 2  # of event time between tickets: 43,200 a day


def template(place: Place, matter: Matter, midnight: int) -> str:
    """A ticket's line with {marks} where tickets differ."""
    respondent = {"token": "<respondent>", "name_norm": "<respondent>"}
    record = Order("<number>", midnight, place, matter, "<caller>", "批量样例", respondent=respondent).created()
    record["time"] = "<time>"
    line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).replace("{", "{{").replace("}", "}}")
    for mark in ("number", "caller", "respondent", "time"):
        line = line.replace(f"<{mark}>", f"{{{mark}}}")
    return line + "\n"


def write(file: TextIO, district: District, day: str, seed: int, count: int) -> None:
    rng = random.Random(seed)
    midnight = int(datetime.fromisoformat(day).replace(tzinfo=BEIJING).timestamp())
    wages = district.matter("labour.wage_arrears")
    templates = [[template(place, matter, midnight) for matter in district.matters] for place in district.grids]
    sites = [template(place, wages, midnight) for place in district.grids]
    random_, grids, matters = rng.random, len(templates), len(district.matters)
    for n in range(count):
        at = midnight + n * SECONDS_APART - (int(random_() * 300) if n % 7 == 0 else 0)
        burst, within = divmod(n, BURST_EVERY)
        if within < BURST_SIZE:
            line, caller, respondent = sites[burst % grids], f"w{n}", f"site{burst}"
        else:
            line = templates[int(random_() * grids)][int(random_() * matters)]
            caller, respondent = f"c{int(random_() * 1e6)}", f"firm{int(random_() * 1e6)}"
        time = stamp(max(at, midnight))
        file.write(line.format(number=f"WB{n:09}", caller=caller, respondent=respondent, time=time))
