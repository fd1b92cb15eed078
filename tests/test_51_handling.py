"""From an alert to a dispute that was settled: dispositions come back over a topic and by hand, once each, whatever is killed;
a limit that passes goes up a tier, and only when all dispositions that were waiting have been read.
"""

import json
import os
import subprocess
import time
from datetime import datetime, timedelta, timezone

import jsonschema

from complaints import complaint, eventually, histories, records
from engine import ROOT, Engine, configuration, rule, source, write_project
from held_clock import hold_clock
from promises import check_messages, read_outputs

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "engine/handle/disposition.schema.json").read_text(encoding="utf-8")))
LEAD, TOP = "区人力资源局", "区综治中心"
RULE = rule("wages", {"w": {"category": "labour"}}, "grid", "24h", {"yellow": "w.callers >= 2"}, send={"lead": LEAD, "assist": ["street"]},
            close_within={"yellow": "2d"})
ROUTING = f"类别,级别,牵头,区级单位,签收时限\nlabour,黄,,{TOP},1分钟\n"


def written(at: float) -> str:
    return datetime.fromtimestamp(int(at), timezone(timedelta(hours=8))).isoformat()


def disposition(number: str, alert: dict, action: str, at: float, **more) -> dict:
    made = {"id": number, "alert_id": alert["alert_id"], "action": action, "at": written(at), **more}
    SCHEMA.validate(made)
    return made


def enveloped(made: dict) -> dict:
    data = {key: value for key, value in made.items() if key != "id"}
    event = {"specversion": "1.0", "id": made["id"], "source": "//command.example", "type": "gov.risk.disposition", "time": made["at"],
             "data": data}
    SCHEMA.validate(event)
    return event


def encoded(*made: dict) -> list:
    return [(m.get("alert_id", ""), json.dumps(m, ensure_ascii=False).encode()) for m in made]


def states(revision: dict) -> dict:
    return {unit["unit"]: unit["state"] for unit in revision["handling"]["units"]}


def in_charge(revision: dict) -> str:
    (unit,) = (unit["unit"] for unit in revision["handling"]["units"] if unit["role"] == "lead")
    return unit


def of_grid(broker, group, number):
    found = [h for h in histories(broker, group) if f"WO-{number}#created" in {e["id"] for e in h[0]["event_ids"]}]
    return found[0] if found else []


class Story:
    def __init__(self, broker, topics, tmp_path, routing=None):
        write_project(tmp_path, [RULE])
        if routing:
            (tmp_path / "rules" / "routing.csv").write_text(routing, encoding="utf-8")
            (tmp_path / "rules" / "rules.yaml").write_text(json.dumps({"routing": "routing.csv", "rules": [RULE]}), encoding="utf-8")
        self.broker, self.group = broker, topics.prefix.rstrip("-")
        self.hotline, self.answers = topics("hotline"), topics("dispositions", partitions=2)
        self.engine = Engine(tmp_path, configuration(broker.bootstrap, self.group, {"hotline": source("hotline", self.hotline)},
                                                     dispositions={"topic": self.answers}))
        self.clock = hold_clock(self.engine)

    def start(self):
        self.engine.start("--create-topics")
        self.engine.wait_live()

    def raise_alert(self, name: str, grid: int) -> dict:
        now = self.clock.now()
        self.broker.produce(self.hotline, records(*(complaint(f"{name}{n}", now - 60 + n, grid=grid) for n in range(2))))
        return eventually(lambda: self.history(name), lambda h: h)[0]

    def history(self, name: str) -> list[dict]:
        return of_grid(self.broker, self.group, f"{name}0")

    def say(self, *made: dict):
        self.broker.produce(self.answers, encoded(*made))

    def ack(self, *args: str) -> subprocess.CompletedProcess:
        return subprocess.run([os.environ["GRIDWARN"], "ack", "-c", str(self.engine.path), *args], capture_output=True, text=True, timeout=60)

    def answered(self, answer: str) -> float:
        return self.engine.metric(f'gridwarn_dispositions_total{{answer="{answer}"}}')


def test_dispositions_are_told_once(broker, topics, tmp_path):
    story = Story(broker, topics, tmp_path)
    try:
        story.start()
        alert = story.raise_alert("a", 0)
        street = alert["region_path"][1]["name"]
        assert states(alert) == {LEAD: "unsigned", street: "unsigned"} and alert["handling"]["tier"] == "street"
        now = time.time()

        # by hand, with the first characters of the id, as a person does
        done = story.ack(alert["alert_id"][:8], "--action", "签收", "--unit", LEAD)
        assert done.returncode == 0, done.stderr
        history = eventually(lambda: story.history("a"), lambda h: len(h) == 2)
        assert states(history[-1])[LEAD] == "signed" and history[-1]["handling"]["last"]["action"] == "signed"
        assert f"{LEAD}签收" in history[-1]["sentence"]
        refused = story.ack(alert["alert_id"][:8], "--action", "transferred", "--unit", LEAD)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1) and "to:" in refused.stderr

        # over the topic: what is doubled, late, foreign or unreadable changes nothing
        arrived = disposition("d2", alert, "arrived", now + 2, unit=LEAD, by_role="duty_officer")
        late = disposition("d1", alert, "dispatched", now + 1, unit=LEAD)
        story.say(enveloped(arrived), arrived, late, disposition("d3", alert, "signed", now, unit="城管局"),
                  disposition("d4", {"alert_id": "0" * 32}, "signed", now, unit=LEAD), {"id": "d5"})
        refused = 'gridwarn_events_total{source="dispositions",outcome="refused"}'
        story.engine.wait_for(lambda: [story.answered(a) for a in ("unknown_alert", "wrong_unit", "doubled")] == [1, 1, 1]
                              and story.engine.metric(refused) == 1, what="answered")
        history = eventually(lambda: story.history("a"), lambda h: states(h[-1])[LEAD] == "arrived")

        # kill -9, and all is as it was; what is told again is known
        story.engine.kill()
        story.start()
        before = len(history)
        story.say(arrived, disposition("d6", alert, "closed", now + 3, unit=LEAD, outcome="mediated", involved=2))
        history = eventually(lambda: story.history("a"), lambda h: len(h) > before)
        assert len(history) == before + 1 and states(history[-1])[LEAD] == "closed"
        assert story.answered("doubled") >= 1  # what was not committed when it was killed is read again
        story.say(disposition("d7", alert, "arrived", now + 4, unit=LEAD))
        story.engine.wait_for(lambda: story.answered("over") == 1, what="refused")
        story.say(disposition("d8", alert, "reopened", now + 5))
        history = eventually(lambda: story.history("a"), lambda h: len(h) > before + 1)
        assert states(history[-1])[LEAD] == "reopened"
        assert story.engine.stop() == 0
    finally:
        story.engine.kill()
    outputs = read_outputs(broker, story.group)
    check_messages(outputs["alerts"])
    reasons = sorted(json.loads(r.value)["reason"] for r in outputs["dead-letter"])
    assert reasons == ["missing_field", "over", "unknown_alert", "wrong_unit"]
    assert [h["revision"] for h in story.history("a")] == list(range(1, len(story.history("a")) + 1))


def test_limits_go_up_and_nothing_is_late_falsely(broker, topics, tmp_path):
    story = Story(broker, topics, tmp_path, ROUTING)
    try:
        story.start()
        signed, silent = story.raise_alert("b", 0), story.raise_alert("c", 5)
        begin = story.clock.now()
        assert datetime.fromisoformat(signed["handling"]["sign_by"]).timestamp() - begin < 61
        # nobody is there while the limit passes; one signature waits in the topic
        story.engine.kill()
        story.say(disposition("s1", signed, "signed", begin + 5, unit=LEAD))
        story.clock.hurry(begin + 65)
        story.start()
        history = eventually(lambda: story.history("c"), lambda h: len(h) > 1, 60)
        assert [h["reason"] for h in history[1:]] == ["not signed in time"]
        assert in_charge(history[-1]) == TOP and history[-1]["handling"]["tier"] == "district"
        assert f"升级由{TOP}牵头" in history[-1]["sentence"]
        assert [h["handling"]["last"]["id"] for h in story.history("b")[1:]] == ["s1"]

        # what is returned is with nobody, and goes up at once; a kill in between doubles nothing
        story.say(disposition("s2", signed, "returned", story.clock.now(), unit=LEAD, reason="not_ours"))
        history = eventually(lambda: story.history("b"), lambda h: len(h) >= 3)
        assert history[2]["handling"]["nobody"] is True
        story.engine.kill()
        story.start()
        history = eventually(lambda: story.history("b"), lambda h: len(h) == 4, 60)
        assert in_charge(history[-1]) == TOP and history[-1]["reason"] == "the unit in charge returned it"
        assert "nobody" not in history[-1]["handling"] and states(history[-1])[LEAD] == "returned"

        # there is nobody above the district: that is marked, and told once
        story.clock.hurry(story.clock.now() + 65)
        history = eventually(lambda: story.history("c"), lambda h: len(h) == 3, 60)
        assert history[-1]["handling"]["late"] == ["not_signed"]
        assert story.engine.stop() == 0
    finally:
        story.engine.kill()
    alerts = read_outputs(broker, story.group)["alerts"]
    check_messages(alerts)
    units = {dict(r.headers)["unit"].decode() for r in alerts if b"unit" in {k.encode() for k, _ in r.headers}}
    assert units == {LEAD, TOP}
