"""A week in a district, told by the alert topic: each step of each dispute at its time, with its level, the unit in charge and
why, and nothing besides.  The engine is live, on a real broker, with the shipped rules but for their section `notify`, so that
everybody is told of everything; only its clock is in the test's hand (held_clock.py), and it is killed now and then.  Then the
same week once more, with what keeps the noise down: silences, incidents, whose own topic tells it in half as many lines, and, of
what the shipped section leaves to the district, inhibition and a budget so small that it is used up.
"""

from __future__ import annotations

import difflib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, NamedTuple, Optional

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from district_week import MINUTE, OUTAGE, SLOT_S, Week, at, written
from engine import Engine, configuration, source, write_project
from events import seconds
from held_clock import HeldClock
from load import encode
from promises import DIGEST, HEARTBEAT, check_messages, check_privacy, read_outputs
from published import check_revisions, revisions

SEED = 20260907
RATE, LEAST_RATE, SLOW_RATE = 3000, 50, 20  # seconds a second
HEARTBEAT_S = 10
LATENESS_S = {"hotline": 50 * MINUTE, "petition": 120 * MINUTE, "sensor": 50 * MINUTE}  # all that closes closes at tens of minutes
SILENT_AFTER = {"hotline": "30m", "petition": "2h", "sensor": "30m"}
ROUTING = """类别,级别,牵头,协助,层级,街道单位,区级单位,签收时限,到场时限,办结时限
noise,,社区,,社区,,区综治中心,1小时,,
,,,,,,区综治中心,,,
"""
UNWILLING = ("many_callers", "夜色酒吧")  # nobody signs this one by himself
SIGNED_AFTER_S = 10 * MINUTE  # all others
KILLS = ("Tue 23:00", "Sat 11:30")
NOTIFY = """notify:
  incidents: true
  inhibit:
    - when: {rule: data_silence, level: red}
      holds: {rule: calls_again}
      same: district
  budget: {street: 1, shifts: ["08:00", "20:00"]}
"""
KILLS_WITH_NOTIFY = ("Tue 10:20", "Fri 12:50", "Sat 11:30")  # with limits and incidents, a silence, a budget that is used up


class Answer(NamedTuple):
    at: int
    alert: tuple[str, str]  # rule and subject
    action: str
    more: dict


ANSWERS = [
    Answer(at("Wed 10:00"), ("collective_wage_arrears", "某建设劳务公司"), "closed", {"outcome": "mediated", "involved": 10}),
    Answer(at("Thu 00:50"), UNWILLING, "returned", {"reason": "not_ours"}),
    Answer(at("Thu 02:30"), UNWILLING, "signed", {}),
    Answer(at("Fri 10:00"), UNWILLING, "closed", {"outcome": "verified", "involved": 5}),
]
# when limits pass: the clock goes slower there, as they are judged by whoever has been awake
LIMITS = ("Thu 00:20", "Thu 00:50", "Thu 01:50")

SILENCES = (
    {"id": "S1", "silence": {"region": "云岭社区", "rule": "utility_burst"}, "reason": "known", "until": "2026-09-11T20:00:00+08:00",
     "by_role": "duty_officer", "unit": "区城运中心", "at": "2026-09-11T12:40:00+08:00"},
)

# when | alert | change and level | unit in charge | why
STORY = """
Mon 10:20 | 群体欠薪 某建设劳务公司 | raised yellow | 区人力资源局 | 反映人3人、涉及3人
Mon 10:30 | 群体欠薪 某建设劳务公司 | handled yellow | 区人力资源局 | signed
Mon 16:10 | 群体欠薪 某建设劳务公司 | raised orange | 区人力资源局 | 反映人5人、涉及5人
Mon 16:10 | 集体访征兆 某建设劳务公司 | raised yellow | 区信访局 | 事件0件、涉及5人
Mon 16:20 | 集体访征兆 某建设劳务公司 | handled yellow | 区信访局 | signed
Mon 18:10 | 环比突增（拖欠工资） 清河社区第一网格 | raised yellow | 属地街道综治中心 | 事件5件、异常度4.063
Mon 18:20 | 环比突增（拖欠工资） 清河社区第一网格 | handled yellow | 属地街道综治中心 | signed
Tue 09:00 | 跨渠道叠加 XF90001 | raised orange | 区信访局 | 事件1件、事件1件
Tue 09:00 | 集体访征兆 某建设劳务公司 | raised orange | 区信访局 | 事件1件、涉及5人
Tue 09:10 | 跨渠道叠加 XF90001 | handled orange | 区信访局 | signed
Tue 11:00 | 社区欠薪集中 清河社区 | raised yellow | 属地街道综治中心 | 反映人10人、涉及22人
Tue 11:00 | 群体欠薪 某建设劳务公司 | raised red | 区人力资源局 | 反映人10人、涉及19人
Tue 11:10 | 社区欠薪集中 清河社区 | handled yellow | 属地街道综治中心 | signed
Tue 12:50 | 环比突增（拖欠工资） 清河社区第一网格 | raised orange | 属地街道综治中心 | 事件7件、异常度5.529
Wed 06:10 | 环比突增（拖欠工资） 清河社区第一网格 | lowered yellow | 属地街道综治中心 | 事件6件、异常度4.799
Wed 10:00 | 群体欠薪 某建设劳务公司 | handled red | 区人力资源局 | closed
Wed 23:00 | 群体欠薪 某建设劳务公司 | lowered orange | 区人力资源局 | 反映人0人、涉及0人
Wed 23:20 | 多人同诉（营业场所噪声） 夜色酒吧 | raised yellow | 东湖社区 | 反映人5人
Wed 23:20 | 集体访征兆 夜色酒吧 | raised yellow | 区信访局 | 事件0件、涉及5人
Wed 23:30 | 集体访征兆 夜色酒吧 | handled yellow | 区信访局 | signed
Thu 00:10 | 环比突增（拖欠工资） 清河社区第一网格 | resolved yellow | 属地街道综治中心 | ended Wed 22:10
Thu 00:10 | 群体欠薪 某建设劳务公司 | lowered yellow | 区人力资源局 | 反映人0人、涉及0人
Thu 00:20 | 多人同诉（营业场所噪声） 夜色酒吧 | escalated yellow | 东湖街道 | not signed in time
Thu 00:30 | 群体欠薪 某建设劳务公司 | resolved yellow | 区人力资源局 | ended Wed 22:30
Thu 00:50 | 多人同诉（营业场所噪声） 夜色酒吧 | handled yellow | 东湖街道 | returned nobody has it
Thu 00:50 | 多人同诉（营业场所噪声） 夜色酒吧 | escalated yellow | 区综治中心 | the unit in charge returned it
Thu 01:50 | 多人同诉（营业场所噪声） 夜色酒吧 | escalated yellow | 区综治中心 | not signed in time not_signed
Thu 02:30 | 多人同诉（营业场所噪声） 夜色酒吧 | handled yellow | 区综治中心 | signed
Thu 08:40 | 重复投诉 WO000751 | raised blue | 属地街道综治中心 | 事件2件
Thu 08:50 | 重复投诉 WO000751 | handled blue | 属地街道综治中心 | signed
Thu 12:00 | 多人同诉（预付卡） 乐动健身会所 | raised yellow | 属地街道综治中心 | 反映人5人
Thu 12:00 | 集体访征兆 乐动健身会所 | raised yellow | 区信访局 | 事件0件、涉及5人
Thu 12:10 | 多人同诉（预付卡） 乐动健身会所 | handled yellow | 属地街道综治中心 | signed
Thu 12:10 | 集体访征兆 乐动健身会所 | handled yellow | 区信访局 | signed
Thu 14:40 | 邻近扩散（预付卡） 望湖社区第二网格 | raised orange | 属地街道综治中心 | 连同邻近达到的3个
Thu 14:50 | 邻近扩散（预付卡） 望湖社区第二网格 | handled orange | 属地街道综治中心 | signed
Thu 15:20 | 多人同诉（预付卡） 乐动健身会所 | raised orange | 属地街道综治中心 | 反映人10人
Thu 15:20 | 涉众跨网格 乐动健身会所 | raised orange | 区市场监管局 | 反映人10人、涉及网格3个
Thu 15:30 | 涉众跨网格 乐动健身会所 | handled orange | 区市场监管局 | signed
Fri 10:00 | 多人同诉（营业场所噪声） 夜色酒吧 | handled yellow | 区综治中心 | closed
Fri 12:30 | 民生突发聚集 科园社区 | raised yellow | 区城管局 | 事件6件
Fri 12:40 | 民生突发聚集 科园社区 | handled yellow | 区城管局 | signed
Fri 12:50 | 民生突发聚集 科园社区 | raised orange | 区城管局 | 事件10件
Fri 13:00 | 民生突发聚集 云岭社区 | raised yellow | 区城管局 | 事件6件
Fri 13:10 | 民生突发聚集 云岭社区 | handled yellow | 区城管局 | signed
Fri 16:20 | 民生突发聚集 科园社区 | lowered yellow | 区城管局 | 事件0件
Fri 16:40 | 民生突发聚集 云岭社区 | resolved yellow | 区城管局 | ended Fri 15:50
Fri 16:40 | 民生突发聚集 科园社区 | resolved yellow | 区城管局 | ended Fri 15:50
Fri 23:00 | 集体访征兆 某建设劳务公司 | lowered yellow | 区信访局 | 事件0件、涉及0人
Sat 00:10 | 集体访征兆 某建设劳务公司 | resolved yellow | 区信访局 | ended Fri 22:10
Sat 09:00 | 重复投诉 WO000751 | raised yellow | 属地街道综治中心 | 事件4件
Sat 10:20 | 多人同诉（营业场所噪声） 夜色酒吧 | unknown yellow | 区综治中心 | -
Sat 10:20 | 多人同诉（预付卡） 乐动健身会所 | unknown orange | 属地街道综治中心 | -
Sat 10:20 | 数据断流 示例区 | raised red | 区城运中心 | petition正常、sensor正常、hotline断流
Sat 10:20 | 涉众跨网格 乐动健身会所 | unknown orange | 区市场监管局 | -
Sat 10:20 | 社区欠薪集中 清河社区 | unknown yellow | 属地街道综治中心 | -
Sat 10:20 | 跨渠道叠加 XF90001 | unknown orange | 区信访局 | -
Sat 10:20 | 邻近扩散（预付卡） 望湖社区第二网格 | unknown orange | 属地街道综治中心 | -
Sat 10:20 | 重复投诉 WO000751 | unknown yellow | 属地街道综治中心 | -
Sat 10:20 | 集体访征兆 乐动健身会所 | unknown yellow | 区信访局 | -
Sat 10:20 | 集体访征兆 夜色酒吧 | unknown yellow | 区信访局 | -
Sat 10:30 | 数据断流 示例区 | handled red | 区城运中心 | signed
Sat 11:00 | 社区欠薪集中 清河社区 | resolved yellow | 属地街道综治中心 | ended Sat 09:00
Sat 13:00 | 多人同诉（营业场所噪声） 夜色酒吧 | resumed yellow | 区综治中心 | -
Sat 13:00 | 多人同诉（预付卡） 乐动健身会所 | resumed orange | 属地街道综治中心 | -
Sat 13:00 | 数据断流 示例区 | resolved red | 区城运中心 | ended Sat 13:00
Sat 13:00 | 涉众跨网格 乐动健身会所 | resumed orange | 区市场监管局 | -
Sat 13:00 | 跨渠道叠加 XF90001 | resumed orange | 区信访局 | -
Sat 13:00 | 邻近扩散（预付卡） 望湖社区第二网格 | resumed orange | 属地街道综治中心 | -
Sat 13:00 | 重复投诉 WO000751 | resumed yellow | 属地街道综治中心 | -
Sat 13:00 | 集体访征兆 乐动健身会所 | resumed yellow | 区信访局 | -
Sat 13:00 | 集体访征兆 夜色酒吧 | resolved yellow | 区信访局 | ended Sat 10:30
Sun 00:00 | 邻近扩散（预付卡） 望湖社区第二网格 | resolved orange | 属地街道综治中心 | ended Sat 22:00
Sun 12:10 | 多人同诉（营业场所噪声） 夜色酒吧 | resolved yellow | 区综治中心 | ended Sun 10:10
Sun 23:20 | 多人同诉（预付卡） 乐动健身会所 | lowered yellow | 属地街道综治中心 | 反映人0人
"""

# the same, with the section `notify`: | not told: the cause
QUIETER = """
Mon 10:20 | 群体欠薪 某建设劳务公司 | raised yellow | 区人力资源局 | 反映人3人、涉及3人
Mon 10:30 | 群体欠薪 某建设劳务公司 | handled yellow | 区人力资源局 | signed
Mon 16:10 | 群体欠薪 某建设劳务公司 | raised orange | 区人力资源局 | 反映人5人、涉及5人
Mon 16:10 | 集体访征兆 某建设劳务公司 | raised yellow | 区信访局 | 事件0件、涉及5人 | not told: covered
Mon 18:10 | 环比突增（拖欠工资） 清河社区第一网格 | raised yellow | 属地街道综治中心 | 事件5件、异常度4.063 | not told: covered
Tue 09:00 | 跨渠道叠加 XF90001 | raised orange | 区信访局 | 事件1件、事件1件 | not told: covered
Tue 09:00 | 集体访征兆 某建设劳务公司 | raised orange | 区信访局 | 事件1件、涉及5人 | not told: covered
Tue 11:00 | 社区欠薪集中 清河社区 | raised yellow | 属地街道综治中心 | 反映人10人、涉及22人
Tue 11:00 | 群体欠薪 某建设劳务公司 | raised red | 区人力资源局 | 反映人10人、涉及19人
Tue 11:10 | 社区欠薪集中 清河社区 | handled yellow | 属地街道综治中心 | signed
Tue 12:50 | 环比突增（拖欠工资） 清河社区第一网格 | raised orange | 属地街道综治中心 | 事件7件、异常度5.529 | not told: covered
Wed 06:10 | 环比突增（拖欠工资） 清河社区第一网格 | lowered yellow | 属地街道综治中心 | 事件6件、异常度4.799 | not told: covered
Wed 10:00 | 群体欠薪 某建设劳务公司 | handled red | 区人力资源局 | closed
Wed 23:00 | 群体欠薪 某建设劳务公司 | lowered orange | 区人力资源局 | 反映人0人、涉及0人
Wed 23:20 | 多人同诉（营业场所噪声） 夜色酒吧 | raised yellow | 东湖社区 | 反映人5人
Wed 23:20 | 集体访征兆 夜色酒吧 | raised yellow | 区信访局 | 事件0件、涉及5人 | not told: covered
Thu 00:10 | 环比突增（拖欠工资） 清河社区第一网格 | resolved yellow | 属地街道综治中心 | ended Wed 22:10 | not told: covered
Thu 00:10 | 群体欠薪 某建设劳务公司 | lowered yellow | 区人力资源局 | 反映人0人、涉及0人 | not told: covered
Thu 00:10 | 群体欠薪 某建设劳务公司 | held yellow | 区人力资源局 | - | not told: covered
Thu 00:10 | 跨渠道叠加 XF90001 | held orange | 区信访局 | - | not told: covered
Thu 00:10 | 集体访征兆 某建设劳务公司 | released orange | 区信访局 | -
Thu 00:20 | 多人同诉（营业场所噪声） 夜色酒吧 | escalated yellow | 东湖街道 | not signed in time
Thu 00:20 | 集体访征兆 某建设劳务公司 | handled orange | 区信访局 | signed
Thu 00:30 | 群体欠薪 某建设劳务公司 | resolved yellow | 区人力资源局 | ended Wed 22:30
Thu 00:50 | 多人同诉（营业场所噪声） 夜色酒吧 | handled yellow | 东湖街道 | returned nobody has it
Thu 00:50 | 多人同诉（营业场所噪声） 夜色酒吧 | escalated yellow | 区综治中心 | the unit in charge returned it
Thu 01:50 | 多人同诉（营业场所噪声） 夜色酒吧 | escalated yellow | 区综治中心 | not signed in time not_signed
Thu 02:30 | 多人同诉（营业场所噪声） 夜色酒吧 | handled yellow | 区综治中心 | signed
Thu 08:40 | 重复投诉 WO000751 | raised blue | 属地街道综治中心 | 事件2件
Thu 08:50 | 重复投诉 WO000751 | handled blue | 属地街道综治中心 | signed
Thu 12:00 | 多人同诉（预付卡） 乐动健身会所 | raised yellow | 属地街道综治中心 | 反映人5人
Thu 12:00 | 集体访征兆 乐动健身会所 | raised yellow | 区信访局 | 事件0件、涉及5人 | not told: covered
Thu 12:10 | 多人同诉（预付卡） 乐动健身会所 | handled yellow | 属地街道综治中心 | signed
Thu 14:40 | 摘要 东湖街道 | digest 1 | - | 1 told, held: 邻近扩散
Thu 14:40 | 邻近扩散（预付卡） 望湖社区第二网格 | raised orange | 属地街道综治中心 | 连同邻近达到的3个 | not told: budget
Thu 15:20 | 多人同诉（预付卡） 乐动健身会所 | raised orange | 属地街道综治中心 | 反映人10人
Thu 15:20 | 涉众跨网格 乐动健身会所 | raised orange | 区市场监管局 | 反映人10人、涉及网格3个 | not told: covered
Thu 15:20 | 邻近扩散（预付卡） 望湖社区第二网格 | held orange | 属地街道综治中心 | - | not told: covered
Thu 20:00 | 摘要 东湖街道 | digest 2 | - | 1 told, held: 邻近扩散
Fri 10:00 | 多人同诉（营业场所噪声） 夜色酒吧 | handled yellow | 区综治中心 | closed
Fri 12:30 | 民生突发聚集 科园社区 | raised yellow | 区城管局 | 事件6件
Fri 12:40 | 民生突发聚集 科园社区 | handled yellow | 区城管局 | signed
Fri 12:50 | 民生突发聚集 科园社区 | raised orange | 区城管局 | 事件10件
Fri 13:00 | 民生突发聚集 云岭社区 | raised yellow | 区城管局 | 事件6件 | not told: silenced
Fri 16:20 | 民生突发聚集 科园社区 | lowered yellow | 区城管局 | 事件0件
Fri 16:40 | 民生突发聚集 云岭社区 | resolved yellow | 区城管局 | ended Fri 15:50 | not told: silenced
Fri 16:40 | 民生突发聚集 科园社区 | resolved yellow | 区城管局 | ended Fri 15:50
Fri 23:00 | 跨渠道叠加 XF90001 | released orange | 区信访局 | -
Fri 23:00 | 集体访征兆 某建设劳务公司 | lowered yellow | 区信访局 | 事件0件、涉及0人 | not told: covered
Fri 23:00 | 集体访征兆 某建设劳务公司 | held yellow | 区信访局 | - | not told: covered
Fri 23:10 | 跨渠道叠加 XF90001 | handled orange | 区信访局 | signed
Sat 00:10 | 集体访征兆 某建设劳务公司 | resolved yellow | 区信访局 | ended Fri 22:10
Sat 09:00 | 重复投诉 WO000751 | raised yellow | 属地街道综治中心 | 事件4件
Sat 10:20 | 多人同诉（营业场所噪声） 夜色酒吧 | unknown yellow | 区综治中心 | -
Sat 10:20 | 多人同诉（预付卡） 乐动健身会所 | unknown orange | 属地街道综治中心 | -
Sat 10:20 | 数据断流 示例区 | raised red | 区城运中心 | petition正常、sensor正常、hotline断流
Sat 10:20 | 涉众跨网格 乐动健身会所 | unknown orange | 区市场监管局 | - | not told: covered
Sat 10:20 | 社区欠薪集中 清河社区 | unknown yellow | 属地街道综治中心 | -
Sat 10:20 | 跨渠道叠加 XF90001 | unknown orange | 区信访局 | -
Sat 10:20 | 邻近扩散（预付卡） 望湖社区第二网格 | unknown orange | 属地街道综治中心 | - | not told: covered
Sat 10:20 | 重复投诉 WO000751 | unknown yellow | 属地街道综治中心 | - | not told: inhibited
Sat 10:20 | 重复投诉 WO000751 | held yellow | 属地街道综治中心 | - | not told: inhibited
Sat 10:20 | 集体访征兆 乐动健身会所 | unknown yellow | 区信访局 | - | not told: covered
Sat 10:20 | 集体访征兆 夜色酒吧 | unknown yellow | 区信访局 | - | not told: covered
Sat 10:30 | 数据断流 示例区 | handled red | 区城运中心 | signed
Sat 11:00 | 社区欠薪集中 清河社区 | resolved yellow | 属地街道综治中心 | ended Sat 09:00
Sat 13:00 | 多人同诉（营业场所噪声） 夜色酒吧 | resumed yellow | 区综治中心 | -
Sat 13:00 | 多人同诉（预付卡） 乐动健身会所 | resumed orange | 属地街道综治中心 | -
Sat 13:00 | 数据断流 示例区 | resolved red | 区城运中心 | ended Sat 13:00
Sat 13:00 | 涉众跨网格 乐动健身会所 | resumed orange | 区市场监管局 | - | not told: covered
Sat 13:00 | 跨渠道叠加 XF90001 | resumed orange | 区信访局 | -
Sat 13:00 | 邻近扩散（预付卡） 望湖社区第二网格 | resumed orange | 属地街道综治中心 | - | not told: covered
Sat 13:00 | 重复投诉 WO000751 | released yellow | 属地街道综治中心 | -
Sat 13:00 | 集体访征兆 乐动健身会所 | resumed yellow | 区信访局 | - | not told: covered
Sat 13:00 | 集体访征兆 夜色酒吧 | resolved yellow | 区信访局 | ended Sat 10:30 | not told: covered
Sun 00:00 | 邻近扩散（预付卡） 望湖社区第二网格 | resolved orange | 属地街道综治中心 | ended Sat 22:00 | not told: covered
Sun 12:10 | 多人同诉（营业场所噪声） 夜色酒吧 | resolved yellow | 区综治中心 | ended Sun 10:10
Sun 23:20 | 多人同诉（预付卡） 乐动健身会所 | lowered yellow | 属地街道综治中心 | 反映人0人 | not told: covered
Sun 23:20 | 多人同诉（预付卡） 乐动健身会所 | held yellow | 属地街道综治中心 | - | not told: covered
Sun 23:20 | 涉众跨网格 乐动健身会所 | released orange | 区市场监管局 | -
Sun 23:20 | 集体访征兆 乐动健身会所 | held yellow | 区信访局 | - | not told: covered
Sun 23:30 | 涉众跨网格 乐动健身会所 | handled orange | 区市场监管局 | signed
"""

# when | title of the lead | change and level | unit in charge | alerts; one dispute stays one, though windows move on
INCIDENTS = """
Mon 10:20 | 群体欠薪 | opened yellow | 区人力资源局 | 1 alerts, 0 covered
Mon 10:30 | 群体欠薪 | handled yellow | 区人力资源局 | 1 alerts, 0 covered
Mon 16:10 | 群体欠薪 | raised orange | 区人力资源局 | 2 alerts, 1 covered
Mon 18:10 | 群体欠薪 | grown orange | 区人力资源局 | 3 alerts, 2 covered
Tue 09:00 | 群体欠薪 | grown orange | 区人力资源局 | 4 alerts, 3 covered
Tue 11:00 | 群体欠薪 | raised red | 区人力资源局 | 5 alerts, 3 covered
Wed 10:00 | 群体欠薪 | handled red | 区人力资源局 | 5 alerts, 3 covered
Wed 23:00 | 群体欠薪 | lowered orange | 区人力资源局 | 5 alerts, 3 covered
Wed 23:20 | 多人同诉 | opened yellow | 东湖社区 | 2 alerts, 1 covered
Thu 00:10 | 集体访征兆 | shrunk orange | 区信访局 | 5 alerts, 2 covered
Thu 00:20 | 多人同诉 | handled yellow | 东湖街道 | 2 alerts, 1 covered
Thu 00:20 | 集体访征兆 | handled orange | 区信访局 | 5 alerts, 2 covered
Thu 00:30 | 集体访征兆 | shrunk orange | 区信访局 | 5 alerts, 1 covered
Thu 00:50 | 多人同诉 | handled yellow | 东湖街道 | 2 alerts, 1 covered
Thu 00:50 | 多人同诉 | handled yellow | 区综治中心 | 2 alerts, 1 covered
Thu 02:30 | 多人同诉 | handled yellow | 区综治中心 | 2 alerts, 1 covered
Thu 08:40 | 重复投诉 | opened blue | 属地街道综治中心 | 1 alerts, 0 covered
Thu 08:50 | 重复投诉 | handled blue | 属地街道综治中心 | 1 alerts, 0 covered
Thu 12:00 | 多人同诉 | opened yellow | 属地街道综治中心 | 2 alerts, 1 covered
Thu 12:10 | 多人同诉 | handled yellow | 属地街道综治中心 | 2 alerts, 1 covered
Thu 14:40 | 邻近扩散 | raised orange | 属地街道综治中心 | 3 alerts, 1 covered
Thu 15:20 | 多人同诉 | grown orange | 属地街道综治中心 | 4 alerts, 3 covered
Fri 10:00 | 多人同诉 | handled yellow | 区综治中心 | 2 alerts, 1 covered
Fri 12:30 | 民生突发聚集 | opened yellow | 区城管局 | 1 alerts, 0 covered
Fri 12:40 | 民生突发聚集 | handled yellow | 区城管局 | 1 alerts, 0 covered
Fri 12:50 | 民生突发聚集 | raised orange | 区城管局 | 1 alerts, 0 covered
Fri 13:00 | 民生突发聚集 | opened yellow | 区城管局 | 1 alerts, 0 covered
Fri 16:20 | 民生突发聚集 | lowered yellow | 区城管局 | 1 alerts, 0 covered
Fri 16:40 | 民生突发聚集 | resolved yellow | 区城管局 | 1 alerts, 0 covered
Fri 16:40 | 民生突发聚集 | resolved yellow | 区城管局 | 1 alerts, 0 covered
Fri 23:00 | 跨渠道叠加 | handled orange | 区信访局 | 5 alerts, 1 covered
Fri 23:10 | 跨渠道叠加 | handled orange | 区信访局 | 5 alerts, 1 covered
Sat 00:10 | 跨渠道叠加 | shrunk orange | 区信访局 | 5 alerts, 0 covered
Sat 09:00 | 重复投诉 | raised yellow | 属地街道综治中心 | 1 alerts, 0 covered
Sat 10:20 | 数据断流 | opened red | 区城运中心 | 1 alerts, 0 covered
Sat 10:20 | 重复投诉 | handled yellow | 属地街道综治中心 | 1 alerts, 0 covered
Sat 10:30 | 数据断流 | handled red | 区城运中心 | 1 alerts, 0 covered
Sat 11:00 | 跨渠道叠加 | shrunk orange | 区信访局 | 5 alerts, 0 covered
Sat 13:00 | 多人同诉 | shrunk yellow | 区综治中心 | 2 alerts, 0 covered
Sat 13:00 | 数据断流 | resolved red | 区城运中心 | 1 alerts, 0 covered
Sat 13:00 | 重复投诉 | handled yellow | 属地街道综治中心 | 1 alerts, 0 covered
Sun 00:00 | 多人同诉 | shrunk orange | 属地街道综治中心 | 4 alerts, 2 covered
Sun 12:10 | 多人同诉 | resolved yellow | 区综治中心 | 2 alerts, 0 covered
Sun 23:20 | 涉众跨网格 | handled orange | 区市场监管局 | 4 alerts, 2 covered
Sun 23:30 | 涉众跨网格 | handled orange | 区市场监管局 | 4 alerts, 2 covered
"""


class Told:
    """What the alert topic has said so far."""

    def __init__(self, broker, topic: str):
        self._consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "tests", "enable.auto.commit": False,
                                   "isolation.level": "read_committed", "fetch.wait.max.ms": 5, "log_level": 0})
        self._consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        self.revisions: list[dict] = []
        self.heartbeat: dict = {"at": "1970-01-01T00:00:00+08:00"}

    def close(self) -> None:
        self._consumer.close()

    def until(self, wanted: Callable[[dict], bool], engine: Engine) -> list[dict]:
        """the revisions before the first heartbeat that is as wanted"""
        begin, deadline = len(self.revisions), time.monotonic() + 60
        while not wanted(self.heartbeat):
            engine.check_running()
            assert time.monotonic() < deadline, f"the last heartbeat is {self.heartbeat}:\n{engine.log_tail()}"
            message = self._consumer.poll(0.02)
            if message is None:
                continue
            assert message.error() is None, message.error()
            said = json.loads(message.value())
            if said["type"] == HEARTBEAT:
                self.heartbeat = said["data"]
            else:
                self.revisions.append(said)
        return self.revisions[begin:]


def is_complete(heartbeat: dict, second: int) -> bool:
    """A partition that was read to its end is complete up to the clock, but for the lateness allowed."""
    return all(one["silent"] or seconds(one["watermark"]) >= second - LATENESS_S[one["source"]] for one in heartbeat["sources"])


class Live:
    """The week as it happens: the clock goes from moment to moment, and at each what arrives then is read and answered."""

    def __init__(self, broker, topics, parent, name: str, notify: str = "", kills: tuple = KILLS, silences: tuple = ()):
        directory = parent / name
        write_project(directory)
        (directory / "rules" / "routing.csv").write_text(ROUTING, encoding="utf-8")
        (directory / "rules" / "routing.yaml").write_text("routing: routing.csv\n", encoding="utf-8")
        section = directory / "rules" / "notify.yaml"
        section.unlink()
        if notify:
            section.write_text(notify, encoding="utf-8")
        self.group = topics.prefix + name
        self.topics = {stream: topics(f"{name}-{stream}") for stream in ("hotline", "petition", "sensor", "dispositions")}
        broker.written.update(self.topics.values())
        sources = {stream: source(stream, self.topics[stream], f"{late_s}s", SILENT_AFTER[stream]) for stream, late_s in LATENESS_S.items()}
        settings = configuration(broker.bootstrap, self.group, sources, heartbeat=f"{HEARTBEAT_S}s", calendar="calendar.csv", models="models",
                                 dispositions={"topic": self.topics["dispositions"]})
        settings["kafka"]["properties"]["fetch.wait.max.ms"] = "5"  # an end is told so much later, which is minutes here
        self.clock = HeldClock(directory, at("Mon 00:00"))
        self.engine = Engine(directory, settings)
        self.engine.environment = self.clock.environment
        self.broker = broker
        self._producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 0, "log_level": 0})
        self._sent = 0  # since the engine was started
        self.told: Optional[Told] = None
        self.last: dict[tuple[str, str], dict] = {}  # newest revision by rule and subject
        self._kills, self._silences, self._signed = kills, silences, set()
        self._answers = list(ANSWERS)

    def live(self) -> None:
        arrivals: dict[int, list] = {}
        for sent in Week(SEED):
            arrivals.setdefault(sent.at, []).append(sent)
        self.engine.start("--create-topics")
        self.engine.wait_live()
        self.told = Told(self.broker, f"{self.group}-alerts")
        for now in range(at("Mon 00:10"), at("Sun 24:00"), SLOT_S):
            killed = written(now) in self._kills
            if killed:
                self.engine.kill()
                self._sent = 0  # all before was in a cut
                self.engine.start()
                self.engine.wait_live()
            answers = self.due(now) + [silence for silence in self._silences if seconds(silence["at"]) == now]
            # on a busy machine it takes whoever has just begun a while to find out that he has read all there is
            self.moment(now, arrivals.get(now, []), answers, bool(answers) or killed or written(now) in LIMITS)

    def moment(self, now: int, arrived: list, answers: list[dict], slow: bool) -> None:
        """What arrives is read while the clock stands.  Then it goes on until minutes are closed, limits that passed in them
        judged, and all is known to be read."""
        over = now + 3 * MINUTE
        self.clock.stand(now)
        for sent in arrived:
            self.produce(sent.stream, encode(sent.record))
        for answer in answers:
            self.produce("dispositions", encode(answer))
        assert self._producer.flush(30) == 0
        self.engine.wait_for(lambda: not (arrived or answers) or self.read() == self._sent, what=f"done with {self._sent}")
        end = now + SLOT_S - 1
        self.clock.go(now, over + 2 * HEARTBEAT_S if slow else end, RATE)
        told = self.told.until(lambda heartbeat: seconds(heartbeat["at"]) > over, self.engine)
        if slow:  # no limit is judged by an engine that was held up for five seconds of the last fifteen
            self.clock.go(self.clock.now(), end, SLOW_RATE)
            told += self.told.until(lambda heartbeat: seconds(heartbeat["at"]) > over + MINUTE, self.engine)
        self.clock.change(LEAST_RATE)
        told += self.told.until(lambda heartbeat: is_complete(heartbeat, over), self.engine)
        self.clock.change(0)
        for revision in told:
            self.hear(now, revision)

    def produce(self, stream: str, value: bytes) -> None:
        self._producer.produce(self.topics[stream], value)
        self._sent += 1

    def read(self) -> int:
        """since the engine was started"""
        return sum(int(value) for name, _, value in (line.rpartition(" ") for line in self.engine.metrics_text().splitlines())
                   if name.startswith("gridwarn_records_total{"))

    # -- those who answer

    def hear(self, now: int, revision: dict) -> None:
        data = revision["data"]
        if revision["type"] == DIGEST:
            return
        alert = data["rule"], data["subject"]["name"]
        self.last[alert] = data
        asked = revision["type"].endswith((".raised", ".released")) and data["notice"]["told"]
        if asked and data["alert_id"] not in self._signed and alert != UNWILLING:
            self._signed.add(data["alert_id"])
            self._answers.append(Answer(now + SIGNED_AFTER_S, alert, "signed", {}))

    def due(self, now: int) -> list[dict]:
        found = [answer for answer in self._answers if answer.at <= now]
        self._answers = [answer for answer in self._answers if answer.at > now]
        return [self.disposition(now, answer) for answer in found]

    def disposition(self, now: int, answer: Answer) -> dict:
        alert = self.last[answer.alert]
        return {"id": f"{answer.action}-{alert['alert_id']}-{written(now)}", "alert_id": alert["alert_id"], "action": answer.action,
                "unit": in_charge(alert), "by_role": "duty_officer", "at": stamp(now), **answer.more}


def stamp(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def in_charge(data: dict) -> str:
    return next((unit["unit"] for unit in data["handling"]["units"] if unit["role"] == "lead"), "-")


# -- the story -----------------------------------------------------------------------------------------------------


def why(change: str, data: dict) -> str:
    if change == "handled":
        return " ".join(filter(None, (data["handling"]["last"]["action"], "nobody has it" if data["handling"].get("nobody") else "")))
    if change == "escalated":
        return " ".join((data["reason"], *data["handling"].get("late", ())))
    if change == "resolved":
        return f"ended {written(seconds(data['ended_at']) // SLOT_S * SLOT_S)}"
    if change in ("raised", "lowered"):
        return data["sentence"].partition("：")[2].partition("，")[0]
    return "-"


def digest_line(told: int, data: dict) -> str:
    held = "、".join(one["title"] for one in data["held"])
    return " | ".join((written(told), f"摘要 {(data['street'] or {'name': '全区'})['name']}", f"digest {data['revision']}", "-",
                       f"{data['told']} told, held: {held}"))


def line(revision: dict) -> str:
    """when: the moment in which it was told"""
    data, change = revision["data"], revision["type"].rpartition(".")[2]
    told = seconds(revision["time"]) // SLOT_S * SLOT_S
    if revision["type"] == DIGEST:
        return digest_line(told, data)
    held = [] if data["notice"]["told"] else [f"not told: {data['notice']['cause']}"]
    each = f"（{data['each']['name']}）" if data["each"] else ""
    return " | ".join((written(told), f"{data['title']}{each} {data['subject']['name']}", f"{change} {data['level']}", in_charge(data),
                       why(change, data), *held))


def story(live: Live) -> list[str]:
    """What is told in one moment by one alert stands together, in the order in which it was told.  That it goes on is left out
    where it ends in the same moment: it is told if the backlog came in two cuts."""
    lines = [line(revision).split(" | ") for revision in live.told.revisions]
    lines.sort(key=lambda parts: (at(parts[0]), parts[1]))
    return [" | ".join(parts) for parts, then in zip(lines, [*lines[1:], None])
            if not (parts[2].startswith("resumed") and then and parts[:2] == then[:2])]


def incident_line(message: dict) -> str:
    data, told = message["data"], seconds(message["time"]) // SLOT_S * SLOT_S
    covered = sum(1 for alert in data["alerts"] if alert["covered_by"])
    return " | ".join((written(told), data["title"], f"{message['type'].rpartition('.')[2]} {data['level'] or data['highest_level']}",
                       data["lead"]["unit"] or "-", f"{len(data['alerts'])} alerts, {covered} covered"))


def incidents_story(records: list) -> list[str]:
    """likewise"""
    lines = [incident_line(json.loads(record.value)).split(" | ") for record in records]
    return [" | ".join(parts) for parts in sorted(lines, key=lambda parts: (at(parts[0]), parts[1]))]


def expect_told(expected: str, told: list[str]) -> None:
    found = "\n".join(difflib.unified_diff(expected.strip().splitlines(), told, "as planted", "as told", lineterm="", n=1))
    assert not found, found


def live_through(live: Live) -> dict:
    """what came out"""
    try:
        live.live()
        assert live.engine.stop() == 0
    finally:
        live.engine.kill()
        if live.told:
            live.told.close()
    return read_outputs(live.broker, live.group)


def check_what_always_holds(live: Live, outputs: dict) -> None:
    # while the hotline was silent nothing ended, but for what had ended before: petitions are two hours late
    silent = [r for r in live.told.revisions if OUTAGE[0] + 30 * MINUTE <= seconds(r["time"]) < OUTAGE[1]]
    assert not [r for r in silent if r["type"].endswith((".lowered", ".withdrawn"))]
    assert all(seconds(r["data"]["ended_at"]) < OUTAGE[0] for r in silent if r["type"].endswith(".resolved"))
    check_messages(outputs["alerts"])
    for alert_id, history in revisions(outputs["alerts"]).items():
        check_revisions(alert_id, history)
    check_privacy(outputs, live.engine.log_text())
    assert outputs["dead-letter"] == outputs["late"] == []


def test_a_week_of_a_district_and_the_same_with_less_noise(broker, topics, tmp_path):
    plain = Live(broker, topics, tmp_path, "plain")
    quieter = Live(broker, topics, tmp_path, "quieter", NOTIFY, KILLS_WITH_NOTIFY, SILENCES)
    with ThreadPoolExecutor(2) as side_by_side:  # as they wait for their clocks most of the time
        outputs = [one.result() for one in [side_by_side.submit(live_through, live) for live in (plain, quieter)]]
    expect_told(STORY, story(plain))
    expect_told(QUIETER, story(quieter))
    expect_told(INCIDENTS, incidents_story(outputs[1]["incidents"]))
    check_what_always_holds(plain, outputs[0])
    check_what_always_holds(quieter, outputs[1])
