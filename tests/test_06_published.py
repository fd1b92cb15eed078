"""The reduction of the alert topic: it must notice every breach of what subscribers are promised."""

import json
from types import SimpleNamespace

import pytest

from oracle import Episode
from published import BrokenPromise, difference, final_episodes, hide_respondents, settled, shown_early


def revision(alert, number, state="firing", highest="yellow", **fields):
    data = {"alert_id": alert, "revision": number, "state": state, "highest_level": highest, "rule": "r",
            "subject": {"kind": "grid", "code": "G1"}, "opened_at": "2026-01-12T09:41:22+08:00", "ended_at": None,
            "crossed_by": {"event_id": "e1"}, **fields}
    return SimpleNamespace(value=json.dumps({"data": data}).encode())


OPENED = 1768182082  # 2026-01-12T09:41:22+08:00
EPISODE = Episode("r", "grid", "G1", OPENED // 60 + 1, OPENED, "e1", "yellow", None)
ENDED = EPISODE._replace(highest="red", ended_minute=OPENED // 60 + 2 * 60 + 19)


def test_the_last_revision_counts_and_alerts_may_interleave():
    topic = [revision("a", 1), revision("b", 1), revision("a", 2, highest="red"), revision("b", 2, "withdrawn"),
             revision("a", 3, "resolved", "red", ended_at="2026-01-12T12:00:00+08:00")]
    assert final_episodes(topic) == [ENDED]
    assert final_episodes(topic[:2]) == [EPISODE, EPISODE]


def test_heartbeats_are_of_no_alert_and_pending_is_no_episode():
    heartbeat = SimpleNamespace(value=json.dumps({"type": "gov.risk.heartbeat", "data": {"sources": []}}).encode())
    assert final_episodes([heartbeat, revision("a", 1, "pending"), heartbeat]) == []


def test_an_episode_that_waited_has_no_crossing_event():
    assert final_episodes([revision("a", 1, crossed_by=None)])[0].crossed_by is None


@pytest.mark.parametrize("numbers", [[2], [1, 1], [1, 3], [2, 1], [0, 1]])
def test_a_gap_or_a_double_is_a_broken_promise(numbers):
    with pytest.raises(BrokenPromise):
        final_episodes([revision("a", number) for number in numbers])


def test_nothing_may_follow_withdrawn_and_an_end_is_a_whole_minute():
    with pytest.raises(BrokenPromise):
        final_episodes([revision("a", 1, "withdrawn"), revision("a", 2)])
    with pytest.raises(BrokenPromise):
        final_episodes([revision("a", 1, "resolved", ended_at="2026-01-12T12:00:01+08:00")])


def test_the_difference_names_each_episode_that_only_one_side_holds():
    assert difference([EPISODE, ENDED], [ENDED, EPISODE]) == ""
    text = difference([EPISODE], [ENDED])
    assert text.splitlines()[0] == "1 missing, 1 unexpected, 0 agree"
    assert "+ unexpected r grid G1: red, 01-12 09:41:22 by e1" in text and "to 01-12 12:00:00" in text
    assert difference([EPISODE], [EPISODE, EPISODE]).startswith("0 missing, 1 unexpected")  # a doubled alert shows


def test_unregistered_respondents_are_compared_without_their_pseudonym():
    one, two = (EPISODE._replace(subject_kind="respondent", subject=code) for code in ("some firm", "R-7f3a"))
    assert hide_respondents([one], {"ACME"}) == hide_respondents([two], {"ACME"}) != [one]
    assert hide_respondents([one, EPISODE], {"some firm"}) == [one, EPISODE]


@pytest.mark.parametrize("watermark, agree", [("2026-01-12T09:59:00+08:00", True), ("2026-01-12T10:00:00+08:00", False)])
def test_a_level_that_was_taken_back_stays_the_highest_only_if_its_minute_was_open(watermark, agree):
    told = {"level": "red", "evaluated_at": "2026-01-12T10:00:00+08:00", "provenance": {"watermark": watermark}}
    over = {"level": "red", "evaluated_at": "2026-01-12T10:40:00+08:00",
            "provenance": {"watermark": "2026-01-12T11:00:00+08:00"}, "ended_at": "2026-01-12T10:40:00+08:00"}
    topic = [revision("a", 1, highest="red", **told), revision("a", 2, "resolved", "red", **over)]
    expected = [final_episodes(topic)[0]._replace(highest="blue")]
    found = settled(final_episodes(topic), expected, shown_early(topic).__contains__)
    assert (difference(expected, found) == "") == agree
