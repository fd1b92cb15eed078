"""Words, names and numbers that stand in one place of the input each, so that whatever is found of them in an output tells
where it came from; and records of every shape that the shipped mappings know, each with one of them in one place.
"""

from __future__ import annotations

import copy
import json
import re
import time
from typing import Iterator, NamedTuple, Optional

from complaints import PLACES
from privacy import CARD_CHECKS, CARD_WEIGHTS
from shapes import Order, petition, reading

KEY, HEADER, UNKNOWN, TEXT = "(key)", "(header)", "(unknown field)", "(no JSON)"
STEPS = ("created", "called_again", "dispatched", "returned", "closed", "reopened", "merged", "moved", "voided", "restored",
         "visited")
LETTERS = ("registered", "registered_again", "transferred", "closed", "voided")
LONG_AGO_S = 100 * 86400  # beyond what the ledger keeps
FORMS = re.compile(rb"kanari[0-9]{5}x|139[0-9]{8}|139[*]{4}[0-9]{4}|110105[0-9]{11}[0-9X]")
NAMES = re.compile("欧阳..", re.DOTALL)


class Place(NamedTuple):
    stream: str
    path: str
    form: str


class Canaries:
    def __init__(self):
        self.places: dict[str, Place] = {}

    def _add(self, canary: str, *place: str) -> str:
        assert canary not in self.places
        self.places[canary] = Place(*place)
        return canary

    def word(self, stream: str, path: str) -> str:
        return self._add(f"kanari{len(self.places):05}x", stream, path, "word")

    def person(self, stream: str, path: str) -> str:
        """as a clerk writes it down"""
        number = len(self.places)
        phone = self._add(f"139{number:08}", stream, path, "phone")
        masked = self._add(f"139****{number:04}", stream, path, "masked")
        card = self._add(card_of(number), stream, path, "card")
        name = self._add(f"欧阳{chr(0x4E00 + number // 500)}{chr(0x5000 + number % 500)}", stream, path, "name")
        return f"{name},电话{phone}或{masked},身份证{card}"

    def number(self, stream: str, path: str) -> int:
        """as a form does that takes digits only"""
        return int(self._add(f"139{len(self.places):08}", stream, path, "phone"))

    def found(self, text: bytes) -> Iterator[tuple[str, Place]]:
        candidates = {form.decode() for form in FORMS.findall(text)} | set(NAMES.findall(text.decode(errors="replace")))
        for canary in sorted(candidates & self.places.keys()):
            yield canary, self.places[canary]


def card_of(number: int) -> str:
    digits = f"110105{1950 + number // 5000:04}{number // 500 % 10 + 1:02}{number // 25 % 20 + 1:02}{number % 25 + 100:03}"
    total = sum(weight * int(digit) for weight, digit in zip(CARD_WEIGHTS, digits))
    return digits + chr(CARD_CHECKS[total % 11])


# -- records -------------------------------------------------------------------------------------------------------


class Record(NamedTuple):
    stream: str
    key: Optional[str]
    value: bytes
    headers: list


def leaves(value: object, path: tuple = ()) -> Iterator[tuple]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list) and value:
        yield from leaves(value[0], (*path, 0))
    else:
        yield path


def name_of(path: tuple) -> str:
    return ".".join(str(part) for part in path).replace(".0", "[]")


def changed(record: dict, path: tuple, value: object) -> dict:
    made = at = copy.deepcopy(record)
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return made


def objects(value: object, path: tuple = ()) -> Iterator[tuple]:
    if isinstance(value, dict):
        yield path
        for key, inner in value.items():
            yield from objects(inner, (*path, key))


def encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def shapes(now: int) -> Iterator[tuple[str, dict]]:
    """each record as it would be right, but for its numbers"""
    place, matter = PLACES.grids[2], PLACES.matter("labour.wage_arrears")
    firm = {"token": "", "name_norm": "某房东"}  # in no register
    for step in STEPS:
        order = Order("", now, place, matter, "caller", "", respondent=firm, related=["WO-0"])
        yield "hotline", order.event(step, now, step, merged_into="WO-1", target_id="WO-2#created")
    for step in LETTERS:
        letter = petition("", now, place, matter, ["caller", "another"], 2, dict(firm), ["WO-3"])
        yield "petition", {**letter, "type": f"gov.petition.letter.{step}", "data": {**letter["data"], "target_id": "XF-4#registered"}}
    yield "sensor", reading("NS-1", "noise", now, place, 62.4)


# numbers of other records, and what a device measured: no person wrote them
OTHERS = {("hotline", "data.related_order_nos[]"), ("hotline", "data.merged_into"), ("hotline", "data.target_id"),
          ("petition", "data.related_order_nos[]"), ("petition", "data.target_id")}
MADE_BY_PLATFORMS = {*OTHERS, ("sensor", "data.value")}
NUMBERED = {"hotline": ("data", "order_no"), "petition": ("data", "petition_no"), "sensor": ("data", "device_id")}


class Records:
    """One after the other, so that no record is another one again."""

    def __init__(self, canaries: Canaries, now: int):
        self.canaries, self.now, self.number = canaries, now, 0
        self.keys = {stream: canaries.person(stream, KEY) for stream in NUMBERED}
        self.headers = {stream: [(canaries.word(stream, HEADER), canaries.person(stream, HEADER).encode())] for stream in NUMBERED}

    def numbered(self, stream: str, shape: dict) -> dict:
        """with numbers of its own, and those of others that nobody else names"""
        self.number += 1
        number = f"{stream[0].upper()}-{self.number}"
        made = changed(shape, NUMBERED[stream], number)
        for path in leaves(shape):
            if (stream, name_of(path)) in OTHERS:
                made = changed(made, path, f"other-{self.number}")
        return {**made, "id": f"{number}#1"}

    def record(self, stream: str, value: bytes) -> Record:
        """the key and the headers are the platform's own, and mean nothing to the engine"""
        return Record(stream, self.keys[stream], value, self.headers[stream])

    def __iter__(self) -> Iterator[Record]:
        for stream, shape in shapes(self.now):
            for path in leaves(shape):
                yield from self.in_one_field(stream, shape, path)
            yield self.in_fields_that_nobody_knows(stream, shape)
            yield from self.in_what_is_refused(stream, shape)

    def in_one_field(self, stream: str, shape: dict, path: tuple) -> Iterator[Record]:
        name = name_of(path)
        made = [self.canaries.word(stream, name)]
        if path != ("id",) and path != NUMBERED[stream] and (stream, name) not in MADE_BY_PLATFORMS:
            made += [self.canaries.person(stream, name), self.canaries.number(stream, name)]
        for value in made:
            yield self.record(stream, encoded(changed(self.numbered(stream, shape), path, value)))

    def in_fields_that_nobody_knows(self, stream: str, shape: dict) -> Record:
        made = self.numbered(stream, shape)
        for path in objects(shape):
            unknown = {self.canaries.word(stream, UNKNOWN): self.canaries.person(stream, UNKNOWN),
                       "more": {"list": [self.canaries.word(stream, UNKNOWN), {"deep": self.canaries.person(stream, UNKNOWN)}]}}
            for key, value in unknown.items():
                made = changed(made, (*path, key), value)
        return self.record(stream, encoded(made))

    def in_what_is_refused(self, stream: str, shape: dict) -> Iterator[Record]:
        yield self.record(stream, self.canaries.person(stream, TEXT).encode())
        whole = encoded(changed(self.numbered(stream, shape), ("data", "more"), self.canaries.person(stream, TEXT)))
        yield self.record(stream, whole[:-1])

    def late(self) -> Iterator[Record]:
        """to be sent when the ledger knows what time it is"""
        then = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now - LONG_AGO_S))
        for stream, shape in shapes(self.now):
            old = {**self.numbered(stream, shape), "time": then}
            yield self.record(stream, encoded(changed(old, ("data", "more"), self.canaries.person(stream, UNKNOWN))))
