"""Each law that the simulation guards, broken on purpose: what it would not notice, it does not test."""

import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).resolve().parent / "mutations" / "run.py"


def test_the_simulation_notices_every_breakage():
    done = subprocess.run([sys.executable, RUN], capture_output=True, text=True, timeout=580)
    print(done.stdout[-8000:])
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
