"""From a ticket's sending to a subscriber's having its alert: idle, and at half of the rate that the engine can keep up."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

import city
import picture
from contenders import Gridwarn, engine_of
from probes import Probes, percentile
from workload import PARTITIONS, Maker

SETTLE_S, PAUSE_S = 3, 0.1

# A day's tickets in half a minute set each street on fire, and what would be measured is that: so here the second rule of the
# job counts as always, and is not reached.
RULES = [city.JOB[0], {**city.JOB[1], "levels": {"yellow": "c >= 1000000"}}]


def rate_of(broker, maker: Maker, events: int, directory: Path) -> float:
    """Catching up with so many tickets."""
    work = maker.make(broker, events, 1)
    try:
        return Gridwarn().run(broker, work, directory)[0].events_a_second
    finally:
        broker.delete_topic(work.topic)


def probe(broker, group: str, topic: str, grids: int, count: int, seed: int) -> list[float]:
    """At moments that have nothing to do with the engine's own rhythm."""
    rng = random.Random(seed)
    probes = Probes(broker.bootstrap, topic, f"{group}-alerts", grids, seed)
    probes.warm_up()
    for _ in range(count):
        probes.send()
        time.sleep(rng.uniform(0.5, 1.5) * PAUSE_S)
    probes.wait(int(count * 0.95))  # the city's own tickets may cross before a probe's do
    return probes.close()


def measure(broker, maker: Maker, grids: int, rate: float, count: int, directory: Path) -> dict[str, list[float]]:
    topic, group = "live", f"bench-{time.monotonic_ns()}"
    broker.create_topic(topic, PARTITIONS)
    directory.mkdir()
    engine = engine_of(directory, grids, RULES, broker.bootstrap, group, {"hotline": topic})
    engine.start("--create-topics")
    load = None
    try:
        engine.wait_live()
        found = {"idle": probe(broker, group, topic, grids, count, 1)}
        load = maker.live(broker, topic, int(rate), int(rate * (count * PAUSE_S * 1.5 + SETTLE_S + 60)))
        time.sleep(SETTLE_S)
        found[f"{rate:,.0f} tickets/s"] = probe(broker, group, topic, grids, count, 2)
        if load.poll() is not None:
            raise SystemExit(f"the load ended with {load.returncode} before the probes did")
    finally:
        if load:
            load.kill()
            load.wait()
        engine.kill()
    return found


def report(found: dict[str, list[float]], svg: Path | None) -> str:
    rows = ["| | alerts | p50 ms | p90 | p99 | longest |", "| --- | --: | --: | --: | --: | --: |"]
    for name, seconds in found.items():
        values = [percentile(seconds, p) * 1000 for p in (50, 90, 99)] + [seconds[-1] * 1000]
        rows.append(f"| {name} | {len(seconds)} | " + " | ".join(f"{v:.1f}" for v in values) + " |")
    if svg:
        curves = {name: [(percentile(s, p / 2) * 1000, p / 2) for p in range(199)] for name, s in found.items()}
        picture.lines(svg, "From ticket to alert", curves, "ms", "share of alerts, %")
    return "\n".join(rows)
