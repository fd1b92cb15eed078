"""The oracle's keys of rules: each, thresholds, life, clear.when; and Chinese.

Each in a small case worked by hand; events are mostly at G1 and one minute apart, windows ten minutes long.
"""

from datetime import date
from fractions import Fraction

import pytest

from oracle import courses, episodes
from oracle_calendar import local_date
from oracle_cases import A_DAY, CALENDAR, DAY, REGIONS, at, event, found, minute_at, opens, rule
from oracle_parser import Parser, duration
from oracle_rules import read_rule, read_rules


# -- each ----------------------------------------------------------------------------------------------------------


def test_each_value_has_episodes_of_its_own():
    events = [event("a", 0, category="labour.wages.site"), event("b", 0, category="labour.wages"),
              event("c", 0, category="labour"), event("d", 1, category="labour"), event("e", 1, category="noise.bar")]

    def parts(each):
        return [(e.each, e.crossed_by) for e in episodes(events, [rule(each=each)], REGIONS)]

    assert parts("category.2") == parts("二级") == [("labour.wages", "b"), ("labour", "d")]
    assert parts("category.1") == [("labour", "b")]
    assert parts("category.3") == [("labour", "d")]
    assert parts(None) == [(None, "b")]
    closed = [event(n, 0, kind="closed", category="") for n in "fg"]
    assert episodes(closed, [rule(each="category.1", let={"x": {"kind": "closed"}})], REGIONS) == []
    noise = event("m", 2, kind="moved", target="a", region="", category="noise.bar")
    assert [e.each for e in episodes(events + [noise], [rule(each="category.2")], REGIONS)] == ["labour", "noise.bar"]


def test_adjacent_looks_at_the_same_value_next_door():
    pair = rule({"yellow": "adjacent(x >= 1) >= 2"}, each="category.1")
    events = [event("a", 0, category="labour"), event("b", 0, region="G2", category="noise")]
    assert episodes(events, [pair], REGIONS) == []
    same = [e.each for e in episodes(events + [event("c", 0, region="G3", category="labour")], [pair], REGIONS)]
    assert same == ["labour", "labour"]


# -- thresholds ----------------------------------------------------------------------------------------------------


def overridden(directory, table, encoding="utf-8", **fields):
    (directory / "table.csv").write_text(table, encoding=encoding)
    return rule(overrides="table.csv", directory=directory, **fields)


def three(region):
    return [event(f"{region}{n}", 0, region=region) for n in range(3)]


def test_an_override_replaces_a_threshold_below_its_region(tmp_path):
    table = "region,level,measure,threshold\nS1,yellow,x,4\nG2,yellow,x.events,3\n"
    two = overridden(tmp_path, table)
    assert [e[:3] for e in found(three("G1") + three("G2") + three("G3"), two)] == [
        ("G2", 0, "G22"), ("G3", 0, "G31")]  # G1: four in its street; G2: its own; G3: as the rule has it
    assert found(three("G1") + [event("d", 1)], two)[0][2] == "d"


def test_overrides_know_names_chinese_words_and_what_excel_writes(tmp_path):
    table = "区域,级别,计数,阈值\n东街,黄,x,４\n西街,黄色,x.人数,5\n"
    levels = {"yellow": "x >= 2 and x.callers >= 0"}
    for encoding in ("utf-8-sig", "gb18030"):
        made = overridden(tmp_path, table, encoding, levels=levels)
        assert [e[0] for e in found(three("G1") + three("G3"), made)] == []
        assert [e[0] for e in found(three("G1") + [event("d", 0)], made)] == ["G1"]


def test_an_override_concerns_its_level_and_measure_and_upward_signs_only(tmp_path):
    levels = {"yellow": "x > 1", "red": "x >= 3 and x <= 4"}
    strict = overridden(tmp_path, "region,level,measure,threshold\nD,yellow,x,3\n", levels=levels)
    assert found(three("G1")[:2], strict) == []
    assert found(three("G1"), strict)[0][3] == "red"  # and yellow would take four
    red = overridden(tmp_path, "region,level,measure,threshold\nD,red,x,2\n", levels=levels)
    assert found(three("G1")[:2], red)[0][3] == "red"
    five = [event(f"f{n}", 0) for n in range(5)]
    assert found(five, red)[0][3] == "yellow"  # at most four, as before
    for table in ("D,orange,x,2", "D,red,x.callers,2", "D,red,x,0", "nowhere,red,x,2"):
        with pytest.raises((ValueError, KeyError)):
            episodes(five, [overridden(tmp_path, f"region,level,measure,threshold\n{table}\n", levels=levels)], REGIONS)
    with pytest.raises(ValueError):
        overridden(tmp_path, "region,level,measure,threshold\nD,yellow,x,3\n", levels=levels, per=["matter", "grid"])


def test_a_period_multiplies_thresholds_while_it_lasts():
    ten = {"levels": {"yellow": "x >= 10"}, "calendar": CALENDAR}

    def least(day, **during):
        at_noon = [event(f"e{n:02}", minute_at(f"{day}T12:00")) for n in range(30)]
        return min((n for n in range(1, 31) if found(at_noon[:n], rule(**ten, during=during))), default=None)

    assert least("2026-02-03", year_end=0.6) == 10
    assert least("2026-02-04", year_end=0.6) == 6
    assert least("2026-02-04", year_end=0.65) == 7  # 6.5, rounded up
    assert least("2026-02-04", year_end="0.7") == 7  # and exactly seven
    assert least("2026-02-04", year_end=0.01) == 1
    assert least("2026-02-04", year_end=2.5) == 25
    assert least("2026-02-05", year_end=0.5, exam=0.5) == 3  # both: 2.5
    assert least("2026-02-06", year_end=0.6) == 10
    assert least("2026-02-04", exam=0.6) == 10


def test_a_period_begins_and_ends_at_midnight():
    quick = dict(calendar=CALENDAR, during={"year_end": 0.5}, clear={"after": "0m"})
    night = minute_at("2026-02-04T00:00")
    before = [event(n, night - 5) for n in "ab"]
    assert found(before, rule({"yellow": "x >= 4"}, **quick)) == [("G1", night, "b", "yellow", night + 5)]
    end = minute_at("2026-02-06T00:00")
    assert found([event(n, end - 5) for n in "ab"], rule({"yellow": "x >= 4"}, **quick)) == [
        ("G1", end - 5, "b", "yellow", end)]


def test_a_period_multiplies_counts_reached_from_below_and_nothing_else():
    noon = minute_at("2026-02-04T12:00")
    events = [event(f"e{n}", noon, actors=("p",), value=1000) for n in range(4)]

    def reached(condition):
        return opens(events, condition, during={"year_end": 0.5}, calendar=CALENDAR)

    assert reached("x >= 8") and not reached("x >= 9")
    assert reached("x > 7") and not reached("x > 8")  # at least 8, halved; at least 9, halved and rounded up
    assert reached("x >= 1 and x <= 4") and reached("x >= 1 and not x < 8")  # the one as it is, the other as >= 8
    assert not reached("x.sum >= 8") and not reached("x.regions >= 2") and not reached("share(x, x) >= 2")
    assert not reached("adjacent(x >= 8) >= 1")
    for multiplier in (0.001, 101, 0):
        with pytest.raises(ValueError):
            rule(during={"year_end": multiplier}, calendar=CALENDAR)


def test_a_period_multiplies_what_an_override_has_set(tmp_path):
    made = overridden(tmp_path, "region,level,measure,threshold\nD,yellow,x,6\n", during={"year_end": 0.5},
                      calendar=CALENDAR)
    noon = minute_at("2026-02-04T12:00")
    assert found([event(n, noon) for n in "abc"], made)[0][2] == "c"
    assert found([event(n, noon) for n in "ab"], made) == []


# -- working days --------------------------------------------------------------------------------------------------


def test_in_a_window_of_working_days_time_stands_still_on_free_ones():
    def left(begin, days):
        minute = minute_at(begin)
        made = rule({"yellow": "x >= 1"}, within=days, calendar=CALENDAR, clear={"after": "0m"})
        return found([event("a", minute)], made) == [("G1", minute, "a", "yellow", minute_at(ends[begin, days]))]

    ends = {  # the 14th, a Saturday, is worked; 15 to 23 are free
        ("2026-02-03T10:00", "1 working day"): "2026-02-04T10:00",
        ("2026-02-06T10:00", "1个工作日"): "2026-02-09T10:00",
        ("2026-02-03T10:00", "5 working days"): "2026-02-10T10:00",
        ("2026-02-13T10:00", "2工作日"): "2026-02-24T10:00",
        ("2026-02-18T10:00", "2 workdays"): "2026-02-26T00:00",
        ("2026-02-14T00:00", "1 working day"): "2026-02-15T00:00",
        ("2026-02-15T00:00", "1 workday"): "2026-02-25T00:00",
    }
    assert all(left(*case) for case in ends)


def test_the_same_window_earlier_has_free_days_of_its_own():
    """Two on Friday evening, one on Sunday; on Monday evening both are in, and a day earlier only the two."""
    events = [event(n, minute_at(f"2026-02-{day}T20:00")) for n, day in (("a", "06"), ("b", "06"), ("c", "08"))]
    made = rule({"yellow": "change(x, 24h) >= 1.5"}, within="1 working day", calendar=CALENDAR, clear={"after": "0m"})
    assert found(events, made) == [("G1", minute_at("2026-02-06T20:00"), None, "yellow", minute_at("2026-02-07T20:00")),
                                   ("G1", minute_at("2026-02-08T20:00"), None, "yellow", minute_at("2026-02-09T20:00"))]


# -- life ----------------------------------------------------------------------------------------------------------


def test_drafts_do_not_run_and_shadows_are_not_published():
    two = [event("a", 0), event("b", 0)]
    assert [len(found(two, rule(life=life))) for life in ("draft", "草稿", "shadow", "试运行", "active", "启用")] == [
        0, 0, 0, 0, 1, 1]
    assert len(found(two, rule(life="shadow"), lives=("active", "shadow"))) == 1


def test_valid_days_are_inclusive_and_outside_nothing_is_kept():
    begin, end = minute_at("2026-02-04T00:00"), minute_at("2026-02-06T00:00")
    valid = {"from": "2026-02-04", "to": date(2026, 2, 5)}

    def course(minutes, **fields):
        return [e[1:] for e in found([event(f"e{m}", m) for m in minutes], rule({"yellow": "x >= 1"}, **fields))]

    assert course([begin - 3]) == [(begin - 3, f"e{begin - 3}", "yellow", begin + 12)]
    assert course([begin - 3], valid=valid) == [(begin, f"e{begin - 3}", "yellow", begin + 12)]
    assert course([begin - 3], valid={"to": "2026-02-03"}) == [(begin - 3, f"e{begin - 3}", "yellow", begin + 5)]
    assert course([end - 1], valid=valid) == [(end - 1, f"e{end - 1}", "yellow", end + 5)]
    assert course([begin - 20, end], valid=valid) == []
    held = {"clear": {"below": 1, "after": "1m"}}
    assert course([end - 1], valid=valid, **held)[0][-1] == end + 1  # `below` keeps nothing


# -- clear.when ----------------------------------------------------------------------------------------------------


def test_clear_when_keeps_the_lowest_level_until_it_holds():
    let = {"x": {}, "calm": {"kind": "closed"}}
    events = [event("a", 0), event("b", 0), event("c", 5), event("z", 12, kind="closed")]
    # two until 10, one until 15
    for when, end in {"x < 2": 15, "x < 1": 20, "x <= 1": 15, "x < 1 or calm >= 1": 17}.items():
        made = rule({"yellow": "x >= 2"}, let=let if "calm" in when else {"x": {}}, clear={"when": when, "after": "5m"})
        assert found(events, made) == [("G1", 0, "b", "yellow", end)], when
    red = rule({"yellow": "x >= 3", "red": "x >= 4"}, clear={"when": "x < 1", "after": "5m"})
    more = [*events[:3], event("d", 5), event("e", 5)]  # five from 5 to 9, three till 14
    assert courses(red, more, REGIONS)["grid", "G1", None] == [(DAY + 5, 4), (DAY + 15, 2), (DAY + 20, 0)]
    for clear in ({"when": "x < 1", "below": 1}, {"when": "x >= 1"}, {"when": "x.avg < 2"}):
        with pytest.raises(ValueError):
            rule(clear=clear)


# -- Chinese -------------------------------------------------------------------------------------------------------

CHINESE = """\
规则:
  - 编号: 夜间扰民
    标题: 夜间扰民
    定义:
      噪声: {来源: hotline, 类别: noise, 时段: "22:00-06:00", 日子: [工作日, 周日]}
      走访: {来源: petition, 先有: 噪声, 任一标签: [p, q]}
      直接: {来源: petition, 未有: 噪声, 标签: p}
      催办: {事件: called_again, 超期: true}
    按: [街道, 网格]
    逐类: 一级
    时间窗: 1小时30分钟
    级别:
      蓝: 噪声 ≥ 2 且 噪声.网格数＞1 或 走访.来源数 ＝ 1
      黄: 变化（噪声，7天）≥ 1.5 并且 占比（走访.件数, 噪声.件数）＜ 0.5 且 非 (噪声.平均 ≠ 2 且 直接 ≤ 1)
      橙色: 共同（噪声, 走访） ≥ 2＊3 或者 邻近(噪声.人数 ≥ 3 且 噪声.最大 ＞ 1.5) ≥ 2
      红: 异常(噪声.涉及人数) ≥ 3 且 催办.合计 ≥ 1
    持续: 5分钟
    解除: {条件: 噪声 < 1, 持续: 2小时}
    追溯: 1天
    时期: {年终: 0.6}
    状态: 试运行
    有效期: {from: 2026-01-01}
    派发: {牵头: 区生态环境局}
    签收时限: {黄: 4小时}
"""

ENGLISH = """\
rules:
  - id: 夜间扰民
    let:
      噪声: {source: hotline, category: noise, hours: ["22:00-06:00"], days: [workday, sun]}
      走访: {source: petition, after: 噪声, any_tag: [p, q]}
      直接: {source: petition, unless: 噪声, tag: p}
      催办: {kind: called_again, overdue: true}
    per: [street, grid]
    each: category.1
    within: 90m
    levels:
      blue: 噪声.events >= 2 and 噪声.regions > 1 or 走访.sources = 1
      yellow: change(噪声, 168h) >= 1.5 and share(走访, 噪声) < 0.5 and (噪声.avg = 2 or 直接 > 1)
      orange: both(噪声, 走访) >= 6 or adjacent(噪声.callers >= 3 and 噪声.max > 1.5) >= 2
      red: anomaly(噪声.involved) >= 3 and 催办.sum >= 1
    for: 5m
    clear: {when: 噪声 < 1, after: 2h}
    raise_within: 24h
    during: {年终: 0.6}
    life: shadow
    valid: {from: 2026-01-01}
"""


def test_the_two_languages_say_the_same(tmp_path):
    for name, text in (("chinese", CHINESE), ("english", ENGLISH)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    (chinese,), (english,) = (read_rules(tmp_path / f"{name}.yaml") for name in ("chinese", "english"))
    assert chinese == english


def test_a_key_in_both_languages_stands_twice():
    for fields in ({"逐类": "一级", "each": "category.1"}, {"let": {"x": {"时段": "1:00-2:00", "hours": "1:00-2:00"}}}):
        with pytest.raises(ValueError):
            rule(**fields)


def test_a_name_may_begin_with_the_word_for_not():
    condition = Parser("非法集资 ≥ 3 且 非 （集资.人数 ≥ 2）").condition()
    assert [(c.term.selection, c.sign, c.number) for c in condition.comparisons()] == [
        ("非法集资", ">=", 3), ("集资", "<", 2)]


def test_durations():
    assert [duration(text) for text in ("1h30m", "30分钟", "1天2小时", "90s", "35d")] == [
        5400, 1800, 93_600, 90, 35 * 86_400]
    for wrong in ("", "5", "5x", "1h 30", -5):
        with pytest.raises(ValueError):
            duration(wrong)


def test_periods_multiply_exactly():
    day = local_date(at(3 * A_DAY))  # 2026-02-05
    assert CALENDAR.factor({"year_end": Fraction("0.333"), "exam": Fraction("0.3")}, day) == Fraction("0.0999")
    assert CALENDAR.factor({"year_end": Fraction("0.333")}, date(2026, 2, 6)) == 1
    assert read_rule({"id": "r", "let": {"x": {}}, "per": "grid", "within": "1h", "levels": {"red": "x >= 1"},
                      "during": {"exam": 0.333}}).during == {"exam": Fraction("0.333")}
