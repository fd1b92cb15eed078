"""The oracle's measures, functions and conditions.

Each in a small case worked by hand; events are mostly at G1 and one minute apart, windows ten minutes long.
"""

import pytest

from oracle_cases import A_DAY, event, found, minute_at, opens, rule, value
from oracle_expression import surprise


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


def test_what_holds_of_nothing_lasts_while_a_window_sees_something():
    one = [event("a", 0)]
    for level in ("x < 3", "not x >= 3", "x.avg < 3"):
        assert found(one, rule({"yellow": level})) == [("G1", 0, None, "yellow", 15)], level
    assert found(one, rule({"yellow": "x = 0"})) == []
    assert found(one, rule({"yellow": "change(x, 1h) < 1"})) == [("G1", 60, None, "yellow", 75)]
    later = rule({"yellow": "x < 3"}, valid={"from": "2026-02-03"})
    midnight = minute_at("2026-02-03T00:00")
    assert found([event("a", midnight - 30)], later) == []
    assert found([event("a", midnight - 3)], later) == [("G1", midnight, None, "yellow", midnight + 12)]
