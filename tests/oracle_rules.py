"""Rule files as the oracle reads them: the same YAML that the engine reads, by a second, independent reader.

Only the language of this version is known; any other key or word raises, since an oracle that ignored a condition
would agree with an engine that does.  Expressions become closures over a function that measures.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Callable

import yaml

from events import VALUE_SCALE, Event

LEVELS = ("blue", "yellow", "orange", "red")
COUNTED_KINDS = frozenset({"created", "called_again", "reading"})
MEASURES = ("events", "callers", "involved", "sum", "max")

Atom = tuple[str, str]  # selection, measure
Measure = Callable[[Atom], float]
Expression = Callable[[Measure], bool]


@dataclass(frozen=True)
class Selection:
    sources: frozenset[str] | None  # None: any
    categories: tuple[str, ...] | None
    kinds: frozenset[str]
    tags_all: frozenset[str]
    tags_any: frozenset[str]

    def selects(self, event: Event) -> bool:
        return (
            event.kind in self.kinds
            and (self.sources is None or event.source in self.sources)
            and (self.categories is None or any(is_below(event.category, prefix) for prefix in self.categories))
            and self.tags_all <= event.tags
            and (not self.tags_any or bool(self.tags_any & event.tags))
        )


def is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + ".")


@dataclass(frozen=True)
class Rule:
    id: str
    selections: dict[str, Selection]
    per: tuple[str, ...]
    within: int  # seconds, as are all durations here
    levels: dict[int, Expression]  # by number, 1 the lowest
    level_names: tuple[str, ...]
    lowest_atom: Atom | None  # the lowest level's one measure, which clear.below is compared with
    clear_below: int | None
    clear_after: int
    hold: int  # `for`
    raise_within: int


def duration(value: object) -> int:
    text = str(value)
    parts = re.findall(r"(\d+)([smhd])", text)
    if not parts or "".join(n + unit for n, unit in parts) != text:
        raise ValueError(f"not a duration: {text!r}")
    return sum(int(n) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit] for n, unit in parts)


def listed(value: object) -> list:
    return [] if value is None else value if isinstance(value, list) else [value]


def scaled(number: object, measure: str) -> int:
    """A threshold in the unit that its measure is kept in."""
    exact = Decimal(str(number)) * (VALUE_SCALE if measure in ("sum", "max") else 1)
    if exact != int(exact):
        raise ValueError(f"{number} is finer than {measure or 'events'} can be")
    return int(exact)


class Parser:
    """Comparisons joined by `and`, `or` and parentheses; `and` binds tighter."""

    TOKEN = re.compile(r"\s*(?:(and|or)\b|([^\W\d]\w*(?:\.\w+)?)|(-?\d+(?:\.\d+)?)|(>=|>|[()])|(\S))")

    def __init__(self, text: str):
        plain = unicodedata.normalize("NFKC", text).replace("≥", ">=").replace("且", " and ").replace("或", " or ")
        self.text = text
        self.tokens = [next(group for group in match.groups() if group) for match in self.TOKEN.finditer(plain)]
        self.atoms: set[Atom] = set()

    def parse(self) -> Expression:
        expression = self.alternatives()
        if self.tokens:
            raise ValueError(f"{self.tokens[0]!r} not expected in {self.text!r}")
        return expression

    def take(self, *wanted: str) -> str:
        if not self.tokens or (wanted and self.tokens[0] not in wanted):
            raise ValueError(f"expected {' or '.join(wanted) or 'more'} in {self.text!r}")
        return self.tokens.pop(0)

    def joined(self, word: str, part: Callable[[], Expression], join: Callable) -> Expression:
        parts = [part()]
        while self.tokens[:1] == [word]:
            self.take(word)
            parts.append(part())
        return parts[0] if len(parts) == 1 else lambda measure: join(part(measure) for part in parts)

    def alternatives(self) -> Expression:
        return self.joined("or", self.conjunction, any)

    def conjunction(self) -> Expression:
        return self.joined("and", self.comparison, all)

    def comparison(self) -> Expression:
        if self.tokens[:1] == ["("]:
            self.take("(")
            inner = self.alternatives()
            self.take(")")
            return inner
        name, _, measure = self.take().partition(".")
        atom = (name, measure or "events")
        if atom[1] not in MEASURES:
            raise ValueError(f"unknown measure {atom[1]!r} in {self.text!r}")
        self.atoms.add(atom)
        strict = self.take(">=", ">") == ">"
        threshold = scaled(self.take(), measure)
        if strict:
            return lambda measured: measured(atom) > threshold
        return lambda measured: measured(atom) >= threshold


def read_selection(spec: dict | None) -> Selection:
    spec = dict(spec or {})
    sources, categories, kinds = (listed(spec.pop(key, None)) for key in ("source", "category", "kind"))
    tags_all, tags_any = (frozenset(listed(spec.pop(key, None))) for key in ("tag", "any_tag"))
    if spec:
        raise ValueError(f"not known in a selection: {sorted(spec)}")
    return Selection(frozenset(sources) or None, tuple(categories) or None, frozenset(kinds) or COUNTED_KINDS,
                     tags_all, tags_any)


SILENT_KEYS = ("title", "version", "send", "sign_within", "close_within")  # no bearing on episodes


def read_rule(spec: dict, level_names: tuple[str, ...] = LEVELS) -> Rule:
    spec = {key: value for key, value in spec.items() if key not in SILENT_KEYS}
    parsers = {level_names.index(name) + 1: Parser(str(text)) for name, text in spec.pop("levels").items()}
    levels = {number: parser.parse() for number, parser in sorted(parsers.items())}
    lowest = parsers[min(parsers)].atoms
    clear = dict(spec.pop("clear", None) or {})
    rule = Rule(
        id=spec.pop("id"),
        selections={name: read_selection(value) for name, value in spec.pop("let").items()},
        per=tuple(listed(spec.pop("per"))),
        within=duration(spec.pop("within")),
        levels=levels,
        level_names=level_names,
        lowest_atom=next(iter(lowest)) if len(lowest) == 1 else None,
        clear_below=clear_threshold(clear.pop("below", None), lowest),
        clear_after=duration(clear.pop("after", "30m")),
        hold=duration(spec.pop("for", "0m")),
        raise_within=duration(spec.pop("raise_within", "6h")),
    )
    used = {name for parser in parsers.values() for name, _ in parser.atoms}
    if spec or clear or not used <= set(rule.selections):
        raise ValueError(f"rule {rule.id}: not understood: {sorted(spec) + sorted(clear)}, or a name is not in let")
    return rule


def clear_threshold(below: object, lowest: set[Atom]) -> int | None:
    if below is None:
        return None
    ((_, measure),) = lowest  # the language allows `below` only where there is one measure
    return scaled(below, measure)


def read_rules(path: Path, level_names: tuple[str, ...] = LEVELS) -> list[Rule]:
    """All rules of a file, or of a folder's files in the order of their names."""
    files = sorted(f for f in path.iterdir() if f.suffix in (".yaml", ".yml", ".json")) if path.is_dir() else [path]
    return [read_rule(spec, level_names) for file in files
            for spec in yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]]
