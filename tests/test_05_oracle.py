"""The oracle, pinned sentence by sentence to rules/README.md ("Episodes") by cases worked by hand.

Times are minutes and seconds of an imaginary day (oracle_cases.DAY).
"""

import random
from dataclasses import replace

import pytest

from oracle import courses, episodes, live_facts
from oracle_cases import DAY, REGIONS, at, event, rule
from oracle_rules import read_rule

def found(events, *rules):
    """Episodes with minutes counted from DAY: subject, opened minute, crossed by, highest, ended minute."""
    return [(e.subject, e.opened_minute - DAY, e.crossed_by, e.highest, e.ended_minute - DAY)
            for e in episodes(events, rules or [rule()], REGIONS)]


# -- the window --------------------------------------------------------------------------------------------------


def test_a_fact_is_first_seen_by_the_minute_that_its_second_ends_in():
    assert found([event("a", 0), event("b", 3, 0)])[0][1] == 3
    assert found([event("a", 0), event("b", 3, 1)])[0][1] == 4
    assert found([event("a", 0), event("b", 3, 59)])[0][1] == 4


def test_opened_at_is_the_second_of_the_crossing_fact_and_not_the_minute():
    (only,) = episodes([event("a", 0), event("b", 3, 7)], [rule()], REGIONS)
    assert (only.opened_at, only.opened_minute, only.crossed_by) == (at(3, 7), DAY + 4, "b")


def test_the_window_leaves_out_its_first_second_and_holds_its_last():
    assert found([event("a", 0, 0), event("b", 10, 0)]) == []  # (0, 10] does not hold 0:00
    assert found([event("a", 0), event("b", 10), event("c", 10)])[0][2] == "c"  # nor does it count towards crossing
    # b's minute is 10 and a is still in (0:00, 10:00]; from minute 11 on it is not, so one minute above
    assert found([event("a", 0, 1), event("b", 10, 0)]) == [("G1", 10, "b", "yellow", 16)]
    # within 10 minutes of each other, and yet no window ending on a minute holds both
    assert found([event("a", 0, 10), event("b", 10, 5)]) == []


def test_an_episode_ends_when_the_window_has_been_low_for_the_hold():
    # a leaves (T - 10, T] at T = 10; low from 10 on, 5 minutes of hold
    assert found([event("a", 0), event("b", 3)]) == [("G1", 3, "b", "yellow", 15)]
    assert found([event("a", 0, 1), event("b", 3)]) == [("G1", 3, "b", "yellow", 16)]


def test_the_ticket_that_crossed_is_the_nth_by_time_then_id_bytewise():
    same_second = [event("b", 1), event("Z", 1), event("a", 1), event("é", 1)]
    for nth, expected in enumerate(["Z", "a", "b", "é"], 1):
        assert found(same_second, rule({"red": f"x >= {nth}"}))[0][2] == expected


def test_the_order_of_arrival_changes_nothing():
    events = [event(f"e{i}", i, actors=(str(i % 3),)) for i in range(8)] + [
        event("v", 20, kind="voided", target="e3"), event("m", 21, kind="moved", target="e4", region="G2")]
    expected = found(events)
    for seed in range(20):
        random.Random(seed).shuffle(events)
        assert found(events) == expected


# -- levels, clear and hold --------------------------------------------------------------------------------------

TWO = {"yellow": "x >= 2", "red": "x >= 4"}


def test_the_crossing_fact_is_that_of_the_lowest_level_even_when_a_higher_one_opens():
    burst = [event(f"e{i}", 1, i) for i in range(5)]  # all within the minute that closes at 2
    assert found(burst, rule(TWO)) == [("G1", 2, "e1", "red", 17)]


def test_a_level_that_is_not_the_highest_may_be_true_alone():
    levels = {"yellow": "x.callers >= 2", "red": "x >= 3"}
    assert found([event(f"e{i}", i, actors=("one",)) for i in range(3)], rule(levels))[0][3] == "red"


def changes(events, one_rule):
    (course,) = courses(one_rule, events, REGIONS).values()
    return [(minute - DAY, level) for minute, level in course]


def test_going_down_a_level_waits_for_the_hold():
    yellow, red = 2, 4
    events = [event(f"e{i}", i) for i in range(4)] + [event("f", 12), event("g", 12)]
    # four from 3 to 9; three at 10, and again at 12, when e2 leaves as f and g come: low from 10, so down at 15.
    # Two until 22, low from then: over at 27
    assert changes(events, rule(TWO)) == [(1, yellow), (3, red), (15, yellow), (27, 0)]
    # with one more there are four at 12 (e3 leaves at 13), and the low run starts anew
    assert changes(events + [event("h", 12)], rule(TWO)) == [(1, yellow), (3, red), (18, yellow), (27, 0)]
    assert found(events, rule(TWO)) == [("G1", 1, "e1", "red", 27)]  # the highest is remembered


def test_it_may_go_down_and_up_again_and_skip_levels_both_ways():
    yellow, red = 2, 4
    burst = [event(f"e{i}", 0) for i in range(4)]
    assert changes(burst, rule(TWO)) == [(0, red), (15, 0)]
    again = burst + [event("f", 5), event("g", 5), event("h", 15), event("i", 15), event("j", 15), event("k", 15)]
    # four leave at 10: two stay till 15; red would go down at 15, but four come right then
    assert changes(again, rule(TWO)) == [(0, red), (30, 0)]
    late = burst + [event("f", 5), event("g", 5), event("h", 16), event("i", 17), event("j", 17), event("k", 17)]
    # red is low from 10, yellow from 15; four again from 17 to 25, three at 26 and none at 27
    assert changes(late, rule(TWO)) == [(0, red), (15, yellow), (17, red), (31, yellow), (32, 0)]


def test_an_episode_that_rises_again_within_the_hold_is_the_same_one():
    pair_then_pair = [event("a", 0), event("b", 0), event("c", 14), event("d", 14)]
    assert found(pair_then_pair) == [("G1", 0, "b", "yellow", 29)]  # low since 10, due to end at 15
    at_the_end = [event("a", 0), event("b", 0), event("c", 15), event("d", 15)]
    assert found(at_the_end) == [("G1", 0, "b", "yellow", 30)]  # the rise takes the low run away first
    too_late = [event("a", 0), event("b", 0), event("c", 15, 1), event("d", 15, 1)]
    assert found(too_late) == [("G1", 0, "b", "yellow", 15), ("G1", 16, "d", "yellow", 31)]


def test_clear_below_keeps_the_lowest_level_but_never_raises():
    kept = rule({"yellow": "x >= 3"}, clear={"below": 2, "after": "5m"})
    three = [event("a", 0), event("b", 4), event("c", 8)]
    # a leaves at 10: two are left, which keeps; b leaves at 14: one, low; ends at 19
    assert found(three, kept) == [("G1", 8, "c", "yellow", 19)]
    assert found(three) == [("G1", 4, "b", "yellow", 19)]
    assert found(three[:2], kept) == []


def test_clear_below_holds_the_lowest_level_only():
    levels = {"yellow": "x >= 3", "red": "x >= 4"}
    kept = rule(levels, clear={"below": 1, "after": "30m"}, **{"for": "0m"})
    quick = rule(levels, clear={"below": 1, "after": "0m"})
    events = [event(f"e{i}", i) for i in range(4)]
    assert found(events, kept) == [("G1", 2, "e2", "red", 43)]  # e3 leaves at 13
    # without a hold the last fact alone keeps yellow until it leaves
    assert found(events, quick) == [("G1", 2, "e2", "red", 13)]


def test_without_clear_the_hold_is_thirty_minutes():
    plain = read_rule({"id": "r", "let": {"x": {}}, "per": "grid", "within": "10m", "levels": {"yellow": "x >= 1"}})
    assert found([event("a", 0)], plain) == [("G1", 0, "a", "yellow", 40)]


def test_for_opens_when_the_level_has_been_held_that_long_at_the_minute_itself():
    waiting = rule(**{"for": "7m"})
    # two from 3 to 9: at 9 that is 6 minutes
    assert found([event("a", 0), event("b", 3)], waiting) == []
    # c comes for minute 10 as a leaves; b leaves at 13
    events = [event("a", 0), event("b", 3), event("c", 9, 30)]
    assert found(events, waiting) == [("G1", 10, None, "yellow", 18)]
    (only,) = episodes(events, [waiting], REGIONS)
    assert only.opened_at == at(10)  # no ticket crossed: the time did


def test_for_restarts_when_the_run_is_broken():
    waiting = rule(within="5m", **{"for": "3m"})
    # two in (T - 5, T] at 2 to 4 (2 minutes), one at 5, two from 6 to 10
    events = [event("a", 0), event("b", 2), event("c", 6), event("d", 6)]
    assert found(events, waiting) == [("G1", 9, None, "yellow", 16)]
    assert found(events + [event("e", 4)], waiting) == [("G1", 5, None, "yellow", 16)]  # unbroken from 2


def test_for_is_waited_by_each_level_and_a_higher_one_holds_the_lower():
    waiting = rule({"yellow": "x >= 1", "red": "x >= 2"}, **{"for": "4m"})
    assert changes([event("a", 0), event("b", 2)], waiting) == [(4, 2), (6, 4), (15, 2), (17, 0)]
    assert changes([event("a", 0), event("b", 0)], waiting) == [(4, 4), (15, 0)]


# -- measures ----------------------------------------------------------------------------------------------------


def opens(events, level, **fields):
    return bool(found(events, rule({"yellow": level}, **fields)))


def test_events_count_created_called_again_and_readings_unless_kinds_are_named():
    events = [event(kind, 0, kind=kind, matter="m", target="n")
              for kind in ("created", "called_again", "reading", "status", "closed", "reopened")]
    assert opens(events, "x >= 3") and not opens(events, "x >= 4")
    assert opens(events, "x >= 2", let={"x": {"kind": ["closed", "reopened"]}})
    assert not opens(events, "x >= 3", let={"x": {"kind": ["closed", "reopened"]}})


def test_callers_are_distinct_and_a_joint_petition_brings_all_its_parties():
    events = [event("a", 0, actors=("p", "q", "r")), event("b", 0, actors=("q",)), event("c", 0, actors=())]
    assert opens(events, "x.callers >= 3") and not opens(events, "x.callers >= 4")
    assert opens(events, "x >= 3") and not opens(events, "x >= 4")  # parties are no events


def test_involved_is_each_matters_largest_figure_and_a_fact_without_a_matter_stands_alone():
    fives = [event(f"e{i}", 0, matter="m", involved=20) for i in range(5)] + [event("z", 0, matter="m", involved=7)]
    assert opens(fives, "x.involved >= 20") and not opens(fives, "x.involved >= 21")
    alone = [event("a", 0, involved=3), event("b", 0, involved=4)]
    assert opens(alone, "x.involved >= 7") and not opens(alone, "x.involved >= 8")


def test_involved_over_merged_matters_and_over_a_merge_taken_back():
    facts = [event("a", 0, matter="m1", involved=20), event("b", 0, matter="m2", involved=15),
             event("c", 0, matter="m3", involved=1)]
    merge = event("m", 90, kind="merged", matter="m2", target="m1")
    chain = event("n", 91, kind="merged", matter="m1", target="m3")
    circle = event("o", 92, kind="merged", matter="m3", target="m2")
    void = event("v", 95, kind="voided", target="m")
    for extra, total in [([], 36), ([merge], 21), ([merge, chain], 20), ([merge, chain, circle], 20),
                         ([merge, void], 36), ([chain, void, merge], 35)]:
        assert opens(facts + extra, f"x.involved >= {total}")
        assert not opens(facts + extra, f"x.involved >= {total + 1}")


def test_sum_and_max_are_in_thousandths_and_max_of_none_reaches_nothing():
    events = [event("a", 0, value=62_400), event("b", 0, value=50_001)]
    assert opens(events, "x.max >= 62.4") and not opens(events, "x.max > 62.4") and opens(events, "x.max > 62.399")
    assert opens(events, "x.sum >= 112.401") and not opens(events, "x.sum > 112.401")
    both = {"x": {"kind": "created"}, "y": {"kind": "reading"}}
    assert not opens(events, "y.max >= 0 and x >= 1", let=both)
    assert opens(events, "y.max >= 0 or x >= 1", let=both)


def test_expressions_bind_and_before_or_and_know_chinese_signs():
    events = [event("a", 0)]
    assert opens(events, "x >= 1 or x >= 2 and x >= 3")
    assert not opens(events, "(x >= 1 or x >= 2) and x >= 3")
    assert opens(events, "x≥1 且 （x.callers ≥ 1 或 x > 0）")
    assert not opens(events, "x ＞ １")


@pytest.mark.parametrize("broken", ["x", "x >=", "x == 1", "x >= 1 and", "x.most >= 1", "(x >= 1", "x >= 1)",
                                    "y >= 1", "x >= 1.5"])
def test_what_the_language_does_not_have_is_refused(broken):
    with pytest.raises((ValueError, ArithmeticError)):
        rule({"yellow": broken})
    with pytest.raises(ValueError):
        rule(every="category.2")


# -- selections and subjects -------------------------------------------------------------------------------------


def test_a_category_covers_what_is_below_it_and_no_neighbour_with_the_same_beginning():
    events = [event("a", 0), event("b", 0, category="labour"), event("c", 0, category="labour.wage_arrears.site"),
              event("d", 0, category="labour.wage_arrears_old"), event("e", 0, category="labourer")]
    assert opens(events, "x >= 2", let={"x": {"category": "labour.wage_arrears"}})
    assert not opens(events, "x >= 3", let={"x": {"category": "labour.wage_arrears"}})
    assert not opens(events, "x >= 5", let={"x": {"category": ["labour"]}})


def test_tag_asks_for_all_and_any_tag_for_one():
    events = [event("a", 0, tags=frozenset("pq")), event("b", 0, tags=frozenset("p")), event("c", 0)]
    assert opens(events, "x >= 1", let={"x": {"tag": ["p", "q"]}})
    assert not opens(events, "x >= 2", let={"x": {"tag": ["p", "q"]}})
    assert opens(events, "x >= 2", let={"x": {"any_tag": ["p", "q"]}})
    assert not opens(events, "x >= 3", let={"x": {"any_tag": ["p", "q"]}})


def test_a_fact_of_no_selection_is_not_in_the_window_and_cannot_cross():
    events = [event("a", 0), event("b", 1, source="petition"), event("c", 2)]
    assert found(events, rule(let={"x": {"source": "hotline"}}))[0][1:3] == (2, "c")


def test_each_fact_goes_to_the_first_subject_that_it_names():
    per = rule({"yellow": "x >= 1"}, per=["respondent", "micro_grid", "grid"])
    events = [event("a", 0, respondent="ACME", region="M1"), event("b", 0, region="M1"), event("c", 0),
              event("d", 0, region="C1")]  # d is known to the community only: it names none of the three
    assert [e[:3] for e in found(events, per)] == [("G1", 0, "c"), ("M1", 0, "b"), ("ACME", 0, "a")]


def test_regions_roll_up_and_a_matter_is_its_component():
    events = [event("a", 0, region="M1", matter="m2"), event("b", 0, region="G3", matter="m1")]
    assert found(events, rule(per="district"))[0][0] == "D"
    assert found(events, rule(per="street")) == []
    assert found(events, rule(per="matter")) == []
    for matter, target in [("m1", "m2"), ("m2", "m1")]:
        merge = event("m", 0, kind="merged", matter=matter, target=target)
        assert found(events + [merge], rule(per="matter"))[0][0] == "m1"


# -- what later facts say about earlier ones ---------------------------------------------------------------------


def ids(events):
    return sorted(f.id for f in live_facts(events))


def test_an_event_enters_once_and_the_first_wins():
    twice = [event("a", 0), event("a", 5, region="G2"), event("a", 0, source="petition")]
    assert [(f.source, f.region) for f in live_facts(twice)] == [("hotline", "G1"), ("petition", "G1")]


def test_of_voided_and_restored_the_greatest_decides():
    fact = event("a", 0)
    void, restore = event("v", 5, kind="voided", target="a"), event("r", 6, kind="restored", target="a")
    assert "a" not in ids([fact, void])
    assert "a" not in ids([void, fact])  # may arrive first
    assert "a" in ids([fact, void, restore]) and "a" in ids([restore, void, fact])
    assert "a" not in ids([fact, void, restore, event("w", 7, kind="voided", target="a")])
    # at the same second the greater id, bytewise: "v" > "r", "a2" > "a10"
    assert "a" not in ids([fact, void, event("r", 5, kind="restored", target="a")])
    assert "a" in ids([fact, event("a10", 5, kind="voided", target="a"), event("a2", 5, kind="restored", target="a")])


def test_a_void_reaches_only_its_own_source():
    assert "a" in ids([event("a", 0), event("v", 1, kind="voided", target="a", source="petition")])


def test_a_void_takes_back_what_it_crossed():
    events = [event("a", 0), event("b", 1), event("c", 2), event("v", 300, kind="voided", target="b")]
    assert found(events)[0][1:3] == (2, "c")
    assert found(events[:2] + events[3:]) == []


def test_moved_corrects_region_and_category_each_by_its_greatest():
    events = [event("a", 0), event("b", 0)]
    to_g2 = event("m1", 9, kind="moved", target="b", region="G2", category="")
    assert found(events + [to_g2]) == []
    assert found(events + [to_g2, event("m0", 9, kind="moved", target="b", region="G1", category="")]) == []
    assert found(events + [to_g2, event("m2", 9, kind="moved", target="b", region="G1", category="")]) != []
    noise = event("m3", 8, kind="moved", target="b", region="", category="noise")
    selected = rule(let={"x": {"category": "labour"}})
    assert found(events, selected) and not found(events + [noise], selected)
    for later in (noise, replace(noise, occurred_at=at(20))):
        settled = {f.id: (f.region, f.category) for f in live_facts(events + [to_g2, later])}
        assert settled["b"] == ("G2", "noise")  # a move of one leaves the other
    undo = event("v", 10, kind="voided", target="m1")
    assert found(events + [to_g2, undo]) != []


def test_raise_within_is_measured_from_the_watermark_to_the_last_open_minute():
    recent = rule(raise_within="6h")  # open from 1 to 14, ended at 15
    events = [event("a", 0), event("b", 0)]
    assert len(episodes(events, [recent], REGIONS, watermark_minute=DAY + 14 + 359)) == 1
    assert episodes(events, [recent], REGIONS, watermark_minute=DAY + 14 + 360) == []
