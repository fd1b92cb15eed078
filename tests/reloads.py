#!/usr/bin/python3
"""Rules that change under load, again and again, half of the edits with a mistake: is anything lost, doubled, reset or
half-applied?

A producer sends a load (load.py) while edits come: by HTTP, by signal, and by nothing but the edit itself; now and then a
rollback.  Some rules never change, only their company, their order and their file do: the oracle says what they should
have published.  Two others, in two files, change together and carry the edit's number as their version: whichever
generation a message names, its rule must have that generation's version.  Then the load stops and the same goes on
without it, to see what a change leaves behind in memory.  By hand: tests/reloads.py --reloads 1000.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from broker import Broker
from engine import ROOT, Engine, rule
from kill import Sender, set_up
from load import RULES
from oracle_rules import read_rule
from promises import Verdict, check_privacy, read_outputs, verdict_on
from published import revisions

MISTAKES = (
    lambda text: text.replace('"within"', '"withim"', 1),
    lambda text: text.replace('>= ', '>= x', 1),
    lambda text: text[:-3],
    lambda text: "",
    lambda text: text.replace('"per"', '"pre"', 1),
)


def companions(number: int, rng: random.Random) -> tuple[dict, dict]:
    """Two rules that belong together: of one edit, whatever becomes of it."""
    labour, noise = {"c": {"source": "hotline", "category": "labour"}}, {"c": {"source": "hotline", "category": "noise"}}
    more = {"version": str(number), "clear": {"after": "10m"}, "raise_within": "30d"}
    return (rule("left", labour, rng.choice(("street", "community")), "1h", {"blue": f"c >= {rng.randrange(3, 9)}"}, **more),
            rule("right", noise, "community", "2h", {"yellow": f"c.callers >= {rng.randrange(3, 7)}"}, **more))


@dataclass
class Edits:
    """What is on disk."""

    directory: Path
    rng: random.Random
    number: int = 0
    good: dict[str, str] = field(default_factory=dict)  # file -> text

    def _write(self, texts: dict[str, str]) -> None:
        """All at once, or the engine could rightly load one file of two: a folder beside, then the link is swapped."""
        made = self.directory.with_name(f"rules-{self.number}")
        made.mkdir()
        for name, text in texts.items():
            (made / name).write_text(text, encoding="utf-8")
        aside = self.directory.with_name("rules-link")
        aside.symlink_to(made.name)
        before = self.directory.resolve()
        if not self.directory.is_symlink():
            before = self.directory.rename(self.directory.with_name("rules-0"))
        aside.rename(self.directory)
        shutil.rmtree(before)

    def edit(self) -> None:
        self.number += 1
        left, right = companions(self.number, self.rng)
        same = self.rng.sample(RULES, len(RULES))
        split = self.rng.randrange(1, len(same))
        self.good = {"a.yaml": json.dumps({"rules": [left, *same[:split]]}),
                     "b.yaml": json.dumps({"rules": [*same[split:], right]})}
        self._write(self.good)

    def spoil(self) -> None:
        """One file of two is new and good, the other is not."""
        self.number += 1
        left, right = companions(self.number, self.rng)
        texts = {name: json.loads(text) for name, text in self.good.items()}
        texts["a.yaml"]["rules"][0], texts["b.yaml"]["rules"][-1] = left, right
        spoilt = self.rng.choice(sorted(texts))
        self._write({name: self.rng.choice(MISTAKES)(json.dumps(text)) if name == spoilt else json.dumps(text)
                     for name, text in texts.items()})


@dataclass
class Round:
    verdict: Verdict = field(default_factory=Verdict)
    taken: int = 0
    refused: int = 0
    rollbacks: int = 0
    seconds: list[float] = field(default_factory=list)
    pauses_s: list[float] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)  # without load: before and after

    def __str__(self) -> str:
        times, pauses = sorted(self.seconds) or [0.0], sorted(self.pauses_s) or [0.0]
        memory = " to ".join(f"{mib:.1f}" for mib in self.memory_mib)
        return (f"{self.taken} changes ({self.rollbacks} of them rollbacks), {self.refused} refused: {self.verdict}; active within "
                f"{statistics.median(times):.3f} s (longest {times[-1]:.3f}); pause of a worker {statistics.median(pauses) * 1000:.1f} ms "
                f"(99 % within {pauses[len(pauses) * 99 // 100 - 1] * 1000:.1f}, longest {pauses[-1] * 1000:.1f}); "
                f"resident {memory} MiB without load")


def resident_mib(engine: Engine) -> float:
    pages = int(Path(f"/proc/{engine.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Changer:
    def __init__(self, engine: Engine, rng: random.Random, result: Round):
        self.engine, self.rng, self.result = engine, rng, result
        self.edits = Edits(engine.directory / "rules", rng)
        self.generation = 1
        self.digest = self._active()["digest"]
        self.known: dict[str, Optional[str]] = {self.digest: None}

    def _active(self) -> dict:
        """Asked again while it is being rebuilt, as on a machine so busy that the broker takes the lead away from it."""
        answer: dict = {}

        def answered() -> bool:
            answer.update(self.engine.ask("/-/generations", "GET")[1])
            return "active" in answer

        self._wait(answered, "an answer")
        return answer["active"]

    def _wait(self, condition, what: str) -> None:
        self.engine.wait_for(condition, 60, what)

    def _ask(self, path: str) -> tuple[int, dict]:
        """as a client would who is told to ask again, see _active"""
        said: list[tuple[int, dict]] = [(503, {})]

        def answered() -> bool:
            said[0] = self.engine.ask(path)
            return said[0][0] != 503

        self._wait(answered, f"an answer to {path}")
        return said[0]

    def _took(self, answer: dict, version: Optional[str]) -> None:
        assert answer["generation"] > self.generation, f"{answer} after generation {self.generation}"
        self.generation, self.digest = answer["generation"], answer["digest"]
        self.known[self.digest] = version
        self.result.taken += 1
        if answer.get("changed"):
            self.result.seconds.append(answer["seconds"])
            self.result.pauses_s.append(answer["longest_pause_seconds"])

    def good(self) -> None:
        self.edits.edit()
        version = str(self.edits.number)
        how = self.rng.choice(("http", "http", "signal", "edit"))
        if how == "http":
            status, answer = self._ask("/-/reload")  # the edit itself may have been seen first
            assert status == 200 and answer["generation"] > self.generation, answer
        else:
            if how == "signal":
                os.kill(self.engine.pid, signal.SIGHUP)
            wanted = self.generation + 1
            self._wait(lambda: self._active()["generation"] >= wanted, f"generation {wanted} by {how}")
            answer = self._active()
        assert not answer["disk_differs"]
        self._took(answer, version)

    def bad(self) -> None:
        self.edits.spoil()
        if self.rng.random() < 0.7:
            status, answer = self._ask("/-/reload")
            assert status == 422 and answer["problems"], answer
            answer = answer["active"]
        else:
            self._wait(lambda: not self.engine.is_ready(), "told of the mistake")
            answer = self._active()
        assert (answer["generation"], answer["digest"], answer["disk_differs"]) == (self.generation, self.digest, True)
        self.result.refused += 1

    def rollback(self) -> None:
        """only for the mistakes' sake: the next edit counts again"""
        status, answer = self._ask("/-/rollback")
        assert status == 200, answer
        self.result.rollbacks += 1
        self._took(answer, self.known[answer["digest"]])

    def one(self) -> None:
        if self.result.taken and self.rng.random() < 0.5:
            self.bad()
            if self.rng.random() < 0.1 and self.result.taken > 2:
                self.rollback()
        else:
            self.good()


def check_generations(broker: Broker, group: str, known: dict[str, Optional[str]]) -> list[str]:
    complaints = []
    core = {r["id"] for r in RULES}
    for history in revisions(read_outputs(broker, group)["alerts"]).values():
        for data in history:
            digest, version = data["provenance"]["generation"], data["provenance"]["rule_version"]
            removed = data.get("reason") == "the rule was removed"
            if digest not in known:
                complaints.append(f"a generation that was never active: {digest}")
            elif data["rule"] in ("left", "right") and not removed and version != known[digest]:
                complaints.append(f"{data['rule']} of edit {version} in the generation of edit {known[digest]}")
            elif data["rule"] in core and removed:
                complaints.append(f"{data['rule']}, which was always there, is said to be removed")
    return complaints


def reload_round(broker: Broker, prefix: str, directory: Path, reloads: int, seed: int, rate: float = 300,
                 idle: int = 20, ending=lambda: False) -> Round:
    rng, result = random.Random(seed), Round()
    engine, sender = set_up(broker, prefix, directory, seed, rate)
    engine.start("--create-topics")
    try:
        engine.wait_live()
        changer = Changer(engine, rng, result)
        sender.start()
        while result.taken + result.refused < reloads and not ending():
            changer.one()
            engine.check_running()
            time.sleep(rng.uniform(0, 0.3))
        _without_load(engine, changer, sender, result, idle)
        changer.good()  # what the disk has in the end
        assert engine.stop() == 0, engine.log_tail()
        engine.drain()
        check_privacy({}, engine.log_text())
        result.verdict = verdict_on(broker, engine.group, sender.inputs, [read_rule(r) for r in RULES], engine.directory,
                                    others=True)
        result.verdict.complaints += check_generations(broker, engine.group, changer.known)
    finally:
        engine.kill()
    return result


def _without_load(engine: Engine, changer: Changer, sender: Sender, result: Round, changes: int) -> None:
    sender.finish()
    cuts = [engine.metric("gridwarn_records_total{source=\"hotline\"}"), -1.0]
    while cuts[0] != cuts[1]:  # all is read
        time.sleep(1)
        cuts = [engine.metric("gridwarn_records_total{source=\"hotline\"}"), cuts[0]]
    loaded = result.pauses_s, result.seconds
    result.pauses_s, result.seconds = [], []
    for _ in range(3):
        changer.good()
    result.memory_mib.append(resident_mib(engine))
    for _ in range(changes):
        changer.one()
    changer.good()
    result.memory_mib.append(resident_mib(engine))
    result.pauses_s, result.seconds = loaded  # of interest are those under load


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reloads", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rate", type=float, default=300, help="records a second")
    parser.add_argument("--idle", type=int, default=50, help="changes without load, for the memory")
    options = parser.parse_args()
    os.environ.setdefault("GRIDWARN", str(ROOT / "build" / "release" / "gridwarn"))
    directory = Path(tempfile.mkdtemp(prefix="gridwarn-reloads-"))
    broker = Broker(directory / "kafka")
    try:
        broker.start()
        made = reload_round(broker, f"reloads-{options.seed}-", directory / "project", options.reloads, options.seed,
                            options.rate, options.idle)
    finally:
        broker.kill()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"seed {options.seed}: {made}", *made.verdict.complaints[:20], sep="\n")
    return 1 if made.verdict.complaints or made.verdict.lost or made.verdict.doubled else 0


if __name__ == "__main__":
    sys.exit(main())
