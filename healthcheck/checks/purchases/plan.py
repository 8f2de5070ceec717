"""Anticipated purchases where somebody has said what they should be: plan rows by month, or a yearly figure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from healthcheck.ledger.columns import Columns

from .cube import EPOCH, Bools, Cube, Floats, day_number
from .rate import spread_season
from .season import total

SPAN = 12  # months that a window may have


@dataclass(frozen=True)
class Plan:
    """accounts x trailing months: what is planned, and the share of the month's days that the plan covers. ``source`` per account."""

    value: Floats
    covered: Floats
    source: list[str | None]

    def window(self, months: int) -> tuple[Floats, Bools]:
        """What is planned for the last ``months`` months, and for whom the plan covers every day of them."""
        full: Bools = np.all(self.covered[:, :months] > 0.999, axis=1)
        return total(self.value[:, :months]), full


def make(columns: Columns, cube: Cube, season: Floats) -> Plan:
    """The plan of every account: rows first, else the yearly figure spread by season; nothing where there is neither."""
    plan = Plan(np.zeros((cube.size, SPAN)), np.zeros((cube.size, SPAN)), [None] * cube.size)
    _from_rows(plan, columns, cube)
    _from_year(plan, columns, cube, season)
    return plan


def _from_rows(plan: Plan, columns: Columns, cube: Cube) -> None:
    rows = columns.accounts.select("key").with_row_index("row")
    plans = columns.plans.join(rows, on="key").sort("row", "month")
    for row, month, amount, currency, value, source in plans.select(
        "row", "month", "amount", "currency", "value", "source"
    ).iter_rows():
        worth = amount if value is None and currency == cube.unit[row] else value
        if worth is not None:
            _spread(plan, cube, row, month, float(worth))
            plan.source[row] = plan.source[row] or source or "plan"


def _spread(plan: Plan, cube: Cube, row: int, month: date, value: float) -> None:
    start = day_number(month.replace(day=1))
    end = day_number((month.replace(day=1) + timedelta(days=32)).replace(day=1))
    for p in range(SPAN):
        newer, older = int(cube.edges[p]), int(cube.edges[p + 1])
        days = min(newer, end) - max(older, start)
        if days > 0:
            plan.value[row, p] += value * days / (end - start)
            plan.covered[row, p] += days / (newer - older)


def _from_year(plan: Plan, columns: Columns, cube: Cube, season: Floats) -> None:
    yearly = columns.accounts["plan_annual"].fill_null(0).to_numpy().astype(np.float64)
    wanted = (yearly > 0) & np.array([s is None for s in plan.source], dtype=bool)
    if not wanted.any():
        return
    known = columns.accounts.select(pl.min_horizontal("opened", "first_invoice", "first_known")).to_series()
    since = known.cast(pl.Int32).fill_null(int(cube.edges[0])).to_numpy()
    monthly = spread_season(season, SPAN) * (yearly / 12)[:, None]
    plan.value[wanted] = monthly[wanted]
    plan.covered[wanted] = (since[:, None] <= cube.edges[None, 1 : SPAN + 1]).astype(np.float64)[wanted]
    for row in np.flatnonzero(wanted):
        plan.source[row] = "yearly plan"


def day_of(number: int) -> date:
    return EPOCH + timedelta(days=number)
