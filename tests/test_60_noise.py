"""What a command centre has to read of the real tickets, and that it hears of all that burst: bench/noise.py, whose table stands
in rules/REPLAY.md.  And that with the shipped section `notify` it hears of every dispute of the demo's day.
"""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict

import pytest

import pingshan
from engine import MAPPINGS, ROOT
from oracle_words import LEVELS
from test_42_replay import files_project

sys.path.insert(0, str(ROOT / "bench"))

import noise  # noqa: E402

PAGE = (ROOT / "rules" / "REPLAY.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out, after = tmp_path_factory.mktemp("noise"), []
    for name, text in re.findall(r"^```yaml notify/(\w+\.yaml)\n(.*?)^```$", PAGE, re.M | re.S):
        (out / name).write_text(text, encoding="utf-8")
        after += ["--after", out / name]
    return subprocess.run([sys.executable, ROOT / "bench" / "noise.py", "--out", out, "--data", pingshan.data_path(), *after],
                          capture_output=True, text=True, timeout=300)


def test_the_page_has_its_table_and_all_bursts_are_heard_of(done):
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("|")]
    _, _, shipped, two = re.findall(r"^incidents: (\d+); held, some of them only for a time: (.*)$", done.stdout, re.M)
    assert f"归为 {shipped[0]} 个事件" in PAGE and "budget" not in shipped[1] and "storm" not in shipped[1] and "budget" in two[1]
    assert len(rows) == 6 and not [row for row in rows if row not in PAGE], done.stdout
    assert all(row.endswith(f"| {len(noise.BURSTS)} of {len(noise.BURSTS)} |") for row in rows[2:])
    assert "NOT HEARD" not in done.stdout


def message(alert: str, change: str, told=None, opened_at="2018-11-09T08:53:00+08:00", ticket="t", place="c10019") -> dict:
    data = {"alert_id": alert, "incident_id": alert, "opened_at": opened_at, "rule": "r", "event_ids": [{"source": "hotline", "id": ticket}],
            "region_path": [{"level": "district", "code": "440310"}, {"level": "community", "code": place}]}
    return {"type": f"gov.risk.alert.{change}", "data": {**data, **({} if told is None else {"notice": {"told": told, "cause": None if told else "covered"}})}}


def test_what_is_held_is_not_told_until_it_is_released():
    messages = [message("a", "raised"), message("a", "raised"), message("b", "raised", False), message("c", "raised", False),
                message("c", "resolved", True), message("d", "raised", True), message("b", "released", True), message("d", "handled", True)]
    assert [data["alert_id"] for data in noise.first_told(messages)] == ["a", "d", "b"]
    figures = noise.figures("x", messages, {"t": "housing"})
    assert (figures["alerts"], figures["told"], figures["most_on_a_day"], figures["held"]) == (4, 3, 3, {"covered": 2})


def test_a_burst_is_heard_of_by_day_place_and_what_the_tickets_are_about():
    housing = noise.BURSTS[-1]
    category = {"t": "housing", "other": "noise"}
    assert noise.speaks_of(message("a", "raised")["data"], housing, category)
    for other in ({"opened_at": "2018-11-10T08:53:00+08:00"}, {"ticket": "other"}, {"place": "c10014"}):
        assert not noise.speaks_of(message("a", "raised", **other)["data"], housing, category)
    # of one that was held nothing is heard
    assert noise.figures("x", [message("a", "raised", False)], category)["bursts"]["housing"] is None


# -- the demo's day, with the rules as a district begins ------------------------------------------------------------

PACE = 3600  # as in life one after the other: what is read at once is told at once


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """the alerts' revisions, by alert"""
    directory = tmp_path_factory.mktemp("day")
    config = files_project(directory, calendar="calendar.csv", models="models")
    for stream in MAPPINGS:
        os.mkfifo(directory / f"{stream}.ndjson")
    with subprocess.Popen([sys.executable, ROOT / "bench" / "sample.py", "--out", directory, "--pace", str(PACE)]) as generator:
        done = subprocess.run([os.environ["GRIDWARN"], "run", "-c", config, "--drain"], capture_output=True, text=True, timeout=120)
        assert (done.returncode, generator.wait(60)) == (0, 0), done.stderr
    alerts = defaultdict(list)
    for line in (directory / "out" / "alerts.ndjson").open(encoding="utf-8"):
        data = json.loads(line)["data"]
        if "alert_id" in data:
            alerts[data["alert_id"]].append(data)
    return alerts


def test_of_each_dispute_somebody_is_told(day):
    told = {alert for alert, revisions in day.items() if any(data["notice"]["told"] for data in revisions)}
    disputes = {revisions[-1]["incident_id"] for revisions in day.values()}
    assert {day[alert][-1]["incident_id"] for alert in told} == disputes
    assert len(told) < len(day)


def test_what_is_held_is_said_by_another_that_is_told_and_as_high(day):
    """six of a street in a shift, and twenty in a minute, are more than such a day has"""
    held = [data for revisions in day.values() for data in revisions if not data["notice"]["told"]]
    assert {data["notice"]["cause"] for data in held} == {"covered"}
    for data in held:
        if data["state"] == "firing":
            by = [one for one in day[data["notice"]["by"]] if one["notice"]["told"]]
            assert max(LEVELS.index(one["level"]) for one in by) >= LEVELS.index(data["level"])
