"""The shipped rules as the oracle judges them: all but those of silent() and score(), which no set of events decides."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

from oracle_calendar import Calendar
from oracle_rules import Rule, read_rule, specs_of
from oracle_words import LEVELS

DISTRICT = Path(__file__).resolve().parent.parent / "rules" / "district"
BEYOND_EVENTS = ("silent(", "score(")


def shipped_specs() -> Iterator[tuple[Path, dict]]:
    """Each rule with its file."""
    for path in sorted((DISTRICT / "rules").glob("*.yaml")):
        for spec in specs_of(path):
            yield path, spec


def is_judged(spec: dict) -> bool:
    return not any(word in condition for condition in spec["levels"].values() for word in BEYOND_EVENTS)


def judged_rules() -> list[Rule]:
    calendar = Calendar.read(DISTRICT / "calendar.csv")
    return [read_rule(spec, LEVELS, calendar, path.parent) for path, spec in shipped_specs() if is_judged(spec)]
