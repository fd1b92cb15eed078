"""A rule of silent(): no data is never "no risk".  Judged by the clock, since no event can bring it up; kept over a
restart, ended when the source is heard again.
"""

import time

from complaints import complaint, eventually, histories, records
from engine import Engine, configuration, source, write_project
from held_clock import HeldClock, hold_clock
from promises import check_messages, read_outputs
from test_39_generations import command, write

QUIET = {"id": "quiet", "title": "热线断流", "per": "district", "levels": {"red": "silent(hotline)"},
         "clear": {"after": "0m"}}


def listening(broker, topics, directory) -> tuple[Engine, HeldClock]:
    """to one source, not yet started"""
    write_project(directory, [QUIET])
    settings = configuration(broker.bootstrap, topics.prefix.rstrip("-"), {
        "hotline": source("hotline", topics("hotline"), lateness="20s", silent_after="10s")})
    engine = Engine(directory, settings)
    return engine, hold_clock(engine)


def test_a_silent_source_raises_an_alert_that_ends_with_the_silence(broker, topics, tmp_path):
    engine, clock = listening(broker, topics, tmp_path)
    group = engine.group

    def states():
        return [d["state"] for history in histories(broker, group) for d in history]

    try:
        engine.start("--create-topics")
        engine.wait_live()
        broker.produce(engine.settings["sources"]["hotline"]["topic"], records(complaint("first", clock.now() - 1)))
        engine.wait_for(lambda: engine.metric('gridwarn_records_total{source="hotline"}') == 1)
        clock.hurry(clock.now() + 60)
        eventually(states, lambda seen: seen == ["firing"], 120)
        [alert] = histories(broker, group)
        assert alert[0]["subject"]["kind"] == "district" and alert[0]["level"] == "red"
        assert alert[0]["evidence"][0]["condition"] == "silent(hotline)" and "断流" in alert[0]["sentence"]
        assert alert[0]["evidence"][0]["within"] is None

        assert engine.stop() == 0
        engine.start()
        engine.wait_live()
        time.sleep(3)
        assert states() == ["firing"], "a restart neither ends nor doubles it"

        broker.produce(engine.settings["sources"]["hotline"]["topic"], records(complaint("again", clock.now() - 1)))
        eventually(states, lambda seen: seen == ["firing", "resolved"], 120)
        assert engine.stop() == 0
    finally:
        engine.kill()
    check_messages(read_outputs(broker, group)["alerts"])


def test_an_edit_leaves_alone_what_ended_in_the_minute_in_which_the_next_began(broker, topics, tmp_path):
    """It is over, and what was silent then cannot be judged anew."""
    engine, clock = listening(broker, topics, tmp_path)
    group = engine.group

    def states():
        return sorted([d["state"] for d in history] for history in histories(broker, group))

    def say(name):
        broker.produce(engine.settings["sources"]["hotline"]["topic"], records(complaint(name, clock.now() - 1)))

    try:
        engine.start("--create-topics")
        engine.wait_live()
        say("first")
        engine.wait_for(lambda: engine.metric('gridwarn_records_total{source="hotline"}') == 1)
        clock.hurry(clock.now() + 12)
        eventually(states, lambda seen: seen == [["firing"]], 60)
        clock.hurry((clock.now() // 60 + 1) * 60)  # a minute to do the rest in
        say("again")
        eventually(states, lambda seen: seen == [["firing", "resolved"]], 60)
        clock.hurry(clock.now() + 12)
        eventually(states, lambda seen: seen == [["firing"], ["firing", "resolved"]], 60)
        ended, begun = sorted(histories(broker, group), key=len, reverse=True)
        assert ended[-1]["ended_at"][:16] == begun[0]["opened_at"][:16]  # the same minute

        write(tmp_path / "rules", "rules.yaml", [{**QUIET, "levels": {"orange": "silent(hotline)"}}])
        code, text = command(engine, "reload")
        assert code == 0, text
        eventually(states, lambda seen: len(seen[0]) > 1, 60)
        assert states() == [["firing", "firing"], ["firing", "resolved"]]
        assert engine.stop() == 0
    finally:
        engine.kill()
    check_messages(read_outputs(broker, group)["alerts"])
