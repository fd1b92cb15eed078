"""Tickets in a topic, and what is right to say of them.  They end now: a live engine then catches up with a past that it
may well have slept through, and nothing has to be told that the clock is not the clock.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import city
from crossings import GRID, STREET, Alert, Key, Spells, spells

PARTITIONS = 4
DAY_S = 86400
EVENTS_A_DAY = 2_000_000  # the density at which the rules were made to be rare


@dataclass
class Workload:
    topic: str
    events: int
    begin: int  # seconds, a whole minute
    grids: int
    truth: Spells

    def __post_init__(self) -> None:
        codes = city.grids(self.grids)
        self._grids = {code: number for number, code in enumerate(codes)}
        self._streets = {code[:city.STREET_DIGITS]: number // city.GRIDS_OF_STREET for number, code in enumerate(codes)}
        self._categories = {category: number for number, category in enumerate(city.CATEGORIES)}

    def alert(self, place: str, category: str, second: int) -> Alert:
        """of an engine that names a grid or street, and a time within the minute or its end"""
        grid = self._grids.get(place)
        key = Key(STREET, self._streets[place], self._categories[category]) if grid is None else Key(GRID, grid, self._categories[category])
        return Alert(key, -((self.begin - second) // 60))


class Maker:
    def __init__(self, programs: Path, directory: Path, grids: int, seed: int):
        self._program, self._directory, self._grids, self._seed = programs / "bench_tickets", directory, grids, seed
        city.write_lists(directory, grids)

    @property
    def lists(self) -> Path:
        return self._directory

    def make(self, broker, events: int, days: int) -> Workload:
        """Into a topic of their own."""
        begin = (int(time.time()) // 60 - days * 1440) * 60
        topic, facts = f"tickets-{events}-{days}", self._directory / "facts"
        broker.create_topic(topic, PARTITIONS)
        self._run(events, days, begin, "--facts", facts, "--brokers", broker.bootstrap, "--topic", topic)
        truth = spells(facts)
        facts.unlink()
        return Workload(topic, events, begin, self._grids, truth)

    def write(self, path: Path, events: int, days: int = 1) -> None:
        """Into a file, a line each."""
        self._run(events, days, (int(time.time()) // 60 - days * 1440) * 60, "--out", path)

    def live(self, broker, topic: str, rate: int, events: int) -> subprocess.Popen:
        """So many a second, as happening now; the caller's to end."""
        return subprocess.Popen(self._command(events, 1, int(time.time()), "--rate", rate, "--brokers", broker.bootstrap, "--topic", topic))

    def _run(self, *what) -> None:
        subprocess.run(self._command(*what), check=True)

    def _command(self, events: int, days: int, begin: int, *more) -> list[str]:
        command = [self._program, "--count", events, "--days", days, "--begin", begin, "--seed", self._seed,
                   "--grids", self._directory / "grids.txt", "--categories", self._directory / "categories.txt", *more]
        return [str(word) for word in command]
