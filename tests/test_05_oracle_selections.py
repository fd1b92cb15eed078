"""The oracle's selections: hours, days, and what came before in the matter.

Each in a small case worked by hand; events are mostly at G1 and one minute apart, windows ten minutes long.
"""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from oracle import episodes
from oracle_calendar import ZONE, Hours, local
from oracle_cases import CALENDAR, REGIONS, at, event, found, minute_at, opens, rule


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
    merge = event("j", 300, kind="merged", matter="m", target="n")
    assert overdue(event("a", 0, matter="n", due=at(100)), again, merge)
