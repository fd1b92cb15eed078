"""A matter that is open is remembered for longer than the ledger keeps: a petition that names an order of days ago comes
after its call, because the call was carried on; after a call of an order that was closed it does not.
"""

import json
import os
from collections import Counter
from types import SimpleNamespace

import ledger_topic
from broker import Broker
from complaints import PLACES, complaint, eventually, histories, records
from engine import Engine, configuration, rule, source, write_project
from load import CALLER, encode
from promises import check_messages, check_privacy, read_outputs
from published import revisions
from shapes import Order, petition

HOUR, DAY = 3600, 86400
LONG_AGO = 1767225600  # 2026-01-01
RULES = [rule("after_a_call", {"call": {"source": "hotline"}, "visit": {"source": "petition", "after": "call"}}, "grid",
              "12h", {"yellow": "visit >= 1"}, raise_within="6h")]
OPEN_GRID, CLOSED_GRID = 3, 7


def order(number: str, at: float, step: str, **data) -> dict:
    """what happens to an order of complaint()"""
    made = Order(f"WO-{number}", int(at), PLACES.grids[0], PLACES.matter("labour.wage_arrears"), CALLER, "")
    return made.event(step, int(at), step, "", **data)


def visit(number: str, at: float, grid: int, *orders: str) -> dict:
    return petition(f"XF-{number}", at, PLACES.grids[grid], PLACES.matter("labour.wage_arrears"), [CALLER], 1,
                    related=[f"WO-{o}" for o in orders])


# one order is open and has swallowed another; one was closed; days go by, which each source has to say
FIRST_DAY = [complaint("open", LONG_AGO), complaint("swallowed", LONG_AGO + 60),
             order("swallowed", LONG_AGO + 120, "merged", merged_into="WO-open"),
             complaint("closed", LONG_AGO), order("closed", LONG_AGO + HOUR, "closed")]
DAYS_LATER = LONG_AGO + 4 * DAY + HOUR
TIME_PASSES = {"hotline": [complaint("later", DAYS_LATER, grid=20)],
               "petition": [visit("later", DAYS_LATER, 20)]}
VISITS = [visit("open", DAYS_LATER + HOUR, OPEN_GRID, "swallowed"),
          visit("closed", DAYS_LATER + HOUR, CLOSED_GRID, "closed")]
CARRIED = {"WO-open#created", "WO-swallowed#created", "WO-swallowed#merged"}


def carried_rows(broker: Broker, group: str) -> Counter:
    return Counter(fact.id for record in broker.consume_all(f"{group}-ledger")
                   for fact in ledger_topic.facts_of(record.value) if fact.carried_at)


def test_a_petition_comes_after_a_call_of_long_ago(broker, topics, tmp_path):
    write_project(tmp_path, RULES)
    group = topics.prefix.rstrip("-")
    inputs = {stream: topics(stream) for stream in ("hotline", "petition")}
    sources = {stream: source(stream, topic, "1m", "1m") for stream, topic in inputs.items()}
    engine = Engine(tmp_path, configuration(broker.bootstrap, group, sources, time="event", ledger={"keep": "1d"}))

    def state_floor():
        records_ = [r for r in broker.consume_all(f"{group}-state") if r.key == b"progress"]
        return json.loads(records_[-1].value)["floor"]

    try:
        engine.start("--create-topics")
        engine.wait_live()
        broker.produce(inputs["hotline"], records(*FIRST_DAY))
        engine.wait_for(lambda: engine.metric('gridwarn_records_total{source="hotline"}') == len(FIRST_DAY))
        for stream, content in TIME_PASSES.items():
            broker.produce(inputs[stream], [("", encode(c)) for c in content])
        rows = eventually(lambda: carried_rows(broker, group), lambda found: set(found) == CARRIED, 60)
        assert set(rows.values()) == {1}
        eventually(state_floor, lambda floor: floor >= LONG_AGO + DAY, 60)
        assert engine.metric('gridwarn_bound_hits_total{structure="carried"}') == 0

        engine.kill()
        engine.start()
        engine.wait_live()
        broker.produce(inputs["hotline"], records(FIRST_DAY[0]))  # once more, and far too late
        broker.produce(inputs["petition"], [("", encode(v)) for v in VISITS])
        engine.wait_for(lambda: engine.metric('gridwarn_records_total{source="petition"}') == len(VISITS))
        (alert,) = eventually(lambda: histories(broker, group), lambda found: len(found) == 1)
        assert alert[0]["subject"]["code"] == PLACES.grids[OPEN_GRID].code and alert[0]["level"] == "yellow"
        engine.wait_for(lambda: engine.metric('gridwarn_events_total{source="hotline",outcome="expired"}') == 1)
        assert engine.stop() == 0
        engine.drain()
    finally:
        engine.kill()
    assert carried_rows(broker, group) == rows
    assert len(histories(broker, group)) == 1, "an order that was closed was not carried on"
    outputs = read_outputs(broker, group)
    check_messages(outputs["alerts"])
    check_privacy(outputs, engine.log_text())


def test_of_files_too(tmp_path):
    write_project(tmp_path, RULES)
    sources = {stream: {"file": f"{stream}.ndjson", "mapping": f"mappings/{stream}.yaml", "lateness": "1m",
                        "silent_after": "1m"} for stream in ("hotline", "petition")}
    settings = configuration("", "carried", sources, time="event", ledger={"keep": "1d"}, output={"directory": "out"})
    del settings["kafka"]
    for stream in sources:
        os.mkfifo(tmp_path / f"{stream}.ndjson")
    engine = Engine(tmp_path, settings)
    pipes = {}

    def write(stream, contents):
        pipes[stream].write(b"".join(encode(c) + b"\n" for c in contents))
        pipes[stream].flush()

    try:
        engine.start("--drain")
        pipes.update((stream, (tmp_path / f"{stream}.ndjson").open("wb")) for stream in sources)
        engine.wait_live()
        write("hotline", FIRST_DAY)
        for stream, content in TIME_PASSES.items():
            write(stream, content)
        engine.wait_for(lambda: engine.metric('gridwarn_used_bytes{structure="carried"}') > 0, what="carried on")
        write("petition", VISITS)
        for pipe in pipes.values():
            pipe.close()
        assert engine.wait(60) == 0
    finally:
        engine.kill()
        for pipe in pipes.values():
            pipe.close()
    with (tmp_path / "out" / "alerts.ndjson").open(encoding="utf-8") as lines:
        found = revisions(SimpleNamespace(value=line) for line in lines)
    assert [history[0]["subject"]["code"] for history in found.values()] == [PLACES.grids[OPEN_GRID].code]
