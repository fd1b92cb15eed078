"""What a process has cost so far, as the kernel counts it, at the marks that matter: the first record, half of them, the
end.  It is looked at from outside in the same way whatever the process is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass
class Mark:
    events: int
    at: float
    cpu_s: float


def cpu_us_an_event(begin: Mark, end: Mark) -> float:
    """Not a number where all was over before anybody looked again."""
    events = end.events - begin.events
    return (end.cpu_s - begin.cpu_s) / events * 1e6 if events else float("nan")


@dataclass
class Run:
    """One process that has done the job."""

    name: str
    first: Mark
    half: Mark
    end: Mark
    peak_mb: float
    broker_s: float = 0
    withdrawn: int = 0  # alerts that were published and taken back

    @property
    def whole_us(self) -> float:
        return cpu_us_an_event(self.first, self.end)

    @property
    def second_half_us(self) -> float:
        return cpu_us_an_event(self.half, self.end)

    @property
    def events_a_second(self) -> float:
        return (self.end.events - self.first.events) / (self.end.at - self.first.at)


def cpu_seconds(pid: int) -> float:
    """User and system, of all threads that there were, by the clock that the kernel keeps for the process
    (clock_getcpuclockid, which Python lacks).  A process that has ended but was not waited for still has it."""
    return time.clock_gettime((~pid << 3) | 2)


def mark(pid: int, events: int) -> Mark:
    return Mark(events, time.monotonic(), cpu_seconds(pid))


def peak_mb(pid: int) -> float:
    """Of resident memory; 0 once it has ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return next((int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM")), 0)
    except OSError:
        return 0
