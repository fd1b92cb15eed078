#!/usr/bin/env python3
"""Events to try the engine with: a day in the fictional district 990101, or any number of tickets for a load.

The day is written as hotline.ndjson, petition.ndjson and sensor.ndjson into --out, in the order in which the
platforms would send, --pace times as fast as life; the three may be pipes.  --bulk writes tickets alone, as fast as
it can.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from pathlib import Path
from typing import Iterable, TextIO

import bulk
from day import Day, Sent
from district import District

STREAMS = ("hotline", "petition", "sensor")
DISTRICT = Path(__file__).resolve().parent.parent / "rules" / "district"


def open_all(directory: Path) -> dict[str, TextIO]:
    """All at once: opening a pipe waits for its reader, who may open them in any order."""
    files: dict[str, TextIO] = {}

    def open_one(stream: str) -> None:
        files[stream] = (directory / f"{stream}.ndjson").open("w", encoding="utf-8")

    threads = [threading.Thread(target=open_one, args=(stream,), daemon=True) for stream in STREAMS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return files


def play(sent: Iterable[Sent], midnight: int, files: dict[str, TextIO], pace: float) -> None:
    started = time.monotonic()
    for at, stream, record in sent:
        ahead = (at - midnight) / pace - (time.monotonic() - started) if pace else 0
        if ahead > 0:
            time.sleep(ahead)
        print(json.dumps(record, ensure_ascii=False, separators=(",", ":")), file=files[stream], flush=pace > 0)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="directory of the three files or pipes")
    parser.add_argument("--district", type=Path, default=DISTRICT, help="its registry, categories and mappings")
    parser.add_argument("--day", default="2026-01-12")
    parser.add_argument("--seed", type=int, default=12345)
    parser.add_argument("--tickets", type=int, default=1500, help="of the ordinary day; the stories come on top")
    parser.add_argument("--pace", type=float, default=0, help="seconds of the day per second; 0: no waiting")
    parser.add_argument("--bulk", type=int, metavar="N", help="N hotline tickets instead of a day")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    district = District(options.district)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        if options.bulk is not None:
            with (options.out / "hotline.ndjson").open("w", encoding="utf-8") as file:
                bulk.write(file, district, options.day, options.seed, options.bulk)
            return 0
        day = Day(district, options.day, options.seed, options.tickets)
        sent = day.all_sent()
        files = open_all(options.out)
        play(sent, day.midnight, files, options.pace)
        for file in files.values():
            file.close()
    except BrokenPipeError:
        print("sample: the reader has gone", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
