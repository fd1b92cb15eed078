"""Tickets whose alert is waited for: five callers of one grid and category within a second, so that the job's first rule
fires, and the time from sending the ticket that crossed to a read_committed subscriber holding its alert.
"""

from __future__ import annotations

import json
import random
import threading
import time
from datetime import datetime

from confluent_kafka import Consumer, Producer, TopicPartition

import city
from crossings import DISTINCT
from shapes import BEIJING

WAIT_S = 30


class Probes:
    """One thread listens; sending is the caller's."""

    def __init__(self, bootstrap: str, topic: str, alerts: str, grids: int, seed: int):
        self._topic, self._seed, self._rng = topic, seed, random.Random(seed)
        self._places = city.grids(grids)
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "log_level": 3})
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-probes", "enable.auto.commit": False,
                                   "isolation.level": "read_committed", "log_level": 3})
        # what comes before the end is known would be missed, so it is known before anything is sent
        end = self._consumer.get_watermark_offsets(TopicPartition(alerts, 0), timeout=10)[1]
        self._consumer.assign([TopicPartition(alerts, 0, end)])
        self._sent: dict[str, float] = {}
        self._serial = 0
        self._ending = threading.Event()
        self._arrived = threading.Condition()
        self.seconds: dict[str, float] = {}  # by the id of the ticket that crossed
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        while not self._ending.is_set():
            message = self._consumer.poll(0.2)
            if message is None or message.error():
                continue
            seen = time.monotonic()
            crossed = (json.loads(message.value())["data"].get("crossed_by") or {}).get("event_id")
            with self._arrived:
                if crossed in self._sent and crossed not in self.seconds:
                    self.seconds[crossed] = seen - self._sent[crossed]
                    self._arrived.notify_all()

    def send(self) -> None:
        """five tickets, of callers that nobody has heard of"""
        self._serial += 1
        place, category = self._rng.choice(self._places), self._rng.choice(city.CATEGORIES)
        now = datetime.now(BEIJING).replace(microsecond=0).isoformat()
        for n in range(DISTINCT):
            number = f"PROBE{self._seed}-{self._serial}-{n}"  # another seed, other tickets
            record = {"id": f"{number}#created", "type": "gov.hotline.workorder.created", "time": now,
                      "data": {"order_no": number, "category": category, "grid": place, "urgency": "normal", "complainant": f"caller {number}"}}
            self._sent[record["id"]] = time.monotonic()
            self._producer.produce(self._topic, json.dumps(record), place)
            self._producer.poll(0)

    def warm_up(self) -> None:
        """Clients connect and learn of topics with their first record: that is not the engine's latency."""
        self.send()
        self.wait(1)
        self.seconds.clear()

    def wait(self, alerts: int) -> None:
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.seconds) >= alerts, WAIT_S):
                raise SystemExit(f"of {alerts} alerts of probes {len(self.seconds)} came within {WAIT_S} s")

    def close(self) -> list[float]:
        """the latencies, sorted"""
        self._ending.set()
        self._listener.join()
        self._consumer.close()
        return sorted(self.seconds.values())


def percentile(ordered: list[float], percent: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
