"""A real Kafka for the end-to-end tests: one node, on loopback, that tests may stop, kill and freeze at will.

What the engine promises (exactly once, whatever dies) rests on what a broker really does with transactions, so no
mock stands in for it.  It dies with the process that made it, however that ends.  Run as a program, it is a broker to
try things with: `./dev broker`.
"""

import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple, Optional

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

JARS = Path(__file__).resolve().parent.parent / "build" / "kafka"
LARGEST_RECORD = 32 << 20
USER, PASSWORD = "gridwarn", "right-horse"  # of the SASL listener
START_SECONDS = 60

# What differs from Kafka's defaults: one node has to do for every replica; memory and threads suit two cores shared
# with the engine; a transaction whose owner was killed is aborted within a second of its timeout, and a broker that
# was killed may come back at once instead of after its old session's nine seconds; a group may forget a dead member as
# soon; and what retention takes is gone within a second, not within five minutes.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{plain},SASL_PLAINTEXT://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SASL_PLAINTEXT://127.0.0.1:{sasl}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{user}="{password}";
log.dirs={data}
auto.create.topics.enable=false
log.retention.ms=-1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=2
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
log.retention.check.interval.ms=500
log.initial.task.delay.ms=500
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
"""


# options of the Java machine
QUICK_TO_START = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
LONG_RUNNING = ("-Xms1g", "-Xmx1g", "-XX:+UseSerialGC")  # the other collectors' threads want cores that others measure on


class Record(NamedTuple):
    partition: int
    offset: int
    key: Optional[bytes]
    value: Optional[bytes]  # None: a tombstone
    headers: list  # of (str, bytes)
    timestamp_ms: int


class Broker:
    """Made stopped; start() formats the storage the first time and returns when the broker answers.  After stop() or
    kill(), start() brings it back on the same ports with the same data."""

    def __init__(self, directory: Path, properties: Optional[dict] = None, machine: tuple = QUICK_TO_START):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log = self.directory / "broker.log"
        self.written: set[str] = set()  # topics that tests wrote to
        plain, sasl, controller = free_ports(3)
        self.bootstrap = f"127.0.0.1:{plain}"
        self.sasl_bootstrap = f"127.0.0.1:{sasl}"
        self._process, self._machine = None, machine
        self._configuration = self.directory / "server.properties"
        data = self.directory / "data"
        text = PROPERTIES.format(
            plain=plain, sasl=sasl, controller=controller, data=data, user=USER, password=PASSWORD)
        text += "".join(f"{name}={value}\n" for name, value in (properties or {}).items())
        self._configuration.write_text(text)
        self._formatted = False
        atexit.register(self.kill)

    # life

    def start(self):
        assert self._process is None, "the broker is running already"
        if not self._formatted:
            # the cluster's id: any 16 bytes in base64
            format_storage = ["format", "-t", "Z3JpZHdhcm4tdGVzdHMtMQ", "-c", self._configuration]
            code = self._java("kafka.tools.StorageTool", *format_storage).wait()
            assert code == 0, f"formatting failed with {code}:\n{self.log_tail()}"
            self._formatted = True
        self._process = self._java("kafka.Kafka", self._configuration)
        self._wait_until_it_answers()

    def stop(self, timeout_s: float = 60):
        """an orderly shutdown (SIGTERM)"""
        self._end(signal.SIGTERM, timeout_s)

    def kill(self):
        """SIGKILL; nothing if it does not run"""
        if self._process is not None:
            self._end(signal.SIGKILL, 10)

    def pause(self):
        """frozen (SIGSTOP): connections stay open and nothing answers, as with a host that hangs"""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def ensure_running(self):
        """whatever a test has left behind"""
        if self._process is not None and self._process.poll() is None:
            self.resume()
            return
        self._process = None
        self.start()

    @property
    def pid(self) -> Optional[int]:
        return self._process.pid if self._process else None

    def log_tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _java(self, main_class: str, *arguments) -> subprocess.Popen:
        # SerialGC and C1: a small footprint and half the time to start.  setpriv has the kernel end the broker when
        # this process is gone; a session of its own keeps a Ctrl-C meant for the tests from it.
        command = ["setpriv", "--pdeathsig", "KILL", "java", *self._machine, "-Dlog4j2.level=WARN", "-cp", f"{JARS}/*", main_class]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command + [str(a) for a in arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=self.directory)

    def _wait_until_it_answers(self):
        admin = self._admin()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            code = self._process.poll()
            if code is not None:
                self._process = None
                raise RuntimeError(f"the broker ended with {code}:\n{self.log_tail()}")
            try:
                if admin.list_topics(timeout=0.5).brokers:
                    return
            except KafkaException:
                time.sleep(0.1)
        self.kill()
        raise RuntimeError(f"the broker did not answer within {START_SECONDS} s:\n{self.log_tail()}")

    def _end(self, number: int, timeout_s: float):
        process, self._process = self._process, None
        process.send_signal(signal.SIGCONT)  # a frozen process would not see SIGTERM
        process.send_signal(number)
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    # topics and records

    def create_topic(self, name: str, partitions: int = 1, **config):
        """config: Kafka's, with _ for . (cleanup_policy="compact")"""
        settings = {key.replace("_", "."): str(value) for key, value in config.items()}
        topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=settings)
        admin = self._admin()  # held: the request dies with its client
        admin.create_topics([topic], operation_timeout=30)[name].result()
        # made by the controller; the broker hears of it a moment later
        deadline = time.monotonic() + 30
        while len(admin.list_topics(name, timeout=10).topics[name].partitions) != partitions:
            assert time.monotonic() < deadline, f"topic {name} does not appear"
            time.sleep(0.01)

    def topic_names(self) -> set[str]:
        return set(self._admin().list_topics(timeout=10).topics)

    def delete_topic(self, name: str):
        admin = self._admin()
        admin.delete_topics([name], operation_timeout=30)[name].result()

    def produce(self, topic: str, records) -> list:
        """records: (key, value[, partition[, headers]]) of str, bytes or None; partition None is chosen by key.
        Returns [(partition, offset)], in the order given, when all are acknowledged."""
        self.written.add(topic)
        producer = Producer(self._client(**{
            "enable.idempotence": True, "message.max.bytes": LARGEST_RECORD, "linger.ms": 2}))
        places = []
        for number, record in enumerate(records):
            self._produce_one(producer, topic, record, number, places)
            producer.poll(0)
        left = producer.flush(60)
        assert left == 0, f"{left} records to {topic} were not acknowledged within a minute"
        return [place for _, place in sorted(places)]

    @staticmethod
    def _produce_one(producer, topic, record, number, places):
        key, value, partition, headers = (*record, None, None)[:4] if len(record) < 4 else record

        def acknowledged(error, message):
            if error is not None:
                raise KafkaException(error)
            places.append((number, (message.partition(), message.offset())))

        where = {} if partition is None else {"partition": partition}
        while True:
            try:
                return producer.produce(topic, value, key, headers=headers, on_delivery=acknowledged, **where)
            except BufferError:  # the queue is full
                producer.poll(0.1)

    def consume_all(self, topic: str, read_committed: bool = True, timeout_s: float = 60) -> list[Record]:
        """All records that are there now, by partition and offset.  Not up to the end offset, but until the broker
        says that a partition is at its end: the last offsets may be control records, which nobody is given."""
        consumer = Consumer(self._client(**{
            "group.id": "tests", "enable.auto.commit": False, "enable.partition.eof": True,
            "isolation.level": "read_committed" if read_committed else "read_uncommitted",
            "fetch.message.max.bytes": LARGEST_RECORD, "check.crcs": True}))
        try:
            partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
            assert partitions, f"there is no topic {topic}"
            consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
            return self._read_to_end(consumer, set(partitions), time.monotonic() + timeout_s)
        finally:
            consumer.close()

    @staticmethod
    def _read_to_end(consumer, unfinished: set, deadline: float) -> list[Record]:
        records = []
        while unfinished:
            assert time.monotonic() < deadline, f"partitions {sorted(unfinished)} were not read to their end in time"
            for message in consumer.consume(num_messages=1000, timeout=0.2):
                error = message.error()
                if error is None:
                    records.append(Record(message.partition(), message.offset(), message.key(), message.value(),
                                          message.headers() or [], message.timestamp()[1]))
                elif error.code() == KafkaError._PARTITION_EOF:
                    unfinished.discard(message.partition())
                elif not error.retriable() and error.code() != KafkaError._ALL_BROKERS_DOWN:
                    raise KafkaException(error)
        return sorted(records, key=lambda r: (r.partition, r.offset))

    def _client(self, **more) -> dict:
        return {"bootstrap.servers": self.bootstrap, "log_level": 0, "reconnect.backoff.max.ms": 200, **more}

    def _admin(self) -> AdminClient:
        return AdminClient(self._client())


def free_ports(count: int) -> list[int]:
    """Below the range from which the kernel takes ports for outgoing connections: while a broker is down, a client
    that keeps trying to reach it could otherwise be given its very port, and the broker could not come back.
    Processes that share a run of the tests (dev: -n) have each their own: who was given one need not be using it now."""
    process, processes = os.environ.get("PYTEST_XDIST_WORKER", "gw0"), os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    ports = range(20000 + int(process.removeprefix("gw")), 32000, int(processes))
    sockets = []
    while len(sockets) < count:
        candidate = socket.socket()
        try:
            candidate.bind(("127.0.0.1", random.choice(ports)))
            sockets.append(candidate)
        except OSError:
            candidate.close()
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def main():
    directory = Path(tempfile.mkdtemp(prefix="gridwarn-broker-"))
    broker = Broker(directory)
    try:
        broker.start()
        print(f"Kafka answers at {broker.bootstrap}; with SASL/PLAIN ({USER}, {PASSWORD}) at {broker.sasl_bootstrap}")
        print("Ctrl-C ends it and removes its data", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        broker.kill()
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
