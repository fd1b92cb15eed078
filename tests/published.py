"""What the alert topic says, reduced to episodes, and the difference between two sets of episodes as text.

Subscribers are promised revisions 1, 2, 3... of each alert, each once, and silence after `withdrawn`; the reduction
checks that on the way, since a doubled alert would otherwise disappear in the reduction.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from typing import Callable, Iterable

from events import seconds
from oracle import MINUTE, Episode, in_order, minute_of
from oracle_words import LEVELS

BEIJING = timezone(timedelta(hours=8))


class BrokenPromise(AssertionError):
    """The topic breaks what subscribers are promised about revisions."""


def revisions(records: Iterable) -> dict[str, list[dict]]:
    """By alert id, its revisions' data in the topic's order.  Heartbeats, which are of no alert, are left out."""
    by_alert: defaultdict[str, list[dict]] = defaultdict(list)
    for record in records:
        data = json.loads(record.value)["data"]
        if "alert_id" in data:
            by_alert[data["alert_id"]].append(data)
    return by_alert


def check_revisions(alert_id: str, history: list[dict]) -> None:
    numbers = [data["revision"] for data in history]
    if numbers != list(range(1, len(numbers) + 1)):
        raise BrokenPromise(f"alert {alert_id}: revisions {numbers}, expected 1, 2, 3... without gap or double")
    states = [data["state"] for data in history]
    if "withdrawn" in states[:-1]:
        raise BrokenPromise(f"alert {alert_id}: a revision follows `withdrawn`: {states}")


def episode_of(data: dict) -> Episode:
    opened_at = seconds(data["opened_at"])
    ended_at = data.get("ended_at")
    if ended_at and seconds(ended_at) % MINUTE:
        raise BrokenPromise(f"alert {data['alert_id']}: ends within a minute, at {ended_at}")
    subject = data["subject"]
    return Episode(
        rule=data["rule"],
        subject_kind=subject["kind"],
        subject=subject["code"],
        opened_minute=minute_of(opened_at),  # exact for conditions that can only become truer
        opened_at=opened_at,
        crossed_by=(data.get("crossed_by") or {}).get("event_id"),
        highest=data["highest_level"],
        ended_minute=seconds(ended_at) // MINUTE if ended_at else None,
        each=(data.get("each") or {}).get("category"),
    )


def final_episodes(alert_topic_records: Iterable) -> list[Episode]:
    """What a subscriber who read the whole topic believes in the end.  Records have a `.value` of JSON."""
    found = []
    for alert_id, history in revisions(alert_topic_records).items():
        check_revisions(alert_id, history)
        if history[-1]["state"] not in ("withdrawn", "pending"):
            found.append(episode_of(history[-1]))
    return in_order(found)


def shown_early(alert_topic_records: Iterable) -> set[Episode]:
    """Those of the final episodes whose highest level was shown in a minute that was not closed yet: a fact that came
    later may have taken it back, and it remains the highest to those who have seen it."""
    return {episode_of(history[-1]) for history in revisions(alert_topic_records).values()
            if any(data["level"] == history[-1]["highest_level"] and
                   data["evaluated_at"] > (data["provenance"]["watermark"] or "") for data in history)}


def settled(published: Iterable[Episode], expected: Iterable[Episode],
            was_higher: Callable[[Episode], bool]) -> list[Episode]:
    """As published, with the highest level that is expected where a higher one may only have been seen for a while."""
    wanted = {episode._replace(highest=""): episode.highest for episode in expected}

    def highest(e: Episode) -> str:
        return min(e.highest, wanted.get(e._replace(highest=""), e.highest), key=LEVELS.index)

    return [e._replace(highest=highest(e)) if was_higher(e) else e for e in published]


def hide_respondents(episodes: Iterable[Episode], organisations: set[str]) -> list[Episode]:
    """An organisation outside the register has a pseudonym in each alert: compare such episodes without it."""
    return [episode._replace(subject="(unregistered)")
            if episode.subject_kind == "respondent" and episode.subject not in organisations else episode
            for episode in episodes]


def local_time(second: int | None) -> str:
    return "open" if second is None else datetime.fromtimestamp(second, BEIJING).strftime("%m-%d %H:%M:%S")


def line(mark: str, e: Episode) -> str:
    ended = None if e.ended_minute is None else e.ended_minute * MINUTE
    of = f" ({e.each})" if e.each else ""
    return (f"{mark} {e.rule} {e.subject_kind} {e.subject}{of}: {e.highest}, {local_time(e.opened_at)}"
            f" by {e.crossed_by} (minute {e.opened_minute}) to {local_time(ended)}")


def difference(expected: Iterable[Episode], actual: Iterable[Episode]) -> str:
    """Empty if both hold the same episodes; else a line for each that only one holds, neighbours together."""
    want, have = Counter(expected), Counter(actual)
    missing, excess = list((want - have).elements()), list((have - want).elements())
    if not missing and not excess:
        return ""
    lines = [(e, "- missing   ") for e in missing] + [(e, "+ unexpected") for e in excess]
    lines.sort(key=lambda entry: (entry[0][:4], entry[1]))
    return "\n".join([f"{len(missing)} missing, {len(excess)} unexpected, {sum((want & have).values())} agree",
                      *(line(mark, e) for e, mark in lines)])
