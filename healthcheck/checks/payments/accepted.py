"""A new normal that a person accepted: from then on the habit is what came since, together with the window in which it was accepted.

The recent window as it stood on that day is the accepted behaviour itself, so it is the first part of the new baseline. What fell due
before is no longer held against the customer by *drift* and *out of character*; *level* knows no habit and goes on looking at all.
A calibration is learned from what the book did, whatever was accepted.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from healthcheck.checks import outcomes
from healthcheck.checks.accepted import said, too_few
from healthcheck.checks.payments.policy import Policy
from healthcheck.checks.payments.rows import NEVER, Rows, count
from healthcheck.ledger.columns import Columns

CHECK = "payments"


def rebased(rows: Rows, columns: Columns, as_of: date, policy: Policy) -> Rows:
    """The rows with those marked that are older than what was accepted, and with the days since."""
    days = (pl.lit(as_of) - pl.col("on")).dt.total_days().fill_null(NEVER)
    since = columns.accepted_on(CHECK).to_frame().select(days).to_series().to_numpy()
    if not len(rows.age) or (since >= NEVER).all():
        return rows
    ago = since[rows.account]
    then = rows.age - ago
    few = count(rows.account, (then >= 0) & (then < policy.recent_days), len(since)) < policy.recent_min
    window = np.where(few, policy.widened_days, policy.recent_days)[rows.account]
    return replace(rows, base=then < window, since=ago)


def accepted_on(rows: Rows, columns: Columns) -> pl.Series:
    """For each account, the day of the new normal while there are invoices older than it; else null."""
    older = count(rows.account, ~rows.base, columns.accounts.height) > 0
    return (
        columns.accepted_on(CHECK)
        .to_frame()
        .select(pl.when(pl.Series(older)).then("on").alias("new_normal"))
        .to_series()
    )


def reasoned(part: pl.DataFrame, new_normal: pl.Series, found: pl.Series, needed: int) -> pl.DataFrame:
    """``part`` with its reason, where too little came since the new normal, saying so: ``found`` invoices, of those ``needed``."""
    mine = (part["outcome"] == outcomes.UNKNOWN) & new_normal.is_not_null()
    if not mine.any():
        return part
    reasons = part["reason"].to_list()
    for at in mine.arg_true():
        few = found[at] < needed
        reasons[at] = (
            too_few(new_normal[at], found[at], "invoice", needed) if few else f"{said(new_normal[at])}; {reasons[at]}"
        )
    return part.with_columns(pl.Series("reason", reasons, dtype=pl.String))
