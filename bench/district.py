"""The example district as its own files describe it: where things can happen, what they are called, how a source
codes them.  Read rather than repeated, so that the sample stays in step with rules/district.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

LEVELS = {"区": "district", "街道": "street", "社区": "community", "网格": "grid", "微网格": "micro_grid"}


class Place(NamedTuple):
    code: str
    path: dict[str, str]  # level -> code, as the events carry it
    names: dict[str, str]


class Matter(NamedTuple):
    code: str  # as the hotline writes it
    category: str
    names: tuple[str, ...]  # from the first level down


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


class District:
    def __init__(self, directory: Path):
        regions = {row["code"]: row for row in rows(directory / "regions.csv")}
        self.grids = [self._place(regions, code) for code, row in regions.items()
                      if LEVELS.get(row["level"], row["level"]) == "grid"]
        names = {row["path"]: row["name"] or row["path"] for row in rows(directory / "categories.csv")}
        tables = [row for table in sorted((directory / "mappings").glob("*.csv")) for row in rows(table)]
        self.matters = [self._matter(names, row["code"], row["category"]) for row in tables if "category" in row]
        organisations = directory / "organisations.csv"
        self.organisations = rows(organisations) if organisations.exists() else []

    @staticmethod
    def _place(regions: dict[str, dict], code: str) -> Place:
        path, names, at = {}, {}, code
        while at:
            level = LEVELS.get(regions[at]["level"], regions[at]["level"])
            path[level], names[level] = at, regions[at]["name"]
            at = regions[at]["parent"]
        return Place(code, dict(reversed(path.items())), names)

    @staticmethod
    def _matter(names: dict[str, str], code: str, category: str) -> Matter:
        parts = category.split(".")
        prefixes = [".".join(parts[:n]) for n in range(1, len(parts) + 1)]
        return Matter(code, category, tuple(names.get(prefix, prefix) for prefix in prefixes))

    def matter(self, category: str) -> Matter:
        """The first code of this category or of one below it."""
        for matter in self.matters:
            if matter.category == category or matter.category.startswith(category + "."):
                return matter
        raise SystemExit(f"no mapping has a code for {category}")

    def community(self, number: int) -> list[Place]:
        """The grids of the district's nth community, in the order of the registry."""
        communities = list(dict.fromkeys(grid.path["community"] for grid in self.grids))
        return [grid for grid in self.grids if grid.path["community"] == communities[number % len(communities)]]
