"""Payments: allocations of money to invoices, or money on account.

The key is the file's ``payment`` id and the how-manieth allocation under it; without an id all that the row says about the money. A
corrected file replaces all allocations of the ids that it has. Rows without an id cannot be corrected, only added.
"""

from __future__ import annotations

import hashlib

import polars as pl

from healthcheck.intake import accounts, currencies, tables
from healthcheck.intake.merge import Work, beside, earliest, merge
from healthcheck.store.books import Account, Payment

TABLE = tables.table(Payment)
FEW = 10_000
_SAID = ["invoice", "paid", "amount", "currency", "method", "reference"]
_PAYER = ["payer_last4", "payer_hash", "payer_bank", "payer_country"]


def store(work: Work, rows: pl.DataFrame) -> None:
    """Merge payment rows; every row of an account is in the same call."""
    frame = _keyed(_complete(_payers(work, accounts.ensure(work, rows))))
    names = ["id", "account_id", "key", "payment", *_SAID, *_PAYER, "extra"]
    old = tables.fetch_in(work.connection, TABLE, names, "account_id", frame["account_id"].unique())
    joined = beside(frame, old, {"account_id": "account_id", "key": "key"})
    known = ["account_currency"] if work.table.has("currency") else ["old_currency", "account_currency"]
    settled = currencies.settle(joined, ["amount"], known, work.settings.currency)
    work.result.warnings += work.table.notes(settled, "amount", "odd")
    final = work.reject(currencies.in_minor_units(settled, ["amount"]), "amount")
    updated = [name for name in _SAID if work.table.has(name) or name == "currency"] + _payer_columns(work)
    changed = merge(work, TABLE, final, ["account_id", "key", "payment", *updated], updated)
    work.result.touch(earliest(changed, "paid", "old_paid"))
    repeated = (pl.len().over("account_id", "payment", *_SAID) > 1) & pl.col("payment").is_not_null()
    work.warn(final, "payment", repeated, "the same allocation stands here more than once, and each was counted")
    gone = old.join(frame, on=["account_id", "key"], how="anti").join(frame, on=["account_id", "payment"], how="semi")
    _remove(work, gone)


def finish(work: Work) -> None:
    """After the last row: an id of the file that stands under another account, where the file no longer has it, moved away."""
    rows = work.table.rows
    if "payment" not in rows.columns or not rows["payment"].is_not_null().any():
        return
    named = rows.filter(pl.col("payment").is_not_null()).select("entity", "account", "payment").unique()
    stored = _of_ids(work, named["payment"].unique())
    owners = tables.fetch_in(
        work.connection, tables.table(Account), ["id", "entity", "account"], "id", stored["account_id"].unique()
    )
    placed = stored.join(owners.rename({"id": "account_id"}), on="account_id")
    moved = placed.join(named, on=["entity", "payment"], how="semi").join(
        named, on=["entity", "account", "payment"], how="anti"
    )
    _remove(work, moved)


def _of_ids(work: Work, ids: pl.Series) -> pl.DataFrame:
    """The stored rows of these payment ids; of many, the whole table is read once."""
    names = ["id", "account_id", "payment", "paid"]
    if ids.len() <= FEW:
        return tables.fetch_in(work.connection, TABLE, names, "payment", ids)
    return tables.fetch(work.connection, TABLE, names, TABLE.c.payment.is_not(None)).join(
        ids.to_frame(), on="payment", how="semi"
    )


def _remove(work: Work, old: pl.DataFrame) -> None:
    """Take away allocations that the file no longer has, unless a refused row of the same id may be one of them."""
    unread = work.table.unread
    if "payment" in unread.columns:
        old = old.filter(~pl.col("payment").is_in(unread["payment"].drop_nulls().implode()))
    tables.delete(work.connection, TABLE, old["id"])
    work.result.removed += old.height
    work.result.touch(earliest(old, "paid"))


def _complete(rows: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in ("payment", *_SAID) if name not in rows.columns]
    return rows.with_columns([pl.lit(None, dtype=pl.String).alias(name) for name in missing])


def _payers(work: Work, rows: pl.DataFrame) -> pl.DataFrame:
    """The payer's columns in the form that may be kept, in place of the account number."""
    if not work.table.has("payer_account", "payer_bank"):
        return rows
    from healthcheck.intake.payers import identify

    blank = pl.Series([None] * rows.height, dtype=pl.String)
    given = [rows[name] if name in rows.columns else blank for name in ("payer_account", "payer_bank")]
    keys = list(work.settings.keys)
    known = identify(given[0], given[1], rows["account_country"], keys)
    return rows.drop("payer_account", "payer_bank", strict=False).hstack(known)


def _payer_columns(work: Work) -> list[str]:
    if work.table.has("payer_account"):
        return _PAYER
    return ["payer_bank", "payer_country"] if work.table.has("payer_bank") else []


def _keyed(rows: pl.DataFrame) -> pl.DataFrame:
    """With ``key``: it does not depend on the order of the file, nor on columns that tell who paid."""
    order = [*_SAID, *[name for name in _PAYER if name in rows.columns], "line"]
    ordered = rows.sort("account_id", "payment", *order)
    base = pl.Series(
        "base", [_base(*row) for row in ordered.select("payment", "amount_coin", *_SAID).iter_rows()], dtype=pl.String
    )
    nth = pl.int_range(pl.len()).over("account_id", "base") + 1
    return ordered.with_columns(base).with_columns(pl.format("{}#{}", "base", nth).alias("key")).drop("base")


def _base(payment: str | None, coin: str | None, *said: object) -> str:
    if payment is not None:
        return f"id:{payment}"
    invoice, paid, amount, currency, *rest = said
    told = (invoice, paid, _bare(str(amount)), currency or coin, *rest)
    text = "\x1f".join("" if value is None else str(value) for value in told)
    return "row:" + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _bare(amount: str) -> str:
    """The number alone, however many zeros it was written with."""
    whole, _, part = amount.removeprefix("-").partition(".")
    text = f"{whole.lstrip('0') or '0'}.{part.rstrip('0')}".rstrip(".")
    return f"-{text}" if amount.startswith("-") and text != "0" else text
