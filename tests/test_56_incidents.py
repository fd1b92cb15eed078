"""Alerts that are one dispute are one incident: narrower ones first, then a wider one that covers them; two incidents that become
one, and come apart again; an end, and no end after all; whatever is killed in between.  A subscriber who reads the topic of
incidents alone knows at the end what the alerts say.
"""

import json
import os
import subprocess
import time
from collections import defaultdict

import jsonschema

from complaints import PLACES, complaint, eventually, records
from engine import ROOT, Engine, configuration, rule, source, write_project
from load import CONTENT, encode
from promises import check_messages, check_privacy, read_outputs
from published import check_revisions, revisions
from shapes import Order
from test_51_handling import disposition, encoded

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "engine/incident/incident.schema.json").read_text(encoding="utf-8")))
WORKERS, BUILDING = "区人力资源局", "区住建局"
LABOUR = {"w": {"category": "labour"}}
GRID = rule("grid", LABOUR, "grid", "24h", {"yellow": "w.callers >= 2"}, send={"lead": WORKERS}, sign_within={"yellow": "4h"})
COMMUNITY = rule("community", LABOUR, "community", "24h", {"yellow": "w.callers >= 4"}, send={"lead": BUILDING}, sign_within={"yellow": "4h"})
STREET = rule("street", LABOUR, "street", "24h", {"yellow": "w.callers >= 6"}, send={"lead": BUILDING})
SHORT = rule("short", LABOUR, "grid", "10m", {"yellow": "w.callers >= 2"}, clear={"after": "0m"})


def street_of(grid: int) -> str:
    return PLACES.grids[grid].path["street"]


class Subscriber:
    """What somebody knows who reads the topic of incidents and nothing else."""

    def __init__(self, published):
        self.known, self.types = {}, defaultdict(list)
        for record in published:
            message = json.loads(record.value)
            SCHEMA.validate(message)
            data, headers = message["data"], {name: value.decode() for name, value in record.headers}
            assert record.key.decode() == message["subject"] == data["incident_id"]
            assert (headers["level"], headers["state"], headers["unit"]) == (data["level"], data["state"], data["lead"]["unit"])
            before = self.known.get(data["incident_id"])
            assert data["revision"] == (before["revision"] + 1 if before else 1)
            assert before is None or before["state"] != "withdrawn"
            self.known[data["incident_id"]] = data
            self.types[data["incident_id"]].append(message["type"].rpartition(".")[2])

    @property
    def open(self) -> list[dict]:
        return [data for data in self.known.values() if data["state"] == "open"]

    def firing(self) -> dict:
        """alert -> what is said of it, and of which incident; each once"""
        found = {}
        for data in self.open:
            for alert in data["alerts"]:
                assert alert["alert_id"] not in found
                if alert["state"] == "firing":
                    found[alert["alert_id"]] = {**alert, "incident": data["incident_id"]}
        return found


class Story:
    def __init__(self, broker, topics, tmp_path, *rules):
        write_project(tmp_path, list(rules))
        self.write_rules(tmp_path, *rules)
        self.broker, self.group, self.directory = broker, topics.prefix.rstrip("-"), tmp_path
        self.hotline, self.answers = topics("hotline"), topics("dispositions")
        self.engine = Engine(tmp_path, configuration(broker.bootstrap, self.group, {"hotline": source("hotline", self.hotline)},
                                                     dispositions={"topic": self.answers}))

    @staticmethod
    def write_rules(directory, *rules, incidents: bool = True):
        path = directory / "rules" / "rules.yaml"
        aside = directory / "rules.new"
        aside.write_text(json.dumps({"notify": {"incidents": incidents}, "rules": rules}), encoding="utf-8")
        aside.rename(path)

    def start(self):
        self.engine.start("--create-topics")
        self.engine.wait_live()

    def crash(self):
        self.engine.kill()
        self.start()

    def send(self, *complaints: dict):
        self.broker.produce(self.hotline, records(*complaints))

    def subscriber(self) -> Subscriber:
        return Subscriber(self.broker.consume_all(f"{self.group}-incidents"))

    def hear(self, wanted) -> Subscriber:
        return eventually(self.subscriber, wanted)

    def alerts(self) -> dict[str, list[dict]]:
        """by id; each keeps what is promised"""
        found = revisions(self.broker.consume_all(f"{self.group}-alerts"))
        for alert, history in found.items():
            check_revisions(alert, history)
        return found

    def alert_of(self, name: str, where: str) -> list[dict]:
        """its revisions"""
        (history,) = [h for h in self.alerts().values() if h[0]["rule"] == name and h[0]["subject"]["code"] == where]
        return history

    def tail(self, *options: str) -> list[str]:
        """what a person sees of both topics; it ends with the last line there is"""
        messages = [m for topic in ("alerts", "incidents") for m in self.broker.consume_all(f"{self.group}-{topic}")]
        shown = [m for m in messages if not json.loads(m.value)["type"].endswith(".heartbeat")]
        done = subprocess.run([os.environ["GRIDWARN"], "tail", "-c", self.engine.path, "--from-start", "--incidents", "-n", str(len(shown)), *options],
                              capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    def check(self):
        """at the end: both topics say the same, all of it is valid, and none of it tells of a person"""
        outputs = read_outputs(self.broker, self.group)
        check_messages(outputs["alerts"])
        check_privacy(outputs)
        told, firing = self.subscriber(), {}
        for alert, history in self.alerts().items():
            if history[-1]["state"] == "firing":
                firing[alert] = history[-1]
        assert set(told.firing()) == set(firing)
        for alert, said in told.firing().items():
            notice = firing[alert]["notice"]
            assert said["covered_by"] == (notice["by"] if notice.get("cause") == "covered" else None)
        for data in told.open:
            by_alert = {a["alert_id"]: a for a in data["alerts"]}
            assert by_alert[data["lead"]["alert_id"]]["covered_by"] is None
            assert any(a["covered_by"] is None for a in by_alert.values() if a["state"] == "firing")


def test_the_wider_covers_the_narrower(broker, topics, tmp_path):
    story, now = Story(broker, topics, tmp_path, GRID, COMMUNITY), time.time() - 600
    try:
        story.start()
        story.send(*(complaint(f"a{n}", now + n, grid=0) for n in range(2)))
        heard = story.hear(lambda s: s.known)
        (first,) = heard.open
        assert heard.types[first["incident_id"]] == ["opened"] and first["level"] == "yellow" and first["title"] == "grid"
        assert first["lead"] == {"alert_id": first["incident_id"], "unit": WORKERS} and (first["event_count"], first["callers"]) == (2, 2)
        story.crash()

        # the same call fills a second grid and the community: all three are one dispute, and only the community is told
        story.send(*(complaint(f"b{n}", now + 10 + n, grid=1) for n in range(2)))
        heard = story.hear(lambda s: s.types[first["incident_id"]] != ["opened"])
        (incident,) = heard.open
        assert incident["incident_id"] == first["incident_id"] and heard.types[first["incident_id"]] == ["opened", "grown"]
        assert [a["rule"] for a in incident["alerts"]][0] == "grid" and (incident["event_count"], incident["callers"]) == (4, 4)
        community = story.alert_of("community", PLACES.grids[0].path["community"])
        assert incident["lead"] == {"alert_id": community[0]["alert_id"], "unit": BUILDING} and incident["title"] == "community"
        grids = [story.alert_of("grid", PLACES.grids[n].code) for n in range(2)]
        held = {"told": False, "cause": "covered", "by": community[0]["alert_id"]}
        assert [d["notice"] for d in grids[0]] == [{"told": True}, held] and [d["notice"] for d in grids[1]] == [held]
        assert [d["notice"] for d in community] == [{"told": True}]
        assert all(h[-1]["incident_id"] == first["incident_id"] for h in (community, *grids))
        # whose alert is covered is no longer asked
        assert grids[0][0]["handling"]["sign_by"] and not grids[0][-1]["handling"]["sign_by"] and not grids[1][-1]["handling"]["sign_by"]
        assert community[0]["handling"]["sign_by"]

        # what the unit in charge does is the incident's; in the midst of it the engine is killed
        broker.produce(story.answers, encoded(disposition("d1", community[0], "signed", time.time(), unit=BUILDING)))
        story.crash()
        heard = story.hear(lambda s: s.types[first["incident_id"]][-1] == "handled")
        (incident,) = heard.open
        assert [u["state"] for u in incident["handling"]["units"] if u["role"] == "lead"] == ["signed"]

        # it was a mistake: what is narrower stands by itself again, and is told
        order = Order("WO-b1", int(now + 11), PLACES.grids[1], PLACES.matter("labour.wage_arrears"), "", CONTENT)
        broker.produce(story.hotline, [(street_of(1), encode(order.voided(now + 20)))])
        heard = story.hear(lambda s: s.types[first["incident_id"]][-1] == "shrunk")
        grids = [story.alert_of("grid", PLACES.grids[n].code) for n in range(2)]
        assert grids[0][-1]["notice"] == {"told": True} and grids[0][-1]["handling"]["sign_by"] and grids[1][-1]["state"] == "withdrawn"
        assert [a["rule"] for a in heard.open[0]["alerts"]] == ["grid"] and heard.open[0]["lead"]["unit"] == WORKERS
        assert story.engine.metric("gridwarn_incidents_open") == 1

        # the same for people, alerts and incidents side by side
        lines = [line for line in story.tail() if "(incident " in line]
        assert [line.rpartition(", ")[2] for line in lines] == [f"{t})" for t in heard.types[first["incident_id"]]]
        assert all(f"(incident {first['incident_id'][:8]} rev {n}: " in line for n, line in enumerate(lines, 1))
        assert "◆ 黄色 新事件" in lines[0] and "◆ 黄色 扩大" in lines[1] and f"[lead 牵头 {BUILDING}: signed]" in lines[2]
        both = [json.loads(line)["type"].split(".")[2] for line in story.tail("--json")]
        assert both.count("incident") == len(lines) and both.count("alert") == sum(map(len, story.alerts().values()))
        assert story.engine.stop() == 0
    finally:
        story.engine.kill()
    story.check()


def test_two_become_one_and_come_apart(broker, topics, tmp_path):
    story, now = Story(broker, topics, tmp_path, GRID, STREET), time.time() - 600
    there = next(n for n, place in enumerate(PLACES.grids) if place.path["community"] != PLACES.grids[0].path["community"])
    assert street_of(there) == street_of(0)
    try:
        story.start()
        story.send(*(complaint(f"a{n}", now + n, grid=0) for n in range(2)), *(complaint(f"b{n}", now + 10 + n, grid=there) for n in range(2)))
        heard = story.hear(lambda s: len(s.open) == 2)
        older, younger = sorted(heard.open, key=lambda data: data["opened_at"])
        assert len(older["alerts"]) == len(younger["alerts"]) == 1

        # one call each in two more grids: the street joins what happened in two communities
        story.send(*(complaint(f"c{n}", now + 20 + n, grid=2 + n) for n in range(2)))
        heard = story.hear(lambda s: s.types[younger["incident_id"]][-1] == "merged")
        (whole,) = heard.open
        end = heard.known[younger["incident_id"]]
        assert whole["incident_id"] == older["incident_id"] == end["merged_into"] and len(whole["alerts"]) == 3
        assert end["state"] == "merged" and end["alerts"] == [] and end["title"] == "grid"
        street = story.alert_of("street", street_of(0))[-1]["alert_id"]
        assert whole["lead"]["alert_id"] == street and {a["covered_by"] for a in whole["alerts"]} == {None, street}
        story.crash()

        # one of them was none: there is no more in the street than what is in two grids
        order = Order("WO-c1", int(now + 21), PLACES.grids[3], PLACES.matter("labour.wage_arrears"), "", CONTENT)
        broker.produce(story.hotline, [(street_of(3), encode(order.voided(now + 30)))])
        heard = story.hear(lambda s: s.types[younger["incident_id"]][-1] == "split")
        assert {data["incident_id"] for data in heard.open} == {older["incident_id"], younger["incident_id"]}
        apart = heard.known[younger["incident_id"]]
        assert apart["split_from"] == older["incident_id"] and apart["merged_into"] is None
        assert heard.types[younger["incident_id"]] == ["opened", "merged", "split"] and len(apart["alerts"]) == 1
        assert {h[-1]["notice"]["told"] for h in story.alerts().values()} == {True}
        story.crash()

        # the rules ask for no incidents any more, and for them again
        story.write_rules(tmp_path, GRID, STREET, incidents=False)
        heard = story.hear(lambda s: not s.open)
        assert {types[-1] for types in heard.types.values()} == {"dissolved"}
        story.write_rules(tmp_path, GRID, STREET)
        story.hear(lambda s: len(s.open) == 2)
        story.engine.wait_for(lambda: story.engine.metric("gridwarn_incidents_open") == 2, what="as before")
        assert story.engine.stop() == 0
    finally:
        story.engine.kill()
    story.check()


def test_it_ends_and_goes_on(broker, topics, tmp_path):
    story, now = Story(broker, topics, tmp_path, SHORT), time.time() - 58 * 60  # a clock that waits 45 minutes for what is late is past it
    try:
        story.start()
        story.send(*(complaint(f"a{n}", now + n) for n in range(2)))
        heard = story.hear(lambda s: s.known and not s.open)
        (over,) = heard.known.values()
        assert heard.types[over["incident_id"]][0] == "opened"
        assert over["alerts"][0]["state"] == "resolved" and over["level"] == "yellow" and over["lead"]["alert_id"] == over["incident_id"]
        story.crash()
        # what comes late shows that it had not ended
        story.send(*(complaint(f"b{n}", now + 9 * 60 + n) for n in range(2)))
        heard = story.hear(lambda s: s.types[over["incident_id"]][-1] == "reopened")
        assert set(heard.known) == {over["incident_id"]}
        assert story.engine.stop() == 0
    finally:
        story.engine.kill()
    story.check()
