"""`gridwarn test`: rule tests that authors write.  Whatever the oracle finds, a test that expects it passes, and one that
expects anything else fails and says what is different.
"""

import itertools
import json
import os
import random
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pytest

import events
from engine import DISTRICT, rule, write_project
from load import RULES, Load
from oracle import Regions, episodes
from oracle_rules import read_rule

CONFIG = DISTRICT / "demo.yaml"
WAGES = {"at": "08:00", "source": "hotline", "category": "labour.wage_arrears", "region": "990101001001001",
         "respondent": "ORG-0001", "actors": "worker {n}", "repeat": {"times": 3, "every": "5m"}}
YELLOW = {"rule": "collective_wage_arrears", "subject": "ORG-0001", "level": "yellow", "opened": "08:10",
          "ended": "+1d 20:00"}


def gridwarn(*args, **env):
    return subprocess.run([os.environ["GRIDWARN"], "test", *map(str, args)], env={"PATH": os.environ["PATH"], **env},
                          capture_output=True, text=True, timeout=60)


def write(directory, *cases, name="case.yaml", **top):
    top = {"config": str(CONFIG), "rules": str(DISTRICT / "rules"), **top}
    path = directory / name
    path.write_text(json.dumps({**top, "tests": list(cases)}, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def case(*happens, name="it", **more):
    return {"name": name, "events": list(happens), **more}


def test_the_shipped_tests_pass():
    files = sorted((DISTRICT / "tests").glob("*.yaml"))
    done = gridwarn(*files)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.endswith(" passed\n") and files


def test_the_example_of_the_manual_passes(tmp_path):
    manual = (DISTRICT.parent.parent / "README.md").read_text(encoding="utf-8")
    write_project(tmp_path)
    (tmp_path / "tests").mkdir(exist_ok=True)
    path = tmp_path / "tests" / "example.yaml"
    path.write_text(manual.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")
    assert (gridwarn(path).stdout, gridwarn(path).stderr) == ("1 passed\n", "")


def test_pass_and_list(tmp_path):
    path = write(tmp_path, case(WAGES, name="one", expect=[YELLOW]), case(name="two", expect=[]))
    done = gridwarn(path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 passed\n", "")
    assert [line.rpartition(": ")[2] for line in gridwarn("--list", path).stdout.splitlines()] == ["one", "two"]
    assert gridwarn(path, LANG="zh_CN.UTF-8").stdout == "通过 2 项\n"


@pytest.mark.parametrize("happens, expect, shown", [
    (WAGES, [{**YELLOW, "level": "orange"}],
     ["- expected: collective_wage_arrears ORG-0001 orange opened 01-12 08:10 ended 01-13 20:00",
      "+ found:    collective_wage_arrears ORG-0001 yellow opened 01-12 08:10 ended 01-13 20:00"]),
    (WAGES, [{**YELLOW, "opened": "08:11"}], ["- expected: ", "+ found:    "]),
    (WAGES, [{**YELLOW, "ended": "+1d 20:01"}], ["- expected: ", "+ found:    "]),
    (WAGES, [{**YELLOW, "subject": "ORG-0002"}], ["- expected: ", "there is none", "+ not expected: "]),
    (WAGES, [], ["+ not expected: collective_wage_arrears ORG-0001 yellow"]),
    (WAGES, [YELLOW, YELLOW], ["- expected: ", "there is none", "at 01-12 08:10: wages.callers >= 3 (3)"]),
    ({**WAGES, "repeat": {"times": 2, "every": "5m"}}, [YELLOW],
     ["- expected: ", "there is none", "at 01-12 08:05: wages.callers >= 3 (2)"]),
])
def test_a_failure_says_what_differs(happens, expect, shown, tmp_path):
    path = write(tmp_path, case(happens, name="wages", expect=expect))
    done = gridwarn(path)
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and lines[-1] == "0 passed, 1 failed"
    assert lines[0].startswith(f"FAILED {path}:") and lines[0].endswith(": wages")
    for line, part in zip(lines[1:-1], shown, strict=True):
        assert part in line
    assert "未通过" in gridwarn(path, LC_ALL="zh_CN.UTF-8").stdout


def test_at_a_time_only_what_was_known_then_counts(tmp_path):
    void = {"at": "09:00", "source": "hotline", "kind": "voided", "target": "c-2"}
    known = [{"at": "08:09", "alerts": []}, {"at": "08:59", "alerts": [{"subject": "ORG-0001", "level": "yellow"}]},
             {"at": "09:00", "alerts": []}]
    assert gridwarn(write(tmp_path, case({**WAGES, "id": "c"}, void, expect=[], expect_at=known))).returncode == 0
    known[1]["alerts"] = []
    failed = gridwarn(write(tmp_path, case({**WAGES, "id": "c"}, void, expect_at=known)))
    assert failed.returncode == 1 and "at 01-12 08:59:" in failed.stdout


def test_an_alert_that_says_little_makes_room_for_one_that_says_more(tmp_path):
    other = {**WAGES, "respondent": "ORG-0002", "repeat": {"times": 5, "every": "1m"}}
    expect = [{"rule": "collective_wage_arrears"}, {"subject": "ORG-0001"}]
    for order in (expect, expect[::-1]):
        assert gridwarn(write(tmp_path, case(WAGES, other, rule="collective_wage_arrears", expect=order))).returncode == 0
    twice = [{"level": "yellow"}, {"subject": "ORG-0001"}]
    assert gridwarn(write(tmp_path, case(WAGES, other, rule="collective_wage_arrears", expect=twice))).returncode == 1


@pytest.mark.parametrize("change, text", [
    ({"region": "990101001001009x"}, "no region 990101001001009x"),
    ({"category": "labour.wage_arear"}, "no category labour.wage_arear; did you mean labour.wage_arrears?"),
    ({"source": "hotlin"}, "no source hotlin; did you mean hotline?"),
    ({"kind": "creatd"}, "no kind of event creatd; did you mean created?"),
    ({"tags": "thread"}, "no mapping that sets the tag thread; did you mean threat?"),
    ({"at": "8 o'clock"}, "expected a time: 08:00"),
    ({"at": "25:00"}, "expected a time: 08:00"),
    ({"actor": "x"}, "unknown key actor; did you mean actors?"),
    ({"kind": "voided"}, "target (所指) is missing"),
    ({"category": None}, "category: expected text"),
    ({"repeat": {"times": 0}}, "times: expected a whole number"),
    ({"value": "much"}, "value: expected a number"),
])
def test_mistakes_are_shown_with_their_place(change, text, tmp_path):
    path = write(tmp_path, case({**WAGES, **change}, expect=[]))
    done = gridwarn(path)
    assert (done.returncode, done.stdout) == (3, "")
    assert any(line.startswith(f"{path}:") and line.split(":")[1].isdigit() and text in line
               for line in done.stderr.splitlines()), done.stderr


@pytest.mark.parametrize("expect, text", [
    ([{"rule": "collective_wage_arears"}], "did you mean collective_wage_arrears?"),
    ([{"level": "purple"}], "unknown level purple"),
    ("nothing", "expected a list of alerts"),
])
def test_mistakes_in_what_is_expected(expect, text, tmp_path):
    done = gridwarn(write(tmp_path, case(WAGES, expect=expect)))
    assert done.returncode == 3 and text in done.stderr


def test_all_mistakes_come_at_once_and_other_files_still_run(tmp_path):
    bad = write(tmp_path, case({**WAGES, "region": "x", "source": "y"}, expect=[]), case(name="no expectation"), name="a.yaml")
    good = write(tmp_path, case(WAGES, expect=[YELLOW]), name="b.yaml")
    done = gridwarn(bad, good)
    assert done.returncode == 3 and done.stderr.count("a.yaml:") == 3
    failing = write(tmp_path, case(WAGES, expect=[]), name="c.yaml")
    assert "FAILED" in gridwarn(bad, failing).stdout


def test_it_needs_no_secrets_and_finds_the_configuration(tmp_path):
    write_project(tmp_path)  # its gridwarn.yaml names secrets/caller.key, which is not there
    (tmp_path / "tests" / "deep").mkdir(parents=True)
    path = write(tmp_path, case(WAGES, expect=[YELLOW]))
    found = tmp_path / "tests" / "deep" / "case.yaml"
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["config"], content["rules"]
    found.write_text(json.dumps(content), encoding="utf-8")
    assert gridwarn(found).stdout == "1 passed\n"
    (tmp_path / "gridwarn.yaml").unlink()
    done = gridwarn(found)
    assert done.returncode == 3 and "config (配置) is missing" in done.stderr
    assert gridwarn("-c", tmp_path / "demo.yaml", found).stdout == "1 passed\n"


def test_misuse():
    done = gridwarn()
    assert done.returncode == 2 and "at least one file" in done.stderr


def test_words_of_both_languages(tmp_path):
    happens = {"时间": "08:00", "来源": "hotline", "类别": "拖欠工资", "区域": "清河社区第一网格", "被投诉方": "某建设劳务公司",
               "诉求人": "甲{n}", "重复": {"次数": 3, "间隔": "5分钟"}}
    expect = {"规则": "collective_wage_arrears", "对象": "某建设劳务公司", "级别": "黄", "开始": "08:10"}
    path = tmp_path / "case.yaml"
    path.write_text(json.dumps({"配置": str(CONFIG), "规则": str(DISTRICT / "rules"), "测试": [
        {"名称": "三人", "日期": "2026-02-28", "事件": [happens], "应报": [expect]}]}), encoding="utf-8")
    assert gridwarn(path).returncode == 0, gridwarn(path).stderr


def time(second):
    return datetime.fromtimestamp(second, timezone.utc).isoformat().replace("+00:00", "Z")


def as_entry(event):
    entry = {"id": event.id, "at": time(event.occurred_at), "source": event.source, "kind": event.kind,
             "involved": event.involved, "value": event.value / 1000, "tags": sorted(event.tags),
             "actors": list(event.actors)}
    for key in ("region", "category", "matter", "respondent", "target"):
        if getattr(event, key):
            entry[key] = getattr(event, key)
    return entry


@pytest.mark.parametrize("seed", [4, random.randrange(1 << 30)])
def test_what_the_oracle_finds_is_what_passes(seed, tmp_path):
    write_project(tmp_path, RULES)
    district = events.District(tmp_path)
    sent = [s for s in itertools.islice(Load(tmp_path, seed), 1200) if not s.fault]
    happened = [event for s in sent for event in district.events(s.stream, [json.loads(s.value)])][:900]
    found = episodes(happened, map(read_rule, RULES), Regions.read(tmp_path / "regions.csv"))
    assert len(found) > 20, f"seed {seed}"
    expect = [{"rule": e.rule, "subject": e.subject, "level": e.highest, "opened": time(e.opened_at),
               "ended": time(e.ended_minute * 60)} for e in found]
    rng = random.Random(seed)
    rng.shuffle(happened)
    entries = [as_entry(event) for event in happened]
    settings = {"config": str(tmp_path / "demo.yaml"), "rules": str(tmp_path / "rules")}
    done = gridwarn(write(tmp_path, case(*entries, expect=expect), **settings))
    assert done.returncode == 0, f"seed {seed}:\n{done.stdout}{done.stderr}"
    n = rng.randrange(len(expect))
    for wrong in ([*expect[:n], *expect[n + 1:]], [*expect[:n], {**expect[n], "ended": "+9d 00:00"}, *expect[n + 1:]]):
        assert gridwarn(write(tmp_path, case(*entries, expect=wrong), **settings)).returncode == 1, f"seed {seed}"


def test_rules_may_be_several_files(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(json.dumps({"rules": [
            rule(name, {"c": {}}, "district", "1h", {"blue": "c >= 1"})]}), encoding="utf-8")
    happens = {k: v for k, v in WAGES.items() if k != "repeat"}
    path = write(tmp_path, case(happens, expect=[{"rule": "one"}, {"rule": "two"}]),
                 case(happens, rule="two", expect=[{}]), rules=["one.yaml", "two.yaml"], name="tests.yml")
    assert gridwarn(path).stdout == "2 passed\n"
