"""The broker is away for twenty seconds in the middle of the load: nothing is lost, nothing doubled, the process stays,
and its log says what happened rather than how often.
"""

import time

from kill import judge, set_up
from test_31_kill import SEED

OUTAGE_S = 20


def outage(broker, topics, tmp_path, away, back):
    engine, sender = set_up(broker, topics.prefix, tmp_path, SEED + 3, 300)
    sender.start()
    engine.start("--create-topics")
    engine.wait_live()
    time.sleep(3)
    try:
        pid, lines_before = engine.pid, len(engine.log_text().splitlines())
        away()
        time.sleep(OUTAGE_S)
        engine.check_running()
        back()
        cut = engine.metric("gridwarn_cut")
        engine.wait_for(lambda: engine.metric("gridwarn_cut") > cut, 60, "committing again")
        engine.wait_live()
        # the election was lost for longer than its log waits for; what goes to and fro as the broker thaws it leaves out
        engine.wait_for(lambda: "the brokers gave the lead back" in engine.log_text(), 60, "elected again")
        engine.check_running()
        assert engine.pid == pid
        said = engine.log_text().splitlines()[lines_before:]
        assert engine.stop() == 0
        verdict = judge(broker, engine, sender)
    finally:
        engine.kill()
    print(f"GRIDWARN_SEED={SEED}: {verdict}; it said in {len(said)} lines:", *said, sep="\n")
    assert not verdict.complaints, "\n".join(verdict.complaints)
    assert verdict.facts > 3_000
    assert 1 <= len(said) <= 20, "once, not a thousand times"
    assert len({line.split(" ", 2)[2] for line in said}) == len(said)  # nothing twice


def test_the_broker_stops_and_starts_again(broker, topics, tmp_path):
    outage(broker, topics, tmp_path, broker.stop, broker.start)


def test_the_broker_hangs_and_goes_on(broker, topics, tmp_path):
    outage(broker, topics, tmp_path, broker.pause, broker.resume)
