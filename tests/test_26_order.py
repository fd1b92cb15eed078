"""The same events in whatever order partitions are read: what a subscriber believes in the end is the oracle's.

Partitions that are read months apart make an alert of what is known so far, and the rest of its episode comes later:
alerts turn out to be one, and must not be taken for the next day's (since facts only come in, none may open later).
Standard input stands for three partitions read in turns of any length; its lateness is that of the slowest.
"""

import json
import os
import random
import subprocess
import time
from types import SimpleNamespace
from typing import Iterator

import pytest

from engine import MAPPINGS, configuration, rule, write_project
from events import District
from load import START, District as Shipped
from oracle import Regions, episodes
from oracle_rules import read_rule
from published import difference, final_episodes, revisions
from shapes import Order

SEEDS = [1, 2, 3, *(random.randrange(1 << 30) for _ in range(3))]
WAVES, APART_S = 80, 0.03  # two hours apart: within the seven days that lateness may be
RULES = [
    rule("all", {"c": {"source": "hotline"}}, "district", "40m", {"blue": "c >= 3", "yellow": "c >= 5", "red": "c >= 12"},
         clear={"after": "5m"}),
    rule("street", {"c": {"source": "hotline"}}, "street", "20m", {"blue": "c >= 3", "red": "c >= 9"},
         clear={"below": 2, "after": "10m"}),
]


def orders(directory, rng: random.Random) -> list[Order]:
    """Waves of tickets: some high and close, some low."""
    place = Shipped(directory)
    grids, matters = rng.sample(place.grids, 12), place.matters
    times = []
    for wave in range(WAVES):
        begin = START + wave * 7200 + rng.randrange(3600)
        times += [begin + rng.randrange(rng.choice((20, 60, 120)) * 60) for _ in range(rng.choice((3, 6, 9, 15, 20)))]
    return [Order(f"WO{n:06}", at, rng.choice(grids), rng.choice(matters), f"caller-{n}", "x")
            for n, at in enumerate(sorted(times))]


def in_turns(values: list[bytes], rng: random.Random) -> Iterator[list[bytes]]:
    """What three partitions hold, some of one of them at a time."""
    partitions = [[], [], []]
    for value in values:
        rng.choice(partitions).append(value)
    while any(partitions):
        partition = rng.choice([p for p in partitions if p])
        turn = rng.randrange(1, 200)
        yield partition[:turn]
        del partition[:turn]


@pytest.mark.parametrize("seed", SEEDS)
def test_alerts_do_not_depend_on_the_order_of_arrival(seed, tmp_path):
    rng = random.Random(seed)
    write_project(tmp_path, RULES)
    values = [json.dumps(order.created(), ensure_ascii=False).encode() for order in orders(tmp_path, rng)]
    settings = configuration("", "order", {"hotline": {"file": "-", "mapping": MAPPINGS["hotline"],
                                                       "lateness": "7d", "silent_after": "7d"}},
                             output={"directory": "out"}, time="event", workers=1, http={"listen": "off"})
    del settings["kafka"]
    (tmp_path / "gridwarn.yaml").write_text(json.dumps(settings), encoding="utf-8")
    command = [os.environ["GRIDWARN"], "run", "-c", tmp_path / "gridwarn.yaml", "--drain"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        for turn in in_turns(values, rng):
            run.stdin.write(b"".join(value + b"\n" for value in turn))
            run.stdin.flush()
            time.sleep(APART_S)  # so that mostly a cut of its own judges it
        _, log = run.communicate(timeout=60)
    assert run.returncode == 0, log.decode()[-4000:]

    expected = episodes(District(tmp_path).events("hotline", map(json.loads, values)), map(read_rule, RULES),
                        Regions.read(tmp_path / "regions.csv"))
    published = [SimpleNamespace(value=line) for line in (tmp_path / "out" / "alerts.ndjson").open(encoding="utf-8")]
    for alert, history in revisions(published).items():
        opened = [data["opened_at"] for data in history]
        assert opened == sorted(opened, reverse=True), f"seed {seed}: {alert} was taken for a later episode: {opened}"
    found = difference(expected, final_episodes(published))
    assert not found, f"seed {seed}:\n{found}"
    assert len(expected) > 100
