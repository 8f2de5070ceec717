"""What else has changed in how a customer pays: explanations with numbers, no alerts of their own.

Cash discount no longer taken, or, where what was received is not known, early payment that ended; invoices paid in parts; round sums on
account; a slide from early over on time to late. The shares of the recent window are held against those of the baseline: a change is
named where both hold enough, the shares are far apart, and chance hardly explains it (pooled two-sample z of the shares).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from healthcheck.checks.payments.drift import Windows
from healthcheck.checks.payments.policy import Policy
from healthcheck.checks.payments.rows import NEVER, Rows, count
from healthcheck.checks.payments.tail import medians
from healthcheck.checks.payments.tarone import Bools, Floats, Ints
from healthcheck.ledger.columns import Columns
from healthcheck.money import decimals

DISCOUNT_DAYS = 16  # from issue: two weeks, and a weekend
DISCOUNT = (0.005, 0.05)  # of the amount
EARLY_TERMS = 21  # days: with shorter terms, two weeks are not early
NOW_MIN, BEFORE_MIN = 4, 8  # invoices, or pay runs, to tell a share from
SEEN_MIN = 3  # what is new was seen so often at least
HABIT, ENDED = 0.6, 0.5  # a habit has so large a share; it has ended at no more than so much of that
RARE, COMMON = 0.15, 0.25  # what is new had so small a share before, and has so large a one now
Z = 2.5
ROUND = 1000  # units of the currency
STEP, STEP_MIN = 3, 5  # days between the medians of a slide, invoices in each of its windows
NAMES = ("discount", "early", "parts", "on_account", "slide")


@dataclass(frozen=True)
class Shares:
    """How many of how many, in the recent window and before."""

    now: Ints
    of_now: Ints
    before: Ints
    of_before: Ints

    @property
    def rates(self) -> tuple[Floats, Floats]:
        return self.now / np.maximum(self.of_now, 1), self.before / np.maximum(self.of_before, 1)

    def z(self) -> Floats:
        """Of the rise of the share; 0 where either side holds too few."""
        now, before = self.rates
        p = (self.now + self.before) / np.maximum(self.of_now + self.of_before, 1)
        spread = np.sqrt(p * (1 - p) * (1 / np.maximum(self.of_now, 1) + 1 / np.maximum(self.of_before, 1)))
        enough = (self.of_now >= NOW_MIN) & (self.of_before >= BEFORE_MIN) & (spread > 0)
        return np.where(enough, (now - before) / np.where(spread > 0, spread, 1.0), 0.0)

    def ended(self) -> Bools:
        now, before = self.rates
        return (self.z() <= -Z) & (before >= HABIT) & (now <= ENDED * before)

    def begun(self) -> Bools:
        now, before = self.rates
        return (self.z() >= Z) & (self.now >= SEEN_MIN) & (now >= COMMON) & (before <= RARE)


def habits(rows: Rows, window: Windows, columns: Columns, as_of: date, policy: Policy) -> pl.DataFrame:
    """One row an account: for each share ``<name>_now``, ``_of_now``, ``_before``, ``_of_before``; ``slide``; ``habits``: what changed."""
    low, high = DISCOUNT
    quick, long = rows.paid & (rows.since_issue <= DISCOUNT_DAYS), rows.terms >= EARLY_TERMS
    every = np.ones_like(rows.paid)
    discount = _shares(rows, window, quick & (rows.short >= low) & (rows.short <= high), every)
    shares = {
        "discount": discount,
        "early": _shares(rows, window, quick & long, long),
        "parts": _shares(rows, window, rows.parts > rows.paid, every),
        "on_account": on_account(rows, window, columns, as_of, policy),
    }
    slid = slide(rows, window)
    changed = {
        "discount": discount.ended(),
        "early": shares["early"].ended() & (discount.before == 0),
        "parts": shares["parts"].begun(),
        "on_account": shares["on_account"].begun(),
        "slide": ~np.isnan(slid).any(axis=0),
    }
    named = [pl.when(pl.Series(changed[name])).then(pl.lit(name)) for name in NAMES]
    numbers = {
        f"{name}_{part}": getattr(share, part)
        for name, share in shares.items()
        for part in ("now", "of_now", "before", "of_before")
    }
    lists = pl.DataFrame({str(place): pl.Series(days, nan_to_null=True) for place, days in enumerate(slid)})
    return pl.DataFrame(numbers).with_columns(
        lists.select(pl.when(pl.Series(changed["slide"])).then(pl.concat_list(pl.all())).alias("slide"))["slide"],
        pl.select(pl.concat_list(named).list.drop_nulls().alias("habits"))["habits"],
    )


def _shares(rows: Rows, window: Windows, such: Bools, among: Bools) -> Shares:
    parts = [count(rows.account, keep & among & which, window.n)
             for keep in (window.recent, window.baseline) for which in (such, among)]  # fmt: skip
    return Shares(*parts)


def slide(rows: Rows, window: Windows) -> Floats:
    """Median days late of three windows running, oldest first, where they go from early to late in steps; else nan."""
    days = window.days[rows.account]
    spells = [rows.base & (rows.age // days == back) for back in (2, 1, 0)]
    middle = np.stack([medians(rows.account[keep], rows.late[keep], window.n) for keep in spells])
    enough = np.stack([count(rows.account, keep, window.n) >= STEP_MIN for keep in spells]).all(axis=0)
    steps = (np.diff(np.nan_to_num(middle), axis=0) >= STEP).all(axis=0)
    early_to_late = (middle[0] < 0) & (middle[2] >= STEP)
    return np.where(enough & steps & early_to_late, middle, np.nan)


def on_account(rows: Rows, window: Windows, columns: Columns, as_of: date, policy: Policy) -> Shares:
    """Pay runs with money on account (it names no invoice, or is a round sum that is no invoice's amount), of all pay runs.

    Counted only where such money came lately; nought elsewhere.
    """
    since = np.full(window.n, NEVER)
    since[rows.account] = rows.since
    back = np.minimum(since, policy.baseline_days) + window.days
    places = columns.accounts.select("key", now=window.days, back=back).with_row_index("place")
    loose = _placed(_loose(columns), places, as_of)
    some = places.filter(pl.col("place").is_in(loose.filter("now")["place"].unique().implode()))
    every = _placed(columns.payments.filter(pl.col("amount") > 0), some, as_of)
    seen = loose.join(some, on="place", how="semi")
    return Shares(*(_runs(paid, now, window.n) for now in (True, False) for paid in (seen, every)))


def _loose(columns: Columns) -> pl.DataFrame:
    sizes = {name: ROUND * 10 ** decimals(name) for name in columns.payments["currency"].unique().drop_nulls()}
    size = pl.col("currency").replace_strict(sizes, default=ROUND * 100, return_dtype=pl.Int64)
    came = columns.payments.filter(pl.col("amount") > 0)
    unnamed = pl.col("invoice").is_null()
    whole = came.filter(~unnamed & (pl.col("amount") % size == 0))
    same = (pl.col("kind") == "invoice") & pl.col("amount").is_in(whole["amount"].unique().implode())
    odd = (
        whole.join(columns.items.filter(same), on=["key", "currency", "amount"], how="anti") if whole.height else whole
    )
    return pl.concat([came.filter(unnamed), odd])


def _placed(payments: pl.DataFrame, places: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """place, paid, now: the pay days of the recent window and of the year before it, as far as a new normal leaves them in."""
    ago = (pl.lit(as_of) - pl.col("paid")).dt.total_days()
    joined = payments.select("key", "paid").join(places, on="key", how="inner").filter(ago < pl.col("back"))
    return joined.select("place", "paid", now=ago < pl.col("now")).unique()


def _runs(paid: pl.DataFrame, now: bool, n: int) -> Ints:
    return np.bincount(paid.filter(pl.col("now") == now)["place"].to_numpy(), minlength=n)
