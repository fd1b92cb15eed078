"""The published JSON Schema, the loader and the documentation must tell authors the same: what the schema passes and
the loader refuses (or the other way round) is found here, and so is a key that one of them does not know.

A schema cannot know names, nor what a condition says: it may take more than the loader.  It must never refuse what the
loader takes, since an editor would then underline a good rule.
"""

from __future__ import annotations

import copy
import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from engine import copy_district

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).resolve().parent.parent
DISTRICT = ROOT / "rules" / "district"
SCHEMA = json.loads((ROOT / "rules" / "rules.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
SHIPPED = sorted((DISTRICT / "rules").glob("*.yaml"))
TABLE = "t.csv"  # of thresholds, beside the rules


def rule(**more) -> dict:
    return {"id": "r", "let": {"calls": {"source": "hotline"}}, "per": "grid", "within": "24h",
            "levels": {"yellow": "calls >= 3"}, **more}


GOOD = rule(title="标题", version=2, let={"calls": {"source": "hotline", "category": ["noise", "labour"]}},
            per=["respondent", "grid"], levels={"yellow": "calls >= 3", "red": "calls > 9"},
            clear={"below": 2, "after": "12h"}, raise_within="3h", send={"lead": "甲", "assist": ["乙"]},
            sign_within={"red": "30m"}, close_within={"red": "1d"}, **{"for": "10m"})

EXAMPLES = {
    "all that is old": GOOD,
    "measures": rule(let={"calls": {}, "loud": {"source": "sensor"}}, levels={
        "blue": "calls.events > 3 or calls.sources >= 2", "yellow": "calls.callers >= 3 and calls.involved >= 20",
        "orange": "calls.regions != 1", "red": "loud.sum >= 1.5 or loud.max > 60.5 or loud.avg >= 55"}),
    "comparisons": rule(levels={"yellow": "not (calls < 2*3) and calls != (8 + 4) / 3", "red": "calls = 9"}),
    "change, share, both": rule(let={"a": {"source": "hotline"}, "b": {"source": "petition"}}, levels={
        "yellow": "a >= 5 and change(a, 7d) >= 2", "orange": "a >= 5 and share(b, a) >= 0.5", "red": "both(a, b) >= 3"}),
    "adjacent": rule(each="category.2", levels={"orange": "adjacent(calls >= 3 and calls.callers >= 2) >= 3"}),
    "anomaly": rule(each="category.1", levels={"yellow": "calls >= 5 and anomaly(calls) >= 3"}),
    "score": rule(per="respondent", levels={"yellow": "calls.callers >= 3 and score(collective_petition) >= 40"}),
    "silent": {"id": "r", "per": "district", "levels": {"orange": "silent(sensor)", "red": "silent(hotline)"}},
    "the matter": rule(per="matter", within="7d", let={
        "call": {"source": "hotline"}, "visit": {"source": "petition", "after": "call", "tag": ["collective", "visit"]},
        "first": {"source": "petition", "unless": "call"}, "late": {"kind": "called_again", "overdue": True}},
        levels={"blue": "first >= 1", "yellow": "visit >= 1", "orange": "late >= 1"}),
    "times": rule(let={"calls": {"hours": ["22:00-24:00", "0:00-06:30"], "days": ["workday", "sat"]},
                       "loud": {"kind": "reading", "hours": "22:00-06:00", "days": "holiday"}},
                  levels={"yellow": "calls >= 2 and loud.max > 50"}),
    "tags and kinds": rule(let={"calls": {"kind": ["created", "status", "closed", "reopened"], "tag": "threat"},
                                "urgent": {"any_tag": ["urgent", "repeat"]}}, levels={"red": "calls >= 1 or urgent >= 2"}),
    "working days": rule(within="5 working days", close_within={"red": "3工作日"}, sign_within={"red": "1 workday"},
                         levels={"yellow": "calls >= 3", "red": "calls >= 9"}),
    "overrides": rule(per=["grid", "community"], let={"wages": {"category": "labour"}}, overrides=TABLE,
                      levels={"yellow": "wages.callers >= 3"}),
    "during": rule(during={"year_end": 0.6, "exams": "1.5"}),
    "life": rule(life="shadow", valid={"from": "2026-01-01", "to": "2026-02-14"}),
    "a draft without end": rule(life="draft", valid={"from": "2026-1-1"}),
    "clear by a condition": rule(clear={"when": "calls <= 1", "after": "2h"}),
    "per all": rule(per=["micro_grid", "street", "community", "district"]),
}

CHINESE = {
    "编号": "噪声", "标题": "噪声", "定义": {"噪声": {"来源": "hotline", "类别": "noise", "事件": "created"}},
    "按": ["被投诉方", "网格"], "时间窗": "24小时", "级别": {"黄": "噪声.人数 ≥ 3 或 噪声.涉及人数 ≥ 20", "红": "噪声≥１２"},
    "解除": {"持续": "2小时"}, "派发": {"牵头": "甲", "协助": "乙"}, "签收时限": {"红": "30分钟"},
}


def without(key):
    return {k: v for k, v in GOOD.items() if k != key}


def selection(**keys):
    return rule(let={"calls": keys})


BROKEN = {  # for both
    "no id": without("id"), "no let": without("let"), "no per": without("per"), "no window": without("within"),
    "no levels": without("levels"),
    "a slip in a key": GOOD | {"raise_withn": "1h"},
    "a key in both languages": GOOD | {"标题": "x"},
    "a required key in both languages": GOOD | {"编号": "x"},
    "blank in the id": GOOD | {"id": "a b"},
    "window without a unit": GOOD | {"within": 24},
    "window in words": GOOD | {"within": "soon"},
    "unknown unit": GOOD | {"for": "2w"},
    "working days half": GOOD | {"within": "2.5 working days"},
    "working days of quiet": GOOD | {"clear": {"after": "2 working days"}},
    "no selection": GOOD | {"let": {}},
    "a selection's name": GOOD | {"let": {"a-b": {}}, "levels": {"red": "a-b >= 1"}},
    "a selection named and": GOOD | {"let": {"and": {}}, "levels": {"red": "and >= 1"}},
    "a selection named 非": GOOD | {"let": {"非": {}}, "levels": {"red": "非 >= 1"}},
    "a selection's key": GOOD | {"let": {"calls": {"catgory": "noise"}}},
    "empty list": GOOD | {"let": {"calls": {"source": []}}},
    "a kind that can't be counted": GOOD | {"let": {"calls": {"kind": "voided"}}},
    "unknown subject": GOOD | {"per": "planet"},
    "a subject twice": GOOD | {"per": ["grid", "grid"]},
    "no subject": GOOD | {"per": []},
    "no level": GOOD | {"levels": {}},
    "a condition without comparison": GOOD | {"levels": {"red": "calls"}},
    "a level that is a number": GOOD | {"levels": {"red": 3}},
    "clear as a duration": GOOD | {"clear": "12h"},
    "clear.when that is no condition": GOOD | {"clear": {"when": "calls"}},
    "clear.when and below": GOOD | {"clear": {"when": "calls <= 1", "below": 2}},
    "below in words": GOOD | {"clear": {"below": "few"}},
    "limits as a duration": GOOD | {"sign_within": "30m"},
    "send as a text": GOOD | {"send": "甲"},
    "a slip in send": GOOD | {"send": {"led": "甲"}},
    "a rule that is a text": "calls >= 3",
    "an unknown each": rule(each="category.5"),
    "each as a number": rule(each=2),
    "hours without an end": selection(hours="22:00"),
    "hours by name": selection(hours="night"),
    "too many hours": selection(hours=["0:00-1:00", "2:00-3:00", "4:00-5:00", "6:00-7:00", "8:00-9:00"]),
    "an unknown day": selection(days="someday"),
    "overdue as a word": selection(overdue="yes"),
    "after a list": rule(let={"calls": {"after": ["x"]}}),
    "overrides as a list": rule(overrides=[TABLE]),
    "during as a list": rule(during=["year_end"]),
    "a multiplier in words": rule(during={"year_end": "less"}),
    "an unknown life": rule(life="retired"),
    "valid as a date": rule(valid="2026-01-01"),
    "valid in words": rule(valid={"from": "tomorrow"}),
    "valid until": rule(valid={"until": "2026-01-01"}),
}

BEYOND = {  # what a schema can't tell
    "after what is not there": selection(after="visit"),
    "after itself": selection(after="calls"),
    "after what looks back itself": rule(let={"calls": {"after": "b"}, "b": {"after": "c"}, "c": {}}),
    "a selection that nobody asks for": rule(let={"calls": {}, "other": {}}),
    "no working day": rule(within="0 working days"),
    "no such hour": selection(hours="22:00-25:00"),
    "hours that are none": selection(hours="08:00-08:00"),
    "an unknown source": selection(source="telegraph"),
    "an unknown function": rule(levels={"red": "doubled(calls) >= 1"}),
    "an unknown measure": rule(levels={"red": "calls.cost >= 1"}),
    "half an event": rule(levels={"red": "calls >= 1.5"}),
    "always true": rule(levels={"red": "calls >= 0"}),
    "adjacent per respondent": rule(per="respondent", levels={"red": "adjacent(calls >= 3) >= 2"}),
    "adjacent to fewer": rule(levels={"red": "adjacent(calls < 3) >= 2"}),
    "a sum is no anomaly": rule(levels={"red": "anomaly(calls.sum) >= 2"}),
    "an unknown model": rule(levels={"red": "score(guess) >= 2"}),
    "an unknown silent source": {**EXAMPLES["silent"], "levels": {"red": "silent(telegraph)"}},
    "silent with a window": {**EXAMPLES["silent"], "within": "1h"},
    "silent per grid": {**EXAMPLES["silent"], "per": "grid"},
    "silent beside a count": rule(levels={"red": "silent(sensor) or calls >= 3"}),
    "overrides of respondents": {**EXAMPLES["overrides"], "per": "respondent"},
    "overrides of what no level compares": rule(overrides=TABLE),
    "an unknown period": rule(during={"monday": 2}),
    "a multiplier of nothing": rule(during={"year_end": 0}),
    "no such date": rule(valid={"from": "2026-02-30"}),
    "valid backwards": rule(valid={"from": "2026-02-02", "to": "2026-02-01"}),
    "more than is kept": rule(within="35d"),
    "below of two measures": rule(levels={"yellow": "calls >= 3", "red": "calls.callers >= 3"}, clear={"below": 1}),
    "one level twice": rule(levels={"red": "calls >= 3", "红": "calls >= 4"}),
}


# -- the other language ------------------------------------------------------------------------------------------


def keys_of_the_loader() -> dict[str, dict[str, str]]:
    """By place, the English keys and their Chinese."""
    table = (ROOT / "engine" / "rule" / "rule_priv.h").read_text(encoding="utf-8")
    keys: dict[str, dict[str, str]] = {}
    for english, chinese, place in re.findall(r'X\([A-Z_]+, "(\w+)", "(\w+)", IN_(\w+)\)', table):
        keys.setdefault(place, {})[english] = chinese
    return keys


KEYS = keys_of_the_loader()
MAPPINGS = {"clear": "CLEAR", "send": "SEND", "valid": "VALID"}
WORDS = dict(zip("district street community grid micro_grid respondent matter".split(),
                 "区 街道 社区 网格 微网格 被投诉方 事项".split())) | {
    "workday": "工作日", "holiday": "休息日", "sat": "周六", "draft": "草稿", "shadow": "试运行", "category.1": "一级",
    "category.2": "二级", "blue": "蓝", "yellow": "黄", "orange": "橙色", "red": "红"}
IN_CONDITIONS = {"events": "件数", "callers": "人数", "involved": "涉及人数", "regions": "网格数", "sources": "来源数",
                 "sum": "合计", "max": "最大", "avg": "平均", "change": "变化", "share": "占比", "both": "共同",
                 "adjacent": "邻近", "anomaly": "异常", "silent": "断流", "score": "评分", "and": "且", "or": "或", "not": "非",
                 ">=": "≥", "<=": "≤", "!=": "≠", "7d": "7天"}


def in_chinese(node, place="RULE", key=""):
    """The same rule in Chinese words; names stay."""
    if isinstance(node, list):
        return [in_chinese(item, place, key) for item in node]
    if isinstance(node, str) and key in ("levels", "when"):
        return re.sub(r"[a-z_]+|7d|[<>!]=", lambda match: IN_CONDITIONS.get(match[0], match[0]), node)
    if isinstance(node, str):
        return re.sub("h$", "小时", WORDS.get(node, node))
    if not isinstance(node, dict):
        return node
    if key == "let" and place == "RULE":
        return {name: in_chinese(value, "SELECTION") for name, value in node.items()}
    if key in ("levels", "during", "sign_within", "close_within"):
        return {WORDS.get(word, word): in_chinese(value, place, key) for word, value in node.items()}
    place = MAPPINGS.get(key, place)
    return {KEYS[place][word]: in_chinese(value, place, word) for word, value in node.items()}


ALL = {**EXAMPLES, **{f"{name}, in Chinese": in_chinese(example) for name, example in EXAMPLES.items()}, "中文": CHINESE}


# -- the loader --------------------------------------------------------------------------------------------------


class Loader:
    """The engine's opinion of rule files, many in one run: each stands in a file of its own."""

    def __init__(self, directory: Path):
        self.directory = directory
        copy_district(directory)

    def refused(self, files: dict[str, object]) -> dict[str, list[str]]:
        """By name of the file, what is said against it; those that are taken are not in it."""
        folder = self.directory / "rules"
        shutil.rmtree(folder)
        folder.mkdir()
        for name, content in files.items():
            text = json.dumps(content, ensure_ascii=False)
            if TABLE in text:
                (folder / f"{name}.csv").write_text("region,level,measure,threshold\n990101003,黄,wages.callers,2\n", "utf-8")
            (folder / f"{name}.json").write_text(text.replace(f'"{TABLE}"', f'"{name}.csv"'), encoding="utf-8")
        run = subprocess.run([os.environ["GRIDWARN"], "check", "-c", self.directory / "demo.yaml"], capture_output=True,
                             text=True, timeout=120)
        assert run.returncode in (0, 3), run.stderr
        said: dict[str, list[str]] = {}
        for line in run.stderr.splitlines():
            found = re.match(r".*/rules/([^/:]+)\.\w+:\d+:(?:\d+:)? (?!warning: )(.*)", line)
            if found and found[1] in files:
                said.setdefault(found[1], []).append(found[2])
        assert bool(said) == (run.returncode == 3), run.stderr
        return said

    def accepts(self, content: object) -> bool:
        folder = self.directory / "rules"
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "r.json").write_text(json.dumps(content), encoding="utf-8")
        return subprocess.run([os.environ["GRIDWARN"], "check", "-c", self.directory / "demo.yaml"], capture_output=True,
                              timeout=60).returncode == 0


@pytest.fixture(scope="module")
def loader(tmp_path_factory):
    if "GRIDWARN" not in os.environ:
        pytest.skip("GRIDWARN names the binary")
    return Loader(tmp_path_factory.mktemp("loader") / "district")


def as_files(rules: dict[str, object]) -> dict[str, object]:
    """Each with an id of its own where that is not what is wrong with it."""
    files = {}
    for number, content in enumerate(rules.values()):
        content = copy.deepcopy(content)
        for key in ("id", "编号"):
            if isinstance(content, dict) and content.get(key) in ("r", "噪声"):
                content[key] = f"r{number}"
        files[f"f{number}"] = {"rules": [content]}
    return files


def refused(loader: Loader, rules: dict[str, object]) -> dict[str, list[str]]:
    said = loader.refused(as_files(rules))
    return {name: said[f"f{number}"] for number, name in enumerate(rules) if f"f{number}" in said}


# -- tests -------------------------------------------------------------------------------------------------------


def test_the_schema_is_one():
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_rules_validate(path):
    VALIDATOR.validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ALL)
def test_good_rules_pass_the_schema(name):
    VALIDATOR.validate({"rules": [ALL[name]]})


@pytest.mark.parametrize("name", BROKEN)
def test_broken_rules_fail_the_schema(name):
    assert not VALIDATOR.is_valid({"rules": [BROKEN[name]]})


@pytest.mark.parametrize("name", BEYOND)
def test_the_schema_does_not_pretend_to_know_more(name):
    VALIDATOR.validate({"rules": [BEYOND[name]]})


def test_good_rules_pass_the_loader(loader):
    assert refused(loader, ALL) == {}


def test_broken_rules_fail_the_loader(loader):
    assert set(refused(loader, BROKEN)) == set(BROKEN)


def test_what_a_schema_can_not_tell_the_loader_tells(loader):
    assert set(refused(loader, BEYOND)) == set(BEYOND)


@pytest.mark.parametrize("text", [{}, {"rules": {}}, {"rules": []}, {"rule": []}, [GOOD]], ids=str)
def test_broken_files_fail_both(loader, text):
    assert not VALIDATOR.is_valid(text)
    assert not loader.accepts(text)


# -- who is told --------------------------------------------------------------------------------------------------

TWO = [rule(), rule(id="s", let={"calls": {"source": "hotline", "category": "noise"}})]
INHIBIT = {"when": {"rule": "r", "level": "orange"}, "holds": {"rule": ["s"], "category": "noise", "level": "yellow"}, "same": "community"}
NOTIFY = {"incidents": True, "inhibit": [INHIBIT], "budget": {"street": 6, "shifts": ["08:00", "14:00"]},
          "storm": 20}
NOTIFY_GOOD = {
    "all of it": NOTIFY,
    "nothing": {},
    "中文": {"事件归并": False, "抑制": [{"当": {"规则": ["r"]}, "压下": {"类别": "noise", "级别": "红"}, "同一": "对象"}],
            "预算": {"街道": 1, "班次": ["０８：００"]}, "风暴": 1000},
}
NOTIFY_BROKEN = {
    "a list": [NOTIFY],
    "a slip": {"inhibits": [INHIBIT]},
    "a key twice": {**NOTIFY, "预算": NOTIFY["budget"]},
    "no inhibition": {"inhibit": []},
    "an inhibition alone": {"inhibit": INHIBIT},
    "no when": {"inhibit": [{k: v for k, v in INHIBIT.items() if k != "when"}]},
    "no holds": {"inhibit": [{k: v for k, v in INHIBIT.items() if k != "holds"}]},
    "no place": {"inhibit": [{k: v for k, v in INHIBIT.items() if k != "same"}]},
    "no rule": {"inhibit": [{**INHIBIT, "when": {"level": "orange"}}]},
    "holds up to a level alone": {"inhibit": [{**INHIBIT, "holds": {"level": "yellow"}}]},
    "an unknown place": {"inhibit": [{**INHIBIT, "same": "planet"}]},
    "a budget without shifts": {"budget": {"street": 6}},
    "no budget": {"budget": {"street": 0, "shifts": ["08:00"]}},
    "no shifts": {"budget": {"street": 6, "shifts": []}},
    "a shift by name": {"budget": {"street": 6, "shifts": ["morning"]}},
    "no storm": {"storm": 0},
    "a storm with a unit": {"storm": "20/m"},
    "incidents in words": {"incidents": "maybe"},
}
NOTIFY_BEYOND = {
    "an unknown rule": {"inhibit": [{**INHIBIT, "when": {"rule": "q"}}]},
    "an unknown category": {"inhibit": [{**INHIBIT, "holds": {"category": "noize"}}]},
    "an unknown level": {"inhibit": [{**INHIBIT, "when": {"rule": "r", "level": "pink"}}]},
    "itself": {"inhibit": [{**INHIBIT, "holds": {"rule": ["s", "r"]}}]},
    "a circle": {"inhibit": [INHIBIT, {**INHIBIT, "when": {"rule": "s"}, "holds": {"rule": "r"}}]},
    "shifts backwards": {"budget": {"street": 6, "shifts": ["14:00", "08:00"]}},
    "no such hour": {"budget": {"street": 6, "shifts": ["25:00"]}},
}


@pytest.mark.parametrize("name", NOTIFY_GOOD)
def test_good_notices_pass_both(loader, name):
    content = {"rules": TWO, "notify": NOTIFY_GOOD[name]}
    VALIDATOR.validate(content)
    assert loader.accepts(content)


@pytest.mark.parametrize("name", NOTIFY_BROKEN)
def test_broken_notices_fail_both(loader, name):
    content = {"rules": TWO, "notify": NOTIFY_BROKEN[name]}
    assert not VALIDATOR.is_valid(content)
    assert not loader.accepts(content)


@pytest.mark.parametrize("key", ["notify", "通知"])
def test_a_file_may_hold_the_section_and_no_rule(loader, key):
    section = {key: NOTIFY}
    VALIDATOR.validate(section)
    assert loader.refused({"notify": section, "rules": {"rules": TWO}}) == {}


@pytest.mark.parametrize("name", NOTIFY_BEYOND)
def test_what_a_schema_can_not_tell_of_notices_the_loader_tells(loader, name):
    content = {"rules": TWO, "notify": NOTIFY_BEYOND[name]}
    VALIDATOR.validate(content)
    assert not loader.accepts(content)


# -- mutants -----------------------------------------------------------------------------------------------------

MUTANTS = 900
VALUES = ["", "x", "grid", "网格", "区", "category.2", "三级", "24h", "30分钟", "7d", "calls >= 3", "calls.人数 ≥ 2 且 calls ≥ 3",
          "silent(hotline)", "calls", "and", "hotline", "noise", "threat", "created", "closed", "22:00-06:00", "２２：００－６：００",
          "workday", "周日", "shadow", "启用", "2026-01-31", "2026-1-5", "year_end", TABLE, 0, 1, 3, 2.5, -1, 0.6, "0.6", "2*3",
          "１２", True, False, None, [], {}, ["grid"], ["grid", "street"], ["noise", "labour"], {"calls": {}}, {"yellow": "calls >= 3"},
          {"red": "30m"}, {"after": "2h"}, {"when": "calls <= 1"}, {"lead": "甲"}, {"from": "2026-01-01"}, {"year_end": 2}]
STRUCTURE = re.compile(r"unknown key |\S+ \(\S+\) is missing|\S+ and \S+ are the same key|.*expected keys with values")


def containers(node) -> list:
    found = [node]
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, (dict, list)):
            found += containers(child)
    return found


def mutate(rng: random.Random, node: dict) -> None:
    """One slip, somewhere in it."""
    where = rng.choice(containers(node))
    keys = [key for keys in KEYS.values() for pair in keys.items() for key in pair]
    if isinstance(where, list):
        where.append(rng.choice(VALUES)) if rng.random() < 0.5 or not where else where.pop()
        return
    key = rng.choice(list(where)) if where else None
    slip = rng.choice(("value", "value", "value", "value", "delete", "rename", "insert", "double", "list"))
    if slip == "insert" or key is None:
        where[rng.choice(keys)] = copy.deepcopy(rng.choice(VALUES))
    elif slip == "value":
        where[key] = copy.deepcopy(rng.choice(VALUES))
    elif slip == "list":
        where[key] = [where[key]]
    elif slip == "double":
        both = {**{c: e for names in KEYS.values() for e, c in names.items()}, **{e: c for n in KEYS.values() for e, c in n.items()}}
        where[both.get(key, key)] = where[key]
    elif slip == "delete":
        del where[key]
    else:
        where[rng.choice(keys)] = where.pop(key)


@pytest.mark.parametrize("seed", [21, random.randrange(1 << 30)])
def test_whatever_the_loader_takes_the_schema_takes(seed, loader):
    """and what the loader refuses for its structure alone, the schema refuses too"""
    rng = random.Random(seed)
    mutants = {}
    for number in range(MUTANTS):
        mutant = copy.deepcopy(rng.choice(list(ALL.values())))
        for _ in range(rng.choice((1, 1, 1, 2))):
            mutate(rng, mutant)
        mutants[str(number)] = mutant
    said = refused(loader, mutants)
    taken = [name for name in mutants if name not in said]
    wrong = [f"{mutants[name]}: {error.message}" for name in taken
             for error in VALIDATOR.iter_errors({"rules": [mutants[name]]})]
    assert not wrong, f"seed {seed}: the loader takes, the schema refuses\n" + "\n".join(wrong[:10])
    built = [name for name, texts in said.items() if all(STRUCTURE.match(text) for text in texts)]
    wrong = [f"{mutants[name]}: {said[name]}" for name in built if VALIDATOR.is_valid({"rules": [mutants[name]]})]
    assert not wrong, f"seed {seed}: badly built, but the schema takes it\n" + "\n".join(wrong[:10])
    assert len(taken) > MUTANTS / 10 and len(built) > MUTANTS / 10, f"seed {seed}: mutants are too alike"


# -- tables ------------------------------------------------------------------------------------------------------


def test_the_schema_has_the_loader_s_keys():
    definitions = SCHEMA["definitions"]
    assert {place: {key for pair in keys.items() for key in pair} for place, keys in KEYS.items()} == {
        "FILE": set(SCHEMA["properties"]), "RULE": set(definitions["rule"]["properties"]),
        "SELECTION": set(definitions["selection"]["properties"]), "CLEAR": set(definitions["clear"]["properties"]),
        "SEND": set(definitions["send"]["properties"]), "VALID": set(definitions["valid"]["properties"]),
        "NOTIFY": set(definitions["notify"]["properties"]), "INHIBIT": set(definitions["inhibit"]["properties"]),
        "WHEN": set(definitions["inhibit_when"]["properties"]), "HOLDS": set(definitions["inhibit_holds"]["properties"]),
        "BUDGET": set(definitions["budget"]["properties"]),
    }


def test_editors_show_what_each_key_means():
    for place in ("rule", "selection", "clear", "send", "valid", "notify", "inhibit", "inhibit_when", "inhibit_holds", "budget"):
        for key, schema in SCHEMA["definitions"][place]["properties"].items():
            assert re.search(r"[\u4e00-\u9fff].* / ", schema["description"]), (place, key)
