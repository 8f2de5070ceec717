"""Invoices and credit notes."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from healthcheck.intake import accounts, currencies, tables
from healthcheck.intake.merge import Work, beside, earliest, merge, unrepeated
from healthcheck.store.books import Invoice

TABLE = tables.table(Invoice)
KEY = {"account_id": "account_id", "kind": "kind", "invoice": "number"}
FAR_AHEAD = timedelta(days=2 * 366)
_FACTS = ["issued", "due", "amount", "currency", "delivered", "paid", "paid_amount", "disputed", "estimated"]


def store(work: Work, rows: pl.DataFrame) -> None:
    """Merge invoice rows; every row of an account is in the same call."""
    signed = _signed(work, accounts.ensure(work, rows))
    joined = beside(signed, _stored(work, signed), KEY)
    single = unrepeated(work, _amounts(work, joined), list(KEY), ["issued"], "invoice")
    final = _settled(work, single)
    _warn(work, final)
    columns = ["account_id", "kind", "number", *[name for name in _FACTS if name in final.columns]]
    changed = merge(work, TABLE, final, columns, columns[3:])
    work.result.touch(_touched(changed))
    if work.table.has("name"):
        accounts.name_from_invoices(work, final)


def sign(rows: pl.DataFrame) -> pl.DataFrame:
    """With ``kind`` in every row: as the file says, but what is negative is a credit."""
    said = pl.col("kind") if "kind" in rows.columns else pl.lit(None, dtype=pl.String)
    negative = pl.col("amount").str.contains("^-.*[1-9]").fill_null(False)
    return rows.with_columns(
        pl.when(negative).then(pl.lit("credit")).otherwise(said.fill_null("invoice")).alias("kind")
    )


def _signed(work: Work, rows: pl.DataFrame) -> pl.DataFrame:
    signed = sign(rows)
    if "kind" in rows.columns:
        odd = signed.select("line").with_columns(
            ((rows["kind"] == "invoice") & (signed["kind"] == "credit")).alias("odd")
        )
        work.warn(odd, "kind", pl.col("odd"), "an invoice of a negative amount was taken as a credit")
    minus = pl.when(pl.col("kind") == "credit").then(pl.lit("-")).otherwise(pl.lit(""))
    amounts = [name for name in ("amount", "paid_amount") if name in rows.columns]
    return signed.with_columns([(minus + pl.col(name).str.strip_prefix("-")).alias(name) for name in amounts])


def _stored(work: Work, rows: pl.DataFrame) -> pl.DataFrame:
    names = ["id", *KEY.values(), *_FACTS, "extra"]
    return tables.fetch_in(work.connection, TABLE, names, "account_id", rows["account_id"].unique())


def _amounts(work: Work, joined: pl.DataFrame) -> pl.DataFrame:
    amounts = [name for name in ("amount", "paid_amount") if name in joined.columns]
    known = ["account_currency"] if work.table.has("currency") else ["old_currency", "account_currency"]
    settled = currencies.settle(joined, amounts, known, work.settings.currency)
    work.result.warnings += work.table.notes(settled, "amount", "odd")
    return work.reject(currencies.in_minor_units(settled, amounts), "amount")


def _settled(work: Work, rows: pl.DataFrame) -> pl.DataFrame:
    """``paid`` as the file says; a row of an open-items export that was estimated settled is open again."""
    rows = rows.rename({"invoice": "number"})
    disputed = (
        pl.col("disputed").fill_null(False) if work.table.has("disputed") else pl.col("old_disputed").fill_null(False)
    )
    rows = rows.with_columns(disputed.alias("disputed"), pl.lit(False).alias("estimated"))
    if work.table.has("paid"):
        return rows
    if work.snapshot is None:
        return rows.with_columns(
            pl.col("old_paid").alias("paid"), pl.col("old_estimated").fill_null(False).alias("estimated")
        )
    reopened = pl.col("old_estimated").fill_null(False)
    work.warn(
        rows,
        "invoice",
        ~reopened & (pl.col("old_paid") <= work.snapshot),
        "listed as open, but paid by then as an earlier import has it; left paid",
    )
    return rows.with_columns(pl.when(~reopened).then("old_paid").alias("paid"))


def _warn(work: Work, rows: pl.DataFrame) -> None:
    """Faults that real files have: taken in, and said."""
    work.warn(rows, "due", pl.col("due") < pl.col("issued"), "due before it was issued")
    if work.table.has("paid"):
        work.warn(rows, "paid", pl.col("paid") < pl.col("issued"), "paid before it was issued")
    horizon = work.now.date() + FAR_AHEAD
    for name in ("issued", "due", "paid"):
        if work.table.has(name):
            work.warn(rows, name, pl.col(name) > horizon, "more than two years ahead")


def _touched(changed: pl.DataFrame) -> date | None:
    """The earliest day on which the book looks different now: a payment counts from its day, anything else from the issue."""
    only_paid = ("paid", "paid_amount", "estimated")
    basic = [name for name in _FACTS if name in changed.columns and name not in only_paid]
    differs = pl.any_horizontal([pl.col(name).ne_missing(pl.col(f"old_{name}")) for name in basic])
    issued = earliest(changed.filter(differs), "issued", "old_issued")
    paid = earliest(changed, "paid", "old_paid")
    return min((day for day in (issued, paid) if day), default=None)
