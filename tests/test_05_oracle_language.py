"""The oracle's functions and keys, each in a small case worked by hand (see also test_05_oracle.py).

Events are mostly at G1 and one minute apart; windows are ten minutes long unless a case says otherwise.
DAY, the cases' minute 0, is 2026-02-02 10:40 in Beijing, a Monday.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction

import pytest

from oracle import courses, episodes
from oracle_calendar import ZONE, Calendar, Hours, local, local_date
from oracle_cases import DAY, REGIONS, at, event, rule
from oracle_expression import surprise
from oracle_parser import Parser, duration
from oracle_rules import read_rule, read_rules

HOUR, A_DAY = 60, 1440


def found(events, *rules, **more):
    """Subject, opened minute, crossed by, highest, ended minute."""
    return [(e.subject, e.opened_minute - DAY, e.crossed_by, e.highest, e.ended_minute - DAY)
            for e in episodes(events, rules, REGIONS, **more)]


def opens(events, condition, **fields):
    return bool(found(events, rule({"yellow": condition}, **fields)))


def value(events, term, places=0, most=40, **fields):
    """The largest number that the term reaches in some minute (and some event does happen), by trying all."""
    fields.setdefault("let", {"x": {}})
    step = 10 ** -places
    reached = [n for n in range(1, most * 10 ** places + 1)
               if opens(events, f"{term} >= {n * step:.{places}f}", **fields)]
    return round(max(reached, default=0) * step, places)


def minute_at(text):
    """Of Beijing's time, counted from DAY."""
    return int(datetime.fromisoformat(text + "+08:00").timestamp()) // 60 - DAY


# -- selections ----------------------------------------------------------------------------------------------------


def test_where_the_cases_stand():
    assert local(at(0)).isoformat() == "2026-02-02T10:40:00+08:00" and ZONE == timezone(timedelta(hours=8))


def test_hours_hold_their_first_minute_and_not_their_last():
    day = [event(text, minute_at(f"2026-02-02T{text}"), 59) for text in ("05:59", "06:00", "21:59", "22:00", "23:59")]

    def chosen(hours):
        return [e.id for e in day if opens([e], "x >= 1", let={"x": {"hours": hours}})]

    assert chosen("06:00-22:00") == ["06:00", "21:59"]
    assert chosen("22:00-06:00") == ["05:59", "22:00", "23:59"]
    assert chosen("22:00-24:00") == ["22:00", "23:59"]
    assert chosen(["05:00-06:00", "21:00-22:00"]) == ["05:59", "21:59"]
    for wrong in ("22:00", "24:00-06:00", "22:60-23:00", "6-7", "05:00-05:00"):
        with pytest.raises(ValueError):
            Hours.parse(wrong)


CALENDAR = Calendar.of([
    {"from": "2026-02-15", "to": "2026-02-23", "kind": "holiday", "name": "春节"},
    {"from": "2026-02-14", "to": "", "kind": "上班日", "name": "春节调休"},  # a Saturday
    {"from": "2026-02-04", "to": "2026-02-05", "kind": "period", "name": "year_end"},
    {"from": "2026-02-05", "to": "", "kind": "时期", "name": "exam"},
])


def test_days_are_weekdays_and_what_the_calendar_makes_of_them():
    days = {"Mon 16, holiday": "2026-02-16", "Sat 14, made up": "2026-02-14", "Sat 7": "2026-02-07",
            "Tue 3": "2026-02-03"}

    def chosen(words):
        return [name for name, day in days.items()
                if opens([event("a", minute_at(f"{day}T12:00"))], "x >= 1", let={"x": {"days": words}},
                         calendar=CALENDAR)]

    assert chosen("workday") == chosen("工作日") == ["Sat 14, made up", "Tue 3"]
    assert chosen("holiday") == chosen("休息日") == ["Mon 16, holiday", "Sat 7"]
    assert chosen("sat") == chosen("周六") == ["Sat 14, made up", "Sat 7"]
    assert chosen(["mon", "工作日"]) == ["Mon 16, holiday", "Sat 14, made up", "Tue 3"]


def test_the_date_is_the_local_one():
    late = [event("a", minute_at("2026-02-06T23:59"), 59)]  # a Friday, 15:59 in Greenwich
    assert opens(late, "x >= 1", let={"x": {"days": "fri"}})
    early = [event("a", minute_at("2026-02-07T00:00"))]  # still Friday in Greenwich
    assert opens(early, "x >= 1", let={"x": {"days": "sat"}})


CALL_THEN_VISIT = {"call": {"source": "hotline"}, "visit": {"source": "petition", "after": "call"}}


def test_after_asks_for_an_earlier_fact_of_the_same_matter():
    call, visit = event("c", 0, matter="m"), event("v", 500, matter="m", source="petition")
    assert found([call, visit], rule({"yellow": "visit >= 1"}, let=CALL_THEN_VISIT))[0][1:3] == (500, "v")
    for other in (event("c", 501, matter="m"), event("c", 0, matter="n"), event("c", 0), event("w", 500, matter="m")):
        assert not opens([other, visit], "visit >= 1", let=CALL_THEN_VISIT)
    assert not opens([call, event("v", 500, source="petition")], "visit >= 1", let=CALL_THEN_VISIT)  # of no matter
    elsewhere = event("c", 0, matter="m", region="G3")  # wherever it was
    assert opens([elsewhere, visit], "visit >= 1", let=CALL_THEN_VISIT)


def test_in_one_second_the_order_of_ids_says_what_came_first():
    visit = event("v", 5, matter="m", source="petition")
    assert opens([event("u", 5, matter="m"), visit], "visit >= 1", let=CALL_THEN_VISIT)
    assert not opens([event("w", 5, matter="m"), visit], "visit >= 1", let=CALL_THEN_VISIT)
    again = {"x": {"kind": "created"}, "second": {"after": "x"}}
    assert not opens([visit], "second >= 1", let=again)  # a fact does not come before itself
    assert opens([visit, event("w", 5, matter="m")], "second >= 1", let=again)


@pytest.mark.parametrize("kind", ["merged", "linked"])
def test_merges_and_links_make_one_matter_until_they_are_voided(kind):
    call, visit = event("c", 0, matter="m"), event("v", 5, matter="n", source="petition")
    join, void = event("j", 90, kind=kind, matter="n", target="m"), event("w", 91, kind="voided", target="j")
    assert not opens([call, visit], "visit >= 1", let=CALL_THEN_VISIT)
    assert opens([call, visit, join], "visit >= 1", let=CALL_THEN_VISIT)
    assert not opens([call, visit, join, void], "visit >= 1", let=CALL_THEN_VISIT)
    assert not opens([call, visit, event("w", 3, kind="voided", target="c")], "visit >= 1", let=CALL_THEN_VISIT)


def test_links_go_through_merges_and_only_looking_back_follows_them():
    call, visit = event("c", 0, matter="m3", involved=2), event("v", 5, matter="n", source="petition", involved=2)
    merge = event("i", 90, kind="merged", matter="m3", target="m1")
    link = event("j", 91, kind="linked", matter="n", target="m3")
    assert opens([call, visit, merge, link], "visit >= 1", let=CALL_THEN_VISIT)
    assert not opens([call, visit, link, merge], "x >= 2", per="matter")
    assert opens([call, visit, link, merge], "x.involved >= 4")
    merge_too = event("k", 92, kind="merged", matter="m1", target="n")
    assert opens([call, visit, merge, merge_too], "x >= 2", per="matter")


def test_unless_is_the_opposite_but_for_a_fact_of_no_matter():
    let = {"call": {"source": "hotline"}, "direct": {"source": "petition", "unless": "call"}}
    visit = event("v", 500, matter="m", source="petition")
    assert opens([visit], "direct >= 1", let=let)
    assert opens([event("c", 501, matter="m"), visit], "direct >= 1", let=let)
    assert not opens([event("c", 0, matter="m"), visit], "direct >= 1", let=let)
    assert opens([event("c", 0), event("v", 500, source="petition")], "direct >= 1", let=let)


def test_an_episode_on_what_unless_takes_is_crossed_by_nothing():
    let = {"call": {"source": "hotline"}, "direct": {"source": "petition", "unless": "call"}}
    visit = event("v", 5, 30, matter="m", source="petition")
    (only,) = episodes([visit], [rule({"yellow": "direct >= 1"}, let=let)], REGIONS)
    assert (only.opened_at, only.crossed_by) == (at(6), None)


def test_after_and_unless_name_what_does_not_look_back():
    for let in ({"x": {"after": "y"}}, {"x": {"after": "x"}}, {"x": {"after": "y"}, "y": {"overdue": True}}):
        with pytest.raises((ValueError, KeyError)):
            rule(let=let)


def test_overdue_is_past_the_last_due_time_and_not_closed():
    let = {"x": {"kind": "called_again", "overdue": True}}
    begin = event("a", 0, matter="m", due=at(100))
    again = event("z", 200, matter="m", kind="called_again")
    closed, reopened = (event(kind, n, matter="m", kind=kind) for kind, n in (("closed", 50), ("reopened", 60)))

    def overdue(*events):
        return opens(events, "x >= 1", let=let)

    assert overdue(begin, again)
    assert not overdue(event("a", 0, matter="m"), again)  # no due time is known
    assert not overdue(event("a", 0, matter="m", due=at(200)), again)  # not past: the same second
    assert overdue(event("a", 0, matter="m", due=at(199, 59)), again)
    assert not overdue(event("a", 0, matter="n", due=at(100)), again)
    assert not overdue(begin, event("z", 200, kind="called_again"))  # of no matter
    assert not overdue(begin, closed, again)
    assert overdue(begin, closed, reopened, again)
    assert overdue(begin, event("closed", 201, matter="m", kind="closed"), again)
    extended = event("e", 90, matter="m", kind="status", due=at(300))
    assert not overdue(begin, extended, again)
    assert overdue(begin, event("e", 201, matter="m", kind="status", due=at(300)), again)
    assert overdue(begin, extended, event("w", 95, kind="voided", target="e"), again)
    assert not overdue(event("a", 0, matter="m"), replace(again, due=at(150)))  # itself is not before it
    assert opens([event("a", 0, matter="n", due=at(100)), again, event("j", 300, kind="merged", matter="m", target="n")],
                 "x >= 1", let=let)


# -- measures ------------------------------------------------------------------------------------------------------


def test_regions_are_grids_or_what_is_coarser():
    events = [event("a", 0, region="M1"), event("b", 0, region="G1"), event("c", 0, region="G2"),
              event("d", 0, region="C1"), event("e", 0, region="S1")]
    assert value(events, "x.regions", per="district") == 4  # G1 twice, G2, the community, the street
    moved = event("m", 1, kind="moved", target="c", region="G1", category="")
    assert value(events + [moved], "x.regions", per="district") == 3
    closed = event("z", 0, kind="closed", region="", respondent="ACME")  # nowhere
    assert value([closed, event("y", 0, kind="closed", respondent="ACME")], "x.regions", per="respondent",
                 let={"x": {"kind": "closed"}}) == 1


def test_sources_are_distinct():
    events = [event("a", 0), event("b", 0), event("a", 0, source="petition")]
    assert value(events, "x.sources") == 2


def test_avg_is_floored_to_thousandths_and_none_of_none():
    events = [event("a", 0, value=1000), event("b", 0, value=1000), event("c", 0, value=0)]
    assert value(events, "x.avg", places=3, most=1) == 0.666
    let = {"x": {"kind": "reading"}, "y": {}}
    for condition in ("x.avg < 5", "not x.avg < 5", "x.avg != 5", "not x.avg = 5", "x.max <= 1", "not x.max > 1",
                      "share(x, x) >= 0", "not share(x, x) >= 0"):
        assert not opens(events, f"y >= 3 and ({condition})", let=let), condition
    assert opens(events, "y >= 3 and x.sum < 1", let=let)  # the sum of none is zero


# -- functions -----------------------------------------------------------------------------------------------------


def test_change_divides_by_the_same_window_earlier():
    events = [event(f"a{n}", n) for n in range(3)] + [event(f"b{n}", 60 + n) for n in range(7)]
    # at 69 minutes: seven in (59, 69], three in (-1, 9]; from 70 on fewer of both: 6/2 at 71 is most
    assert found(events, rule({"yellow": "x >= 7 and change(x, 1h) >= 2.333"}))[0][1:3] == (66, None)
    assert not opens(events, "x >= 7 and change(x, 1h) >= 2.334")
    assert opens(events, "x >= 7 and change(x, 1h) < 2.334")
    assert opens(events, "change(x, 60m) >= 5")  # 5 of nothing (at 64, three of three) at 72: the divisor is one
    assert value([event("a", 0), event("b", 0)], "change(x, 1h)") == 2


def test_change_of_a_sum_divides_by_at_least_one_whole():
    events = [event("a", 0, value=500), event("b", 60, value=3000)]
    assert value(events, "change(x.sum, 1h)", places=3, most=4) == 3
    events = [event("a", 0, value=1500), event("b", 60, value=3000)]
    assert opens(events, "x.sum >= 3 and change(x.sum, 1h) = 2")
    with pytest.raises(ValueError):
        rule({"yellow": "change(x.max, 1h) >= 2"})


def test_share_is_a_ratio_and_none_of_none():
    let = {"x": {}, "threats": {"tag": "t"}}
    events = [event("a", 0, tags=frozenset("t")), event("b", 0, actors=("p", "q")), event("c", 0)]
    assert value(events, "share(threats, x)", places=3, most=1, let=let) == 0.333
    assert value(events, "share(x, threats)", places=3, most=4, let=let) == 3
    assert not opens(events[1:], "share(x, threats) >= 0", let=let)
    assert value([event("a", 0, value=1500), event("b", 0)], "share(x.sum, x)", places=3, most=2) == 0.75


def test_both_counts_the_callers_of_two_selections_parties_included():
    let = {"call": {"source": "hotline"}, "visit": {"source": "petition"}}
    events = [event("a", 0, actors=("p",)), event("b", 0, actors=("q",)), event("c", 0, actors=("r",)),
              event("d", 1, source="petition", actors=("s", "q", "p"))]
    assert value(events, "both(call, visit)", let=let) == 2
    assert found(events, rule({"yellow": "both(call, visit) >= 1"}, let=let))[0][2] == "d"
    assert value(events[:3], "both(call, visit)", let=let) == 0


def test_adjacent_counts_the_subject_and_its_neighbours_on_which_it_holds():
    def many(region, count, minute=0):
        return [event(f"{region}{n}{minute}", minute, region=region) for n in range(count)]

    spread = rule({"yellow": "adjacent(x >= 2) >= 3"})  # G1 has two neighbours, the others only G1
    assert found(many("G1", 2) + many("G2", 2) + many("G3", 2), spread) == [("G1", 0, "G31" + "0", "yellow", 15)]
    assert found(many("G1", 2) + many("G2", 2) + many("G3", 1), spread) == []
    pair = rule({"yellow": "adjacent(x >= 2) >= 2"})
    assert [e[:3] for e in found(many("G1", 2) + many("G2", 2, 1), pair)] == [("G1", 1, "G211"), ("G2", 1, "G211")]
    assert found(many("G2", 2) + many("G3", 2), pair) == []  # they are no neighbours, and G1 itself has none
    assert found(many("G1", 1) + many("G2", 2) + many("G3", 2), pair) == []
    # M1 is in G1; a street that a grid names as its neighbour is of another level
    assert [e[0] for e in found(many("M1", 2) + many("G2", 2), pair)] == ["G1", "G2"]
    assert found(many("G2", 2) + many("S2", 2), rule({"yellow": "adjacent(x >= 2) >= 2"}, per=["grid", "street"])) == []


def test_a_neighbours_leaving_is_seen():
    pair = rule({"yellow": "adjacent(x >= 1) >= 2"})
    events = [event("a", 5), event("b", 0, region="G2")]
    assert found(events, pair) == [("G1", 5, "a", "yellow", 15), ("G2", 5, "a", "yellow", 15)]  # till 10, and 5 more


def test_adjacent_is_of_growing_measures_and_regions_only():
    for condition in ("x < 2", "not x >= 2", "x.avg >= 2", "change(x, 1h) >= 2"):
        with pytest.raises(ValueError):
            rule({"yellow": f"adjacent({condition}) >= 2"})
    with pytest.raises(ValueError):
        rule({"yellow": "adjacent(x >= 2) >= 2"}, per=["grid", "matter"])
    assert opens([event("a", 0, actors=("p", "q"))], "adjacent(x >= 2 or x.callers >= 2) >= 1")


def test_anomaly_by_the_definition_of_its_distribution():
    assert [surprise(0, n) for n in (0, 5)] == [0, 0]
    # nothing in four weeks: P(X >= 1) = 1 - 0.8^0.5 = 0.105573, and 2 makes it 0.105573 - 0.5 * 0.8^0.5 * 0.2
    assert surprise(1, 0) == 976
    assert surprise(2, 0) == 1792  # 0.0161301
    # four in four weeks: 1 - 0.8^4.5 * (1 + 4.5 * 0.2) = 1 - 0.366357 * 1.9 = 0.303921
    assert surprise(2, 4) == 517
    assert surprise(400, 0) == surprise(200, 0) == 99_999
    assert surprise(1, 400) == 0 and surprise(100, 400) < 350 < surprise(130, 400)


def test_anomaly_compares_with_the_same_window_of_four_weeks():
    week = 7 * A_DAY
    before = [event(f"w{n}", n * week + 5) for n in range(4)]
    now = [event(f"n{n}", 4 * week + n) for n in range(2)]

    def judged(condition):
        return opens(before + now, f"x >= 2 and {condition}")

    # the pair is there from minute 1 to 9 of its day, the others from 5 on: up to then nothing was
    assert judged("anomaly(x) >= 1.792") and not judged("anomaly(x) >= 1.793")
    assert judged("anomaly(x) <= 0.517") and not judged("anomaly(x) < 0.517")
    five_weeks = [event("old", -week + 5), *before[:3]]
    assert opens(five_weeks + now, "x >= 2 and anomaly(x) > 0.517 and anomaly(x) < 1")  # three in four weeks


# -- conditions ----------------------------------------------------------------------------------------------------


def test_every_comparison_and_its_negation():
    two = [event("a", 0), event("b", 0)]
    for sign, holds in {">=": "12", ">": "1", "<=": "23", "<": "3", "=": "2", "!=": "13"}.items():
        for n in "123":
            assert opens(two, f"x >= 2 and x {sign} {n}") == (n in holds), (sign, n)
            assert opens(two, f"x >= 2 and not x {sign} {n}") == (n not in holds), (sign, n)


def test_not_goes_through_and_or_and_parentheses():
    events = [event("a", 0), event("b", 0)]
    assert opens(events, "x >= 1 and not (x >= 3 and x >= 1)")
    assert not opens(events, "x >= 1 and not (x >= 3 or x >= 1)")
    assert opens(events, "x >= 2 and not not x >= 2") and not opens(events, "not not x >= 3")
    assert opens(events, "not (x < 2) and x >= 1")  # binds tighter than and


def test_not_of_less_is_monotone_again_and_crossed():
    two = [event("a", 0), event("b", 3, 7)]
    assert found(two, rule({"yellow": "not x < 2"}))[0][1:3] == (4, "b")
    assert found(two, rule({"yellow": "x >= 2", "red": "x >= 2 and x < 5"}))[0][1:3] == (4, None)


def test_constants_are_computed_exactly():
    six = [event(f"e{n}", 0, value=100) for n in range(6)]
    for text in ("2*3", "(1+2)*2", "12/2", "7-1", "1.5*4", "2+2*2", "-1*-6", "0.333*3000/166.5", "６"):
        assert opens(six, f"x >= {text}") and not opens(six, f"x >= {text} + 1"), text
    assert opens(six, "x.sum >= 0.1*6") and not opens(six, "x.sum > 0.1*6")  # 0.6, which binary fractions miss
    for wrong in ("x >= 7/2", "x.sum >= 1/3", "x >= 1.0001", "x >= ", "x >= y", "x >= (1", "x >= 1 2", "2 >= x"):
        with pytest.raises(ValueError):
            rule({"yellow": wrong})


def test_what_holds_of_nothing_is_refused():
    for level in ("x < 3", "not x >= 3", "x = 0", "change(x, 1h) < 1", "x >= 0", "x >= 2 or anomaly(x) < 1"):
        with pytest.raises(ValueError):
            rule({"yellow": level})
    rule({"yellow": "x.avg < 3"})  # of nothing there is no average


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
        overridden(tmp_path, "region,level,measure,threshold\nD,yellow,x,3\n", levels=levels, per=["respondent", "grid"])


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
