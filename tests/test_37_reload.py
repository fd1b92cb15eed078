"""Rules change while the engine runs (SIGHUP): a new one sees the past, one that did not change goes on untouched, a bad
file changes nothing, a removed one ends its alerts and says why.
"""

import json
import os
import signal
import time

from complaints import complaint, eventually, histories, records
from engine import Engine, configuration, rule, source, write_project
from promises import check_messages, read_outputs

WAGES = rule("wages", {"w": {"category": "labour"}}, "grid", "24h", {"yellow": "w.callers >= 3", "red": "w.callers >= 6"})
STREET = rule("street", {"w": {"category": "labour"}}, "street", "24h", {"orange": "w >= 4"})


def write_rules(directory, *rules, text=None):
    text = json.dumps({"rules": rules}) if text is None else text
    aside = directory / "rules" / ".new"
    aside.write_text(text, encoding="utf-8")
    aside.rename(directory / "rules" / "rules.yaml")


def of(found, name):
    return [history for history in found if history[0]["rule"] == name]


def reload(engine, wanted: int):
    os.kill(engine.pid, signal.SIGHUP)
    engine.wait_for(lambda: engine.metric("gridwarn_generation") == wanted, 20, f"generation {wanted}")


def test_rules_change_while_it_runs(broker, topics, tmp_path):
    write_project(tmp_path, [WAGES])
    hotline, group = topics("hotline", partitions=2), topics.prefix.rstrip("-")
    engine = Engine(tmp_path, configuration(broker.bootstrap, group, {"hotline": source("hotline", hotline)}))
    now = time.time()
    try:
        engine.start("--create-topics")
        engine.wait_live()
        broker.produce(hotline, records(*(complaint(f"a{n}", now - 7200 + n) for n in range(4))))
        (first,) = eventually(lambda: histories(broker, group), lambda found: len(found) == 1)
        assert [d["level"] for d in first] == ["yellow"]

        # a new rule: its past is there, and the old rule's alert is the same
        write_rules(tmp_path, WAGES, STREET)
        reload(engine, 2)
        both = eventually(lambda: histories(broker, group), lambda found: len(found) == 2)
        (street,) = of(both, "street")
        assert [d["level"] for d in street] == ["orange"]
        assert street[0]["crossed_by"]["event_id"] == "WO-a3#created"
        assert of(both, "wages") == [first]
        assert street[0]["provenance"]["generation"] != first[0]["provenance"]["generation"]

        # a mistake: nothing changes, and readiness says so
        write_rules(tmp_path, text=json.dumps({"rules": [WAGES, {**STREET, "within": "soon"}]}))
        os.kill(engine.pid, signal.SIGHUP)
        engine.wait_for(lambda: not engine.is_ready(), 20, "told of the mistake")
        assert "rules.yaml:1:" in engine.log_text()
        assert engine.metric("gridwarn_generation") == 2

        # mended, with the street rule edited and the wages rule gone: while it counts, what comes is counted
        write_rules(tmp_path, {**STREET, "levels": {"orange": "w >= 4", "red": "w >= 8"}})
        os.kill(engine.pid, signal.SIGHUP)
        broker.produce(hotline, records(*(complaint(f"b{n}", now + n) for n in range(4))))
        engine.wait_for(lambda: engine.metric("gridwarn_generation") == 3, 20, "generation 3")
        engine.wait_for(engine.is_ready, 20, "ready again")
        found = eventually(lambda: histories(broker, group), lambda found: sum(map(len, found)) >= 4)
        (wages,), (street,) = of(found, "wages"), of(found, "street")
        assert wages[-1]["state"] == "withdrawn" and wages[-1]["reason"] == "the rule was removed"
        street = eventually(lambda: of(histories(broker, group), "street")[0], lambda h: h[-1]["level"] == "red")
        assert [d["state"] for d in street] == ["firing"] * len(street)

        # and a restart knows all that
        assert engine.stop() == 0
        engine.start()
        engine.wait_live()
        time.sleep(1)
        again = histories(broker, group)
        assert of(again, "street") == [street] and of(again, "wages") == [wages]
        assert engine.stop() == 0
    finally:
        engine.kill()
    check_messages(read_outputs(broker, group)["alerts"])
