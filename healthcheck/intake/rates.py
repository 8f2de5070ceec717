"""Exchange rates into the reporting currency."""

from __future__ import annotations

import polars as pl

from healthcheck.intake import tables
from healthcheck.intake.merge import Work, beside, earliest, merge, unrepeated
from healthcheck.store.books import Rate

TABLE = tables.table(Rate)
_KEY = ["currency", "on"]


def store(work: Work, rows: pl.DataFrame) -> None:
    """Merge rate rows; they hold for every entity."""
    plain = pl.col("rate").str.replace(r"(\.\d*?)0*$", "$1").str.strip_suffix(".")
    single = unrepeated(work, rows.with_columns(plain.alias("rate")), _KEY, [], "rate")
    old = tables.fetch_in(work.connection, TABLE, ["id", *_KEY, "rate"], "currency", single["currency"].unique())
    changed = merge(work, TABLE, beside(single, old, {name: name for name in _KEY}), [*_KEY, "rate"], ["rate"])
    work.result.touch(earliest(changed, "on"))
