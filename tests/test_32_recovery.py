"""The ledger is what the engine remembers by, not the input: with the input gone and the engine restarted, windows are
as full as before and open alerts go on.
"""

import time

from confluent_kafka.admin import ConfigResource

from complaints import complaint, eventually, histories, records
from engine import Engine, configuration, rule, source, write_project
from promises import check_messages, check_privacy, read_outputs

RULES = [rule("wages", {"w": {"category": "labour"}}, "grid", "24h",
              {"yellow": "w.callers >= 3", "orange": "w.callers >= 5", "red": "w.callers >= 7"})]


def forget(broker, topic):
    """retention takes all that the topic holds; what is sent later stays"""
    admin = broker._admin()
    for retention_ms in ("100", "-1"):
        resource = ConfigResource("topic", topic, set_config={"retention.ms": retention_ms})
        admin.alter_configs([resource])[resource].result()
        if retention_ms == "100":
            eventually(lambda: broker.consume_all(topic), lambda left: left == [], 60)


def test_without_its_input_windows_and_open_alerts_are_as_before(broker, topics, tmp_path):
    write_project(tmp_path, RULES)
    hotline, group = topics("hotline", partitions=2), topics.prefix.rstrip("-")
    engine = Engine(tmp_path, configuration(broker.bootstrap, group, {"hotline": source("hotline", hotline)}))
    now = time.time()

    def level(history):
        return history[-1]["level"]

    try:
        engine.start("--create-topics")
        engine.wait_live()
        # three callers in one grid are an alert; two in another are not yet one
        broker.produce(hotline, records(*(complaint(f"a{n}", now - 7200 + n, grid=0) for n in range(3)),
                                        *(complaint(f"b{n}", now - 3600 + n, grid=9) for n in range(2))))
        (first,) = eventually(lambda: histories(broker, group), lambda found: len(found) == 1)
        assert [d["level"] for d in first] == ["yellow"]
        engine.wait_for(lambda: engine.metric('gridwarn_records_total{source="hotline"}') == 5)
        assert engine.stop() == 0

        forget(broker, hotline)
        engine.start()
        engine.wait_live()
        # one that was there already, and new ones: the same alert rises, and the other grid's third caller raises one
        broker.produce(hotline, records(complaint("a0", now - 7200, grid=0), complaint("a3", now, grid=0),
                                        complaint("a4", now, grid=0), complaint("b2", now, grid=9)))
        both = eventually(lambda: histories(broker, group), lambda found: sum(map(len, found)) == 3)
        risen = next(h for h in both if h[0]["alert_id"] == first[0]["alert_id"])
        assert [d["level"] for d in risen] == ["yellow", "orange"] and risen[1]["revision"] == 2
        assert risen[0]["opened_at"] == risen[1]["opened_at"]
        (other,) = (h for h in both if h is not risen)
        assert [d["level"] for d in other] == ["yellow"]

        engine.kill()  # and once more, after which nothing new is said
        engine.start()
        engine.wait_live()
        time.sleep(2)
        assert sum(map(len, histories(broker, group))) == 3
        assert engine.stop() == 0
    finally:
        engine.kill()
    outputs = read_outputs(broker, group)
    check_messages(outputs["alerts"])
    check_privacy(outputs, engine.log_text())
