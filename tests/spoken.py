"""What the engine says to people who wrote a file: every text of engine/ that reaches a list of problems, found in the
sources, and the table of their Chinese (engine/base/chinese.c).

A text reaches people in one of three ways, and each is found by how it is written:
- as the format of a call that adds a problem (SPEAKERS);
- as a word handed on along with the list (yaml_duration(node, "within (时间窗)", ..., problems)); a bare key (`workers`)
  is shown as the author writes it, so only what is more than a key needs Chinese;
- marked by N_(), where it is kept for later.
"""

import re
from pathlib import Path

ENGINE = Path(__file__).resolve().parent.parent / "engine"
TABLE = ENGINE / "base" / "chinese.c"
# which argument is the format, from 0
SPEAKERS = {"problem_add": 4, "problem_warn": 4, "yaml_problem": 2, "yaml_warning": 2, "csv_problem": 3, "csv_warning": 3, "parser_fail": 2}
# words that stand in these calls are shown, whatever they look like: name -> which argument
WORDS = {"unknown": 1, "case_unknown": 2, "N_": 0, "problem_word": 1}
# files in which a speaker's name means something else
OTHERS: dict[str, str] = {}
KEY = re.compile(r"[\w.-]*", re.ASCII)
TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[A-Za-z_]\w*|\s+|.""", re.DOTALL)
CONVERSION = re.compile(r"%(?:(\d+)\$)?[-+ #0]*(\*|\d+)?(?:\.(\*|\d+))?(hh|h|ll|l|z|j|t)?([diouxXeEfgGcsp%])")
MACRO = re.compile(r'^#define (\w+) ("(?:\\.|[^"\\])*")$', re.MULTILINE)
MACROS = {name: text for path in ENGINE.rglob("*.h") for name, text in MACRO.findall(path.read_text(encoding="utf-8"))}


def tokens(text):
    """without comments and blanks; a macro that is a text stands as that"""
    return [MACROS.get(t, t) for t in TOKEN.findall(text) if not t.isspace() and not t.startswith(("//", "/*"))]


def is_literal(token):
    return token.startswith('"')


def text_of(literal):
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), literal[1:-1])


def literals(words):
    """adjacent literals are one text"""
    found, at = [], 0
    while at < len(words):
        if is_literal(words[at]):
            text = ""
            while at < len(words) and is_literal(words[at]):
                text += text_of(words[at])
                at += 1
            found.append(text)
        else:
            at += 1
    return found


def calls(words):
    """(name, arguments), each argument a list of tokens; those within others, too"""
    for at in range(len(words) - 1):
        if re.match(r"[A-Za-z_]", words[at]) and words[at + 1] == "(":
            arguments, depth, k = [[]], 1, at + 2
            while depth and k < len(words):
                depth += (words[k] in "([{") - (words[k] in ")]}")
                if words[k] == "," and depth == 1:
                    arguments.append([])
                elif depth:
                    arguments[-1].append(words[k])
                k += 1
            yield words[at], arguments


def speaks(name, path):
    return name in SPEAKERS and path.as_posix().endswith(OTHERS.get(name, ""))


def without(words, name):
    """the tokens outside calls of `name`"""
    kept, at = [], 0
    while at < len(words):
        if words[at] == name and words[at + 1: at + 2] == ["("]:
            depth, at = 1, at + 2
            while depth:
                depth += (words[at] == "(") - (words[at] == ")")
                at += 1
        else:
            kept.append(words[at])
            at += 1
    return kept


def texts_of(path, source):
    """(text, is it a format?) of one file, and its mistakes: words that would be shown in English always"""
    said, bare = set(), []
    for name, arguments in calls(tokens(source)):
        if speaks(name, path):
            place = SPEAKERS[name]
            said |= {(text, True) for text in literals(arguments[place] if place < len(arguments) else [])}
            rest = [word for argument in arguments[place + 1:] for word in without(argument, "problem_word")]
            bare += [f"{path}: {text!r} stands outside problem_word()" for text in literals(rest)
                     if not KEY.fullmatch(text)]
        elif name in WORDS and len(arguments) > WORDS[name]:
            said |= {(text, False) for text in literals(arguments[WORDS[name]])}
        elif any("problems" in argument for argument in arguments) and name not in ("if", "while", "for"):
            said |= {(text, False) for argument in arguments for text in literals(without(argument, "N_"))
                     if not KEY.fullmatch(text)}
    return said, bare


def spoken():
    """text -> is it a format?, of all of engine/, and the mistakes"""
    all_said, mistakes = {}, []
    for path in sorted(ENGINE.rglob("*.c")):
        if path == TABLE:
            continue
        said, bare = texts_of(path, path.read_text(encoding="utf-8"))
        mistakes += bare
        for text, is_format in said:
            if re.search(r"[^\W\d_]", CONVERSION.sub("", text) if is_format else text):  # more than "%s: %s"
                all_said[text] = all_said.get(text, False) or is_format
    return all_said, mistakes


def table(name):
    """(English, Chinese) in the order of the table `name` of chinese.c"""
    source = TABLE.read_text(encoding="utf-8")
    body = re.search(rf"\b{name}\[\] = \{{(.*?)\n\}};", source, re.DOTALL)[1]
    entry, pairs = [], []
    for token in tokens(body):
        if token == "{":
            entry = [[]]
        elif token == "," and entry:
            entry.append([])
        elif token == "}":
            pairs.append(tuple("".join(map(text_of, part)) for part in entry if part))
            entry = []
        elif entry:
            entry[-1].append(token)
    return pairs


def arguments_of(format):
    """what a format takes, in the order of the arguments; None where that cannot be: numbered with a gap, or mixed"""
    taken, numbered = {}, set()
    if "%" in CONVERSION.sub("", format):
        return None
    for number, width, precision, length, kind in CONVERSION.findall(format):
        if kind == "%":
            continue
        stars = [star for star in (width, precision) if star == "*"]
        numbered.add(bool(number))
        if number and stars:
            return None
        for star in stars:
            taken[len(taken) + 1] = star
        taken[int(number) if number else len(taken) + 1] = length + kind
    if len(numbered) > 1 or set(taken) != set(range(1, len(taken) + 1)):
        return None
    return [taken[i + 1] for i in range(len(taken))]
