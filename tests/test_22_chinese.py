"""Whatever the engine tells the author of a file, it can say in Chinese: every text has its entry in
engine/base/chinese.c, with the same arguments, and no entry is left over.
"""

import os
import re
from pathlib import Path

import spoken

SAID, MISTAKES = spoken.spoken()
OURS, THEIRS = dict(spoken.table("ours")), dict(spoken.table("theirs"))
PUNCTUATION = re.compile(r"[\u4e00-\u9fff][,;:?!]|[,;?!][\u4e00-\u9fff]")


def test_the_texts_are_found():
    """one of each way of writing them; if the search went blind, all else here would pass"""
    formats = ("%s: expected whole minutes", "the neighbour %.*s is not in this file", "expected a number",
               "always true: expected a threshold above 0")
    words = ("within (时间窗)", "a rule", "not YAML", "tag", "alerts are published exactly once")
    for text in formats + words:
        assert SAID.get(text) is (text in formats), text
    assert len(SAID) > 200 and "workers" not in SAID


def test_every_text_has_its_chinese():
    missing = sorted(text for text in SAID if text not in OURS)
    assert not missing, "no Chinese in engine/base/chinese.c for:\n" + "\n".join(map(repr, missing))


def test_words_are_said_through_the_table():
    assert not MISTAKES, "\n".join(MISTAKES)


def test_no_entry_is_left_over():
    left = sorted(text for text in OURS if text not in SAID and re.search(r"[^\W\d_]", spoken.CONVERSION.sub("", text)))
    assert not left, "engine/base/chinese.c has what nobody says:\n" + "\n".join(map(repr, left))


def test_no_entry_stands_twice():
    pairs = spoken.table("ours") + spoken.table("theirs")
    assert len(pairs) == len({english for english, _ in pairs}) and all(len(pair) == 2 for pair in pairs)


def test_both_take_the_same_arguments():
    """printf reads what is on the stack as the format says: a slip here is a crash in front of an author"""
    wrong = []
    for english in (text for text, is_format in SAID.items() if is_format and text in OURS):
        wanted, taken = spoken.arguments_of(english), spoken.arguments_of(OURS[english])
        if wanted is None or wanted != taken:
            wrong.append(f"{english!r} takes {wanted}, {OURS[english]!r} takes {taken}")
    assert not wrong, "\n".join(wrong)


def is_well_set(english, chinese):
    said = re.sub(r"`[^`]*`|\"[^\"]*\"", "", spoken.CONVERSION.sub("", chinese))  # code keeps its own
    translated = re.search("[\u4e00-\u9fff]", chinese) or not re.search("[a-z]{2}", spoken.CONVERSION.sub("", english))
    return translated and not PUNCTUATION.search(said) and not chinese.endswith("。")


def test_it_is_chinese_as_it_is_printed():
    wrong = [pair for pair in {**OURS, **THEIRS}.items() if not is_well_set(*pair)]
    assert not wrong, "\n".join(map(repr, wrong))
    assert not is_well_set("a path", "路径,绝对") and not is_well_set("a path", "path") and is_well_set("a path", "路径")


def test_the_arguments_are_read_as_printf_does():
    assert spoken.arguments_of("%s %d") == spoken.arguments_of("%2$d: %1$s") == ["s", "d"]
    assert spoken.arguments_of("%.*s: 100%% %lld") == ["*", "s", "lld"]
    assert spoken.arguments_of("%03o %zu %.0f") == ["o", "zu", "f"]
    assert [spoken.arguments_of(wrong) for wrong in ("%2$s", "%1$s %s", "%1$.*2$s", "%y", "100%")] == [None] * 5


def test_what_others_say_is_what_they_say():
    """strerror's and libyaml's own words: a slip in them would never be noticed"""
    system = {os.strerror(number) for number in range(1, 140)}
    library = next(Path("/usr/lib").rglob("libyaml-0.so.2")).read_bytes()
    wrong = [text for text in THEIRS if text not in system and b"\0" + text.encode() + b"\0" not in library]
    assert not wrong
