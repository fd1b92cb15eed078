"""The real tickets, before any engine sees them: they convert without loss, and the oracle finds the five bursts."""

import csv
import json

import pytest
import yaml

from oracle import Regions, episodes
from oracle_rules import read_rules
from pingshan import (BURSTS, SOURCE, crossing_ticket, data_path, events_of, read_tickets, records_of, write_project)


@pytest.fixture(scope="module")
def tickets():
    return read_tickets(data_path())


@pytest.fixture(scope="module")
def project(tickets, tmp_path_factory):
    directory = tmp_path_factory.mktemp("pingshan")
    write_project(directory, tickets)
    return directory


def test_the_tickets_are_those_described(tickets):
    assert len(tickets) == 10_000
    assert len(events_of(tickets)) == 9_990  # ten name no place


def test_arrival_by_record_number_is_within_the_lateness_that_the_test_allows(tickets):
    newest = latest = 0
    for ticket in tickets:
        newest = max(newest, ticket.occurred_at)
        latest = max(latest, newest - ticket.occurred_at)
    assert 40 * 60 < latest <= 45 * 60


def test_registry_and_table_cover_every_ticket_that_has_a_place(project, tickets):
    regions = Regions.read(project / "regions.csv")
    assert len(regions.rows) == 1 + 6 + 23
    assert all(regions.at(event.region, "district") == "1" for event in events_of(tickets))
    with (project / "categories.csv").open(encoding="utf-8") as file:
        paths = {row["path"] for row in csv.DictReader(file)}
    with (project / "subtypes.csv").open(encoding="utf-8") as file:
        table = {row["code"]: row["category"] for row in csv.DictReader(file)}
    assert set(table.values()) <= paths
    assert all(table[json.loads(value)["SUB_TYPE_ID"]] == ticket.category
               for ticket, (_, value) in zip(tickets, records_of(tickets), strict=True))
    assert yaml.safe_load((project / "mapping.yaml").read_text())["id"] == "REC_ID"


def test_the_five_bursts_and_nothing_else_reach_their_rules(project, tickets):
    rules = read_rules(project / "rules" / "bursts.yaml")
    found = episodes(events_of(tickets), rules, Regions.read(project / "regions.csv"))
    expected = {(b.rule, b.subject, crossing_ticket(tickets, b).id) for b in BURSTS}
    assert {(e.rule, e.subject, e.crossed_by) for e in found} == expected
    assert len(found) == len(expected) == 5


def test_each_crossing_is_on_the_day_that_is_known(tickets):
    for burst in BURSTS:
        assert crossing_ticket(tickets, burst).row["CREATE_TIME"].startswith(burst.day), burst.rule


def test_the_broad_rules_give_the_comparison_much_to_compare(project, tickets):
    rules = read_rules(project / "rules")
    found = episodes(events_of(tickets), rules, Regions.read(project / "regions.csv"))
    assert len(found) > 1_000
    assert {e.highest for e in found} == {"blue", "yellow", "orange", "red"}
    assert all(event.source == SOURCE for event in events_of(tickets))
