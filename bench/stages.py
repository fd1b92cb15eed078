"""What each stage of the engine costs, at several numbers of grids, rules and workers, and what its memory holds: runs of
bench_stages, which is linked with the engine's own library, on tickets from memory.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Iterator

import yaml

import city
from contenders import engine_of
from engine import DISTRICT
from district import Place
from shapes import reading
from workload import Maker

STAGES = ("decode", "worker", "commit")
GRIDS = (1_000, 20_000, 200_000)
USUAL_GRIDS = 20_000
RULES = (10, 100, 1_000)
COUNTED = (1, 2, 5, 10)
RULES_GRIDS = 5_000  # so that ten counters a ticket find room in the memory that is configured for them
WORKERS = (1, 2, 3, 4)
MONTH_DAYS = 30
SENSORS, READINGS_A_DAY = 10_000, 144  # one in ten minutes


def elsewhere(count: int) -> list[dict]:
    """Rules that no ticket concerns: of a category that none has."""
    return [{"id": f"elsewhere_{n}", "let": {"c": {"category": "education.training"}}, "per": ["grid", "community"][n % 2],
             "within": f"{24 + n % 480}h", "levels": {"blue": f"c.callers >= {5 + n}"}} for n in range(count)]


def everywhere(count: int) -> list[dict]:
    """Rules that every ticket concerns, each with a window, and so a counter, of its own; hardly ever reached."""
    return [{"id": f"everywhere_{n}", "let": {"c": {"source": "hotline"}}, "per": "grid", "each": "category.2", "within": f"{24 + n}h",
             "levels": {"blue": "c >= 40"}} for n in range(count)]


LOUD = [{"id": "loud", "let": {"c": {"source": "sensor"}}, "per": "grid", "within": "1h", "levels": {"blue": "c.max >= 90"}}]


def alike(count: int) -> list[dict]:
    """Rules that every ticket concerns and that read one counter, which they share: evaluating, and no more counting."""
    return [{"id": f"alike_{n}", "let": {"c": {"source": "hotline"}}, "per": "grid", "each": "category.2", "within": "24h",
             "levels": {"blue": f"c >= {40 + n}"}} for n in range(count)]


class Bench:
    def __init__(self, programs: Path, directory: Path, events: int, seed: int):
        self._programs, self._directory, self._events, self._seed = programs, directory, events, seed

    def tickets(self, grids: int, days: int) -> Path:
        """made once"""
        path = self._directory / f"tickets-{grids}-{days}.ndjson"
        if not path.exists():
            Maker(self._programs, self._directory, grids, self._seed).write(path, self._events, days)
        return path

    def readings(self, sensors: int) -> Path:
        """a day's, of a sensor in each grid, until now"""
        path, codes = self._directory / "readings.ndjson", city.grids(sensors)
        begin = int(time.time()) - 86400
        with path.open("w", encoding="utf-8") as file:
            for n in range(sensors * READINGS_A_DAY):
                sensor, at = n % sensors, begin + n // sensors * (86400 // READINGS_A_DAY)
                record = reading(f"NS-{sensor:06}", "noise", at, Place(codes[sensor], {}, {}), 40 + n * 7919 % 300 / 10)
                print(json.dumps(record, separators=(",", ":")), file=file)
        return path

    def run(self, grids: int, rules: list[dict], workers: int = 0, days: int = 1) -> dict:
        return self._run(grids, rules, "hotline", self.tickets(grids, days), workers)

    def run_readings(self, sensors: int) -> dict:
        return self._run(sensors, LOUD, "sensor", self.readings(sensors), 0)

    def _run(self, grids: int, rules: list[dict], stream: str, lines: Path, workers: int) -> dict:
        directory = Path(tempfile.mkdtemp(prefix="project-", dir=self._directory))
        try:
            topics = {stream: "lines"} | {silent: silent for silent in ("hotline", "petition", "sensor") if silent != stream}
            config = engine_of(directory, grids, rules, "127.0.0.1:1", "bench", topics).path
            done = subprocess.run([self._programs / "bench_stages", config, lines, str(workers)], capture_output=True, text=True)
        finally:
            shutil.rmtree(directory)
        if done.returncode:
            raise SystemExit(f"bench_stages: {done.stderr[-2000:]}")
        return json.loads(done.stdout)


def cell(cost: dict) -> str:
    return f"{cost['ns']:.0f}" + (f" / {cost['instructions']:.0f}" if cost["instructions"] is not None else "")


def less(a: dict, b: dict) -> dict:
    """Costs of one stage are those of a run with it less those of a run without."""
    counted = a["instructions"] is not None and b["instructions"] is not None
    return {"ns": a["ns"] - b["ns"], "instructions": a["instructions"] - b["instructions"] if counted else None}


def table(head: list[str], lines: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] + ["--:"] * (len(head) - 1), *lines])


def by_grids(bench: Bench) -> str:
    lines = []
    for grids in GRIDS:
        idle, job = bench.run(grids, elsewhere(1)), bench.run(grids, city.JOB)
        lines.append([f"{grids:,}", cell(job["decode"]), cell(less(idle["worker"], idle["decode"])), cell(less(job["worker"], idle["worker"])),
                      cell(job["worker"]), cell(job["commit"])])
    return table(["grids", "decode", "enter", "count, evaluate", "worker", "commit"], lines)


def by_rules(bench: Bench) -> Iterator[str]:
    for what, rules, numbers in (("counters a ticket", everywhere, COUNTED), ("rules on one counter", alike, COUNTED),
                                 ("rules that concern no ticket", elsewhere, RULES)):
        yield table([what, "worker", "commit"], [[f"{n:,}", *(cell(found[s]) for s in ("worker", "commit"))]
                                                 for n in numbers for found in [bench.run(RULES_GRIDS, rules(n))]])


def shipped() -> list[dict]:
    return [rule for path in sorted((DISTRICT / "rules").glob("*.yaml"))
            for rule in yaml.safe_load(path.read_text(encoding="utf-8")).get("rules", [])]


def by_rule(bench: Bench) -> str:
    """Each of the district's by itself, on a month of tickets: which are dear, and which are looked at in vain?"""
    nothing, lines = bench.run(USUAL_GRIDS, elsewhere(1), days=MONTH_DAYS), []
    for rule in shipped():
        found = bench.run(USUAL_GRIDS, [rule], days=MONTH_DAYS)
        events = found["events"]
        lines.append([rule["id"], cell(less(found["worker"], nothing["worker"])), cell(less(found["commit"], nothing["commit"])),
                      f"{found['findings'] / events:.4f}", f"{found['denied'] / events:.4f}", f"{found['alerts']:,}"])
    return table(["rule", "worker, more", "commit, more", "findings a ticket", "of them denied", "alerts"], lines)


def by_workers(bench: Bench, rounds: int) -> str:
    lines, alone = [], 0.0
    for workers in WORKERS:
        fastest = max(bench.run(USUAL_GRIDS, city.JOB, workers)["events_a_second"] for _ in range(rounds))
        alone = alone or fastest
        lines.append([str(workers), f"{fastest:,.0f}", f"{fastest / alone:.2f}"])
    return table(["workers", "events/s, decode to findings", "×"], lines)


def memory(bench: Bench) -> str:
    """Of counters, lines and blocks in use.  Those of grids are sparse; a street's has a block of two kilobytes."""
    tickets, readings = bench.run(USUAL_GRIDS, city.JOB), bench.run_readings(SENSORS)
    grids = bench.run(USUAL_GRIDS, [rule for rule in city.JOB if rule["per"] == "grid"])
    lines = []
    for what, found, shelf in (("ticket", tickets, "facts_bytes"), ("reading", readings, "readings_bytes")):
        lines += [[f"a {what}: {part}", f"{found[held] / found['events']:.1f}"] for part, held in (("fact, texts, chains", shelf), ("index", "index_bytes"))]
    for what, found in (("sparse counter: callers of a grid and category", grids), ("counter of the job", tickets)):
        lines.append([f"a {what}, {found['counters']:,} of them", f"{found['counters_bytes'] / found['counters']:.1f}"])
    return table(["", "bytes"], lines)
