"""Simulated books for the benchmarks: healthy customers, and customers who changed in a known way. The same seed, the same book.

Paying: 15 months of invoices, one every 10 days or so. A customer has a habit (2 days late, sd 4), noise of his own (gamma or log-normal,
about 4 days), disputes (4 %: 20 to 75 days more), pays on his own pay run (every 7, 15 or 30 days), and each month of his is 3 days
better or worse. A change begins 60 to 180 days before the as-of date: ``stopped`` pays nothing from then on; a number of days is added to
every invoice due from then on.

Buying: 36 months of orders; a third of the customers each order often (4 to 8 a month), now and then (1 to 2), seldom (0.3 to 0.6). Half
are seasonal (up to 60 % up and down, five phases), all have a trend (sd 10 % a year) and months that wander (15 %, correlation 0.6).
Gaps are random or regular, sizes log-normal, 3 % of orders four times as large. A change is in the last quarter: ``stopped1`` to
``stopped3`` order nothing for so many months, ``half`` orders half as often.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from healthcheck.ledger.columns import ACCOUNTS, ITEMS, OBSERVATIONS, PAYMENTS, PLANS, REPORTS, Columns

AS_OF = date(2026, 6, 30)
TODAY = AS_OF.toordinal()
HISTORY = 455  # days of due dates
MONTHS = 36
TERMS = 30
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def paying(accounts: int, seed: int, change: str | int | None = None) -> Columns:
    """A book of invoices; ``change``: None (all healthy), "stopped", or the days that all pay later."""
    rng = np.random.default_rng([1, seed])
    account, due = _due_dates(rng, accounts)
    late = _habits(rng, accounts, account) + _months(rng, accounts, account, due) + _disputes(rng, len(account))
    onset = TODAY - rng.integers(60, 181, accounts)[account]
    if isinstance(change, int):
        late = late + np.where(due >= onset, change, 0)
    settled = _pay_run(rng, accounts, account, due + np.rint(late).astype(np.int64))
    open_ = (settled > TODAY) | ((settled >= onset) & (change == "stopped"))
    amount = np.rint(rng.lognormal(11.5, 0.6, len(account))).astype(np.int64)
    return _book(accounts, _invoices(account, due - TERMS, amount, due, np.where(open_, 0, settled)))


def _due_dates(rng: np.random.Generator, accounts: int) -> tuple[Ints, Ints]:
    """Account and due date of each invoice, sorted; the last one is due 1 to 10 days before the as-of date."""
    gaps = np.maximum(1, np.rint(rng.gamma(2.0, 5.0, (accounts, 90)))).astype(np.int64)
    ago = np.cumsum(np.c_[rng.integers(1, 11, accounts), gaps], axis=1)[:, ::-1]
    account, place = np.nonzero(ago <= HISTORY)
    return account, TODAY - ago[account, place]


def _habits(rng: np.random.Generator, accounts: int, account: Ints) -> Floats:
    """The customer's usual day, and the noise of each invoice around it, centred."""
    usual, scale = rng.normal(2, 4, accounts), rng.lognormal(np.log(4), 0.4, accounts)
    skewed = rng.random(accounts) < 0.5
    gamma, normal = rng.gamma(2.0, 0.7, len(account)) - 1.4, rng.lognormal(0.0, 0.6, len(account)) - 1.2
    return usual[account] + scale[account] * np.where(skewed[account], gamma, normal)


def _months(rng: np.random.Generator, accounts: int, account: Ints, due: Ints) -> Floats:
    shocks = rng.normal(0, 3, (accounts, HISTORY // 30 + 2))
    return shocks[account, (TODAY - due) // 30]


def _disputes(rng: np.random.Generator, invoices: int) -> Floats:
    return np.where(rng.random(invoices) < 0.04, rng.uniform(20, 75, invoices), 0.0)


def _pay_run(rng: np.random.Generator, accounts: int, account: Ints, day: Ints) -> Ints:
    """The first pay run of the customer on or after ``day``."""
    every = rng.choice([7, 15, 30], accounts)
    phase = rng.integers(0, every)
    return day + (phase[account] - day) % every[account]


def buying(accounts: int, seed: int, change: str | None = None) -> Columns:
    """A book of orders; ``change``: None, "stopped1", "stopped2", "stopped3" (months) or "half"."""
    rng = np.random.default_rng([2, seed])
    volume = _rates(rng, accounts) * _shape(rng, accounts)
    volume[:, MONTHS - _quiet(change) :] = 0.0
    if change == "half":
        volume[:, -3:] *= 0.5
    account, day = _orders(rng, accounts, volume)
    typical = rng.lognormal(11.5, 0.8, accounts)
    bulk = np.where(rng.random(len(account)) < 0.03, 4.0, 1.0)
    amount = np.rint(typical[account] * rng.lognormal(0, 0.4, len(account)) * bulk).astype(np.int64)
    due = day + TERMS
    return _book(accounts, _invoices(account, day, amount, due, np.where(due > TODAY, 0, due)))


def _quiet(change: str | None) -> int:
    return int(change[-1]) if change and change.startswith("stopped") else 0


def _rates(rng: np.random.Generator, accounts: int) -> Floats:
    """Orders a month of each account, as a column."""
    bands = np.array([(4, 8), (1, 2), (0.3, 0.6)])[np.arange(accounts) % 3]
    return rng.uniform(bands[:, 0], bands[:, 1])[:, None]


def _shape(rng: np.random.Generator, accounts: int) -> Floats:
    """Each month's volume around the account's rate: season, trend, wander."""
    month = np.arange(MONTHS)
    phase = rng.integers(0, 5, accounts)[:, None] * 12 / 5
    swing = 0.6 * (rng.random(accounts) < 0.5)[:, None]
    season = (1 + swing * np.sin(2 * np.pi * (month + phase) / 12)) * np.tile(rng.normal(1, 0.1, (accounts, 12)), 3)
    trend = rng.normal(0, 0.1, accounts)[:, None] * (month - MONTHS / 2) / 12
    wander = np.zeros((accounts, MONTHS))
    for m in range(1, MONTHS):
        wander[:, m] = 0.6 * wander[:, m - 1] + rng.normal(0, 0.15 * 0.8, accounts)
    return np.maximum(season, 0.05) * np.exp(trend + wander)


def _orders(rng: np.random.Generator, accounts: int, volume: Floats) -> tuple[Ints, Ints]:
    """Account and day of each order: gaps with mean one in the account's own time, which runs as fast as its volume."""
    clock = np.concatenate([np.zeros((accounts, 1)), np.cumsum(volume, axis=1)], axis=1)
    shape = np.where(rng.random(accounts) < 0.5, 1.0, 4.0)
    edges = _month_ends()
    found = []
    for at in range(accounts):
        size = int(clock[at, -1] * 1.5) + 30
        ticks = np.cumsum(rng.gamma(shape[at], 1 / shape[at], size)) - rng.random() * 0.9
        ticks = ticks[(ticks > 0) & (ticks < clock[at, -1])]
        found.append(np.ceil(np.interp(ticks, clock[at], edges)).astype(np.int64))
    return np.repeat(np.arange(accounts), [len(days) for days in found]), np.concatenate(found)


def _month_ends() -> Floats:
    """Day numbers of the last MONTHS + 1 month-ends, the as-of date last."""
    starts = [(AS_OF.year * 12 + AS_OF.month - back) for back in range(MONTHS, -1, -1)]
    return np.array([date(m // 12, m % 12 + 1, 1).toordinal() - 1.0 for m in starts])


def _invoices(account: Ints, issued: Ints, amount: Ints, due: Ints, settled: Ints) -> pl.DataFrame:
    """The frame of items; ``settled`` 0: open. What is not yet due is on it too."""
    frame = pl.DataFrame({"key": account, "issued": issued, "due": due, "settled": settled, "amount": amount})
    paid = pl.col("settled") > 0
    until = pl.when(paid).then("settled").otherwise(TODAY)
    day = {name: _date(name) for name in ("issued", "due")}
    return frame.select(
        "key", "amount", number=pl.format("{}-{}", "key", pl.row_index()), kind=pl.lit("invoice"),
        **day, terms=pl.lit(TERMS), currency=pl.lit("EUR"), value=pl.col("amount").cast(pl.Float64),
        open=pl.when(paid).then(0).otherwise("amount"), open_value=pl.when(paid).then(0.0).otherwise("amount"),
        settled=pl.when(paid).then(_date("settled")), days_late=until - pl.col("due"),
        disputed=pl.lit(False), covered=pl.lit(False), estimated=pl.lit(False), part_payments=paid.cast(pl.Int32),
    )  # fmt: skip


def _date(name: str) -> pl.Expr:
    return (pl.col(name) - date(1970, 1, 1).toordinal()).cast(pl.Int32).cast(pl.Date)


def _book(accounts: int, items: pl.DataFrame) -> Columns:
    keys = pl.Series("key", range(accounts), dtype=pl.Int64)
    named = pl.DataFrame({"key": keys}).with_columns(
        entity=pl.lit(""), account=pl.format("A{}", "key"), name=pl.format("Account {}", "key"),
        currency=pl.lit("EUR"), unallocated=pl.lit(0),
    )  # fmt: skip
    items = _shaped(items, ITEMS).sort("key", "due", "issued", "number")
    rest = [pl.DataFrame(schema=schema) for schema in (PAYMENTS, PLANS, REPORTS, OBSERVATIONS)]
    return Columns(AS_OF, "EUR", _shaped(named, ACCOUNTS), items, *rest)


def _shaped(frame: pl.DataFrame, schema: Mapping[str, Any]) -> pl.DataFrame:
    """All columns of the schema, in its order; null where the frame has none."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in schema.items()
    )
