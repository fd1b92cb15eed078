"""What a command centre has to read of the real tickets, and that it hears of all that burst: bench/noise.py, whose table stands
in rules/REPLAY.md.
"""

import re
import subprocess
import sys

import pytest

import pingshan
from engine import ROOT

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
    assert len(rows) == 6 and not [row for row in rows if row not in PAGE], done.stdout
    assert all(row.endswith(f"| {len(noise.BURSTS)} of {len(noise.BURSTS)} |") for row in rows[2:])
    assert "NOT HEARD" not in done.stdout


def message(alert: str, change: str, told=None, opened_at="2018-11-09T08:53:00+08:00", ticket="t", place="c10019") -> dict:
    data = {"alert_id": alert, "opened_at": opened_at, "rule": "r", "event_ids": [{"source": "hotline", "id": ticket}],
            "region_path": [{"level": "district", "code": "440310"}, {"level": "community", "code": place}]}
    return {"type": f"gov.risk.alert.{change}", "data": {**data, **({} if told is None else {"notice": {"told": told}})}}


def test_what_is_held_is_not_told_until_it_is_released():
    messages = [message("a", "raised"), message("a", "raised"), message("b", "raised", False), message("c", "raised", False),
                message("c", "resolved", True), message("d", "raised", True), message("b", "released", True), message("d", "handled", True)]
    assert [data["alert_id"] for data in noise.first_told(messages)] == ["a", "d", "b"]
    figures = noise.figures("x", messages, {"t": "housing"})
    assert (figures["alerts"], figures["told"], figures["most_on_a_day"]) == (4, 3, 3)


def test_a_burst_is_heard_of_by_day_place_and_what_the_tickets_are_about():
    housing = noise.BURSTS[-1]
    category = {"t": "housing", "other": "noise"}
    assert noise.speaks_of(message("a", "raised")["data"], housing, category)
    for other in ({"opened_at": "2018-11-10T08:53:00+08:00"}, {"ticket": "other"}, {"place": "c10014"}):
        assert not noise.speaks_of(message("a", "raised", **other)["data"], housing, category)
    # of one that was held nothing is heard
    assert noise.figures("x", [message("a", "raised", False)], category)["bursts"]["housing"] is None
