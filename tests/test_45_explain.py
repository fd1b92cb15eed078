"""`gridwarn explain`: values, thresholds, state and events are the oracle's, at any minute of any subject."""

import json
import random
import re
from datetime import datetime

import pytest

import events
from engine import MAPPINGS
from load import RULES
from oracle import Subject, course, judges, live_facts
from oracle_facts import MINUTE, Regions
from oracle_rules import read_rule
from published import BEIJING
from test_42_replay import files_project, gridwarn, replay, write_load

SHOWN = 40


def explain(config, *options, **env):
    done = gridwarn("explain", "-c", config, *options, **env)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


class Past:
    def __init__(self, directory, seed):
        self.config = files_project(directory, RULES)
        sent = write_load(directory, seed)
        district = events.District(directory)
        happened = [event for s in sent for event in district.events(s.stream, [json.loads(s.value)])]
        self.facts = sorted(live_facts(happened), key=lambda fact: fact.order)
        self.regions = Regions.read(directory / "regions.csv")
        self.organisations = set(district.organisations.values())
        self.rules = {spec["id"]: read_rule(spec) for spec in RULES}
        assert gridwarn("run", "-c", self.config, "--drain").returncode == 0
        self.alerts = replay(self.config)["alerts"]
        self.published = [json.loads(line)["data"] for line in
                          (directory / "out" / "alerts.ndjson").read_text(encoding="utf-8").splitlines()]

        self.judges = {name: dict(judges(rule, self.facts, self.regions)) for name, rule in self.rules.items()}


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    return Past(tmp_path_factory.mktemp("past"), 6)


def clock(minute):
    return datetime.fromtimestamp(minute * MINUTE, BEIJING).strftime("%Y-%m-%d %H:%M")


def parsed(text):
    lines = text.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("measure"))
    values = {}
    for line in lines[first + 1:lines.index("", first)]:
        name, value = line.split()[:2]
        values[name] = float("-inf") if value == "-" else float(value)
    state = next(line for line in lines if line.startswith("state: ")).removeprefix("state: ")
    head, *listed = lines[next(n for n, line in enumerate(lines) if line.startswith("events in the window: ")):]
    ids = [line.split()[3] for line in listed if re.match(r"  \d\d-\d\d ", line)]
    return state, values, int(head.rpartition(" ")[2]), ids


def test_values_state_and_events_are_the_oracles(past):
    seed = random.randrange(1 << 30)
    rng = random.Random(seed)
    for _ in range(40):
        alert = rng.choice([a for a in past.alerts if not a["subject"]["code"].startswith("pseudonym-")])
        rule, subject = past.rules[alert["rule"]], alert["subject"]
        begin, end = (events.seconds(alert[key]) // MINUTE for key in ("opened_at", "ended_at"))
        minute = rng.randrange(begin - 60, end + 60)
        judge = past.judges[rule.id][Subject(subject["kind"], subject["code"], None)]
        moment = judge.moment(minute)
        seen = [f for f in judge.chain.facts if rule.within.before(minute * MINUTE) < f.occurred_at <= minute * MINUTE]
        level = 0
        for at, now in course(rule, judge.segments()):
            level = now if at <= minute else level
        text = explain(past.config, "--rule", rule.id, "--subject", subject["code"], "--at", clock(minute))
        state, values, count, ids = parsed(text)
        where = f"seed {seed}: {rule.id} {subject} at {clock(minute)}\n{text}"
        assert state == (rule.level_names[level - 1] if level else "no alert"), where
        for name, value in values.items():
            selection, _, measure = name.partition(".")
            expected = moment.measure(selection, measure or "events")
            expected = float("-inf") if expected is None else expected
            assert value == (expected / 1000 if measure in ("sum", "max") else expected), where
        assert count == len(seen) and ids == [f.id for f in seen][-SHOWN:], where


def test_thresholds_and_what_is_missing(past):
    alert = next(a for a in past.alerts if a["rule"] == "crowd" and a["highest_level"] == "yellow"
                 and not a["subject"]["code"].startswith("pseudonym-"))
    text = explain(past.config, "--alert", alert["id"])
    (value,) = re.findall(r"^c\.callers +(\d+) +≥ 5 ✓ +≥ 8 \((\d+) more\) +≥ 14 \((\d+) more\)$", text, re.M)
    callers, to_orange, to_red = map(int, value)
    assert callers == alert["evidence"][0]["value"] == 8 - to_orange == 14 - to_red
    assert f"✓ yellow: c.callers >= 5 ({callers})" in text and f"✗ orange: c.callers >= 8 ({callers})" in text
    assert f"to orange: c.callers {to_orange} more" in text
    assert f"by {alert['crossed_by']['source']} {alert['crossed_by']['event_id']}" in text


def test_what_was_heard_is_in_no_file(tmp_path):
    """what an engine keeps says it: test_53_silent_evidence.py"""
    quiet = {"id": "quiet", "title": "quiet", "per": "district", "levels": {"red": "silent(hotline)"}}
    config = files_project(tmp_path, [quiet])
    for stream in MAPPINGS:
        (tmp_path / f"{stream}.ndjson").touch()
    done = gridwarn("explain", "-c", config, "--rule", "quiet", "--subject", "990101")
    assert done.returncode == 2 and "keeps nothing in Kafka that would say what was heard" in done.stderr.decode() and not done.stdout


def test_joined_conditions_are_written_as_they_are(past):
    text = explain(past.config, "--rule", "loud", "--subject", "990101001001001")
    assert re.search(r"^[✓✗] yellow: loud\.max >= 68\.001 \(\S+\) and c\.callers >= 8 \(\d+\)$", text, re.M)


def test_a_published_alert_is_found_by_its_id(past):
    rng = random.Random(3)
    last = {d["alert_id"]: d for d in past.published if "alert_id" in d}
    chosen = rng.sample([d for d in last.values() if d["state"] == "resolved"], 8)
    chosen += [d for d in last.values() if d["subject"]["code"].startswith("pseudonym-")][:2]
    for data in chosen:
        text = explain(past.config, "--alert", data["alert_id"][:8])
        opened = data["opened_at"][5:16].replace("T", " ")
        assert text.startswith(f"{data['rule']}  ") and f" opened {opened}" in text
        if data["crossed_by"]:
            assert data["crossed_by"]["event_id"] in text


def test_nobody_is_named(past):
    hidden = next(a for a in past.alerts if a["subject"]["code"].startswith("pseudonym-"))
    for options in (("--alert", hidden["id"]), ("--rule", hidden["rule"], "--subject", hidden["subject"]["code"])):
        text = explain(past.config, *options)
        assert hidden["subject"]["code"] in text and "canary" not in text


def test_a_condition_that_must_hold_is_pending(past):
    waiting = next(a for a in past.alerts if a["rule"] == "street")
    before = events.seconds(waiting["opened_at"]) // MINUTE - 1
    text = explain(past.config, "--rule", "street", "--subject", waiting["subject"]["code"], "--at", clock(before))
    assert "state: no alert" in text and "pending: a higher condition has held since" in text


def test_in_chinese(past):
    text = explain(past.config, "--alert", past.alerts[0]["id"], LANG="zh_CN.UTF-8")
    for word in ("截至", "状态：", "计数", "数值", "窗口内事件："):
        assert word in text


@pytest.mark.parametrize("options, part", [
    (["--rule", "crowd"], "either --rule and --subject, or --alert"),
    (["--rule", "crowdy", "--subject", "x"], "did you mean crowd?"),
    (["--rule", "grid", "--subject", "nowhere"], "the rule grid has no subject nowhere"),
    (["--alert", "0123"], "at least 8 characters"),
    (["--alert", "0123456789"], "no alert 0123456789"),
    (["--rule", "grid", "--subject", "990101001001001", "--at", "noon"], "--at noon: a time such as"),
])
def test_misuse_is_told(options, part, past):
    done = gridwarn("explain", "-c", past.config, *options)
    assert done.returncode == 2 and part in done.stderr.decode() and done.stderr.count(b"\n") == 1
