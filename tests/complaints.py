"""Single complaints of the example district, for tests that tell a story of a few events."""

import sys
import time
from typing import Callable, Optional

from engine import DISTRICT, ROOT
from load import CALLER, CONTENT, FIRM, PHONE, encode
from published import check_revisions, revisions

sys.path.insert(0, str(ROOT / "bench"))

from district import District  # noqa: E402
from shapes import Order  # noqa: E402

PLACES = District(DISTRICT)


def complaint(number: str, at: float, caller: Optional[str] = None, category: str = "labour.wage_arrears",
              grid: int = 0, firm: str = "") -> dict:
    respondent = {"token": f"{FIRM}{firm}", "name_norm": f"{FIRM}{firm}有限公司"} if firm else None
    return Order(f"WO-{number}", int(at), PLACES.grids[grid], PLACES.matter(category), caller or f"{CALLER}{number}",
                 f"{CONTENT},电话{PHONE}", respondent=respondent).created()


def records(*complaints: dict) -> list[tuple[str, bytes]]:
    return [(c["partitionkey"], encode(c)) for c in complaints]


def histories(broker, group: str) -> list[list[dict]]:
    """the revisions' data of each alert, which keep what subscribers are promised"""
    found = revisions(broker.consume_all(f"{group}-alerts"))
    for alert_id, history in found.items():
        check_revisions(alert_id, history)
    return list(found.values())


def eventually(look: Callable, wanted: Callable[[object], bool], timeout_s: float = 30):
    """what look() returns once it is as wanted"""
    deadline = time.monotonic() + timeout_s
    while not wanted(seen := look()):
        assert time.monotonic() < deadline, f"after {timeout_s} s still {seen}"
        time.sleep(0.2)
    return seen
