"""Input that is no good: each record becomes a dead letter that says why and where it came from, with none of its text,
and the records around it count as if it were not there.
"""

import json
import time

import pytest

from complaints import complaint, eventually, histories, records
from engine import Engine, check_metrics, configuration, rule, source, write_project
from load import CONTENT, PHONE, encode
from promises import check_messages, check_privacy, messages, read_outputs

RULES = [rule("wages", {"w": {"category": "labour"}}, "grid", "24h", {"yellow": "w >= 40", "red": "w >= 1000"})]
DROP = object()


def changed(*places) -> bytes:
    """a good record with one thing changed: the path to it, then its value; DROP takes it away"""
    record = complaint("bad", time.time())
    at = record
    for key in places[:-2]:
        at = at[key]
    if places[-1] is DROP:
        del at[places[-2]]
    else:
        at[places[-2]] = places[-1]
    return encode(record)


def good() -> bytes:
    return encode(complaint("bad", time.time()))


def a_year_from_now(years: int) -> str:
    return f"{time.gmtime().tm_year + years}-01-12T09:00:00+08:00"


BAD = {
    "tombstone": (None, "empty", ""),
    "zero bytes": (b"", "empty", ""),
    "not JSON": (f"{CONTENT} {PHONE}".encode(), "not_json", ""),
    "truncated": (good()[:-20], "not_json", ""),
    "followed by more": (good() + b"{}", "not_json", ""),
    "broken where nobody looks": (changed("data", "stray", "tru!").replace(b'"tru!"', b"tru"), "not_json", ""),
    "nested 10,000 deep": (changed("data", "stray", "@").replace(b'"@"', b"[" * 10_000 + b"]" * 10_000), "not_json", ""),
    "invalid UTF-8": (good().replace(CONTENT.encode(), CONTENT.encode() + b"\xff\xfe"), "not_utf8", ""),
    "a raw NUL": (good().replace(CONTENT.encode(), CONTENT.encode() + b"\0"), "not_json", ""),
    "an escaped NUL": (changed("data", "order_no", f"{CONTENT}\0"), "bad_field", "data.order_no"),
    "10 MB": (changed("data", "appeal_content", CONTENT * 750_000), "too_large", ""),
    "no id": (changed("id", DROP), "missing_field", "id"),
    "no time": (changed("time", DROP), "missing_field", "time"),
    "no place": (changed("data", "grid", DROP), "missing_field", None),
    "an id that is an object": (changed("id", {}), "bad_field", "id"),
    "an order number that is a list": (changed("data", "order_no", [1, 2]), "bad_field", "data.order_no"),
    "a number that is an object": (changed("data", "involved_count", {"n": 2}), None, "data.involved_count"),
    "an unknown region": (changed("data", "grid", {"grid": f"{CONTENT}-1"}), "unknown_region", None),
    "an unknown category": (changed("data", "dispute_type", f"{CONTENT}-2"), "unknown_category", "data.dispute_type"),
    "an unknown kind": (changed("type", "gov.hotline.workorder.sung"), "unknown_kind", "type"),
    "ten years ahead": (changed("time", a_year_from_now(10)), "future", "time"),
    "1970": (changed("time", "1970-01-01T08:00:00+08:00"), "ancient", "time"),
    "31 February": (changed("time", "2026-02-31T10:00:00+08:00"), "bad_time", "time"),
    "beyond 64 bits": (changed("data", "involved_count", "@").replace(b'"@"', b"99999999999999999999"), "bad_number", ""),
    "a list of orders": (b"[" + good() + b",7]", "bad_field", None),
}


@pytest.fixture(scope="module")
def outcome(broker, tmp_path_factory):
    """All of them among good ones, in one run: (origin by name, dead letters, engine's outputs)."""
    directory, prefix = tmp_path_factory.mktemp("bad"), "bad-input-"
    write_project(directory, RULES)
    broker.create_topic(f"{prefix}hotline", 1, max_message_bytes=16 << 20)
    engine = Engine(directory, configuration(broker.bootstrap, prefix.rstrip("-"),
                                             {"hotline": source("hotline", f"{prefix}hotline")}, heartbeat="1s"))
    engine.start("--create-topics")
    try:
        engine.wait_live()
        origins = {}
        for number, (name, (value, _, _)) in enumerate(BAD.items()):
            before, after = (complaint(f"{number}-{which}", time.time()) for which in "ab")
            places = broker.produce(f"{prefix}hotline", [*records(before), (None, value), *records(after)])
            origins[name] = places[1]
        histories_of = lambda: histories(broker, prefix.rstrip("-"))  # noqa: E731
        eventually(histories_of, lambda found: len(found) == 1)
        engine.wait_for(lambda: engine.metric('gridwarn_records_total{source="hotline"}') == 3 * len(BAD))
        counted = {o: engine.metric(f'gridwarn_events_total{{source="hotline",outcome="{o}"}}')
                   for o in ("accepted", "refused", "duplicate", "expired", "skipped")}
        check_metrics(engine)
        time.sleep(2)  # a heartbeat
        texts = (engine.metrics_text(),)
        assert engine.stop() == 0
    finally:
        engine.kill()
    outputs = read_outputs(broker, prefix.rstrip("-"))
    return {"origins": origins, "counted": counted, "outputs": outputs, "texts": (*texts, engine.log_text()),
            "letters": {(m["partition"], m["offset"]): m for m in messages(outputs["dead-letter"])}}


@pytest.mark.parametrize("name", BAD)
def test_it_is_a_dead_letter_with_reason_and_origin(outcome, name):
    _, reason, place = BAD[name]
    letter = outcome["letters"][outcome["origins"][name]]
    assert letter["topic"] == "bad-input-hotline" and letter["source"] == "hotline"
    assert letter["reason"] == reason or (reason is None and letter["reason"] in ("bad_field", "bad_number"))
    assert letter["expected"]
    if place is not None:
        assert letter.get("place", "") == place


def test_nothing_else_is_disturbed(outcome):
    assert outcome["counted"] == {"accepted": 2 * len(BAD), "refused": len(BAD), "duplicate": 0, "expired": 0,
                                  "skipped": 0}
    assert len(outcome["outputs"]["dead-letter"]) == len(BAD) and outcome["outputs"]["late"] == []


def test_what_it_published_is_valid_and_tells_of_nobody(outcome):
    check_messages(outcome["outputs"]["alerts"])
    check_privacy(outcome["outputs"], *outcome["texts"])
    assert any(m["type"] == "gov.risk.heartbeat" for m in messages(outcome["outputs"]["alerts"]))
    for record in outcome["outputs"]["dead-letter"]:
        assert dict(record.headers)["reason"].decode() == json.loads(record.value)["reason"]
