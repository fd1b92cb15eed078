"""The shipped rules on the district's own mappings: each of the fifteen fires where it should and stays quiet where it
should not.  One stream for all, in which every scene has a place, a firm or a matter of its own; one run of the engine;
and the oracle must find the very same alerts in it.  (rules/district/tests has more cases, without the mappings.)
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from engine import MAPPINGS, write_project
from events import District as Decoded
from oracle import Regions, episodes, minute_of
from oracle_calendar import Calendar
from published import difference, final_episodes, hide_respondents
from shipped import is_judged, judged_rules, shipped_specs

ROOT = Path(__file__).resolve().parent.parent
DISTRICT = ROOT / "rules" / "district"
sys.path.insert(0, str(ROOT / "bench"))

from district import District  # noqa: E402
from shapes import BEIJING, Order, petition, reading  # noqa: E402

RUN_SECONDS = 60
HOUR, DAY, WEEK = 3600, 86400, 7 * 86400


def at(text: str) -> int:
    return int(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=BEIJING).timestamp())


class Stream:
    """What the three platforms send, and what must come of it."""

    def __init__(self):
        self.district = District(DISTRICT)
        self.grids = {grid.code: grid for grid in self.district.grids}
        self.names = {o["code"]: o["name"] for o in self.district.organisations}
        self.records: dict[str, list[dict]] = {stream: [] for stream in MAPPINGS}
        self.fires: set[tuple] = set()  # (rule, subject, highest level)
        self.quiet: set[tuple] = set()  # (rule, subject)
        self.orders: dict[str, Order] = {}
        self.number = 0

    def order(self, second, grid, category, caller, firm="", **more) -> str:
        """Its number."""
        self.number += 1
        respondent = {"token": "", "name_norm": self.names.get(firm, firm)} if firm else None
        made = Order(f"WO{self.number:05}", second, self.grids[grid], self.district.matter(category), f"caller {caller}",
                     "", respondent=respondent, **more)
        self.records["hotline"].append(made.created())
        self.orders[made.number] = made
        return made.number

    def step(self, number, step, second):
        record = self.orders[number].event(step, second, step, f"-{second}")
        self.records["hotline"].append(record)

    def letter(self, second, grid, category, callers, firm="", related=(), form="letter") -> str:
        self.number += 1
        respondent = {"token": "", "name_norm": self.names[firm]} if firm else None
        tokens = [f"caller {caller}" for caller in callers]
        self.records["petition"].append(petition(f"XF{self.number:05}", second, self.grids[grid], self.district.matter(category),
                                                 tokens, len(tokens), respondent, list(related), form))
        return f"XF{self.number:05}"

    def reads(self, second, grid, sensor_type, value):
        self.records["sensor"].append(reading(f"S-{grid}", sensor_type, second, self.grids[grid], value))


def wages(s: Stream):
    """R01"""
    for n in range(10):
        s.order(at("03-10T08:00") + n * HOUR, "990101001001001", "labour.wage_arrears", f"worker {n}", "ORG-0001")
    s.fires.add(("collective_wage_arrears", "ORG-0001", "red"))
    for n in range(9):
        s.order(at("03-10T08:00") + n * HOUR, "990101001001001", "labour.wage_arrears", f"same {n % 2}", "ORG-0002")
        s.order(at("03-10T08:00") + n * HOUR, "990101001001001", "labour.overtime", f"other {n}", "ORG-0003")
    s.quiet |= {("collective_wage_arrears", "ORG-0002"), ("collective_wage_arrears", "ORG-0003")}
    for n in range(6):  # of six firms; six are enough in this street alone
        s.order(at("03-11T08:00") + n * HOUR, "990101003001001", "labour.wage_arrears", f"a {n}", f"firm a {n}")
        s.order(at("03-11T08:00") + n * HOUR, "990101004002001", "labour.wage_arrears", f"b {n}", f"firm b {n}")
    s.fires.add(("wages_in_community", "990101003001", "yellow"))
    s.quiet.add(("wages_in_community", "990101004002"))


def called_again(s: Stream):
    """R02"""
    many, few = (s.order(at("03-10T09:00"), "990101001001002", "traffic.road", who) for who in ("again", "twice"))
    for n in range(1, 5):
        s.step(many, "called_again", at("03-10T09:00") + n * DAY)
    s.step(few, "called_again", at("03-11T09:00"))
    s.fires.add(("calls_again", many, "yellow"))
    s.quiet.add(("calls_again", few))


def many(s: Stream):
    """R03"""
    for n in range(10):
        s.order(at("03-12T08:00") + n * 5 * HOUR, "990101001001003", "property.fees", f"owner {n}", "ORG-0004")
    for n in range(4):
        for category in ("property.fees", "property.parking"):
            s.order(at("03-12T08:00") + n * HOUR, "990101001001003", category, f"{category} {n}", "ORG-0005")
    s.fires.add(("many_callers", "ORG-0004", "orange"))
    s.quiet.add(("many_callers", "ORG-0005"))


def two_channels(s: Stream):
    """R04"""
    place, when = ("990101001002001", "land"), at("03-13T08:00")
    first, second, after = (s.order(when, *place, who) for who in ("x", "y", "z"))
    one = s.letter(when + DAY, *place, ["x"], related=[first])
    joint = s.letter(when + DAY, *place, ["y", "y1", "y2", "y3", "y4"], related=[second], form="visit")
    unrelated = s.letter(when + DAY, *place, ["z"])
    before = s.letter(when - DAY, *place, ["z"], related=[after])
    s.fires |= {("hotline_then_petition", one, "yellow"), ("hotline_then_petition", joint, "orange")}
    s.quiet |= {("hotline_then_petition", unrelated), ("hotline_then_petition", before)}


def rise(s: Stream):
    """R05"""
    today = at("03-31T08:00")
    for week in range(1, 5):
        for hours in (0, 12):
            s.order(today - week * WEEK + hours * HOUR, "990101001002002", "noise.traffic", f"w {week} {hours}")
        for n in range(4):
            s.order(today - week * WEEK + n * HOUR, "990101001002006", "noise.traffic", f"w {week} {n}")
    for n in range(8):
        s.order(today + n * HOUR, "990101001002002", "noise.traffic", f"today {n}")
        s.order(today + n * HOUR, "990101001002006", "noise.traffic", f"today {n}")
    s.fires.add(("sudden_rise", "990101001002002", "yellow"))
    s.quiet.add(("sudden_rise", "990101001002006"))


def spread(s: Stream):
    """R06"""
    for n in range(3):
        for grid in ("990101002001001", "990101002001002", "990101002001003"):  # in a row
            s.order(at("03-16T08:00") + n * 10 * HOUR, grid, "environment.odour", f"o {n}")
        for grid in ("990101004007001", "990101004007002"):
            s.order(at("03-16T08:00") + n * 10 * HOUR, grid, "environment.odour", f"o {n}")
    s.fires.add(("spreading", "990101002001002", "orange"))
    s.quiet |= {("spreading", grid) for grid in ("990101002001001", "990101002001003", "990101004007001", "990101004007002")}


def night(s: Stream):
    """R07"""
    for n in range(5):
        s.order(at("03-17T23:50") + n * 300, "990101003002001", "noise.nightlife", f"n {n}")
        s.order(at("03-17T14:00") + n * 300, "990101003002006", "noise.nightlife", f"n {n}")
    s.reads(at("03-17T23:45"), "990101003002001", "noise", 55.5)
    s.reads(at("03-17T14:00"), "990101003002006", "noise", 75)
    s.fires.add(("noise_resonance", "990101003002001", "orange"))
    s.quiet.add(("noise_resonance", "990101003002006"))


def visit_signs(s: Stream):
    """R08"""
    s.letter(at("03-18T09:00"), "990101002001006", "housing.delivery", [f"v {n}" for n in range(5)], "ORG-0007")
    s.order(at("03-18T10:00"), "990101002001006", "housing.delivery", "v 9", "ORG-0007", involved=20)
    s.letter(at("03-18T09:00"), "990101002001006", "housing.delivery", ["u 1"], "ORG-0006")
    s.order(at("03-18T10:00"), "990101002001006", "housing.delivery", "u 2", "ORG-0006", involved=4)
    s.fires.add(("collective_visit_signs", "ORG-0007", "orange"))
    s.quiet.add(("collective_visit_signs", "ORG-0006"))


def threats(s: Stream):
    """R09"""
    said, urgent = (s.order(at("03-19T09:00"), "990101001004001", "housing.demolition", who, **more)
                    for who, more in (("t 1", {"threat": True}), ("t 2", {"urgent": True})))
    s.fires.add(("threat", said, "red"))
    s.quiet.add(("threat", urgent))


def overdue(s: Stream):
    """R10: the shapes give five days"""
    late, closed, early = (s.order(at("03-10T10:00"), "990101001004002", "traffic.road", f"d {n}") for n in range(3))
    for hours in (1, 30):
        s.step(late, "called_again", at("03-15T10:00") + hours * HOUR)
    s.step(closed, "closed", at("03-14T10:00"))
    s.step(closed, "called_again", at("03-15T11:00"))
    s.step(early, "called_again", at("03-15T09:59"))
    s.fires.add(("overdue_called_again", late, "orange"))
    s.quiet |= {("overdue_called_again", closed), ("overdue_called_again", early)}


def returns(s: Stream):
    """R11"""
    unhappy, busy = (s.order(at("03-20T08:00"), "990101001004003", "traffic.road", f"e {n}") for n in range(2))
    s.step(unhappy, "closed", at("03-20T12:00"))
    for n, step in enumerate(("called_again", "reopened", "called_again"), 1):
        s.step(unhappy, step, at("03-20T12:00") + n * DAY)
        s.step(busy, "called_again", at("03-20T12:00") + n * HOUR)
    s.step(busy, "closed", at("03-20T18:00"))
    s.fires.add(("unhappy_return", unhappy, "yellow"))
    s.quiet.add(("unhappy_return", busy))


def sent_back(s: Stream):
    """R12"""
    ball, moved, slow = (s.order(at("03-20T08:00"), "990101001004004", "traffic.road", f"f {n}") for n in range(3))
    for n in range(1, 4):
        s.step(ball, "returned", at("03-20T08:00") + n * DAY)
        s.step(moved, "transferred", at("03-20T08:00") + n * DAY)
    for n in range(2):
        s.step(slow, "returned", at("03-21T08:00") + n * 8 * DAY)
    s.fires.add(("returned_again", ball, "orange"))
    s.quiet |= {("returned_again", moved), ("returned_again", slow)}


def outage(s: Stream):
    """R13"""
    s.reads(at("03-23T18:00"), "990101002003001", "water_supply", 1)
    s.reads(at("03-23T18:00"), "990101004003006", "water_supply", 1)
    for n in range(10):
        s.order(at("03-23T18:05") + n * 60, f"99010100200300{n % 6 + 1}", "utility.water", f"g {n}")
    for n in range(4):
        s.order(at("03-23T18:05") + n * 60, "990101004003006", "utility.water", f"h {n}")
    s.fires.add(("utility_burst", "990101002003", "red"))
    s.quiet.add(("utility_burst", "990101004003"))


def victims(s: Stream):
    """R14"""
    for n in range(10):
        s.order(at("03-24T08:00") + n * HOUR, f"99010100200600{n % 2 + 1}", "consumer.prepaid_card", f"i {n}", "ORG-0010")
        s.order(at("03-24T08:00") + n * HOUR, "990101002006006", "consumer.refund", f"j {n}", "ORG-0008")
    s.fires.add(("many_victims", "ORG-0010", "orange"))
    s.quiet.add(("many_victims", "ORG-0008"))


SCENES = (wages, called_again, many, two_channels, rise, spread, night, visit_signs, threats, overdue, returns, sent_back,
          outage, victims)


def settings(directory: Path, **more) -> Path:
    path = directory / "all.yaml"
    path.write_text(json.dumps({
        "group": "district", "time": "event", "rules": "rules/", "calendar": "calendar.csv", "models": "models",
        "registry": {"regions": "regions.csv", "categories": "categories.csv", "organisations": "organisations.csv"},
        "actor_keys": "ephemeral", "workers": 2, "http": {"listen": "off"}, "output": {"directory": "out"},
        "sources": {stream: {"file": f"{stream}.ndjson", "mapping": mapping, "lateness": "45m"}
                    for stream, mapping in MAPPINGS.items()}, **more}), encoding="utf-8")
    return path


def alerts_in(directory: Path) -> list[SimpleNamespace]:
    path = directory / "out" / "alerts.ndjson"
    return [SimpleNamespace(value=line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


@pytest.fixture(scope="module")
def stream():
    made = Stream()
    for scene in SCENES:
        scene(made)
    for records in made.records.values():
        records.sort(key=lambda record: record["time"])
    return made


@pytest.fixture(scope="module")
def messages(stream, tmp_path_factory):
    directory = tmp_path_factory.mktemp("district")
    write_project(directory)
    (directory / "rules" / "notify.yaml").unlink()  # a month that is read at once is told in one shift, and its budget would hold half
    for name, records in stream.records.items():
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        (directory / f"{name}.ndjson").write_text(lines, encoding="utf-8")
    done = subprocess.run([os.environ["GRIDWARN"], "run", "-c", settings(directory), "--drain"], capture_output=True,
                          text=True, timeout=RUN_SECONDS)
    assert done.returncode == 0, done.stderr
    assert (directory / "out" / "dead-letter.ndjson").read_text(encoding="utf-8") == ""
    return alerts_in(directory)


@pytest.fixture(scope="module")
def published(messages):
    return final_episodes(messages)


def test_the_fifteen_are_shipped():
    """as domain.md numbers them, in the comments above the rules"""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((DISTRICT / "rules").glob("*.yaml")))
    assert all(f"# R{number:02}" in text for number in range(1, 16))


@pytest.mark.parametrize("rule", sorted(spec["id"] for _, spec in shipped_specs() if is_judged(spec)))
def test_each_fires_where_it_should_and_nowhere_else(rule, stream, published):
    mine = {(e.rule, e.subject, e.highest) for e in published if e.rule == rule}
    fires, quiet = ({what for what in found if what[0] == rule} for found in (stream.fires, stream.quiet))
    assert fires and quiet, "no scene shows both"
    assert fires <= mine
    assert not quiet & {(rule, subject) for rule, subject, _ in mine}


def test_the_oracle_finds_the_same(stream, published):
    decoded = Decoded(DISTRICT)
    happened = [event for name, records in stream.records.items() for event in decoded.events(name, records)]
    expected = [e._replace(opened_minute=minute_of(e.opened_at))
                for e in episodes(happened, judged_rules(), Regions.read(DISTRICT / "regions.csv"))]
    known = set(decoded.organisations.values())
    found = difference(hide_respondents(expected, known), hide_respondents(published, known))
    assert not found, found


def test_working_days_are_called_so_and_limits_run_on_them(messages):
    calendar = Calendar.read(DISTRICT / "calendar.csv")
    found = [data for data in (json.loads(message.value).get("data", {}) for message in messages)
             if data.get("rule") == "returned_again" and data["state"] == "firing"]
    assert {data["level"] for data in found} >= {"orange"}
    for data in found:
        sign, close = (datetime.fromisoformat(data["handling"][key]).timestamp() for key in ("sign_by", "close_by"))
        hours, days = {"yellow": (4, 3), "orange": (2, 1)}[data["level"]]
        assert close == calendar.after_workdays(int(sign) - hours * HOUR, days)
        assert data["evidence"][0]["within"] == "5 working days" and "5个工作日内反复退单" in data["sentence"]


def test_what_is_on_trial_is_not_published(published):
    assert "petition_risk" not in {e.rule for e in published}


# -- R15: no set of events decides it, the clock does --------------------------------------------------------------


@pytest.mark.parametrize("heard, level", [({"petition", "sensor"}, "red"), ({"hotline", "petition"}, "orange"),
                                          ({"hotline", "petition", "sensor"}, None)])
def test_silence(heard, level, tmp_path):
    write_project(tmp_path)
    rules = {"rules": [spec for _, spec in shipped_specs() if spec["id"] == "data_silence"]}
    (tmp_path / "silence.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    for name in MAPPINGS:
        os.mkfifo(tmp_path / f"{name}.ndjson")
    sources = {name: {"file": f"{name}.ndjson", "mapping": mapping, "lateness": "3s", "silent_after": "2s"}
               for name, mapping in MAPPINGS.items()}
    path = settings(tmp_path, time="wall", rules="silence.yaml", sources=sources)
    # opened for reading, too, so that opening waits for nobody
    pipes = {name: open(os.open(tmp_path / f"{name}.ndjson", os.O_RDWR), "w", encoding="utf-8") for name in MAPPINGS}
    with subprocess.Popen([os.environ["GRIDWARN"], "run", "-c", path], stderr=subprocess.PIPE, text=True) as engine:
        try:
            deadline = time.monotonic() + (RUN_SECONDS if level else 7)
            while time.monotonic() < deadline and not (level and level in highest(tmp_path)):
                assert engine.poll() is None, engine.stderr.read()
                speak(pipes, heard)
                time.sleep(0.2)
            engine.send_signal(signal.SIGTERM)
            assert engine.wait(20) in (0, -signal.SIGTERM)
        finally:
            engine.kill()
            for pipe in pipes.values():
                pipe.close()
    assert highest(tmp_path) == ([level] if level else [])


def highest(directory: Path) -> list[str]:
    return [episode.highest for episode in final_episodes(alerts_in(directory))]


def speak(pipes, heard) -> None:
    s, now = Stream(), int(time.time())
    s.number = int(time.monotonic() * 1000)
    s.order(now, "990101001001001", "other", "speaks")
    s.letter(now, "990101001001001", "other", ["speaks"])
    s.reads(now, "990101001001001", "noise", 40)
    for name in heard:
        for record in s.records[name]:
            print(json.dumps(record), file=pipes[name], flush=True)
