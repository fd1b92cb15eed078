"""The oracle against a second one, slow and literal, which steps through every minute and counts every window anew:
on random rules and histories both must see the same course of levels.
"""

import os
import random

from oracle import courses
from oracle_cases import REGIONS, event, rule


class LiteralMoment:
    """What the window of a minute holds, by nothing but the facts in it."""

    def __init__(self, rule, facts, minute):
        self.rule = rule
        self.window = [f for f in facts if rule.within.before(minute * 60) < f.occurred_at <= minute * 60]

    def measure(self, name, measure, lag=0):
        chosen = [f for f in self.window if self.rule.selections[name].selects(f)]
        if measure == "events":
            return len(chosen)
        if measure == "callers":
            return len({actor for f in chosen for actor in f.actors})
        if measure == "involved":
            largest = {}
            for f in chosen:
                key = f.matter or (f.source, f.id)
                largest[key] = max(largest.get(key, 0), f.involved)
            return sum(largest.values())
        values = [f.value for f in chosen]
        return sum(values) if measure == "sum" else max(values, default=None)


def first_of_run(minutes, holds):
    """The first minute of the unbroken run up to the last one; None if the last does not hold."""
    start = None
    for minute in reversed(minutes):
        if not holds(minute):
            break
        start = minute
    return start


def literal_course(rule, facts):
    """(minute, level) of each change of one subject, minute after minute, every window counted anew."""
    begin = min(f.occurred_at for f in facts) // 60 - 1
    end = (max(f.occurred_at for f in facts) + rule.within.seconds + rule.clear_after + rule.hold) // 60 + 3
    levels, keeps, current = {}, {}, 0
    for minute in range(begin, end):
        moment = LiteralMoment(rule, facts, minute)
        level = max((n for n, condition in rule.levels.items() if condition.holds(moment)), default=0)
        kept = level == 0 and rule.clear_below is not None and rule.clear_below.holds(moment)
        levels[minute], keeps[minute] = level, min(rule.levels) if kept else level
        past = range(begin, minute + 1)
        held = {n: first_of_run(past, lambda m: levels[m] >= n) for n in range(1, 5)}
        low = {n: first_of_run(past, lambda m: keeps[m] < n) for n in range(1, 5)}
        up = max((n for n in held if held[n] is not None and (minute - held[n]) * 60 >= rule.hold), default=0)
        before = current
        if current == 0 or up > current:
            current = up
        else:
            current = max((n for n in range(1, current + 1)
                           if not (low[n] is not None and (minute - low[n]) * 60 >= rule.clear_after)), default=0)
        if current != before:
            yield minute, current
    assert current == 0


def random_rule(rng):
    measure = rng.choice(["x", "x.callers", "x.involved"])
    low = rng.randint(1, 3)
    clear = {"after": f"{rng.choice([0, 1, 4, 9])}m"}
    more = " or y >= 2 and x.sum >= 9"
    if rng.random() < 0.5:
        clear["below"], more = rng.randint(1, low), ""
    levels = {rng.choice(["blue", "yellow"]): f"{measure} >= {low}", "orange": f"{measure} > {low + 1}",
              "red": f"{measure} >= {low + 4}{more}"}
    let = {"x": {}, "y": {"tag": "p"}} if more else {"x": {}}
    within, hold = f"{rng.choice([2, 7, 15])}m", f"{rng.choice([0, 0, 1, 5])}m"
    return rule(levels, let=let, within=within, clear=clear, **{"for": hold})


def random_facts(rng):
    return [event(f"e{i}", rng.randint(0, 60), rng.randint(0, 59),
                  actors=tuple(rng.sample("abcd", rng.randint(0, 2))), matter=rng.choice(["", "m", "n"]),
                  involved=rng.randint(0, 3), value=rng.randint(0, 4000),
                  tags=frozenset(rng.choice(["", "p"]))) for i in range(rng.randint(1, 25))]


def test_walking_change_points_equals_stepping_every_minute():
    seed = int(os.environ.get("GRIDWARN_SEED", random.randrange(2**32)))
    print(f"GRIDWARN_SEED={seed}")
    rng, seen = random.Random(seed), 0
    for _ in range(150):
        one_rule, facts = random_rule(rng), sorted(random_facts(rng), key=lambda f: f.order)
        walked = courses(one_rule, facts, REGIONS).get(("grid", "G1", None), [])
        assert walked == list(literal_course(one_rule, facts))
        seen += len(walked)
    assert seen > 200  # or the histories say nothing
