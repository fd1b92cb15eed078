#!/usr/bin/python3
"""The engine against the oracle on random rules over random streams.

    language.py --seeds A..B [--features x,y] [--without x,y] [--workers N]

Runs each seed and, for one that fails, prints the difference and the smallest rule and stream found that still show it.
GRIDWARN names the engine.  --features takes, beside the single ones, `all` and `today`, the first language.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Iterator

from language_case import Case, Ruled, narrowed, ruled_table
from made_district import REGIONS, write_csv
from oracle import Episode, episodes, minute_of
from oracle_calendar import Calendar
from oracle_rules import Rule, read_rule
from oracle_words import LEVELS
from published import difference, final_episodes, settled
from random_rules import FEATURES, TODAY, Drawn
from streams import CORRECTIONS, Stream, event_of, random_calendar

RULES, TRIES, BUSY = 10, 40, 80  # of a case; drawn for it; episodes of one rule that are too many
CORRECTING = (*CORRECTIONS.values(), "restored")
RUN_SECONDS = 120
RUNS, MANY_RUNS = 5, 12  # of a case that differs: to see whether always; to see it again where not always


# -- drawing -------------------------------------------------------------------------------------------------------


def draw(seed: int, features: frozenset[str] = FEATURES) -> Case:
    """Rules that fire now and then, and some that do not."""
    rng = random.Random(seed)
    days = 36 if "anomaly" in features and rng.random() < 0.3 else rng.choice((2, 3))
    calendar = random_calendar(rng, days) if features & {"days", "during", "workdays"} else []
    corrections = frozenset(CORRECTIONS) if rng.random() < 0.7 else frozenset()
    sent = Stream(rng, features & corrections, days).records()
    events = [event_of(s) for s in sent]
    rules, silent = [], []
    for number in range(TRIES):
        drawn = Drawn(rng, features, days, f"r{number}")
        spec, table = drawn.spec, tuple(drawn.overrides)
        if not table:
            spec = {key: value for key, value in spec.items() if key not in ("overrides", "分街道阈值")}
        ruled = Ruled(spec, table)
        try:
            count = len(expected_of([ruled], calendar, events, ("draft", "shadow", "active")))
        except ValueError:
            continue  # a level that holds of nothing, and the like
        if 0 < count <= BUSY:
            rules.append(ruled)
        elif count == 0 and not silent:
            silent.append(ruled)
        if len(rules) == RULES:
            break
    return Case((*rules, *silent), tuple(calendar), tuple(sent))


def compiled(rules: list[Ruled], calendar: list[dict]) -> Iterator[Rule]:
    with tempfile.TemporaryDirectory() as directory:
        for ruled in rules:
            if ruled.overrides:
                write_csv(Path(directory) / ruled_table(ruled), list(ruled.overrides))
            yield read_rule(ruled.spec, calendar=Calendar.of(calendar), directory=Path(directory))


def expected_of(rules, calendar, events, lives=("active",)) -> list[Episode]:
    return episodes(events, compiled(rules, calendar), REGIONS, lives=lives)


# -- comparing -----------------------------------------------------------------------------------------------------


class Refused(Exception):
    """The engine does not take the rules, or ends badly."""


def run(case: Case, workers: int, directory: Path) -> list[SimpleNamespace]:
    """what it published"""
    case.write(directory, workers)
    done = subprocess.run([os.environ["GRIDWARN"], "run", "-c", directory / "gridwarn.yaml", "--drain"],
                          capture_output=True, text=True, timeout=RUN_SECONDS)
    if done.returncode != 0:
        raise Refused(done.stderr[-4000:])
    letters = read_output(directory, "dead-letter")
    if letters:
        raise Refused(f"dead letters, such as {letters[0]}")
    return read_alerts(directory)


def read_output(directory: Path, name: str) -> list[str]:
    return (directory / "out" / f"{name}.ndjson").read_text(encoding="utf-8").splitlines()


def read_alerts(directory: Path) -> list[SimpleNamespace]:
    return [SimpleNamespace(value=line) for line in read_output(directory, "alerts")]


def as_published(episode: Episode) -> Episode:
    """An alert shows when it opened, not in which minute that was noticed."""
    return episode._replace(opened_minute=minute_of(episode.opened_at))


def seen_for_a_while(episode: Episode, expected: list[Episode], corrected: bool) -> set[str]:
    """The levels that an alert may have shown before its minutes were closed, which remain its highest to those who
    have seen it: what a fact took back that came later, or what belonged to a later episode as long as the end of this one
    was not certain."""
    if corrected:
        return set(LEVELS)
    return {e.highest for e in expected if (e.rule, e.subject_kind, e.subject, e.each) == (
        episode.rule, episode.subject_kind, episode.subject, episode.each) and e.opened_at >= episode.opened_at}


def compare(case: Case, workers: int = 1) -> str:
    """Empty if engine and oracle agree."""
    expected = [as_published(e) for e in expected_of(case.rules, case.calendar, map(event_of, case.sent))]
    with tempfile.TemporaryDirectory() as directory:
        try:
            published = final_episodes(run(case, workers, Path(directory)))
        except Refused as refused:
            return f"refused: {refused}"
    corrected = any(sent.record["kind"] in CORRECTING for sent in case.sent)
    return difference(expected, settled(published, expected,
                                        lambda e: e.highest in seen_for_a_while(e, expected, corrected)))


# -- explaining -------------------------------------------------------------------------------------------------------


def explained(case: Case, workers: int) -> str:
    """The smallest case found that shows the same sort of difference.  One that depends on timing is run often enough
    to show again."""
    first = compare(case, workers)
    again = sum(bool(compare(case, workers)) for _ in range(RUNS))
    runs = 1 if again == RUNS else MANY_RUNS

    def differs(smaller: Case) -> str:
        found = (compare(smaller, workers) for _ in range(runs))
        return next((f for f in found if f and f.startswith("refused") == first.startswith("refused")), "")

    def still(smaller: Case) -> bool:
        try:
            return bool(smaller.rules) and bool(differs(smaller))
        except (ValueError, KeyError):
            return False  # what is left of the rule is none

    if not again:
        return f"{first}\n(and then {RUNS} times not)"
    small = narrowed(case, still)
    tables = [row for ruled in small.rules for row in ruled.overrides]
    return "\n".join([*(["(not in every run)"] if runs > 1 else []), differs(small),
                      *(json.dumps(ruled.spec, ensure_ascii=False) for ruled in small.rules),
                      *(f"table {row}" for row in tables), *(f"calendar {row}" for row in small.calendar),
                      *(f"{sent.source}: {json.dumps(sent.record)}" for sent in small.sent)])


# -- command -------------------------------------------------------------------------------------------------------


def features_of(text: str) -> frozenset[str]:
    found: set[str] = set()
    for word in filter(None, text.split(",")):
        found |= {"today": TODAY, "all": FEATURES}.get(word, {word})
    if found - FEATURES:
        raise argparse.ArgumentTypeError(f"no features: {sorted(found - FEATURES)}; there are {sorted(FEATURES)}")
    return frozenset(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", required=True, help="A..B, or one")
    parser.add_argument("--features", type=features_of, default=FEATURES)
    parser.add_argument("--without", type=features_of, default=frozenset())
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--whole", action="store_true", help="do not narrow: print the difference as it is")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("..")
    failed = 0
    for seed in range(int(first), int(last or first) + 1):
        case = draw(seed, options.features - options.without)
        found = compare(case, options.workers)
        if found:
            failed += 1
            print(f"seed {seed}:\n{found if options.whole else explained(case, options.workers)}\n", flush=True)
    print(f"{failed} of {int(last or first) + 1 - int(first)} seeds differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
