"""The published JSON Schema, the loader and the documentation must tell authors the same: what the schema passes and
the loader refuses (or the other way round) is found here, and so is a key that one of them does not know.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).resolve().parent.parent
DISTRICT = ROOT / "rules" / "district"
SCHEMA = json.loads((ROOT / "rules" / "rules.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
SHIPPED = sorted((DISTRICT / "rules").glob("*.yaml"))

GOOD = {
    "id": "r", "title": "标题", "version": 2,
    "let": {"calls": {"source": "hotline", "category": ["noise", "labour"]}},
    "per": ["respondent", "grid"], "within": "24h",
    "levels": {"yellow": "calls >= 3", "red": "calls > 9"},
    "for": "10m", "clear": {"below": 2, "after": "12h"}, "raise_within": "3h",
    "send": {"lead": "甲", "assist": ["乙"]}, "sign_within": {"red": "30m"}, "close_within": {"red": "1d"},
}

CHINESE = {
    "编号": "噪声", "标题": "噪声", "定义": {"噪声": {"来源": "hotline", "类别": "noise", "事件": "created"}},
    "按": ["被投诉方", "网格"], "时间窗": "24小时", "级别": {"黄": "噪声.人数 ≥ 3 或 噪声.涉及人数 ≥ 20", "红": "噪声≥１２"},
    "解除": {"持续": "2小时"}, "派发": {"牵头": "甲", "协助": "乙"}, "签收时限": {"红": "30分钟"},
}


def without(key):
    return {k: v for k, v in GOOD.items() if k != key}


BROKEN = {
    "no id": without("id"), "no let": without("let"), "no per": without("per"), "no window": without("within"),
    "no levels": without("levels"),
    "an unknown each": GOOD | {"each": "category.9"},
    "a slip in a key": GOOD | {"raise_withn": "1h"},
    "a key in both languages": GOOD | {"标题": "x"},
    "a required key in both languages": GOOD | {"编号": "x"},
    "blank in the id": GOOD | {"id": "a b"},
    "window without a unit": GOOD | {"within": 24},
    "window in words": GOOD | {"within": "soon"},
    "unknown unit": GOOD | {"for": "2w"},
    "no selection": GOOD | {"let": {}},
    "a selection's name": GOOD | {"let": {"a-b": {}}, "levels": {"red": "a-b >= 1"}},
    "a selection named and": GOOD | {"let": {"and": {}}, "levels": {"red": "and >= 1"}},
    "a selection's key": GOOD | {"let": {"calls": {"catgory": "noise"}}},
    "a selection's later key": GOOD | {"let": {"calls": {"after": "x"}}},
    "empty list": GOOD | {"let": {"calls": {"source": []}}},
    "a kind that can't be counted": GOOD | {"let": {"calls": {"kind": "voided"}}},
    "unknown subject": GOOD | {"per": "planet"},
    "a subject twice": GOOD | {"per": ["grid", "grid"]},
    "no subject": GOOD | {"per": []},
    "no level": GOOD | {"levels": {}},
    "a condition without comparison": GOOD | {"levels": {"red": "calls"}},
    "a level that is a number": GOOD | {"levels": {"red": 3}},
    "clear as a duration": GOOD | {"clear": "12h"},
    "clear with a condition that is none": GOOD | {"clear": {"when": "calls"}},
    "below in words": GOOD | {"clear": {"below": "few"}},
    "limits as a duration": GOOD | {"sign_within": "30m"},
    "send as a text": GOOD | {"send": "甲"},
    "a slip in send": GOOD | {"send": {"led": "甲"}},
    "a rule that is a text": "calls >= 3",
}


@pytest.fixture
def accepts(tmp_path):
    """Does the engine take this as its only rule file?"""
    if "GRIDWARN" not in os.environ:
        pytest.skip("GRIDWARN names the binary")
    district = tmp_path / "district"
    shutil.copytree(DISTRICT, district)

    def check(rules: object) -> bool:
        shutil.rmtree(district / "rules")
        (district / "rules").mkdir()
        (district / "rules" / "r.json").write_text(json.dumps(rules, ensure_ascii=False), encoding="utf-8")
        run = subprocess.run([os.environ["GRIDWARN"], "check", "-c", district / "demo.yaml"], capture_output=True,
                             text=True, timeout=60)
        assert run.returncode >= 0, run.stderr
        return run.returncode == 0

    return check


def test_the_schema_is_one():
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_rules_validate(path):
    VALIDATOR.validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("rule", [GOOD, CHINESE], ids=["english", "chinese"])
def test_good_rules_pass_the_schema(rule):
    VALIDATOR.validate({"rules": [rule]})


@pytest.mark.parametrize("name", BROKEN)
def test_broken_rules_fail_the_schema(name):
    assert not VALIDATOR.is_valid({"rules": [BROKEN[name]]})


@pytest.mark.parametrize("rule", [GOOD, CHINESE], ids=["english", "chinese"])
def test_good_rules_pass_the_loader(accepts, rule):
    assert accepts({"rules": [rule]})


@pytest.mark.parametrize("name", BROKEN)
def test_broken_rules_fail_the_loader(accepts, name):
    assert not accepts({"rules": [BROKEN[name]]})


@pytest.mark.parametrize("text", [{}, {"rules": {}}, {"rules": []}, {"rule": []}, [GOOD]], ids=str)
def test_broken_files_fail_both(accepts, text):
    assert not VALIDATOR.is_valid(text)
    assert not accepts(text)


def keys_of_the_loader() -> dict[str, set[str]]:
    table = (ROOT / "engine" / "rule" / "rule_priv.h").read_text(encoding="utf-8")
    keys: dict[str, set[str]] = {}
    for english, chinese, place in re.findall(r'X\([A-Z_]+, "(\w+)", "(\w+)", IN_(\w+)\)', table):
        keys.setdefault(place, set()).update((english, chinese))
    return keys


def test_the_schema_has_the_loader_s_keys():
    definitions = SCHEMA["definitions"]
    assert keys_of_the_loader() == {
        "FILE": set(SCHEMA["properties"]), "RULE": set(definitions["rule"]["properties"]),
        "SELECTION": set(definitions["selection"]["properties"]), "CLEAR": set(definitions["clear"]["properties"]),
        "SEND": set(definitions["send"]["properties"]),
    }


def test_the_guide_explains_every_key():
    guide = (ROOT / "rules" / "README.md").read_text(encoding="utf-8")
    missing = {key for keys in keys_of_the_loader().values() for key in keys if f"`{key}`" not in guide}
    assert not missing
