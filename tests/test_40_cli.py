"""The command line: all of it that needs no running engine."""

import copy
import json
import os
import pty
import re
import stat
import subprocess
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer

from engine import copy_district

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "tests" / "cli" / "alerts.ndjson"
MESSAGES = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
WAGES = [m for m in MESSAGES if m["data"].get("rule") == "collective_wage_arrears"]
HEARTBEATS = [m for m in MESSAGES if m["type"] == "gov.risk.heartbeat"]
ALERTS = [m for m in MESSAGES if m not in HEARTBEATS]
COMMANDS = ("run", "check", "replay", "test", "diff", "explain", "evidence", "report", "tail", "token")


def gridwarn(*args, input="", **env):
    environment = {"PATH": os.environ["PATH"], **env}
    return subprocess.run(
        [os.environ["GRIDWARN"], *map(str, args)], input=input, env=environment, capture_output=True, text=True, timeout=30
    )


def lines(*args, **kwargs):
    done = gridwarn(*args, **kwargs)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


# the commands


def exit_table():
    header = (ROOT / "engine" / "cli" / "cli.h").read_text()
    rows = re.findall(r'X\(\w+, (\d), "([^"]+)"\)', header)
    assert [number for number, _ in rows] == list("0123456")
    return [f"  {number}  {meaning}" for number, meaning in rows]


@pytest.mark.parametrize("args", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_names_the_exit_codes(args):
    shown = lines(*args)
    assert shown[0].startswith("usage: gridwarn ")
    assert shown[-7:] == exit_table()


def test_help_lists_the_commands():
    shown = lines("--help")
    for name in COMMANDS:
        assert any(line.startswith(f"  {name} ") for line in shown)


def test_version():
    assert re.fullmatch(r"gridwarn \d+\.\d+\.\d+", lines("--version")[0])


@pytest.mark.parametrize(
    "args, part",
    [
        (["chekc"], "unknown command chekc; did you mean check?"),
        (["--versoin"], "did you mean --version?"),
        (["xyzzyxyzzy"], "unknown command xyzzyxyzzy (see gridwarn --help)"),
        (["tail", "--levle", "red"], "unknown option --levle; did you mean --level?"),
        (["check", "--regsitry=x"], "unknown option --regsitry; did you mean --registry?"),
        (["tail", "-x"], "unknown option -x"),
        (["tail", "--level"], "option --level needs an argument"),
        (["tail", "--json=1"], "option --json takes no argument"),
        (["tail", "--file", "-", "stray"], "unexpected argument 'stray'"),
        (["tail", "--file", "-", "-n", "0"], "-n needs a number"),
        (["tail", "--file", "-", "--level", "yelow"], "did you mean yellow?"),
        (["tail"], "-c FILE or --file PATH is needed"),
        (["token"], "one of --new-key and --key"),
        (["token", "--key", "a", "--new-key", "b"], "one of --new-key and --key"),
        (["check"], "one of -c and --registry"),
    ],
)
def test_misuse_is_one_line_and_exit_2(args, part):
    done = gridwarn(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert part in done.stderr and done.stderr.count("\n") == 1


def test_output_that_cannot_be_written_fails():
    with open("/dev/full", "w") as full:
        done = subprocess.run([os.environ["GRIDWARN"], "--help"], stdout=full, stderr=subprocess.PIPE, timeout=30)
    assert done.returncode == 1


# check

REGISTRY = """code,name,level,parent
990101,示例区,district,
990101003,和兴街道,street,990101
990101001,东桥街道,street,990101
990101003005,新苑社区,community,990101003
"""


def test_check_registry(tmp_path):
    registry = tmp_path / "regions.csv"
    registry.write_text(REGISTRY, encoding="utf-8")
    assert lines("check", "--registry", registry) == [
        f"{registry}: correct",
        "regions: 4 (districts 1, streets 2, communities 1)",
    ]
    assert lines("check", "--registry", registry, LANG="zh_CN.UTF-8")[1] == "区域\uff1a4 (区 1, 街道 2, 社区 1)"
    assert "regions" in lines("check", "--registry", registry, LANG="zh_CN.UTF-8", LC_ALL="C")[1]


def test_check_registry_shows_every_problem(tmp_path):
    registry = tmp_path / "regions.csv"
    registry.write_text(REGISTRY + "a,甲,strret,990101\nb,乙,grid,nowhere\n", encoding="utf-8")
    done = gridwarn("check", "--registry", registry)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{registry}:6" in done.stderr and f"{registry}:7" in done.stderr


def test_check_of_what_is_not_there(tmp_path):
    for option in ("-c", "--registry"):
        done = gridwarn("check", option, tmp_path / "none")
        assert (done.returncode, done.stdout) == (3, "")
        assert str(tmp_path / "none") in done.stderr


def test_check_shows_what_the_shipped_district_means():
    district = ROOT / "rules" / "district"
    shown = lines("check", "-c", district / "demo.yaml")
    assert shown[0] == f"{district / 'demo.yaml'}: correct"
    regions = (district / "regions.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert shown[1].startswith(f"regions: {len(regions)} (districts 1, ")
    written = {rule for file in (district / "rules").glob("*.yaml") for rule in re.findall(r"- id: (\w+)", file.read_text("utf-8"))}
    listed = [re.match(r"  (\w+) +\S+:( \w+)+$", line) for line in shown]
    assert {match[1] for match in listed if match} >= written > set()


CHINESE = {"LC_ALL": "zh_CN.UTF-8"}  # need not be installed: the variable's text decides
RULE = """规则:
  - 编号: 甲
    定义: {欠薪: {来源: hotline, %s}}
    按: 网格
    时间窗: 24小时
    级别: {黄: %s}
"""


@pytest.fixture
def district(tmp_path):
    """the shipped one"""
    copy = tmp_path / "district"
    copy_district(copy)
    return copy


def write_rule(district, selection, condition):
    """one more, to be got wrong"""
    (district / "rules" / "x.yaml").write_text(RULE % (selection, condition), encoding="utf-8")


def check(directory, *more, **env):
    """exit code, what it says on stdout, and on stderr with files named from `directory`"""
    done = gridwarn("check", "-c", directory / "demo.yaml", *more, **env)
    return done.returncode, done.stdout, done.stderr.replace(f"{directory}/", "").splitlines()


def test_check_in_both_languages(district):
    write_rule(district, "类型: labour", "欠薪.人头 ≥ 3 且 （欠薪 ≥ 2")
    code, out, said = check(district, **CHINESE)
    assert (code, out) == (3, "")
    assert said == [
        "rules/x.yaml:3:28: 没有 类型 这个键，是否应为 类别？",
        "rules/x.yaml:6:16: 没有计数 人头，是否应为 人数？",
        "demo.yaml：2 个问题",
    ]
    assert check(district, LANG="en_US.UTF-8")[2] == [
        "rules/x.yaml:3:28: unknown key 类型; did you mean 类别?",
        "rules/x.yaml:6:16: unknown measure 人头; did you mean 人数?",
        "demo.yaml: problems: 2",
    ]


def test_check_reads_all_files_in_chinese(district):
    """each file its own mistake, none hides another; what the system and libyaml say, too"""
    write_rule(district, "类别: labour", "欠薪 ≥ 3")
    edits = {
        "demo.yaml": ("rules:", "workers: 0\nrules:"),
        "regions.csv": (",street,", ",strret,"),
        "mappings/hotline.yaml": ("occurred_at", "ocurred_at"),
        "rules/x.yaml": ("按: 网格", "按： 网格"),
    }
    for name, (old, new) in edits.items():
        text = (district / name).read_text(encoding="utf-8")
        assert old in text
        (district / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    (district / "organisations.csv").unlink()
    code, _, said = check(district, **CHINESE)
    assert code == 3
    for file, part in [
        ("demo.yaml:", "workers：应为 1 至 64 的整数"),
        ("regions.csv:", "没有层级 strret，应为 district（区）"),
        ("mappings/hotline.yaml:", "是否应为 occurred_at？"),
        ("organisations.csv: ", "无法打开：没有这个文件或目录"),
        ("rules/x.yaml:", "不符合 YAML 格式"),
    ]:
        assert any(line.startswith(file) and part in line for line in said), (file, said)
    assert not [line for line in said if re.search(r"expected|unknown|did you|can't", line)]


def test_a_table_of_another_encoding_hides_nothing(district):
    """nothing can be said of the categories that other files name, and the table itself is one problem"""
    (district / "categories.csv").write_bytes("path,name\nlabour,欠薪\n".encode("gb18030") + b"\xff\xff")
    write_rule(district, "类别: labour", "欠薪.人头 ≥ 3")
    code, _, said = check(district)
    assert code == 3 and [line.split(":")[0] for line in said] == ["categories.csv", "rules/x.yaml", "demo.yaml"], said


def test_check_warns_of_what_can_never_be(district):
    write_rule(district, "事件: reading", "欠薪 ≥ 3")
    code, out, said = check(district, **CHINESE)
    assert code == 0 and out.splitlines()[0].endswith("demo.yaml：正确，2 处注意")
    assert said == ["rules/x.yaml:2:5: 注意：规则 甲 永远不会预警",
                    "rules/x.yaml:3:32: 注意：欠薪 永远为 0：所选来源都不上报这类事件"]
    code, out, said = check(district)
    assert code == 0 and out.splitlines()[0].endswith("demo.yaml: correct, warnings: 2")
    assert [line.split(": ")[1] for line in said] == ["warning", "warning"]
    (district / "rules" / "y.yaml").write_text("rules: 1\n")
    assert check(district)[2][-1] == "demo.yaml: problems: 1, warnings: 2"


def test_check_shows_the_line(district):
    write_rule(district, "类型: labour", "欠薪 ≥ 3")
    shown = ["      3 |     定义: {欠薪: {来源: hotline, 类型: labour}}",
             "        | " + 33 * " " + "^"]  # 27 characters, six of them two columns wide
    assert check(district, "--context")[2][1:3] == shown
    assert len(check(district)[2]) == 2  # a pipe gets what programs read
    master, terminal = pty.openpty()
    subprocess.run([os.environ["GRIDWARN"], "check", "-c", district / "demo.yaml"], stderr=terminal,
                   stdout=subprocess.DEVNULL, timeout=30)
    os.close(terminal)
    said = b""
    while chunk := read_terminal(master):
        said += chunk
    os.close(master)
    assert said.decode().splitlines()[1:3] == shown


def read_terminal(master):
    try:
        return os.read(master, 4096)
    except OSError:  # its other end is closed
        return b""


# token


def test_token_new_key_and_tokens(tmp_path):
    key = tmp_path / "actor.key"
    lines("token", "--new-key", key)
    assert re.fullmatch(r"[0-9a-f]{32}\n", key.read_text())
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_text()
    again = gridwarn("token", "--new-key", key)
    assert again.returncode == 2 and "not overwritten" in again.stderr
    assert key.read_text() == before

    tokens = lines("token", "--key", key, input="13800000001\n\n13800000002\r\n13800000001\n")
    assert tokens[0] == tokens[3] != tokens[2]
    assert tokens[1] == "-"
    assert all(re.fullmatch(r"[0-9a-f]{16}|-", token) for token in tokens)


def test_token_is_siphash_2_4(tmp_path):
    """The reference vector of the SipHash paper's authors: key 00..0f, input 00..0e, whose bytes are not all text; so
    the one of a single byte 00 is used."""
    key = tmp_path / "key"
    key.write_text(bytes(range(16)).hex())
    key.chmod(0o600)
    assert lines("token", "--key", key, input="\x00\n") == ["74f839c593dc67fd"]


@pytest.mark.parametrize("text", ["", "00" * 15, "00" * 17, "zz" * 16])
def test_token_refuses_what_is_no_key(tmp_path, text):
    key = tmp_path / "key"
    key.write_text(text)
    key.chmod(0o600)
    done = gridwarn("token", "--key", key, input="13800000001\n")
    assert (done.returncode, done.stdout) == (3, "")
    assert "13800000001" not in done.stderr


def test_token_refuses_a_key_that_others_may_read(tmp_path):
    key = tmp_path / "key"
    key.write_text("00" * 16)
    key.chmod(0o640)
    done = gridwarn("token", "--key", key, input="13800000001\n")
    assert (done.returncode, done.stdout) == (3, "") and "chmod 600" in done.stderr


# tail


def test_tail_in_words():
    shown = lines("tail", "--file", SAMPLE)
    assert len(shown) == len(ALERTS)
    assert shown[0].startswith("01-12 09:13 ● 黄色 新增  和兴街道 新苑第十二网格  群体欠薪 ")
    assert shown[1].startswith("01-12 09:41 ● 橙色 升级  和兴街道 新苑第十二网格  群体欠薪 ")
    assert shown[1].endswith("再增5人将升为红色。  (alert 7f3a09c1 rev 2)")
    assert "【演练】" in shown[2]
    assert "\x1b" not in "".join(shown)


def test_tail_filters():
    def revisions(*args):
        return [json.loads(line)["id"] for line in lines("tail", "--file", SAMPLE, "--json", *args)]

    assert revisions() == [m["id"] for m in ALERTS]
    assert revisions("--heartbeats") == [m["id"] for m in MESSAGES]
    assert revisions("--rule", "collective_wage_arrears") == [m["id"] for m in WAGES]
    assert revisions("--street", "990101003") == [m["id"] for m in WAGES]
    assert revisions("--street", "990101001", "--rule", "collective_wage_arrears") == []
    assert revisions("-n", "2") == [m["id"] for m in ALERTS[:2]]
    # whoever has seen an orange alert sees its end, too
    assert revisions("--level", "orange") == [m["id"] for m in WAGES[1:]]
    assert revisions("--level", "red") == []


def test_tail_of_what_is_told():
    held = {**WAGES[1], "data": {**WAGES[1]["data"], "notice": {"told": False, "cause": "covered", "by": "x"}}}
    digests = [{"type": "gov.risk.alert.digest", "data": {"held": [], "revision": revision, "over": revision == 3}} for revision in (1, 2, 3)]
    messages = [WAGES[0], held, HEARTBEATS[0], *digests]
    text = "".join(json.dumps(message, ensure_ascii=False) + "\n" for message in messages)
    shown = lines("tail", "--file", "-", "--json", "--heartbeats", "--told", input=text)
    assert [json.loads(line) for line in shown] == [WAGES[0], HEARTBEATS[0], digests[0], digests[2]]


def test_tail_json_is_what_was_published():
    assert "\n".join(lines("tail", "--file", SAMPLE, "--json", "--heartbeats")) == SAMPLE.read_text(encoding="utf-8").strip()


def test_tail_of_standard_input():
    assert lines("tail", "--file", "-", input=SAMPLE.read_text(encoding="utf-8")) == lines("tail", "--file", SAMPLE)


def test_tail_says_what_it_cannot_read_and_goes_on():
    message = json.dumps(ALERTS[0])
    done = gridwarn("tail", "--file", "-", input=f'{{"secret":1381\n{{"type":"x"}}\n\n{message}\n')
    assert done.returncode == 5
    assert done.stdout.count("\n") == 1
    assert done.stderr.splitlines() == [
        "gridwarn tail: standard input:1: not JSON",
        "gridwarn tail: standard input:2: neither an alert, an incident nor a heartbeat",
    ]


def test_tail_of_what_is_not_there(tmp_path):
    assert gridwarn("tail", "--file", tmp_path / "none").returncode == 5
    assert gridwarn("tail", "-c", tmp_path / "none").returncode == 3


def test_tail_does_not_pass_on_escapes():
    message = copy.deepcopy(ALERTS[0])
    message["data"]["sentence"] = "\x1b]0;owned\x07\u202e"
    (shown,) = lines("tail", "--file", "-", input=json.dumps(message) + "\n")
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", shown)


def district_on(broker, topic, folder):
    """the shipped district's configuration, with its key made, on this broker and topic"""
    district = folder / "district"
    copy_district(district)
    (district / "secrets").mkdir(exist_ok=True)
    lines("token", "--new-key", district / "secrets" / "caller.key")
    config = district / "gridwarn.yaml"
    text = config.read_text(encoding="utf-8")
    for shipped, ours in ("127.0.0.1:9092", broker.bootstrap), ("alerts: gridwarn-alerts", f"alerts: {topic}"):
        assert shipped in text
        text = text.replace(shipped, ours)
    config.write_text(text, encoding="utf-8")
    return config


def test_tail_of_the_topic_shows_what_is_committed(broker, topics, tmp_path):
    topic = topics("alerts", partitions=1)
    config = district_on(broker, topic, tmp_path)
    for messages, commit in (ALERTS[:1], True), (ALERTS[1:2], False), (ALERTS[2:], True):
        producer = Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": topic, "log_level": 0})
        producer.init_transactions(30)
        producer.begin_transaction()
        for message in messages:
            producer.produce(topic, json.dumps(message), message["subject"])
        producer.flush(30)
        producer.commit_transaction(30) if commit else producer.abort_transaction(30)
    committed = [m["id"] for m in ALERTS[:1] + ALERTS[2:]]
    shown = lines("tail", "-c", config, "--from-start", "--json", "-n", len(committed))
    assert [json.loads(line)["id"] for line in shown] == committed


def test_tail_follows_from_now_on(broker, topics, tmp_path):
    topic = topics("alerts", partitions=1)
    config = district_on(broker, topic, tmp_path)
    broker.produce(topic, [(ALERTS[0]["subject"], json.dumps(ALERTS[0]))])
    follower = subprocess.Popen(
        [os.environ["GRIDWARN"], "tail", "-c", config, "-n", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + 30
        while follower.poll() is None and time.monotonic() < deadline:
            broker.produce(topic, [(ALERTS[1]["subject"], json.dumps(ALERTS[1]))])
            time.sleep(0.3)
        shown, errors = follower.communicate(timeout=10)
    finally:
        follower.kill()
    assert (follower.returncode, errors) == (0, "")
    assert "橙色 升级" in shown and shown.count("\n") == 1
