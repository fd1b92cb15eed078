"""A rule of silent(): no data is never "no risk".  Judged by the clock, since no event can bring it up; kept over a
restart, ended when the source is heard again.
"""

import time

from complaints import complaint, eventually, histories, records
from engine import Engine, configuration, source, write_project
from held_clock import hold_clock
from promises import check_messages, read_outputs

QUIET = {"id": "quiet", "title": "热线断流", "per": "district", "levels": {"red": "silent(hotline)"},
         "clear": {"after": "0m"}}


def test_a_silent_source_raises_an_alert_that_ends_with_the_silence(broker, topics, tmp_path):
    write_project(tmp_path, [QUIET])
    group = topics.prefix.rstrip("-")
    settings = configuration(broker.bootstrap, group, {
        "hotline": source("hotline", topics("hotline"), lateness="20s", silent_after="10s")})
    engine = Engine(tmp_path, settings)
    clock = hold_clock(engine)

    def states():
        return [d["state"] for history in histories(broker, group) for d in history]

    try:
        engine.start("--create-topics")
        engine.wait_live()
        broker.produce(settings["sources"]["hotline"]["topic"], records(complaint("first", clock.now() - 1)))
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

        broker.produce(settings["sources"]["hotline"]["topic"], records(complaint("again", clock.now() - 1)))
        eventually(states, lambda seen: seen == ["firing", "resolved"], 120)
        assert engine.stop() == 0
    finally:
        engine.kill()
    check_messages(read_outputs(broker, group)["alerts"])
