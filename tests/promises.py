"""What the engine has promised, checked on the topics alone: every input record became a fact or a dead letter, once;
the alert topic says what the oracle says; all that was published is valid; and nothing in it can be traced to a person.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable

import jsonschema

import events
import ledger_topic
from broker import Broker
from engine import OUTPUTS, ROOT
from load import CALLER, CONTENT, FIRM, PHONE
from oracle import Regions, episodes
from oracle_rules import Rule
from published import BrokenPromise, difference, final_episodes, hide_respondents, settled, shown_early

HEARTBEAT, DIGEST = "gov.risk.heartbeat", "gov.risk.alert.digest"
TARGETED = ("merged", "moved", "voided", "restored")
FAULT_HEADER = "fault"  # on an input record: the reason for which it must be refused


def schema(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((ROOT / "engine" / "alert" / name).read_text(encoding="utf-8")))


ALERT_SCHEMA, HEARTBEAT_SCHEMA, DIGEST_SCHEMA = (schema(f"{name}.schema.json") for name in ("alert", "heartbeat", "digest"))


def read_outputs(broker: Broker, group: str) -> dict[str, list]:
    """by the topic's word, its committed records"""
    return {word: broker.consume_all(f"{group}-{word}") for word in OUTPUTS}


def messages(records: Iterable) -> list[dict]:
    return [json.loads(record.value) for record in records]


def check_messages(alerts: Iterable) -> None:
    """Each is valid against the published schema, and what its key and headers repeat agrees with it."""
    for record in alerts:
        message = json.loads(record.value)
        {HEARTBEAT: HEARTBEAT_SCHEMA, DIGEST: DIGEST_SCHEMA}.get(message["type"], ALERT_SCHEMA).validate(message)
        headers = dict(record.headers)
        if message["type"] == DIGEST:
            assert record.key.decode() == message["subject"]
        elif message["type"] != HEARTBEAT:
            assert headers["notice"] == (b"told" if message["data"]["notice"]["told"] else b"held")
            assert record.key.decode() == message["subject"] == message["data"]["alert_id"]
            assert headers["level"].decode() == message["data"]["level"]


def check_privacy(outputs: dict[str, list], *texts: str) -> None:
    """No word of a complainant's, and none about one, in any topic but the ledger's, nor in texts (logs, metrics).
    State, which is the engine's own as the ledger is, names the respondents that it tracks, registered or not."""
    for word, records in outputs.items():
        marks = [mark.encode() for mark in (CALLER, CONTENT, PHONE) + ((FIRM,) if word != "state" else ())]
        if word not in ("ledger", "readings"):
            for record in records:
                whole = b"\n".join([record.key or b"", record.value or b"", *(value for _, value in record.headers)])
                assert not any(mark in whole for mark in marks), f"{word} tells of a person: {whole[:2000]!r}"
    for text in texts:
        assert not any(mark in text for mark in (CALLER, CONTENT, FIRM, PHONE)), "a log or the metrics tell of a person"


# -- everything that was sent against everything that came out ---------------------------------------------------------


@dataclass
class Verdict:
    records: int = 0
    facts: int = 0
    dead_letters: int = 0
    alerts: int = 0
    lost: int = 0
    doubled: int = 0
    complaints: list[str] = field(default_factory=list)

    def compare(self, what: str, expected: Counter, actual: Counter) -> None:
        lost, doubled = expected - actual, actual - expected
        self.lost += lost.total()
        self.doubled += doubled.total()
        for word, found in ("lost", lost), ("more than once, or never sent", doubled):
            if found:
                self.complaints.append(f"{what}: {found.total()} {word}, such as {list(found)[:5]}")

    def compare_carried(self, stored: list[ledger_topic.Fact], carried: list[ledger_topic.Fact]) -> None:
        """What was carried on is known, says of the event what its fact does, and is carried on to no day twice."""
        known = {(fact.source, fact.id): goes_on(fact) for fact in stored}
        for fact in carried:
            if known.get((fact.source, fact.id)) != goes_on(fact) or fact.actors:
                self.complaints.append(f"carried on, but not as it was: {fact}")
        days = Counter((fact.source, fact.id, fact.carried_at // 86400) for fact in carried)
        self.doubled += (days - Counter(set(days))).total()

    def __str__(self) -> str:
        return (f"{self.records} records in, {self.facts} facts, {self.dead_letters} dead letters, {self.alerts} alerts;"
                f" {self.lost} lost, {self.doubled} doubled")


def said_by(fact: events.Event | ledger_topic.Fact) -> tuple:
    """what a fact of the ledger and the event that it was must agree on"""
    target = fact.target if fact.kind in TARGETED else ""
    return (fact.source, fact.id, fact.kind, fact.occurred_at, fact.region, fact.category, fact.matter,
            fact.respondent, target, len(fact.actors), 0 if fact.kind == "moved" else fact.involved, fact.value)


def goes_on(fact: ledger_topic.Fact) -> tuple:
    """what a carried fact has of its original"""
    return fact.kind, fact.occurred_at, fact.region, fact.category, fact.matter, fact.target, fact.tags


def link_ids(event: events.Event, record: dict) -> set[tuple[str, str]]:
    """A link to another order is a fact of its own."""
    return {(event.source, f"link:{event.matter}>{other}") for other in record["data"].get("related_order_nos", [])}


def verdict_on(broker: Broker, group: str, inputs: dict[str, str], rules: list[Rule], project: Path,
               others: bool = False) -> Verdict:
    """inputs: stream -> topic.  After a drained run.  others: there were other rules, too, whose alerts must only keep
    what subscribers are promised of revisions."""
    district, verdict = events.District(project), Verdict()
    accepted: list[events.Event] = []
    refused: Counter = Counter()
    facts: set[tuple[str, str]] = set()
    for stream, topic in inputs.items():
        for record in broker.consume_all(topic):
            verdict.records += 1
            fault = dict(record.headers).get(FAULT_HEADER, b"").decode()
            if fault:
                refused[topic, record.partition, record.offset, fault] += 1
                continue
            content = json.loads(record.value)
            event, *links = district.events(stream, [content])
            accepted += [event, *links]
            facts |= {(event.source, event.id)} | link_ids(event, content)
    outputs = read_outputs(broker, group)

    rows = [fact for word in ("ledger", "readings") for record in outputs[word]
            for fact in ledger_topic.facts_of(record.value)]
    stored = [fact for fact in rows if not fact.carried_at]
    verdict.compare_carried(stored, [fact for fact in rows if fact.carried_at])
    verdict.facts = len(stored)
    verdict.compare("facts", Counter(facts), Counter((fact.source, fact.id) for fact in stored))
    differing = ({said_by(fact) for fact in stored if fact.kind != "linked"}
                 ^ {said_by(event) for event in accepted if event.kind != "linked"})
    if differing:
        verdict.complaints.append(f"facts that differ from their events, such as {sorted(differing)[:4]}")

    letters = messages(outputs["dead-letter"])
    verdict.dead_letters = len(letters)
    verdict.compare("dead letters", refused,
                    Counter((m["topic"], m["partition"], m["offset"], m["reason"]) for m in letters))
    late = Counter((m["topic"], m["partition"], m["offset"]) for m in messages(outputs["late"]))
    verdict.compare("late", Counter(), late)

    known = set(district.organisations.values())
    expected = hide_respondents(episodes(accepted, rules, Regions.read(project / "regions.csv")), known)
    try:
        judged = {rule.id for rule in rules}
        published = hide_respondents([episode for episode in final_episodes(outputs["alerts"])
                                      if not others or episode.rule in judged], known)
        early = set(hide_respondents(shown_early(outputs["alerts"]), known))
        published = settled(published, expected, early.__contains__)
        verdict.alerts = len(published)
        verdict.compare("alerts", Counter(expected), Counter(published))
        if difference(expected, published):
            verdict.complaints.append(difference(expected, published))
    except BrokenPromise as broken:
        verdict.doubled += 1
        verdict.complaints.append(str(broken))

    check_messages(outputs["alerts"])
    check_privacy(outputs)
    return verdict
