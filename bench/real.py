#!/usr/bin/env python3
"""A project for `gridwarn replay` from ten thousand real tickets of one district, with the rules that are shipped.

    bench/real.py --out build/real && gridwarn replay -c build/real/gridwarn.yaml

The tickets are not part of gridwarn (they have no licence): --data names the file, else it is looked for where
GRIDWARN_SHARED says or beside the repository.  rules/REPLAY.md tells what is to be learnt from them.

Nothing is made up to please the rules: the tickets name no caller and no respondent, neighbours are not known, and there
are no petitions and no sensors.  Their places are communities; as rules may count by grid, each is also its own grid.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import html
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Iterable

ROOT = Path(__file__).resolve().parent.parent
DISTRICT = ROOT / "rules" / "district"
CODE, NAME = "440310", "坪山区"

Row = dict[str, str]

# Categories of the shipped tree, and the district's types and subtypes that mean the same.  What is not here keeps a
# category of its own, t<type>.s<subtype>: to force it into a category would make a rule count what it is not about.
CATEGORIES = {
    "labour.wage_arrears": ["未妥善处理劳动者工资或经济补偿金问题", "劳动者的劳动报酬纠纷",
                            "经营者欠薪后逃逸、隐匿，或因欠薪被劳动者投诉", "最低工资标准"],
    "labour.overtime": ["剥夺或损害员工工作时间和休息休假的权利"],
    "labour.injury": ["职工工伤保险", "劳动安全"],
    "labour.social_insurance": ["为员工缴纳社保不规范", "住房公积金", "职工生育保险", "职工医疗保险"],
    "labour.contract": ["福利待遇纠纷", "劳动关系纠纷", "用人单位福利赔偿纠纷"],
    "noise.construction": ["超时施工", "施工噪音", "建筑运输噪声"],
    "noise.nightlife": ["商业经营红线外噪声", "商业经营红线内噪声", "文化娱乐红线外噪声", "文化娱乐红线内噪声",
                        "未许可经营噪声"],
    "noise.neighbour": ["饲养宠物家禽扰民", "宠物扰民", "室内噪声", "假日住宅楼噪声", "空调噪声"],
    "noise.traffic": ["机动车噪声", "交通设施噪声"],
    "noise": ["工业红线内噪声", "工业红线外噪声", "公共场所噪声", "噪音设施安装", "敏感区域卸货"],
    "property.owners_committee": ["业主委员会与物业管理公司的纠纷"],
    "property.service": ["小区水、电、气维修", "小区内垃圾清理"],
    "housing": ["房地产", "权属交易", "房屋安全鉴定"],
    "housing.quality": ["房屋质量安全隐患"],
    "housing.demolition": ["房屋拆迁", "房屋征收", "安置补偿", "房屋征收过程中产生的安置补偿等问题或纠纷"],
    "construction.payment": ["工程欠款"],
    "construction.safety": ["施工安全隐患", "建筑工地存在安全隐患"],
    "construction.unauthorised": ["违法建设", "违法在建建筑", "违法已建建筑", "擅自开工建设", "擅自进行改建工程"],
    "traffic.bus": ["公共交通管理"],
    "traffic.taxi": ["网约车管理", "机动车非法营运", "非机动车非法营运", "黑车拉客"],
    "traffic.parking": ["机动车乱停放", "非机动车乱停放"],
    "traffic.road": ["道路破损", "道路路面塌陷、凹陷", "道路塌陷、盖板坍塌"],
    "utility.water": ["供水设施故障", "自来水管破裂", "自来水水质发黄等水质问题"],
    "utility.power": ["电力设施故障"],
    "utility.gas": ["燃气经营与服务", "燃气管道破裂"],
    "utility.lift": ["电梯"],
    "utility.telecom": ["通信保障", "电信运营商监管"],
    "environment.odour": ["工业废气", "养殖废气", "垃圾臭味扰民", "垃圾处理场臭味扰民", "服务行业经营废气", "住宅废气",
                          "非指定场所焚烧垃圾产生气味及烟雾", "焚烧垃圾、树叶"],
    "environment.dust": ["公共场所扬尘", "社会投资建设工地施工扬尘", "市政工程扬尘", "房屋拆除、建设扬尘"],
    "environment.fume": ["油烟污染"],
    "environment.waste": ["积存垃圾渣土", "暴露垃圾", "公共区域垃圾清理", "固体废物", "工业垃圾堆放"],
    "environment.water": ["生活污水集污沟渠裸露黑臭", "生活污水乱排放", "道路污水", "工业污水偷排直排", "河道污染",
                          "非公共区域违规排污"],
    "consumer": ["消费维权", "消费者权益纠纷", "违规收费、价格欺诈"],
    "consumer.food": ["非法加工食品", "食药监问题"],
    "medical.dispute": ["医疗事故争议", "患者权益"],
    "medical.fees": ["医疗机构违规收费"],
    "education": ["教育统筹管理", "教学管理", "教育收费", "乱收费", "教育经费管理", "教育体制改革"],
    "education.school": ["教育资源配置", "学历学位学籍管理", "招生违法行为"],
    "neighbour": ["邻里纠纷"],
    "land": ["征转地审批"],
}

TICKETS = """\
# 工单：每行一件，各列均为文字。没有诉求人、被投诉方和办理经过。
id: REC_ID
kind: created
occurred_at: {path: CREATE_TIME, formats: ["%Y-%m-%d %H:%M:%S"], zone: "+08:00"}
region: COMMUNITY_ID
category: {path: SUB_TYPE_ID, table: subtypes.csv}
matter: REC_ID
"""

ABSENT = """\
# 信访、物联：本区这份数据里没有。规则里的来源和标签因此有处可查，却永远不会有事件，gridwarn check 会逐条提醒。
id: id
occurred_at: time
kind: {path: kind, map: {}, default: skip}
tags: {collective: collective, visit: visit, threat: threat, returned: returned}
"""

CONFIGURATION = """\
group: gridwarn-real
time: event
registry: {regions: regions.csv, categories: categories.csv}
rules: rules/
calendar: calendar.csv
models: models/
actor_keys: ephemeral
sources:
  hotline: {file: tickets.ndjson, mapping: tickets.yaml, lateness: 45m}
  petition: {file: petition.ndjson, mapping: absent.yaml, lateness: 2h}
  sensor: {file: sensor.ndjson, mapping: absent.yaml, lateness: 5m}
output: console
"""


def default_data() -> Path:
    shared = Path(os.environ.get("GRIDWARN_SHARED") or ROOT.parent / "shared")
    return shared / "data" / "pingshan_minsheng_2018.csv.gz"


def read_rows(path: Path) -> list[Row]:
    """In the order of their record numbers, which is the order of arrival."""
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: int(row["REC_ID"]))


def placed(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["COMMUNITY_ID"] not in ("", "-", "0")]


def regions_of(rows: list[Row]) -> list[tuple[str, ...]]:
    streets = {row["STREET_ID"]: row["STREET_NAME"] for row in placed(rows)}
    communities = {row["COMMUNITY_ID"]: (row["COMMUNITY_NAME"], row["STREET_ID"]) for row in placed(rows)}
    return [(CODE, NAME, "district", ""),
            *((code, name, "street", CODE) for code, name in sorted(streets.items())),
            *((f"c{code}", name, "community", street) for code, (name, street) in sorted(communities.items())),
            *((code, f"{name}网格", "grid", f"c{code}") for code, (name, _) in sorted(communities.items()))]


def subtypes_of(rows: list[Row]) -> dict[str, tuple[str, str]]:
    """By code: its category and its name.  One code has several spellings: the first is as good as the others."""
    meant = {name: category for category, names in CATEGORIES.items() for name in names}
    names: dict[str, str] = {}
    own: dict[str, str] = {}
    for row in rows:
        names.setdefault(row["SUB_TYPE_ID"], html.unescape(row["SUB_TYPE_NAME"]))
        own.setdefault(row["SUB_TYPE_ID"], f"t{row['EVENT_TYPE_ID']}.s{row['SUB_TYPE_ID']}")
    return {code: (meant.get(name, own[code]), name) for code, name in sorted(names.items())}


def own_categories(rows: list[Row], subtypes: dict[str, tuple[str, str]]) -> list[tuple[str, str]]:
    types = {f"t{row['EVENT_TYPE_ID']}": html.unescape(row["EVENT_TYPE_NAME"]) for row in rows}
    own = {category: name for category, name in subtypes.values() if category.partition(".")[0] in types}
    return sorted({**{path.partition(".")[0]: types[path.partition(".")[0]] for path in own}, **own}.items())


def write_csv(path: Path, header: str, rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])


def shipped_categories() -> list[tuple[str, str]]:
    with (DISTRICT / "categories.csv").open(encoding="utf-8", newline="") as file:
        return [(row["path"], row["name"]) for row in csv.DictReader(file)]


def copy_rules(out: Path) -> None:
    """Fresh, without what an earlier run's reader added; the table of streets is that of another district: emptied."""
    shutil.rmtree(out / "rules", ignore_errors=True)
    shutil.copytree(DISTRICT / "rules", out / "rules")
    write_csv(out / "rules" / "wage_arrears.csv", "编码,名称,级别,计数,阈值", [])


def write_project(out: Path, rows: list[Row]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    subtypes = subtypes_of(rows)
    write_csv(out / "regions.csv", "code,name,level,parent", regions_of(rows))
    write_csv(out / "categories.csv", "path,name", [*shipped_categories(), *own_categories(rows, subtypes)])
    write_csv(out / "subtypes.csv", "code,category", ((code, category) for code, (category, _) in subtypes.items()))
    for name, text in (("tickets.yaml", TICKETS), ("absent.yaml", ABSENT), ("gridwarn.yaml", CONFIGURATION)):
        (out / name).write_text(text, encoding="utf-8")
    with (out / "tickets.ndjson").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    for absent in ("petition", "sensor"):
        (out / f"{absent}.ndjson").write_bytes(b"")
    copy_rules(out)
    shutil.copy(DISTRICT / "calendar.csv", out)
    shutil.copytree(ROOT / "models", out / "models", dirs_exist_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the project's directory; its rules/ is made anew")
    parser.add_argument("--data", type=Path, default=default_data(), help="the tickets, a gzipped CSV file")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"real.py: no tickets at {options.data}: give --data FILE, or set GRIDWARN_SHARED", file=sys.stderr)
        return 1
    write_project(options.out, read_rows(options.data))
    return 0


if __name__ == "__main__":
    sys.exit(main())
