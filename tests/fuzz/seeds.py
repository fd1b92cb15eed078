"""What the fuzzers begin with: seeds.py FOLDER makes FOLDER/<what>/, a copy of corpus/<what> with what the project has of
that kind (every rule of the district and the guide by itself, every condition, table and model), and FOLDER/<what>.dict,
the words of its loader.  Small seeds: libFuzzer's time goes with the bytes that it mutates."""

import json
import re
import shutil
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GUIDE = (ROOT / "rules" / "README.md").read_text(encoding="utf-8")
LOADERS = {  # whose literals are the words
    "rule": ["engine/rule/*.[ch]", "engine/config/yaml_value.c"],
    "expression": ["engine/rule/expression.c", "engine/rule/term.c", "engine/rule/constant.c", "engine/rule/rule.h"],
    "scorecard": ["engine/rule/scorecard.c", "engine/rule/selection.c", "engine/rule/term.c", "engine/rule/rule.h"],
    "overrides": ["engine/rule/overrides.c", "engine/rule/keys.c", "engine/rule/rule.h"],
    "calendar": ["engine/rule/calendar_load.c", "engine/rule/date.c"],
    "csv": ["engine/registry/csv*.c"],
    "disposition": ["engine/handle/*.[ch]", "engine/notify/silence*.[ch]", "engine/rule/keys.c"],
}


def blocks(kind):
    """of the guide"""
    return re.findall(rf"^```{kind}[^\n]*\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def rules():
    """each as a file of its own, with its comments left out"""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules/district/rules").glob("*.yaml"))]
    for text in texts + blocks("yaml"):
        text = re.sub(r"^ *#[^\n]*\n", "", text, flags=re.MULTILINE)
        head, *found = re.split(r"^(?=  - (?:id|编号): )", text, flags=re.MULTILINE)
        yield from (head + rule for rule in found) if found else [head]


def is_mapping(value):
    """in a configuration, `rules` is a path"""
    return isinstance(value, dict)


def conditions():
    for text in rules():
        try:
            file = yaml.safe_load(text)
        except yaml.YAMLError:  # the guide shows mistakes, too
            continue
        for rule in filter(is_mapping, file.get("rules") or file.get("规则") or []):
            levels = rule.get("levels", rule.get("级别")) or {}
            yield from map(str, levels.values())


def models():
    """of a few features each, and of the name by which the fuzzer asks for them"""
    for path in sorted((ROOT / "models").glob("*.json")):
        model = json.loads(path.read_text(encoding="utf-8")) | {"name": "x"}
        for at in range(0, len(model["features"]), 2):
            yield json.dumps(model | {"features": model["features"][at:at + 2]}, ensure_ascii=False)


def tables():
    for path in sorted((ROOT / "rules/district").rglob("*.csv")):
        yield "\n".join(path.read_text(encoding="utf-8").split("\n")[:8]) + "\n"
    yield from blocks("csv")


def dispositions():
    """those of the pages, one a line"""
    for page in "engine/handle/README.md", "engine/notify/README.md":
        text = (ROOT / page).read_text(encoding="utf-8")
        yield from re.findall(r"^\{.*?\}$(?!\n )", text, re.MULTILINE | re.DOTALL)


def words(what):
    """the short literals of the loader; of those that take arguments, nothing"""
    found = set()
    for pattern in LOADERS[what]:
        for path in ROOT.glob(pattern):
            found |= set(re.findall(r'"([^"\\%\s]{1,24})"', path.read_text(encoding="utf-8")))
    return sorted(word for word in found if not re.search(r"\.[ch]$", word))


def write(folder, what, seeds):
    shutil.copytree(HERE / "corpus" / what, folder / what, dirs_exist_ok=True)
    seeds, dictionary = list(seeds), words(what)
    assert seeds and dictionary, f"{what}: the project has none that look as they did"
    for number, seed in enumerate(seeds):
        (folder / what / f"seed{number:03}").write_text(seed, encoding="utf-8")
    escaped = ("".join(f"\\x{byte:02X}" for byte in word.encode()) for word in dictionary)
    (folder / f"{what}.dict").write_text("".join(f'"{word}"\n' for word in escaped), encoding="ascii")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write(target, "rule", rules())
    write(target, "expression", conditions())
    write(target, "scorecard", models())
    write(target, "disposition", dispositions())
    for loader in "csv", "calendar", "overrides":
        write(target, loader, tables())
    for record in "decode", "wire":
        shutil.copytree(HERE / "corpus" / record, target / record, dirs_exist_ok=True)
