"""rules/REPLAY.md: what an author learns from the real tickets.  Its commands and rules are run again, and every figure in
its tables is reckoned from what `gridwarn replay` says now, so that the page cannot go stale.
"""

import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import pingshan
from engine import ROOT

REAL = ROOT / "bench" / "real.py"
PAGE = (ROOT / "rules" / "REPLAY.md").read_text(encoding="utf-8")
SINCE, DAYS = "2018-09-14", "79"
STREETS = ("坪山街道", "龙田街道", "坑梓街道", "马峦街道", "碧岭街道", "石井街道")
BURST_RULES = ("sudden_rise", "community_gathering", "district_gathering")
# day, where, category: those of domain.md; two of them before SINCE
BURSTS = (("2018-08-31", "10007", "property.owners_committee"), ("2018-09-07", "10011", "environment.odour"),
          ("2018-09-16", "440310", "t5.s595"), ("2018-11-02", "10014", "traffic.bus"),
          ("2018-11-09", "10019", "housing"))
LEVEL_WORDS = {"blue": "蓝", "yellow": "黄", "orange": "橙", "red": "红"}


def gridwarn(*args, code=0):
    done = subprocess.run([os.environ["GRIDWARN"], *map(str, args)], env={"PATH": os.environ["PATH"]},
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr
    return done


def block(name):
    """what the page says to save as that file"""
    found = re.search(rf"^```\w+ {re.escape(name)}\n(.*?)^```$", PAGE, re.M | re.S)
    assert found, f"REPLAY.md has no {name}"
    return found[1]


class Project:
    def __init__(self, directory: Path, data: Path):
        self.directory, self.config = directory, directory / "gridwarn.yaml"
        subprocess.run([sys.executable, REAL, "--out", directory, "--data", data], check=True, timeout=60)
        with (directory / "subtypes.csv").open(encoding="utf-8", newline="") as file:
            category = {row["code"]: row["category"] for row in csv.DictReader(file)}
        tickets = [json.loads(line) for line in (directory / "tickets.ndjson").open(encoding="utf-8")]
        self.category = {ticket["REC_ID"]: category[ticket["SUB_TYPE_ID"]] for ticket in tickets}
        with (directory / "regions.csv").open(encoding="utf-8", newline="") as file:
            self.street = {row["code"]: row["name"] for row in csv.DictReader(file) if row["level"] == "street"}

    def write(self, name, text=None):
        (self.directory / name).write_text(text or block(name), encoding="utf-8")

    def replay(self, *options):
        return json.loads(gridwarn("replay", "-c", self.config, "--json", "-", *options).stdout)

    def category_of(self, alert):
        """of `each`: that of the tickets behind it"""
        return Counter(self.category[event["id"]] for event in alert["event_ids"]).most_common(1)[0][0]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("shipped"), pingshan.data_path())


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """with the rules that the page adds"""
    project = Project(tmp_path_factory.mktemp("edited"), pingshan.data_path())
    project.write("rules/gathering.yaml")
    project.write("rules/unusual.yaml")
    return project


def row(name, rule, project):
    """| name | alerts | a day | highest level of each | by street |"""
    levels = [str(rule["levels"][level]["highest"]) for level in ("yellow", "orange", "red")]
    streets = {project.street.get(street["street"]): street["alerts"] for street in rule["streets"]}
    return f"| {name} | {rule['alerts']} | {rule['per_day']:.2f} | " + " | ".join(
        [*levels, *(str(streets.get(street, 0)) for street in STREETS)]) + " |"


def rules_of(report):
    return {rule["rule"]: rule for rule in report["rules"]}


def threshold_by_street(edited, directory):
    """the page's edit: yellow from five on, another number in four streets"""
    lower = block("rules/gathering.yaml").replace("黄: 工单 ≥ 10", "黄: 工单 ≥ 5", 1)
    by_street = lower.replace("    时间窗: 3小时\n", "    时间窗: 3小时\n    分街道阈值: streets.csv\n", 1)
    before = directory / "before"
    before.mkdir()
    for path in (edited.directory / "rules").iterdir():
        (before / path.name).write_bytes(path.read_bytes())
    return before, lower, by_street


def test_check_tells_which_rules_this_data_cannot_serve(shipped):
    said = gridwarn("check", "-c", shipped.config)
    silent = set(re.findall(r"warning: the rule (\w+) can never fire", said.stdout + said.stderr))
    named = re.search(r"永远不会预警的 (\d+) 条：([^。]*)。", PAGE)
    assert len(silent) == int(named[1]) and silent == set(re.findall(r"`(\w+)`", named[2]))
    spoke = {name for name, rule in rules_of(shipped.replay()).items() if rule["alerts"]}
    assert spoke == {"sudden_rise"} and not spoke & silent


def test_the_table_of_the_shipped_and_the_added_rules(shipped, edited):
    whole = rules_of(shipped.replay())["sudden_rise"]
    assert f"全部十个月 {whole['alerts']} 起" in PAGE
    late = rules_of(edited.replay("--since", SINCE))
    names = ("sudden_rise", "community_gathering", "district_gathering", "community_unusual", "noise_fixed", "noise_unusual",
             "noise_night")
    missing = [line for line in (row(f"`{name}`", late[name], edited) for name in names) if line not in PAGE]
    assert not missing, "\n".join(missing)


def test_which_bursts_are_caught_and_when(edited):
    alerts = edited.replay()["alerts"]
    missing = []
    for day, region, category in BURSTS:
        cells = []
        for rule in BURST_RULES:
            seen = [a for a in alerts if a["rule"] == rule and a["opened_at"].startswith(day)
                    and a["subject"]["code"].removeprefix("c") == region and edited.category_of(a) == category]
            assert len(seen) <= 1
            cells += [f"{a['opened_at'][11:16]} {LEVEL_WORDS[a['highest_level']]}" for a in seen] or ["—"]
        line = f"| {day} | " + " | ".join(cells) + " |"
        assert any(cell != "—" for cell in cells), line
        missing += [line] if not re.search(re.escape(f"| {day} | ") + r"[^|]*\| " + re.escape(" | ".join(cells)) + r" \|",
                                           PAGE) else []
    assert not missing, "\n".join(missing)


def test_thresholds_by_street(edited, tmp_path):
    before, lower, by_street = threshold_by_street(edited, tmp_path)
    missing = []

    def told(name):
        late = rules_of(edited.replay("--since", SINCE))["community_gathering"]
        line = row(name, late, edited)
        missing.extend([line] if line not in PAGE else [])

    def difference(*options, code=0):
        done = gridwarn("diff", "-c", edited.config, "--against", before, "--days", DAYS, *options, code=code)
        head = re.match(r"\+\d+ −\d+", done.stdout)[0]
        missing.extend([head] if f"`{head}`" not in PAGE else [])

    try:
        told("黄 ≥ 10")
        edited.write("rules/gathering.yaml", lower)
        told("黄 ≥ 5")
        difference()
        difference("--max-new", "30", code=6)
        edited.write("rules/streets.csv")
        edited.write("rules/gathering.yaml", by_street)
        told("黄 ≥ 5，分街道")
        difference("--max-new", "30")
    finally:
        edited.write("rules/gathering.yaml")
    assert not missing, "\n".join(missing)


def test_a_day_of_backlog(edited):
    """after the week of the National Day: what the page warns of"""
    report = edited.replay("--since", SINCE)
    for name in ("sudden_rise", "noise_unusual"):
        that_day = sum(a["rule"] == name and a["opened_at"].startswith("2018-10-09") for a in report["alerts"])
        assert f"`{name}` {that_day} 起" in PAGE, f"`{name}` {that_day} 起"


def test_without_the_tickets_it_says_so(tmp_path):
    done = subprocess.run([sys.executable, REAL, "--out", tmp_path / "x", "--data", tmp_path / "none"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "set GRIDWARN_SHARED" in done.stderr and not (tmp_path / "x").exists()
