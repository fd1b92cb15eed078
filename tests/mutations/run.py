"""Breaks the engine on purpose, one law at a time, and expects the simulation to notice, or the unit test that is named.

    run.py [--all] [NAME...]
    run.py --fits              only looks whether each still fits the code

Works on a copy below TMPDIR, built once and then a file at a time.  Ends with "N passed", or with status 1 if a
mutation survives or no longer fits the code.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mutations import MORE, QUICK

ROOT = Path(__file__).resolve().parent.parent.parent
COPIED = ("CMakeLists.txt", "engine", "tests/sim", "tests/unit", "tests/fuzz")
SOUND_SEEDS = 300  # that the engine as it is must pass; the other tests run more of them
BROKEN_SEEDS = 3000  # within which a mutation must be caught
SECONDS = 600  # the most that one of these may take; none that is not caught may be taken for one that hangs


class Copy:
    """The project in a directory of its own, and its simulation."""

    def __init__(self, root: Path):
        self.root, self.build = root, root / "build"
        for name in COPIED:
            source, target = ROOT / name, root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)
        self._run("cmake", "-S", root, "-B", self.build, "-G", "Ninja", "-DGRIDWARN_KAFKA=OFF",
                  "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS_DEBUG=-O1", "-DCMAKE_CXX_FLAGS_DEBUG=-O1")
        self.make()

    def _run(self, *command):
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-3000:]}")

    def make(self, target="gridwarn_sim"):
        self._run("cmake", "--build", self.build, "--target", target, "-j", os.cpu_count())

    def simulate(self, seeds: int) -> str:
        """What it found, or nothing."""
        return self._look([self.build / "tests/sim/gridwarn_sim", "--seeds", f"1..{seeds}"])

    def test(self, program: str) -> str:
        return self._look([self.build / "tests/unit" / program])

    def _look(self, command: list) -> str:
        environment = dict(os.environ, TMPDIR=str(self.root))
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=SECONDS, env=environment)
        except subprocess.TimeoutExpired:
            return f"came to no end in {SECONDS} s"
        if done.returncode == 0:
            return ""
        found = re.search(r"^seed \d+, step \d+: .*|.*CHECK.*|.*check failed.*|^.*:[FE]:.*", done.stdout, re.MULTILINE)
        return found.group(0) if found else f"status {done.returncode}: {done.stdout.strip()[-200:]}"


def misfits(mutations: list) -> list[str]:
    """Those whose text does not stand in its file exactly once."""
    counts = [(name, file, (ROOT / file).read_text(encoding="utf-8").count(old)) for name, file, old, *_ in mutations]
    return [f"{name}: no longer fits {file}: its text stands there {count} times"
            for name, file, count in counts if count != 1]


def try_one(copy: Copy, file: str, old: str, new: str, program: str = "") -> tuple[bool, str]:
    path = copy.root / file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new), encoding="utf-8")
    try:
        copy.make(program or "gridwarn_sim")
        found = copy.test(program) if program else copy.simulate(BROKEN_SEEDS)
        return bool(found), found or f"survived {program or f'{BROKEN_SEEDS} seeds'}"
    except RuntimeError as error:
        return False, str(error)
    finally:
        path.write_text(text, encoding="utf-8")


def run(mutations: list) -> int:
    """How many survived."""
    survived = 0
    with tempfile.TemporaryDirectory(prefix="gridwarn_mutations.") as directory:
        copy = Copy(Path(directory))
        found = copy.simulate(SOUND_SEEDS)
        if found:
            print(f"the engine as it is: {found}")
            return 1
        print(f"the engine as it is: {SOUND_SEEDS} seeds passed", flush=True)
        for program in sorted({program for mutation in mutations for program in mutation[4:]}):
            copy.make(program)
            found = copy.test(program)
            if found:
                print(f"the engine as it is: {found}")
                return 1
        for name, *mutation in mutations:
            begin = time.monotonic()
            caught, how = try_one(copy, *mutation)
            survived += not caught
            print(f"{'caught' if caught else 'SURVIVED'} in {time.monotonic() - begin:.1f} s: {name}: {how[:150]}",
                  flush=True)
    return survived


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--fits", action="store_true")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    mutations = QUICK + MORE if arguments.all or arguments.names else QUICK
    if arguments.names:
        mutations = [m for m in mutations if any(name in m[0] for name in arguments.names)]
    wrong = misfits(QUICK + MORE)
    if wrong or arguments.fits:
        print(*wrong, f"{len(wrong)} failed" if wrong else f"{len(QUICK + MORE)} passed", sep="\n")
        return 1 if wrong else 0
    survived = run(mutations)
    print(f"{survived} failed" if survived else f"{len(mutations)} passed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
