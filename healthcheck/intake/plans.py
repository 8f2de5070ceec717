"""Anticipated purchases by account and month."""

from __future__ import annotations

import polars as pl

from healthcheck.intake import accounts, currencies, tables
from healthcheck.intake.merge import Work, beside, earliest, merge, unrepeated
from healthcheck.store.books import Plan

TABLE = tables.table(Plan)
_KEY = ["account_id", "month", "currency"]


def store(work: Work, rows: pl.DataFrame) -> None:
    """Merge plan rows; every row of an account is in the same call."""
    settled = currencies.settle(accounts.ensure(work, rows), ["amount"], ["account_currency"], work.settings.currency)
    work.result.warnings += work.table.notes(settled, "amount", "odd")
    single = unrepeated(work, work.reject(currencies.in_minor_units(settled, ["amount"]), "amount"), _KEY, [], "month")
    updated = ["amount", "source"] if work.table.has("source") else ["amount"]
    old = tables.fetch_in(
        work.connection, TABLE, ["id", *_KEY, "amount", "source"], "account_id", single["account_id"].unique()
    )
    changed = merge(work, TABLE, beside(single, old, {name: name for name in _KEY}), [*_KEY, *updated], updated)
    work.result.touch(earliest(changed, "month"))
