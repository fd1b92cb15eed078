"""What the bench measures by: its oracle against the plainest of computations, a judge that sees what is missed and what
is too much, and the whole of a comparison on a small load.
"""

import os
import random
import subprocess
import sys
from array import array
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "bench"))

import city  # noqa: E402
import contenders  # noqa: E402
import crossings  # noqa: E402
import stages  # noqa: E402
from crossings import GRID, STREET, Alert, Key  # noqa: E402
from workload import Maker  # noqa: E402

SEED = int(os.environ.get("GRIDWARN_SEED", "0")) or random.randrange(1 << 30)
PROGRAMS = Path(os.environ["GRIDWARN"]).parent / "bench"
GRIDS, EVENTS = 400, 20_000


def random_facts(rng: random.Random) -> list[tuple[int, int, int, int]]:
    """Few keys and few actors over two days, in bursts: second, grid, category, actor."""
    facts = []
    for _ in range(rng.randrange(1, 12)):
        begin, grid, category, close = rng.randrange(2 * 86_400), rng.randrange(200), rng.randrange(2), rng.choice((60, 3_600, 90_000))
        for _ in range(rng.choice((4, 5, 9, 60))):
            facts.append((begin + rng.randrange(close), rng.choice((grid, grid // 100 * 100)), category, rng.randrange(7)))
    return facts


def minute_by_minute(facts: list) -> dict:
    """Every minute of every key, each time from all facts."""
    found = {}
    for rule, window, needed, place_of in ((GRID, 1440, 5, lambda g: g), (STREET, 60, 50, lambda g: g // 100)):
        for key in {Key(rule, place_of(grid), category) for _, grid, category, _ in facts}:
            mine = [(-(-second // 60), actor) for second, grid, category, actor in facts if (place_of(grid), category) == key[1:]]
            held = set()
            for minute in range(min(m for m, _ in mine), max(m for m, _ in mine) + window + 2):
                seen = [actor for m, actor in mine if minute - window < m <= minute]
                if (len(set(seen)) if rule == GRID else len(seen)) >= needed:
                    held.add(minute)
            spells = [(m, next(n for n in range(m, m + 10_000) if n + 1 not in held)) for m in sorted(held) if m - 1 not in held]
            if spells:
                found[key] = spells
    return found


def test_the_oracle_says_what_the_plainest_computation_says(tmp_path):
    print(f"GRIDWARN_SEED={SEED}")
    spells = 0
    for number in range(8):
        facts = random_facts(random.Random(SEED + number))
        (tmp_path / "facts").write_bytes(array("i", [n for fact in facts for n in fact]).tobytes())
        truth = crossings.spells(tmp_path / "facts")
        assert truth == minute_by_minute(facts), f"seed {SEED + number}"
        spells += sum(map(len, truth.values()))
    assert spells > 5


def test_the_judge_sees_what_is_missed_and_what_is_too_much():
    grid, street = Key(GRID, 7, 1), Key(STREET, 0, 1)
    truth = {grid: [(10, 20), (30, 40)], street: [(5, 5)]}
    right = [Alert(grid, 10), Alert(grid, 40), Alert(street, 5)]
    verdict = crossings.judge(truth, right)
    assert (verdict.expected, verdict.missed, verdict.wrong) == (3, [], [])
    assert crossings.judge(truth, right[1:]).missed == [Alert(grid, 10)]
    for wrong in (Alert(grid, 15), Alert(grid, 25), Alert(grid, 9), Alert(Key(GRID, 8, 1), 10), Alert(street, 6)):
        assert crossings.judge(truth, [*right, wrong]).wrong == [wrong]


@pytest.mark.timeout(300)
def test_a_small_comparison(broker, tmp_path):
    print(f"GRIDWARN_SEED={SEED}")
    if not (PROGRAMS / "bench_tickets").exists():
        pytest.fail(f"no bench in {PROGRAMS}: ./dev test e2e builds it", pytrace=False)
    work = Maker(PROGRAMS, tmp_path, GRIDS, SEED).make(broker, EVENTS, days=3)
    try:
        assert work.truth and {key.rule for key in work.truth} == {GRID, STREET}
        for number, contender in enumerate((contenders.Consume(PROGRAMS), contenders.Gridwarn(), contenders.Gridwarn(all_rules=True))):
            directory = tmp_path / str(number)
            directory.mkdir()
            run, alerts = contender.run(broker, work, directory)
            # so small a run may be over between two looks: then its halves, and what memory it had, have no figures
            assert not run.whole_us <= 0 and not run.second_half_us <= 0 and (run.peak_mb > 1 or not contender.judged)
            assert run.first.events <= run.half.events <= run.end.events == EVENTS
            if contender.judged:
                verdict = crossings.judge(work.truth, alerts)
                assert (verdict.missed, verdict.wrong) == ([], []), contender.name
    finally:
        broker.delete_topic(work.topic)


def test_the_stages_add_up(tmp_path):
    bench = stages.Bench(PROGRAMS, tmp_path, 20_000, SEED)
    found = bench.run(1_000, city.JOB)
    assert found["events"] == 20_000 and found["findings"] > 50 and found["rules"] == len(city.JOB)
    assert all(found[stage]["ns"] > 0 for stage in stages.STAGES)
    assert bench.run(1_000, city.JOB, 2)["events_a_second"] > 0
    assert bench.run_readings(200)["events"] == 200 * stages.READINGS_A_DAY


def test_the_command_for_latency_draws_into_a_folder_of_its_own_making(tmp_path):
    made = tmp_path / "not" / "there" / "yet"
    command = [sys.executable, ROOT / "bench" / "run.py", "latency", "--programs", PROGRAMS.parent, "--grids", str(GRIDS),
               "--rates", "2000", "--alerts", "20", "--svg", made]
    run = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr
    rows = [line.strip("| ").split("|") for line in run.stdout.splitlines() if line.startswith(("| idle", "| 2,000"))]
    assert len(rows) == 2 and all(int(alerts) >= 20 and 0 < float(median) <= float(longest) for _, alerts, median, *_, longest in rows)
    drawn = ElementTree.parse(made / "latency.svg").getroot()
    assert len(drawn.findall("{http://www.w3.org/2000/svg}polyline")) >= 2
