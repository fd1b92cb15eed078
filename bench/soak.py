"""Several retentions of event time in one life of the engine: what is kept must come and go, and memory stay.  The tickets
belong to no order, since orders that nobody closes are carried on, as they should be.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from statistics import mean

import city
import picture
from contenders import engine_of, records
from workload import Maker

KEEP_DAYS, RETENTIONS = 2, 16
SAMPLE_S = 0.5
GROWTH_MAX = 1.3
# Besides the days that are kept: the one at hand, and what partitions and the letting go may be apart from it.  A ticket has 128 bytes.
DAYS_MORE, TICKET_BYTES = 3, 128


def resident_mb(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))


def sampled(engine, events: int) -> list[tuple[float, float, float]]:
    """(share of the tickets read, resident MB, MB of the ledger) until all are"""
    samples, read = [], 0
    while read < events:
        engine.check_running()
        read = records(engine)
        used = engine.metric('gridwarn_used_bytes{structure="ledger"}') if read else 0
        samples.append((read / events, resident_mb(engine.pid), used / 1e6))
        time.sleep(SAMPLE_S)
    return samples


def measure(broker, maker: Maker, grids: int, events: int, directory: Path, svg: Path | None) -> str:
    days = KEEP_DAYS * RETENTIONS
    work = maker.make(broker, events, days)
    directory.mkdir()
    engine = engine_of(directory, grids, city.JOB, broker.bootstrap, f"bench-{time.monotonic_ns()}", {"hotline": work.topic})
    engine.configure({**engine.settings, "ledger": {"keep": f"{KEEP_DAYS}d", "memory": "4GiB"}})
    mapping = {key: value for key, value in city.MAPPING.items() if key not in ("matter", "due_at", "links")} | {"kind": "created"}
    (directory / "mappings" / "hotline.yaml").write_text(json.dumps(mapping), encoding="utf-8")
    engine.start("--create-topics")
    try:
        samples = sampled(engine, events)
        assert engine.stop() == 0, engine.log_tail()
    finally:
        engine.kill()
        broker.delete_topic(work.topic)
    if svg:
        curves = {"resident": [(share * days, mb) for share, mb, _ in samples], "ledger": [(share * days, mb) for share, _, mb in samples]}
        picture.lines(svg, f"{days} days of event time, {KEEP_DAYS} of them kept", curves, "days of event time", "MB")
    most, bound = max(mb for _, _, mb in samples), (KEEP_DAYS + DAYS_MORE) * events / days * TICKET_BYTES / 1e6
    if most > bound:
        raise SystemExit(f"the ledger had {most:.0f} MB, and {KEEP_DAYS + DAYS_MORE} days have {bound:.0f}: it does not let go")
    # once it is full; on average, since how far partitions are apart comes and goes
    early, late = (mean(mb for share, _, mb in samples if begin < share <= end) for begin, end in ((0.25, 0.5), (0.5, 1)))
    if late > early * GROWTH_MAX:
        raise SystemExit(f"the ledger had {early:.0f} MB in the second quarter, and {late:.0f} in the second half: it does not let go")
    rows = [f"{events:,} tickets of {days} days, {KEEP_DAYS} of them kept: {early:.0f} MB of ledger in the second quarter, {late:.0f} in the second half",
            "", "| retentions | resident MB, most | ledger MB, most |", "| --- | --: | --: |"]
    for n in range(RETENTIONS):
        within = [s for s in samples if n / RETENTIONS < s[0] <= (n + 1) / RETENTIONS]
        if within:
            rows.append(f"| {n + 1} | {max(s[1] for s in within):.0f} | {max(s[2] for s in within):.0f} |")
    return "\n".join(rows)
