"""kill -9 with a city's ledger in memory: how long until the engine is live again and its first alert is out."""

from __future__ import annotations

import re
import time
from pathlib import Path

import city
from contenders import engine_of, records
from engine import SESSION_MS
from probes import Probes
from process import cpu_seconds
from workload import Maker

DAYS, READ_S, STOP_S = 34, 3600, 300


def measure(broker, maker: Maker, grids: int, events: int, kills: int, workers: int, directory: Path) -> str:
    work = maker.make(broker, events, DAYS)
    group = f"bench-{time.monotonic_ns()}"
    directory.mkdir()
    engine = engine_of(directory, grids, city.JOB, broker.bootstrap, group, {"hotline": work.topic}, workers)
    engine.start("--create-topics")
    rows = [f"{events:,} facts, {workers} workers; a dead leader's session ends after {SESSION_MS / 1000:.0f} s, which is part of the times.", "",
            "| kill | reading back, ms | kill to ready, s | kill to first alert, s | CPU, s |", "| --- | --: | --: | --: | --: |"]
    try:
        engine.wait_for(lambda: records(engine) == events, READ_S, "read to the end")
        assert engine.stop(STOP_S) == 0, engine.log_tail()  # commits what is read
        engine.start()
        engine.wait_live()
        for kill in range(1, kills + 1):
            rows.append(f"| {kill} | " + " | ".join(one_kill(broker, engine, work, grids, kill)) + " |")
    finally:
        engine.kill()
        broker.delete_topic(work.topic)
    return "\n".join(rows)


def one_kill(broker, engine, work, grids: int, seed: int) -> list[str]:
    probes = Probes(broker.bootstrap, work.topic, f"{engine.group}-alerts", grids, seed)
    probes.warm_up()
    engine.log.write_text("")
    engine.kill()
    killed = time.monotonic()
    probes.send()
    engine.start()
    engine.wait_live()
    ready = time.monotonic() - killed
    probes.wait(1)
    cpu = cpu_seconds(engine.pid)
    first = probes.close()[0]
    back = re.search(r"(\d+) facts from \d+ records of the log in (\d+) ms", engine.log_text())
    if not back or int(back[1]) < work.events:
        raise SystemExit(f"not all was read back:\n{engine.log_tail()}")
    return [back[2], f"{ready:.2f}", f"{first:.2f}", f"{cpu:.2f}"]
