#!/usr/bin/python3
"""A rule added live over a million facts: how long until it is active, how long does a worker stand still?

The engine reads tickets (bulk.py) from a pipe as fast as it can; then they go on coming at a steady pace while rules are added,
one after another.  Goals: active within 1 s, no pause of a worker above 5 ms.

    bench/reload.py --gridwarn build/release/gridwarn [--facts 1000000] [--changes 10] [--pace 500] [--shipped] [--max-new N]

With --max-new each change passes the gate first (rules_max_new), which asks the same million facts how many alerts it would have
opened; that is in the time of the answer.

Beside it run three plain rules or, with --shipped, the district's own.  Event time runs as many thousand times faster here as records
come faster than every two seconds, and rules that look at each minute as it closes have as much more to do: with those, what is
measured is mostly that.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Optional

from bulk import write
from district import District

ROOT = Path(__file__).resolve().parent.parent
DAY = "2026-01-12"


PLAIN = [
    {"id": "wages", "title": "wages", "let": {"c": {"category": "labour"}}, "per": ["respondent", "grid"], "within": "24h",
     "levels": {"yellow": "c.callers >= 3", "red": "c.callers >= 10"}},
    {"id": "again", "title": "again", "let": {"c": {"kind": "called_again"}}, "per": "matter", "within": "7d", "levels": {"blue": "c >= 3"}},
    {"id": "noise", "title": "noise", "let": {"c": {"category": "noise"}}, "per": "grid", "within": "2h", "levels": {"blue": "c >= 30"}},
]


class Paced:
    """A file that slows down once the first lines are through."""

    def __init__(self, file, fast: int, pace: float):
        self._file, self._left, self._pace, self._begun, self._slow = file, fast, pace, 0.0, 0

    def write(self, line: str) -> None:
        self._file.write(line)
        self._left -= 1
        if self._left > 0:
            return
        if self._left == 0:
            self._file.flush()
            self._begun = time.monotonic()
        self._slow += 1
        if self._slow % 20 == 0:
            self._file.flush()
            time.sleep(max(0.0, self._slow / self._pace - (time.monotonic() - self._begun)))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configure(directory: Path, port: int, shipped: bool, max_new: Optional[int]) -> Path:
    shutil.copytree(ROOT / "rules" / "district", directory, dirs_exist_ok=True)
    shutil.copytree(ROOT / "models", directory / "models")
    if not shipped:
        shutil.rmtree(directory / "rules")
        (directory / "rules").mkdir()
        (directory / "rules" / "plain.json").write_text(json.dumps({"rules": PLAIN}), encoding="utf-8")
    os.mkfifo(directory / "hotline.ndjson")
    for silent in ("petition", "sensor"):
        (directory / f"{silent}.ndjson").touch()
    tables = {name: f"{name}.csv" for name in ("regions", "categories", "organisations")}
    streams = {"hotline": "hotline.ndjson", "petition": "petition.ndjson", "sensor": "sensor.ndjson"}
    settings = {"group": "bench-reload", "time": "event", "registry": tables, "rules": "rules/", "calendar": "calendar.csv",
                "models": "models", "actor_keys": "ephemeral", "output": {"directory": str(directory / "out")},
                "sources": {name: {"file": file, "mapping": f"mappings/{name}.yaml"} for name, file in streams.items()},
                "http": {"listen": f"127.0.0.1:{port}"}, "rules_watch": "off"}
    if max_new is not None:
        settings["rules_max_new"] = max_new
    (directory / "out").mkdir()
    path = directory / "bench.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def read(port: int, path: str, method: str = "GET") -> str:
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method), timeout=120) as answer:
        return answer.read().decode()


def records(port: int) -> int:
    try:
        text = read(port, "/metrics")
    except OSError:
        return 0
    return sum(int(line.split()[-1]) for line in text.splitlines() if line.startswith("gridwarn_records_total{"))


def add_rule(directory: Path, number: int) -> None:
    rule = {"id": f"live_{number}", "title": "live", "let": {"c": {"category": "labour.wage_arrears"}}, "per": ["respondent", "grid"],
            "within": "24h", "levels": {"blue": f"c.callers >= {5 + number % 5}", "yellow": f"c.callers >= {10 + number}"}}
    (directory / "rules" / f"live_{number}.yaml").write_text(json.dumps({"rules": [rule]}), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gridwarn", default=os.environ.get("GRIDWARN", str(ROOT / "build" / "release" / "gridwarn")))
    parser.add_argument("--facts", type=int, default=1_000_000)
    parser.add_argument("--changes", type=int, default=10)
    parser.add_argument("--pace", type=float, default=500, help="records a second meanwhile")
    parser.add_argument("--shipped", action="store_true", help="the district's rules instead of three plain ones")
    parser.add_argument("--max-new", type=int, help="let the gate ask how many alerts each would have opened")
    options = parser.parse_args()
    directory, port = Path(tempfile.mkdtemp(prefix="gridwarn-bench-")), free_port()
    config = configure(directory, port, options.shipped, options.max_new)
    engine = subprocess.Popen([options.gridwarn, "run", "-c", config], stdin=subprocess.DEVNULL,
                              stderr=(directory / "log").open("w"))

    def feed() -> None:
        try:
            with open(directory / "hotline.ndjson", "w", encoding="utf-8") as pipe:
                write(Paced(pipe, options.facts, options.pace), District(ROOT / "rules" / "district"), DAY, 1, 10**9)
        except BrokenPipeError:
            pass  # the engine is done with

    threading.Thread(target=feed, daemon=True).start()
    try:
        begun = time.monotonic()
        while records(port) < options.facts:
            assert engine.poll() is None, (directory / "log").read_text()[-2000:]
            time.sleep(0.5)
        print(f"{options.facts} records read in {time.monotonic() - begun:.0f} s", flush=True)
        active, answered, pauses = [], [], []
        for number in range(options.changes):
            add_rule(directory, number)
            begun = time.monotonic()
            answer = json.loads(read(port, "/-/reload", "POST"))
            answered.append(time.monotonic() - begun)
            active.append(answer["seconds"])
            pauses.append(answer["longest_pause_seconds"] * 1000)
            time.sleep(0.5)
        print(f"{options.changes} rules added, {options.pace:.0f} records/s coming in: filled and taken up within "
              f"{statistics.median(active):.3f} s (longest {max(active):.3f}), answered within {statistics.median(answered):.3f} s "
              f"(longest {max(answered):.3f}); longest pause of a worker {statistics.median(pauses):.2f} ms (of all "
              f"{max(pauses):.2f})")
    finally:
        engine.kill()
        engine.wait()
        shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
