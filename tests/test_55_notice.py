"""What the command centre is told and what is held back: silences over the topic and by hand, inhibition and budgets of the rule
files, whatever is killed in the middle of it; and that nobody who is not asked is late.
"""

import json
import os
import subprocess
import time
from datetime import datetime, timedelta, timezone

import jsonschema

from broker import Record
from complaints import PLACES, complaint, eventually, histories, records
from engine import ROOT, Engine, configuration, rule, source, write_project
from held_clock import hold_clock
from promises import DIGEST, check_messages, check_privacy, read_outputs
from test_51_handling import ROUTING, encoded, written

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "engine/notify/silence.schema.json").read_text(encoding="utf-8")))
LEAD, UNIT = "区人力资源局", "区应急指挥中心"
WAGES = rule("wages", {"w": {"category": "labour"}}, "grid", "24h", {"yellow": "w.callers >= 2", "red": "w.callers >= 6"}, send={"lead": LEAD})
WIDE = rule("wide", {"w": {"category": "labour"}}, "community", "24h", {"orange": "w.callers >= 5"})
STREETS = [[n for n, grid in enumerate(PLACES.grids) if grid.path["street"] == street]
           for street in dict.fromkeys(grid.path["street"] for grid in PLACES.grids)]


def grids_apart(street: int) -> list[int]:
    """one grid of each of its communities, then the others"""
    first = {PLACES.grids[n].path["community"]: n for n in reversed(STREETS[street])}
    return sorted(first.values()) + [n for n in STREETS[street] if n not in first.values()]


def shift(since_s: int) -> str:
    """began so long ago; the only one of the day, so that none ends while a test runs"""
    return datetime.fromtimestamp(time.time() - since_s, timezone(timedelta(hours=8))).strftime("%H:%M")


class Desk:
    def __init__(self, broker, topics, tmp_path, rules, notify=None, routing=None):
        write_project(tmp_path, rules)
        if routing:
            (tmp_path / "rules" / "routing.csv").write_text(routing, encoding="utf-8")
        whole = {**({"routing": "routing.csv"} if routing else {}), **({"notify": notify} if notify else {}), "rules": rules}
        (tmp_path / "rules" / "rules.yaml").write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
        self.broker, self.group = broker, topics.prefix.rstrip("-")
        self.hotline, self.answers = topics("hotline"), topics("dispositions", partitions=2)
        self.engine = Engine(tmp_path, configuration(broker.bootstrap, self.group, {"hotline": source("hotline", self.hotline)},
                                                     dispositions={"topic": self.answers}))
        self.clock = hold_clock(self.engine)

    def start(self):
        self.engine.start("--create-topics")
        self.engine.wait_live()

    def kill_and_start(self):
        self.engine.kill()
        self.start()

    def call(self, name: str, grid: int, count: int = 2) -> dict:
        """so many call; returns the newest revision that tells of the last of them"""
        now = self.clock.now()
        self.broker.produce(self.hotline, records(*(complaint(f"{name}{n}", now - 60 + n, grid=grid) for n in range(count))))
        return eventually(lambda: self.history(name), lambda h: h)[-1]

    def history(self, name: str, of: str = "wages") -> list[dict]:
        """of the first alert of that rule that the first of these calls is evidence of"""
        event = f"WO-{name}0#created"
        return next((h for h in histories(self.broker, self.group)
                     if h[0]["rule"] == of and event in {e["id"] for e in h[0]["event_ids"]}), [])

    def say(self, made: dict, key: str):
        SCHEMA.validate(made)
        self.broker.produce(self.answers, [(key, encoded(made)[0][1])])

    def silence(self, *args: str) -> subprocess.CompletedProcess:
        return subprocess.run([os.environ["GRIDWARN"], "silence", "-c", str(self.engine.path), *args], capture_output=True, text=True,
                              timeout=60)

    def published(self) -> list[Record]:
        return [r for r in self.broker.consume_all(f"{self.group}-alerts") if r.key != b"heartbeat"]

    def digests(self) -> list[dict]:
        return [json.loads(r.value)["data"] for r in self.published() if json.loads(r.value)["type"] == DIGEST]

    def counted(self, cause: str) -> float:
        return self.engine.metric(f'gridwarn_alert_holds_total{{cause="{cause}"}}')


def notices(history: list[dict]) -> list:
    return [h["notice"]["told"] or (h["notice"]["cause"], h["notice"]["by"]) for h in history]


def author(at: float) -> dict:
    return {"by_role": "duty_officer", "unit": UNIT, "at": written(at)}


def test_a_silence_holds_until_its_end_whatever_is_killed(broker, topics, tmp_path):
    desk = Desk(broker, topics, tmp_path, [WAGES], routing=ROUTING)
    silenced, other = grids_apart(0)[0], grids_apart(1)[0]
    try:
        desk.start()
        begin = desk.clock.now()
        until = datetime.fromtimestamp(begin + 3600, timezone(timedelta(hours=8))).strftime("%Y-%m-%d %H:%M")
        # by hand, for one community by its name; what cannot be meant is refused, and nothing is sent
        community = PLACES.grids[silenced].names["community"]
        done = desk.silence("--region", community, "--category", "labour", "--until", until, "--reason", "检修", "--by-role", "duty_officer",
                            "--unit", UNIT, "--id", "S1")
        assert (done.returncode, done.stdout) == (0, "S1\n"), done.stderr
        refused = desk.silence("--rule", "wgaes", "--until", until, "--reason", "known", "--by-role", "duty_officer", "--unit", UNIT)
        assert refused.returncode == 2 and "wgaes" in refused.stderr
        assert desk.silence("--region", community, "--until", until, "--reason", "known", "--by-role", "张三", "--unit", UNIT).returncode == 2
        desk.engine.wait_for(lambda: desk.engine.metric('gridwarn_dispositions_total{answer="taken"}') == 1, what="taken")
        eventually(lambda: desk.silence("--list").stdout, lambda out: out.startswith("S1  in force") and "category=labour" in out)

        held, told = desk.call("a", silenced), desk.call("b", other)
        assert notices([held, told]) == [("silenced", "S1"), True]
        assert held["handling"]["sign_by"] is None and told["handling"]["sign_by"]
        assert desk.counted("silenced") == 1
        headers = {r.key.decode(): dict(r.headers)["notice"] for r in desk.published()}
        assert headers == {held["alert_id"]: b"held", told["alert_id"]: b"told"}

        # what is said again is known; a kill with it in force is as if nothing had happened
        desk.kill_and_start()
        desk.say({"id": "S1", "silence": {"region": community}, "reason": "other", "until": written(begin + 9000), **author(begin)}, "S1")
        desk.engine.wait_for(lambda: desk.engine.metric('gridwarn_dispositions_total{answer="doubled"}') >= 1, what="doubled")
        assert [len(desk.history(name)) for name in "ab"] == [1, 1]
        # the limit passes: of who was asked alone
        desk.clock.hurry(begin + 62)
        eventually(lambda: desk.history("b"), lambda h: len(h) == 2, 60)
        assert desk.history("b")[1]["reason"] == "not signed in time" and len(desk.history("a")) == 1
        # it rises while it is held; the highest level is told, since the silence does not name it
        now = desk.clock.now()
        desk.broker.produce(desk.hotline, records(*(complaint(f"a{n}", now - 30 + n, grid=silenced) for n in range(2, 6))))
        history = eventually(lambda: desk.history("a"), lambda h: len(h) >= 3)
        assert notices(history[1:]) == [True, True] and [h["level"] for h in history[1:]] == ["red", "red"]
        assert history[1]["handling"]["sign_by"] is None and history[2]["sentence"].count("恢复通报") == 1

        # another begins, over the topic, that names it; and ends early
        now = desk.clock.now()
        desk.say({"specversion": "1.0", "id": "S2", "source": "//command", "type": "gov.risk.silence", "time": written(now),
                  "data": {"silence": {"rule": "wages", "level": "红", "subject": PLACES.grids[silenced].code}, "reason": "drill",
                           "until": written(now + 3600), **author(now)}}, "S2")
        history = eventually(lambda: desk.history("a"), lambda h: len(h) == 4)
        assert notices(history)[3] == ("silenced", "S2") and "暂不通报（静默）" in history[3]["sentence"]
        desk.kill_and_start()
        for _ in range(2):
            desk.say({"id": "E1", "silence_end": "S2", **author(desk.clock.now())}, "S2")
        desk.say({"id": "E3", "silence_end": "S3", **author(desk.clock.now())}, "E3")  # which is yet to come, or mistyped
        history = eventually(lambda: desk.history("a"), lambda h: len(h) == 5)
        assert notices(history)[4] is True and len(desk.history("b")) == 2
        eventually(lambda: desk.silence("--list").stdout, lambda out: "S3  unknown, but ended  " in out)
        assert desk.engine.stop() == 0
    finally:
        desk.engine.kill()
    outputs = read_outputs(broker, desk.group)
    check_messages(outputs["alerts"])
    check_privacy(outputs)
    types = [json.loads(r.value)["type"].rpartition(".")[2] for r in outputs["alerts"] if r.key.decode() == held["alert_id"]]
    assert types == ["raised", "raised", "released", "held", "released"]
    assert not outputs["dead-letter"]


def test_a_budget_is_used_up_once_whatever_is_killed(broker, topics, tmp_path):
    notify = {"inhibit": [{"when": {"rule": "wide"}, "holds": {"rule": "wages"}, "same": "community"}],
              "budget": {"street": 2, "shifts": [shift(3600)]}}
    desk = Desk(broker, topics, tmp_path, [WAGES, WIDE], notify)
    grids = grids_apart(0)
    street = PLACES.grids[grids[0]].path["street"]
    assert len({PLACES.grids[n].path["community"] for n in grids[:3]}) == 3
    try:
        desk.start()
        assert notices([desk.call("a", grids[0])]) == [True]
        desk.kill_and_start()  # half of it is used
        assert notices([desk.call("b", grids[1])]) == [True]
        desk.kill_and_start()
        third = desk.call("c", grids[2])
        assert third["notice"]["cause"] == "budget" and third["notice"]["by"].startswith(f"budget:{street}/")
        elsewhere = desk.call("d", grids_apart(1)[0])
        assert notices([elsewhere]) == [True]
        (digest,) = eventually(desk.digests, bool)
        assert [digest["budget"], digest["told"], digest["revision"], digest["over"]] == [2, 2, 1, False]
        assert [(entry["alert_id"], entry["level"]) for entry in digest["held"]] == [(third["alert_id"], "yellow")]

        desk.kill_and_start()
        time.sleep(2)
        assert len(desk.digests()) == 1 and [len(desk.history(name)) for name in "abcd"] == [1, 1, 1, 1]
        # the highest is told all the same, and is listed no more
        now = time.time()
        desk.broker.produce(desk.hotline, records(*(complaint(f"c{n}", now - 30 + n, grid=grids[2]) for n in range(2, 6))))
        history = eventually(lambda: desk.history("c"), lambda h: len(h) >= 3)
        assert notices(history[1:]) == [True, True]
        wide = eventually(lambda: desk.history("c", "wide"), bool)
        assert wide[-1]["notice"]["cause"] == "budget"  # it is held itself, so it holds nobody
        digest = desk.digests()[-1]
        assert digest["told"] == 3 and [entry["alert_id"] for entry in digest["held"]] == [wide[0]["alert_id"]]
        assert [d["revision"] for d in desk.digests()] == list(range(1, len(desk.digests()) + 1))
        assert desk.engine.stop() == 0
    finally:
        desk.engine.kill()
    alerts = read_outputs(broker, desk.group)["alerts"]
    check_messages(alerts)
    told = {r.key.decode() for r in alerts if dict(r.headers).get("notice") == b"told" and not r.key.startswith(b"digest")}
    assert len(told) == 4


def test_an_edit_of_who_is_told_takes_effect_at_once(broker, topics, tmp_path):
    inhibit = {"inhibit": [{"when": {"rule": "wide", "level": "orange"}, "holds": {"rule": "wages"}, "same": "community"}]}
    desk = Desk(broker, topics, tmp_path, [WAGES, WIDE], inhibit)
    grids = [n for n in STREETS[0] if PLACES.grids[n].path["community"] == PLACES.grids[STREETS[0][0]].path["community"]]
    try:
        desk.start()
        desk.call("a", grids[0])
        now = time.time()
        desk.broker.produce(desk.hotline, records(*(complaint(f"b{n}", now - 60 + n, grid=grids[1]) for n in range(3))))
        history = eventually(lambda: desk.history("a"), lambda h: len(h) == 2)
        wide = desk.history("b", "wide")
        assert notices(history) == [True, ("inhibited", wide[0]["alert_id"])] and notices(wide) == [True]
        assert notices(desk.history("b"))[-1] == ("inhibited", wide[0]["alert_id"])
        desk.kill_and_start()
        assert desk.silence("--list").stdout == ""
        # a mistake changes nothing and is told at its place
        path = tmp_path / "rules" / "rules.yaml"
        path.write_text(json.dumps({"rules": [WAGES, WIDE], "notify": {"inhibit": [{**inhibit["inhibit"][0], "when": {"rule": "wid"}}]}}), encoding="utf-8")
        status, answer = desk.engine.ask("/-/reload")
        assert status == 422 and "did you mean wide?" in json.dumps(answer)
        path.write_text(json.dumps({"rules": [WAGES, WIDE]}), encoding="utf-8")
        status, answer = desk.engine.ask("/-/reload")
        assert status == 200 and answer["changed"], answer
        history = eventually(lambda: desk.history("a"), lambda h: len(h) == 3)
        assert notices(history)[2] is True and eventually(lambda: desk.history("b")[-1], lambda b: b["notice"]["told"])
        # now one a minute, wherever it is
        path.write_text(json.dumps({"rules": [WAGES, WIDE], "notify": {"storm": 1}}), encoding="utf-8")
        status, answer = desk.engine.ask("/-/reload")
        assert status == 200 and answer["changed"], answer
        now, crowd = time.time(), list(zip("cde", grids_apart(1)))
        desk.broker.produce(desk.hotline, records(*(complaint(f"{name}{n}", now - 60 + n, grid=grid) for name, grid in crowd for n in range(2))))
        first = eventually(lambda: [h[0] for h in map(desk.history, "cde") if h], lambda found: len(found) == 3)
        held = {h["alert_id"]: h["notice"] for h in first if not h["notice"]["told"]}
        assert held and {(n["cause"], n["by"][:6]) for n in held.values()} == {("storm", "storm:")}
        assert desk.counted("storm") == len(held)
        digest = eventually(desk.digests, bool)[0]
        assert (digest["cause"], digest["street"], digest["budget"], digest["told"]) == ("storm", None, 1, 1)
        assert digest["held"] and {entry["alert_id"] for entry in digest["held"]} <= set(held)
        desk.kill_and_start()  # as many were told as can be read in this minute, unless it is over
        assert desk.call("f", STREETS[1][-1])["notice"].get("cause") == "storm" or any(d["over"] for d in desk.digests())
        assert desk.engine.stop() == 0
    finally:
        desk.engine.kill()
    check_messages(read_outputs(broker, desk.group)["alerts"])
