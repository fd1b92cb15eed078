"""Scorecards: the points in an alert's evidence are those of the model's file, add up to the score, and are of the values
that an author can count himself.  What is wrong in a model's file is told like what is wrong in a rule.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from engine import write_project
from published import revisions
from test_28_district_rules import RUN_SECONDS, Stream, alerts_in, at, settings
from shipped import shipped_specs

ROOT = Path(__file__).resolve().parent.parent
MODEL = json.loads((ROOT / "models" / "collective_petition.json").read_text(encoding="utf-8"))
GUIDE = (ROOT / "models" / "README.md").read_text(encoding="utf-8")
PLACE = ("990101001001001", "housing.delivery")
HOUR, DAY = 3600, 86400


def points_of(feature: dict, value) -> int:
    """By the file, as models/README.md explains it."""
    if value is None:
        return feature.get("none", 0)
    return next(bin["points"] for bin in feature["bins"] if "below" not in bin or value < bin["below"])


def quarrel() -> Stream:
    """Buyers of one developer: calls, closed and called about again, and then a joint petition with a threat."""
    s = Stream()
    begin = at("03-16T08:00")
    s.order(begin - 6 * DAY, *PLACE, "buyer 0", "ORG-0007")
    orders = [s.order(begin + n * HOUR, f"99010100100100{n % 2 + 1}", PLACE[1], f"buyer {n}", "ORG-0007", involved=3)
              for n in range(6)]
    s.step(orders[0], "closed", begin + 7 * HOUR)
    s.step(orders[0], "called_again", begin + 8 * HOUR)
    s.letter(begin + DAY, *PLACE, [f"buyer {n}" for n in range(5)], "ORG-0007", related=[orders[0]], form="visit")
    s.order(begin + DAY + HOUR, *PLACE, "buyer 9", "ORG-0007", threat=True)
    return s


def write(directory: Path, stream: Stream, rules: list, model: dict = MODEL) -> Path:
    write_project(directory)
    (directory / "models" / "collective_petition.json").write_text(json.dumps(model, ensure_ascii=False), encoding="utf-8")
    (directory / "rules.yaml").write_text(yaml.safe_dump({"rules": rules}, allow_unicode=True), encoding="utf-8")
    for name, records in stream.records.items():
        records.sort(key=lambda record: record["time"])
        (directory / f"{name}.ndjson").write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return settings(directory, rules="rules.yaml")


def gridwarn(*args, **env) -> subprocess.CompletedProcess:
    return subprocess.run([os.environ["GRIDWARN"], *map(str, args)], capture_output=True, text=True, timeout=RUN_SECONDS,
                          env={**os.environ, **env})


def shipped_rule(**changes) -> dict:
    (spec,) = (spec for _, spec in shipped_specs() if spec["id"] == "petition_risk")
    return {**spec, **changes}


def score_evidence(directory: Path) -> list[dict]:
    """the entries about the score, of every revision"""
    return [entry for history in revisions(alerts_in(directory)).values() for data in history
            for entry in data["evidence"] if entry["condition"] == "score(collective_petition)"]


def test_the_points_are_those_of_the_file_and_add_up(tmp_path):
    config = write(tmp_path, quarrel(), [shipped_rule(life="active", levels={
        level: f"complaints.callers >= 3 and score(collective_petition) >= {points}"
        for level, points in (("blue", 20), ("yellow", 40), ("orange", 60), ("red", 80))})])
    done = gridwarn("run", "-c", config, "--drain")
    assert done.returncode == 0, done.stderr
    entries = score_evidence(tmp_path)
    assert entries and max(entry["value"] for entry in entries) >= 60
    for entry in entries:
        assert [p["feature"] for p in entry["points"]] == [f["name"] for f in MODEL["features"]]
        for feature, point in zip(MODEL["features"], entry["points"]):
            assert point["points"] == points_of(feature, point["value"]), point
        assert entry["value"] == MODEL["base"] + sum(p["points"] for p in entry["points"])
    provenance = [data["provenance"] for history in revisions(alerts_in(tmp_path)).values() for data in history]
    assert {json.dumps(p["model"]) for p in provenance} == {json.dumps({"name": MODEL["name"], "version": MODEL["version"]})}


def test_the_values_are_what_was_counted(tmp_path):
    """at the height of the quarrel, by hand"""
    config = write(tmp_path, quarrel(), [shipped_rule(life="active")])
    assert gridwarn("run", "-c", config, "--drain").returncode == 0
    when = "2026-03-17 12:00"
    done = gridwarn("explain", "-c", config, "--rule", "petition_risk", "--subject", "ORG-0007", "--at", when)
    values = {"诉求人数": 7, "涉及人数": 3 * 6 + 5 + 1, "比上周多几倍": 7, "分布网格": 2, "再次来电": 1, "办结后不满意": 1, "已有信访": 1,
              "联名信访": 1, "热线信访同一人": 5, "扬言": 1}
    assert set(values) == {feature["name"] for feature in MODEL["features"]}
    expected = MODEL["base"] + sum(points_of(feature, values[feature["name"]]) for feature in MODEL["features"])
    assert re.search(r"score\(collective_petition\) +(\d+)", done.stdout)[1] == str(expected), done.stdout
    # and each feature's value and points, in the order of the file
    head, *rest = done.stdout[done.stdout.index("points of collective_petition"):].splitlines()
    assert head == f"points of collective_petition (version {MODEL['version']}), from {MODEL['base']}"
    shown = [line.split() for line in rest[:len(MODEL["features"])]]
    assert shown == [[f["name"], str(values[f["name"]]), f"{points_of(f, values[f['name']]):+d}"] for f in MODEL["features"]]
    assert rest[len(shown)] == ""
    chinese = gridwarn("explain", "-c", config, "--rule", "petition_risk", "--subject", "ORG-0007", "--at", when, LC_ALL="zh_CN.UTF-8")
    assert f"collective_petition 得分（版本 {MODEL['version']}），起始 {MODEL['base']} 分\n" in chinese.stdout


def test_it_is_on_trial_and_says_so_in_the_log(tmp_path):
    done = gridwarn("run", "-c", write(tmp_path, quarrel(), [shipped_rule()]), "--drain")
    assert done.returncode == 0 and "rule petition_risk, on trial: alert" in done.stderr
    assert not alerts_in(tmp_path)


def test_full_marks_are_a_hundred():
    """as its note says; no feature makes a petition less likely by growing"""
    assert MODEL["base"] + sum(max(b["points"] for b in f["bins"]) for f in MODEL["features"]) == 100
    for feature in MODEL["features"]:
        points = [b["points"] for b in feature["bins"]]
        assert points == sorted(points) and points[0] == 0, feature["name"]


def feature(**changes) -> dict:
    first = {**MODEL["features"][0], **changes}
    return {**MODEL, "features": [{k: v for k, v in first.items() if v is not None}]}


@pytest.mark.parametrize("model, said", [
    ({**MODEL, "name": "other"}, "name: expected collective_petition, as the file is called"),
    ({**MODEL, "kind": "forest"}, "kind: expected scorecard"),
    ({**MODEL, "weights": []}, "unknown key weights"),
    ({k: v for k, v in MODEL.items() if k != "let"}, "let is missing"),
    ({**MODEL, "features": []}, "features: expected a list of 1 to 32"),
    (feature(within=None), "within is missing"),
    (feature(value="complaint.callers"), "`let` defines no complaint; did you mean complaints?"),
    (feature(value="silent(hotline)"), "a feature can't be silent()"),
    (feature(value="complaints >= 3"), "expected nothing after what is counted"),
    (feature(bins=[{"below": 3, "points": 0}]), "the last bin takes all that is left: it has no `below`"),
    (feature(bins=[{"points": 0}, {"points": 1}]), "below is missing: only the last bin has none"),
    (feature(bins=[{"below": 3, "points": 0}, {"below": 3, "points": 1}, {"points": 2}]), "the bins must rise"),
    (feature(bins=[{"points": 1.5}]), "points: expected a whole number"),
    (feature(within="40d"), "within: expected a duration"),
])
def test_mistakes_are_told_at_their_place(model, said, tmp_path):
    done = gridwarn("check", "-c", write(tmp_path, Stream(), [shipped_rule()], model))
    assert done.returncode == 3
    told = [line for line in done.stderr.splitlines() if said in line]
    assert told and "models/collective_petition.json:1:" in told[0], done.stderr
    assert "the model collective_petition can't be used" in done.stderr


def test_a_model_that_is_not_there(tmp_path):
    config = write(tmp_path, Stream(), [shipped_rule()])
    (tmp_path / "models" / "collective_petition.json").unlink()
    done = gridwarn("check", "-c", config)
    assert done.returncode == 3 and "collective_petition.json" in done.stderr and "can't be used" in done.stderr


def test_the_readme_explains_the_format():
    """every key that the loader knows, in both languages"""
    text = (ROOT / "engine" / "rule" / "scorecard.c").read_text(encoding="utf-8")
    keys = {key for known in re.findall(r"known\[\] = \{([^}]*)\}", text) for key in re.findall(r'"(\w+)"', known)}
    chinese, _, english = GUIDE.partition("\n# Models\n")
    assert keys and all(f"`{key}`" in part for key in keys for part in (chinese, english)), keys
