"""The rule language against the oracle: random rules over random streams, out of order, with merges, moves and voids.

GRIDWARN_SEEDS says how many random seeds are tried beside the fixed ones, GRIDWARN_FEATURES which features rules may
have (`today`, `all`, or a list).  For long runs, and to see the smallest case of a failing seed: tests/language.py.
"""

import os
import random
import subprocess
import time
from collections import Counter
from datetime import date

import pytest

from language import as_published, compare, draw, expected_of, features_of, read_alerts
from language_case import Case, Ruled
from made_district import GRIDS
from oracle_calendar import midnight
from published import difference, final_episodes
from random_rules import FEATURES
from streams import Sent, event_of

FEATURES_TESTED = features_of(os.environ.get("GRIDWARN_FEATURES", "all"))
JUDGED_S = 1  # within which what came through a pipe has been judged
SEEDS = [1, 2, 3, *(random.randrange(1 << 30) for _ in range(int(os.environ.get("GRIDWARN_SEEDS", 3))))]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_alerts_of_random_rules_are_the_oracles(seed, workers):
    case = draw(seed, FEATURES_TESTED)
    found = compare(case, workers)
    assert not found, f"seed {seed}, {workers} workers, features {sorted(FEATURES_TESTED)}:\n{found}"
    assert len(case.rules) > 3


RULE = {"id": "r", "let": {"x": {}}, "per": "grid", "within": "3h", "levels": {"red": "x >= 2"}}
YEAR_END = ({"from": "2026-02-08", "to": "", "kind": "period", "name": "year_end"},)


@pytest.mark.parametrize("more", [{"during": {"year_end": 0.5}},
                                  {"valid": {"from": "2026-02-08"}, "levels": {"red": "x >= 1"}}])
def test_what_only_the_date_makes_true_is_not_forgotten_before(more, tmp_path):
    """A fact an hour before midnight, judged as soon as it is there, when it is nothing yet; and nothing follows."""
    fact = Sent("hotline", {"id": "a", "kind": "created", "at": midnight(date(2026, 2, 8)) - 3600, "region": GRIDS[0],
                            "category": "noise"})
    case = Case((Ruled({**RULE, **more}, ()),), YEAR_END, (fact,))
    case.write(tmp_path, workers=1)
    lines = (tmp_path / "hotline.ndjson").read_bytes()
    (tmp_path / "hotline.ndjson").unlink()
    os.mkfifo(tmp_path / "hotline.ndjson")
    command = [os.environ["GRIDWARN"], "run", "-c", tmp_path / "gridwarn.yaml", "--drain"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as run:
        with (tmp_path / "hotline.ndjson").open("wb") as pipe:
            pipe.write(lines)
            pipe.flush()
            time.sleep(JUDGED_S)
        _, log = run.communicate(timeout=60)
    assert run.returncode == 0, log.decode()
    expected = expected_of(case.rules, case.calendar, [event_of(fact)])
    assert [(e.opened_minute * 60, e.crossed_by) for e in expected] == [(midnight(date(2026, 2, 8)), "a")]
    assert not difference(map(as_published, expected), final_episodes(read_alerts(tmp_path)))


def test_a_seed_is_one_case_and_features_can_be_left_out():
    assert draw(7) == draw(7) != draw(8)
    few = draw(7, features_of("tags,hours"))
    assert all(set(spec) <= {"tag", "any_tag", "hours", "source", "category"}
               for ruled in few.rules for spec in ruled.spec["let"].values())
    assert not {"merged", "linked", "moved", "voided"} & {sent.record["kind"] for sent in few.sent}


def test_every_word_of_the_language_turns_up_in_rules_that_fire():
    seen: Counter = Counter()
    for seed in range(40):
        case = draw(seed, FEATURES - {"chinese"})
        events = [event_of(sent) for sent in case.sent]
        for ruled in case.rules:
            if expected_of([ruled], case.calendar, events, ("draft", "shadow", "active")):
                seen.update(words_of(ruled.spec))
    words = """source category tag any_tag working kind hours days after unless overdue each for during life valid overrides
        below when callers involved regions sources sum max avg change share both adjacent anomaly not and or >= > <= < = !=
        respondent matter street community district draft shadow""".split()
    assert not [word for word in words if seen[word] < 2], seen


def words_of(spec):
    """Keys and words, however deep."""
    if isinstance(spec, dict):
        return {*spec, *(word for value in spec.values() for word in words_of(value))}
    if isinstance(spec, list):
        return {word for value in spec for word in words_of(value)}
    return set(str(spec).replace("(", " ").replace(",", " ").replace(".", " ").split())
