"""What people get wrong before the engine starts: all of it is said at once, each mistake with its place, the exit code
says of what kind it is, and nothing has been started or written.
"""

import re
import time

import pytest

from broker import PASSWORD, USER, free_ports
from engine import OUTPUTS, Engine, configuration, rule, source, write_project

CONFIG, BROKER = 3, 4  # exit codes, as engine/cli/cli.h has them
RULES = [rule("wages", {"w": {"category": "labour"}}, "grid", "24h", {"yellow": "w >= 3"})]


class Project:
    def __init__(self, directory, bootstrap, prefix):
        write_project(directory, RULES)
        self.directory = directory
        self.settings = configuration(bootstrap, prefix.rstrip("-"), {"hotline": source("hotline", f"{prefix}hotline")})

    def edit(self, name, old, new):
        path = self.directory / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def run(self, *options, timeout_s=30):
        """exit code and the lines it says"""
        engine = Engine(self.directory, self.settings)
        engine.log.write_text("")
        engine.start(*options)
        try:
            code = engine.wait(timeout_s)
        finally:
            engine.kill()
        return code, engine.log_text().splitlines()


@pytest.fixture
def project(broker, topics, tmp_path):
    return Project(tmp_path, broker.bootstrap, topics.prefix)


def topics_of(broker, prefix):
    return {name for name in broker._admin().list_topics(timeout=10).topics if name.startswith(prefix)}


def test_every_mistake_is_said_at_once(broker, topics, project):
    topics("hotline")
    project.settings["sources"]["hotline"]["latness"] = "45m"
    project.settings["heartbeat"] = "soon"
    project.settings["workers"] = 0
    project.edit("categories.csv", "labour.injury,", "labour..injury,")
    project.edit("mappings/hotline.yaml", "occurred_at: time", "ocurred_at: time")
    project.edit("rules/rules.yaml", "w >= 3", "v >= 3")
    (project.directory / "caller.key").chmod(0o644)
    before = topics_of(broker, topics.prefix)
    code, said = project.run("--create-topics")
    assert code == CONFIG
    expect(said, (r"gridwarn\.yaml:\d+:\d+", "latness; did you mean lateness"),
           (r"gridwarn\.yaml:\d+:\d+", "heartbeat: expected a duration"),
           (r"gridwarn\.yaml:\d+:\d+", "workers: expected a whole number"),
           (r"categories\.csv:6:1", "expected a dotted path"),
           (r"mappings/hotline\.yaml:\d+:\d+", "ocurred_at; did you mean occurred_at"),
           (r"rules/rules\.yaml:\d+:\d+", "v"), (r"caller\.key", "chmod 600"))
    # never half a start: no topic made, nobody listening
    assert topics_of(broker, topics.prefix) == before and "http:" not in "\n".join(said)


def test_every_mistake_of_the_registry_is_said_at_once(project):
    """with those of the configuration, its mappings and rules"""
    project.settings["heartbeat"] = "soon"
    project.edit("regions.csv", ",street,990101,", ",strret,990101,")
    project.edit("regions.csv", "\n990101001001001,", "\n,")
    project.edit("mappings/hotline.yaml", "occurred_at", "ocurred_at")
    project.edit("rules/rules.yaml", '"within"', '"wihtin"')
    code, said = project.run("--create-topics")
    assert code == CONFIG
    expect(said, (r"gridwarn\.yaml:\d+:\d+", "heartbeat: expected a duration"),
           (r"regions\.csv:3:\d+", "strret; expected district, street"), (r"regions\.csv:5:1", "without a code"),
           (r"regions\.csv:6:\d+", "990101001001001 is not in this file"),
           (r"mappings/hotline\.yaml:\d+:\d+", "ocurred_at; did you mean occurred_at"),
           (r"rules/rules\.yaml:\d+:\d+", "wihtin; did you mean within"))


def test_mistakes_are_said_in_the_language_of_the_environment(project, monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    project.settings["heartbeat"] = "soon"
    project.edit("rules/rules.yaml", '"within"', '"wihtin"')
    project.settings["kafka"]["properties"]["acks"] = "1"
    code, said = project.run()
    assert code == CONFIG
    expect(said, (r"gridwarn\.yaml:\d+:\d+", "heartbeat：应为带单位的时长"),
           (r"rules/rules\.yaml:\d+:\d+", "没有 wihtin 这个键，是否应为 within？"))
    project.settings["heartbeat"] = "30s"
    project.edit("rules/rules.yaml", '"wihtin"', '"within"')
    code, said = project.run()
    assert code == CONFIG and len(said) == 1 and '"acks" 由 gridwarn 设定（预警须恰好发布一次），请删去' in said[0], said


def test_a_warning_is_said_and_refuses_nothing(topics, project):
    topics("hotline")
    project.edit("rules/rules.yaml", '"category": "labour"', '"kind": "reading"')
    code, said = project.run("--create-topics", "--drain")
    assert code == 0
    expect(said, (r"rules/rules\.yaml:1:\d+", "warning: the rule wages can never fire"))


def expect(said, *places_and_parts):
    for place, part in places_and_parts:
        found = [line for line in said if re.search(place, line) and part in line]
        assert found, f"nothing about {place} {part} in:\n" + "\n".join(said)


@pytest.mark.parametrize("name", ["gridwarn.yaml", "regions.csv", "categories.csv", "mappings/hotline.yaml", "rules",
                                  "caller.key"])
def test_a_file_that_is_not_there(project, name):
    path = project.directory / name
    engine = Engine(project.directory, project.settings)
    path.rename(path.with_name("elsewhere"))
    engine.start()
    code = engine.wait(30)
    assert code == CONFIG and str(path) in engine.log_text()


def test_no_rule_at_all_is_no_configuration(project):
    project.edit("rules/rules.yaml", '"rules": [', '"rulse": [')
    code, said = project.run()
    assert code == CONFIG and any("rulse" in line for line in said)


def test_missing_topics_are_named_each_in_a_line(broker, topics, project):
    code, said = project.run()
    assert code == BROKER
    missing = [f"{topics.prefix}hotline", *(f"{topics.prefix}{word}" for word in OUTPUTS)]
    assert sorted(re.search(r"topic '([^']+)'", line)[1] for line in said) == sorted(missing)
    assert all("--create" in line or "create it" in line for line in said)  # how to mend it
    assert topics_of(broker, topics.prefix) == set()


def test_an_input_is_not_made_by_create_topics(broker, topics, project):
    code, said = project.run("--create-topics")
    assert code == BROKER and f"{topics.prefix}hotline" in "\n".join(said)
    assert f"{topics.prefix}hotline" not in topics_of(broker, topics.prefix)


def sasl(project, broker, password):
    (project.directory / "password").write_text(password + "\n")
    (project.directory / "password").chmod(0o600)
    project.settings["kafka"]["properties"] |= {
        "bootstrap.servers": broker.sasl_bootstrap, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
        "sasl.username": USER, "sasl.password": {"file": "password"}}


def test_a_wrong_password_is_one_line_without_the_password(broker, topics, project):
    topics("hotline")
    sasl(project, broker, "wrong-horse")
    code, said = project.run("--create-topics")
    assert code == BROKER and len(said) == 1, said
    assert "refuses the user or the password" in said[0] and "wrong-horse" not in said[0]
    sasl(project, broker, PASSWORD)
    code, said = project.run("--create-topics", "--drain")
    assert code == 0, said


def test_a_broker_that_is_not_there_is_one_line(project):
    (port,) = free_ports(1)
    project.settings["kafka"]["properties"]["bootstrap.servers"] = f"127.0.0.1:{port}"
    begun = time.monotonic()
    code, said = project.run()
    assert code == BROKER and len(said) == 1, said
    assert f"127.0.0.1:{port}" in said[0] and "no broker answers" in said[0]
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("name, value, part", [
    ("isolation.level", "read_uncommitted", "only what was committed counts"),
    ("boostrap.servers", "x:1", "did you mean"),
    ("socket.timeout.ms", "soon", "not one that librdkafka takes"),
])
def test_properties_that_must_not_or_cannot_be_set(project, name, value, part):
    project.settings["kafka"]["properties"][name] = value
    code, said = project.run()
    assert code == CONFIG and len(said) == 1 and name in said[0] and part in said[0], said
