"""Thirty changes of the rules under load, half of the edits with a mistake: every record is a fact or a dead letter exactly
once, rules that did not change publish what the oracle says, and no generation is ever of two minds.  The thousand is
tests/reloads.py.
"""

import os
import random

from reloads import reload_round

SEED = int(os.environ.get("GRIDWARN_SEED", "0")) or random.randrange(1 << 30)
RELOADS = 30


def test_thirty_changes_lose_nothing_and_reset_nothing(broker, topics, tmp_path):
    print(f"GRIDWARN_SEED={SEED}")
    made = reload_round(broker, topics.prefix, tmp_path, RELOADS, SEED)
    print(made)
    assert not made.verdict.complaints, "\n".join(made.verdict.complaints[:20])
    assert made.taken > 10 and made.refused > 10
    assert made.verdict.facts > 1_000 and made.verdict.alerts > 50 and made.verdict.dead_letters > 10
    before, after = made.memory_mib
    assert after - before < 8, made.memory_mib
    assert max(made.pauses_s) < 1  # of machines that tests share; figures are for tests/reloads.py
