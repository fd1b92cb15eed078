"""A source that falls silent and comes back with its backlog: meanwhile its alerts are unknown and none of them ends, and
afterwards all is as if it had been on time.

A district's hour of silence is a minute and a half here, and what hangs on it is as much shorter: lateness 20 s for
45 minutes, silent_after 10 s for 30, windows of one minute.
"""

import threading
import time

import events
from complaints import complaint, eventually, histories, records
from engine import Engine, configuration, rule, source, write_project
from oracle import Regions, episodes
from oracle_rules import read_rule
from promises import HEARTBEAT, check_messages, check_privacy, messages, read_outputs
from published import difference, final_episodes

LEVELS = {"yellow": "c.callers >= 2", "orange": "c.callers >= 4"}
RULES = [rule(name, {"c": {"source": name, "category": "labour"}}, "grid", "1m", LEVELS, clear={"after": "0m"})
         for name in ("hotline", "petition")]


class Talker(threading.Thread):
    """keeps a source from falling silent, with what no rule counts"""

    def __init__(self, broker, topic):
        super().__init__(daemon=True)
        self.broker, self.topic, self.ending = broker, topic, threading.Event()
        self.said = []

    def run(self):
        while not self.ending.wait(1):
            told = letter(complaint(f"talk{len(self.said)}", time.time(), category="noise", grid=5))
            self.said.append(told)
            self.broker.produce(self.topic, records(told))


def letter(complained: dict) -> dict:
    """the same as a petition"""
    data = complained["data"]
    return {**complained, "type": "gov.petition.letter.registered", "data": {
        "petition_no": data["order_no"], "dispute_type": data["dispute_type"], "collective_flag": False,
        "threat_flag": False, "involved_count": 1, "grid": data["grid"], "respondent": None,
        "complainant_tokens": [data["complainant"]["token"]]}}


def crowd(name: str, at: float, count: int) -> list[dict]:
    return [complaint(f"{name}{n}", at + n) for n in range(count)]


def test_silence_is_unknown_and_then_as_if_on_time(broker, topics, tmp_path):
    write_project(tmp_path, RULES)
    group = topics.prefix.rstrip("-")
    inputs = {"hotline": topics("hotline", partitions=2), "petition": topics("petition")}
    settings = configuration(broker.bootstrap, group, {
        stream: source(stream, topic, lateness="20s", silent_after="10s") for stream, topic in inputs.items()},
        heartbeat="2s")
    engine = Engine(tmp_path, settings)
    talker = Talker(broker, inputs["petition"])

    def of(name):
        return [d for history in histories(broker, group) for d in history if d["rule"] == name]

    try:
        engine.start("--create-topics")
        engine.wait_live()
        begun = time.time()
        talker.start()
        on_time = crowd("early", begun - 45, 2)
        broker.produce(inputs["hotline"], records(*on_time))
        broker.produce(inputs["petition"], records(*map(letter, crowd("letter", begun - 45, 2))))
        eventually(lambda: (of("hotline"), of("petition")), lambda both: all(both))

        eventually(lambda: [d["state"] for d in of("hotline")], lambda states: states[-1] == "unknown")
        gauge = 'gridwarn_source_silent{source="%s"}'
        eventually(lambda: engine.metric(gauge % "hotline"), lambda value: value == 1)  # gauges are set once a second
        assert engine.metric(gauge % "petition") == 0
        # the other source's alert ends in its time; this one would have ended with it
        eventually(lambda: [d["state"] for d in of("petition")], lambda states: states[-1] == "resolved", 240)
        time.sleep(15)
        assert [d["state"] for d in of("hotline")] == ["firing", "unknown"]

        backlog = crowd("more", begun + 10, 2) + crowd("peak", begun + 40, 5) + crowd("last", time.time() - 5, 1)
        broker.produce(inputs["hotline"], records(*backlog))
        eventually(lambda: of("hotline"), lambda seen: any(d["highest_level"] == "orange" for d in seen))
        assert not any(d["state"] == "withdrawn" for d in of("hotline"))
        talker.ending.set()
        talker.join()
        assert engine.stop() == 0
        engine.configure({**settings, "time": "event"})  # which ends everything that will end
        engine.drain()
    finally:
        talker.ending.set()
        engine.kill()

    district, outputs = events.District(tmp_path), read_outputs(broker, group)
    told = [*map(letter, crowd("letter", begun - 45, 2)), *talker.said]
    happened = [*district.events("hotline", on_time + backlog), *district.events("petition", told)]
    expected = episodes(happened, map(read_rule, RULES), Regions.read(tmp_path / "regions.csv"))
    published = final_episodes(outputs["alerts"])
    assert not difference(expected, published), difference(expected, published)
    assert {e.highest for e in expected if e.rule == "hotline"} >= {"orange"}
    check_messages(outputs["alerts"])
    check_privacy(outputs, engine.log_text())

    silent = [s["source"] for m in messages(outputs["alerts"]) if m["type"] == HEARTBEAT
              for s in m["data"]["sources"] if s["silent"]]
    assert "hotline" in silent and "petition" not in silent
