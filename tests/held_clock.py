"""A clock that a test holds in its hand for the engines that it starts: a week goes by in minutes, second by second where it
matters.  Nothing in the engine knows of it (held_clock.c).
"""

from __future__ import annotations

import mmap
import struct
import subprocess
import time
from pathlib import Path

from engine import Engine

SOURCE = Path(__file__).resolve().parent / "held_clock.c"
PAGE = struct.Struct("=Qqqqq")  # struct page
SECOND_NS = 1_000_000_000
DAY = 86_400
HURRY = 50


class HeldClock:
    def __init__(self, directory: Path, at: float):
        library, page = directory / "held_clock.so", directory / "held_clock"
        subprocess.run(["gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library,
                        SOURCE], check=True, timeout=60)
        page.write_bytes(bytes(mmap.PAGESIZE))
        with page.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self._version = 0
        self.environment = {"LD_PRELOAD": str(library), "HELD_CLOCK": str(page)}
        self.stand(at)

    def stand(self, at: float) -> None:
        self.go(at, at, 0)

    def go(self, at: float, until: float, rate: int) -> None:
        """It is `at` now, and goes on `rate` times as fast as life until it is `until`."""
        self._since, self._from, self._until, self._rate = time.monotonic_ns(), int(at * SECOND_NS), int(until * SECOND_NS), rate
        self._page[:8] = struct.pack("=Q", self._version + 1)
        self._page[8:PAGE.size] = struct.pack("=qqqq", self._since, self._from, self._until, rate)
        self._version += 2
        self._page[:8] = struct.pack("=Q", self._version)

    def now(self) -> float:
        return min(self._from + (time.monotonic_ns() - self._since) * self._rate, self._until) / SECOND_NS

    def change(self, rate: int) -> None:
        """from now on; 0: it stands"""
        self.go(self.now(), self._until / SECOND_NS, rate)

    def live(self) -> None:
        """It goes on as life does."""
        self.go(self.now(), self.now() + DAY, 1)

    def hurry(self, until: float) -> None:
        """What is waited for comes at once: it goes fast until then, and on as life does."""
        self.go(self.now(), until, HURRY)
        time.sleep(max(0, (until - self.now()) / HURRY))
        self.live()


def hold_clock(engine: Engine) -> HeldClock:
    """for its starts from now on; it goes on as life does until it is asked to hurry"""
    clock = HeldClock(engine.directory, time.time())
    clock.live()
    engine.environment = clock.environment
    return clock
