"""Old rules are kept and can be gone back to, by edits, over HTTP and on the command line; what is active is always said."""

import json
import os
import subprocess
import time

import pytest

from complaints import complaint, eventually, histories, records
from engine import Engine, configuration, rule, source, write_project

WAGES = rule("wages", {"w": {"category": "labour"}}, "grid", "24h", {"yellow": "w.callers >= 3"})
STREET = rule("street", {"w": {"category": "labour"}}, "street", "24h", {"orange": "w >= 4"}, overrides="street.csv")
TABLE = "区域,级别,计数,阈值\n和兴街道,橙,w,5\n"


def write(directory, name: str, content) -> None:
    """as editors do: aside, then renamed"""
    aside = directory / f".{name}.swp"
    aside.write_bytes(content if isinstance(content, bytes) else json.dumps({"rules": content}).encode())
    aside.rename(directory / name)


def command(engine, *words: str, language: str = "C.UTF-8") -> tuple[int, str]:
    done = subprocess.run([os.environ["GRIDWARN"], words[0], "-c", engine.path, *words[1:]], capture_output=True,
                          text=True, timeout=60, env={**os.environ, "LC_ALL": language})
    return done.returncode, done.stdout + done.stderr


def generation(engine) -> int:
    return int(engine.metric("gridwarn_generation"))


@pytest.fixture
def engine(broker, topics, tmp_path):
    write_project(tmp_path, [WAGES])
    hotline = topics("hotline", partitions=2)
    made = Engine(tmp_path, configuration(broker.bootstrap, topics.prefix.rstrip("-"), {"hotline": source("hotline", hotline)}))
    made.hotline = hotline
    yield made
    made.kill()


def test_an_edit_is_loaded_and_an_old_generation_comes_back(broker, engine, tmp_path):
    rules, now = tmp_path / "rules", time.time()
    engine.start("--create-topics")
    engine.wait_live()
    broker.produce(engine.hotline, records(*(complaint(f"a{n}", now - 7200 + n) for n in range(5))))
    (wages,) = eventually(lambda: histories(broker, engine.group), lambda found: len(found) == 1)

    # nobody says so: an edit is enough, of a table too, in whatever coding it is
    write(rules, "street.csv", TABLE.encode("gb18030"))
    write(rules, "rules.yaml", [WAGES, STREET])
    engine.wait_for(lambda: generation(engine) == 2, 10, "generation 2")
    eventually(lambda: histories(broker, engine.group), lambda found: len(found) == 2)
    write(rules, "rules.yaml", [WAGES, STREET])  # the same bytes
    time.sleep(1.5)
    assert generation(engine) == 2

    # a mistake: told with its place, nothing changes
    write(rules, "rules.yaml", [WAGES, {**STREET, "per": "county"}])
    engine.wait_for(lambda: not engine.is_ready(), 10, "told of the mistake")
    status, answer = engine.ask("/-/reload")
    assert status == 422 and answer["active"]["generation"] == 2 and answer["active"]["disk_differs"]
    (problem,) = answer["problems"]
    assert problem["file"].endswith("rules.yaml") and problem["line"] == 1 and problem["severity"] == "error"
    assert "generation 2 (sha256:" in answer["text"] and answer["text"].endswith("stays active")
    assert engine.ask("/-/reload", headers={"Accept-Language": "zh-CN"})[1]["text"].endswith("继续生效")
    code, said = command(engine, "reload", language="zh_CN.UTF-8")
    assert code == 3 and "rules.yaml:1:" in said and said.strip().endswith("继续生效")
    assert engine.metric("gridwarn_rules_disk_differs") == 1
    assert "stays active" in engine.log_text().splitlines()[-1]

    # back: 3 is 1 again, from what was kept, though the disk still has the mistake
    status, answer = engine.ask("/-/rollback")
    assert (status, answer["generation"], answer["origin"], answer["disk_differs"]) == (200, 3, 1, True)
    assert generation(engine) == 3
    street = [h for h in histories(broker, engine.group) if h[0]["rule"] == "street"][0]
    street = eventually(lambda: [h for h in histories(broker, engine.group) if h[0]["rule"] == "street"][0],
                        lambda h: h[-1]["state"] == "withdrawn")
    assert street[-1]["reason"] == "the rule was removed"
    assert engine.ask("/-/rollback")[0] == 404  # nothing before 1
    code, said = command(engine, "rollback", "--to", "2")
    assert code == 0 and "generation 4 (" in said and "the rules of 2 again" in said
    code, said = command(engine, "rollback", "--to", "99")
    assert code == 2 and "99 is not kept" in said and "generation 4" in said
    assert command(engine, "rollback", "--to", "99", language="zh_CN.UTF-8")[1].startswith("没有保留第 99 代（见 generations）；第 4 代")
    code, said = command(engine, "generations")
    assert code == 0 and [line.split()[0] for line in said.splitlines()[:4]] == ["1", "2", "3", "*"]
    assert "differ" in said

    # a restart with that disk refuses to start, as ever; mended otherwise, the disk counts, under a new number
    assert engine.stop() == 0
    write(rules, "rules.yaml", [WAGES])
    engine.start()
    engine.wait_live()
    assert generation(engine) == 5
    assert not list(tmp_path.parent.glob("gridwarn-rules-*"))
    assert engine.stop() == 0


def test_a_restart_keeps_what_was_rolled_back_to_until_the_disk_changes(broker, engine, tmp_path):
    rules = tmp_path / "rules"
    engine.start("--create-topics")
    engine.wait_live()
    write(rules, "rules.yaml", [{**WAGES, "levels": {"yellow": "w.callers >= 9"}}])
    assert engine.ask("/-/reload")[1]["generation"] == 2
    assert engine.ask("/-/rollback?to=1")[1]["generation"] == 3
    assert engine.is_ready()  # it is meant
    for _ in range(2):
        engine.kill()
        engine.start()
        engine.wait_live()
        assert generation(engine) == 3 and engine.metric("gridwarn_rules_disk_differs") == 1
    active = engine.ask("/-/generations", "GET")[1]["active"]
    assert (active["generation"], active["origin"], active["disk_differs"]) == (3, 1, True)
    os.utime(rules / "rules.yaml")  # is no edit
    time.sleep(1.5)
    assert generation(engine) == 3
    write(rules, "rules.yaml", [{**WAGES, "levels": {"yellow": "w.callers >= 8"}}])
    engine.wait_for(lambda: generation(engine) == 4, 10, "generation 4")
    engine.wait_for(lambda: engine.metric("gridwarn_rules_disk_differs") == 0, 10, "as on disk")
    # who asks for the disk gets it, rolled back or not
    assert engine.ask("/-/rollback?to=1")[1]["generation"] == 5
    assert engine.ask("/-/reload")[1]["generation"] == 6
    status, answer = engine.ask("/-/reload")
    assert (status, answer["generation"], answer["changed"]) == (200, 6, False)

    # the last ten are kept, and the active one
    for n in range(9):
        write(rules, "rules.yaml", [{**WAGES, "levels": {"yellow": f"w.callers >= {20 + n}"}}])
        assert engine.ask("/-/reload")[0] == 200
    kept = [g["generation"] for g in engine.ask("/-/generations", "GET")[1]["generations"]]
    assert kept == list(range(5, 16))
    engine.kill()
    engine.start()
    engine.wait_live()
    assert [g["generation"] for g in engine.ask("/-/generations", "GET")[1]["generations"]] == kept
    assert engine.stop() == 0


@pytest.mark.parametrize("absolute", [False, True])
def test_a_table_that_lies_elsewhere_comes_back_too(engine, tmp_path, absolute):
    """what counts is what was loaded then, not what lies there now"""
    rules, tables = tmp_path / "rules", tmp_path / "tables"
    tables.mkdir()
    write(tables, "street.csv", TABLE.encode())
    named = str(tables / "street.csv") if absolute else "../tables/street.csv"
    write(rules, "rules.yaml", [WAGES, {**STREET, "overrides": named}])
    engine.start("--create-topics")
    engine.wait_live()
    digest = engine.ask("/-/generations", "GET")[1]["active"]["digest"]
    write(tables, "street.csv", TABLE.replace(",5", ",6").encode())
    engine.wait_for(lambda: generation(engine) == 2, 20, "generation 2")
    status, answer = engine.ask("/-/rollback")
    assert (status, answer["generation"], answer["digest"]) == (200, 3, digest)
    (tables / "street.csv").unlink()
    engine.wait_for(lambda: not engine.is_ready(), 20, "told that it is missing")
    status, answer = engine.ask("/-/rollback?to=2")
    assert (status, answer["generation"]) == (200, 4) and answer["digest"] != digest
    assert engine.ask("/-/rollback?to=1")[1]["digest"] == digest
    assert not list(tmp_path.parent.glob("gridwarn-rules-*"))
    assert engine.stop() == 0


def test_only_who_may_and_how(engine):
    engine.start("--create-topics")
    engine.wait_live()
    assert engine.ask("/-/reload", "GET")[0] == engine.ask("/-/rollback", "PUT")[0] == 405
    assert engine.ask("/-/generations")[0] == engine.ask("/metrics")[0] == 405
    assert engine.ask("/-/reload", headers={"Origin": "http://example.org"})[0] == 403
    for wrong in ("", "0", "-1", "1x", "99999999999999999999999"):
        assert engine.ask(f"/-/rollback?to={wrong}")[0] == 400, wrong
    assert engine.ask("/-/rollback?to=1")[1]["changed"] is False
    assert command(engine, "rollback", "--to", "x")[0] == 2
    assert engine.stop() == 0
    code, said = command(engine, "reload")
    assert code == 4 and "no engine answers" in said
