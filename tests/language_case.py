"""One run of the language tests: rules with their tables, a calendar, a stream; the project that is made of them, and
the narrowing of a case that shows something to the least of it that still does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Iterator

from made_district import SOURCES, write_csv, write_district
from streams import LATENESS, Sent


@dataclass(frozen=True)
class Ruled:
    """A rule as its file has it, and its table."""

    spec: dict
    overrides: tuple[dict, ...]


@dataclass(frozen=True)
class Case:
    """What one run of the engine is given."""

    rules: tuple[Ruled, ...]
    calendar: tuple[dict, ...]
    sent: tuple[Sent, ...]

    def write(self, directory: Path, workers: int) -> None:
        write_district(directory)
        (directory / "rules").mkdir()
        (directory / "rules" / "rules.yaml").write_text(
            json.dumps({"rules": [ruled.spec for ruled in self.rules]}, ensure_ascii=False, indent=1), encoding="utf-8")
        for name, table in ((ruled_table(ruled), list(ruled.overrides)) for ruled in self.rules):
            if name:
                write_csv(directory / "rules" / name, table)
        settings = {
            "group": "language", "time": "event", "rules": "rules/", "actor_keys": "ephemeral", "workers": workers,
            "registry": {word: f"{word}.csv" for word in ("regions", "categories", "organisations")},
            "sources": {source: {"file": f"{source}.ndjson", "mapping": "mapping.yaml", "lateness": LATENESS}
                        for source in SOURCES},
            "output": {"directory": "out"}, "http": {"listen": "off"},
            "ledger": {"keep": "400d", "readings_keep": "35d"},
        }
        if self.calendar:
            write_csv(directory / "calendar.csv", list(self.calendar))
            settings["calendar"] = "calendar.csv"
        for source in SOURCES:
            (directory / f"{source}.ndjson").write_text("".join(
                json.dumps(sent.record) + "\n" for sent in self.sent if sent.source == source), encoding="utf-8")
        (directory / "gridwarn.yaml").write_text(json.dumps(settings), encoding="utf-8")


def ruled_table(ruled: Ruled) -> str | None:
    return ruled.spec.get("overrides", ruled.spec.get("分街道阈值"))


# -- narrowing -------------------------------------------------------------------------------------------------------

Still = Callable[[Case], bool]  # whether the difference is still there


def narrowed(case: Case, still: Still) -> Case:
    """One rule, with as little as can be of it, of the calendar and of the stream."""
    case = shrunk(case, "rules", still)
    while (simpler := next((c for c in simplifications(case) if still(c)), None)) is not None:
        case = simpler
    return shrunk(shrunk(case, "sent", still), "calendar", still)


def shrunk(case: Case, field: str, still: Still) -> Case:
    """Without all parts of a list that can go: halves first, single ones at the end."""
    parts = getattr(case, field)
    size = len(parts)
    while size:
        at = 0
        while at < len(parts):
            fewer = parts[:at] + parts[at + size:]
            if still(replace(case, **{field: fewer})):
                parts = fewer
            else:
                at += size
        size //= 2
    return replace(case, **{field: parts})


def simplifications(case: Case) -> Iterator[Case]:
    """With one key less, somewhere in the rules."""
    for number, ruled in enumerate(case.rules):
        for spec in fewer_keys(ruled.spec):
            simpler = replace(ruled, spec=spec, overrides=ruled.overrides if ruled_table(Ruled(spec, ())) else ())
            yield replace(case, rules=(*case.rules[:number], simpler, *case.rules[number + 1:]))
        for row in range(len(ruled.overrides) if len(ruled.overrides) > 1 else 0):
            simpler = replace(ruled, overrides=ruled.overrides[:row] + ruled.overrides[row + 1:])
            yield replace(case, rules=(*case.rules[:number], simpler, *case.rules[number + 1:]))


def fewer_keys(mapping: dict) -> Iterator[dict]:
    for key, value in mapping.items():
        yield {k: v for k, v in mapping.items() if k != key}
        for simpler in fewer_keys(value) if isinstance(value, dict) else ():
            yield {**mapping, key: simpler}
