"""A `gridwarn run` under test: its configuration on the tests' broker, its process, its log, metrics and health.

The configuration is made from the shipped district (registry, tables, mappings), so that what is tested is what
districts copy.  The process dies with the one that started it.
"""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Optional

from broker import free_ports

ROOT = Path(__file__).resolve().parent.parent
DISTRICT = ROOT / "rules" / "district"
MAPPINGS = {stream: f"mappings/{stream}.yaml" for stream in ("hotline", "petition", "sensor")}
OUTPUTS = ("alerts", "incidents", "dead-letter", "late", "ledger", "readings", "state")
LIVE_SECONDS = 60
SESSION_MS = 1000  # a killed leader's group forgets it so soon; districts keep the default of six seconds


def rule(id: str, let: dict, per, within: str, levels: dict, **more) -> dict:
    """A rule as the file has it; what a condition counts is named in `let`."""
    return {"id": id, "title": id, "let": let, "per": per, "within": within, "levels": levels, **more}


def source(stream: str, topic: str, lateness: str = "45m", silent_after: str = "30m", **more) -> dict:
    return {"topic": topic, "mapping": MAPPINGS[stream], "lateness": lateness, "silent_after": silent_after, **more}


def copy_district(directory: Path) -> None:
    """The shipped district, and beside it the models that its rules ask for."""
    shutil.copytree(DISTRICT, directory, dirs_exist_ok=True)
    shutil.copytree(ROOT / "models", directory / "models", dirs_exist_ok=True)
    for name in ("gridwarn.yaml", "demo.yaml"):
        path = directory / name
        text = path.read_text(encoding="utf-8")
        assert "models: ../../models\n" in text
        path.write_text(text.replace("models: ../../models\n", "models: models\n"), encoding="utf-8")


def write_project(directory: Path, rules: Optional[list] = None) -> None:
    """The shipped district with a key of its own; with other rules, if any are given."""
    copy_district(directory)
    key = directory / "caller.key"
    key.write_text("000102030405060708090a0b0c0d0e0f\n", encoding="ascii")
    key.chmod(0o600)
    if rules is not None:
        shutil.rmtree(directory / "rules")
        (directory / "rules").mkdir()
        (directory / "rules" / "rules.yaml").write_text(json.dumps({"rules": rules}), encoding="utf-8")


def configuration(bootstrap: str, group: str, sources: dict, **more) -> dict:
    """gridwarn.yaml as a value; JSON, being YAML, is accepted."""
    return {
        "group": group,
        "registry": {"regions": "regions.csv", "categories": "categories.csv", "organisations": "organisations.csv"},
        "rules": "rules/",
        "actor_keys": ["caller.key"],
        "sources": sources,
        "kafka": {"properties": {"bootstrap.servers": bootstrap, "session.timeout.ms": str(SESSION_MS),
                                 "heartbeat.interval.ms": "250"}},
        "workers": 2,
        **more,
    }


class Engine:
    """One process at a time on one configuration.  Several engines of one group elect a leader."""

    hear = staticmethod(lambda what, text: None)  # what any of them answers and logs: set by who wants to know

    def __init__(self, directory: Path, settings: dict, name: str = "gridwarn"):
        self.directory = Path(directory)
        self.settings, self.group = settings, settings["group"]
        self.environment: dict[str, str] = {}  # beside that of the tests
        self.log = self.directory / f"{name}.log"
        self.log.touch()
        self._port = free_ports(1)[0]
        self._path = self.directory / f"{name}.yaml"
        self._process: Optional[subprocess.Popen] = None
        self.configure(settings)

    def configure(self, settings: dict) -> None:
        """for the next start"""
        http = {"http": {"listen": f"127.0.0.1:{self._port}"}}
        self._path.write_text(json.dumps({**settings, **http}, indent=1), encoding="utf-8")

    def start(self, *options: str) -> None:
        assert self._process is None, "it runs already"
        command = ["setpriv", "--pdeathsig", "KILL", os.environ["GRIDWARN"], "run", "-c", self._path, *options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             env={**os.environ, **self.environment})

    def drain(self, timeout_s: float = 120) -> None:
        """A run that reads everything, closes everything and leaves."""
        self.start("--create-topics", "--drain")
        code = self.wait(timeout_s)
        assert code == 0, f"the draining run ended with {code}:\n{self.log_tail()}"

    def wait(self, timeout_s: float) -> int:
        """its exit code, when it leaves by itself"""
        process, self._process = self._process, None
        try:
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"it did not leave within {timeout_s} s:\n{self.log_tail()}") from None
        finally:
            self.hear("a log", self.log.read_bytes())

    def stop(self, timeout_s: float = 40) -> int:
        """SIGTERM; returns the exit code"""
        self.terminate()
        return self.wait(timeout_s)

    def terminate(self) -> None:
        """SIGTERM, and no waiting"""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9; nothing if it does not run"""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self.hear("a log", self.log.read_bytes())

    @property
    def pid(self) -> int:
        return self._process.pid

    def check_running(self) -> None:
        code = self._process.poll()
        assert code is None, f"it ended with {code}:\n{self.log_tail()}"

    def wait_live(self, timeout_s: float = LIVE_SECONDS) -> None:
        self.wait_for(self.is_ready, timeout_s, "ready")

    def wait_for(self, condition, timeout_s: float = LIVE_SECONDS, what: str = "as expected") -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            self.check_running()
            assert time.monotonic() < deadline, f"not {what} within {timeout_s} s:\n{self.log_tail()}"
            time.sleep(0.02)

    def is_ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def metrics_text(self) -> str:
        status, body = self.get("/metrics")
        if status == 0:
            self.check_running()
        assert status == 200, f"/metrics answers {status}"
        return body

    def metric(self, series: str) -> float:
        """series: its name and labels as exposed; 0 if there is none"""
        for line in self.metrics_text().splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return 0.0

    def ask(self, path: str, method: str = "POST", headers: Optional[dict] = None) -> tuple[int, dict]:
        """what operators ask of it; an answer that is no JSON is its text"""
        status, body = self._answer(path, method, headers or {}, 90)
        return status, json.loads(body) if status == 200 or body.startswith("{") else {"text": body}

    @property
    def path(self) -> Path:
        """of its configuration"""
        return self._path

    def get(self, path: str) -> tuple[int, str]:
        """(0, "") while nobody listens"""
        try:
            return self._answer(path, "GET", {}, 5)
        except OSError:
            return 0, ""

    def _answer(self, path: str, method: str, headers: dict, timeout_s: float) -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}{path}", method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        self.hear(path, body)
        return status, body.decode()

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.log_text().splitlines()[-lines:])


def check_metrics(engine: Engine) -> None:
    """promtool finds nothing to say about them"""
    promtool = shutil.which("promtool")
    assert promtool, "promtool is not here: ./dev test fetches it"
    done = subprocess.run([promtool, "check", "metrics"], input=engine.metrics_text(), text=True, capture_output=True,
                          timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
