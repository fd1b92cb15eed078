"""Rule files as the oracle reads them: the same YAML that the engine reads, by a second, independent reader.

Any key or word that is not known raises, since an oracle that ignored a condition would agree with an engine that
does.  silent() and score() cannot be worked out from events and are not known.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple, Sequence

import yaml

from events import Event
from oracle_calendar import Calendar, Hours, Span, local_date
from oracle_expression import UPWARD, Adjacent, Comparison, Condition, Measure, Nothing, in_season
from oracle_facts import REGION_LEVELS, Regions, is_overdue
from oracle_parser import Parser, duration, scaled, workdays
from oracle_words import (CLEAR_KEYS, DAYS, EACH, KINDS, LEVELS, LIVES, OVERRIDE_COLUMNS, RULE_KEYS, SELECTION_KEYS, SUBJECTS,
                          english, known, level_number)

COUNTED_KINDS = frozenset({"created", "called_again", "reading"})
SILENT_KEYS = ("title", "version", "send", "sign_within", "close_within")  # no bearing on episodes


@dataclass(frozen=True)
class Selection:
    sources: frozenset[str] | None  # None: any
    categories: tuple[str, ...] | None
    kinds: frozenset[str]
    tags_all: frozenset[str]
    tags_any: frozenset[str]
    hours: tuple[Hours, ...]
    days: tuple[str, ...]
    calendar: Calendar
    after: str | None
    unless: str | None
    overdue: bool

    def selects(self, event: Event) -> bool:
        """By what the event itself says."""
        return (
            event.kind in self.kinds
            and (self.sources is None or event.source in self.sources)
            and (self.categories is None or any(is_below(event.category, prefix) for prefix in self.categories))
            and self.tags_all <= event.tags
            and (not self.tags_any or bool(self.tags_any & event.tags))
            and (not self.hours or any(hours.holds(event.occurred_at) for hours in self.hours))
            and (not self.days or self.calendar.is_one_of(self.days, local_date(event.occurred_at)))
        )

    @property
    def looks_back(self) -> bool:
        return bool(self.after or self.unless or self.overdue)


def is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + ".")


class Override(NamedTuple):
    region: str  # code or name
    level: int
    measure: Measure
    threshold: int


@dataclass(frozen=True)
class Rule:
    id: str
    selections: dict[str, Selection]
    per: tuple[str, ...]
    each: int | None  # how many segments of the category part the episodes
    within: Span
    levels: dict[int, Condition]  # by number, 1 the lowest
    level_names: tuple[str, ...]
    overrides: tuple[Override, ...]
    during: dict[str, Fraction]
    calendar: Calendar
    clear_below: Comparison | None
    clear_when: Condition | None
    clear_after: int  # seconds, as are all durations here
    hold: int  # `for`
    raise_within: int
    life: str
    valid_from: date
    valid_to: date

    def takes(self, name: str, fact: Event, past: Sequence[Event]) -> bool:
        """Whether a selection takes the fact, before which its matter had seen that past."""
        selection = self.selections[name]

        def seen(target: str) -> bool:
            return any(self.selections[target].selects(earlier) for earlier in past)

        return (selection.selects(fact)
                and (selection.after is None or seen(selection.after))
                and (selection.unless is None or not seen(selection.unless))
                and (not selection.overdue or is_overdue(past, fact.occurred_at)))

    def value_of_each(self, fact: Event) -> str | None:
        return ".".join(fact.category.split(".")[:self.each]) if self.each and fact.category else None

    def is_valid(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_to

    def levels_in(self, region: str, regions: Regions) -> dict[int, Condition]:
        """The levels with the thresholds of this place, which may be no region."""
        found = dict(self.levels)
        for container in reversed(regions.path(region) if self.overrides else []):  # the deepest speaks last
            for override in self.overrides:
                if regions.find(override.region) == container:
                    found[override.level] = found[override.level].mapped(override_with(override))
        return found

    def levels_on(self, levels: dict[int, Condition], day: date) -> dict[int, Condition]:
        factor = self.calendar.factor(self.during, day)
        return {number: in_season(condition, factor) for number, condition in levels.items()}

    def comparisons(self) -> list[Comparison]:
        """Of the levels and, last, of what clears."""
        clear = [self.clear_when] if self.clear_when else []
        return [one for condition in (*self.levels.values(), *clear) for one in condition.comparisons()]

    @property
    def is_monotone(self) -> bool:
        """Whether further facts can only make levels truer."""
        return all(one.is_upward() and one.term.grows
                   and not any(self.selections[name].unless or self.selections[name].overdue
                               for name in one.term.selections())
                   for condition in self.levels.values() for one in condition.comparisons())


def override_with(override: Override):
    def changed(one: Comparison) -> Comparison:
        concerned = one.term == override.measure and one.is_upward()
        return Comparison(one.term, one.sign, override.threshold) if concerned else one
    return changed


# -- reading -----------------------------------------------------------------------------------------------------


def listed(value: object) -> list:
    return [] if value is None else value if isinstance(value, list) else [value]


def span(value: object, calendar: Calendar) -> Span:
    days = workdays(value)
    return Span(workdays=days, calendar=calendar) if days else Span(duration(value))


def read_selection(spec: dict | None, calendar: Calendar) -> Selection:
    spec = english(spec or {}, SELECTION_KEYS)
    sources, categories, kinds = (listed(spec.pop(key, None)) for key in ("source", "category", "kind"))
    tags_all, tags_any = (frozenset(listed(spec.pop(key, None))) for key in ("tag", "any_tag"))
    found = Selection(frozenset(sources) or None, tuple(categories) or None, frozenset(known(kind, KINDS) for kind in kinds) or COUNTED_KINDS,
                      tags_all, tags_any, tuple(map(Hours.parse, listed(spec.pop("hours", None)))),
                      tuple(known(day, DAYS) for day in listed(spec.pop("days", None))), calendar,
                      spec.pop("after", None), spec.pop("unless", None), spec.pop("overdue", False))
    if spec:
        raise ValueError(f"not known in a selection: {sorted(spec)}")
    return found


def read_overrides(path: Path, level_names: tuple[str, ...]) -> tuple[Override, ...]:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030")
    found = []
    for line in csv.DictReader(text.splitlines()):
        row = english(line, OVERRIDE_COLUMNS)
        measure = Parser(row["measure"]).measure_alone()
        threshold = scaled(Parser(row["threshold"]).constant_alone(), measure.unit)
        region = next(row[column] for column in ("code", "region", "name") if row.get(column))
        found.append(Override(region, level_number(row["level"], level_names), measure, threshold))
    return tuple(found)


def read_during(spec: dict) -> dict[str, Fraction]:
    found = {name: Parser(number).constant_alone() for name, number in spec.items()}
    if not all(Fraction(1, 100) <= multiplier <= 100 for multiplier in found.values()):
        raise ValueError(f"a multiplier that is not of 0.01 to 100: {spec}")
    return found


def read_rule(spec: dict, level_names: tuple[str, ...] = LEVELS, calendar: Calendar = Calendar(),
              directory: Path = Path(".")) -> Rule:
    """The directory is that of the file, to which its tables are relative."""
    spec = {key: value for key, value in english(spec, RULE_KEYS).items() if key not in SILENT_KEYS}
    levels = {level_number(name, level_names): Parser(text).condition() for name, text in spec.pop("levels").items()}
    clear = english(spec.pop("clear", None) or {}, CLEAR_KEYS)
    valid = dict(spec.pop("valid", None) or {})
    each, overrides, when = spec.pop("each", None), spec.pop("overrides", None), clear.pop("when", None)
    rule = Rule(
        id=spec.pop("id"),
        selections={name: read_selection(value, calendar) for name, value in spec.pop("let").items()},
        per=tuple(known(kind, SUBJECTS) for kind in listed(spec.pop("per"))),
        each=int(known(each, EACH).removeprefix("category.")) if each else None,
        within=span(spec.pop("within"), calendar),
        levels=dict(sorted(levels.items())),
        level_names=level_names,
        overrides=read_overrides(directory / overrides, level_names) if overrides else (),
        during=read_during(spec.pop("during", None) or {}),
        calendar=calendar,
        clear_below=read_below(clear.pop("below", None), levels),
        clear_when=Parser(when).condition() if when else None,
        clear_after=duration(clear.pop("after", "30m")),
        hold=duration(spec.pop("for", "0m")),
        raise_within=duration(spec.pop("raise_within", "6h")),
        life=known(spec.pop("life", "active"), LIVES),
        valid_from=day_of(valid.pop("from", date.min)),
        valid_to=day_of(valid.pop("to", date.max)),
    )
    if spec or clear or valid:
        raise ValueError(f"rule {rule.id}: not understood: {sorted(spec) + sorted(clear) + sorted(valid)}")
    check(rule)
    return rule


def day_of(value: object) -> date:
    """YAML reads a date by itself; JSON has a text."""
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def read_below(below: object, levels: dict[int, Condition]) -> Comparison | None:
    """The language allows it only where all levels use one measure."""
    if below is None:
        return None
    (term,) = {one.term for condition in levels.values() for one in condition.comparisons()}
    return Comparison(term, ">=", scaled(Parser(below).constant_alone(), term.unit))


def check(rule: Rule) -> None:
    for why in complaints(rule):
        raise ValueError(f"rule {rule.id}: {why}")


def complaints(rule: Rule) -> Iterator[str]:
    """What no part of a rule shows by itself."""
    used = {name for one in rule.comparisons() for name in one.term.selections()}
    targets = {name for s in rule.selections.values() for name in (s.after, s.unless) if name}
    if used | targets != set(rule.selections):
        yield "a name is not in let, or nothing uses it"
    if any(rule.selections[name].looks_back for name in targets):
        yield "after or unless names what itself looks back"
    if rule.overrides or any(isinstance(one.term, Adjacent) for one in rule.comparisons()):
        if not set(rule.per) <= set(REGION_LEVELS):
            yield "overrides and adjacent() are for regions"
    if any(override.threshold <= 0 or not overridden(rule, override) for override in rule.overrides):
        yield "an override of nothing, or to nothing"
    if rule.clear_when and rule.clear_below:
        yield "clear has both below and when"
    if rule.clear_when and not rule.clear_when.holds(Nothing()):
        yield "clear.when does not hold of nothing: it would never end"


def overridden(rule: Rule, override: Override) -> bool:
    return any(one.term == override.measure and one.sign in UPWARD
               for one in rule.levels[override.level].comparisons())


def read_rules(path: Path, level_names: tuple[str, ...] = LEVELS, calendar: Calendar = Calendar()) -> list[Rule]:
    """All rules of a file, or of a folder's files in the order of their names."""
    files = sorted(f for f in path.iterdir() if f.suffix in (".yaml", ".yml", ".json")) if path.is_dir() else [path]
    return [read_rule(spec, level_names, calendar, file.parent) for file in files for spec in specs_of(file)]


def specs_of(file: Path) -> Iterable[dict]:
    """none of a file that says only what is one for all rules"""
    return english(yaml.safe_load(file.read_text(encoding="utf-8")), {"规则": "rules"}).get("rules", ())
