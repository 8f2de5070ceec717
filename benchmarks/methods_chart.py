"""Power against cost as one SVG, for light and dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape

from methods_base import TWINS, Results

WIDE, HIGH = 348, 262  # of a panel, axes included
LEFT, TOP, BELOW = 44, 34, 34
GAP, HEAD = 12, 100
COLUMNS = 3
PANELS = {
    "payments": ("stopped", "+20 days", "+10 days"),
    "purchases": ("stopped 1 month", "stopped 3 months", "half"),
}
TITLES = {
    "stopped": "stopped paying",
    "+20 days": "pays 20 days later",
    "+10 days": "pays 10 days later",
    "stopped 1 month": "stopped buying a month ago",
    "stopped 3 months": "stopped buying 3 months ago",
    "half": "orders half as often for 3 months",
}
SHARED = {"log-rank (scipy)": "log-rank", "KernelCPD (ruptures)": "PELT"}
HIDDEN = ("Healthcheck: payments",)  # its score orders by lateness to come, not by change
COSTS = (1.0, 100_000.0)
STYLE = """
svg{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;--paper:#fff;--ink:#1d2733;--soft:#5b6875;--line:#e3e8ed;
--ours:#0b7a5c;--peer:#8a5a00}
@media (prefers-color-scheme:dark){svg{--paper:#12181f;--ink:#e8edf2;--soft:#9fadba;--line:#2a343f;--ours:#43c79b;--peer:#e0ab4a}}
.paper{fill:var(--paper)}text{fill:var(--ink);font-size:12px}.head{font-size:17px;font-weight:650}.sub,.tick{fill:var(--soft)}
.tick{font-size:11px}.title{font-weight:650;font-size:13px}.grid{stroke:var(--line);stroke-width:1;fill:none}
.ours{fill:var(--ours)}.bond{stroke:var(--peer);stroke-width:1.5;stroke-dasharray:2 3}
.peer{fill:var(--paper);stroke:var(--peer);stroke-width:2}
.name{font-size:11px;paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
.name.us{fill:var(--ours);font-weight:650}
"""


@dataclass(frozen=True)
class Point:
    """One method: microseconds an account, share caught."""

    name: str
    ours: bool
    cost: float
    caught: float


def draw(found: Mapping[str, Results]) -> str:
    """Six panels: three changes of payments, three of purchases."""
    wide = COLUMNS * WIDE + (COLUMNS - 1) * GAP + 28
    high = HEAD + 2 * (HIGH + GAP)
    parts = [_heading()]
    for row, (check, changes) in enumerate(PANELS.items()):
        for column, change in enumerate(changes):
            x, y = 14 + column * (WIDE + GAP), HEAD + row * (HIGH + GAP)
            parts.append(f'<g transform="translate({x},{y})">{_panel(_points(found[check], change), change)}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" role="img" '
        f'aria-label="Share of changed customers caught at 1 % false alarms, by cost an account"><style>{STYLE}</style>'
        f'<rect class="paper" width="{wide}" height="{high}" rx="8"/>{"".join(parts)}</svg>\n'
    )


def _heading() -> str:
    return (
        '<text class="head" x="22" y="32">What is caught at 1 % false alarms, against what it costs</text>'
        '<text class="sub" x="22" y="54">Share of changed customers caught, by time an account on one thread: '
        "up and to the left is better.</text>"
        '<text class="sub" x="22" y="72">Dotted: log-rank in scipy and in lifelines, PELT in C and in Python. Simulated books.</text>'
        '<circle class="ours" cx="780" cy="28" r="5"/><text x="791" y="32">Healthcheck</text>'
        '<circle class="peer" cx="884" cy="28" r="4.5"/><text x="895" y="32">what one could take instead</text>'
    )


def _points(found: Results, change: str) -> list[Point]:
    seen = [(m, found.power(m.name)) for m in found.methods if m.name not in HIDDEN]
    return [
        Point(_short(m.name), m.package is None, found.speeds[m.name].micros, power.caught[change])
        for m, power in seen
        if power
    ]


def _short(name: str) -> str:
    """Methods of one power share a line and a name; the slower of them goes without."""
    if name in TWINS:
        return ""
    return SHARED.get(name) or name.removeprefix("Healthcheck: ").partition(" (")[0]


def _x(cost: float) -> float:
    low, high = (math.log10(c) for c in COSTS)
    return LEFT + (math.log10(cost) - low) / (high - low) * (WIDE - LEFT - 8)


def _y(share: float) -> float:
    return TOP + (1 - share) * (HIGH - TOP - BELOW)


def _panel(points: Sequence[Point], change: str) -> str:
    marks = "".join(_bonds(points)) + "".join(_mark(p) for p in sorted(points, key=lambda p: p.ours))
    names = "".join(_names(points))
    return f'<text class="title" x="{LEFT}" y="14">{escape(TITLES[change])}</text>{_axes()}{names}{marks}'


def _bonds(points: Sequence[Point]) -> list[str]:
    """A line between the two costs of one power."""
    return [
        f'<path class="bond" d="M{_x(q.cost):.1f},{_y(q.caught):.1f}H{_x(p.cost):.1f}"/>' for q, p in _pairs(points)
    ]


def _pairs(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    shared = [p for p in points if p.name in SHARED.values()]
    return [(next(q for q in shared if q.caught == p.caught), p) for p in points if not p.name]


def _axes() -> str:
    rows = "".join(
        f'<path class="grid" d="M{LEFT},{_y(s):.1f}H{WIDE - 8}"/><text class="tick" x="{LEFT - 6}" y="{_y(s) + 4:.1f}" text-anchor="end">'
        f"{s * 100:.0f}{' %' if s == 1 else ''}</text>"
        for s in (0, 0.25, 0.5, 0.75, 1)
    )
    ticks = {1: "1 µs", 10: "10", 100: "100", 1_000: "1 ms", 10_000: "10", 100_000: "100 ms"}
    columns = "".join(
        f'<path class="grid" d="M{_x(c):.1f},{TOP}V{HIGH - BELOW}"/><text class="tick" x="{_x(c):.1f}" y="{HIGH - BELOW + 16}" '
        f'text-anchor="{"end" if c == COSTS[1] else "middle"}">{label}</text>'
        for c, label in ticks.items()
    )
    return rows + columns


def _mark(point: Point) -> str:
    said = (
        f"<title>{escape(point.name or 'the same')}: {point.caught:.0%} caught, {point.cost:,.0f} µs an account</title>"
    )
    kind, at = "ours" if point.ours else "peer", f'cx="{_x(point.cost):.1f}" cy="{_y(point.caught):.1f}"'
    return f'<circle class="{kind}" {at} r="4.5">{said}</circle>'


def _names(points: Sequence[Point]) -> list[str]:
    """A name beside each point, where it hides no point and no other name: each in turn takes its best place, several times over."""
    marks = [(_x(p.cost) - 6, _y(p.caught) - 6, _x(p.cost) + 6, _y(p.caught) + 6) for p in points]
    marks += [(_x(q.cost), _y(q.caught) - 3, _x(p.cost), _y(p.caught) + 3) for q, p in _pairs(points)]
    chosen = [_places(p)[0] for p in points]
    for _ in range(8):
        for at, p in enumerate(points):
            others = marks + [place[3] for n, place in enumerate(chosen) if n != at and points[n].name]
            chosen[at] = min(_places(p), key=partial(_cost, others))
    return [
        f'<text class="name{" us" if p.ours else ""}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(p.name)}</text>'
        for p, (anchor, x, y, _) in zip(points, chosen, strict=True)
        if p.name
    ]


Box = tuple[float, float, float, float]


def _places(point: Point) -> list[tuple[str, float, float, Box]]:
    """Near ones first."""
    x, y, wide = _x(point.cost), _y(point.caught), (6.5 if point.ours else 5.9) * len(point.name)
    places: list[tuple[str, float, float, Box]] = []
    for across, down in ((9, 4), (0, -9), (0, 18), (7, -6), (7, 15), (7, -13), (7, 22), (9, -20), (9, 30)):
        places.append(("start", x + across, y + down, (x + across, y + down - 9, x + across + wide, y + down + 3)))
        places.append(("end", x - across, y + down, (x - across - wide, y + down - 9, x - across, y + down + 3)))
        if not across:
            places.append(("middle", x, y + down, (x - wide / 2, y + down - 9, x + wide / 2, y + down + 3)))
    return places


def _cost(others: Sequence[Box], place: tuple[str, float, float, Box]) -> float:
    return _hidden(place[3], others)


def _hidden(box: Box, taken: Sequence[Box]) -> float:
    """How much of the box others cover, or lies outside the panel."""
    outside = (
        max(0, LEFT + 2 - box[0])
        + max(0, box[2] - WIDE + 6)
        + max(0, TOP - 14 - box[1])
        + max(0, box[3] - (HIGH - BELOW))
    )
    covered = sum(
        max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
        * max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
        for other in taken
    )
    return outside * 50 + covered
