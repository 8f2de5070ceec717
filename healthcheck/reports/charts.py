"""Small charts as inline SVG. Colours come from the page's style sheet by class, so that light and dark both work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor, log10

from markupsafe import Markup, escape

WIDTH, HEIGHT = 640, 180
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 12, 22


@dataclass(frozen=True)
class Dot:
    """One invoice: when it fell due, how late it is or was, and what to say when pointed at."""

    on: date
    value: float
    kind: str  # css class: paid, open, disputed
    title: str


@dataclass(frozen=True)
class Bar:
    """One month: what came, what was expected (None: nothing said)."""

    label: str
    value: float
    expected: float | None
    title: str


def dots(points: Sequence[Dot], since: date, until: date, mark: date, label: str) -> Markup:
    """Days late by due date; the line at 0 is the due date, the shaded part begins at ``mark``."""
    values = [point.value for point in points] or [0.0]
    low, high, step = _span(min(0.0, *values), max(15.0, *values))
    x, y = _time(since, until), _linear(low, high)
    shade = f'<rect class="recent" x="{x(mark):.1f}" y="{TOP}" width="{WIDTH - RIGHT - x(mark):.1f}" height="{HEIGHT - TOP - BOTTOM}"/>'
    marks = [_dot(point.kind, x(point.on), y(point.value), point.title) for point in points]
    return _svg(label, [shade, *_rows(low, high, step, y, _days), *_months(since, until, x), *marks])


def bars(months: Sequence[Bar], label: str, shown: Callable[[float], str]) -> Markup:
    """What was bought a month, with what was expected as an outline."""
    low, high, step = _span(0.0, max([1.0, *(bar.value for bar in months), *(bar.expected or 0 for bar in months)]))
    y, wide = _linear(low, high), (WIDTH - LEFT - RIGHT) / max(1, len(months))
    parts: list[str] = _rows(low, high, step, y, shown)
    for place, bar in enumerate(months):
        left = LEFT + place * wide
        parts.append(_column("bought", left + wide * 0.18, wide * 0.64, y(bar.value), y(0), bar.title))
        if bar.expected is not None:
            parts.append(
                f'<path class="expected" d="M{left + wide * 0.08:.1f},{y(bar.expected):.1f}h{wide * 0.84:.1f}"/>'
            )
        if place % max(1, len(months) // 12) == 0:
            parts.append(
                f'<text class="tick" x="{left + wide / 2:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(bar.label)}</text>'
            )
    return _svg(label, parts)


def line(
    points: Sequence[tuple[date, float]], limit: float | None, label: str, shown: Callable[[float], str]
) -> Markup:
    """Exposure at each month-end, with the credit limit as a dashed line."""
    low, high, step = _span(0.0, max([1.0, *(value for _, value in points), limit or 0]))
    since, until = points[0][0], points[-1][0] if len(points) > 1 else points[0][0] + timedelta(days=1)
    x, y = _time(since, until), _linear(low, high)
    path = " ".join(f"{'M' if n == 0 else 'L'}{x(on):.1f},{y(value):.1f}" for n, (on, value) in enumerate(points))
    area = f'<path class="area" d="{path} L{x(points[-1][0]):.1f},{y(0):.1f} L{x(since):.1f},{y(0):.1f} Z"/>'
    parts = [*_rows(low, high, step, y, shown), *_months(since, until, x), area, f'<path class="line" d="{path}"/>']
    if limit is not None:
        parts.append(
            f'<path class="limit" d="M{LEFT},{y(limit):.1f}H{WIDTH - RIGHT}"><title>limit {escape(shown(limit))}</title></path>'
        )
    return _svg(label, parts)


def _svg(label: str, parts: Sequence[str]) -> Markup:
    return Markup(  # noqa: S704 - every text in it was escaped above
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _dot(kind: str, x: float, y: float, title: str) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.2"><title>{escape(title)}</title></circle>'


def _column(kind: str, x: float, wide: float, top: float, foot: float, title: str) -> str:
    height = max(0.0, foot - top)
    return f'<rect class="{kind}" x="{x:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{height:.1f}"><title>{escape(title)}</title></rect>'


def _rows(
    low: float, high: float, step: float, y: Callable[[float], float], shown: Callable[[float], str]
) -> list[str]:
    values = [low + n * step for n in range(round((high - low) / step) + 1)]
    return [
        f'<path class="{"zero" if value == 0 else "grid"}" d="M{LEFT},{y(value):.1f}H{WIDTH - RIGHT}"/>'
        f'<text class="tick" x="{LEFT - 6}" y="{y(value) + 3.5:.1f}" text-anchor="end">{escape(shown(value))}</text>'
        for value in values
    ]


def _months(since: date, until: date, x: Callable[[date], float]) -> list[str]:
    first = [date(year, month, 1) for year in range(since.year, until.year + 1) for month in range(1, 13)]
    inside = [day for day in first if since <= day <= until]
    every = max(1, ceil(len(inside) / 8))
    return [
        f'<text class="tick" x="{x(day):.1f}" y="{HEIGHT - 6}" text-anchor="middle">{_MONTHS[day.month - 1]} {day:%y}</text>'
        for day in inside[::every]
        if LEFT + 14 < x(day) < WIDTH - RIGHT - 14
    ]


_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def _days(value: float) -> str:
    return f"{value:g} d"


def _span(low: float, high: float) -> tuple[float, float, float]:
    """Round limits that hold both values, and a step that makes about four rows."""
    rough = max(high - low, 1e-9) / 4
    size = 10.0 ** floor(log10(rough))
    step = next(size * unit for unit in (1, 2, 2.5, 5, 10) if size * unit >= rough * 0.999)
    return floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, step


def _linear(low: float, high: float) -> Callable[[float], float]:
    return lambda value: TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low))


def _time(since: date, until: date) -> Callable[[date], float]:
    days = max(1, (until - since).days)
    return lambda on: LEFT + (WIDTH - LEFT - RIGHT) * (on - since).days / days
