"""The rules of thumb of a credit department, as numbers that rank accounts (higher is worse; null: cannot say)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from healthcheck.backtest.events import QUARTERS, bought, invoices
from healthcheck.ledger.columns import Columns

YEAR: Final = 365
RECENT: Final = 90
MONTH: Final = 30.4375


@dataclass(frozen=True)
class Rule:
    """A number, what people call it, and where it is usually held to be an alarm."""

    name: str
    label: str
    alarms: tuple[tuple[str, float], ...]  # in words, and the least value that raises it


RULES: Final = {
    "payments": (
        Rule("paid_rise", "average days late of paid invoices, up on the year before", (("up 10 days", 10.0),)),
        Rule("oldest_open", "oldest open invoice, days past due", (("30 days past due", 30.0),)),
        Rule("worst_recent", "worst invoice of the last three months, days late", (("30 days late", 30.0),)),
        Rule("share_late", "share of the last year's invoices that were late", (("half of them late", 0.5),)),
    ),
    "purchases": (
        Rule(
            "fall", "last quarter below the same quarter of last year", (("down 30 %", 0.3), ("down 50 %", 0.5))
        ),
        Rule("silent", "months since the last order", (("two months", 2.0),)),
    ),
}  # fmt: skip


def payments(columns: Columns) -> pl.DataFrame:
    """key and the rules of payments, one row for each account that has an invoice due."""
    as_of, late = columns.as_of, pl.col("days_late").cast(pl.Int64)
    recent, open_ = as_of - timedelta(days=RECENT), pl.col("settled").is_null()
    paid_now = pl.col("settled") > recent
    paid_before = pl.col("settled").is_between(recent - timedelta(days=YEAR), recent, closed="right")
    touched = open_ | paid_now | (pl.col("due") > recent)
    of_year = pl.col("due") > as_of - timedelta(days=YEAR)
    return (
        invoices(columns)
        .group_by("key")
        .agg(
            paid_rise=late.filter(paid_now).mean() - late.filter(paid_before).mean(),
            oldest_open=late.filter(open_).max().fill_null(0).cast(pl.Float64),
            worst_recent=late.filter(touched).max().cast(pl.Float64),
            share_late=(late.filter(of_year) > 0).mean(),
        )
        .sort("key")
    )


def purchases(columns: Columns) -> pl.DataFrame:
    """key and the rules of purchases, one row for each account."""
    sums = bought(columns, {name: QUARTERS[name] for name in ("q0", "q4")})
    orders = columns.items.filter(pl.col("kind") == "invoice").group_by("key").agg(last=pl.col("issued").max())
    fall = pl.when(pl.col("q4") > 0).then(1 - pl.col("q0") / pl.col("q4"))
    return (
        sums.join(orders, on="key", how="left", maintain_order="left")
        .with_columns(fall=fall, silent=_months_since(pl.col("last"), columns.as_of))
        .select("key", "fall", "silent")
    )


def _months_since(day: pl.Expr, as_of: date) -> pl.Expr:
    return (pl.lit(as_of) - day).dt.total_days() / MONTH
