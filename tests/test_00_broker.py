"""The harness itself: a test of delivery is worth what its broker and its reader are."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from broker import PASSWORD, USER

ANY_BYTES = bytes(range(256)) + b"\n\0\r\n"


def transaction(broker, topic, values, commit):
    producer = Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": topic, "log_level": 0})
    producer.init_transactions(30)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value)
    producer.flush(30)  # on the broker in both cases
    if commit:
        producer.commit_transaction(30)
    else:
        producer.abort_transaction(30)


def values(records):
    return [r.value for r in records]


def test_records_come_back_byte_for_byte(broker, topics):
    topic = topics("bytes", partitions=3, max_message_bytes=11 << 20)
    large = os.urandom(10 << 20)
    headers = [("level", "橙".encode()), ("level", b"\0")]
    places = broker.produce(topic, [
        (ANY_BYTES, ANY_BYTES, 0), (b"", b"", 1), ("键", None, 1), (None, large, 2, headers)])
    assert places == [(0, 0), (1, 0), (1, 1), (2, 0)]
    got = [(r.partition, r.offset, r.key, r.value, r.headers) for r in broker.consume_all(topic)]
    assert got == [
        (0, 0, ANY_BYTES, ANY_BYTES, []),
        (1, 0, b"", b"", []),
        (1, 1, "键".encode(), None, []),
        (2, 0, None, large, headers),
    ]


def test_equal_keys_go_to_one_partition(broker, topics):
    topic = topics("keyed", partitions=4)
    broker.produce(topic, [(f"grid-{n % 20}", str(n)) for n in range(200)])
    partitions_of = {}
    for record in broker.consume_all(topic):
        partitions_of.setdefault(record.key, set()).add(record.partition)
    assert len(partitions_of) == 20
    assert all(len(partitions) == 1 for partitions in partitions_of.values())
    assert len(set.union(*partitions_of.values())) > 1


def test_what_was_aborted_is_not_there_for_read_committed(broker, topics):
    topic = topics("transactions")
    transaction(broker, topic, ["a", "b"], commit=True)
    transaction(broker, topic, ["c"], commit=False)
    assert values(broker.consume_all(topic)) == [b"a", b"b"]
    assert values(broker.consume_all(topic, read_committed=False)) == [b"a", b"b", b"c"]


def test_a_record_over_the_limit_is_refused(broker, topics):
    topic = topics("limited", max_message_bytes=1000)
    with pytest.raises(KafkaException) as refusal:
        broker.produce(topic, [(None, os.urandom(5000))])
    assert refusal.value.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert broker.consume_all(topic) == []


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_acknowledged_records_survive(broker, topics, end):
    topic = topics("kept")
    broker.produce(topic, [(None, str(n)) for n in range(1000)])
    bootstrap, pid = broker.bootstrap, broker.pid
    getattr(broker, end)()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    broker.start()
    assert broker.bootstrap == bootstrap and broker.pid != pid
    broker.produce(topic, [(None, "after")])
    assert values(broker.consume_all(topic)) == [str(n).encode() for n in range(1000)] + [b"after"]


def test_a_frozen_broker_answers_nobody_and_then_everybody(broker, topics):
    topic = topics("frozen")
    client = AdminClient({"bootstrap.servers": broker.bootstrap, "log_level": 0})
    broker.pause()
    with pytest.raises(KafkaException):
        client.list_topics(timeout=1)
    broker.resume()
    assert topic in client.list_topics(timeout=10).topics


@pytest.mark.parametrize("password, works", [(PASSWORD, True), ("wrong", False)])
def test_the_sasl_listener_knows_the_password(broker, password, works):
    errors = []
    client = AdminClient({
        "bootstrap.servers": broker.sasl_bootstrap, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
        "sasl.username": USER, "sasl.password": password, "log_level": 0,
        "error_cb": lambda error: errors.append(error.code())})
    if works:
        assert client.list_topics(timeout=10).brokers
    else:
        with pytest.raises(KafkaException):
            client.list_topics(timeout=2)
        client.poll(0)
        assert KafkaError._AUTHENTICATION in errors


def test_it_dies_with_the_process_that_made_it(tmp_path):
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from broker import Broker
broker = Broker({str(tmp_path)!r})
broker.start()
print(broker.pid, flush=True)
sys.stdin.read()
"""
    owner = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        pid = int(owner.stdout.readline())
        os.kill(pid, 0)
    finally:
        owner.kill()
        owner.wait()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
