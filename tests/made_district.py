"""The small made-up district of the random streams: its registry, its tables, and how its records are mapped."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from oracle_facts import Regions

SOURCES = ("hotline", "petition", "sensor")
TAGS = ("p", "q")
FIRMS = ("ORG-1", "ORG-2", "ORG-3")
CATEGORIES = ("labour", "labour.wages", "labour.wages.site", "labour.wages.office", "labour.injury", "noise",
              "noise.bar", "noise.bar.late", "noise.site", "sensor", "sensor.noise", "sensor.dust")
COMPLAINED = tuple(c for c in CATEGORIES if not c.startswith("sensor"))
KINDS = ("created", "called_again", "status", "closed", "reopened", "merged", "linked", "moved", "voided", "restored",
         "reading")


def region_rows() -> list[dict]:
    """Three streets, in each two communities of three grids, in each first grid two micro-grids; what stands next to
    each other in a level are neighbours, across streets too."""
    rows, last = [], {}

    def add(code: str, level: str, parent: str) -> None:
        row = {"code": code, "name": f"{code}名", "level": level, "parent": parent, "neighbours": []}
        if level in last:
            row["neighbours"].append(last[level]["code"])
            last[level]["neighbours"].append(code)
        last[level] = row
        rows.append(row)

    add("D", "district", "")
    for street in "123":
        add(f"S{street}", "street", "D")
        for community in "12":
            add(f"C{street}{community}", "community", f"S{street}")
            for grid in "123":
                add(f"G{street}{community}{grid}", "grid", f"C{street}{community}")
                for micro in "12" if grid == "1" else "":
                    add(f"M{street}{community}{grid}{micro}", "micro_grid", f"G{street}{community}{grid}")
    return [{**row, "neighbours": ";".join(row["neighbours"])} for row in rows]


ROWS = region_rows()
REGIONS = Regions(ROWS)
GRIDS = [row["code"] for row in ROWS if row["level"] == "grid"]


def write_district(directory: Path) -> None:
    """regions.csv, categories.csv, organisations.csv, mapping.yaml"""
    write_csv(directory / "regions.csv", ROWS)
    write_csv(directory / "categories.csv", [{"path": path, "name": path} for path in CATEGORIES])
    write_csv(directory / "organisations.csv", [{"code": code, "name": f"{code}公司", "aliases": ""} for code in FIRMS])
    mapping = {
        "id": "id", "kind": {"path": "kind", "map": {kind: kind for kind in KINDS}},
        "occurred_at": {"path": "at", "formats": ["unix_s"]}, "due_at": {"path": "due", "formats": ["unix_s"]},
        "region": "region", "category": "category", "matter": "matter", "target": "target", "actors": "actors",
        "respondent": "respondent", "involved": "involved", "value": "value",
        "tags": {tag: f"tag_{tag}" for tag in TAGS},
    }
    (directory / "mapping.yaml").write_text(json.dumps(mapping), encoding="utf-8")


def write_csv(path: Path, rows: list[dict]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
