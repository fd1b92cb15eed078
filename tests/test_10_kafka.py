"""The engine's Kafka source, store and election against a real broker, by the C program tests/unit/test_kafka.c."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

PROGRAM = Path(os.environ["GRIDWARN_ASAN"]).parent / "tests" / "unit" / "test_kafka"
DOWN_SECONDS = 20


def run(broker, **more):
    environment = os.environ | {"GRIDWARN_TEST_BROKERS": broker.bootstrap,
                                "GRIDWARN_TEST_SASL_BROKERS": broker.sasl_bootstrap} | more
    return subprocess.Popen([PROGRAM], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process, timeout):
    try:
        output, _ = process.communicate(timeout=timeout)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert "100%" in output
    return output


@pytest.mark.timeout(300)
def test_source_store_and_election(broker):
    finish(run(broker, GRIDWARN_TEST_BROKER_PID=str(broker.pid)), 290)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_commits_outlive_the_broker(broker, end):
    """Not one cut is lost or doubled, no restart is needed, and the log says it in a handful of lines."""
    process = run(broker, CK_RUN_CASE="commits", GRIDWARN_TEST_SECONDS=str(DOWN_SECONDS + 15))
    time.sleep(5)
    getattr(broker, end)()
    time.sleep(DOWN_SECONDS)
    broker.start()
    output = finish(process, 180)
    longest_ms = int(re.search(r"longest commit took (\d+) ms", output)[1])
    assert longest_ms > (DOWN_SECONDS - 2) * 1000, "the outage was not felt: the test proves nothing"
    assert len(output.splitlines()) < 20, output
