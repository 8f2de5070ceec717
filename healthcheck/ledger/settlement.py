"""When was an invoice settled, as known on a date: by payments, by what the file said, or covered by unallocated money.

An invoice is settled on the day its payments reach 95 % of it; the rest is taken for discount and bank charges. Payment rows known
at the date override the invoice's own ``paid`` and ``paid_amount``, but for one that has left the list of open items: that is settled
(``estimated``). Unallocated cash, credit notes and overpayments cover the oldest undisputed open invoices of the same account and
currency, oldest due first.
"""

from __future__ import annotations

from datetime import date

import polars as pl

SETTLED_SHARE = 0.95
_ORDER = ["key", "currency", "due", "issued", "number"]
_KINDS = ("invoice", "credit")


def settle(invoices: pl.DataFrame, payments: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Invoices with ``received``, ``owed`` (not paid), ``open`` (nor covered), ``settled``, ``covered`` and ``part_payments``.

    And the money that is there and not allocated: key, currency, on, amount; one row a day.
    """
    known = invoices.with_columns(
        paid=pl.when(pl.col("paid") <= as_of).then("paid"),
        paid_amount=pl.when(pl.col("paid").is_null() | (pl.col("paid") <= as_of)).then("paid_amount"),
    ).with_row_index("row")
    allocated, loose = _allocate(known, payments)
    paid = _apply(known, allocated, as_of)
    pool = _pool(paid, loose)
    return _cover(paid, pool).sort("row").drop("row", "paid", "paid_amount"), pool


def _allocate(invoices: pl.DataFrame, payments: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Payments that name an invoice we know, with its row; and all others."""
    targets = invoices.select("key", "currency", "kind", invoice="number", row="row")
    first = targets.sort("kind", descending=True).unique(
        ["key", "currency", "invoice"], keep="first", maintain_order=True
    )
    joined = payments.join(first.drop("kind"), on=["key", "currency", "invoice"], how="left", maintain_order="left")
    return joined.filter(pl.col("row").is_not_null()), joined.filter(pl.col("row").is_null())


def _apply(invoices: pl.DataFrame, allocated: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """What was paid of each invoice and when it was settled by that."""
    size = invoices.select("row", size="amount")
    running = (
        allocated.sort("row", "paid")
        .with_columns(so_far=pl.col("amount").cum_sum().over("row"))
        .join(size, on="row", maintain_order="left")
        .with_columns(enough=pl.col("so_far") * pl.col("size").sign() >= pl.col("size").abs() * SETTLED_SHARE)
    )
    by_rows = running.group_by("row", maintain_order=True).agg(
        rows_total=pl.col("amount").sum(),
        rows_settled=pl.col("paid").filter("enough").first(),
        rows_last=pl.col("paid").last(),
        part_payments=pl.len().cast(pl.Int32),
    )
    stated = pl.when(pl.col("paid").is_not_null()).then(pl.col("paid_amount").fill_null(pl.col("amount")))
    total = pl.coalesce("rows_total", stated, "paid_amount", pl.lit(0))
    reached = total * pl.col("amount").sign() >= pl.col("amount").abs() * SETTLED_SHARE
    by_file = pl.when(reached).then(pl.col("paid").fill_null(pl.min_horizontal("due", pl.lit(as_of))))
    return (
        invoices.join(by_rows, on="row", how="left", maintain_order="left")
        .with_columns(
            received=total,
            settled=pl.when(pl.col("estimated") & pl.col("paid").is_not_null())
            .then(pl.coalesce("rows_settled", "paid"))
            .when(pl.col("rows_total").is_not_null())
            .then("rows_settled")
            .otherwise(by_file),
            last_paid=pl.coalesce("rows_last", "paid", "issued"),
            part_payments=pl.coalesce("part_payments", (total != 0).cast(pl.Int32)),
        )
        .with_columns(
            open=pl.when(pl.col("settled").is_null()).then(pl.col("amount") - pl.col("received")).otherwise(0)
        )
        .drop("rows_total", "rows_settled", "rows_last")
    )


def _pool(invoices: pl.DataFrame, loose: pl.DataFrame) -> pl.DataFrame:
    """Money that is there and not allocated: loose payments, open credit notes, overpayments; one row a day."""
    cash = loose.select("key", "currency", on="paid", amount="amount")
    notes = invoices.filter((pl.col("kind") == "credit") & pl.col("settled").is_null())
    credits = notes.select("key", "currency", on="issued", amount=-pl.col("open"))
    over = invoices.filter(
        (pl.col("kind") == "invoice") & (pl.col("received") > pl.col("amount")) & (pl.col("amount") > 0)
    )
    excess = over.select("key", "currency", on="last_paid", amount=pl.col("received") - pl.col("amount"))
    days = pl.concat([cash, credits, excess]).group_by("key", "currency", "on").agg(pl.col("amount").sum())
    return days.filter(pl.col("amount") != 0).sort("key", "currency", "on")


def _cover(invoices: pl.DataFrame, pool: pl.DataFrame) -> pl.DataFrame:
    """Mark as settled what the pool covers, on the day it did."""
    waiting = (
        invoices.filter(
            (pl.col("kind") == "invoice") & pl.col("settled").is_null() & ~pl.col("disputed") & (pl.col("open") > 0)
        )
        .sort(_ORDER)
        .with_columns(needed=pl.col("open").cum_sum().over("key", "currency"))
        .with_columns(needed=(pl.col("needed") - pl.col("amount") * (1 - SETTLED_SHARE)).ceil().cast(pl.Int64))
        .select("row", "key", "currency", "needed", "issued", "last_paid")
    )
    there = (
        pool.with_columns(got=pl.col("amount").cum_sum().over("key", "currency"))
        .with_columns(lowest_later=pl.col("got").reverse().cum_min().reverse().over("key", "currency"))
        .select("key", "currency", "on", got="lowest_later")
        .unique(["key", "currency", "got"], keep="first", maintain_order=True)
    )
    met = waiting.sort("needed").join_asof(
        there.sort("got", maintain_order=True), left_on="needed", right_on="got", by=["key", "currency"], strategy="forward",
        check_sortedness=False,
    )  # fmt: skip
    dates = met.filter(pl.col("on").is_not_null()).select("row", cover=pl.max_horizontal("on", "issued", "last_paid"))
    joined = invoices.join(dates, on="row", how="left", maintain_order="left")
    covered = pl.col("cover").is_not_null()
    return joined.with_columns(
        settled=pl.coalesce("settled", "cover"),
        owed="open",
        open=pl.when(covered).then(0).otherwise("open"),
        covered=covered,
    ).drop("cover", "last_paid")
