"""The sample generator: the same seed is the same day, pipes work whoever opens first, nobody can be recognised, and
the stories that it plants are there for the shipped rules to find.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from events import District, read_lines, seconds
from oracle import Regions, courses, episodes
from shipped import judged_rules

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "bench" / "sample.py"
DISTRICT = ROOT / "rules" / "district"
STREAMS = ("hotline", "petition", "sensor")


def generate(out, *options):
    subprocess.run([sys.executable, SAMPLE, "--out", out, *options], check=True, timeout=120)
    return out


def text_of(directory):
    return {stream: (directory / f"{stream}.ndjson").read_text(encoding="utf-8") for stream in STREAMS}


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("day"))


@pytest.fixture(scope="module")
def events(day):
    district = District(DISTRICT)
    return [event for stream in STREAMS for event in district.events(stream, read_lines(day / f"{stream}.ndjson"))]


def test_a_seed_is_a_day(day, tmp_path):
    again = text_of(generate(tmp_path / "again"))
    assert again == text_of(day)
    assert text_of(generate(tmp_path / "other", "--seed", "7")) != again


def test_it_has_what_real_streams_have(day):
    records = list(read_lines(day / "hotline.ndjson"))
    ids = Counter((record["source"], record["id"]) for record in records)
    assert sum(count > 1 for count in ids.values()) >= 5  # delivered twice
    times = [seconds(record["time"]) for record in records]
    behind = max(max(times[:i]) - time for i, time in enumerate(times) if i)
    assert 300 < behind < 45 * 60  # out of order, within the lateness that the district allows
    steps = Counter(record["type"].rpartition(".")[2] for record in records)
    assert steps["created"] > 1500 and steps["voided"] >= 1 and steps["merged"] >= 2 and steps["closed"] > 300


def test_the_day_has_its_curve(day):
    hours = Counter(int(record["time"][11:13]) for record in read_lines(day / "hotline.ndjson")
                    if record["type"].endswith("created"))
    assert hours[10] > 3 * hours[4] and hours[9] > hours[13] > hours[3]


def test_nobody_can_be_recognised(day):
    for stream, text in text_of(day).items():
        assert not re.search(r"(?<![0-9a-f])1[3-9]\d{9}(?![0-9a-f])", text), stream  # a mobile number
        assert not re.search(r"(?<![0-9a-f])\d{17}[\dX](?![0-9a-f])", text), stream  # an identity card's
    callers = {record["data"]["complainant"]["token"] for record in read_lines(day / "hotline.ndjson")}
    assert all(re.fullmatch("[0-9a-f]{24}", token) for token in callers)


@pytest.mark.parametrize("order", [STREAMS, STREAMS[::-1]])
def test_pipes_may_be_opened_in_any_order(order, day, tmp_path):
    for stream in STREAMS:
        os.mkfifo(tmp_path / f"{stream}.ndjson")
    read = {}

    def drain(file, stream):
        read[stream] = file.read()

    with subprocess.Popen([sys.executable, SAMPLE, "--out", tmp_path]) as generator:
        readers = []
        for stream in order:
            file = (tmp_path / f"{stream}.ndjson").open(encoding="utf-8")
            readers.append(threading.Thread(target=drain, args=(file, stream)))
            readers[-1].start()
        for reader in readers:
            reader.join(60)
        assert generator.wait(60) == 0
    assert read == text_of(day)


def test_the_stories_raise_the_shipped_rules_and_little_else_does(events):
    regions = Regions.read(DISTRICT / "regions.csv")
    found = episodes(events, judged_rules(), regions)
    stories = {(e.rule, e.subject_kind, e.highest) for e in found}
    assert stories >= {
        ("collective_wage_arrears", "respondent", "red"),
        ("collective_visit_signs", "respondent", "orange"),
        ("many_callers", "respondent", "orange"),
        ("hotline_then_petition", "matter", "orange"),
        ("wages_in_community", "community", "red"),
        ("sudden_rise", "grid", "orange"),
        ("utility_burst", "community", "red"),
        ("noise_resonance", "grid", "orange"),
        ("threat", "matter", "red"),
    }
    assert len(found) <= 25  # a day on which everything is an alert would show nothing


def test_the_wage_story_climbs_level_by_level_from_morning_to_afternoon(events):
    (wages,) = (rule for rule in judged_rules() if rule.id == "collective_wage_arrears")
    found = courses(wages, events, Regions.read(DISTRICT / "regions.csv"))
    climb = found["respondent", "ORG-0001", None][:3]
    assert [wages.level_names[level - 1] for _, level in climb] == ["yellow", "orange", "red"]
    hours = [(minute // 60 + 8) % 24 for minute, _ in climb]
    assert hours[0] < 11 and 10 <= hours[1] < 13 and 14 <= hours[2] < 18
    assert any(event.kind == "voided" for event in events) and any(event.kind == "merged" for event in events)


def test_bulk_is_deterministic_and_has_a_burst_every_two_thousand(tmp_path):
    one, two = (generate(tmp_path / name, "--bulk", "5000") / "hotline.ndjson" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    records = [json.loads(line) for line in one.read_text(encoding="utf-8").splitlines()]
    assert len({record["id"] for record in records}) == 5000
    sites = Counter(record["data"]["respondent"]["name_norm"] for record in records)
    assert [sites[f"site{n}"] for n in range(4)] == [12, 12, 12, 0]
