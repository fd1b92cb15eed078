"""What programs rely on: the alert topic's schemas and the metrics' reference."""

import copy
import json
import re
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "tests" / "cli" / "alerts.ndjson"
MESSAGES = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
HEARTBEATS = [m for m in MESSAGES if m["type"] == "gov.risk.heartbeat"]
WAGES = [m for m in MESSAGES if m["data"].get("rule") == "collective_wage_arrears"]

# the schemas


def validator(name):
    schema = json.loads((ROOT / "engine" / "alert" / name).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


ALERT = validator("alert.schema.json")
HEARTBEAT = validator("heartbeat.schema.json")


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: m["id"])
def test_sample_is_valid(message):
    right, wrong = (HEARTBEAT, ALERT) if message in HEARTBEATS else (ALERT, HEARTBEAT)
    right.validate(message)
    assert not wrong.is_valid(message)


def places(value, path=()):
    """every object within a message, by its path"""
    if isinstance(value, dict):
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


@pytest.mark.parametrize("schema, message", [(ALERT, WAGES[1]), (HEARTBEAT, HEARTBEATS[0])], ids=["alert", "heartbeat"])
def test_schema_is_strict(schema, message):
    """Nothing may be added to any object of a message, and nothing be left out of it."""
    for path in places(message):
        changed = copy.deepcopy(message)
        place = changed
        for key in path:
            place = place[key]
        place["stray"] = 1
        assert path == ("data", "provenance", "offsets") or not schema.is_valid(changed), path
        del place["stray"]
        for key in list(place):
            kept = place.pop(key)
            assert path == ("data", "provenance", "offsets") or not schema.is_valid(changed), (path, key)
            place[key] = kept


HEARD = {"source": "hotline", "heard_at": None, "listening_since": "2026-01-12T09:00:00.250+08:00", "silent_after": "30m",
         "silent_from": "2026-01-12T09:30:00.250+08:00", "judged_at": "2026-01-12T09:30:00.301+08:00", "last_event_at": None,
         "resumed_at": None}


def of_silence(heard: dict) -> dict:
    changed = copy.deepcopy(WAGES[1])
    changed["data"]["evidence"][0] |= {"condition": "silent(hotline)", "within": None, "heard": heard}
    return changed


def test_what_a_silence_was_judged_by_is_said_in_full():
    ALERT.validate(of_silence(HEARD))
    assert not ALERT.is_valid(of_silence({**HEARD, "stray": 1}))
    for key in HEARD:
        assert not ALERT.is_valid(of_silence({k: v for k, v in HEARD.items() if k != key})), key
    for key, value in (("heard_at", "09:00"), ("silent_after", "1800"), ("silent_from", None), ("judged_at", None), ("source", "")):
        assert not ALERT.is_valid(of_silence({**HEARD, key: value})), key


@pytest.mark.parametrize(
    "path, value",
    [
        (["id"], "7f3a:1"),
        (["type"], "gov.risk.alert.changed"),
        (["time"], "2026-01-12T01:41:00Z"),
        (["time"], "2026-01-12 09:41:00"),
        (["data", "level"], None),
        (["data", "state"], "pending"),
        (["data", "revision"], 0),
        (["data", "ended_at"], ""),
        (["data", "subject", "kind"], "person"),
        (["data", "evidence", 0, "within"], "86400"),
        (["data", "evidence", 0, "value"], "5"),
        (["data", "event_ids"], [{"source": "hotline", "id": str(i)} for i in range(21)]),
        (["data", "provenance", "offsets"], {"hotline": 1}),
        (["data", "provenance", "generation"], "5e5e"),
        (["data", "handling", "units", 0, "role"], "helper"),
    ],
)
def test_schema_refuses(path, value):
    changed = copy.deepcopy(WAGES[1])
    place = changed
    for key in path[:-1]:
        place = place[key]
    assert place[path[-1]] != value
    place[path[-1]] = value
    assert not ALERT.is_valid(changed)


# the metrics' reference


def test_metrics_reference_is_the_table():
    header = (ROOT / "engine" / "metrics" / "metrics.h").read_text(encoding="utf-8").replace("\\\n", " ")
    table = re.findall(r'X\(\w+, (\w+), "(\w+)", LABEL_(\w+), LABEL_(\w+),\s*"([^"]+)"\)', header)
    assert len(table) == len(re.findall(r'"gridwarn_\w+"', header)) > 20
    readme = (ROOT / "engine" / "metrics" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(gridwarn_\w+)` \| (\w+) \|([^|]*)\| ([^|]+) \| ([^|]+) \|$", readme, re.M)
    assert [(name, kind) for name, kind, *_ in rows] == [(name, kind.lower()) for kind, name, *_ in table]
    for (_, name, a, b, help), (_, _, labels, meaning, chinese) in zip(table, rows):
        assert labels.strip() == ", ".join(label.lower() for label in (a, b) if label != "NONE"), name
        assert meaning.startswith(help.rstrip(".")), name
        assert re.search("[\u4e00-\u9fff]", chinese), name


def test_metrics_reference_has_the_process():
    source = (ROOT / "engine" / "metrics" / "process.c").read_text(encoding="utf-8")
    told = re.findall(r'(?:describe|gauge)\(out, "(\w+)", (?:"\w+", )?"([^"]+)"', source)
    assert len(told) == len(set(re.findall(r"(?:process|gridwarn)_\w+(?=[\"{])", source))) > 5
    readme = (ROOT / "engine" / "metrics" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \| \w+ \| ([A-Z1][^|]+) \| [^|]+ \|$", readme, re.M) == told
