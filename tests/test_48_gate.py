"""An edit that would open too many alerts is refused while the engine runs, however it comes, with a list of what would have
come; and `gridwarn diff --active` tells an author beforehand.
"""

import json
import os
import subprocess
import time

import pytest

from complaints import complaint, eventually, histories, records
from engine import Engine, configuration, rule, source, write_project

GRIDS = 6
WAGES = rule("wages", {"w": {"category": "labour"}}, "grid", "24h", {"yellow": "w.callers >= 3"})
STREET = rule("street", {"w": {"category": "labour"}}, "street", "24h", {"orange": "w >= 4"})
LOUD = {**WAGES, "levels": {"yellow": "w >= 1"}}  # one in each grid


def write(directory, *rules) -> None:
    aside = directory / "rules" / ".new"
    aside.write_text(json.dumps({"rules": rules}), encoding="utf-8")
    aside.rename(directory / "rules" / "rules.yaml")


def gridwarn(engine, *words: str, language: str = "C.UTF-8") -> tuple[int, str, str]:
    done = subprocess.run([os.environ["GRIDWARN"], words[0], "-c", engine.path, *words[1:]], capture_output=True,
                          text=True, timeout=60, env={**os.environ, "LC_ALL": language})
    return done.returncode, done.stdout, done.stderr


def generation(engine) -> int:
    return int(engine.metric("gridwarn_generation"))


@pytest.fixture
def made(broker, topics, tmp_path):
    """an engine with one alert open, and a complaint in each of the other grids; `more` goes into its configuration"""
    engines = []

    def make(**more):
        write_project(tmp_path, [WAGES])
        hotline, group = topics("hotline", partitions=2), topics.prefix.rstrip("-")
        engine = Engine(tmp_path, configuration(broker.bootstrap, group, {"hotline": source("hotline", hotline)}, **more))
        engines.append(engine)
        return engine, hotline

    def start(engine, hotline):
        now = time.time()
        engine.start("--create-topics")
        engine.wait_live()
        broker.produce(hotline, records(*(complaint(f"a{n}", now - 7200 + n) for n in range(3)),
                                        *(complaint(f"b{n}", now - 3600 + n, grid=n) for n in range(1, GRIDS)),
                                        complaint("old", now - 10 * 86400, grid=GRIDS)))
        eventually(lambda: histories(broker, engine.group), lambda found: len(found) == 1)
        engine.wait_for(lambda: engine.metric('gridwarn_events_total{source="hotline",outcome="accepted"}') == 9, 20, "all read")
        time.sleep(1.2)  # and committed
    yield make, start
    for engine in engines:
        engine.kill()


def test_a_flood_is_refused_however_it_comes(broker, made, tmp_path):
    make, start = made
    engine, hotline = make(rules_max_new=2)
    start(engine, hotline)

    # by an edit
    write(tmp_path, LOUD)
    engine.wait_for(lambda: not engine.is_ready(), 10, "told")
    assert generation(engine) == 1 and engine.metric("gridwarn_reloads_refused_total") == 1
    assert engine.metric("gridwarn_rules_disk_differs") == 1
    log = engine.log_text()
    assert f"over the last 7 days they would have opened {GRIDS - 1} alerts" in log and "more than 2" in log
    assert log.count("would have opened: ") == GRIDS - 1

    # asked for: the list, in both languages; nothing older than the days
    status, answer = engine.ask("/-/reload")
    assert status == 409 and answer["active"]["generation"] == 1
    flood = answer["flood"]
    assert (flood["new"], flood["max_new"], flood["days"]) == (GRIDS - 1, 2, 7)
    assert {(a["rule"], a["level"]) for a in flood["alerts"]} == {("wages", "yellow")} and len(flood["alerts"]) == GRIDS - 1
    code, out, err = gridwarn(engine, "reload", language="zh_CN.UTF-8")
    assert code == 6 and out == "" and err.count("+ ") == GRIDS - 1 and " 黄 wages " in err
    assert err.splitlines()[-1].startswith(f"近 7 天内会比现行规则多报 {GRIDS - 1} 起，超过 2 起，未载入；第 1 代")
    assert engine.ask("/-/reload?days=12")[1]["flood"]["new"] == GRIDS
    assert engine.ask(f"/-/reload?max_new={GRIDS - 2}")[0] == 409
    assert histories(broker, engine.group)[0][0]["rule"] == "wages" and len(histories(broker, engine.group)) == 1

    # a restart is no way around it
    assert engine.stop() == 0
    engine.start()
    engine.wait_for(lambda: "live, from cut" in engine.log_text().split("asked to leave")[-1], 30, "live")
    assert generation(engine) == 1 and not engine.is_ready() and len(histories(broker, engine.group)) == 1

    # what opens few is loaded, what is on trial tells nobody, and what goes takes nothing with it
    write(tmp_path, WAGES, STREET)
    engine.wait_for(lambda: generation(engine) == 2, 20, "generation 2")
    engine.wait_for(engine.is_ready, 10, "ready")
    write(tmp_path, WAGES, {**LOUD, "id": "trial", "life": "shadow"})
    engine.wait_for(lambda: generation(engine) == 3, 20, "generation 3")
    # but it is news once it is on trial no more
    write(tmp_path, WAGES, {**LOUD, "id": "trial"})
    assert engine.ask("/-/reload")[1]["flood"]["new"] == GRIDS
    assert generation(engine) == 3
    assert engine.stop() == 0


def test_it_can_be_meant(broker, made, tmp_path):
    make, start = made
    engine, hotline = make(rules_max_new=0, rules_max_new_days=3, rules_watch="off")
    start(engine, hotline)
    write(tmp_path, LOUD)
    code, out, err = gridwarn(engine, "reload")
    assert code == 6 and f"over the last 3 days they would have opened {GRIDS - 1} alerts more, above 0" in err
    code, out, err = gridwarn(engine, "reload", "--force")
    assert (code, err) == (0, "") and "generation 2" in out
    assert "loaded by force" in engine.log_text()
    eventually(lambda: histories(broker, engine.group), lambda found: len(found) == GRIDS)
    # back is never held up, and neither is the same again
    assert engine.ask("/-/rollback")[0] == 200 and generation(engine) == 3
    code, out, err = gridwarn(engine, "reload", "--max-new", str(GRIDS), "--days", "30")
    assert (code, err) == (0, "") and generation(engine) == 4
    for words in (("--max-new", "x"), ("--days", "0"), ("--force", "--max-new", "1")):
        assert gridwarn(engine, "reload", *words)[0] == 2
    for wrong in ("max_new=-1", "max_new=", "days=0", "days=401", "force=1"):
        assert engine.ask(f"/-/reload?{wrong}")[0] == 400, wrong
    assert engine.stop() == 0


def test_an_author_asks_before(broker, made, tmp_path):
    make, start = made
    engine, hotline = make(rules_watch="off")
    code, out, err = gridwarn(engine, "diff", "--active")
    assert code == 4, "there are no topics yet"
    start(engine, hotline)
    assert engine.ask("/-/rollback?to=1")[1]["changed"] is False
    write(tmp_path, LOUD)
    code, out, err = gridwarn(engine, "diff", "--active")
    lines = out.splitlines()
    assert code == 0 and lines[0].startswith("against generation 1, which is active (sha256:")
    assert lines[1].startswith(f"+{GRIDS - 1} −0 alerts (0 higher, 0 lower, 1 the same)")
    assert [line.split()[0] for line in lines[2:]] == ["+"] * (GRIDS - 1)
    code, out, err = gridwarn(engine, "diff", "--active", "--days", "12", "--max-new", str(GRIDS - 1), language="zh_CN.UTF-8")
    assert code == 6 and out.startswith("与生效的第 1 代（sha256:") and err == f"gridwarn diff：新增 {GRIDS} 起，超过 {GRIDS - 1} 起\n"
    # the topics as the past, and the engine's rules all the same
    code, out, err = gridwarn(engine, "diff", "--active", "--from-topics", "--days", "12")
    assert code == 0 and f"+{GRIDS} −0 " in out
    # what is active counts, not what was loaded once
    assert engine.ask("/-/reload")[0] == 200
    code, out, err = gridwarn(engine, "diff", "--active", "--max-new", "0")
    assert code == 0 and out.startswith("against generation 2") and "+0 −0 " in out
    assert engine.ask("/-/rollback")[0] == 200
    code, out, err = gridwarn(engine, "diff", "--active")
    assert out.startswith("against generation 3") and f"+{GRIDS - 1} −0 " in out
    assert engine.stop() == 0
    for words, part in ((("--active", "--against", "x"), "one of --active and --against PATH"), ((), "one of --active and --against")):
        code, out, err = gridwarn(engine, "diff", *words)
        assert code == 2 and part in err
