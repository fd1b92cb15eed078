"""What may never be found in anything that the engine puts out, and the lint that looks for it in all that it does put
out while the tests run: topics, logs, files, answers over HTTP, and what its commands print.

People's numbers are known by their form, whatever a test is about.  What people said and who they are is marked in the
tests' input (load.py), since a text has no form.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Iterable, Iterator, Optional

from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from broker import Broker, Record
from load import CALLER, CONTENT, FIRM, PHONE

MARKS = tuple(mark.encode() for mark in (CALLER, CONTENT, PHONE))
UNREGISTERED = FIRM.encode()  # respondents outside the register: they may be people
PHONE_FORM = re.compile(rb"(?<![0-9])1[3-9][0-9][ -]?(?:[0-9]{4}|\*{4})[ -]?[0-9]{4}(?![0-9])")
CARD_FORM = re.compile(rb"(?<![0-9])[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]"
                       rb"(?![0-9A-Za-z])")
CARD_WEIGHTS, CARD_CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), b"10X98765432"
HEXADECIMAL = re.compile(rb"(?=[0-9]*[a-f])[0-9a-f]{16,}")  # alert ids, digests, tokens: any digits may stand in them
VALUE = re.compile(rb" [-+.0-9eEInfNa]+$", re.MULTILINE)  # of a metric: a number of bytes may look like anything
OWN = ("ledger", "readings", "state")  # the engine's own: they name the respondents that it counts by
FILES = ("alerts.ndjson", "dead-letter.ndjson", "late.ndjson")  # of an output that is a directory


def is_card(number: bytes) -> bool:
    """an identity number of GB 11643, by its check digit; the form alone would be any long number with a date in it"""
    total = sum(weight * (digit - ord("0")) for weight, digit in zip(CARD_WEIGHTS, number))
    return CARD_CHECKS[total % 11] == number[17:].upper()[0]


def numbers_in(text: bytes) -> list[bytes]:
    """of telephones, masked ones too, and identity cards"""
    text = HEXADECIMAL.sub(b"-", text)
    return PHONE_FORM.findall(text) + [number for number in CARD_FORM.findall(text) if is_card(number)]


def forms_of(text: bytes) -> bytes:
    """as it stands and, where it is JSON, as it reads: JSON has more than one way to write a character"""
    try:
        return text + b"\n" + json.dumps(json.loads(text), ensure_ascii=False).encode()
    except ValueError:
        return text


def whole(record: Record) -> bytes:
    """all of a record that is text to somebody"""
    parts = [record.key or b"", forms_of(record.value or b"")]
    for name, value in record.headers:
        parts += [name.encode(), value or b""]
    return b"\n".join(parts)


def personal(text: bytes, own: bool = False) -> list[bytes]:
    """What there is of people in it.  own: of a topic of the engine's own, which has respondents as they were given."""
    marks = MARKS if own else (*MARKS, UNREGISTERED)
    return list(dict.fromkeys([mark for mark in marks if mark in text] + ([] if own else numbers_in(text))))


def leaks(what: str, texts: Iterable[bytes], own: bool = False) -> list[str]:
    found = []
    for text in texts:
        for word in personal(text, own):
            at = max(text.find(word), 0)
            found.append(f"{what} tells of a person, {word.decode()}: {text[max(at - 200, 0):at + 200].decode(errors='replace')}")
    return found


def is_own(topic: str) -> bool:
    return topic.endswith(tuple(f"-{word}" for word in OWN))


class Topics:
    """Those of a broker that tests did not write to themselves: the engines', whatever they are called."""

    def __init__(self, broker: Broker, prefix: str = ""):
        self._broker, self._prefix, self._seen = broker, prefix, {}

    def new(self) -> Iterator[tuple[str, Record]]:
        """what has come into them since the last time"""
        ends = self._ends()
        grown = {place for place, end in ends.items() if end > self._seen.get(place, 0)}
        for topic in sorted({topic for topic, _ in grown}):
            for record in self._broker.consume_all(topic):
                if record.offset >= self._seen.get((topic, record.partition), 0):
                    yield topic, record
        self._seen |= {place: ends[place] for place in grown}

    def _ends(self) -> dict[tuple[str, int], int]:
        """asked for all at once: the time by which offsets are looked up may be the end"""
        consumer = Consumer({"bootstrap.servers": self._broker.bootstrap, "group.id": "tests", "log_level": 0})
        try:
            partitions = [TopicPartition(name, number, OFFSET_END)
                          for name, topic in consumer.list_topics(timeout=30).topics.items()
                          if name.startswith(self._prefix) and not name.startswith("__") and name not in self._broker.written
                          for number in topic.partitions]
            answers = consumer.offsets_for_times(partitions, timeout=30) if partitions else []
            assert not any(place.error for place in answers), answers
            return {(place.topic, place.partition): place.offset for place in answers}
        finally:
            consumer.close()


class Lint:
    """Of one run of the tests.  look() says what has leaked since it last looked."""

    def __init__(self):
        self._topics: Optional[Topics] = None
        self._heard: list[str] = []
        self._read: dict[Path, int] = {}  # bytes of each file

    def watch(self, broker: Optional[Broker], prefix: str = "") -> None:
        self._topics = Topics(broker, prefix) if broker else None

    def hear(self, what: str, text: Optional[bytes]) -> None:
        """an answer, a log, or what a command printed"""
        if text:
            self._heard += leaks(what, [forms_of(VALUE.sub(b"", text) if what == "/metrics" else text)])

    def look(self, directories: Iterable[Path], topics: bool = True) -> list[str]:
        found, self._heard = self._heard, []
        for directory in directories:
            for path in (path for name in FILES for path in directory.rglob(name)):
                found += leaks(path.name, self._lines(path))
        for topic, record in self._topics.new() if self._topics and topics else ():
            found += leaks(topic, [whole(record)], is_own(topic))
        return found

    def _lines(self, path: Path) -> list[bytes]:
        with path.open("rb") as file:
            file.seek(self._read.get(path, 0))
            text = file.read()
            self._read[path] = file.tell()
        return [forms_of(line) for line in text.splitlines()]


LINT = Lint()


def hear_commands(program: str) -> None:
    """What `gridwarn` prints wherever a test runs it and takes what it says."""
    run = subprocess.run

    def heard(command, *args, **kwargs):
        done = run(command, *args, **kwargs)
        if not isinstance(command, str) and str(command[0]) == program:
            for text in done.stdout, done.stderr:
                LINT.hear(f"gridwarn {command[1]}" if len(command) > 1 else "gridwarn",
                          text.encode() if isinstance(text, str) else text)
        return done

    subprocess.run = heard
