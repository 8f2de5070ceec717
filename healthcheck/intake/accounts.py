"""Accounts: their own file, and those that come into being because an invoice, a payment or a plan names them."""

from __future__ import annotations

from datetime import date

import polars as pl
import sqlalchemy as sa

from healthcheck.intake import currencies, tables
from healthcheck.intake.merge import Work, beside, merge, unrepeated
from healthcheck.store.books import Account

TABLE = tables.table(Account)
_KEY = ["entity", "account"]
_AMOUNTS = ("credit_limit", "insured_limit", "plan_annual")
_FOUND = {
    "id": "account_id",
    "currency": "account_currency",
    "country": "account_country",
    "name": "known_name",
    "name_on": "known_name_on",
}
# what the checks of other dates look at: a change of these is a change of the whole past
_TIMELESS = ("country", "currency", "parent", "industry")


def store(work: Work, rows: pl.DataFrame) -> None:
    """Merge rows of an accounts file. A name from here stands for good: ``name_on`` is null."""
    names = [name for name in work.table.kind.columns if name in rows.columns]
    joined = beside(rows, _stored(work, rows, [*names, "currency", "name_on"]), {name: name for name in _KEY})
    final = _named(unrepeated(work, _amounts(work, joined), _KEY, [], "account"))
    work.warn(
        final, "name", pl.col("name") == "", "no name here: the account goes by its number until an invoice names it"
    )
    columns = [*dict.fromkeys([*names, "entity", "name_on"])]
    changed = merge(work, TABLE, final, columns, [name for name in columns if name not in _KEY])
    if _timeless_change(changed):
        work.result.touch(date.min)


def _amounts(work: Work, rows: pl.DataFrame) -> pl.DataFrame:
    """Amounts in minor units of the account's currency, which is the file's, else the known one, else the reporting currency."""
    amounts = [name for name in _AMOUNTS if name in rows.columns]
    if not amounts:
        return rows
    own = pl.col("currency") if "currency" in rows.columns else pl.col("old_currency")
    scaled = rows.with_columns(own.fill_null(work.settings.currency).alias("currency"))
    settled = currencies.in_minor_units(currencies.settle(scaled, amounts, [], work.settings.currency), amounts)
    given = rows["currency"] if "currency" in rows.columns else rows["old_currency"]
    return work.reject(settled.with_columns(given.alias("currency")), amounts[0])


def _named(final: pl.DataFrame) -> pl.DataFrame:
    """A blank name leaves the field to the invoices; a name that an invoice gave is kept then."""
    blank = pl.col("name").is_null()
    from_invoice = blank & pl.col("old_name_on").is_not_null()
    return final.with_columns(
        pl.when(from_invoice).then("old_name").otherwise(pl.col("name").fill_null("")).alias("name"),
        pl.when(from_invoice).then("old_name_on").alias("name_on"),
    )


def _stored(work: Work, rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    columns = [*dict.fromkeys(["id", *_KEY, *names, "extra"])]
    return _of_keys(work.connection, rows, columns)


def _of_keys(connection: sa.Connection, rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    parts = [
        tables.fetch_in(connection, TABLE, columns, "account", part["account"].unique(), TABLE.c.entity == entity)
        for (entity,), part in rows.select(_KEY).group_by("entity")
    ]
    return pl.concat(parts)


def _timeless_change(changed: pl.DataFrame) -> bool:
    there = [name for name in _TIMELESS if name in changed.columns]
    differs = pl.any_horizontal([pl.col(name).ne_missing(pl.col(f"old_{name}")) for name in there] or [pl.lit(False)])
    return changed.filter(pl.col("old_id").is_not_null() & differs).height > 0


def ensure(work: Work, rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` with account_id, account_currency and account_country; accounts that are not there yet are created."""
    found = _of_keys(work.connection, rows, [*_KEY, *_FOUND])
    missing = rows.select(_KEY).unique().join(found, on=_KEY, how="anti").sort(_KEY)
    if missing.height:
        tables.insert(work.connection, TABLE, missing.with_columns(pl.lit("").alias("name")))
        found = _of_keys(work.connection, rows, [*_KEY, *_FOUND])
        work.result.accounts_added += missing.height
    return rows.join(found.rename(_FOUND), on=_KEY, how="left", maintain_order="left")


def name_from_invoices(work: Work, rows: pl.DataFrame) -> None:
    """Name accounts after their earliest issued invoice that has a name, unless an accounts file named them.

    Only the earliest, so that a book judged as of an earlier date bears the name that was known by then.
    """
    named = rows.filter(pl.col("name").is_not_null()).sort("account_id", "issued", "name")
    first = named.group_by("account_id", maintain_order=True).first()
    unnamed = pl.col("known_name") == ""
    earlier = pl.col("known_name_on").is_not_null() & (pl.col("issued") <= pl.col("known_name_on"))
    differs = (pl.col("name") != pl.col("known_name")) | pl.col("issued").ne_missing(pl.col("known_name_on"))
    better = first.filter((unnamed | earlier) & differs)
    tables.update(
        work.connection,
        TABLE,
        better.select(pl.col("account_id").alias("id"), "name", pl.col("issued").alias("name_on")),
    )
