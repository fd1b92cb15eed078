"""Medians over the rounds, as a table: each figure and its ratio to the yardstick, the first contender.  Of alerts missed, wrong
or taken back the worst round's."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import NamedTuple, Optional

from crossings import GRID, STREET, Verdict
from process import Run


class Result(NamedTuple):
    run: Run
    verdict: Optional[Verdict]  # None: it gives no alerts

    def line(self) -> str:
        run = self.run
        said = ""
        if self.verdict:
            (grid_missed, grid_wrong), (street_missed, street_wrong) = self.verdict.of(GRID), self.verdict.of(STREET)
            said = (f"; of {self.verdict.expected} alerts {grid_missed} + {street_missed} missed, {grid_wrong} + {street_wrong} wrong "
                    f"(grids + streets), {run.withdrawn} more taken back")
        return (f"{run.name}: {run.whole_us:.3f} µs an event ({run.second_half_us:.3f} in the second half), "
                f"{run.events_a_second:,.0f} events/s, {run.peak_mb:.0f} MB{said}")


FIGURES = {
    "CPU µs/event": lambda r: r.run.whole_us,
    "2nd half": lambda r: r.run.second_half_us,
    "events/s": lambda r: r.run.events_a_second,
    "peak MB": lambda r: r.run.peak_mb,
    "broker µs": lambda r: r.run.broker_s / r.run.end.events * 1e6,
}
RATIOS = {"CPU µs/event", "2nd half"}


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def spread(values: list[float]) -> str:
    return f" ({number(min(values))}–{number(max(values))})" if len(values) > 1 else ""


def median_of(results: list[Result], figure: str) -> float:
    return statistics.median(FIGURES[figure](r) for r in results)


def by_name(results: list[Result]) -> dict[str, list[Result]]:
    groups: defaultdict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[result.run.name].append(result)
    return dict(groups)


def table(results: list[Result]) -> str:
    groups = by_name(results)
    yardstick = next(iter(groups.values()))
    heads = ["", "CPU µs/event", "×", "2nd half", "×", "events/s", "peak MB", "broker µs", "missed", "wrong", "taken back"]
    lines = [heads, ["---"] + ["--:"] * (len(heads) - 1)]
    for name, runs in groups.items():
        row = [name]
        for figure, of in FIGURES.items():
            values = [of(r) for r in runs]
            row.append(number(statistics.median(values)) + (spread(values) if figure == "CPU µs/event" else ""))
            if figure in RATIOS:
                row.append(f"{statistics.median(values) / median_of(yardstick, figure):.1f}")
        worst = [str(max(len(getattr(r.verdict, which)) for r in runs if r.verdict)) if runs[0].verdict else "–" for which in ("missed", "wrong")]
        lines.append(row + worst + [str(max(r.run.withdrawn for r in runs)) if runs[0].verdict else "–"])
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)
