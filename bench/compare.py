"""Side by side: everybody does the job on one broker, in turn, round after round, so that what else the machine does meets
all of them; and everybody's alerts are judged.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import report
from contenders import Contender
from crossings import judge
from process import cpu_seconds
from workload import Maker, Workload


def one_run(broker, contender: Contender, work: Workload) -> report.Result:
    directory = Path(tempfile.mkdtemp(prefix="gridwarn-contender-"))
    before, cpu = topics(broker), cpu_seconds(broker.pid)
    try:
        run, alerts = contender.run(broker, work, directory)
        run.broker_s = cpu_seconds(broker.pid) - cpu
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        for topic in topics(broker) - before:
            broker.delete_topic(topic)
    return report.Result(run, judge(work.truth, alerts) if contender.judged else None)


def topics(broker) -> set[str]:
    """but Kafka's own"""
    return {name for name in broker.topic_names() if not name.startswith("__")}


def compare(broker, maker: Maker, everybody: list[Contender], events: int, days: int, rounds: int) -> list[report.Result]:
    work = maker.make(broker, events, days)
    print(f"\n{events:,} tickets of {days} days: {sum(map(len, work.truth.values()))} alerts", flush=True)
    results = []
    for _ in range(rounds):
        for contender in everybody:
            results.append(one_run(broker, contender, work))
            print(results[-1].line(), flush=True)
    broker.delete_topic(work.topic)
    print(f"\n{report.table(results)}", flush=True)
    return results
