#!/usr/bin/python3
"""What gridwarn costs, measured: a command for each question.  `./dev bench COMMAND` builds what is needed first.

peers     raw consume, gridwarn, Kafka Streams and Flink do one job on one broker, in turn: distinct complainants of a grid and
          category within 24 h >= 5, tickets of a street and category within 1 h >= 50, alerts exactly once.  Everybody's alerts
          are checked against the oracle (crossings.py); the table has medians over the rounds.  Then gridwarn with the
          district's own rules as well, on a month of tickets.
stages    what each stage of the engine costs an event, by grids, counters, rules and workers; what its memory holds.
latency   from a ticket's sending to a subscriber's having its alert, idle and at half of the highest rate that is kept up with.
recovery  from kill -9 to live again, with a city's ledger.
soak      several retentions of event time in one life: memory stays.

Everything runs here and now: a broker of its own, topics of its own, and it is all gone afterwards.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
sys.path.append(str(ROOT / "tests"))

import contenders  # noqa: E402
import latency  # noqa: E402
import picture  # noqa: E402
import recovery  # noqa: E402
import report  # noqa: E402
import soak  # noqa: E402
import stages  # noqa: E402
from broker import LONG_RUNNING, Broker  # noqa: E402
from compare import compare  # noqa: E402
from workload import EVENTS_A_DAY, Maker  # noqa: E402

# The two rules are rare even where a grid has a hundred tickets a day; a district's own rules are not meant for that, and would
# find each grid aflame.  So they get as many tickets in a month.
RULES_DAYS = 30


def run_peers(options: argparse.Namespace, broker: Broker, maker: Maker, _: Path) -> None:
    consume, gridwarn = contenders.Consume(options.programs / "bench"), contenders.Gridwarn(workers=options.workers)
    everybody = [consume, gridwarn, *contenders.peers(options.peers, maker.lists)]
    wanted = [c for c in everybody if not options.only or any(c.name.startswith(name) for name in options.only)]
    if not wanted:
        raise SystemExit(f"--only: none of {', '.join(c.name for c in everybody)}")
    for events in options.events:
        results = compare(broker, maker, wanted, events, max(1, events // EVENTS_A_DAY), options.rounds)
        if options.svg:
            medians = {name: report.median_of(runs, "2nd half") for name, runs in report.by_name(results).items()}
            picture.bars(options.svg / f"peers-{events}.svg", f"CPU for a ticket, second half of {events:,}", medians, "µs")
    if not options.no_rules:
        with_all = [consume, gridwarn, contenders.Gridwarn(all_rules=True, workers=options.workers)]
        compare(broker, maker, with_all, options.events[0], RULES_DAYS, options.rounds)


def run_stages(options: argparse.Namespace, broker: None, maker: Maker, directory: Path) -> None:
    bench = stages.Bench(options.programs / "bench", directory, options.events, options.seed)
    parts = {"grids": lambda: stages.by_grids(bench), "rules": lambda: "\n\n".join(stages.by_rules(bench)), "rule": lambda: stages.by_rule(bench),
             "workers": lambda: stages.by_workers(bench, options.rounds), "memory": lambda: stages.memory(bench)}
    for part in options.only or parts:
        print(f"\n{parts[part]()}", flush=True)


def run_latency(options: argparse.Namespace, broker: Broker, maker: Maker, directory: Path) -> None:
    rates = options.rates or [latency.rate_kept_up_with(broker, maker, options.grids, directory / "kept_up") / 2]
    found = latency.measure(broker, maker, options.grids, rates, options.alerts, directory)
    print(f"\n{latency.report(found, options.svg and options.svg / 'latency.svg')}")


def run_recovery(options: argparse.Namespace, broker: Broker, maker: Maker, directory: Path) -> None:
    print(f"\n{recovery.measure(broker, maker, options.grids, options.events, options.kills, options.workers, directory / 'project')}")


def run_soak(options: argparse.Namespace, broker: Broker, maker: Maker, directory: Path) -> None:
    print(f"\n{soak.measure(broker, maker, options.grids, options.events, directory / 'project', options.svg and options.svg / 'soak.svg')}")


def folder(text: str) -> Path:
    """One that is there, found out before and not after an hour of measuring."""
    path = Path(text)
    path.mkdir(parents=True, exist_ok=True)
    return path


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--programs", type=Path, default=ROOT / "build" / "release", help="where they were built")
    common.add_argument("--grids", type=int, default=20_000)
    common.add_argument("--seed", type=int, default=7)
    common.add_argument("--svg", type=folder, metavar="FOLDER", help="for pictures")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run, broker: bool = True) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common])
        made.set_defaults(run=run, broker=broker)
        return made

    peers = command("peers", run_peers)
    peers.add_argument("--events", type=int, nargs="+", default=[2_000_000, 8_000_000])
    peers.add_argument("--rounds", type=int, default=3)
    peers.add_argument("--workers", type=int, default=1, help="gridwarn's")
    peers.add_argument("--only", nargs="+", metavar="NAME", help="contenders whose names begin so")
    peers.add_argument("--no-rules", action="store_true", help="without the district's own rules on a month of tickets")
    peers.add_argument("--peers", type=Path, default=ROOT / "build" / "peers", help="where their classes and jars are")
    taken_apart = command("stages", run_stages, broker=False)
    taken_apart.add_argument("--events", type=int, default=500_000)
    taken_apart.add_argument("--rounds", type=int, default=3, help="of each number of workers, of which the fastest counts")
    taken_apart.add_argument("--only", nargs="+", choices=["grids", "rules", "rule", "workers", "memory"], help="`rule`: each of the district's")
    late = command("latency", run_latency)
    late.add_argument("--rates", type=float, nargs="+", help="tickets a second, instead of half of what is kept up with")
    late.add_argument("--alerts", type=int, default=500, help="to wait for, idle and under load")
    killed = command("recovery", run_recovery)
    killed.add_argument("--events", type=int, default=3_200_000)
    killed.add_argument("--kills", type=int, default=5)
    killed.add_argument("--workers", type=int, default=2, help="that read back, and count, what there is")
    long = command("soak", run_soak)
    long.add_argument("--events", type=int, default=16_000_000)
    return parser.parse_args()


def main() -> int:
    options = arguments()
    os.environ.setdefault("GRIDWARN", str(options.programs / "gridwarn"))
    os.environ["LC_ALL"] = "C.UTF-8"
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: sys.exit(130))  # even in the background, and with all that was started
    directory = Path(tempfile.mkdtemp(prefix="gridwarn-measured-"))
    broker = Broker(directory / "kafka", {"log.retention.check.interval.ms": 1000}, LONG_RUNNING) if options.broker else None
    try:
        if broker:
            broker.start()
        options.run(options, broker, Maker(options.programs / "bench", directory, options.grids, options.seed), directory)
    finally:
        if broker:
            broker.kill()
        shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
