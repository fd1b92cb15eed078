"""`gridwarn replay`: what it says of a past is what a streamed run said, and what the oracle says; where the past comes
from, and in which order, plays no part.
"""

import csv
import io
import itertools
import json
import os
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path
from types import SimpleNamespace

import pytest

import events
import pingshan
from engine import MAPPINGS, Engine, configuration, source, write_project
from events import seconds
from load import RULES, Load
from oracle import MINUTE, Episode, Regions, episodes, minute_of
from oracle_rules import read_rule, read_rules
from published import difference, final_episodes, hide_respondents
from shipped import shipped_specs

ROOT = Path(__file__).resolve().parent.parent
SEEDS = [1, random.randrange(1 << 30)]
RECORDS = 5_000


def gridwarn(*args, input=None, **env):
    environment = {"PATH": os.environ["PATH"], **env}
    return subprocess.run([os.environ["GRIDWARN"], *map(str, args)], input=input, env=environment,
                          stdin=subprocess.DEVNULL if input is None else None, capture_output=True, timeout=120)


def replay(config, *options, input=None):
    done = gridwarn("replay", "-c", config, "--json", "-", *options, input=input)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def episodes_of(report):
    return [Episode(a["rule"], a["subject"]["kind"], a["subject"]["code"], minute_of(seconds(a["opened_at"])),
                    seconds(a["opened_at"]), (a["crossed_by"] or {}).get("event_id"), a["highest_level"],
                    seconds(a["ended_at"]) // MINUTE) for a in report["alerts"]]


def files_project(directory, rules=None, lateness="45m", **more):
    """The shipped district on files, one for each stream."""
    write_project(directory, rules)
    sources = {stream: {"file": f"{stream}.ndjson", "mapping": mapping, "lateness": lateness}
               for stream, mapping in MAPPINGS.items()}
    settings = configuration("", "replayed", sources, output={"directory": "out"}, http={"listen": "off"}, **more)
    del settings["kafka"]
    path = directory / "gridwarn.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def write_load(directory, seed, faults=False):
    sent = [s for s in itertools.islice(Load(directory, seed), RECORDS) if faults or not s.fault]
    for stream in MAPPINGS:
        lines = b"".join((s.value or b"") + b"\n" for s in sent if s.stream == stream)
        (directory / f"{stream}.ndjson").write_bytes(lines)
    return sent


@pytest.mark.parametrize("seed", SEEDS)
def test_a_replayed_load_has_the_alerts_of_a_streamed_run_and_of_the_oracle(seed, tmp_path):
    config = files_project(tmp_path, RULES)
    sent = write_load(tmp_path, seed)
    run = gridwarn("run", "-c", config, "--drain")
    assert run.returncode == 0, run.stderr.decode()
    published = [SimpleNamespace(value=line) for line in (tmp_path / "out" / "alerts.ndjson").open(encoding="utf-8")]
    district = events.District(tmp_path)
    known = set(district.organisations.values())
    replayed = hide_respondents(episodes_of(replay(config)), known)
    found = difference(hide_respondents(final_episodes(published), known), replayed)
    assert not found, f"seed {seed}, streamed:\n{found}"
    happened = [event for s in sent for event in district.events(s.stream, [json.loads(s.value)])]
    expected = episodes(happened, map(read_rule, RULES), Regions.read(tmp_path / "regions.csv"))
    found = difference(hide_respondents(expected, known), replayed)
    assert not found, f"seed {seed}, oracle:\n{found}"
    assert len(expected) > 200


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    directory = tmp_path_factory.mktemp("day")
    subprocess.run([sys.executable, ROOT / "bench" / "sample.py", "--out", directory], check=True, timeout=60)
    files_project(directory, calendar="calendar.csv", models="models")
    return directory


def test_the_demo_day_is_as_streamed(day):
    assert gridwarn("run", "-c", day / "gridwarn.yaml", "--drain").returncode == 0
    published = [SimpleNamespace(value=line) for line in (day / "out" / "alerts.ndjson").open(encoding="utf-8")]
    last = {data["alert_id"]: data for data in (json.loads(line.value)["data"] for line in published)
            if "alert_id" in data}
    report = replay(day / "gridwarn.yaml")
    on_trial = {spec["id"] for _, spec in shipped_specs() if spec.get("life") == "shadow"}
    report["alerts"] = [a for a in report["alerts"] if a["rule"] not in on_trial]
    known = set(events.District(day).organisations.values())
    streamed = [e._replace(each=None) for e in final_episodes(published)]  # which a replay does not tell
    assert not difference(hide_respondents(streamed, known), hide_respondents(episodes_of(report), known))

    def streets(alerts):
        return sorted((rule, opened, street) for rule, opened, street in alerts)

    live = [(d["rule"], d["opened_at"], next((r["code"] for r in d["region_path"] if r["level"] == "street"), None) or "")
            for d in last.values()]
    assert streets(live) == streets((a["rule"], a["opened_at"], a["street"] or "") for a in report["alerts"])


def test_neither_order_nor_files_play_a_part(day, tmp_path):
    whole = replay(day / "gridwarn.yaml")
    inputs = []
    for stream in MAPPINGS:
        lines = (day / f"{stream}.ndjson").read_bytes().splitlines(keepends=True)
        random.Random(7).shuffle(lines)
        for part in range(2):
            path = tmp_path / f"{stream}{part}"
            path.write_bytes(b"".join(lines[part::2]))
            inputs += ["--input", f"{stream}={path}"]
    assert replay(day / "gridwarn.yaml", *inputs) == whole
    piped = [*inputs[:2], "--input", "hotline=-", *inputs[4:]]
    assert replay(day / "gridwarn.yaml", *piped, input=(tmp_path / "hotline1").read_bytes()) == whole


def test_evidence_says_why(day):
    (wages,) = (a for a in replay(day / "gridwarn.yaml")["alerts"] if a["rule"] == "collective_wage_arrears")
    assert wages["highest_level"] == "red" and wages["subject"]["code"] == "ORG-0001"
    reached = {e["condition"]: e["value"] >= e["threshold"] for e in wages["evidence"]}
    assert any(reached.values())
    ids = [e["id"] for e in wages["event_ids"]]
    assert wages["crossed_by"]["event_id"] in ids and len(ids) == len(set(ids)) > 3


def test_since_and_until_cut_the_past(day):
    config = day / "gridwarn.yaml"
    whole = replay(config)
    noon = [a for a in whole["alerts"] if seconds(a["opened_at"]) >= seconds("2026-01-12T12:00:00+08:00")]
    late = replay(config, "--since", "2026-01-12 12:00")
    assert [a["id"] for a in late["alerts"]] == [a["id"] for a in noon] and 0 < len(noon) < len(whole["alerts"])
    # what had not happened yet raises nothing
    early = replay(config, "--until", "2026-01-12T12:00")
    opened = [a["opened_at"] for a in early["alerts"]]
    assert opened and max(opened) < "2026-01-12T12:00:00+08:00" and early["events"] < whole["events"]


def test_the_table_adds_up(day):
    done = gridwarn("replay", "-c", day / "gridwarn.yaml")
    text = done.stdout.decode()
    report = replay(day / "gridwarn.yaml")
    assert done.returncode == 0 and done.stderr == b""
    assert f"{len(report['alerts'])} alerts of {len(report['rules'])} rules" in text
    for rule in report["rules"]:
        mine = [a for a in report["alerts"] if a["rule"] == rule["rule"]]
        assert rule["alerts"] == len(mine) == sum(street["alerts"] for street in rule["streets"])
        assert re.search(rf"^{rule['rule']} +{len(mine)} ", text, re.M)
        for level, share in rule["levels"].items():
            assert share["highest"] == sum(a["highest_level"] == level for a in mine)
        for street in rule["streets"]:
            assert street["alerts"] == sum(a["street"] == street["street"] for a in mine)
    assert re.search(r": \d+ events/s$", text, re.M)
    assert "█" in text or "▁" in text
    chinese = gridwarn("replay", "-c", day / "gridwarn.yaml", LANG="zh_CN.UTF-8").stdout.decode()
    assert "起预警" in chinese and "和兴街道" in chinese


def test_pictures_and_tables_can_be_opened(day, tmp_path):
    options = ["--svg", tmp_path / "a.svg", "--csv", tmp_path / "a.csv", "--json", tmp_path / "a.json"]
    assert gridwarn("replay", "-c", day / "gridwarn.yaml", *options).returncode == 0
    report = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    tree = xml.parse(tmp_path / "a.svg")
    counted = sum(int(title.text.rpartition(": ")[2]) for title in tree.iter("{http://www.w3.org/2000/svg}title"))
    assert counted == len(report["alerts"])
    # one of its own is seen beside the busiest hour, and how many that had is said
    bars = [rect for rect in tree.iter("{http://www.w3.org/2000/svg}rect") if len(rect)]
    assert min(float(bar.get("height")) for bar in bars) >= 3
    words = [text.text for text in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert "going on" in words and any(re.fullmatch(r"tallest bar: \d+ alerts", word) for word in words) and tree.getroot().get("viewBox")
    text = (tmp_path / "a.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert [(r["id"], r["rule"], r["code"]) for r in rows] == [
        (a["id"], a["rule"], a["subject"]["code"]) for a in report["alerts"]]


def test_nobody_is_named(tmp_path):
    """callers and organisations outside the register have no place in what is shown (law 8)"""
    config = files_project(tmp_path, RULES)
    write_load(tmp_path, 3)
    shown = gridwarn("replay", "-c", config).stdout + gridwarn("replay", "-c", config, "--json", "-").stdout
    assert b"pseudonym-" in shown
    for secret in (b"canary-caller-", b"canary-content", b"canary-firm-", b"13800138000"):
        assert secret not in shown


def test_dead_letters_are_counted_by_reason(tmp_path):
    config = files_project(tmp_path, RULES)
    sent = write_load(tmp_path, 5, faults=True)
    faults = [s.fault for s in sent if s.fault]
    done = gridwarn("replay", "-c", config, "--json", "-")
    report = json.loads(done.stdout)
    assert report["refused"] == {fault: faults.count(fault) for fault in set(faults)}
    text = done.stderr.decode()
    assert text.startswith(f"dead letters: {len(faults)}\n")
    for fault in set(faults):
        assert re.search(rf"^  hotline {fault}: {faults.count(fault)}, first at \S*hotline.ndjson:\d+", text, re.M)


def test_topics_and_ledger_say_the_same_as_files(broker, topics, tmp_path):
    write_project(tmp_path, RULES)
    names = {stream: topics(stream, partitions=2) for stream in MAPPINGS}
    settings = configuration(broker.bootstrap, topics.prefix.strip("-"),
                             {stream: source(stream, name) for stream, name in names.items()}, time="event")
    engine = Engine(tmp_path, settings)
    sent = write_load(tmp_path, 11)
    for stream, name in names.items():
        broker.produce(name, [(s.key or None, s.value) for s in sent if s.stream == stream])
    engine.start("--create-topics", "--drain")
    assert engine.wait(120) == 0, engine.log_tail()
    config = tmp_path / "gridwarn.yaml"
    inputs = itertools.chain.from_iterable(("--input", f"{s}={tmp_path / s}.ndjson") for s in MAPPINGS)
    by_file = replay(config, *inputs)
    assert len(by_file["alerts"]) > 100
    assert replay(config, "--from-topics")["alerts"] == by_file["alerts"]
    assert replay(config, "--from-ledger")["alerts"] == by_file["alerts"]
    published = [json.loads(r.value)["data"] for r in broker.consume_all(f"{engine.group}-alerts")]
    (alert_id, opened) = next((d["alert_id"], d["opened_at"]) for d in published if d.get("state") == "resolved")
    why = gridwarn("explain", "-c", config, "--from-ledger", "--alert", alert_id)
    assert why.returncode == 0 and f" opened {opened[5:16].replace('T', ' ')}" in why.stdout.decode()


@pytest.mark.parametrize("options, part", [
    ([], "-c FILE is needed"),
    (["-c", "{}", "--from-topics"], "the sources of this configuration are files"),
    (["-c", "{}", "--from-ledger"], "keeps nothing in Kafka"),
    (["-c", "{}", "--input", "hotlin=x"], "did you mean hotline?"),
    (["-c", "{}", "--input", "hotline"], "SOURCE=FILE was expected"),
    (["-c", "{}", "--since", "yesterday"], "--since yesterday: a time such as"),
    (["-c", "{}", "--from-topics", "--from-ledger"], "one of --input, --from-topics and --from-ledger"),
])
def test_misuse_is_told(options, part, day):
    done = gridwarn("replay", *(option.format(day / "gridwarn.yaml") for option in options))
    assert done.returncode == 2 and part in done.stderr.decode() and done.stderr.count(b"\n") == 1


def test_an_input_that_is_not_there(day):
    done = gridwarn("replay", "-c", day / "gridwarn.yaml", "--input", f"hotline={day}/none")
    assert done.returncode == 5 and b"none" in done.stderr


def test_ten_months_of_real_tickets_are_the_oracles(tmp_path):
    tickets = pingshan.read_tickets(pingshan.data_path())
    pingshan.write_project(tmp_path, tickets)
    (tmp_path / "tickets.ndjson").write_bytes(b"".join(value + b"\n" for _, value in pingshan.records_of(tickets)))
    config = tmp_path / "gridwarn.yaml"
    config.write_text(json.dumps({
        "group": "real", "registry": {"regions": "regions.csv", "categories": "categories.csv"}, "rules": "rules/",
        "sources": {pingshan.SOURCE: {"file": "tickets.ndjson", "mapping": "mapping.yaml"}}, "http": {"listen": "off"},
    }), encoding="utf-8")
    report = replay(config)
    expected = episodes(pingshan.events_of(tickets), read_rules(tmp_path / "rules"),
                        Regions.read(tmp_path / "regions.csv"))
    assert not difference(expected, episodes_of(report)), difference(expected, episodes_of(report))
    assert len(expected) > 1_000 and sum(report["refused"].values()) == 10
