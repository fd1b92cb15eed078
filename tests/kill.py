#!/usr/bin/python3
"""kill -9 under load, again and again: is anything lost, is anything doubled?

A producer sends a load (load.py) at a steady pace while the engine is killed at random moments: while it starts, while it
reads back, while it works.  Then the load stops, a last run drains what is left and closes everything, and the
topics are compared with what was sent and with the oracle.  By hand: tests/kill.py --kills 1000.  Rounds are
independent of each other and each has a seed; what a round finds is kept with its seed in --keep.

Ctrl-C ends the round early: it is then judged as far as it went.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from confluent_kafka import Producer

from broker import Broker
from engine import ROOT, Engine, configuration, source, write_project
from load import RULES, Load
from oracle_rules import read_rule
from promises import FAULT_HEADER, Verdict, check_privacy, verdict_on

PARTITIONS = {"hotline": 3, "petition": 1, "sensor": 2}
LATENESS = {"hotline": "45m", "petition": "45m", "sensor": "45m"}


class Sender(threading.Thread):
    """Sends the load, so many records a second, until told to stop."""

    def __init__(self, bootstrap: str, inputs: dict[str, str], seed: int, rate: float):
        super().__init__(daemon=True)
        self.inputs, self.rate, self.sent, self.failed = inputs, rate, 0, 0
        self._load, self._rng = iter(Load(ROOT / "rules" / "district", seed)), random.Random(seed)
        self._ending = threading.Event()
        # a broker that is away for a while must not stop the load, nor turn one record into two
        self._producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5,
                                   "message.timeout.ms": 300_000, "log_level": 0, "reconnect.backoff.max.ms": 500})

    def run(self) -> None:
        begun = time.monotonic()
        while not self._ending.is_set():
            ahead = self.sent / self.rate - (time.monotonic() - begun)
            if ahead > 0:
                self._producer.poll(0)
                time.sleep(min(ahead, 0.05))
                continue
            self._send(next(self._load))

    def _send(self, sent) -> None:
        where = {"partition": self._rng.randrange(PARTITIONS[sent.stream])} if sent.anywhere else {}
        headers = [(FAULT_HEADER, sent.fault.encode())] if sent.fault else None
        while True:
            try:
                self._producer.produce(self.inputs[sent.stream], sent.value, sent.key or None, headers=headers,
                                       on_delivery=self._delivered, **where)
                break
            except BufferError:
                self._producer.poll(0.1)
        self.sent += 1

    def _delivered(self, error, message) -> None:
        self.failed += error is not None

    def finish(self) -> None:
        """stops; returns when all it sent is in the topics"""
        self._ending.set()
        self.join()
        left = self._producer.flush(120)
        assert left == 0 and self.failed == 0, f"{left} records unsent, {self.failed} not delivered"


@dataclass
class Round:
    verdict: Verdict = field(default_factory=Verdict)
    kills: int = 0
    recoveries_s: list[float] = field(default_factory=list)  # from start to ready

    def __str__(self) -> str:
        times = sorted(self.recoveries_s) or [float("nan")]
        return (f"{self.kills} kills: {self.verdict}; from start to ready: median {statistics.median(times):.2f} s, "
                f"longest {times[-1]:.2f} s")


def set_up(broker: Broker, prefix: str, directory: Path, seed: int, rate: float) -> tuple[Engine, Sender]:
    write_project(directory, RULES)
    inputs = {stream: f"{prefix}{stream}" for stream in PARTITIONS}
    for stream, topic in inputs.items():
        broker.create_topic(topic, PARTITIONS[stream])
        broker.written.add(topic)
    # all on event time, so that what should come out depends on what was sent and on nothing else
    sources = {stream: source(stream, topic, LATENESS[stream]) for stream, topic in inputs.items()}
    settings = configuration(broker.bootstrap, prefix.rstrip("-"), sources, time="event", heartbeat="5s",
                             ledger={"keep": "400d", "readings_keep": "30d"})
    return Engine(directory, settings), Sender(broker.bootstrap, inputs, seed, rate)


def judge(broker: Broker, engine: Engine, sender: Sender) -> Verdict:
    sender.finish()
    engine.drain()
    check_privacy({}, engine.log_text())
    return verdict_on(broker, engine.group, sender.inputs, [read_rule(rule) for rule in RULES], engine.directory)


def live_until_killed(engine: Engine, rng: random.Random, result: Round) -> None:
    begun = time.monotonic()
    engine.start("--create-topics")
    if rng.random() < 0.3:
        time.sleep(rng.uniform(0, 1.5))  # somewhere in its start, or just after
    else:
        engine.wait_live()
        result.recoveries_s.append(time.monotonic() - begun)
        time.sleep(rng.uniform(0, 1.2))
    engine.check_running()
    engine.kill()
    result.kills += 1


def kill_round(broker: Broker, prefix: str, directory: Path, kills: int, seed: int, rate: float = 300,
               ending=lambda: False, result: Optional[Round] = None) -> Round:
    rng, result = random.Random(seed), result or Round()
    engine, sender = set_up(broker, prefix, directory, seed, rate)
    sender.start()
    try:
        while result.kills < kills and not ending():
            live_until_killed(engine, rng, result)
        result.verdict = judge(broker, engine, sender)
    finally:
        engine.kill()
    return result


def one_round(broker: Broker, directory: Path, kills: int, seed: int, options: argparse.Namespace,
              asked_to_end: threading.Event) -> Round:
    """A round that breaks off counts as failed; the next goes on."""
    place, made = directory / f"seed-{seed}", Round()
    try:
        kill_round(broker, f"kill-{seed}-", place, kills, seed, options.rate, asked_to_end.is_set, made)
    except AssertionError as failure:
        made.verdict.complaints.append(f"broken off: {failure}")
        broker.ensure_running()
    print(f"seed {seed}: {made}", *made.verdict.complaints, sep="\n", flush=True)
    if made.verdict.complaints and options.keep:
        shutil.copytree(directory, options.keep / f"seed-{seed}", dirs_exist_ok=True)
    shutil.rmtree(place)
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--round", type=int, default=50, metavar="N", help="kills before the topics are judged")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first round; the next has the next")
    parser.add_argument("--rate", type=float, default=300, help="records a second")
    parser.add_argument("--keep", type=Path, help="where the files of a round that failed are put")
    options = parser.parse_args()
    os.environ.setdefault("GRIDWARN", str(ROOT / "build" / "release" / "gridwarn"))

    asked_to_end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_end.set())
    directory = Path(tempfile.mkdtemp(prefix="gridwarn-kill-"))
    broker = Broker(directory / "kafka")
    rounds: list[Round] = []
    try:
        broker.start()
        seed, kills_left = options.seed, options.kills
        while kills_left > 0 and not asked_to_end.is_set():
            kills = min(options.round, kills_left)
            made = one_round(broker, directory, kills, seed, options, asked_to_end)
            rounds.append(made)
            kills_left -= kills
            seed += 1
    finally:
        broker.kill()
        shutil.rmtree(directory, ignore_errors=True)
    times = sorted(t for r in rounds for t in r.recoveries_s)
    lost, doubled = (sum(getattr(r.verdict, name) for r in rounds) for name in ("lost", "doubled"))
    print(f"altogether {sum(r.kills for r in rounds)} kills in {len(rounds)} rounds, "
          f"{sum(r.verdict.records for r in rounds)} records, {sum(r.verdict.alerts for r in rounds)} alerts, "
          f"{sum(r.verdict.dead_letters for r in rounds)} dead letters: {lost} lost, {doubled} doubled")
    if times:
        print(f"from start to ready: median {statistics.median(times):.2f} s, "
              f"99 % within {times[min(len(times) - 1, len(times) * 99 // 100)]:.2f} s, longest {times[-1]:.2f} s")
    return 1 if lost or doubled or any(r.verdict.complaints for r in rounds) else 0


if __name__ == "__main__":
    sys.exit(main())
