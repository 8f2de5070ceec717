"""Orders as dense arrays: accounts down, trailing months across (0 is the month that ends on the as-of date)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from healthcheck.ledger.columns import Columns
from healthcheck.months import add_months

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
EPOCH = date(1970, 1, 1)
DAYS = 2**23  # more than any day number, to pack account and day into one
NEVER = -(10**6)  # stands for "no order" where a day is meant


@dataclass(frozen=True)
class Cube:
    """Purchases of ``size`` accounts over ``months`` trailing months. Money is in whole minor units, held exactly.

    ``edges[p] .. edges[p + 1]`` bound month p (days since 1970, upper end excluded); an order is what was invoiced on one day.
    """

    today: int
    edges: Ints  # months + 1
    shares: Floats  # 12 x 12: how trailing month p (mod 12) spreads over the calendar months
    counts: Floats  # accounts x months, orders
    repeats: Floats  # the same without the account's first order, which starts its clock
    gross: Floats  # invoiced
    net: Floats  # invoiced less credit notes
    capped: Floats  # invoiced, each order capped at a multiple of the account's median
    exposed: Floats  # share of the month in which the account was a customer
    first: Ints  # day of the first order; NEVER
    last: Ints
    orders: pl.DataFrame  # row, day, gross; sorted
    mixed: Bools  # several currencies without a rate: cannot be added up
    unit: list[str]  # currency of the sums

    @property
    def size(self) -> int:
        return int(self.counts.shape[0])

    @property
    def months(self) -> int:
        return int(self.counts.shape[1])

    @cached_property
    def age(self) -> Floats:
        """Months since the first order."""
        return np.where(self.first == NEVER, 0.0, (self.today + 1 - self.first) / 30.4375)

    @cached_property
    def sums_from(self) -> tuple[Floats, Floats, Floats, Floats]:
        """accounts x (months + 1): orders, capped, gross and net value of each month and all before it."""
        return _sums_from(self.counts), _sums_from(self.capped), _sums_from(self.gross), _sums_from(self.net)

    def newest(self, start: int = 0) -> Ints:
        """The trailing month of the newest order in month ``start`` or before; the number of months where there is none."""
        bought = self.counts[:, start:] > 0
        return np.where(bought.any(axis=1), start + bought.argmax(axis=1), self.months).astype(np.int64)


def _sums_from(values: Floats) -> Floats:
    result = np.zeros((values.shape[0], values.shape[1] + 1))
    result[:, :-1] = np.cumsum(values[:, ::-1], axis=1)[:, ::-1]
    return result


def day_number(day: date) -> int:
    return (day - EPOCH).days


def month_edges(as_of: date, months: int) -> Ints:
    """Edges of the trailing months, newest first; calendar months where ``as_of`` is a month's last day."""
    end = as_of + timedelta(days=1)
    return np.array([day_number(add_months(end, -p)) for p in range(months + 1)])


def calendar_shares(edges: Ints) -> Floats:
    """For each of the last 12 trailing months, the share of its days that lies in each calendar month."""
    shares = np.zeros((12, 12))
    for p in range(12):
        for day in range(int(edges[p + 1]), int(edges[p])):
            shares[p, (EPOCH + timedelta(days=day)).month - 1] += 1
    parts: Floats = shares / shares.sum(axis=1, keepdims=True)
    return parts


def make(columns: Columns, as_of: date, months: int, cap: float) -> Cube:
    """The cube of all accounts of ``columns``, in their order."""
    edges = month_edges(as_of, months)
    rows = columns.accounts.select("key").with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    items = _items(columns, as_of, rows)
    n = rows.height
    mixed, unit = _units(items, n, columns.currency)
    daily = _daily(items)
    orders = daily.filter(pl.col("gross") > 0)
    lower = int(edges[-1])
    recent = orders.filter(pl.col("day") >= lower)
    first, last = _ends(orders, n)
    counts = _spread(recent, n, edges, None)
    return Cube(
        today=day_number(as_of),
        edges=edges,
        shares=calendar_shares(edges),
        counts=counts,
        repeats=counts
        - _spread(recent.filter(pl.col("day") == pl.Series(first[recent["row"].to_numpy()])), n, edges, None),
        gross=_spread(recent, n, edges, recent["gross"]),
        net=_spread(daily.filter(pl.col("day") >= lower), n, edges, daily.filter(pl.col("day") >= lower)["net"]),
        capped=_spread(recent, n, edges, _capped(recent, int(edges[min(3, months)]), cap)),
        exposed=_exposed(first, edges),
        first=first,
        last=last,
        orders=recent,
        mixed=mixed,
        unit=unit,
    )


def _items(columns: Columns, as_of: date, rows: pl.DataFrame) -> pl.DataFrame:
    """row, day, invoice?, value in whole minor units, currency; credit notes negative."""
    single = pl.col("currency").n_unique().over("row") == 1
    missing = pl.col("value").is_null().any().over("row")
    items = columns.items.filter(pl.col("kind").is_in(["invoice", "credit"]) & (pl.col("issued") <= as_of))
    items = items.select("key", "kind", "issued", "amount", "currency", "value").join(
        rows, on="key", maintain_order="left"
    )
    if items["value"].null_count():
        own = pl.when(single & missing).then(pl.col("amount").cast(pl.Float64)).otherwise(pl.col("value"))
        items = items.with_columns(
            own.alias("value"), (single & missing).alias("own"), (missing & ~single).alias("mixed")
        )
    else:
        items = items.with_columns(pl.lit(False).alias("own"), pl.lit(False).alias("mixed"))
    return items.select(
        "row",
        pl.col("issued").cast(pl.Int32).cast(pl.Int64).alias("day"),
        ((pl.col("kind") == "invoice") & (pl.col("amount") > 0)).alias("invoice"),
        pl.col("value").fill_null(0.0).round(0).cast(pl.Int64),
        pl.when("own").then("currency").alias("unit"),
        "mixed",
    )


def _units(items: pl.DataFrame, n: int, currency: str) -> tuple[Bools, list[str]]:
    mixed, unit = np.zeros(n, bool), [currency] * n
    odd = items.filter(pl.col("mixed") | pl.col("unit").is_not_null())
    if odd.height:
        for row, is_mixed, name in odd.select("row", "mixed", "unit").unique().iter_rows():
            mixed[row] |= is_mixed
            unit[row] = name or currency
    return mixed, unit


def _daily(items: pl.DataFrame) -> pl.DataFrame:
    """One row an account and day: what was invoiced, and the same less credit notes. Whole numbers, so any order of adding is exact."""
    code = pl.col("row") * DAYS + pl.col("day") + DAYS // 2
    gross = pl.when("invoice").then("value").otherwise(0)
    daily = items.select(code.alias("code"), gross.alias("gross"), pl.col("value").alias("net"))
    daily = daily.group_by("code").agg(pl.col("gross").sum(), pl.col("net").sum()).sort("code")
    row, day = pl.col("code") // DAYS, pl.col("code") % DAYS - DAYS // 2
    return daily.select(row.alias("row"), day.alias("day"), "gross", "net")


def _capped(orders: pl.DataFrame, recent: int, cap: float) -> pl.Series:
    """Each order's value, no more than ``cap`` times the median of the account's orders before day ``recent`` (of all, if none)."""
    before = orders.filter(pl.col("day") < recent).group_by("row").agg(pl.col("gross").median().alias("old"))
    overall = orders.group_by("row").agg(pl.col("gross").median().alias("all"))
    joined = orders.join(before, on="row", how="left", maintain_order="left").join(
        overall, on="row", how="left", maintain_order="left"
    )
    limit = cap * pl.coalesce("old", "all")
    return joined.select(pl.min_horizontal(pl.col("gross").cast(pl.Float64), limit).round(0))["gross"]


def _spread(frame: pl.DataFrame, n: int, edges: Ints, weights: pl.Series | None) -> Floats:
    months = len(edges) - 1
    month = months - np.searchsorted(edges[::-1], frame["day"].to_numpy(), side="right")
    cell = frame["row"].to_numpy() * months + month
    add = None if weights is None else weights.to_numpy().astype(np.float64)
    return np.bincount(cell, add, n * months).astype(np.float64).reshape(n, months)


def _ends(orders: pl.DataFrame, n: int) -> tuple[Ints, Ints]:
    first, last = np.full(n, NEVER), np.full(n, NEVER)
    ends = orders.group_by("row").agg(pl.col("day").min().alias("first"), pl.col("day").max().alias("last"))
    rows = ends["row"].to_numpy()
    first[rows], last[rows] = ends["first"].to_numpy(), ends["last"].to_numpy()
    return first, last


def _exposed(first: Ints, edges: Ints) -> Floats:
    length = (edges[:-1] - edges[1:]).astype(np.float64)
    share = np.clip((edges[:-1][None, :] - first[:, None]) / length[None, :], 0.0, 1.0)
    return np.where((first == NEVER)[:, None], 0.0, share)
