"""What could be lost with each account and its group, in the reporting currency."""

from __future__ import annotations

from datetime import date

import polars as pl

from healthcheck.money import plain


def factors(rates: pl.DataFrame, as_of: date, reporting: str) -> pl.DataFrame:
    """Per currency (currency, factor): reporting minor units for one minor unit, at the latest rate on or before ``as_of``."""
    from healthcheck.money import decimals

    latest = (
        rates.filter(pl.col("on") <= as_of).sort("currency", "on").unique("currency", keep="last", maintain_order=True)
    )
    known = {currency: float(rate) for currency, _, rate in latest.iter_rows()} | {reporting: 1.0}
    scaled = {c: rate * 10.0 ** (decimals(reporting) - decimals(c)) for c, rate in known.items()}
    return pl.DataFrame(
        {"currency": list(scaled), "factor": list(scaled.values())},
        schema={"currency": pl.String, "factor": pl.Float64},
    )


def valued(frame: pl.DataFrame, factor: pl.DataFrame, **columns: str) -> pl.DataFrame:
    """``frame`` with each ``new=old`` column converted from the row's ``currency``; null where there is no rate."""
    joined = frame.join(factor, on="currency", how="left", maintain_order="left")
    return joined.with_columns(**{new: pl.col(old) * pl.col("factor") for new, old in columns.items()}).drop("factor")


def totals(items: pl.DataFrame, pool: pl.DataFrame, factor: pl.DataFrame) -> pl.DataFrame:
    """Per account: exposure, unconverted, past_due, oldest_days, unallocated, disputed (see ``columns.ACCOUNTS``)."""
    owed = pl.col("kind") == "invoice"
    overdue = (
        owed & pl.col("settled").is_null() & ~pl.col("disputed") & (pl.col("days_late") > 0) & (pl.col("open") > 0)
    )
    by_item = items.group_by("key").agg(
        past_due=pl.col("open_value").filter(overdue).sum(),
        oldest_days=pl.col("days_late").filter(overdue).max(),
        disputed=pl.col("open_value").filter(owed & pl.col("disputed")).sum(),
    )
    by_pool = valued(pool, factor, value="amount").group_by("key").agg(unallocated=pl.col("value").sum())
    net, unconverted = _net(items, pool, factor)
    keys = pl.concat([items["key"], pool["key"]]).unique()
    joined = pl.DataFrame({"key": keys})
    for part in (net, unconverted, by_item, by_pool):
        joined = joined.join(part, on="key", how="left")
    return joined


def _net(items: pl.DataFrame, pool: pl.DataFrame, factor: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Exposure per account; and what has no rate, in its own currency, as text."""
    owed = items.filter(pl.col("kind") == "invoice").group_by("key", "currency").agg(gross=pl.col("owed").sum())
    there = pool.group_by("key", "currency").agg(gross=-pl.col("amount").sum())
    net = (
        pl.concat([owed, there.select("key", "currency", "gross")])
        .group_by("key", "currency")
        .agg(net=pl.col("gross").sum())
    )
    priced = valued(net, factor, value="net").sort("key", "currency")
    exposure = priced.group_by("key", maintain_order=True).agg(exposure=pl.col("value").sum().clip(lower_bound=0.0))
    strange = priced.filter(pl.col("value").is_null() & (pl.col("net") > 0))
    texts = [
        f"{currency} {plain(amount, currency)}" for currency, amount in strange.select("currency", "net").iter_rows()
    ]
    named = strange.select("key", text=pl.Series(texts, dtype=pl.String))
    return exposure, named.group_by("key").agg(unconverted=pl.col("text").str.join(", "))


def of_groups(accounts: pl.DataFrame) -> pl.DataFrame:
    """``accounts`` with group_size, group_exposure and the root's limit as group_limit."""
    root = pl.when(pl.col("group") == pl.col("entity") + "/" + pl.col("account")).then("limit")
    return accounts.with_columns(
        group_size=pl.len().over("group").cast(pl.Int64),
        group_exposure=pl.col("exposure").sum().over("group"),
        group_limit=root.max().over("group"),
    )
