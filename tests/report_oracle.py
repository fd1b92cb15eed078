"""What `gridwarn report` must say of an alert topic, worked out a second time from its messages and from the events.

It follows the notes that the report itself gives and README.md, and shares no code with the engine: an alert's whole
history is looked at, not summed up revision by revision.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Iterable, Optional

from events import Event, seconds
from oracle_facts import Matters, Regions, live_facts
from oracle_words import LEVELS

LIMITS = {"not signed in time": "not_signed", "signed, but nobody arrived in time": "not_arrived",
          "not closed in time": "not_closed"}
CAUSES = ("silenced", "inhibited", "covered", "budget", "storm")
REASONS = ("not_ours", "duplicate", "misclassified", "wrong_grid", "already_known", "test_data", "below_concern")
ENDED, TAKEN_IN_HAND = ("closed", "false_alarm"), ("signed", "dispatched", "arrived")
DAY = 86_400
LEAD_DAYS = 30
CHINESE_LEVELS = dict(zip(("蓝", "黄", "橙", "红"), LEVELS))
CHINESE_LEVELS |= {word + "色": level for word, level in list(CHINESE_LEVELS.items())}


def quantile(times: list[int], share: float) -> Optional[int]:
    """The least of them that is not below so large a share of all."""
    ordered = sorted(times)
    return ordered[math.ceil(round(share * len(ordered), 9)) - 1] if ordered else None


def wilson(k: int, n: int) -> tuple[float, float]:
    z = 1.959963984540054
    middle, half = (k + z * z / 2) / (n + z * z), z / (n + z * z) * math.sqrt(k * (n - k) / n + z * z / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def change(message: dict) -> str:
    return message["type"].rpartition(".")[2]


def lead_of(message: dict) -> Optional[dict]:
    return next((u for u in message["data"]["handling"]["units"] if u["role"] == "lead"), None)


def is_told(message: dict) -> bool:
    return message["data"].get("notice", {"told": True})["told"]


class Account:
    def __init__(self, history: list[dict]):
        self.history, self.last = history, history[-1]["data"]
        self.id, self.rule, self.title = self.last["alert_id"], self.last["rule"], self.last["title"]
        self.opened_at = seconds(self.last["opened_at"])
        street = next((r for r in self.last["region_path"] if r["level"] == "street"), None)
        self.street, self.street_name = (street["code"], street["name"]) if street else ("", "")
        self.whole = history[0]["data"]["revision"] == 1
        told = next((m for m in history if is_told(m)), None)
        self.told = told is not None
        self.told_at = seconds(told["time"]) if told and self.whole else None
        cause = None if self.told else history[-1]["data"]["notice"]["cause"]
        self.held = cause if cause in (None, *CAUSES) else "other"
        self.take_steps()
        self.take_ending()
        self.take_changes()

    def take_steps(self) -> None:
        """(action, at, unit, message), and for limits the unit that was in charge."""
        self.steps, self.overdue, self.late_units = [], set(), set()
        before: Optional[dict] = None
        for message in self.history:
            was = lead_of(before) if before else None
            said = message["data"]["handling"].get("last")
            if said:
                unit = said.get("unit") or (was and was["unit"])
                self.steps.append((said["action"], seconds(said["at"]), unit, message, before))
            if change(message) == "escalated" and message["data"].get("reason") in LIMITS:
                self.overdue.add(LIMITS[message["data"]["reason"]])
                self.late_units |= {was["unit"]} if was else set()
            before = message

    def take_ending(self) -> None:
        lead = lead_of(self.history[-1])
        self.closed = bool(lead) and lead["state"] in ENDED
        self.lead = lead["unit"] if lead else None
        self.verdict = self.reason = self.actual = self.closed_at = None
        self.mediated = False
        if not self.closed:
            return
        self.closed_at = seconds(lead["at"])
        if lead["state"] == "false_alarm" or lead.get("outcome") == "false":
            self.verdict, self.reason = "false", lead.get("reason")
        elif lead.get("outcome") in ("verified", "mediated"):
            self.verdict, self.mediated = "verified", lead["outcome"] == "mediated"
        leads = [lead_of(message) for message in self.history]
        since = max((i for i, was in enumerate(leads) if not was or was["state"] not in ENDED), default=-1)
        for action, at, unit, message, _ in self.steps:
            now, said = lead_of(message), message["data"]["handling"]["last"]
            ends = action == "false_alarm" or (now and (action, unit) == ("closed", now["unit"]))
            if self.history.index(message) > since and ends and at == seconds(now["at"]):
                self.actual = said.get("actual_level")

    def take_changes(self) -> None:
        words = [change(m) for m in self.history]
        self.raised, self.lowered = words[1:].count("raised"), words.count("lowered")
        turns = [w for w in words if w in ("raised", "lowered", "reopened")]
        again = words[1:].count("reopened") + sum(pair == ("lowered", "raised") for pair in zip(turns, turns[1:]))
        self.flaps = again + (self.whole and self.history[0]["data"]["flaps"] > 0)
        self.escalated = "escalated" in words

    def did(self, *actions: str, unit: Optional[str] = None) -> list[int]:
        return [at for action, at, who, _, _ in self.steps if action in actions and (unit is None or who == unit)]

    def took(self, times: list[int]) -> list[int]:
        return [max(0, min(times) - self.told_at)] if times and self.told_at is not None else []


def accounts(messages: Iterable[Optional[dict]]) -> list[Account]:
    by_id: dict[str, list[dict]] = defaultdict(list)
    for message in messages:
        data = (message or {}).get("data", {})
        if message and message["type"].startswith("gov.risk.alert.") and data.get("alert_id"):
            history = by_id[data["alert_id"]]
            if not history or data["revision"] > history[-1]["data"]["revision"]:
                history.append(message)
    return [Account(history) for history in by_id.values()]


# -- leads -----------------------------------------------------------------------------------------------------------


class Petitions:
    """specs: by rule id, its category (or None) and window in seconds"""

    def __init__(self, events: list[Event], specs: dict[str, tuple[Optional[str], int]], regions: Regions):
        self.facts = live_facts(events)
        self.matters, self.specs, self.regions = Matters(self.facts), specs, regions
        self.oldest = min((f.occurred_at for f in self.facts), default=None)
        self.by_id = {(e.source, e.id): e for e in events}
        self.all = sorted((f for f in self.facts if f.source == "petition" and f.kind in ("created", "called_again")),
                          key=lambda f: f.occurred_at)

    def root(self, matter: str) -> str:
        return self.matters.roots.get(matter, matter)

    def is_about(self, fact: Event, a: Account, category: Optional[str]) -> bool:
        subject = a.last["subject"]
        if category and not (fact.category + ".").startswith(category + "."):
            return False
        if subject["kind"] == "respondent":
            code = subject["code"]
            if code.startswith("pseudonym-"):
                crossed = a.last["crossed_by"]
                code = self.by_id[crossed["source"], crossed["event_id"]].respondent
            return fact.respondent == code
        if subject["kind"] == "matter":
            return bool(fact.matter) and self.root(fact.matter) == self.root(subject["code"])
        return subject["code"] in self.regions.path(fact.region)

    def lead(self, a: Account, collective: bool) -> tuple[str, int]:
        if a.rule not in self.specs or a.told_at is None or self.oldest is None or a.told_at < self.oldest:
            return "unknown", 0
        category, within = self.specs[a.rule]
        category = (a.last["each"] or {}).get("category", category)
        wanted = [f for f in self.all if a.told_at - within < f.occurred_at <= a.told_at + LEAD_DAYS * DAY
                  and (not collective or {"collective", "visit"} <= f.tags) and self.is_about(f, a, category)]
        if not wanted:
            return "none", 0
        first = wanted[0].occurred_at
        return ("first", 0) if first <= a.told_at else ("ahead", first - a.told_at)


# -- rows ------------------------------------------------------------------------------------------------------------


def figures(group: list[Account], petitions: Optional[Petitions]) -> dict:
    told = [a for a in group if a.told]
    judged, good = [a for a in group if a.verdict], [a for a in group if a.verdict == "verified"]
    found: dict = {"alerts": len(group), "told": len(told), "judged": len(judged), "verified": len(good),
                   "mediated": sum(a.mediated for a in good), "false": len(judged) - len(good),
                   "withdrawn": sum(a.last["state"] == "withdrawn" for a in group),
                   "open": sum(a.last["state"] in ("firing", "unknown") for a in group),
                   "precision": len(good) / len(judged) if judged else None,
                   "escalated": sum(a.escalated for a in group), "overdue": sum(bool(a.overdue) for a in group),
                   **{key: sum(bool(a.did(key)) for a in group) for key in ("returned", "reopened")},
                   **{key: sum(getattr(a, key) for a in group) for key in ("raised", "lowered", "flaps")}}
    found["precision_low"], found["precision_high"] = wilson(len(good), len(judged)) if judged else (None, None)
    for cause in (*CAUSES, "other"):
        found[f"held_{cause}"] = sum(a.held == cause for a in group)
    for level in LEVELS:
        found[f"highest_{level}"] = sum(a.last["highest_level"] == level for a in group)
    found["highest_other"] = sum(a.last["highest_level"] not in LEVELS for a in group)
    reasons = Counter(a.reason for a in judged if a.verdict == "false")
    found |= {f"false_{reason}": reasons[reason] for reason in REASONS} | {"false_not_said": reasons[None]}
    for limit in LIMITS.values():
        found[f"overdue_{limit}"] = sum(limit in a.overdue for a in group)
    ranks = Counter(rank(a) for a in group if a.actual)
    found |= {f"actual_{word}": ranks[word] for word in ("lower", "same", "higher", "unreadable")}
    for word, times in (("sign", [t for a in group for t in a.took(a.did(*TAKEN_IN_HAND))]),
                        ("arrive", [t for a in group for t in a.took(a.did("arrived"))]),
                        ("close", [t for a in group for t in a.took([a.closed_at] if a.closed else [])])):
        found |= {f"{word}_count": len(times)}
        found |= {f"{word}_median_s": quantile(times, 0.5), f"{word}_p90_s": quantile(times, 0.9)}
    if petitions:
        found |= leads_of(told, petitions)
    return found


def rank(a: Account) -> str:
    actual = CHINESE_LEVELS.get(a.actual, a.actual)
    if actual not in LEVELS or a.last["highest_level"] not in LEVELS:
        return "unreadable"
    by = LEVELS.index(actual) - LEVELS.index(a.last["highest_level"])
    return "lower" if by < 0 else "higher" if by > 0 else "same"


def leads_of(told: list[Account], petitions: Petitions) -> dict:
    found = {}
    for prefix, collective in (("lead", False), ("collective_lead", True)):
        leads = [petitions.lead(a, collective) for a in told]
        kinds, times = Counter(kind for kind, _ in leads), [s for kind, s in leads if kind == "ahead"]
        found |= {f"{prefix}_count": len(times)}
        found |= {f"{prefix}_median_s": quantile(times, 0.5), f"{prefix}_p10_s": quantile(times, 0.1)}
        if collective:
            found["collective_first"] = kinds["first"]
        else:
            found |= {"lead_petition_first": kinds["first"], "lead_none": kinds["none"], "lead_unknown": kinds["unknown"]}
    return found


def unit_figures(name: str, group: list[Account]) -> dict:
    mine = [a for a in group if any(u["unit"] == name for m in a.history for u in m["data"]["handling"]["units"])]
    times, found = [], Counter()
    for a in mine:
        units = [{u["unit"]: u["state"] for u in m["data"]["handling"]["units"]} for m in a.history]
        states = [(m, states.get(name)) for m, states in zip(a.history, units)]
        since = next((seconds(m["time"]) for m, state in states if state and is_told(m)), None)
        done = a.did(*TAKEN_IN_HAND, unit=name)
        if done and a.whole and since is not None:
            times.append(max(0, min(done) - since))
        state_in = {id(m): state for m, state in states}
        found["unit_signed"] += bool(done)
        found["unit_overdue"] += name in a.late_units
        found["unit_returned"] += bool(a.did("returned", unit=name))
        found["unit_closed"] += any(state in ENDED for _, state in states)
        found["unit_reopened"] += any(action == "reopened" and before and state_in[id(before)] in ENDED and
                                      state_in[id(message)] == "reopened" for action, _, _, message, before in a.steps)
        found["unit_verified"] += a.lead == name and a.verdict == "verified"
        found["unit_false"] += a.lead == name and a.verdict == "false"
    keys = ("signed", "overdue", "returned", "reopened", "closed", "verified", "false")
    return {"unit_sent": len(mine), **{f"unit_{key}": found[f"unit_{key}"] for key in keys},
            "unit_sign_median_s": quantile(times, 0.5), "unit_sign_p90_s": quantile(times, 0.9)}


def expected_rows(found: list[Account], petitions: Optional[Petitions]) -> dict[tuple, dict]:
    """By (of, rule, street, unit)."""
    groups: dict[tuple, list[Account]] = defaultdict(list)
    groups["all", "", "", ""] = list(found)
    for a in found:
        groups["rule", a.rule, "", ""].append(a)
        groups["rule_street", a.rule, a.street, ""].append(a)
        groups["street", "", a.street, ""].append(a)
    rows = {key: figures(group, petitions) for key, group in groups.items()}
    units = {u["unit"] for a in found for m in a.history for u in m["data"]["handling"]["units"]}
    return rows | {("unit", "", "", name): unit_figures(name, found) for name in units}
