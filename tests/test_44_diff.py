"""`gridwarn diff`: what an edit of the rules would have changed, held against the difference of two runs of the oracle."""

import copy
import itertools
import json
import os
import random
import re
import subprocess

import pytest

import events
from engine import MAPPINGS, configuration, rule, write_project
from load import RULES, Load
from oracle import Regions, episodes
from oracle_rules import read_rule

RECORDS = 3_000
DAY = 86_400


def gridwarn(*args, **env):
    return subprocess.run([os.environ["GRIDWARN"], *map(str, args)], env={"PATH": os.environ["PATH"], **env},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)


class Project:
    def __init__(self, directory, rules, seed):
        self.directory = directory
        write_project(directory, rules)
        self.sent = [s for s in itertools.islice(Load(directory, seed), RECORDS) if not s.fault]
        for stream in MAPPINGS:
            lines = b"".join(s.value + b"\n" for s in self.sent if s.stream == stream)
            (directory / f"{stream}.ndjson").write_bytes(lines)
        sources = {s: {"file": f"{s}.ndjson", "mapping": mapping} for s, mapping in MAPPINGS.items()}
        settings = configuration("", "diff", sources, http={"listen": "off"})
        del settings["kafka"]
        self.config = directory / "gridwarn.yaml"
        self.config.write_text(json.dumps(settings), encoding="utf-8")

    def against(self, rules):
        path = self.directory / "before.yaml"
        path.write_text(json.dumps({"rules": rules}), encoding="utf-8")
        return path

    def diff(self, rules, *options, code=0, **env):
        done = gridwarn("diff", "-c", self.config, "--against", self.against(rules), *options, **env)
        assert done.returncode == code, done.stderr
        return done

    def episodes(self, rules):
        district = events.District(self.directory)
        happened = [event for s in self.sent for event in district.events(s.stream, [json.loads(s.value)])]
        return episodes(happened, map(read_rule, rules), Regions.read(self.directory / "regions.csv"))


def edited(rules, rng):
    """some rules with other thresholds, one gone, one new"""
    rules = copy.deepcopy(rules)
    for r in rules:
        if rng.random() < 0.6:
            r["levels"] = {level: re.sub(r">= (\d+)", lambda m: f">= {max(1, int(m[1]) + rng.randrange(-2, 3))}", text)
                           for level, text in r["levels"].items()}
    del rules[rng.randrange(len(rules))]
    return [*rules, rule("added", {"c": {"source": "hotline"}}, "community", "1h", {"blue": "c.callers >= 9"})]


def sane(rules):
    """edits may make a level that can never show, which the loader refuses"""
    for r in rules:
        found = [re.findall(r">= (\d+)", text) for text in r["levels"].values()]
        if len(found) > 1 and any(int(a) >= int(b) for x, y in zip(found, found[1:]) for a, b in zip(x, y)):
            return False
    return True


LEVELS = ["blue", "yellow", "orange", "red"]


def expected_counts(before, after):
    """the definition, in the most naive way: in order of opening, the first of the same subject that overlaps"""
    left = list(after)
    counts = {"new": 0, "gone": 0, "higher": 0, "lower": 0, "same": 0}
    for b in sorted(before, key=lambda e: e.opened_minute):
        partner = next((a for a in sorted(left, key=lambda e: e.opened_minute)
                        if (a.rule, a.subject_kind, a.subject) == (b.rule, b.subject_kind, b.subject)
                        and a.opened_minute <= b.ended_minute and b.opened_minute <= a.ended_minute), None)
        if partner is None:
            counts["gone"] += 1
            continue
        left.remove(partner)
        by = LEVELS.index(partner.highest) - LEVELS.index(b.highest)
        counts["higher" if by > 0 else "lower" if by < 0 else "same"] += 1
    return {**counts, "new": len(left)}


@pytest.mark.parametrize("seed", [1, random.randrange(1 << 30)])
def test_it_is_the_difference_of_two_runs_of_the_oracle(seed, tmp_path):
    rng = random.Random(seed)
    project = Project(tmp_path, RULES, seed)
    after = project.episodes(RULES)
    for _ in range(3):
        rules = edited(RULES, rng)
        while not sane(rules):
            rules = edited(RULES, rng)
        counts = expected_counts(project.episodes(rules), after)
        out = project.diff(rules, "--days", "4000").stdout.splitlines()
        head = re.match(r"\+(\d+) −(\d+) alerts \((\d+) higher, (\d+) lower, (\d+) the same\)", out[0])
        shown = dict(zip(("new", "gone", "higher", "lower", "same"), map(int, head.groups())))
        assert shown == counts, f"seed {seed}"
        marks = [line[0] for line in out[1:]]
        assert {"new": marks.count("+"), "gone": marks.count("−"), "higher": marks.count("↑"),
                "lower": marks.count("↓")} == {k: v for k, v in counts.items() if k != "same"}
        assert counts["new"] and counts["gone"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("diff"), RULES, 9)


def test_no_edit_no_difference(project):
    out = project.diff(RULES).stdout.splitlines()
    assert len(out) == 1 and re.match(r"\+0 −0 alerts \(0 higher, 0 lower, [1-9]\d+ the same\)", out[0])


def test_each_is_listed_with_rule_subject_time_and_level(project):
    without = [r for r in RULES if r["id"] != "joint"]
    gone = project.diff(without).stdout.splitlines()
    replayed = json.loads(gridwarn("replay", "-c", project.config, "--json", "-").stdout)["alerts"]
    joint = [a for a in replayed if a["rule"] == "joint"]
    assert len(gone) - 1 == len(joint) > 0
    for line, alert in zip(gone[1:], joint):
        when = f"{alert['opened_at'][5:10]} {alert['opened_at'][11:16]}"
        assert line.startswith(f"+ {when} ") and alert["subject"]["code"] in line and alert["id"] in line
        assert " red " in line and " joint " in line
    assert project.diff(without, LANG="zh_CN.UTF-8").stdout.splitlines()[1].split()[3] == "红"


def test_only_the_last_days_count(project):
    without = [r for r in RULES if r["id"] != "crowd"]
    since = project.diff(without, "--since", "2026-01-12 11:00").stdout.splitlines()[1:]
    whole = project.diff(without, "--days", "30").stdout.splitlines()[1:]
    assert since == [line for line in whole if line[2:13] >= "01-12 11:00"] and 0 < len(since) < len(whole)


def test_a_gate_refuses_a_flood(project):
    without = [r for r in RULES if r["id"] != "grid"]
    new = len(project.diff(without).stdout.splitlines()) - 1
    assert project.diff(without, "--max-new", new).stderr == ""
    done = project.diff(without, "--max-new", new - 1, code=6)
    assert done.stderr == f"gridwarn diff: {new} new alerts, more than {new - 1}\n" and len(done.stdout.splitlines()) > 1
    # what would be gone is no flood
    gone = copy.deepcopy(RULES)
    gone.append(rule("more", {"c": {}}, "grid", "1h", {"blue": "c >= 1"}))
    assert project.diff(gone, "--max-new", "0").stdout.startswith("+0 −")


def test_mistakes(project, tmp_path):
    wrong = copy.deepcopy(RULES)
    wrong[0]["within"] = "ten hours"
    assert "before.yaml:1:" in project.diff(wrong, code=3).stderr
    for options, part in [((), "--against PATH is needed"), (("--against", "x", "--days", "0"), "--days: a number from 1"),
                          (("--against", "x", "--max-new", "-1"), "--max-new: a number from 0")]:
        done = gridwarn("diff", "-c", project.config, *options)
        assert done.returncode == 2 and part in done.stderr
