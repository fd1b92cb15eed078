"""Those who are compared.  Each does the whole job in a process of its own: reads the topic from its beginning, and is
through when everything is consumed and committed; then its alerts are read back.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Optional

import city
import process
from crossings import Alert
from engine import DISTRICT, Engine, configuration, source, write_project
from process import Run
from workload import PARTITIONS, Workload

POLL_S, COMMIT_POLL_S = 0.05, 0.005
COMMITTED = "everything read is committed"
LONGEST_S = 1800
HEAP = "1g"


class Contender:
    name: str
    judged = True  # it gives alerts

    def run(self, broker, work: Workload, directory: Path) -> tuple[Run, list[Alert]]:
        raise NotImplementedError


class Announcing(Contender):
    """A program that says `first`, `half` and `end` with the number of events as it gets there."""

    def follow(self, command: list, directory: Path) -> Run:
        with (directory / "log").open("w") as log:
            running = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, command)], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=log, text=True)
        marks, peak = {}, 0.0
        try:
            for line in running.stdout:
                word, _, events = line.partition(" ")
                if word in ("first", "half", "end"):
                    marks[word] = process.mark(running.pid, int(events))
                    peak = process.peak_mb(running.pid)
            code = running.wait(60)
        finally:
            running.kill()
            running.wait()
        if code or "end" not in marks:
            raise SystemExit(f"{self.name} ended with {code}:\n" + (directory / "log").read_text()[-3000:])
        return Run(self.name, marks["first"], marks["half"], marks["end"], peak)


class Consume(Announcing):
    name, judged = "raw consume", False

    def __init__(self, programs: Path):
        self._program = programs / "bench_consume"

    def run(self, broker, work: Workload, directory: Path) -> tuple[Run, list[Alert]]:
        return self.follow([self._program, broker.bootstrap, work.topic, PARTITIONS, work.events], directory), []


class Gridwarn(Contender):
    """Live, on the clock, as ops run it.  It is asked over HTTP how far it is, and told to leave (SIGTERM, which commits what
    is read) when it has read everything."""

    def __init__(self, all_rules: bool = False, workers: int = 1):
        self.all_rules, self.workers = all_rules, workers
        self.name = f"gridwarn{', all rules' if all_rules else ''}{f', {workers} workers' if workers > 1 else ''}"

    def prepare(self, broker, work: Workload, directory: Path) -> Engine:
        group = f"bench-{time.monotonic_ns()}"
        topics = {"hotline": work.topic}
        if self.all_rules:
            topics |= {silent: f"{group}-{silent}" for silent in ("petition", "sensor")}
            for silent in list(topics.values())[1:]:
                broker.create_topic(silent)
        rules = None if self.all_rules else city.JOB
        return engine_of(directory, work.grids, rules, broker.bootstrap, group, topics, self.workers)

    def run(self, broker, work: Workload, directory: Path) -> tuple[Run, list[Alert]]:
        engine = self.prepare(broker, work, directory)
        engine.start("--create-topics")
        try:
            run = self._follow(engine, work.events)
        finally:
            engine.kill()
        return run, self._alerts(broker, work, engine.group, run)

    def _follow(self, engine: Engine, events: int) -> Run:
        first = half = None
        peak = 0.0
        last = process.mark(engine.pid, 0)
        deadline = time.monotonic() + LONGEST_S
        while last.events < events:
            engine.check_running()
            now = process.mark(engine.pid, records(engine))
            first = first or (last if now.events else None)
            half = half or (now if now.events >= events // 2 else None)
            last, peak = now, process.peak_mb(engine.pid)
            assert time.monotonic() < deadline, f"{events} records were not read within {LONGEST_S} s:\n{engine.log_tail()}"
            time.sleep(POLL_S)
        complain_of(engine.metrics_text(), events)
        engine.terminate()
        while COMMITTED not in engine.log_text():
            assert time.monotonic() < deadline, f"it does not commit what is read:\n{engine.log_tail()}"
            time.sleep(COMMIT_POLL_S)
        end, peak = process.mark(engine.pid, events), process.peak_mb(engine.pid) or peak
        code = engine.wait(60)
        assert code == 0, f"gridwarn ended with {code}:\n{engine.log_tail()}"
        return Run(self.name, first, half, end, peak)

    @staticmethod
    def _alerts(broker, work: Workload, group: str, run: Run) -> list[Alert]:
        """As a subscriber has them in the end; what was taken back is counted by itself."""
        newest = {}
        for record in broker.consume_all(f"{group}-alerts"):
            data = json.loads(record.value)["data"]
            if data.get("rule") in (city.CALLERS, city.TICKETS):
                newest[data["alert_id"]] = data
        valid = [data for data in newest.values() if data["state"] != "withdrawn"]
        run.withdrawn = len(newest) - len(valid)
        return [work.alert(data["subject"]["code"], data["each"]["category"], int(datetime.fromisoformat(data["opened_at"]).timestamp()))
                for data in valid]


def engine_of(directory: Path, grids: int, rules: Optional[list], bootstrap: str, group: str, topics: dict, workers: int = 1) -> Engine:
    """rules: those alone; None: the job's beside the district's."""
    write_project(directory, rules)
    city.settle(directory, grids)
    sources = {stream: source(stream, topic) for stream, topic in topics.items()}
    # 2,000,000 tickets of a month have some ten million counters by the district's rules
    bounds = {"ledger": {"memory": "4GiB"}, "counters": {"memory": "6GiB" if rules is None else "2GiB"}}
    settings = configuration(bootstrap, group, sources, workers=workers, calendar="calendar.csv", models="models", **bounds)
    if rules is None:
        (directory / "rules" / "job.yaml").write_text(json.dumps({"rules": city.JOB}), encoding="utf-8")
    for thresholds in (DISTRICT / "rules").glob("*.csv"):
        shutil.copy(thresholds, directory / "rules")
    return Engine(directory, settings)


def records(engine: Engine) -> int:
    status, text = engine.get("/metrics")
    return int(sample(text, 'gridwarn_records_total{source="hotline"}')) if status == 200 else 0


def sample(text: str, series: str) -> float:
    return next((float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{series} ")), 0)


def complain_of(text: str, events: int) -> None:
    """A bench whose engine leaves work undone is none."""
    accepted = sample(text, 'gridwarn_events_total{source="hotline",outcome="accepted"}')
    bounds = [line for line in text.splitlines() if line.startswith("gridwarn_bound_hits_total{") and not line.endswith(" 0")]
    if accepted != events or bounds:
        raise SystemExit(f"{accepted:.0f} of {events} events accepted; bounds met: {bounds}")


class Peer(Announcing):
    """A stream engine on the JVM, in the shape that its experts would give it."""

    folder: str
    main: str

    def __init__(self, programs: Path, lists: Path, name: str, *options: str):
        self._programs, self._lists, self.name, self._options = programs, lists, name, options

    def run(self, broker, work: Workload, directory: Path) -> tuple[Run, list[Alert]]:
        group = f"bench-{time.monotonic_ns()}"
        broker.create_topic(f"{group}-alerts")
        broker.create_topic(f"{group}-street", PARTITIONS)
        (directory / "state").mkdir()
        command = ["java", f"-Xms{HEAP}", f"-Xmx{HEAP}", "-XX:+UseParallelGC", "--add-opens=java.base/java.util=ALL-UNNAMED",
                   "--add-opens=java.base/java.lang=ALL-UNNAMED", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                   f"-Dstate.dir={directory / 'state'}", f"-Dcategories={self._lists / 'categories.txt'}",
                   "-cp", f"{self._programs / self.folder / 'classes'}:{self._programs / self.folder / 'lib'}/*", self.main,
                   broker.bootstrap, group, work.topic, f"{group}-alerts", work.events, *self._options]
        run = self.follow(command, directory)
        return run, [self._alert(work, json.loads(record.value)) for record in broker.consume_all(f"{group}-alerts")]

    @staticmethod
    def _alert(work: Workload, said: dict) -> Alert:
        place, _, category = said["key"].partition("|")
        return work.alert(place, category, said["minute"] * 60)


class Streams(Peer):
    folder, main = "streams", "StreamsJob"


class Flink(Peer):
    folder, main = "flink", "FlinkJob"


def peers(programs: Path, lists: Path) -> list[Peer]:
    lz4, high_memory = "producer.compression.type=lz4", "state.backend.rocksdb.predefined-options=SPINNING_DISK_OPTIMIZED_HIGH_MEM"
    return [
        Flink(programs, lists, "Flink, heap", "hashmap", "1", "1000"),
        Streams(programs, lists, "Kafka Streams, memory", "mem", "1", lz4),
        Flink(programs, lists, "Flink, RocksDB", "rocksdb", "1", "1000", high_memory, "taskmanager.memory.managed.size=512m"),
        Streams(programs, lists, "Kafka Streams, RocksDB", "rocks", "1", lz4),
    ]
