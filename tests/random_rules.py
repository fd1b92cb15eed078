"""Random rules from the whole grammar of the rule language, for the district of made_district.py.

Every feature can be left out, so that a difference between engine and oracle can be narrowed down to one.  What is
drawn is valid as far as a rule shows it by itself; the caller drops what the oracle's reader refuses for its meaning.
"""

from __future__ import annotations

import random
from datetime import timedelta

from made_district import ROWS
from oracle_calendar import local_date
from oracle_words import CLEAR_KEYS, EACH, LEVEL_WORDS, LIVES, RULE_KEYS, SELECTION_KEYS, SUBJECTS
from random_conditions import SIGNS_ZH, Conditions, backward
from streams import START

TODAY = frozenset({"strict", "tags", "kinds", "for", "below", "respondent", "matter", "involved", "sum", "max",
                   "merges", "moves", "voids"})  # what there was before the language was whole
NEW = frozenset({"links", "hours", "days", "after", "unless", "overdue", "regions", "sources", "avg", "change", "share",
                 "both", "adjacent", "anomaly", "workdays", "compare", "equals", "not", "constants", "each", "overrides", "during",
                 "life", "valid", "clear_when", "chinese"})
FEATURES = TODAY | NEW
REGION_KINDS = ("district", "street", "community", "grid", "micro_grid")
WINDOWS = {"10m": 4, "30m": 6, "45m": 3, "1h": 6, "1h30m": 3, "3h": 5, "12h": 2, "24h": 2}


class Drawn(Conditions):
    """One rule: its value as the file has it, in either language, and the rows of its table, if it has one."""

    def __init__(self, rng: random.Random, features: frozenset[str], days: int, id: str):
        super().__init__(rng, features, days)
        self.id = id
        self.overrides: list[dict] = []
        self.spec = self.draw()

    def draw(self) -> dict:
        rng = self.rng
        per = self.per()
        levels = self.levels()
        rule = {"id": self.id, "per": per, "within": self.window(), "levels": levels, "clear": self.clear(),
                "raise_within": "3d"}
        if self.maybe("for", 0.2):
            rule["for"] = rng.choice(("1m", "4m", "15m"))
        if self.maybe("each", 0.25):
            rule["each"] = f"category.{rng.randrange(1, 5)}"
        if self.maybe("during", 0.3):
            rule["during"] = {name: rng.choice((0.5, 0.6, 0.25, 1.5, 0.333)) for name in
                              rng.sample(("year_end", "exam"), rng.randrange(1, 3))}
        if self.maybe("life", 0.2):
            rule["life"] = rng.choice(("draft", "shadow", "active", "active"))
        if self.maybe("valid", 0.2):
            rule["valid"] = self.valid()
        if set(per) <= set(REGION_KINDS) and self.maybe("overrides", 0.4):
            self.draw_overrides(levels)
            rule["overrides"] = f"{self.id}.csv"
        return self.worded({**rule, "let": self.let()})

    def window(self) -> str:
        rng = self.rng
        if self.maybe("workdays", 0.15):
            days = rng.randrange(1, 4)
            return self.word(f"{days} working days", {f"{days} working days": f"{days}个工作日"})
        return self.duration(*rng.choices(list(WINDOWS), WINDOWS.values()))

    def per(self) -> list[str]:
        rng = self.rng
        if not self.adjacent and rng.random() < 0.3 and self.have("respondent", "matter"):
            named = rng.choice(self.have("respondent", "matter"))
            self.of_matters |= named == "matter"
            return [named, "grid"] if rng.random() < 0.5 else [named]
        if rng.random() < 0.3:
            return sorted(rng.sample(REGION_KINDS, 2), key=REGION_KINDS.index, reverse=rng.random() < 0.8)
        return [rng.choice(("grid", "grid", "grid", "community", "street", "district"))]

    def valid(self) -> dict:
        days = sorted(self.rng.choices(range(self.days + 1), k=2))
        first, last = ((local_date(START) + timedelta(days=day)).isoformat() for day in days)
        return self.rng.choice(({"from": first}, {"to": last}, {"from": first, "to": last}))

    def let(self) -> dict:
        """A rule in which matters count reads all sources: what one says of a matter may concern any."""
        if self.of_matters:
            next(iter(self.selections.values())).pop("source", None)
        return self.selections

    def clear(self) -> dict:
        rng = self.rng
        clear = {"after": self.duration(rng.choice(("1m", "5m", "30m", "1h", "2h")))}
        if self.plain:
            (least,) = list(self.thresholds.values())[:1]
            clear["below"] = max(1, int(least) - rng.randrange(3))
        elif self.maybe("clear_when", 0.3):
            kind, text = self.measure("events", "events", "callers", *self.have("involved", "sum"))
            sign = rng.choice(self.downward)
            when = f"{text} {self.word(sign, SIGNS_ZH)} {rng.randrange(1, 4)}"
            if self.maybe("not", 0.3):
                when = f"not {text} >= {rng.randrange(1, 4)}"
            clear["when"] = when
        return clear

    def draw_overrides(self, levels: dict) -> None:
        """Rows for comparisons that the levels have, each region once."""
        rng = self.rng
        words = [(level, *word.partition(".")[::2], word) for level, text in levels.items()
                 for word in text.replace("(", " ").replace("（", " ").split()]
        measures = {(level, name, measure or "events"): word for level, name, measure, word in words
                    if name in self.selections and (not measure or measure.isidentifier())}
        for (level, _, _), word in measures.items():
            for row in rng.sample(ROWS, rng.randrange(3)):
                self.overrides.append({"region": rng.choice((row["code"], row["name"])), "level": level,
                                       "measure": word, "threshold": str(rng.randrange(1, 7))})
        rng.shuffle(self.overrides)

    # -- language

    def worded(self, rule: dict) -> dict:
        if not self.chinese:
            return rule
        let = {name: self.keys(spec, SELECTION_KEYS) for name, spec in rule["let"].items()}
        clear = self.keys(rule["clear"], CLEAR_KEYS)
        per = [self.word(kind, backward(SUBJECTS)) for kind in rule["per"]]
        more = {key: self.word(rule[key], backward(words)) for key, words in (("each", EACH), ("life", LIVES))
                if key in rule}
        levels = self.keys(rule["levels"], LEVEL_WORDS)
        return self.keys({**rule, "let": let, "clear": clear, "per": per, "levels": levels, **more}, RULE_KEYS)

    def keys(self, mapping: dict, words: dict) -> dict:
        return {self.word(key, backward(words)): value for key, value in mapping.items()}
