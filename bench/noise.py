#!/usr/bin/env python3
"""What a command centre has to read: the district's rules over ten thousand real tickets, ticket by ticket as they came, with
and without what keeps the noise down, and which of five real bursts it still hears of.

    bench/noise.py --out build/noise [--after SECTION.yaml ...] [--json FILE]

The tickets name no caller, so callers are counted as tickets; and an author's two rules of rules/REPLAY.md are there, since no
shipped rule lists all that burst.  `bare` is without any hold (`for`, `clear`), `hold` as the rules are written, both without
`notify`: everybody is told of everything.  `shipped` has the district's own section `notify`, and each SECTION.yaml makes a row
with that one instead: `told` is then what was not held.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Iterator, NamedTuple

import yaml

import real

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "rules" / "REPLAY.md"
SINCE, DAYS = "2018-09-14", 79  # the tickets are ragged before
PAUSE_S = 0.001  # so that each ticket is a cut of its own, as in life
TELLS = ("gov.risk.alert.raised", "gov.risk.alert.released")  # of these an alert is first heard


class Burst(NamedTuple):
    """A gathering that took place: day, where, of what."""

    day: str
    region: str
    category: str
    name: str


BURSTS = (
    Burst("2018-08-31", "10007", "property.owners_committee", "owners' committee"),
    Burst("2018-09-07", "10011", "environment.odour", "landfill smell"),
    Burst("2018-09-16", real.CODE, "t5.s595", "fallen trees"),
    Burst("2018-11-02", "10014", "traffic.bus", "buses"),
    Burst("2018-11-09", "10019", "housing", "housing"),
)


# -- rules ---------------------------------------------------------------------------------------------------------


def added_rules() -> str:
    """what the page tells an author to add"""
    return re.search(r"^```yaml rules/gathering\.yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)[1]


def without_hold(rule: dict) -> dict:
    kept = {key: value for key, value in rule.items() if key not in ("for", "持续", "clear", "解除")}
    return {**kept, "clear": {"after": "0m"}}


def shipped_section() -> dict:
    """`notify`, as the district has it"""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((real.DISTRICT / "rules").glob("*.yaml"))]
    return {"notify": next(file["notify"] for file in files if "notify" in file)}


def write_rules(directory: Path, hold: bool, section: dict | None) -> None:
    """all in one file, as data; of the files of the district the rules alone"""
    rules = []
    for path in sorted((directory / "rules").glob("*.yaml")):
        text = path.read_text(encoding="utf-8").replace(".callers", "").replace(".人数", "")
        content = yaml.safe_load(text)
        rules += content.get("rules") or content.get("规则") or []
        path.unlink()
    rules += yaml.safe_load(added_rules())["规则"]
    whole = {**(section or {}), "rules": rules if hold else [without_hold(rule) for rule in rules]}
    (directory / "rules" / "rules.yaml").write_text(json.dumps(whole, ensure_ascii=False, default=str), encoding="utf-8")


# -- a run ---------------------------------------------------------------------------------------------------------


def run(directory: Path, rows: list[real.Row], hold: bool, section: dict | None) -> list[dict]:
    """the messages of the alert topic"""
    shutil.rmtree(directory, ignore_errors=True)  # the pipe of an earlier run would wait for a reader
    real.write_project(directory, rows)
    write_rules(directory, hold, section)
    config = directory / "gridwarn.yaml"
    config.write_text(real.CONFIGURATION.replace("output: console", "output: {directory: out}\nhttp: {listen: off}"), encoding="utf-8")
    tickets = directory / "tickets.ndjson"
    lines = tickets.read_bytes().splitlines(keepends=True)
    tickets.unlink()
    os.mkfifo(tickets)
    program = os.environ.get("GRIDWARN", ROOT / "build" / "release" / "gridwarn")
    engine = subprocess.Popen([program, "run", "-c", config, "--drain"], stderr=subprocess.PIPE, text=True)
    with tickets.open("wb", buffering=0) as pipe:
        for line in lines:
            pipe.write(line)
            time.sleep(PAUSE_S)
    _, said = engine.communicate()
    if engine.returncode:
        raise SystemExit(said)
    messages = map(json.loads, (directory / "out" / "alerts.ndjson").open(encoding="utf-8"))
    return [message for message in messages if message["type"].startswith("gov.risk.alert.")]


# -- what is read of it --------------------------------------------------------------------------------------------


def is_told(message: dict) -> bool:
    return message["data"].get("notice", {"told": True})["told"]


def first_told(messages: list[dict]) -> Iterator[dict]:
    """each alert once: as it was first heard of"""
    heard = set()
    for message in messages:
        alert = message["data"].get("alert_id")
        if alert and alert not in heard and message["type"] in TELLS and is_told(message):
            heard.add(alert)
            yield message["data"]


def speaks_of(data: dict, burst: Burst, category: dict[str, str]) -> bool:
    """by the tickets behind it"""
    behind = Counter(category[event["id"]] for event in data["event_ids"])
    places = {place["code"].removeprefix("c") for place in data["region_path"]}
    return (data["opened_at"].startswith(burst.day) and burst.region in places
            and behind.most_common(1)[0][0] == burst.category)


def figures(name: str, messages: list[dict], category: dict[str, str]) -> dict:
    told = list(first_told(messages))
    late = [data for data in told if data["opened_at"] >= SINCE]
    by_day = Counter(data["opened_at"][:10] for data in late)
    opened = [message for message in messages if message["data"].get("alert_id") and message["data"]["opened_at"] >= SINCE]
    last = {message["data"]["alert_id"]: message["data"] for message in opened}
    causes = {(message["data"]["alert_id"], message["data"]["notice"]["cause"]) for message in opened if not is_told(message)}
    bursts = {}
    for burst in BURSTS:
        heard = sorted((data for data in told if speaks_of(data, burst, category)), key=lambda data: data["opened_at"])
        bursts[burst.name] = f"{heard[0]['opened_at'][11:16]} {heard[0]['rule']}" if heard else None
    by_rule: defaultdict[str, int] = defaultdict(int)
    for data in late:
        by_rule[data["rule"]] += 1
    return {"row": name, "alerts": len(last), "told": len(late), "told_a_day": round(len(late) / DAYS, 2),
            "most_on_a_day": max(by_day.values(), default=0), "incidents": len({data["incident_id"] for data in last.values()}),
            "held": dict(sorted(Counter(cause for _, cause in causes).items())), "by_rule": dict(sorted(by_rule.items())), "bursts": bursts}


def counts(of: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in of.items())


def table(rows: list[dict]) -> str:
    lines = ["| | alerts | told | a day | most on a day | bursts heard of |", "| --- | --: | --: | --: | --: | --: |"]
    for row in rows:
        heard = sum(bool(when) for when in row["bursts"].values())
        lines.append(f"| {row['row']} | {row['alerts']} | {row['told']} | {row['told_a_day']:.2f} | {row['most_on_a_day']} | "
                     f"{heard} of {len(BURSTS)} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a folder for the runs, each of which is made anew in it")
    parser.add_argument("--data", type=Path, default=real.default_data(), help="the tickets, a gzipped CSV file")
    parser.add_argument("--after", type=Path, action="append", default=[], metavar="SECTION.yaml", help="a row with that `notify` instead")
    parser.add_argument("--json", type=Path, help="the figures, for programs")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"noise.py: no tickets at {options.data}: give --data FILE, or set GRIDWARN_SHARED", file=sys.stderr)
        return 1
    tickets = real.read_rows(options.data)
    subtypes = real.subtypes_of(tickets)
    category = {row["REC_ID"]: subtypes[row["SUB_TYPE_ID"]][0] for row in tickets}
    runs = [("bare", False, None), ("hold", True, None), ("shipped", True, shipped_section())]
    runs += [(path.stem, True, yaml.safe_load(path.read_text(encoding="utf-8"))) for path in options.after]
    rows = []
    for name, hold, section in runs:
        rows.append(figures(name, run(options.out / name, tickets, hold, section), category))
    print(table(rows))
    for row in rows:
        print(f"\n{row['row']}: " + ", ".join(f"{name} {when or 'NOT HEARD'}" for name, when in row["bursts"].items()))
        print("told by rule: " + counts(row["by_rule"]))
        print(f"incidents: {row['incidents']}; held, some of them only for a time: {counts(row['held']) or 'none'}")
    if options.json:
        options.json.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return 0 if all(all(row["bursts"].values()) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
