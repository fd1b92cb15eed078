"""`gridwarn evidence`: what it writes can be checked by hand.  Here the hand is the oracle's, which gets nothing but the
document and the registry of regions, and comes to the same values, levels and counterfactuals.
"""

import itertools
import json
import math
import random
import re
import subprocess
import sys
import time
from collections import defaultdict

import jsonschema
import pytest
import yaml

import events
from complaints import PLACES, complaint, eventually, histories, records
from engine import MAPPINGS, ROOT, Engine, configuration, rule, source, write_project
from load import CALLER, CONTENT, FIRM, PHONE, RULES
from oracle import Judge, Subject
from oracle_calendar import Calendar, local_date
from oracle_facts import MINUTE, Regions
from oracle_rules import read_rule
from oracle_window import Chain
from oracle_words import LEVELS
from shapes import petition
from test_39_generations import command, write
from test_42_replay import files_project, gridwarn, replay, write_load
from test_45_explain import Past

SCHEMA = json.loads((ROOT / "engine" / "alert" / "evidence.schema.json").read_text(encoding="utf-8"))
VALID = jsonschema.Draft202012Validator(SCHEMA)
TRIES = 3000  # smaller sets of events that are tried for each alert
UNKNOWN = re.compile(r"score|silent|评分|断流")  # which the oracle does not know


def written(config, alert, *options) -> bytes:
    done = gridwarn("evidence", "-c", config, *options, alert)
    assert done.returncode == 0, done.stderr.decode()
    for mark in (CALLER, CONTENT, FIRM, PHONE):
        assert mark.encode() not in done.stdout + done.stderr
    return done.stdout


def evidence(config, alert, *options) -> dict:
    text = written(config, alert, *options)
    packet = json.loads(text)
    VALID.validate(packet)
    assert json.dumps(packet, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n" == text
    return packet


def event_of(packet: dict, fact: dict, callers=()) -> events.Event:
    subject = packet["alert"]["subject"]
    return events.Event(
        fact["id"], fact["source"], fact["kind"], events.seconds(fact["at"]), (fact.get("region") or {}).get("code", ""),
        fact["category"] or "", fact.get("merged_into") or fact.get("matter") or "", tuple(map(str, fact.get("callers", callers))),
        subject["code"] if subject["kind"] == "respondent" else "", fact.get("involved", 0), events.thousandths(fact.get("value") or 0),
        frozenset(fact["tags"]), due=events.seconds(fact["due_at"]) if fact.get("due_at") else 0)


class Checked:
    """A document, and the rule as its own text has it."""

    def __init__(self, packet: dict, regions: Regions, rule_of):
        self.packet, self.regions = packet, regions
        (text,) = (f["text"] for f in packet["files"] if f["name"] == packet["rule"]["file"])
        (self.spec,) = (spec for spec in yaml.safe_load(text)["rules"] if spec["id"] == packet["rule"]["id"])
        self.rule = rule_of(self.spec)
        self.minute = events.seconds(packet["alert"]["evaluated_at"]) // MINUTE
        self.rule_of = rule_of
        self.numbers = {name: n for n, name in enumerate(self.rule.level_names, 1)}

    def judge(self, spec=None, without=()) -> Judge:
        subject = self.packet["alert"]["subject"]
        own, around = Chain(self.regions), defaultdict(lambda: Chain(self.regions))
        for fact in self.packet["facts"]:
            event = event_of(self.packet, fact)
            if (fact["source"], fact["id"]) in without:
                continue
            if fact["takes"]:
                own.append(event, fact["takes"])
            if fact.get("takes_nearby"):
                around[self.regions.at(event.region, subject["kind"])].append(event, fact["takes_nearby"])
        rule = self.rule_of(spec) if spec else self.rule
        of = Subject(subject["kind"], subject["code"], (self.packet["alert"]["each"] or {}).get("category"))
        return Judge(rule, of, own, list(around.values()), self.regions)

    def level(self, **changes) -> int:
        judge = self.judge(**changes)
        return judge.level(judge.moment(self.minute))

    def check_facts(self) -> None:
        for fact in self.packet["facts"]:
            past = [event_of(self.packet, one) for one in fact.get("before", ())]
            event = event_of(self.packet, fact)
            taken = [name for name in self.rule.selections if self.rule.takes(name, event, past)]
            assert taken == (fact["takes"] or fact["takes_nearby"]), fact
        order = [event_of(self.packet, fact).order for fact in self.packet["facts"]]
        assert order == sorted(order)
        callers = [number for fact in self.packet["facts"] for number in fact["callers"]]
        assert list(dict.fromkeys(callers)) == list(range(1, self.packet["callers"] + 1))

    def check_values(self) -> None:
        judge = self.judge()
        moment = judge.moment(self.minute)
        compared = {one.term for one in judge.rule.comparisons()}
        for condition in self.packet["conditions"]:
            if re.fullmatch(r"[\w.]+", condition["condition"]):
                counted = condition["counted"]
                expected = moment.measure(counted["selection"], counted["measure"])
                unit = events.VALUE_SCALE if counted["measure"] in ("sum", "max", "avg") else 1
                assert counted["value"] == condition["value"] == (None if expected is None else expected / unit)
        assert len(self.packet["conditions"]) <= len(compared)

    def check_level(self) -> None:
        reached = self.level()
        assert reached >= self.numbers[self.packet["alert"]["level"]]
        for number, condition in self.judge().rule.levels_on(self.judge().levels, local_date(self.minute * MINUTE)).items():
            (said,) = (one["holds"] for one in self.packet["levels"] if self.numbers[one["level"]] == number)
            judge = self.judge()
            assert condition.holds(judge.moment(self.minute)) == said

    def check_without(self, tries: int = TRIES) -> None:
        number, without = self.numbers[self.packet["alert"]["level"]], self.packet["counterfactual"]["without"]
        names = [(one["source"], one["id"]) for one in without["events"]]
        assert len(names) == without["count"] == len(set(names))
        assert self.level(without=names) < number
        everything = [(fact["source"], fact["id"]) for fact in self.packet["facts"]]
        if without["least"] and math.comb(len(everything), without["count"] - 1) <= tries:
            for fewer in itertools.combinations(everything, without["count"] - 1):
                assert self.level(without=fewer) >= number, fewer

    def other_thresholds(self, changes, levels, key) -> dict:
        """the rule with numbers changed in those levels"""
        spec = json.loads(json.dumps(self.spec))
        for name in levels:
            text = spec["levels"][name]
            for change in changes:
                pattern = re.escape(change["condition"]) + r" (>=|>) [\d.]+"
                text = re.sub(pattern, f"{change['condition']} >= {change[key]}", text)
            spec["levels"][name] = text
        return spec

    def check_thresholds(self) -> None:
        found, number = self.packet["counterfactual"]["thresholds"], self.numbers[self.packet["alert"]["level"]]
        levels = [name for name in self.spec["levels"] if self.numbers[name] >= number]
        for changes in [found["changes"]] if found["need"] == "all" else [[change] for change in found["changes"]]:
            assert self.level(spec=self.other_thresholds(changes, levels, "instead")) < number
            nearly = [{**change, "instead": round(change["instead"] - unit_of(change["condition"]), 3)} for change in changes]
            assert self.level(spec=self.other_thresholds(nearly, levels, "instead")) >= number
        assert found["changes"]

    def check_next(self) -> None:
        following = self.packet["counterfactual"]["next"]
        for way in following["ways"] if following else ():
            level = following["level"]
            assert self.level(spec=self.other_thresholds(way, [level], "value")) == self.numbers[level]
            for part in itertools.combinations(way, len(way) - 1):
                assert self.level(spec=self.other_thresholds(part, [level], "value")) < self.numbers[level]
            assert all(one["missing"] == pytest.approx(one["threshold"] - one["value"]) for one in way)


def unit_of(condition: str) -> float:
    return 0.001 if condition.endswith((".max", ".sum", ".avg")) else 1


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    return Past(tmp_path_factory.mktemp("past"), 8)


def test_the_oracle_finds_the_same_in_the_document_alone(past):
    seed = random.randrange(1 << 30)
    rng = random.Random(seed)
    of_rule = defaultdict(list)
    for alert in past.alerts:
        of_rule[alert["rule"]].append(alert)
    chosen = [alert for alerts in of_rule.values() for alert in rng.sample(alerts, min(len(alerts), 5))]
    assert set(of_rule) >= {"crowd", "grid", "street", "again", "many", "joint"}
    for alert in chosen:
        packet = evidence(past.config, alert["id"])
        try:
            assert packet["alert"]["highest_level"] == alert["highest_level"] and packet["published"] is None
            assert packet["alert"]["crossed_by"] == (alert["crossed_by"] and {
                "source": alert["crossed_by"]["source"], "id": alert["crossed_by"]["event_id"], "at": alert["crossed_by"]["occurred_at"]})
            checked = Checked(packet, past.regions, read_rule)
            for check in (checked.check_facts, checked.check_values, checked.check_level, checked.check_without, checked.check_thresholds,
                          checked.check_next):
                check()
            check_all_facts(past, checked)
        except AssertionError as failure:
            raise AssertionError(f"seed {seed}: {alert['rule']} {alert['id']}: {failure}") from failure


def check_all_facts(past, checked) -> None:
    """None is missing: they are those that the oracle has in the window, of all that were sent."""
    subject = checked.packet["alert"]["subject"]
    if subject["code"].startswith("pseudonym-"):
        return
    judge = past.judges[checked.rule.id][Subject(subject["kind"], subject["code"], None)]
    begin, end = checked.rule.within.before(checked.minute * MINUTE), checked.minute * MINUTE
    expected = [fact for fact in judge.chain.facts if begin < fact.occurred_at <= end]
    assert [fact["id"] for fact in checked.packet["facts"]] == [fact.id for fact in expected]
    sets = [frozenset(fact.actors) for fact in expected if fact.actors and fact.actors[0]]
    numbers = [frozenset(fact["callers"]) for fact in checked.packet["facts"] if fact["callers"]]
    for (a, b), (x, y) in zip(itertools.combinations(sets, 2), itertools.combinations(numbers, 2)):
        assert len(a & b) == len(x & y)


def test_the_shipped_rules_of_a_whole_day(tmp_path):
    subprocess.run([sys.executable, ROOT / "bench" / "sample.py", "--out", tmp_path], check=True, timeout=60)
    config = files_project(tmp_path, calendar="calendar.csv", models="models")
    regions, calendar, kinds = Regions.read(tmp_path / "regions.csv"), Calendar.read(tmp_path / "calendar.csv"), set()
    for alert in replay(config)["alerts"]:
        packet = evidence(config, alert["id"])
        assert packet["rule"]["file"] in {file["name"] for file in packet["files"]}
        kinds |= {key for condition in packet["conditions"] for key in condition}
        if UNKNOWN.search(" ".join(one["condition"] for one in packet["conditions"])):
            assert sum(f["points"] for c in packet["conditions"] for f in c.get("points", {"features": []})["features"]) == next(
                c["value"] for c in packet["conditions"] if "points" in c)
            continue
        checked = Checked(packet, regions, lambda spec: read_rule(spec, LEVELS, calendar, tmp_path / "rules"))
        for check in (checked.check_facts, checked.check_values, checked.check_level, checked.check_without):
            check()
    assert {"counted", "weeks_before", "points"} <= kinds


def test_a_table_and_a_period_are_told(tmp_path):
    config = files_project(tmp_path, [rule("w", {"c": {"category": "labour"}}, "grid", "24h",
                                           {"yellow": "c.callers >= 9", "red": "c.callers >= 40"}, overrides="t.csv", during={"节": 0.5})],
                           calendar="calendar.csv")
    (tmp_path / "rules" / "t.csv").write_bytes("区域,级别,计数,阈值\n和兴街道,黄色,c.callers,7\n".encode("gb18030"))
    (tmp_path / "calendar.csv").write_text("from,to,kind,name\n2026-01-10,2026-01-20,period,节\n", encoding="utf-8")
    at = events.seconds("2026-01-12T08:00:00+08:00")
    street = next(i for i, place in enumerate(PLACES.grids) if place.code.startswith("990101003"))
    lines = [complaint(f"t{n}", at + n, grid=street) for n in range(4)]
    send(tmp_path, hotline=lines)
    (alert,) = replay(config)["alerts"]
    packet = evidence(config, alert["id"])
    (condition,) = packet["conditions"]
    yellow, red = condition["levels"]
    assert (yellow["written"], yellow["threshold"], yellow["table"]["threshold"], yellow["table"]["line"]) == (9, 4, 7, 2)
    assert yellow["table"]["region"]["code"] == "990101003" and yellow["periods"] == [{"period": "节", "multiplier": 0.5}]
    assert (red["written"], red["threshold"], red["table"]) == (40, 20, None)
    assert [file["name"] for file in packet["files"]] == ["rules.yaml", "t.csv", "calendar.csv"] and "base64" in packet["files"][1]
    assert packet["counterfactual"]["without"]["count"] == 1
    assert packet["counterfactual"]["next"]["ways"] == [
        [{"condition": "c.callers", "comparison": ">=", "value": 4, "threshold": 20, "missing": 16}]]


def send(directory, **lines) -> None:
    for stream in MAPPINGS:
        text = "".join(json.dumps(line) + "\n" for line in lines.get(stream, ()))
        (directory / f"{stream}.ndjson").write_text(text, encoding="utf-8")


def joined(number: str, at: int, callers: list[str]) -> dict:
    """a joint petition"""
    return petition(number, at, PLACES.grids[0], PLACES.matter("labour.wage_arrears"), callers, len(callers), None, [])


def test_the_fewest_events(tmp_path):
    """of callers who call often, of joint petitions, and of conditions that are joined"""
    config = files_project(tmp_path, [
        rule("people", {"c": {"category": "labour"}}, "grid", "1h", {"red": "c.callers >= 4"}),
        rule("either", {"c": {"source": "hotline"}, "p": {"source": "petition"}}, "grid", "1h", {"red": "c >= 7 or p.callers >= 3"}),
        rule("few", {"c": {"source": "hotline"}, "p": {"source": "petition"}}, "grid", "1h", {"red": "c >= 2 and p <= 0"})])
    at = events.seconds("2026-01-12T08:00:10+08:00")
    called = [("a", 3), ("b", 2), ("c", 1), ("d", 1), ("e", 1)]
    lines = [complaint(f"{who}{n}", at + n, f"{CALLER}{who}") for who, times in called for n in range(times)]
    send(tmp_path, hotline=lines, petition=[joined("P1", at + 20, [f"{CALLER}{who}" for who in "fgh"])])
    regions, found = Regions.read(tmp_path / "regions.csv"), {}
    for alert in replay(config)["alerts"]:
        packet = evidence(config, alert["id"])
        checked = Checked(packet, regions, read_rule)
        checked.check_without(1 << 20)
        checked.check_thresholds()
        found[alert["rule"]] = packet["counterfactual"]
    # eight callers, of whom three must be left: the petition (3 callers), and two who called once
    assert (found["people"]["without"]["count"], found["people"]["without"]["least"]) == (3, True)
    assert (found["either"]["without"]["count"], found["either"]["thresholds"]["need"]) == (3, "all")
    assert "few" not in found  # the petition came in the same minute


def test_of_so_few(tmp_path):
    config = files_project(tmp_path, [rule("few", {"c": {"source": "hotline"}, "p": {"source": "petition"}}, "grid", "1h",
                                           {"yellow": "c >= 1 and p <= 0", "red": "c >= 1 and p <= 0 and c.callers >= 3"})])
    at = events.seconds("2026-01-12T08:00:10+08:00")
    lines = [complaint(str(n), at, f"{CALLER}{n}") for n in range(2)]
    send(tmp_path, hotline=lines)
    (alert,) = replay(config)["alerts"]
    packet = evidence(config, alert["id"])
    assert packet["counterfactual"]["without"]["count"] == 2
    changes = {change["condition"]: change["instead"] for change in packet["counterfactual"]["thresholds"]["changes"]}
    assert changes == {"c": 3, "p": -1}
    assert [[need["condition"] for need in way] for way in packet["counterfactual"]["next"]["ways"]] == [["c.callers"]]


def test_where_the_facts_come_from_plays_no_part(broker, topics, tmp_path):
    write_project(tmp_path, RULES)
    names = {stream: topics(stream, partitions=2) for stream in MAPPINGS}
    engine = Engine(tmp_path, configuration(broker.bootstrap, topics.prefix.strip("-"),
                                            {stream: source(stream, name) for stream, name in names.items()}, time="event"))
    sent = write_load(tmp_path, 12)
    for stream, name in names.items():
        broker.produce(name, [(s.key or None, s.value) for s in sent if s.stream == stream])
    engine.start("--create-topics", "--drain")
    assert engine.wait(120) == 0, engine.log_tail()
    config = tmp_path / "gridwarn.yaml"
    inputs = list(itertools.chain.from_iterable(("--input", f"{s}={tmp_path / s}.ndjson") for s in MAPPINGS))
    published = {d["alert_id"]: d for d in (json.loads(r.value)["data"] for r in broker.consume_all(f"{engine.group}-alerts"))
                 if "alert_id" in d}
    rng = random.Random(5)
    chosen = rng.sample([a for a, d in sorted(published.items()) if d["state"] == "resolved"], 5)
    chosen += [a for a, d in sorted(published.items()) if d["subject"]["code"].startswith("pseudonym-")][:1]
    regions, same = Regions.read(tmp_path / "regions.csv"), 0
    for alert in chosen:
        packet = evidence(config, alert, "--from-ledger")
        for options in (["--from-topics"], inputs):
            assert written(config, alert, *options) == written(config, alert, "--from-ledger")
        said = published[alert]
        assert packet["generation"]["number"] == 1 and packet["generation"]["rules"] == said["provenance"]["generation"]
        assert packet["published"]["alert_id"] == alert and packet["published"]["last"]["revision"] == said["revision"]
        # what was shown early may have been taken back by facts that came later
        assert LEVELS.index(packet["alert"]["level"]) <= LEVELS.index(said["highest_level"])
        same += packet["alert"]["level"] == said["highest_level"] == packet["published"]["reached"]["level"]
        assert packet["published"]["reached"]["provenance"]["offsets"]
        checked = Checked(packet, regions, read_rule)
        checked.check_values()
        checked.check_without()
    assert same >= 3
    replayed = replay(config, *inputs)["alerts"][0]["id"]
    assert written(config, replayed, "--from-topics") == written(config, replayed, *inputs)


def crossed_by(broker, engine, event: str) -> list[dict]:
    """the first alert of that event"""
    return next((h for h in histories(broker, engine.group) if h[0]["crossed_by"]["event_id"] == event), [])


def test_an_alert_keeps_the_rule_that_raised_it(broker, topics, tmp_path):
    wages = rule("wages", {"w": {"category": "labour"}}, "grid", "24h", {"yellow": "w.callers >= 3"})
    stricter = {**wages, "levels": {"yellow": "w.callers >= 6"}}
    write_project(tmp_path, [wages])
    hotline = topics("hotline", partitions=2)
    engine = Engine(tmp_path, configuration(broker.bootstrap, topics.prefix.rstrip("-"), {"hotline": source("hotline", hotline)}))
    rules, now = tmp_path / "rules", time.time()
    try:
        engine.start("--create-topics")
        engine.wait_live()
        broker.produce(hotline, records(*(complaint(f"a{n}", now - 7200 + n) for n in range(4))))
        (first,) = eventually(lambda: histories(broker, engine.group), lambda found: len(found) == 1)
        write(rules, "rules.yaml", [stricter])
        engine.wait_for(lambda: engine.metric("gridwarn_generation") == 2, 10, "generation 2")
        first = eventually(lambda: histories(broker, engine.group)[0], lambda history: history[-1]["state"] == "withdrawn")
        broker.produce(hotline, records(*(complaint(f"b{n}", now - 7000 + n, grid=9) for n in range(7))))
        second = eventually(lambda: crossed_by(broker, engine, "WO-b5#created"), bool)
        assert command(engine, "rollback")[0] == 0
        broker.produce(hotline, records(*(complaint(f"c{n}", now - 6000 + n, grid=15) for n in range(3))))
        third = eventually(lambda: crossed_by(broker, engine, "WO-c2#created"), bool)
        for history, number, threshold in ((first, 1, 3), (second, 2, 6), (third, 3, 3)):
            for where in ("--from-ledger", "--from-topics"):
                packet = evidence(tmp_path / "gridwarn.yaml", history[0]["alert_id"], where)
                assert packet["generation"]["number"] == number
                assert packet["generation"]["rules"] == history[0]["provenance"]["generation"]
                (text,) = (file["text"] for file in packet["files"])
                assert f"w.callers >= {threshold}" in text and packet["conditions"][0]["levels"][0]["threshold"] == threshold
                assert packet["published"]["reached"]["level"] == packet["alert"]["level"] == "yellow"
        assert engine.stop() == 0
    finally:
        engine.kill()


def test_rules_that_nobody_keeps(past):
    rules = past.config.parent / "rules" / "rules.yaml"
    before = rules.read_bytes()
    alert = next(d["alert_id"] for d in past.published if d.get("rule") == "crowd")
    assert evidence(past.config, alert)["published"]["alert_id"] == alert
    rules.write_text(json.dumps({"rules": [RULES[1]]}), encoding="utf-8")
    try:
        for language, part in (("C.UTF-8", "are kept no longer"), ("zh_CN.UTF-8", "已不再保留")):
            done = gridwarn("evidence", "-c", past.config, alert, LC_ALL=language)
            assert done.returncode == 3 and part in done.stderr.decode() and not done.stdout
    finally:
        rules.write_bytes(before)


@pytest.mark.parametrize("options, part", [
    ([], "one alert's id is needed"),
    (["0123456789", "0123456789"], "one alert's id is needed"),
    (["0123"], "at least 8 characters"),
    (["0123456789"], "no alert 0123456789"),
])
def test_misuse_is_told(options, part, past):
    done = gridwarn("evidence", "-c", past.config, *options)
    assert done.returncode == 2 and part in done.stderr.decode() and done.stderr.count(b"\n") == 1 and not done.stdout
