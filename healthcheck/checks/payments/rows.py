"""The invoices of a book as plain arrays, sorted by account, due date, issue date and number."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np
import polars as pl

from healthcheck.checks.payments.tarone import Bools, Floats, Ints
from healthcheck.ledger.columns import Columns

NEVER = 10**6  # days since something that never was
_ORDER = ("place", "due", "issued", "number", "amount", "days_late", "value", "terms")


@dataclass(frozen=True)
class Rows:
    """Undisputed invoices that have fallen due; ``account`` is the place in columns.accounts."""

    account: Ints
    age: Ints  # days since due, 0 at least
    late: Ints  # days past due when settled, or as yet
    since_issue: Ints  # days from issue to settlement, or as yet
    terms: Ints
    paid: Bools  # False: still open
    settled_age: Ints  # days since settlement; 0 while open
    value: Floats  # relative within the account where a rate is missing
    open_value: Floats
    estimated: Bools
    parts: Ints
    short: Floats  # share of the amount that was not received when it was settled; 0 while open or unknown
    number: pl.Series
    base: Bools  # False: older than a new normal that was accepted (accepted.py), so no part of the habit
    since: Ints  # days since the account's new normal was accepted; NEVER where there is none

    def where(self, keep: Bools) -> Rows:
        """Some of the rows, in the same order."""
        picked = {f.name: getattr(self, f.name) for f in fields(self)}
        number = picked.pop("number")
        return Rows(**{name: column[keep] for name, column in picked.items()}, number=number.filter(pl.Series(keep)))


def rows(columns: Columns, as_of: date, days: int) -> Rows:
    """What the check looks at: undisputed invoices due up to ``as_of``, of the last ``days`` or still open."""
    known = pl.col("due").is_not_null() & (pl.col("due") <= as_of)
    near = pl.col("settled").is_null() | ((pl.lit(as_of) - pl.col("due")).dt.total_days() < days)
    plain = (pl.col("kind") == "invoice") & ~pl.col("disputed").fill_null(False) & (pl.col("amount") > 0)
    frame = columns.items.filter(known & near & plain)
    placed = frame.with_columns(place=_places(frame["key"], columns.accounts["key"]))
    return _arrays(_sorted(placed.filter(pl.col("place") >= 0) if placed["place"].min() == -1 else placed), as_of)


def _places(keys: pl.Series, accounts: pl.Series) -> pl.Series:
    """The place of each key among the accounts, -1 where it is none; quick where equal keys stand together."""
    mine, known = keys.to_numpy(), accounts.to_numpy()
    first = np.flatnonzero(np.r_[True, mine[1:] != mine[:-1]][: len(mine)])
    order = np.argsort(known, kind="stable")
    at = np.minimum(np.searchsorted(known[order], mine[first]), max(len(known) - 1, 0))
    found = np.where(known[order][at] == mine[first], order[at], -1) if len(known) else np.full(len(first), -1)
    return pl.Series(np.repeat(found, np.diff(np.append(first, len(mine)))), dtype=pl.Int64)


def replayed(rows: Rows, days: int, history_days: int) -> Rows:
    """The rows as they were known so many days before: later invoices gone, those settled later open and so late as they were then.

    ``rows`` must reach back ``days`` further than ``history_days``.
    """
    issued, age = rows.settled_age + rows.since_issue, rows.age - days
    paid = rows.paid & (rows.settled_age >= days)
    then = replace(
        rows,
        age=age,
        late=np.where(paid, rows.late, age),
        since_issue=np.where(paid, rows.since_issue, issued - days),
        settled_age=np.where(paid, rows.settled_age - days, 0),
        open_value=np.where(rows.paid & ~paid, rows.value, rows.open_value),
        paid=paid,
    )
    return then.where((age >= 0) & (issued >= days) & (~paid | (age < history_days)))


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    """By the natural order, and where that ties by all that counts. What the ledger has sorted is left as it is."""
    return (
        frame
        if frame.select(_in_order("place", "due", "issued", "number")).item()
        else frame.sort(*_ORDER, nulls_last=True)
    )


def _in_order(*columns: str) -> pl.Expr:
    """Whether each row comes after the one before it, without ties."""
    after = pl.lit(False)
    for name in reversed(columns):
        here, before = pl.col(name), pl.col(name).shift(1)
        after = (here > before) | ((here == before) & after)
    return after.slice(1).fill_null(False).all()


def _arrays(frame: pl.DataFrame, as_of: date) -> Rows:
    def days(column: str) -> pl.Expr:
        return (pl.lit(as_of) - pl.col(column)).dt.total_days().fill_null(0)

    issued = pl.coalesce("issued", "due")
    numbers = frame.select(
        "place",
        age=days("due"),
        late=pl.col("days_late").cast(pl.Int64),
        since_issue=(pl.coalesce("settled", pl.lit(as_of)) - issued).dt.total_days(),
        terms=pl.coalesce("terms", (pl.col("due") - issued).dt.total_days()).cast(pl.Int64),
        settled_age=days("settled"),
        parts=pl.col("part_payments").fill_null(0).cast(pl.Int64),
        short=_short(),
        value=_weight() if frame["value"].null_count() else pl.col("value").abs(),
        open_value=pl.coalesce("open_value", pl.lit(0.0)),
        paid=pl.col("settled").is_not_null(),
        estimated=pl.col("estimated").fill_null(False),
    )
    arrays = {name: numbers[name].to_numpy() for name in numbers.columns if name != "place"}
    size, plain = frame.height, {"base": np.True_, "since": np.int64(NEVER)}
    arrays |= {name: np.broadcast_to(value, size) for name, value in plain.items()}
    return Rows(account=numbers["place"].to_numpy(), number=frame["number"], **arrays)


def _weight() -> pl.Expr:
    """The value; where no rate is known the account's mean value, else 1."""
    return pl.coalesce(pl.col("value").abs(), pl.col("value").abs().mean().over("place"), pl.lit(1.0))


def _short() -> pl.Expr:
    settled = pl.col("settled").is_not_null() & ~pl.col("covered").fill_null(False)
    return pl.when(settled).then(1 - pl.col("received") / pl.col("amount")).fill_null(0.0)


def latest(account: Ints, keep: Bools, n: int, cap: int) -> Bools:
    """Of the rows kept, the last ``cap`` of each account."""
    at = np.flatnonzero(keep)
    mine = account[at]
    end = np.cumsum(np.bincount(mine, minlength=n))
    kept = np.zeros(len(keep), dtype=np.bool_)
    kept[at[end[mine] - np.arange(len(at)) <= cap]] = True
    return kept


def count(account: Ints, keep: Bools, n: int) -> Ints:
    """How many rows of each account."""
    return np.bincount(account[keep], minlength=n)


def largest(account: Ints, values: Floats, n: int, none: float = 0.0) -> Floats:
    """The largest value of each account."""
    best = np.full(n, -np.inf)
    np.maximum.at(best, account, values)
    return np.where(np.isfinite(best), best, none)
