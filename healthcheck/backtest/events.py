"""What came after: serious lateness and the fall of purchases, judged at the end of the horizon by what was known then.

All functions are pure, over ``ledger.columns``; ``since`` is exclusive and ``until`` inclusive, and columns are as of ``until``.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from healthcheck.ledger.columns import Columns
from healthcheck.months import Month
from healthcheck.reviews import rotation
from healthcheck.reviews.classes import pays_well

MEDIAN_DAYS: Final = 15
SERIOUS_DAYS: Final = 60
HALF: Final = 0.5
QUARTER: Final = 3  # months

DEFINITIONS: Final = {
    "payments": (
        f"Serious lateness: the invoices that fell due within the horizon are {MEDIAN_DAYS} days late or more in the median, or one"
        f" invoice becomes {SERIOUS_DAYS} days late within it. Asked of accounts of class eligible or small that paid well in the year"
        " before and were not seriously late already."
    ),
    "purchases": (
        "Purchases of the coming horizon under half of those of the same months a year before. Asked of accounts that bought in each of"
        " the last four quarters and whose last quarter was not under half already. The event is dated at the end of the horizon."
    ),
    "days_late": "Days late count from the due date, early is negative, and an open invoice stands at its age on the day.",
}


def month_end(day: date, months: int) -> date:
    """The end of the month ``months`` after the month of ``day``.

    >>> month_end(date(2026, 1, 31), -2)
    datetime.date(2025, 11, 30)
    """
    return (Month.of(day) + months).last


def invoices(columns: Columns) -> pl.DataFrame:
    """Undisputed invoices that have fallen due."""
    plain = (pl.col("kind") == "invoice") & ~pl.col("disputed").fill_null(value=False) & (pl.col("amount") > 0)
    return columns.items.filter(plain & (pl.col("due") <= columns.as_of))


def serious(columns: Columns, since: date) -> pl.DataFrame:
    """Accounts that became seriously late after ``since``: key, on (the day it showed)."""
    due, late = pl.col("due"), pl.col("days_late")
    marked = invoices(columns).with_columns(
        inside=due > since,
        passed=(due + pl.duration(days=SERIOUS_DAYS)).alias("passed"),
        half=(due + pl.duration(days=MEDIAN_DAYS)).alias("half"),
    )
    old = (late >= SERIOUS_DAYS) & pl.col("passed").is_between(since, columns.as_of, closed="right")
    slow = pl.col("half").filter(pl.col("inside") & (late >= MEDIAN_DAYS)).sort()
    middle = (pl.col("inside").sum().cast(pl.Int64) - 1) // 2
    moved = late.filter(pl.col("inside")).median() >= MEDIAN_DAYS
    found = marked.group_by("key").agg(
        old=pl.col("passed").filter(old).min(),
        slow=pl.when(moved).then(slow.get(middle.clip(lower_bound=0), null_on_oob=True)),
    )
    return found.select("key", on=pl.min_horizontal("old", "slow")).filter(pl.col("on").is_not_null()).sort("key")


def paid_well(columns: Columns, classes: pl.DataFrame, policy: rotation.Policy, horizon: int) -> pl.DataFrame:
    """The accounts that serious lateness is asked of: key. ``classes`` is of ``rotation.classify``."""
    shown = pl.col("lateness_days").is_not_null() & pays_well(policy)
    good = classes.filter(pl.col("klass").is_in(["eligible", "small"]) & shown).select("key")
    already = serious(columns, month_end(columns.as_of, -horizon)).select("key")
    standing = invoices(columns).filter(pl.col("settled").is_null() & (pl.col("days_late") >= SERIOUS_DAYS))
    return good.join(already, on="key", how="anti").join(standing.select("key"), on="key", how="anti").sort("key")


def bought(columns: Columns, spans: dict[str, tuple[int, int]]) -> pl.DataFrame:
    """What each account bought, less credits, in whole reporting minor units: key and one column a span.

    A span (a, b) is the months after the a-th up to the b-th, counted from the month of the as-of date: (-3, 0) is the last quarter.
    """
    ends = {name: (month_end(columns.as_of, a), month_end(columns.as_of, b)) for name, (a, b) in spans.items()}
    minor = pl.col("value").round(0).cast(pl.Int64)  # whole numbers add up in any order
    sums = [
        minor.filter(pl.col("issued").is_between(since, until, closed="right")).sum().alias(name)
        for name, (since, until) in ends.items()
    ]
    known = columns.accounts.select("key").join(columns.items.group_by("key").agg(sums), on="key", how="left")
    return known.with_columns(pl.col(*spans).fill_null(0)).sort("key")


QUARTERS: Final = {
    f"q{n}": (-QUARTER * (n + 1), -QUARTER * n) for n in range(5)
}  # q0 the last, q4 the same a year before


def healthy(columns: Columns) -> pl.DataFrame:
    """The accounts that a fall of purchases is asked of: key."""
    sums = bought(columns, QUARTERS)
    regular = pl.all_horizontal(pl.col(f"q{n}") > 0 for n in range(4))
    return sums.filter(regular & (pl.col("q0") >= HALF * pl.col("q4"))).select("key")


def fallen(columns: Columns, horizon: int) -> pl.DataFrame:
    """Accounts whose last ``horizon`` months came to under half of the same months a year before: key, on (the end of the horizon)."""
    sums = bought(columns, {"now": (-horizon, 0), "before": (-horizon - 12, -12)})
    low = (pl.col("before") > 0) & (pl.col("now") < HALF * pl.col("before"))
    return sums.filter(low).select("key", on=pl.lit(columns.as_of))
