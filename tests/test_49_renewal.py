"""Counters are renewed while the engine runs: always-new respondents over many retentions, in memory that has room for a tenth
of them.  None is refused, every alert is there once, and rules can be changed meanwhile.
"""

import json
import os
import re
import signal
import subprocess
import time
from collections import Counter

EVENTS, EACH, PACE_S, BEGINS_AT = 300_000, 500, 2, 20000 * 86400
AGAIN = (0, 100, 200)  # of each 500 events these are about one respondent
RULE = """rules:
  - id: {id}
    let: {{c: {{source: hotline}}}}
    per: [respondent, grid]
    within: 6h
    levels: {{yellow: c.callers >= {callers}}}
"""
FILES = {
    "regions.csv": "code,name,level,parent\nD,区,district,\nG,格,grid,D\n",
    "categories.csv": "path,name\nlabour,劳动\n",
    "mapping.yaml": "id: id\noccurred_at: {path: at, formats: [unix_s]}\nkind: {path: kind, map: {created: created}}\n"
                    "region: region\ncategory: category\nrespondent: who\nactors: actors\n",
    "rules/firms.yaml": RULE.format(id="firms", callers=3),
    "main.yaml": "group: g\ntime: event\nregistry: {regions: regions.csv, categories: categories.csv}\nrules: rules\n"
                 "actor_keys: ephemeral\nsources:\n  hotline: {file: events.ndjson, mapping: mapping.yaml, lateness: 10m}\n"
                 "output: {directory: out}\nledger: {keep: 1d, memory: 256MiB}\ncounters: {memory: 16MiB}\nhttp: {listen: off}\n",
}


def event(n: int) -> str:
    who = f"again{n // EACH}" if n % EACH in AGAIN else f"once{n}"
    return json.dumps({"id": f"T{n}", "kind": "created", "at": BEGINS_AT + n * PACE_S, "region": "G", "category": "labour",
                       "who": who, "actors": [f"p{n}"]})


def write(directory) -> None:
    for folder in "rules", "out":
        (directory / folder).mkdir()
    for name, text in FILES.items():
        (directory / name).write_text(text, encoding="utf-8")
    with open(directory / "events.ndjson", "w", encoding="utf-8") as out:
        out.writelines(event(n) + "\n" for n in range(EVENTS))


def test_new_respondents_for_ever(tmp_path):
    write(tmp_path)
    log = tmp_path / "log"
    with open(log, "w", encoding="utf-8") as out:
        command = ["setpriv", "--pdeathsig", "KILL", os.environ["GRIDWARN_ASAN"], "run", "-c", "main.yaml", "--drain"]
        engine = subprocess.Popen(command, cwd=tmp_path, stderr=out, stdout=out)
    try:
        while "renewed in" not in log.read_text(encoding="utf-8"):
            assert engine.poll() is None, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        (tmp_path / "rules" / "more.yaml").write_text(RULE.format(id="never", callers=50), encoding="utf-8")
        engine.send_signal(signal.SIGHUP)
        assert engine.wait(timeout=240) == 0
    finally:
        engine.kill()
        engine.wait()
    said = log.read_text(encoding="utf-8")
    assert "generation 2" in said and "generation 3" not in said
    sizes = [int(kib) for kib in re.findall(r"renewed in .*, now \d+ in (\d+) KiB", said)]
    assert len(sizes) >= 2 and max(sizes) <= 8 * 1024, said  # how many depends on how fast the input is read
    alerts = [json.loads(line) for line in open(tmp_path / "out" / "alerts.ndjson", encoding="utf-8")]
    crossed = Counter(alert["data"]["crossed_by"]["event_id"] for alert in alerts if alert["type"] == "gov.risk.alert.raised")
    assert crossed == Counter(f"T{n}" for n in range(AGAIN[-1], EVENTS, EACH))
