"""The rule language against the oracle: random rules over random streams, out of order, with merges, moves and voids.

GRIDWARN_SEEDS says how many random seeds are tried beside the fixed ones, GRIDWARN_FEATURES which features rules may
have (`today`, `all`, or a list).  For long runs, and to see the smallest case of a failing seed: tests/language.py.
"""

import os
import random
from collections import Counter

import pytest

from language import compare, draw, expected_of, features_of
from random_rules import FEATURES
from streams import event_of

FEATURES_TESTED = features_of(os.environ.get("GRIDWARN_FEATURES", "today"))  # `all`, once the engine has them all
SEEDS = [1, 2, 3, *(random.randrange(1 << 30) for _ in range(int(os.environ.get("GRIDWARN_SEEDS", 3))))]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_alerts_of_random_rules_are_the_oracles(seed, workers):
    case = draw(seed, FEATURES_TESTED)
    found = compare(case, workers)
    assert not found, f"seed {seed}, {workers} workers, features {sorted(FEATURES_TESTED)}:\n{found}"
    assert len(case.rules) > 3


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
    words = """source category tag any_tag kind hours days after unless overdue each for during life valid overrides below
        when callers involved regions sources sum max avg change share both adjacent anomaly not and or >= > <= < = !=
        respondent matter street community district draft shadow""".split()
    assert not [word for word in words if seen[word] < 2], seen


def words_of(spec):
    """Keys and words, however deep."""
    if isinstance(spec, dict):
        return {*spec, *(word for value in spec.values() for word in words_of(value))}
    if isinstance(spec, list):
        return {word for value in spec for word in words_of(value)}
    return set(str(spec).replace("(", " ").replace(",", " ").replace(".", " ").split())
