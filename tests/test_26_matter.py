"""A matter of thousands of orders, as many as may be merged into one: every one of them is seen, by all that it is one
with or linked to, and it takes no longer than as many orders that are none.  What looked through the whole matter for each of
its facts took hours.
"""

import json
import os
import subprocess

import pytest

from engine import MAPPINGS, configuration, rule, write_project
from load import START, District
from shapes import Order

ORDERS = 4000
HUB = "WO999999999"
RULES = [
    rule("calls", {"opened": {"kind": "created"}, "calls": {"kind": "called_again", "after": "opened", "overdue": True}},
         "matter", "30d", {"blue": f"calls >= {ORDERS}"}),
    rule("unanswered", {"closed": {"kind": "closed"}, "calls": {"kind": "called_again", "unless": "closed"}},
         "matter", "30d", {"blue": "calls >= 1"}),
    rule("back", {"closed": {"kind": "closed"}, "calls": {"kind": "called_again", "after": "closed"}},
         "district", "30d", {"blue": f"calls >= {ORDERS}"}),
]


def events(kind: str, place: District) -> list[dict]:
    """Orders, what makes them one, and a call about each; only what they are one with was closed, and opened again."""
    def order(number: str, at: int) -> Order:
        related = [HUB] if kind == "linked" and number != HUB else []
        return Order(number, at, place.grids[0], place.matters[0], f"caller-{number}", "x", related=related)

    hub, late = order(HUB, START), START + 6 * 86400
    orders = [order(f"WO{n:09}", START + n // 4) for n in range(ORDERS)]
    merges = [o.event("merged", START + 7200 + n // 4, "merged", merged_into=HUB) for n, o in enumerate(orders)]
    return [hub.created(), hub.event("closed", START + 60, "closed"), hub.event("reopened", START + 120, "accepted"),
            *(o.created() for o in orders), *(merges if kind == "merged" else ()),
            *(o.event("called_again", late + n // 4, "accepted") for n, o in enumerate(orders))]


@pytest.mark.parametrize("kind", ["merged", "linked"])
def test_a_large_matter_is_judged(kind, tmp_path):
    write_project(tmp_path, RULES)
    lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events(kind, District(tmp_path)))
    (tmp_path / "hotline.ndjson").write_text(lines, encoding="utf-8")
    settings = configuration("", "matter", {"hotline": {"file": "hotline.ndjson", "mapping": MAPPINGS["hotline"],
                                                        "lateness": "7d", "silent_after": "7d"}},
                             output={"directory": "out"}, time="event", workers=1, http={"listen": "off"})
    del settings["kafka"]
    (tmp_path / "gridwarn.yaml").write_text(json.dumps(settings), encoding="utf-8")
    run = subprocess.run([os.environ["GRIDWARN"], "run", "-c", tmp_path / "gridwarn.yaml", "--drain"],
                         capture_output=True, timeout=300)
    assert run.returncode == 0, run.stderr.decode()[-4000:]
    told = [json.loads(line) for line in (tmp_path / "out" / "alerts.ndjson").open(encoding="utf-8")]
    raised = sorted((one["data"]["rule"], one["data"]["subject"]["kind"]) for one in told if one["type"].endswith("raised"))
    # of links no matter is made: each order's call stands by itself, far below the threshold of the first rule
    assert raised == ([("back", "district"), ("calls", "matter")] if kind == "merged" else [("back", "district")])
