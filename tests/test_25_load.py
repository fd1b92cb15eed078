"""The load of the kill tests through files, with no broker and nothing killed: the alerts are the oracle's.  It takes
seconds, so a difference that the kill tests would show is looked for here first.
"""

import itertools
import json
import os
import random
import subprocess
from types import SimpleNamespace

import pytest

import events
from engine import MAPPINGS, configuration, write_project
from load import RULES, Load
from oracle import Regions, episodes
from oracle_rules import read_rule
from published import difference, final_episodes, hide_respondents

SEEDS = [1, 2, random.randrange(1 << 30)]
RECORDS = 5_000


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_alerts_of_a_load_are_the_oracles(seed, workers, tmp_path):
    write_project(tmp_path, RULES)
    sent = [s for s in itertools.islice(Load(tmp_path, seed), RECORDS) if not s.fault]
    for stream in MAPPINGS:
        lines = b"".join(s.value + b"\n" for s in sent if s.stream == stream)
        (tmp_path / f"{stream}.ndjson").write_bytes(lines)
    sources = {stream: {"file": f"{stream}.ndjson", "mapping": mapping, "lateness": "45m"}
               for stream, mapping in MAPPINGS.items()}
    settings = configuration("", "load", sources, output={"directory": "out"}, workers=workers, http={"listen": "off"})
    del settings["kafka"]
    (tmp_path / "gridwarn.yaml").write_text(json.dumps(settings), encoding="utf-8")
    run = subprocess.run([os.environ["GRIDWARN"], "run", "-c", tmp_path / "gridwarn.yaml"], capture_output=True,
                         text=True, timeout=120)
    assert run.returncode == 0, run.stderr[-4000:]

    district = events.District(tmp_path)
    happened = [event for s in sent for event in district.events(s.stream, [json.loads(s.value)])]
    expected = episodes(happened, map(read_rule, RULES), Regions.read(tmp_path / "regions.csv"))
    published = [SimpleNamespace(value=line) for line in (tmp_path / "out" / "alerts.ndjson").open(encoding="utf-8")]
    known = set(district.organisations.values())
    found = difference(hide_respondents(expected, known), hide_respondents(final_episodes(published), known))
    assert not found, f"seed {seed}:\n{found}"
    assert len(expected) > 200
