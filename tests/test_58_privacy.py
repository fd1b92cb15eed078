"""No personal data in anything that is put out.  Every field of every shape that the shipped mappings and the dispositions have,
those that nobody knows, keys and headers hold a word, a name or a number of their own; then whatever the engine wrote,
logged, answered and printed is searched for all of them.  What may be found, where and why, is one table; all else is a leak.
"""

import base64
import json
import os
import struct
import subprocess
import time
from itertools import cycle
from pathlib import Path

import pytest

from canaries import HEADER, KEY, NUMBERED, UNKNOWN, Canaries, Place, Record, Records, changed, encoded, leaves, name_of, objects
from complaints import eventually, histories
from engine import MAPPINGS, Engine, configuration, rule, source, write_project
from load import CALLER, CONTENT, FIRM, PHONE
from privacy import LINT, Lint, Topics, leaks, numbers_in, personal, whole

ALL_KINDS = ["created", "called_again", "status", "closed", "reopened"]
LEAD = "区综治中心"
RULES = [
    rule("each_matter", {"c": {"source": ["hotline", "petition"], "kind": ALL_KINDS}}, "matter", "24h", {"yellow": "c >= 1"},
         send={"lead": LEAD}),
    rule("each_place", {"c": {"source": ["hotline", "petition"]}}, "grid", "24h", {"blue": "c >= 1", "red": "c.callers >= 900"}),
    rule("each_firm", {"c": {}}, "respondent", "24h", {"yellow": "c >= 1", "red": "c.involved >= 90000"}, each="category.2"),
    rule("on_trial", {"c": {"source": ["hotline", "petition"]}}, ["respondent", "matter"], "24h", {"yellow": "c >= 1"}, life="shadow"),
    rule("loud", {"c": {"source": "sensor"}}, "grid", "24h", {"yellow": "c.max >= 1"}),
]

# -- what may be found ---------------------------------------------------------------------------------------------

KEPT = {"ledger", "readings", "state"}
SHOWN = {"alerts", "log", "commands"} | KEPT
ORDER = "an officer finds the order by it; the platform made it, and it tells of nobody"
ALLOWED = {
    ("hotline", "id"): (SHOWN, ORDER),
    ("hotline", "data.order_no"): (SHOWN, ORDER),
    ("hotline", "data.merged_into"): (KEPT | {"commands"}, ORDER),
    ("hotline", "data.target_id"): (KEPT | {"commands"}, ORDER),
    ("hotline", "data.related_order_nos[]"): (KEPT | {"commands"}, ORDER),
    ("petition", "id"): (SHOWN, ORDER),
    ("petition", "data.petition_no"): (SHOWN, ORDER),
    ("petition", "data.target_id"): (KEPT | {"commands"}, ORDER),
    ("petition", "data.related_order_nos[]"): (KEPT | {"commands"}, ORDER),
    ("sensor", "id"): (SHOWN, "a reading is found by it"),
    ("hotline", "data.respondent.token"): (KEPT, "facts are counted by it; nobody is shown one that is in no register"),
    ("hotline", "data.respondent.name_norm"): (KEPT, "likewise"),
    ("petition", "data.respondent.token"): (KEPT, "likewise"),
    ("petition", "data.respondent.name_norm"): (KEPT, "likewise"),
    ("disposition", "id"): ({"alerts", "state"}, "the command centre's own number of what it said"),
    ("disposition", "data.unit"): ({"alerts", "state"}, "who has it; a unit that is no number of somebody's"),
    ("disposition", "data.to"): ({"alerts", "state"}, "likewise"),
    ("disposition", "data.by_role"): ({"alerts", "state"}, "a word for a role"),
    ("silence", "id"): ({"alerts", "state", "commands"}, "the command centre's own number of what it said"),
    ("silence", "data.unit"): ({"state", "commands"}, "who said so"),
    ("silence", "data.by_role"): ({"state", "commands"}, "a word for a role"),
    ("silence", "data.silence.subject"): ({"state", "commands"}, "the code of a subject, as an alert says it"),
}
WORDS_ONLY = {path for stream, path in ALLOWED if stream == "disposition"} | {"data.unit", "data.by_role"}  # what else stands there is refused


def may_be(place: Place, where: str) -> bool:
    wheres, _ = ALLOWED.get((place.stream, place.path), (set(), ""))
    return where in wheres and (place.form == "word" or place.path not in WORDS_ONLY)


# -- dispositions --------------------------------------------------------------------------------------------------


def dispositions(canaries: Canaries, alerts: list[dict], at: int):
    """Each alert has one; a word, then a person, in every field of every kind of them."""
    number, alert = 0, cycle(alerts)
    stamp, later = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second)) for second in (at, at + 86400))
    said = {"unit": LEAD, "by_role": "duty_officer", "at": stamp}
    acts = ({"action": "signed"}, {"action": "transferred", "to": "区住建局"}, {"action": "added_unit", "unit": "区城管局"},
            {"action": "returned", "reason": "not_ours"}, {"action": "extended", "until": later},
            {"action": "false_alarm", "reason": "duplicate"},
            {"action": "closed", "outcome": "mediated", "involved": 3, "actual_level": "yellow"})
    key = canaries.person("disposition", KEY)
    headers = [(canaries.word("disposition", HEADER), canaries.person("disposition", HEADER).encode())]
    for act in acts:
        shape = {"specversion": "1.0", "id": "", "source": "//command.example", "type": "gov.risk.disposition", "time": stamp,
                 "data": {"alert_id": "", **said, **act}}
        for path in leaves(shape):
            for make in canaries.word, canaries.person, canaries.number:
                name = name_of(path)
                if name == "id" and make != canaries.word:
                    continue
                number += 1
                made = changed(changed(shape, ("id",), f"D-{number}"), ("data", "alert_id"), next(alert)["alert_id"])
                yield Record("disposition", key, encoded(changed(made, path, make("disposition", name))), headers)
        for path in objects(shape):
            number += 1
            made = changed(changed(shape, ("id",), f"D-{number}"), ("data", "alert_id"), next(alert)["alert_id"])
            made = changed(made, (*path, canaries.word("disposition", UNKNOWN)), canaries.person("disposition", UNKNOWN))
            yield Record("disposition", key, encoded(made), headers)


def silences(canaries: Canaries, at: int):
    """Each of no alert that there is; a word, then a person, in every field."""
    key = canaries.person("silence", KEY)
    headers = [(canaries.word("silence", HEADER), canaries.person("silence", HEADER).encode())]
    stamp, later = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second)) for second in (at, at + 86400))
    shape = {"specversion": "1.0", "id": "", "source": "//command.example", "type": "gov.risk.silence", "time": stamp,
             "data": {"silence": {"rule": "loud", "region": "990101003", "category": "noise", "subject": "none", "level": "yellow"},
                      "by_role": "duty_officer", "unit": LEAD, "reason": "planned", "from": stamp, "until": later, "at": stamp}}
    number = 0
    for path in leaves(shape):
        for make in canaries.word, canaries.person, canaries.number:
            name = name_of(path)
            if make != canaries.word and name in ("id", "data.silence.subject"):
                continue  # as programs made them
            number += 1
            made = changed(changed(shape, ("id",), f"S-{number}"), path, make("silence", name))
            yield Record("disposition", key, encoded(made), headers)
    for path in objects(shape):
        number += 1
        made = changed(shape, ("id",), f"S-{number}")
        yield Record("disposition", key, encoded(changed(made, (*path, canaries.word("silence", UNKNOWN)),
                                                         canaries.person("silence", UNKNOWN))), headers)


# -- one run with all of it ----------------------------------------------------------------------------------------


def gridwarn(*args, text=None) -> bytes:
    done = subprocess.run([os.environ["GRIDWARN"], *map(str, args)], input=text, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout + done.stderr


def told_by_commands(engine: Engine, alerts: list[dict]) -> list[bytes]:
    past = ("-c", engine.path, "--from-ledger")
    looser = engine.directory / "looser.yaml"
    looser.write_text(json.dumps({"rules": [{**r, "within": "23h"} for r in RULES[:1]]}), encoding="utf-8")
    said = [gridwarn("replay", *past), gridwarn("replay", *past, "--json", "-"), gridwarn("replay", *past, "--csv", "-"),
            gridwarn("replay", *past, "--svg", "/dev/stdout"), gridwarn("replay", "-c", engine.path, "--from-topics"),
            gridwarn("diff", *past, "--against", looser), gridwarn("check", "-c", engine.path),
            gridwarn("tail", "-c", engine.path, "--from-start", "-n", "200"), gridwarn("generations", "-c", engine.path),
            gridwarn("silence", "-c", engine.path, "--list")]
    for alert in alerts:
        said += [gridwarn("explain", *past, "--alert", alert["alert_id"]), gridwarn("evidence", *past, alert["alert_id"])]
    return said


def told_over_http(engine: Engine) -> list[bytes]:
    answers = [engine.get(path)[1] for path in ("/metrics", "/healthz", "/readyz", "/-/generations", "/nothing")]
    answers += [json.dumps(engine.ask("/-/reload"), ensure_ascii=False), json.dumps(engine.ask("/-/rollback"), ensure_ascii=False)]
    return [answer.encode() for answer in answers]


def one_of_each_rule(alerts: list[dict]) -> list[dict]:
    by_rule: dict[str, list[dict]] = {}
    for alert in alerts:
        by_rule.setdefault(alert["rule"], []).append(alert)
    return [some[0] for some in by_rule.values()]


class Outcome:
    """(no NamedTuple: what fails would be shown with all of it)"""

    def __init__(self, canaries: Canaries, outputs: list[tuple[str, bytes]], directory: Path):
        self.canaries, self.outputs, self.directory = canaries, outputs, directory


@pytest.fixture(scope="module")
def outcome(broker, tmp_path_factory):
    directory, group, canaries = tmp_path_factory.mktemp("privacy"), "privacy", Canaries()
    write_project(directory, RULES)
    topics = {stream: f"{group}-in-{stream}" for stream in (*MAPPINGS, "disposition")}
    for topic in topics.values():
        broker.create_topic(topic, 2)
    engine = Engine(directory, configuration(broker.bootstrap, group, {s: source(s, topics[s]) for s in MAPPINGS},
                                             dispositions={"topic": topics["disposition"]}, heartbeat="1s"))
    outputs: list[tuple[str, bytes]] = []

    def count(source_name: str) -> float:
        return engine.metric(f'gridwarn_records_total{{source="{source_name}"}}')

    def send(records: list[Record], source_of=lambda stream: stream) -> None:
        for stream in {record.stream for record in records}:
            of_stream = [(r.key, r.value, None, r.headers) for r in records if r.stream == stream]
            wanted = count(source_of(stream)) + len(of_stream)
            broker.produce(topics[stream], of_stream)
            engine.wait_for(lambda: count(source_of(stream)) == wanted, what=f"done with {stream}")

    try:
        engine.start("--create-topics")
        engine.wait_live()
        now = int(time.time()) - 600
        records = Records(canaries, now)
        send(list(records))
        alerts = eventually(lambda: [h[-1] for h in histories(broker, group)], lambda found: {a["rule"] for a in found} >= {
            "each_matter", "each_place", "each_firm", "loud"})
        send(list(records.late()))
        of_matters = [alert for alert in alerts if alert["rule"] == "each_matter"]
        send(list(dispositions(canaries, of_matters, now + 60)), lambda stream: "dispositions")
        send(list(silences(canaries, now + 60)), lambda stream: "dispositions")
        engine.kill()  # what a recovery says of it all
        engine.start()
        engine.wait_live()
        outputs += [("http", answer) for answer in told_over_http(engine)]
        outputs += [("commands", text) for text in told_by_commands(engine, one_of_each_rule(alerts))]
        time.sleep(2)  # a heartbeat
        assert engine.stop() == 0
    finally:
        engine.kill()
    outputs += [("log", engine.log.read_bytes())]
    for topic, record in Topics(broker, f"{group}-").new():
        outputs.append((topic.removeprefix(f"{group}-"), whole(record)))
    return Outcome(canaries, outputs, directory)


def test_nothing_is_found_but_what_may_be(outcome):
    found, leaked = set(), {}
    for where, text in outcome.outputs:
        for canary, place in outcome.canaries.found(text):
            found.add((place.stream, place.path))
            if not may_be(place, where):
                at = text.find(canary.encode())
                around = text[max(at - 150, 0):at + 150].decode(errors="replace")
                leaked[f"{where} has the {place.form} of {place.stream} {place.path}"] = around
    assert not leaked, "\n".join(f"{what}: …{text}…" for what, text in sorted(leaked.items()))
    # the search sees what is there: each that may be somewhere was
    assert set(ALLOWED) <= found, set(ALLOWED) - found
    assert {where for where, _ in outcome.outputs} >= {*KEPT, "alerts", "dead-letter", "late", "log", "http", "commands"}


def test_every_field_of_every_shape_has_been_tried(outcome):
    tried = {(place.stream, place.path) for place in outcome.canaries.places.values()}
    assert tried >= set(ALLOWED)
    assert {stream for stream, _ in tried} == {*MAPPINGS, "disposition", "silence"}
    for stream in MAPPINGS:
        assert {(stream, KEY), (stream, HEADER), (stream, UNKNOWN), (stream, ".".join(NUMBERED[stream]))} <= tried
    letters = [json.loads(text.split(b"\n")[1]) for where, text in outcome.outputs if where == "dead-letter"]
    reasons = {letter["reason"] for letter in letters}
    assert reasons >= {"not_json", "bad_time", "bad_field", "bad_number", "unknown_kind", "unknown_category", "wrong_unit"}
    assert any(where == "late" for where, _ in outcome.outputs)


def test_callers_are_tokens_in_the_ledger_and_nowhere_else(outcome):
    callers = [canary for canary, place in outcome.canaries.places.items() if place.form == "word" and
               (place.stream, place.path) in {("hotline", "data.complainant.token"), ("petition", "data.complainant_tokens[]")}]
    key = outcome.directory / "caller.key"
    tokens = [int(token, 16) for token in gridwarn("token", "--key", key, text="\n".join(callers).encode()).split()]
    assert len(tokens) == len(callers) > 10
    in_ledger = b"".join(text for where, text in outcome.outputs if where == "ledger")
    assert sum(struct.pack("<Q", token) in in_ledger for token in tokens) > 10
    for where, text in outcome.outputs:
        for token in tokens if where != "ledger" else ():
            written = (struct.pack("<Q", token), struct.pack(">Q", token), f"{token:016x}".encode(), f"{token:016X}".encode(),
                       str(token).encode(), base64.b64encode(struct.pack("<Q", token))[:-1])
            assert not any(form in text for form in written), f"{where} has a caller's token"


# -- the lint over all tests: it works -------------------------------------------------------------------------------


@pytest.mark.parametrize("text, found", [
    ("电话13800000001。", ["13800000001"]),
    ("+86 138-0000-0001", ["138-0000-0001"]),
    ("138****0001", ["138****0001"]),
    ("身份证11010519491231002X", ["11010519491231002X"]),
    ("11010519491231002x,", ["11010519491231002x"]),
    ("110105194912310021", []),  # its check digit is another
    ("WO2026011200873", []),
    ("990101001001001, 1768176000000, 2026-01-12T09:41:22+08:00", []),
    ("7f3a09c1d4e138000000016277f0a1b2", []),  # an alert's id
])
def test_numbers_of_people_are_known_by_their_form(text, found):
    assert numbers_in(text.encode()) == [number.encode() for number in found]


def test_what_tests_mark_is_found(tmp_path):
    for mark in CALLER, CONTENT, PHONE, FIRM:
        assert personal(f"x{mark}y".encode())
    assert not personal(f"{FIRM}1".encode(), own=True) and personal(CALLER.encode(), own=True)
    escaped = json.dumps({"sentence": PHONE}).replace("0", "\\u0030").encode()
    assert PHONE.encode() not in escaped
    lint = Lint()
    lint.hear("/nothing", escaped)
    assert len(lint.look([])) >= 1 and not lint.look([])


def test_a_leak_into_any_output_fails_a_test(broker, topics, tmp_path):
    """As if an engine had done it: the topic is none that a test wrote to."""
    lint, topic = Lint(), topics("alerts")
    lint.watch(broker, topics.prefix)  # all others have been looked at
    lint.look([])
    broker.produce(topic, [("7f", b'{"data":{"alert_id":"7f"}}')])
    broker.written.discard(topic)
    assert not lint.look([])
    for key, value, headers in ((PHONE, b"{}", []), ("7f", b'{"sentence":"\\u0031' + PHONE[1:].encode() + b'"}', []),
                                ("7f", None, [("unit", PHONE.encode())]), ("7f", b"{}", [(CALLER, b"")])):
        broker.produce(topic, [(key, value, None, headers)])
        broker.written.discard(topic)
        (found,) = {line.partition(": ")[0] for line in lint.look([])}
        assert found.startswith(f"{topic} tells of a person")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "late.ndjson").write_text(f'{{"raw":"{CONTENT}"}}\n', encoding="utf-8")
    assert [line.partition(" ")[0] for line in lint.look([tmp_path])] == ["late.ndjson"]
    lint.hear("a log", f"caller 138****{PHONE[-4:]}\n".encode())
    assert len(lint.look([])) == 1
    # this run's own must not take it for the engine's
    broker.written.add(topic)
    (tmp_path / "out" / "late.ndjson").unlink()


def test_commands_and_engines_of_all_tests_are_heard(tmp_path):
    subprocess.run([os.environ["GRIDWARN"], PHONE], capture_output=True, timeout=30)  # which it says it does not know
    (found,) = LINT.look([])
    assert found.startswith(f"gridwarn {PHONE} tells of a person") and Engine.hear == LINT.hear
    assert leaks("x", [b"nobody"]) == []
