"""What the end-to-end tests share: the programs under test and one real broker for all in a process.

`./dev test` builds the programs and fetches Kafka first; `/usr/bin/python3 -m pytest tests` by hand then works too.
"""

import os
import random
import re
import signal
from pathlib import Path

import pytest

from broker import JARS, Broker
from engine import Engine
from privacy import LINT, hear_commands

ROOT = Path(__file__).resolve().parent.parent

# the tests' processes find the same programs, whether ./dev or a person has started pytest
os.environ.setdefault("GRIDWARN", str(ROOT / "build" / "release" / "gridwarn"))
os.environ.setdefault("GRIDWARN_ASAN", str(ROOT / "build" / "asan" / "gridwarn"))
os.environ["LC_ALL"] = "C.UTF-8"  # what is said is compared in English, wherever the tests run
os.environ["PATH"] += os.pathsep + str(ROOT / "build" / "tools" / "usr" / "bin")  # promtool


def pytest_configure():
    # processes that share a run (dev: -n) must collect the same tests, and some are named after random seeds
    random.seed(os.environ.get("PYTEST_XDIST_TESTRUNUID"))
    # so that fixtures end what they have started when somebody ends pytest
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM", returncode=143))
    Engine.hear = staticmethod(LINT.hear)
    hear_commands(os.environ["GRIDWARN"])


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """One broker for all that a process runs (it takes seconds to start); topics are what keeps tests apart."""
    if not any(JARS.glob("kafka_*.jar")):
        pytest.fail(f"no Kafka in {JARS}: ./dev test e2e fetches it", pytrace=False)
    made = Broker(tmp_path_factory.mktemp("kafka"))
    made.start()
    LINT.watch(made)
    yield made
    found = LINT.look([])  # of engines that outlived their test
    LINT.watch(None)
    made.kill()
    assert not found, "\n".join(found)


@pytest.fixture(scope="session", autouse=True)
def nobody_is_told_of_in_files(tmp_path_factory):
    """those of engines that outlived their test"""
    yield
    found = LINT.look([tmp_path_factory.getbasetemp()])
    assert not found, "\n".join(found)


@pytest.fixture(autouse=True)
def nobody_is_told_of(request):
    """Whatever a test is about, what the engine put out meanwhile tells of no complainant: privacy.py."""
    directories = [request.getfixturevalue("tmp_path")] if "tmp_path" in request.fixturenames else []
    yield
    found = LINT.look(directories, topics="broker" in request.fixturenames)
    assert not found, "\n".join(found)


@pytest.fixture(autouse=True)
def broker_survives(nobody_is_told_of, request):
    """A test that fails while the broker is down must not fail those after it, nor the look at what was put out."""
    yield
    if "broker" in request.fixturenames:
        request.getfixturevalue("broker").ensure_running()


class Topics:
    """Makes topics whose names no other test has: topics("alerts", partitions=3) -> "restart-7-alerts"."""

    count = 0

    def __init__(self, broker, test_name):
        Topics.count += 1
        self._broker = broker
        self.prefix = f"{re.sub('[^A-Za-z0-9]+', '-', test_name)[:60]}-{Topics.count}-"

    def __call__(self, name, partitions=1, **config):
        full_name = self.prefix + name
        self._broker.create_topic(full_name, partitions, **config)
        return full_name


@pytest.fixture
def topics(broker, request):
    return Topics(broker, request.node.name.removeprefix("test_"))
