"""The authors' guide is executed: each example passes `gridwarn check` in a district of its own, those that are shown as
wrong are told what the guide says that they are told, and its tables have all words of the language and no other.

Fences: ```yaml is a rule file, and a ```csv below it the table that it names or the calendar; `yaml 错` and `yaml 注意` are
refused or warned of as the indented lines below them show; `yaml 测试` is a file for `gridwarn test`; ```json a model.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from engine import copy_district

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "rules" / "README.md").read_text(encoding="utf-8")
MODELS = (ROOT / "models" / "README.md").read_text(encoding="utf-8")
CHINESE, _, ENGLISH = GUIDE.partition("\n# Writing rules\n")


class Block(NamedTuple):
    chapter: str
    kind: str  # what stands behind ```
    text: str
    shown: list[str]  # the indented lines below it


def blocks_of(text: str) -> list[Block]:
    found, chapter = [], ""
    lines = iter(text.split("\n"))
    for line in lines:
        if line.startswith("#"):
            chapter = line.lstrip("# ")
        elif line.startswith("```"):
            content = "\n".join(iter(lambda: next(lines), "```")) + "\n"
            found.append(Block(chapter, line[3:], content, []))
        elif line.startswith("    ") and found and found[-1].chapter == chapter:
            found[-1].shown.append(line[4:])
    return found


BLOCKS = blocks_of(GUIDE)
LANGUAGE = {"LC_ALL": "zh_CN.UTF-8"}


def names(kind):
    """the blocks of a kind, each with a name for the report"""
    found = [(n, block) for n, block in enumerate(BLOCKS) if block.kind == kind]
    return pytest.mark.parametrize("number, block", found, ids=[f"{block.chapter} {n}" for n, block in found])


@pytest.fixture
def district(tmp_path):
    """the shipped one, without its rules"""
    copy_district(tmp_path)
    for path in (tmp_path / "rules").iterdir():
        path.unlink()
    return tmp_path


def gridwarn(*args, cwd, **env):
    return subprocess.run([os.environ["GRIDWARN"], *map(str, args)], cwd=cwd, env={"PATH": os.environ["PATH"], **env},
                          capture_output=True, text=True, timeout=60)


def check(directory, text, *options):
    (directory / "rules" / "x.yaml").write_text(text, encoding="utf-8")
    return gridwarn("check", "-c", "demo.yaml", *options, cwd=directory, **LANGUAGE)


def tables_below(number):
    """the CSV blocks that belong to this one"""
    for block in BLOCKS[number + 1:]:
        if block.kind != "csv" or block.chapter != BLOCKS[number].chapter:
            return
        yield block


def test_there_is_something_to_execute():
    kinds = [block.kind for block in BLOCKS]
    assert kinds.count("yaml") >= 14 and kinds.count("yaml 错") >= 2 and {"yaml 注意", "yaml 测试", "csv"} <= set(kinds)
    assert set(kinds) <= {"yaml", "yaml 错", "yaml 注意", "yaml 测试", "csv"}, "nobody executes the others"


@names("yaml")
def test_a_rule_file_is_clean(number, block, district):
    document = yaml.safe_load(block.text)
    if table := document.get("派发表"):
        (rows,) = tables_below(number)
        (district / "rules" / table).write_text(rows.text, encoding="utf-8")
    for rule in document.popitem()[1]:
        if table := rule.get("分街道阈值", rule.get("overrides")):
            (rows,) = tables_below(number)
            (district / "rules" / table).write_text(rows.text, encoding="utf-8")
    done = check(district, block.text)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


@names("yaml 错")
def test_a_wrong_one_is_told_what_the_guide_shows(number, block, district):
    done = check(district, block.text, "--context")
    said = done.stderr.splitlines()
    assert done.returncode == 3 and block.shown
    at = [said.index(line) for line in block.shown]
    assert at == sorted(at)


@names("yaml 注意")
def test_a_doubtful_one_is_warned_of(number, block, district):
    done = check(district, block.text)
    assert done.returncode == 0 and done.stderr.splitlines() == block.shown and block.shown


def test_the_mistakes_of_the_chapter_are_all_different(district):
    """each line of the bad example is a mistake of its own, and is told"""
    (block,) = (b for b in BLOCKS if b.kind == "yaml 错" and b.chapter == "错了什么样")
    said = [line for line in check(district, block.text).stderr.splitlines() if line.startswith("rules/")]
    assert {int(line.split(":")[1]) for line in said} >= {4, 5, 7, 9, 10, 11, 12, 13}


@names("yaml 测试")
def test_a_test_file_passes(number, block, tmp_path):
    copy_district(tmp_path)
    (tmp_path / "tests" / "guide.yaml").write_text(block.text, encoding="utf-8")
    done = gridwarn("test", "tests/guide.yaml", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.endswith(f"{len(yaml.safe_load(block.text)['测试'])} passed\n"), done.stdout


@names("csv")
def test_a_table_is_read(number, block, district):
    """a table of thresholds, or of routing, with the rule above it; a calendar by itself, and a rule that asks for its period"""
    if "阈值" in block.text or "牵头" in block.text:
        return  # test_a_rule_file_is_clean
    (district / "calendar.csv").write_text(block.text, encoding="utf-8")
    (period,) = (row.split(",")[3] for row in block.text.splitlines() if ",时期," in row)
    rule = "规则: [{编号: r, 定义: {甲: {日子: 工作日}}, 按: 网格, 时间窗: 1天, 级别: {黄: 甲 ≥ 3}, 时期: {%s: 0.5}}]\n"
    assert check(district, rule % period).returncode == 0
    assert check(district, rule % "春节").returncode == 3


def test_both_languages_show_the_same_first_rule():
    first, same = (next(b for b in blocks_of(part) if b.kind == "yaml") for part in (CHINESE, ENGLISH))
    from test_21_rule_schema import in_chinese
    (chinese,), (english,) = (yaml.safe_load(b.text).popitem()[1] for b in (first, same))
    translated = json.dumps(in_chinese(english), ensure_ascii=False).replace("wages", "欠薪").replace(" >= ", " ≥ ")
    for clock in ("m", "h"):
        translated = re.sub(rf'(\d){clock}"', rf'\1{ {"m": "分钟", "h": "小时"}[clock] }"', translated)
    assert json.loads(translated.replace('"橙色"', '"橙"')) == chinese


def test_the_model_of_its_guide_loads(district):
    (model,) = (block.text for block in blocks_of(MODELS) if block.kind == "json")
    (district / "models" / "collective_petition.json").write_text(model, encoding="utf-8")
    rule = "规则: [{编号: r, 定义: {甲: {}}, 按: 网格, 时间窗: 1天, 级别: {黄: 甲 ≥ 3 且 评分(collective_petition) ≥ 20}}]\n"
    assert check(district, rule).returncode == 0


# -- tables ------------------------------------------------------------------------------------------------------


def rows(chapter: str) -> list[list[str]]:
    """the cells of the tables of a chapter, without head and line"""
    text = re.search(rf"^### {chapter}\n(.*?)(?=^#)", CHINESE, re.DOTALL | re.MULTILINE)[1]
    table = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in table[2:]]


def words_of(table: str, header: str) -> list[tuple[str, ...]]:
    """English, Chinese and, where there is one, the place: of an X-macro table"""
    text = (ROOT / "engine" / "rule" / header).read_text(encoding="utf-8")
    body = re.search(rf"#define {table}\(X\)(.*?)\n\n", text, re.DOTALL)[1]
    return re.findall(r'X\(\w+, "(\w*)", "(\w*)"(?:, IN_(\w+))?\)', body)


@pytest.mark.parametrize("chapter, places", [("规则的键", {"FILE", "RULE"}), ("定义的键", {"SELECTION"}),
                                             ("解除、有效期、派发的键", {"CLEAR", "VALID", "SEND"}),
                                             ("通知的键", {"NOTIFY", "INHIBIT", "WHEN", "HOLDS", "BUDGET"})])
def test_the_tables_have_every_key(chapter, places):
    shown = sorted((english.strip("`"), chinese.strip("`")) for chinese, english, *_ in rows(chapter))
    assert shown == sorted((e, c) for e, c, place in words_of("RULE_KEY_TABLE", "rule_priv.h") if place in places)


def test_the_tables_have_every_measure():
    shown = [(re.search(r"`\.(\w+)`", english)[1], re.search(r"`\.(\w+)`", chinese)[1]) for chinese, english, _ in rows("计数")]
    assert shown == [(e, c) for e, c, _ in words_of("MEASURE_TABLE", "rule.h")]


def test_the_tables_have_every_function():
    shown = [(english.strip("`"), re.match(r"`(\w+)\(", chinese)[1]) for chinese, english, _ in rows("函数")]
    assert shown == [(e, c) for e, c, _ in words_of("TERM_TABLE", "rule.h") if e]


def test_the_english_part_has_every_word():
    words = [word for table, header in (("RULE_KEY_TABLE", "rule_priv.h"), ("MEASURE_TABLE", "rule.h"), ("TERM_TABLE", "rule.h"))
             for word, *_ in words_of(table, header) if word]
    missing = [word for word in words if not re.search(rf"`[^`]*\b{word}\b[^`]*`", ENGLISH)]
    assert len(words) > 40 and not missing


def test_the_bounds_are_those_of_the_loader():
    text = (ROOT / "engine" / "rule" / "rule.h").read_text(encoding="utf-8")
    assert f"最多 {re.search('SELECTIONS_MAX = ([0-9]+)', text)[1]} 个，都要用到" in CHINESE
    assert f"最多 {re.search('HOURS_MAX = ([0-9]+)', text)[1]} 段" in CHINESE


def test_each_chapter_that_was_promised_is_there():
    chapters = re.findall(r"^## (.*)$", CHINESE, re.MULTILINE)
    assert chapters == ["第一条规则", "念出来", "全部词语", "数人，不数件", "逐类", "先有、未有、超期", "邻居", "时段和日子", "日历", "工作日", "时期",
                        "分街道阈值表", "派发表", "通知", "和自己的过去比", "评分和断流", "先报还是等等", "何时解除", "试运行、有效期", "保存期", "写测试",
                        "照结论调阈值", "错了什么样"]
