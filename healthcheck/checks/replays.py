"""Replaying a book: which earlier month-ends, which accounts, and what may be said of how often healthy ones looked like this."""

from __future__ import annotations

import zlib
from datetime import date

import polars as pl

from healthcheck.ledger.columns import Columns
from healthcheck.months import Month

MONTHS = 6  # month-ends before the calibration's own date
MOST = 2000  # accounts replayed; of a larger book a fixed part
ENOUGH = 200  # account-reviews below which nothing is learned from a replay, nor said of it


def month_ends(on: date) -> list[date]:
    """The last month-ends before ``on``, newest first."""
    this = Month.of(on)
    return [(this + -back).last for back in range(1, MONTHS + 1)]


def part(columns: Columns, most: int = MOST) -> Columns:
    """About ``most`` accounts of the book, whole; which ones follows from their numbers alone, not from who else is there."""
    size = columns.accounts.height
    if size <= most:
        return columns
    limit = 2**32 * most // size
    names = columns.accounts.select("entity", "account").iter_rows()
    keep = [zlib.crc32(f"{entity}/{account}".encode()) < limit for entity, account in names]
    return columns.only(columns.accounts["key"].filter(pl.Series(keep, dtype=pl.Boolean)))


def spoken(alerts: int, reviews: int) -> str:
    """How often a healthy review looked like this, for people; empty where there were too few to say."""
    if reviews < ENOUGH:
        return ""
    of = "Of your own healthy reviews, replayed,"
    return (
        f"{of} none of {reviews:,} looked like this."
        if not alerts
        else f"{of} 1 in {_round(reviews / alerts):,} looked like this."
    )


def _round(value: float) -> int:
    """Two digits are enough to read out."""
    size = 1 if value < 100 else 10 ** (len(str(int(value))) - 2)
    return int(round(value / size) * size)


def benjamini_hochberg(p: list[float], share: float) -> float:
    """The largest of the chances that is rejected where ``share`` of the rejected may be false (1995); 0 where none is."""
    ordered = sorted(p)
    passed = [value for rank, value in enumerate(ordered, 1) if value <= share * rank / len(ordered)]
    return passed[-1] if passed else 0.0
