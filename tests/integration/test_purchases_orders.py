"""Real orders of a wholesaler, where they are at hand: does the score say who will fall?"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from healthcheck.backtest import events, rules, score
from healthcheck.checks.purchases import Policy, assess, calibrate
from healthcheck.ledger.columns import ACCOUNTS, ITEMS, Columns
from tests.unit.purchases_book import book as empty

ENDS = [date(year, month, day) for year in range(2015, 2022) for month, day in ((6, 30), (12, 31))]
LATER = {6: (9, 30), 12: (3, 31)}


def at(orders: pl.DataFrame, as_of: date) -> Columns:
    """The book as of a date. Accounts are numbered in the order of their names."""
    known = orders.filter(pl.col("issued") <= as_of)
    names = known.select("account", "key").unique().sort("key")
    return Columns(
        as_of, "EUR", _filled(names.with_columns(entity=pl.lit(""), exposure=0), ACCOUNTS), _filled(known, ITEMS),
        *(getattr(empty([], []), name) for name in ("payments", "plans", "reports", "observations")),
    )  # fmt: skip


def _filled(frame: pl.DataFrame, schema: dict[str, Any]) -> pl.DataFrame:
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items() if name not in frame.columns]
    return frame.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in schema.items())


def read(folder: Path) -> pl.DataFrame:
    rows = pl.read_csv(folder / "orders.csv.gz", schema_overrides={"issued": pl.Date, "amount": pl.Float64})
    minor = (pl.col("amount") * 100).round(0)
    kind = pl.when(pl.col("amount") < 0).then(pl.lit("credit")).otherwise(pl.lit("invoice"))
    return rows.select(
        "account", "issued", key=pl.col("account").rank("dense").cast(pl.Int64), number="invoice", kind=kind,
        currency=pl.lit("EUR"), amount=minor.cast(pl.Int64), value=minor,
    ).sort("key", "issued", "number")  # fmt: skip


def account_months(orders: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Of each healthy buyer: key, score, months since the last order, whether the fall followed."""
    columns = at(orders, as_of)
    said = assess(columns, as_of, Policy(), calibrate(columns, as_of, Policy()))
    month, day = LATER[as_of.month]
    later = at(orders, date(as_of.year + (month < as_of.month), month, day))
    fell = events.fallen(later, events.QUARTER)["key"]
    return (
        events.healthy(columns)
        .join(said.select("key", "score"), on="key", how="left")
        .join(rules.purchases(columns), on="key", how="left")
        .with_columns(fell=pl.col("key").is_in(fell.implode()))
    )


def test_the_score_finds_falling_buyers_ahead_of_rules_of_thumb(shared: Path) -> None:
    orders = read(shared / "data" / "iowa_orders")
    rows = pl.concat([account_months(orders, end) for end in ENDS])
    sample = score.Sample(rows["key"].rank("dense").cast(pl.Int64).to_numpy() - 1, rows["fell"].to_numpy(), 1)
    budgets = np.array([0.02, 0.05])

    def lift(name: str) -> list[float]:
        values = rows[name].fill_null(np.nan).to_numpy()
        return list(score.measure(values, sample, budgets.tolist()).lift(budgets)[0])

    ours, silent, fall = lift("score"), lift("silent"), lift("fall")
    assert ours[0] >= 8
    assert ours[1] >= 5.3
    assert all(one >= 1.25 * max(a, b) for one, a, b in zip(ours, silent, fall, strict=True))
