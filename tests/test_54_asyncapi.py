"""engine/sink/asyncapi.yaml: it is an AsyncAPI 3 document as far as that can be told without a network, and every record of
every topic of a running engine, with its key and its headers, is one of those that it describes.
"""

import json
import re
import time
from collections import Counter

import jsonschema
import pytest
import yaml

from broker import Record
from complaints import PLACES, complaint, eventually, histories, records
from engine import MAPPINGS, OUTPUTS, ROOT, Engine, configuration, rule, source, write_project
from load import CALLER, encode
from promises import check_privacy, read_outputs
from shapes import petition, reading
from test_39_generations import write
from test_51_handling import written

PATH = ROOT / "engine" / "sink" / "asyncapi.yaml"
DOCUMENT = yaml.safe_load(PATH.read_text(encoding="utf-8"))
INPUTS = tuple(MAPPINGS)

# what AsyncAPI 3.0.0 allows in its objects: needed, then optional
OBJECTS = {
    "root": ("asyncapi info", "id servers defaultContentType channels operations components"),
    "info": ("title version", "description termsOfService contact license tags externalDocs"),
    "server": ("host protocol", "protocolVersion pathname description title summary variables security tags externalDocs bindings"),
    "channel": ("", "address messages title summary description servers parameters tags externalDocs bindings"),
    "operation": ("action channel", "title summary description security tags externalDocs bindings traits messages reply"),
    "message": ("", "headers payload correlationId contentType name title summary description tags externalDocs bindings examples traits"),
    "parameter": ("", "enum default description examples location"),
    "components": ("", "schemas servers channels operations messages securitySchemes serverVariables parameters correlationIds replies "
                       "replyAddresses externalDocs tags operationTraits messageTraits serverBindings channelBindings operationBindings "
                       "messageBindings"),
    "format": ("schemaFormat schema", ""),
}


def check_object(kind: str, value: dict) -> None:
    needed, optional = (set(words.split()) for words in OBJECTS[kind])
    assert needed <= set(value) <= needed | optional, (kind, set(value) ^ needed)


def resolved(reference: str):
    """what a $ref of the document means: a part of it, or a file beside it"""
    if not reference.startswith("#/"):
        return json.loads((PATH.parent / reference).read_text(encoding="utf-8"))
    value = DOCUMENT
    for key in reference[2:].split("/"):
        value = value[key]
    return value


def deref(value):
    while isinstance(value, dict) and set(value) == {"$ref"}:
        value = resolved(value["$ref"])
    return value


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def schema_of(value: dict) -> dict:
    """a schema that stands by itself"""
    value = deref(value)
    if "schemaFormat" in value:
        check_object("format", value)
        return deref(value["schema"])
    return {**value, "components": DOCUMENT["components"]}


def validator(value: dict) -> jsonschema.Draft202012Validator:
    schema = schema_of(value)
    jsonschema.Draft202012Validator.check_schema({key: part for key, part in schema.items() if key != "components"})
    return jsonschema.Draft202012Validator(schema)


def test_its_structure_is_that_of_asyncapi():
    check_object("root", DOCUMENT)
    assert DOCUMENT["asyncapi"] == "3.0.0"
    check_object("info", DOCUMENT["info"])
    check_object("components", DOCUMENT["components"])
    for server in DOCUMENT["servers"].values():
        check_object("server", server)
        assert set(re.findall(r"{(\w+)}", server["host"])) == set(server["variables"])
    for name, channel in DOCUMENT["channels"].items():
        check_object("channel", channel)
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel.get("parameters", {})), name
        for parameter in channel.get("parameters", {}).values():
            check_object("parameter", deref(parameter))
        assert channel["messages"]
        for message in channel["messages"].values():
            check_object("message", deref(message))
    for operation in DOCUMENT["operations"].values():
        check_object("operation", operation)
        assert operation["action"] in ("send", "receive") and set(operation["channel"]) == {"$ref"}
        assert re.fullmatch(r"#/channels/[\w-]+", operation["channel"]["$ref"])
    for group in DOCUMENT["components"].values():
        assert all(re.fullmatch(r"[a-zA-Z0-9._-]+", name) for name in group)
    for reference in references(DOCUMENT):
        assert resolved(reference) is not None
    for message in DOCUMENT["components"]["messages"].values():
        for part in ("headers", "payload"):
            if part in message:
                validator(message[part])


def test_it_has_every_topic_and_uses_all_that_it_has():
    assert set(DOCUMENT["channels"]) == set(OUTPUTS) | set(INPUTS) | {"dispositions"}
    table = re.findall(r'X\(\w+, "([\w-]+)"\)', (ROOT / "engine" / "sink" / "store.h").read_text(encoding="utf-8"))
    assert table and set(table) <= set(DOCUMENT["channels"])
    assert {op["channel"]["$ref"].rpartition("/")[2] for op in DOCUMENT["operations"].values()} == set(DOCUMENT["channels"])
    used = set(references(DOCUMENT))
    for group in ("messages", "schemas", "parameters"):
        for name in DOCUMENT["components"][group]:
            assert f"#/components/{group}/{name}" in used, f"{group}/{name}: nothing refers to it"


def test_reasons_of_refusal_are_the_engines():
    text = (ROOT / "engine" / "decode" / "decode.h").read_text(encoding="utf-8")
    words = re.findall(r'X\(\w+, "(\w+)", "', text)
    schema = json.loads((ROOT / "engine" / "sink" / "dead-letter.schema.json").read_text(encoding="utf-8"))
    text = (ROOT / "engine" / "handle" / "transition.h").read_text(encoding="utf-8").partition("ANSWER_TABLE")[2]
    answers = re.findall(r'X\(\w+, "(\w+)", "', text)
    refused = answers[answers.index("wrong_unit"):]  # those before it were taken
    assert schema["properties"]["reason"]["enum"] == [word for word in words if word != "ok"] + refused


def test_the_mappings_kinds_are_those_of_the_inputs():
    for stream, name in zip(INPUTS, ("order", "petition", "reading")):
        mapping = yaml.safe_load((ROOT / "rules" / "district" / MAPPINGS[stream]).read_text(encoding="utf-8"))
        said = DOCUMENT["components"]["schemas"][name]["allOf"][1]["properties"]["type"]
        assert said.get("enum", [said.get("const")]) == list(mapping["kind"]["map"])


# -- what is really published


def payload(record, message: dict):
    """as the message's content type has it; raises ValueError where it is not"""
    if record.value is None:
        return None
    kind = message.get("contentType", DOCUMENT["defaultContentType"])
    if kind == "application/octet-stream":
        return record.value.decode("latin-1")
    text = record.value.decode("utf-8")
    return text if kind.startswith("text/plain") else json.loads(text)


def is_one(record, message: dict) -> bool:
    key = message.get("bindings", {}).get("kafka", {}).get("key")
    headers = {name: value.decode("utf-8") for name, value in record.headers}
    if key and not validator(key).is_valid(record.key.decode("utf-8") if record.key else None):
        return False
    if "headers" in message and not (len(headers) == len(record.headers) and validator(message["headers"]).is_valid(headers)):
        return False
    try:
        return validator(message["payload"]).is_valid(payload(record, message))
    except ValueError:
        return False


def kinds_of(channel: str, published) -> Counter:
    """How many of each message; every record is exactly one."""
    found = Counter()
    messages = {name: deref(message) for name, message in DOCUMENT["channels"][channel]["messages"].items()}
    for record in published:
        (kind,) = [name for name, message in messages.items() if is_one(record, message)] or [None]
        assert kind, f"{channel}: in no message of the document: {record}"
        found[kind] += 1
    return found


def test_all_that_is_published_is_described(broker, topics, tmp_path):
    wages = rule("wages", {"w": {"category": "labour"}}, ["respondent", "grid"], "24h", {"yellow": "w.callers >= 3", "red": "w.callers >= 5"},
                 send={"lead": "区人力资源局", "assist": ["street"]}, sign_within={"yellow": "4h"})
    write_project(tmp_path, [wages])
    notify = {"incidents": True, "budget": {"street": 1, "shifts": ["00:00"]}, "storm": 100}
    (tmp_path / "rules" / "rules.yaml").write_text(json.dumps({"rules": [wages], "notify": notify}), encoding="utf-8")
    names = {stream: topics(stream, partitions=2) for stream in INPUTS}
    engine = Engine(tmp_path, configuration(broker.bootstrap, topics.prefix.rstrip("-"),
                                            {stream: source(stream, name) for stream, name in names.items()}, heartbeat="1s",
                                            dispositions={"topic": topics("dispositions")}))
    now = time.time()
    sent = {
        "hotline": records(*(complaint(f"a{n}", now - 7200 + n) for n in range(6)),
                           *(complaint(f"f{n}", now - 7200 + n, firm="x", grid=3) for n in range(3))),
        "petition": [("", encode(petition("XF1", int(now) - 600, PLACES.grids[1], PLACES.matter("labour.wage_arrears"),
                                          [f"{CALLER}{n}" for n in range(5)], 5, None, ["WO-a1"])))],
        "sensor": [("", encode(reading("NS-1", "noise", int(now) - 600, PLACES.grids[1], 61.5)))],
    }
    wrong = complaint("unknown", now)
    wrong["data"]["dispute_type"] = "nothing"
    try:
        engine.start("--create-topics")
        engine.wait_live()
        for stream, lines in sent.items():
            broker.produce(names[stream], lines)
        found = eventually(lambda: histories(broker, engine.group), lambda found: len(found) == 3)
        names["dispositions"] = engine.settings["dispositions"]["topic"]
        said = [{"id": f"d{n}", "alert_id": alert, "action": "signed", "unit": "区人力资源局", "at": "2026-01-12T08:00:00+08:00"}
                for n, alert in enumerate((found[0][0]["alert_id"], "0" * 32))]
        silence = {"id": "S1", "silence": {"rule": "wages"}, "by_role": "duty", "unit": "区中心", "reason": "drill", "at": written(now),
                   "from": written(now + 3600), "until": written(now + 7200)}
        broker.produce(names["dispositions"], [(one.get("alert_id", "S1"), encode(one)) for one in (*said, silence)])
        described = {stream: kinds_of(stream, broker.consume_all(names[stream])) for stream in (*INPUTS, "dispositions")}
        eventually(lambda: [json.loads(r.value)["reason"] for r in broker.consume_all(f"{engine.group}-dead-letter")],
                   lambda reasons: "unknown_alert" in reasons)
        broker.produce(names["hotline"], records(*(complaint(f"g{n}", now - 7200 + n, firm="y") for n in range(3))))
        held = eventually(lambda: [h[-1] for h in histories(broker, engine.group) if not h[-1]["notice"]["told"]], bool)
        assert held[0]["notice"]["cause"] == "budget"
        broker.produce(names["hotline"], [("", b"{nothing"), ("", None), *records(wrong, complaint("old", now - 60 * 86400))])
        write(tmp_path / "rules", "rules.yaml", [{**wages, "levels": {"yellow": "w.callers >= 9"}}])
        engine.wait_for(lambda: engine.metric("gridwarn_generation") == 2, 10, "generation 2")
        eventually(lambda: [h[-1]["state"] for h in histories(broker, engine.group)], lambda states: set(states) == {"withdrawn"})
        write(tmp_path / "rules", "rules.yaml", [rule("other", {"w": {"category": "noise"}}, "grid", "24h", {"red": "w >= 1"})])
        engine.wait_for(lambda: engine.metric("gridwarn_generation") == 3, 10, "generation 3")
        eventually(lambda: broker.consume_all(f"{engine.group}-late"), bool)
        assert engine.stop() == 0
    finally:
        engine.kill()
    outputs = read_outputs(broker, engine.group)
    check_privacy(outputs)
    described |= {word: kinds_of(word, published) for word, published in outputs.items()}
    for channel, kinds in described.items():
        missing = set(DOCUMENT["channels"][channel]["messages"]) - set(kinds)
        assert not missing, f"{channel}: of {missing} there was none to look at"


@pytest.mark.parametrize("change", [
    lambda r: r._replace(key=b"another"),
    lambda r: r._replace(headers=[*r.headers, ("stray", b"")]),
    lambda r: r._replace(headers=r.headers[1:]),
    lambda r: r._replace(value=r.value[:-1]),
    lambda r: r._replace(value=r.value.replace(b'"reason"', b'"why"')),
])
def test_what_is_not_described_is_noticed(change):
    value = json.dumps({"reason": "expired", "source": "s", "topic": "t", "partition": 0, "offset": 1, "at": "2026-01-12T08:00:00+08:00",
                        "occurred_at": "2025-01-12T08:00:00+08:00"}).encode()
    fields = {"key": b"t/0", "value": value, "headers": [("reason", b"expired")]}
    good = Record(**{name: fields.get(name, 0) for name in Record._fields})
    assert kinds_of("late", [good]) == {"late": 1}
    with pytest.raises(AssertionError):
        kinds_of("late", [change(good)])
