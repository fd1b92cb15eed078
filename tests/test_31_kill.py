"""kill -9, with a standby and without, under load: whatever dies when, every record is a fact or a dead letter exactly
once, and the alert topic says what a run without a kill would have said.  The thousand is tests/kill.py.
"""

import os
import random
import re
import time

from engine import Engine
from kill import judge, kill_round, set_up

SEED = int(os.environ.get("GRIDWARN_SEED", "0")) or random.randrange(1 << 30)
KILLS = 30


def cuts_begun(engine_log: str) -> list[int]:
    return [int(number) for number in re.findall(r"run: live, from cut (\d+)", engine_log)]


def test_thirty_kills_lose_nothing_and_double_nothing(broker, topics, tmp_path):
    print(f"GRIDWARN_SEED={SEED}")
    made = kill_round(broker, topics.prefix, tmp_path, KILLS, SEED)
    print(made)
    assert not made.verdict.complaints, "\n".join(made.verdict.complaints)
    assert made.kills == KILLS
    # it was work that was interrupted: facts and alerts by the hundred, and commits between the kills
    assert made.verdict.facts > 5_000 and made.verdict.alerts > 300 and made.verdict.dead_letters > 50
    # (on a busy machine not in each life)
    assert cuts_begun((tmp_path / "gridwarn.log").read_text())[-1] > KILLS // 3


def test_a_standby_takes_over_and_is_as_exact(broker, topics, tmp_path):
    print(f"GRIDWARN_SEED={SEED}")
    first, sender = set_up(broker, topics.prefix, tmp_path, SEED + 1, 300)
    first.start("--create-topics")
    first.wait_live()
    twin = Engine(tmp_path, first.settings, "twin")
    sender.start()
    leader, standby = first, twin
    takeovers = []
    try:
        for _ in range(4):
            standby.start()
            standby.wait_for(lambda: "another instance leads; ready to take over" in standby.log_text(), 30, "warm")
            time.sleep(random.Random(SEED).uniform(0.5, 1.5))
            leader.check_running()
            assert not standby.is_ready()  # only one leads
            begun = time.monotonic()
            leader.kill()
            standby.wait_live()
            takeovers.append(time.monotonic() - begun)
            leader, standby = standby, leader
            standby.log.write_text("")
        leader.kill()
        verdict = judge(broker, first, sender)
    finally:
        first.kill()
        twin.kill()
    print(f"from the leader's kill -9 to the standby being ready: {', '.join(f'{t:.2f} s' for t in takeovers)}, of which "
          f"1 s is the session's timeout; {verdict}")
    assert not verdict.complaints, "\n".join(verdict.complaints)
    assert max(takeovers) < 10


def test_sigterm_commits_and_nothing_is_read_again(broker, topics, tmp_path):
    engine, sender = set_up(broker, topics.prefix, tmp_path, SEED + 2, 2000)
    sender.start()
    engine.start("--create-topics")
    engine.wait_live()
    time.sleep(1)
    try:
        sender.finish()
        engine.wait_for(lambda: read(engine) == sender.sent, 30, "read to the end")
        assert engine.stop() == 0
        assert "everything read is committed" in engine.log_tail()
        engine.start()
        engine.wait_live()
        time.sleep(1)
        assert read(engine) == 0
        assert engine.stop() == 0
    finally:
        engine.kill()


def read(engine: Engine) -> int:
    return sum(int(engine.metric(f'gridwarn_records_total{{source="{stream}"}}'))
               for stream in ("hotline", "petition", "sensor"))
