"""A new normal that a person accepted: from then on what to expect is learned from what came since.

The default window as it stood on that day is the accepted behaviour itself, so it is the first part of the new history; what was invoiced
before is left out. The account is then as one that began to buy that day: the same minimums hold, and a season of its own has to be
learned again. A plan goes before any history, and before this. A calibration is learned from the whole book, whatever was accepted.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from healthcheck.ledger.columns import Columns

from .policy import Policy

CHECK = "purchases"


def since(columns: Columns, policy: Policy) -> Columns:
    """The columns without the items that are older than what was accepted."""
    mine = columns.accepted.filter(pl.col("check") == CHECK)
    if not mine.height:
        return columns
    begin = mine.select("key", begin=pl.col("on").dt.offset_by(f"-{policy.default_window}mo"))
    items = columns.items.join(begin, on="key", how="left", maintain_order="left")
    kept = items.filter((pl.col("issued") > pl.col("begin")) | pl.col("begin").is_null())
    return replace(columns, items=kept.drop("begin"))


def accepted_on(columns: Columns, policy: Policy) -> pl.Series:
    """For each account, the day of the new normal while it leaves something out that would still be looked at; else null."""
    on = columns.accepted_on(CHECK)
    looked_at = pl.lit(columns.as_of).dt.offset_by(f"-{policy.history_months - policy.default_window}mo")
    return on.to_frame().select(pl.when(pl.col("on") > looked_at).then("on").alias("new_normal")).to_series()
