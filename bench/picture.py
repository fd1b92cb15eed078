"""Pictures in SVG, drawn by hand: bars, and lines over two axes.  Text is text, so that they can be searched and read out."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path

WIDTH, LEFT, RIGHT, TOP, BAR, LINES_HEIGHT = 760, 190, 70, 46, 26, 300
COLOURS = ("#1f6f8b", "#d9822b", "#6a8f3c", "#8a4f9e", "#555555")
TEXT = 'font-family="sans-serif" font-size="13" fill="#222"'


def text(x: float, y: float, words: str, anchor: str = "start", more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {TEXT} {more}>{escape(words)}</text>'


def document(height: float, title: str, parts: list[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img"><title>{escape(title)}</title>'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{height:.0f}" fill="#fff"/>', text(12, 24, title, more='font-weight="bold"'), *parts, "</svg>\n"])


def bars(path: Path, title: str, values: dict[str, float], unit: str) -> None:
    """The smaller the better, the first is what is measured against."""
    longest = max(values.values())
    parts = []
    for row, (name, value) in enumerate(values.items()):
        y, length = TOP + row * BAR, value / longest * (WIDTH - LEFT - RIGHT)
        parts += [text(LEFT - 8, y + 15, name, "end"), f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 8}" fill="{COLOURS[0]}"/>',
                  text(LEFT + length + 6, y + 15, f"{value:.3g} {unit}")]
    path.write_text(document(TOP + len(values) * BAR + 10, title, parts), encoding="utf-8")


def ticks(low: float, high: float) -> list[float]:
    """about five round numbers"""
    step = 10 ** math.floor(math.log10((high - low) / 4 or 1))
    step *= next(m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= 6)
    first = math.ceil(low / step)
    return [n * step for n in range(first, math.floor(high / step) + 1)]


def lines(path: Path, title: str, curves: dict[str, list[tuple[float, float]]], x_name: str, y_name: str) -> None:
    """Each curve's points in order; both axes begin at 0."""
    right = max(x for curve in curves.values() for x, _ in curve) or 1
    top = max(y for curve in curves.values() for _, y in curve) or 1
    width, height, left = WIDTH - 100, LINES_HEIGHT, 70

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x / right * width, TOP + height - y / top * height

    parts = []
    for value in ticks(0, right):
        x = at(value, 0)[0]
        parts += [f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{TOP + height}" stroke="#ddd"/>', text(x, TOP + height + 18, f"{value:g}", "middle")]
    for value in ticks(0, top):
        y = at(0, value)[1]
        parts += [f'<line x1="{left}" y1="{y:.1f}" x2="{left + width}" y2="{y:.1f}" stroke="#ddd"/>', text(left - 6, y + 4, f"{value:g}", "end")]
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in curve))
        parts += [f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
                  f'<rect x="{left + 14}" y="{TOP + 10 + number * 20}" width="12" height="12" fill="{colour}"/>', text(left + 32, TOP + 21 + number * 20, name)]
    parts += [text(left + width, TOP + height + 36, x_name, "end"), text(left, TOP - 6, y_name)]
    path.write_text(document(TOP + height + 50, title, parts), encoding="utf-8")
