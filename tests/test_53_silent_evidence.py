"""`gridwarn evidence` of a rule of silent(), which rests on no fact but on when each source was heard, on silent_after and on the clock.
What it writes is reckoned again by hand, from nothing but the document; and what it shows is what the engine has kept, whenever it
is killed.  Likewise `gridwarn explain`, before there is an alert.
"""

import itertools
import json
import re
from datetime import datetime, timedelta

import pytest
import yaml

from complaints import complaint, eventually, histories, records
from engine import Engine, configuration, source, write_project
from held_clock import hold_clock
from oracle_words import LEVELS
from promises import check_messages, read_outputs
from published import BEIJING
from test_34_silence import letter
from test_39_generations import write
from test_42_replay import gridwarn
from test_53_evidence import evidence, written

RULES = [{"id": "quiet", "title": "断流", "per": "district", "clear": {"after": "0m"},
          "levels": {"orange": "silent(petition)", "red": "silent(hotline)"}},
         {"id": "either", "title": "任一断流", "per": "district", "clear": {"after": "0m"},
          "levels": {"yellow": "silent(petition) or silent(hotline)"}},
         {"id": "both", "title": "全部断流", "per": "district", "clear": {"after": "0m"},
          "levels": {"yellow": "silent(petition) and silent(hotline)"}},
         {"id": "one", "title": "只有热线断流", "per": "district", "clear": {"after": "0m"},
          "levels": {"yellow": "silent(hotline) and not silent(petition)"}}]
SILENT_AFTER = {"hotline": 120, "petition": 60}  # seconds: room for a busy machine; those that are waited for are hurried
UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def length(text: str) -> timedelta:
    return timedelta(seconds=sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([dhms])", text)))


# -- by hand -----------------------------------------------------------------------------------------------------------


class ByHand:
    """A document's sources, and its rule as its own text has it."""

    def __init__(self, packet: dict):
        self.packet, self.judged, self.last_heard, self.after = packet, {}, {}, {}
        (text,) = (file["text"] for file in packet["files"])
        (spec,) = (spec for spec in yaml.safe_load(text)["rules"] if spec["id"] == packet["rule"]["id"])
        self.levels = {LEVELS.index(name) + 1: condition for name, condition in spec["levels"].items()}
        for condition in packet["conditions"]:
            heard, name = condition["heard"], condition["source"]
            assert condition["condition"] == f"silent({name})" and heard["source"] == name
            (since,) = (heard[key] for key in ("heard_at", "listening_since") if heard[key])
            self.last_heard[name], self.after[name] = moment(since), length(heard["silent_after"])
            self.judged[name] = moment(heard["judged_at"])
            assert moment(heard["silent_from"]) == self.last_heard[name] + self.after[name]

    def is_silent(self, name: str, also=()) -> bool:
        """found at its judged_at, had it been heard at these times, too"""
        last = self.last_heard[name]
        for at in sorted(also):
            if at > last + self.after[name]:
                return True  # the silence had been found before
            last = at
        return self.judged[name] > last + self.after[name]

    def holding(self, **also) -> set[int]:
        silent = {name: self.is_silent(name, also.get(name, ())) for name in self.judged}
        said = {number: re.sub(r"silent\((\w+)\)", lambda found: str(silent[found[1]]), condition)
                for number, condition in self.levels.items()}
        return {number for number, text in said.items() if eval(text, {"__builtins__": {}})}  # True, False, and, or, not

    def level(self, **also) -> int:
        return max(self.holding(**also), default=0)

    def schedule(self, missing: dict, less: int = 0) -> list[datetime]:
        """as late as may be, and so that the last is no sooner than it has to be"""
        name, first = missing["source"], moment(missing["first_by"])
        return [first + n * self.after[name] for n in range(missing["records"] - less)]

    def check(self) -> None:
        packet, number = self.packet, LEVELS.index(self.packet["alert"]["level"]) + 1
        assert self.level() == number
        for condition in packet["conditions"]:
            assert condition["value"] == self.is_silent(condition["source"])
            assert all(one["holds"] == bool(condition["value"]) for one in condition["levels"] if one["comparison"] == ">=")
        assert {LEVELS.index(one["level"]) + 1: one["holds"] for one in packet["levels"]} == {
            level: level in self.holding() for level in self.levels}
        assert packet["counterfactual"]["without"] is None and packet["counterfactual"]["thresholds"]["changes"] == []
        self.check_heard(number, packet["counterfactual"]["heard"])
        assert (packet["facts"], packet["windows"], packet["callers"], packet["neighbours"]) == ([], [], 0, [])
        assert packet["generation"]["rules"] == packet["published"]["reached"]["provenance"]["generation"]

    def check_heard(self, number: int, heard: dict) -> None:
        named = {one["source"]: one for one in heard["sources"]}
        enough = {name for name in self.judged if self.is_silent(name)
                  and self.level(**{name: self.schedule(self.missing(name))}) < number}
        if heard["need"] == "one":
            assert set(named) == enough
        else:
            assert not enough and set(named) == {name for name in self.judged if self.is_silent(name)}
            assert self.level(**{name: self.schedule(one) for name, one in named.items()}) < number
        for name, one in named.items():
            assert one == self.missing(name)
            times, instant = self.schedule(one), timedelta(milliseconds=1)
            assert times[-1] >= moment(one["last_not_before"]) and not self.is_silent(name, times)
            assert self.is_silent(name, self.schedule(one, less=1))
            assert self.is_silent(name, [times[0] + instant, *times[1:]])
            if len(times) == 1:
                assert not self.is_silent(name, [moment(one["last_not_before"])])
                assert self.is_silent(name, [moment(one["last_not_before"]) - instant])

    def missing(self, name: str) -> dict:
        """reckoned by trying: as few as keep it heard"""
        end = self.last_heard[name] + self.after[name]
        for count in itertools.count(1):
            if not self.is_silent(name, [end + n * self.after[name] for n in range(count)]):
                written_as = next(c["heard"]["silent_from"] for c in self.packet["conditions"] if c["source"] == name)
                last = (self.judged[name] - self.after[name]).isoformat(timespec="milliseconds")
                return {"source": name, "records": count, "first_by": written_as, "last_not_before": last}


# -- a story -----------------------------------------------------------------------------------------------------------


class Story:
    """Two sources, of which only one is heard at first, and a clock that is held."""

    def __init__(self, broker, topics, directory, silent_after=SILENT_AFTER):
        write_project(directory, RULES)
        self.broker, self.inputs = broker, {name: topics(name, partitions=2) for name in SILENT_AFTER}
        self.config, self.directory, self.sent = directory / "gridwarn.yaml", directory, {name: [] for name in SILENT_AFTER}
        self.engine = Engine(directory, configuration(broker.bootstrap, topics.prefix.rstrip("-"), {
            name: source(name, topic, lateness="30m", silent_after=f"{silent_after[name]}s") for name, topic in self.inputs.items()}))
        self.clock = hold_clock(self.engine)

    def start(self) -> None:
        self.engine.start("--create-topics")
        self.engine.wait_live()

    def send(self, name: str) -> None:
        number = len(self.sent[name])
        one = complaint(f"{name}{number}", self.clock.now() - 1, category="noise")
        self.sent[name].append(letter(one) if name == "petition" else one)
        self.broker.produce(self.inputs[name], records(self.sent[name][-1]))

    def progress(self) -> dict:
        """of each source, as the newest commit has it"""
        kept = [json.loads(r.value) for r in self.broker.consume_all(f"{self.engine.group}-state") if r.key == b"progress"]
        return kept[-1]["sources"] if kept else {}

    def states(self) -> dict[str, list[str]]:
        """of each alert: rule, then its levels and its end"""
        shown = {}
        for history in histories(self.broker, self.engine.group):
            shown.setdefault(history[0]["rule"], []).append([d["level"] if d["state"] == "firing" else d["state"] for d in history])
        return shown

    def alerts(self) -> dict[str, dict]:
        """the newest alert of each rule, as shown last"""
        return {history[-1]["rule"]: history[-1] for history in histories(self.broker, self.engine.group)}

    def packet(self, rule: str) -> dict:
        """wherever the facts come from, which play no part"""
        alert, inputs = self.alerts()[rule]["alert_id"], []
        for name, sent in self.sent.items():
            path = self.directory / f"{name}.ndjson"
            path.write_text("".join(json.dumps(one) + "\n" for one in sent), encoding="utf-8")
            inputs += ["--input", f"{name}={path}"]
        packet = evidence(self.config, alert, "--from-ledger")
        assert written(self.config, alert, "--from-topics") == written(self.config, alert, *inputs) == written(
            self.config, alert, "--from-ledger")
        return packet


@pytest.fixture
def story(broker, topics, tmp_path):
    made = Story(broker, topics, tmp_path)
    yield made
    made.engine.kill()


@pytest.fixture
def slow_story(broker, topics, tmp_path):
    made = Story(broker, topics, tmp_path, {"hotline": 1200, "petition": 600})
    yield made
    made.engine.kill()


def heard_of(packet: dict) -> dict[str, dict]:
    return {condition["source"]: condition["heard"] for condition in packet["conditions"]}


def ms(text: str) -> int:
    return round(moment(text).timestamp() * 1000)


def test_a_silence_found_by_the_next_leader_is_reckoned_from_what_was_kept(story):
    """Killed before the silence, and again after it: heard and never heard, and one record that would not have been enough."""
    begun = story.clock.now()
    story.start()
    story.send("hotline")
    eventually(story.progress, lambda kept: kept and kept["hotline"]["heard"])
    story.engine.kill()
    kept = story.progress()
    story.clock.hurry(story.clock.now() + 430)
    restarted = story.clock.now()
    story.start()
    firing = {"quiet": [["red"]], "either": [["yellow"]], "both": [["yellow"]]}
    eventually(story.states, lambda states: states == firing, 60)
    packets = {rule: story.packet(rule) for rule in firing}
    for rule, packet in packets.items():
        ByHand(packet).check()
        heard = heard_of(packet)
        assert ms(heard["hotline"]["heard_at"]) == kept["hotline"]["heard_ms"] and heard["hotline"]["listening_since"] is None
        assert ms(heard["petition"]["listening_since"]) == kept["petition"]["heard_ms"] and heard["petition"]["heard_at"] is None
        assert begun <= moment(heard["petition"]["listening_since"]).timestamp() <= moment(heard["hotline"]["heard_at"]).timestamp()
        assert restarted <= moment(heard["hotline"]["judged_at"]).timestamp() <= story.clock.now()
        assert moment(heard["hotline"]["last_event_at"]).timestamp() == moment(story.sent["hotline"][0]["time"]).timestamp()
        assert heard["petition"]["last_event_at"] is None and heard["hotline"]["resumed_at"] is None
        assert packet["published"]["last"]["conditions"] == [
            {key: condition[key] for key in ("condition", "value", "heard")} for condition in packet["conditions"]]
    assert packets["quiet"]["counterfactual"]["heard"]["need"] == "one"
    assert [one["source"] for one in packets["quiet"]["counterfactual"]["heard"]["sources"]] == ["hotline"]
    assert packets["either"]["counterfactual"]["heard"]["need"] == "all"
    assert packets["both"]["counterfactual"]["heard"]["need"] == "one" and len(packets["both"]["counterfactual"]["heard"]["sources"]) == 2
    assert min(one["records"] for packet in packets.values() for one in packet["counterfactual"]["heard"]["sources"]) >= 3

    texts = {rule: written(story.config, alert["alert_id"], "--from-ledger") for rule, alert in story.alerts().items()}
    story.engine.kill()
    story.start()
    story.engine.wait_for(lambda: story.engine.metric('gridwarn_source_silent{source="hotline"}') == 1)
    assert story.states() == firing
    assert texts == {rule: written(story.config, alert["alert_id"], "--from-ledger") for rule, alert in story.alerts().items()}
    assert story.engine.stop() == 0
    alerts = read_outputs(story.broker, story.engine.group)["alerts"]
    check_messages(alerts)
    check_from_file(story, [json.loads(record.value) for record in alerts], packets)


def check_from_file(story, messages, packets) -> None:
    """What was published into a file says the same; what an earlier version published says that there is nothing to reckon with."""
    settings = configuration("", story.engine.group, {
        name: {**source(name, topic), "file": f"{name}.ndjson"} for name, topic in story.inputs.items()}, output={"directory": "out"})
    del settings["kafka"]
    for one in settings["sources"].values():
        del one["topic"]
    config, published = story.directory / "files.yaml", story.directory / "out" / "alerts.ndjson"
    config.write_text(json.dumps(settings), encoding="utf-8")
    published.parent.mkdir()
    told = [message for message in messages if "alert_id" in message["data"]]
    published.write_text("".join(json.dumps(message) + "\n" for message in told), encoding="utf-8")
    for packet in packets.values():
        found = evidence(config, packet["published"]["alert_id"])
        assert {**found, "generation": packet["generation"]} == packet and found["generation"]["number"] is None
    for message in told:
        for entry in message["data"]["evidence"]:
            del entry["heard"]
    published.write_text("".join(json.dumps(message) + "\n" for message in told), encoding="utf-8")
    for language, part in (("C.UTF-8", "did not say when its sources were heard"), ("zh_CN.UTF-8", "旧版本")):
        done = gridwarn("evidence", "-c", config, told[0]["data"]["alert_id"], LC_ALL=language)
        assert done.returncode == 5 and part in done.stderr.decode() and not done.stdout


def test_a_silence_and_its_end(story):
    """As it is found while it happens, and what the end says; by the rules that raised it, though they have been edited since."""
    story.start()
    for name in SILENT_AFTER:
        story.send(name)
    eventually(story.progress, lambda kept: kept and all(one["heard"] for one in kept.values()))
    kept = story.progress()
    story.clock.hurry(max(kept[name]["heard_ms"] / 1000 + SILENT_AFTER[name] for name in SILENT_AFTER) - 1)
    eventually(lambda: story.states().get("quiet"), lambda seen: seen and seen[-1][-1] == "red", 60)
    assert story.states()["quiet"] == [["orange", "red"]] and "one" not in story.states()
    packet = story.packet("quiet")
    ByHand(packet).check()
    heard = heard_of(packet)
    assert all(ms(heard[name]["heard_at"]) == kept[name]["heard_ms"] for name in SILENT_AFTER)
    assert 0 < ms(heard["hotline"]["judged_at"]) - ms(heard["hotline"]["silent_from"]) < 10_000
    assert next(iter(packet["counterfactual"]["heard"]["sources"]))["records"] == 1

    story.clock.hurry(story.clock.now() + 120)  # what comes after it is of other minutes
    before = story.clock.now()
    story.send("petition")
    eventually(lambda: story.states().get("one"), lambda seen: seen == [["yellow"]], 60)
    story.send("hotline")
    eventually(lambda: story.states()["quiet"], lambda seen: seen == [["orange", "red", "resolved"]], 60)
    after, end = story.clock.now(), story.packet("quiet")
    ByHand(end).check()
    assert heard_of(end) == heard, "it speaks of when it came to its highest level"
    kept, said = story.progress(), {c["heard"]["source"]: c for c in end["published"]["last"]["conditions"]}
    assert end["published"]["last"]["state"] == "resolved"
    for name, one in said.items():
        resumed = moment(one["heard"]["resumed_at"]).timestamp()
        assert one["value"] == 0 and before <= resumed <= after and ms(one["heard"]["resumed_at"]) == kept[name]["thawed_ms"]
        assert one["heard"]["heard_at"] == one["heard"]["resumed_at"]
    only = story.packet("one")
    ByHand(only).check()
    assert {condition["source"]: condition["value"] for condition in only["conditions"]} == {"hotline": 1, "petition": 0}

    text = written(story.config, end["published"]["alert_id"], "--from-ledger")
    write(story.directory / "rules", "rules.yaml", [{**RULES[0], "levels": {"yellow": "silent(hotline)"}}, *RULES[1:]])
    story.engine.wait_for(lambda: story.engine.metric("gridwarn_generation") == 2, 10, "generation 2")
    assert written(story.config, end["published"]["alert_id"], "--from-ledger") == text
    assert story.engine.stop() == 0
    check_messages(read_outputs(story.broker, story.engine.group)["alerts"])


# -- before there is one -----------------------------------------------------------------------------------------------


def explained(story, *options, **env) -> list[str]:
    done = gridwarn("explain", "-c", story.config, "--from-ledger", "--rule", "quiet", "--subject", "990101", *options,
                    **story.clock.environment, **env)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


def line_of(lines: list[str], source_name: str) -> str:
    (line,) = (line for line in lines if line.startswith(f"  {source_name}"))
    return line


def shown(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, BEIJING).isoformat(timespec="milliseconds")


def test_explain_says_how_far_each_source_is_from_silence(slow_story):
    story = slow_story
    story.start()
    story.send("hotline")
    eventually(story.progress, lambda kept: kept and kept["hotline"]["heard"])
    kept = {name: one["heard_ms"] for name, one in story.progress().items()}
    now = kept["petition"] + 540_000
    story.clock.stand(now / 1000)
    story.engine.kill()
    ends = {"hotline": kept["hotline"] + 1_200_000, "petition": kept["petition"] + 600_000}
    lines = explained(story)
    assert lines[0] == "quiet  断流" and lines[1] == "district 990101  示例区" and "state: no alert" in lines
    assert line_of(lines, "petition") == (f"  petition: never heard, listened to since {shown(kept['petition'])}, silent after 10m: "
                                          f"at {shown(ends['petition'])}, in 60s")
    assert line_of(lines, "hotline") == (f"  hotline: last heard {shown(kept['hotline'])}, silent after 20m: at {shown(ends['hotline'])}, "
                                         f"in {(ends['hotline'] - now) // 60_000}m")
    assert "✗ orange: silent(petition) >= 1 (0)" in lines and "✗ red: silent(hotline) >= 1 (0)" in lines

    story.clock.stand(ends["petition"] / 1000 + 3.5)  # and nobody is there to find it
    assert line_of(explained(story), "petition").endswith("which passed 3s ago, and the engine has committed nothing since")
    story.clock.live()
    story.start()
    story.send("hotline")
    eventually(lambda: story.states().get("quiet"), lambda seen: seen and seen[-1][-1] == "orange", 60)
    story.clock.stand(ends["petition"] / 1000 + 180.5)
    story.engine.kill()
    lines = explained(story)
    assert line_of(lines, "petition").endswith(f"silent after 10m: since {shown(ends['petition'])}, for 3m")
    assert "state: orange" in lines and "✓ orange: silent(petition) >= 1 (1)" in lines
    assert re.search(r"^silent\(petition\) +1 +≥ 1 ✓", "\n".join(lines), re.M)
    chinese = explained(story, LC_ALL="zh_CN.UTF-8")
    assert line_of(chinese, "petition") == (f"  petition：从未有数据，自 {shown(kept['petition'])} 起监听，10m 无数据即断流：断流始于 "
                                            f"{shown(ends['petition'])}，已 3m")
    for options, part in ((["--rule", "quiet", "--subject", "990101", "--at", "2026-01-12"], "only what is so now is known"),
                          (["--alert", story.alerts()["quiet"]["alert_id"]], "gridwarn evidence says what it rests on")):
        done = gridwarn("explain", "-c", story.config, "--from-ledger", *options)
        assert done.returncode == 2 and part in done.stderr.decode() and not done.stdout
