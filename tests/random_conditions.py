"""Random selections and conditions of the rule language, in either of its two languages."""

from __future__ import annotations

import random

from made_district import COMPLAINED, SOURCES, TAGS
from oracle_words import DAYS, KINDS, LEVELS

THRESHOLDS = {"events": (1, 6), "callers": (1, 6), "involved": (2, 12), "regions": (1, 4), "sources": (1, 3),
              "both": (1, 3), "adjacent": (1, 3), "sum": (2, 200), "max": (3, 68), "avg": (2, 66), "change": (1, 4),
              "share": (0.1, 1.5), "anomaly": (0.3, 3)}
WHOLE = ("events", "callers", "involved", "regions", "sources", "both", "adjacent")
MEASURES_ZH = {"events": "件数", "callers": "人数", "involved": "涉及人数", "sum": "合计", "max": "最大",
               "regions": "网格数", "sources": "来源数", "avg": "平均"}
FUNCTIONS_ZH = {"change": "变化", "share": "占比", "both": "共同", "adjacent": "邻近", "anomaly": "异常"}
SIGNS_ZH = {">=": "≥", "<=": "≤", "!=": "≠", ">": "＞", "<": "＜", "=": "＝"}
PUNCTUATION_ZH = {"(": "（", ")": "）", ",": "，"}
NAMES, NAMES_ZH = ("a", "b", "c", "d", "e", "f"), ("甲", "乙", "丙", "丁", "戊", "己")


class Conditions:
    """Those of one rule, and the selections that they have named so far."""

    def __init__(self, rng: random.Random, features: frozenset[str], days: int):
        self.rng, self.features, self.days = rng, features, days
        self.chinese = self.maybe("chinese", 0.3)  # and then word by word
        self.selections: dict[str, dict] = {}
        self.of_matters = False  # whether what one fact says of a matter may change what another counts for
        self.adjacent = self.maybe("adjacent", 0.15)
        self.plain = self.maybe("below", 0.2)  # one growing measure in all levels
        self.growth = rng.choice((1, 2))
        self.bare = rng.random() < 0.6  # one way to write a measure, so that equal terms have equal texts
        self.measures = {name: self.word(name, MEASURES_ZH) for name in MEASURES_ZH}
        self.thresholds: dict[str, float] = {}  # by the term's text
        self.signs: dict[str, str] = {}

    def maybe(self, feature: str, chance: float) -> bool:
        return feature in self.features and self.rng.random() < chance

    def have(self, *names: str) -> list[str]:
        return [name for name in names if name in self.features]

    def word(self, english: str, chinese: dict[str, str]) -> str:
        return chinese.get(english, english) if self.chinese and self.rng.random() < 0.7 else english

    def duration(self, text: str) -> str:
        if self.chinese:
            for short, long in (("h", "小时"), ("m", "分钟"), ("d", "天")):
                text = text.replace(short, long)
        return text

    # -- selections

    def selection(self, looking_back: bool = True) -> str:
        """The name of one, which may be one that there is."""
        rng = self.rng
        plain = [name for name, spec in self.selections.items() if looking_back or not looks_back(spec)]
        full = len(self.selections) > len(NAMES) - 3
        if plain and (full or rng.random() < 0.5):
            return rng.choice(plain)
        spec = self.static()
        if looking_back and not full:
            self.look_back(spec)
        name = (NAMES_ZH if self.chinese else NAMES)[len(self.selections)]
        self.selections[name] = spec
        return name

    def look_back(self, spec: dict) -> None:
        for key in self.have("after", "unless"):
            if self.rng.random() < 0.15:
                spec[key] = self.selection(looking_back=False)
        if self.maybe("overdue", 0.12):
            spec["overdue"] = True
        self.of_matters |= looks_back(spec)

    def static(self) -> dict:
        rng, spec = self.rng, {}
        if rng.random() < 0.35:
            spec["source"] = rng.choice((*SOURCES, ["hotline", "petition"]))
        if rng.random() < 0.3:
            spec["category"] = rng.choice((*COMPLAINED, ["noise", "sensor"], ["labour.wages", "noise.bar"]))
        if self.maybe("tags", 0.25):
            spec[rng.choice(("tag", "any_tag"))] = rng.choice((*TAGS, list(TAGS)))
        if self.maybe("kinds", 0.25):
            kinds = rng.choice((["called_again"], ["created"], ["created", "called_again"], ["status"], ["closed"],
                                ["closed", "reopened"]))
            spec["kind"] = [self.word(kind, backward(KINDS)) for kind in kinds]
            if spec.get("source") == "sensor":
                del spec["source"]
        if self.maybe("hours", 0.25):
            spec["hours"] = rng.choice(("22:00-06:00", "08:00-20:00", ["09:30-12:00", "14:00-24:00"], "00:00-07:10"))
        if self.maybe("days", 0.25):
            days = rng.choice(("workday", "holiday", "mon", ["sun", "workday"], ["holiday", "tue"]))
            spec["days"] = [self.word(d, backward(DAYS)) for d in days] if isinstance(days, list) else days
        return spec

    # -- conditions

    def levels(self) -> dict:
        """Of one shape, with rising thresholds: none may hold wherever a higher one does."""
        rng = self.rng
        names = sorted(rng.sample(LEVELS, rng.choice((1, 1, 2, 2, 3))), key=LEVELS.index)
        main, more = self.term(), [] if self.plain else [self.comparison() for _ in range(rng.choice((0, 0, 1, 1, 2)))]
        more = [part for part in more if f"{main[1]} " not in part]
        join = rng.choice(("and", "and", "or"))
        return {name: self.joined(join, [self.compared(main, step), *more]) for step, name in enumerate(names)}

    def joined(self, join: str, parts: list[str]) -> str:
        and_or = {"and": ("且", "并且"), "or": ("或", "或者")}[join]
        word = self.word(join, {join: self.rng.choice(and_or)})
        return f" {word} ".join(parts)

    def comparison(self) -> str:
        """Sometimes two in parentheses."""
        one = self.compared(self.term(), 0, self.sign())
        if self.rng.random() < 0.2:
            one = f"({self.joined(self.rng.choice(('and', 'or')), [one, self.compared(self.term(), 0, self.sign())])})"
        if self.maybe("not", 0.2):
            one = f"{self.word('not', {'not': '非'})} {one if one[0] == '(' else f'({one})'}"
        return one

    def sign(self) -> str:
        kinds = [self.upward, *([self.downward] if "compare" in self.features else []),
                 *([("=", "!=")] if "equals" in self.features else [])]
        return self.rng.choice(self.rng.choice(kinds))

    @property
    def upward(self) -> tuple[str, ...]:
        return (">=", ">=", ">") if "strict" in self.features else (">=",)

    @property
    def downward(self) -> tuple[str, ...]:
        return ("<=", "<") if "strict" in self.features else ("<=",)

    def term(self) -> tuple[str, str]:
        """(kind, text)"""
        rng = self.rng
        if self.adjacent and not self.plain and rng.random() < 0.7:
            return "adjacent", self.call("adjacent", self.inner())
        functions = self.have("change", "share", "both", *(["anomaly", "anomaly"] if self.days > 28 else []))
        if self.plain or not functions or rng.random() < 0.65:
            return self.measure()
        function = rng.choice(functions)
        return function, self.call(function, *getattr(self, f"of_{function}")())

    def of_both(self) -> list[str]:
        return [self.selection(), self.selection()]

    def of_share(self) -> list[str]:
        """Of one unit."""
        sums = "sum" in self.features and self.rng.random() < 0.3
        return [self.measure(*(["sum"] if sums else self.whole()))[1] for _ in range(2)]

    def of_change(self) -> list[str]:
        return [self.measure(*self.whole(), *self.have("sum"))[1],
                self.duration(self.rng.choice(("30m", "1h", "3h", "24h")))]

    def of_anomaly(self) -> list[str]:
        return [self.measure(*self.whole())[1]]

    def whole(self) -> list[str]:
        return ["events", "events", "callers", *self.have("involved", "regions", "sources")]

    def measure(self, *names: str) -> tuple[str, str]:
        rng = self.rng
        wanted = names or ("events", "events", "events", "callers", "callers",
                           *self.have("involved", "regions", "sources", "sum", "max"),
                           *([] if self.plain else self.have("avg")))
        name, selection = rng.choice(wanted), self.selection()
        self.of_matters |= name == "involved"
        if name == "events" and self.bare:
            return name, selection
        return name, f"{selection}.{self.measures[name]}"

    def inner(self) -> str:
        names = ["events", "events", "callers", *self.have("involved", "regions", "sources", "sum", "max")]
        parts = [self.compared(self.measure(*names), 0) for _ in range(self.rng.choice((1, 1, 2)))]
        return self.joined(self.rng.choice(("and", "or")), parts)

    def call(self, function: str, *arguments: str) -> str:
        name, opening, comma, closing = (self.word(text, {**FUNCTIONS_ZH, **PUNCTUATION_ZH})
                                         for text in (function, "(", ",", ")"))
        return f"{name}{opening}{f'{comma} '.join(arguments)}{closing}"

    def compared(self, term: tuple[str, str], step: int, sign: str = "") -> str:
        """The thresholds of one term rise with the step; the first is drawn, and remembered by its text."""
        kind, text = term
        first = self.thresholds.setdefault(text, self.threshold(kind))
        sign = sign or self.signs.setdefault(text, self.rng.choice(self.upward))
        grown = first + step * self.growth * (1 if kind in WHOLE else max(round(first / 8, 3), 0.05))
        return f"{text} {self.word(sign, SIGNS_ZH)} {self.number(kind, grown)}"

    def threshold(self, kind: str) -> float:
        low, high = THRESHOLDS[kind]
        return self.rng.randint(low, high) if kind in WHOLE else round(self.rng.uniform(low, high),
                                                                        self.rng.randrange(low < 1, 4))

    def number(self, kind: str, number: float) -> str:
        plain = f"{round(number, 3):g}"
        if not self.maybe("constants", 0.25):
            return plain
        if kind in WHOLE:
            return self.rng.choice((f"{plain}*1", f"{number + 2:g}-2", f"({number * 3:g})/3", f"0.5*{number * 2:g}"))
        return self.rng.choice((f"{plain}*2/2", f"({plain} + 0.125) - 0.125"))


def looks_back(spec: dict) -> bool:
    return any(key in spec for key in ("after", "unless", "overdue"))


def backward(words: dict[str, str]) -> dict[str, str]:
    return {english: chinese for chinese, english in words.items()}
