"""From a ticket's sending to a subscriber's having its alert: idle, and at half of the highest rate that is kept up with."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import city
import picture
from contenders import engine_of, records
from engine import Engine
from probes import Probes, percentile
from workload import PARTITIONS, Maker

SETTLE_S, PAUSE_S = 10, 0.1
LEAST, STEP, STEP_S, BEHIND_S = 50_000.0, 1.2, 6, 1  # of the search for the rate that is kept up with
# At a hundred megabytes a second what is kept for a minute fills the machine's memory, and its disk is what would be measured.
SOON_DELETED = {"segment_bytes": 64 << 20, "retention_bytes": 256 << 20, "file_delete_delay_ms": 100}

# A day's tickets in half a minute set each street on fire, and what would be measured is that: so here the second rule of the
# job counts as always, and is not reached.
RULES = [city.JOB[0], {**city.JOB[1], "levels": {"yellow": "c >= 1000000"}}]


@contextmanager
def live_engine(broker, grids: int, directory: Path) -> Iterator[Engine]:
    """One that has caught up with an empty topic, named as its group is."""
    group = f"bench-{time.monotonic_ns()}"
    broker.create_topic(group, PARTITIONS, **SOON_DELETED)
    directory.mkdir()
    engine = engine_of(directory, grids, RULES, broker.bootstrap, group, {"hotline": group})
    engine.start("--create-topics")
    try:
        engine.wait_live()
        yield engine
    finally:
        engine.kill()
        broker.delete_topic(group)


def keeps_up(broker, maker: Maker, engine: Engine, rate: float) -> bool:
    before, sent, first = records(engine), int(rate * STEP_S), 0.0
    load = maker.live(broker, engine.group, int(rate), sent)
    while (read := records(engine) - before) < sent:
        engine.check_running()
        if load.poll():
            raise SystemExit(f"the load ended with {load.returncode}")
        first = first or (time.monotonic() if read else 0.0)
        time.sleep(0.05)
    took = time.monotonic() - first
    load.wait()
    return took <= STEP_S + BEHIND_S


def rate_kept_up_with(broker, maker: Maker, grids: int, directory: Path) -> float:
    """The highest at which all is read within a second of its turn, by an engine that has sender and broker beside it."""
    with live_engine(broker, grids, directory) as engine:
        kept, rate = 0.0, LEAST
        while keeps_up(broker, maker, engine, rate):
            kept, rate = rate, rate * STEP
    if not kept:
        raise SystemExit(f"{LEAST:,.0f} tickets a second are not kept up with")
    print(f"The highest rate that is kept up with: {kept:,.0f} tickets a second.", flush=True)
    return kept


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


def idle(broker, grids: int, count: int, directory: Path) -> list[float]:
    with live_engine(broker, grids, directory) as engine:
        return probe(broker, engine.group, engine.group, grids, count, 1)


def loaded(broker, maker: Maker, grids: int, rate: float, count: int, directory: Path) -> list[float]:
    with live_engine(broker, grids, directory) as engine:
        load = maker.live(broker, engine.group, int(rate), int(rate * (count * PAUSE_S * 1.5 + SETTLE_S + 60)))
        try:
            time.sleep(SETTLE_S)
            found = probe(broker, engine.group, engine.group, grids, count, 2)
            if load.poll() is not None:
                raise SystemExit(f"the load ended with {load.returncode} before the probes did")
            return found
        finally:
            load.kill()
            load.wait()


def measure(broker, maker: Maker, grids: int, rates: list[float], count: int, directory: Path) -> dict[str, list[float]]:
    found = {"idle": idle(broker, grids, count, directory / "idle")}
    for rate in rates:
        found[f"{rate:,.0f} tickets/s"] = loaded(broker, maker, grids, rate, count, directory / f"{rate:.0f}")
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
