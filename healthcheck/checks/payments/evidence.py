"""The numbers behind the sentence: counts, days beyond terms by both schools, what is past due, trend and habits."""

from __future__ import annotations

import numpy as np
import polars as pl

from healthcheck.checks.payments.drift import Windows
from healthcheck.checks.payments.level import past_due
from healthcheck.checks.payments.policy import Policy
from healthcheck.checks.payments.rows import Rows, count, largest
from healthcheck.checks.payments.tail import medians
from healthcheck.checks.payments.tarone import Bools, Floats, Ints

STEPS = np.array([-30, -20, -15, -10, -5, 0, 5, 10, 15, 20, 30, 45, 60, 90])  # days late that a sentence may name


def facts(rows: Rows, window: Windows, policy: Policy) -> pl.DataFrame:
    """One row an account."""
    n, year = window.n, rows.age < policy.baseline_days
    usual = year & rows.base
    due, recent = past_due(rows), rows.age < window.days[rows.account]
    before = ~recent & (rows.age < (window.days + policy.baseline_days)[rows.account])
    steps, now, then = thresholds(rows, window)
    return pl.DataFrame(
        {
            "window_days": window.days,
            "recent": window.recent_count,
            "pay_runs": pay_runs(rows, window.recent, n),
            "baseline": window.baseline_count,
            "open_recent": count(rows.account, window.recent & ~rows.paid, n),
            "threshold_days": steps,
            "recent_beyond": now,
            "baseline_beyond": then,
            "dbt_weighted": weighted(rows, recent, n),
            "dbt_weighted_before": weighted(rows, before, n),
            "dbt_paid_only": weighted(rows, recent & rows.paid, n),
            "median_days": pl.Series(medians(rows.account[usual], rows.late[usual], n), nan_to_null=True),
            "due_year": count(rows.account, year, n),
            "on_time_year": count(rows.account, year & (rows.late <= 3), n),
            "late_15_year": count(rows.account, year & (rows.late > 15), n),
            "past_due": np.rint(np.bincount(rows.account[due], rows.open_value[due], n)).astype(np.int64),
            "past_due_items": count(rows.account, due, n),
            "oldest_days": largest(rows.account[due], rows.late[due].astype(np.float64), n).astype(np.int64),
            "worst_year": largest(rows.account[year], rows.late[year].astype(np.float64), n).astype(np.int64),
            "part_paid": count(rows.account, year & (rows.parts > 1), n),
            "estimated": count(rows.account, year & rows.estimated, n),
            "trend": trend(rows, n),
        }
    )


def weighted(rows: Rows, keep: Bools, n: int) -> pl.Series:
    """Days beyond terms: sum(amount x days late) / sum(amount); early counts negative, open items at their age. Null without rows."""
    account, value = rows.account[keep], rows.value[keep]
    total = np.bincount(account, value, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        days = np.bincount(account, value * rows.late[keep], n) / total
    return pl.Series(np.round(days, 1) + 0.0, nan_to_null=True)


def pay_runs(rows: Rows, keep: Bools, n: int) -> Ints:
    """Different days on which the account settled something."""
    paid = keep & rows.paid
    width = int(rows.settled_age.max(initial=0)) + 1
    days = np.unique(rows.account[paid] * width + rows.settled_age[paid])
    return np.bincount(days // width, minlength=n)


def thresholds(rows: Rows, window: Windows) -> tuple[Ints, Ints, Ints]:
    """The round number of days late that tells the two windows apart best, and how many of each ran beyond it."""
    now, then = (_beyond(rows.account[keep], rows.late[keep], window.n) for keep in (window.recent, window.baseline))
    gap = now / np.maximum(window.recent_count, 1) - then / np.maximum(window.baseline_count, 1)
    best, accounts = len(STEPS) - 1 - gap[::-1].argmax(axis=0), np.arange(window.n)  # the largest of equals
    return STEPS[best], now[best, accounts], then[best, accounts]


def _beyond(account: Ints, late: Ints, n: int) -> Ints:
    """Rows later than each of STEPS (first axis)."""
    return np.stack([np.bincount(account[late > step], minlength=n) for step in STEPS])


def trend(rows: Rows, n: int) -> pl.Series:
    """Median days late in four half-years, oldest first; null where fewer than three invoices fell due."""
    halves = [rows.age // 182 == half for half in (3, 2, 1, 0)]
    columns = [_median_of(rows, half, n) for half in halves]
    frame = pl.DataFrame({str(place): pl.Series(column, nan_to_null=True) for place, column in enumerate(columns)})
    return frame.select(pl.concat_list(pl.all()).alias("trend"))["trend"]


def _median_of(rows: Rows, keep: Bools, n: int) -> Floats:
    middle = medians(rows.account[keep], rows.late[keep], n)
    return np.where(count(rows.account, keep, n) >= 3, middle, np.nan)


def numbers(rows: Rows, keep: Bools, n: int, most: int = 20) -> pl.Series:
    """Invoice numbers of the rows kept, newest due first, at most ``most`` of each account."""
    frame = pl.DataFrame({"account": rows.account[keep], "number": rows.number.filter(pl.Series(keep))})
    lists = frame.group_by("account", maintain_order=True).agg(pl.col("number").reverse().head(most))
    every = pl.DataFrame({"account": np.arange(n)}).join(lists, on="account", how="left", maintain_order="left")
    return every.select(pl.col("number").fill_null(pl.lit([], dtype=pl.List(pl.String))).alias("rows"))["rows"]
