"""Ten thousand real tickets through a real broker: the five gatherings that took place raise alerts, each at the very
ticket that crossed its threshold, and altogether the alert topic says what the oracle says.
"""

import json
import os
import subprocess

import pytest

from oracle import Regions, episodes
from oracle_rules import read_rules
from pingshan import (BURSTS, SOURCE, crossing_ticket, data_path, events_of, read_tickets, records_of, write_project)
from published import difference, final_episodes

PARTITIONS = 3


def write_configuration(directory, broker, topics):
    """The engine makes its own topics, "<group>-<word>"; only the input exists before it starts."""
    configuration = {
        "group": topics.prefix.rstrip("-"),
        "time": "event",
        "levels": ["blue", "yellow", "orange", "red"],
        "registry": {"regions": "regions.csv", "categories": "categories.csv"},
        "rules": "rules/",
        "sources": {SOURCE: {"topic": f"{topics.prefix}{SOURCE}", "lateness": "45m", "silent_after": "30m",
                             "mapping": "mapping.yaml"}},
        "kafka": {"properties": {"bootstrap.servers": broker.bootstrap}},
        "http": {"listen": "off"},
    }
    path = directory / "gridwarn.yaml"
    path.write_text(json.dumps(configuration, indent=1), encoding="utf-8")  # JSON, being YAML, is accepted
    return path


@pytest.fixture(scope="module")
def tickets():
    return read_tickets(data_path())


@pytest.fixture
def drained(tickets, broker, topics, tmp_path):
    """The engine has read every partition to its end, closed everything and left."""
    write_project(tmp_path, tickets)
    broker.produce(topics(SOURCE, partitions=PARTITIONS), records_of(tickets))
    configuration = write_configuration(tmp_path, broker, topics)
    run = subprocess.run([os.environ["GRIDWARN"], "run", "-c", configuration, "--create-topics", "--drain"],
                         stderr=subprocess.PIPE, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-4000:]
    return {name: broker.consume_all(topics.prefix + name) for name in ("alerts", "dead-letter", "late")}


def test_the_real_tickets_raise_the_alerts_that_the_oracle_computes(drained, tickets, tmp_path):
    expected = episodes(events_of(tickets), read_rules(tmp_path / "rules"), Regions.read(tmp_path / "regions.csv"))
    published = final_episodes(drained["alerts"])

    crossings = {(e.rule, e.subject, e.crossed_by) for e in published if e.rule in {b.rule for b in BURSTS}}
    assert crossings == {(b.rule, b.subject, crossing_ticket(tickets, b).id) for b in BURSTS}
    assert not difference(expected, published), difference(expected, published)
    assert len(published) > 1_000

    # what names no place is not lost: each of the ten is a dead letter, and nothing else is; and though partitions
    # are read at different speeds, no ticket of ten months is too late for the ledger
    placeless = [ticket for ticket in tickets if not ticket.community]
    assert len(drained["dead-letter"]) == len(placeless) == 10
    assert drained["late"] == []
