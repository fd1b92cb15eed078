"""The simulation is worth what it notices: each deliberate breakage of the engine must be caught (tests/mutations)."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).resolve().parent / "mutations" / "run.py"


@pytest.mark.timeout(900)
def test_every_mutation_is_caught():
    done = subprocess.run([sys.executable, RUN], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
