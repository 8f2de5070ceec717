"""The two pictures of a backtest as inline SVG: alerts a month, and lift by budget with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from healthcheck.backtest.model import AtBudget, MonthEnd, Ranking
from healthcheck.months import Month
from healthcheck.reports.charts import BOTTOM, LEFT, RIGHT, TOP, WIDTH, Bar, bars

TALL = 230
CLASSES = ("ours", "rule0", "rule1", "rule2", "rule3")
_CEILING = (
    1.6  # intervals are cut at this many times the highest value, so that one wide whisker does not flatten the picture
)


def alerts(months: Sequence[MonthEnd], name: str) -> Markup:
    """Accounts alerted by one check at each month-end."""
    every = max(len(months) // 12, 1 + (len(months) > 12))
    columns = [_bar(one, name, labelled=place % every == 0) for place, one in enumerate(months)]
    return bars(columns, f"Alerts of {name} a month", lambda value: f"{value:g}")


def _bar(one: MonthEnd, name: str, labelled: bool) -> Bar:
    count = one.alerts[name]
    label = f"{one.as_of:%m/%y}" if labelled else ""
    return Bar(label, count, None, f"{Month.of(one.as_of).title}: {count} of {one.accounts} accounts")


def lift(rankings: Sequence[Ranking], label: str) -> Markup:
    """Lift by budget: one group a budget, one column a ranking, a whisker for the 95 % interval; the line at 1 is chance."""
    top = _top(rankings)
    step = _step(top)
    rows = [n * step for n in range(int(top / step) + 2)]
    y = _scale(rows[-1])
    parts = [_row(value, y) for value in rows] + [_chance(y)]
    budgets = [one.budget for one in rankings[0].budgets]
    wide = (WIDTH - LEFT - RIGHT) / len(budgets)
    for n, budget in enumerate(budgets):
        left = LEFT + n * wide
        parts += [
            _column(m, one, one.budgets[n], left, wide, len(rankings), y, rows[-1]) for m, one in enumerate(rankings)
        ]
        parts.append(
            f'<text class="tick" x="{left + wide / 2:.1f}" y="{TALL - 6}" text-anchor="middle">{budget:.0%} of account-months</text>'
        )
    said = f'<svg viewBox="0 0 {WIDTH} {TALL}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
    return Markup(said)  # noqa: S704 - every text in it was escaped above


def _top(rankings: Sequence[Ranking]) -> float:
    values = [at.lift for one in rankings for at in one.budgets]
    highest = max([2.0, *(at.value for at in values)])
    return min(_CEILING * highest, max([highest, *(at.high or 0.0 for at in values)]))


def _step(top: float) -> float:
    return next(step for step in (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500) if top / step <= 6 or step == 500)


def _scale(top: float) -> Callable[[float], float]:
    return lambda value: TOP + (TALL - TOP - BOTTOM) * (1 - value / top)


def _row(value: float, y: Callable[[float], float]) -> str:
    line = f'<path class="{"zero" if value == 0 else "grid"}" d="M{LEFT},{y(value):.1f}H{WIDTH - RIGHT}"/>'
    return f'{line}<text class="tick" x="{LEFT - 6}" y="{y(value) + 3.5:.1f}" text-anchor="end">{value:g} ×</text>'


def _chance(y: Callable[[float], float]) -> str:
    return (
        f'<path class="limit" d="M{LEFT},{y(1):.1f}H{WIDTH - RIGHT}"><title>1 ×: no better than chance</title></path>'
    )


def _column(
    m: int, one: Ranking, at: AtBudget, left: float, wide: float, count: int, y: Callable[[float], float], top: float
) -> str:
    room = wide * 0.84 / count
    x = left + wide * 0.08 + m * room
    middle, value = x + room / 2, at.lift.value
    said = f"{one.label}, {at.budget:.0%}: {value:.1f} times chance"
    whisker = ""
    if at.lift.low is not None and at.lift.high is not None:
        said += f" ({at.lift.low:.1f} to {at.lift.high:.1f})"
        whisker = f'<path class="whisker" d="M{middle:.1f},{y(min(at.lift.high, top)):.1f}V{y(at.lift.low):.1f}"/>'
    rect = f'<rect class="{CLASSES[m % len(CLASSES)]}" x="{x + room * 0.1:.1f}" y="{y(value):.1f}" width="{room * 0.8:.1f}"'
    return f'{rect} height="{max(0.0, y(0) - y(value)):.1f}"><title>{escape(said)}</title></rect>{whisker}'
