"""Rows of a file into rows of the store: what is new is added, what differs is updated, what is the same stays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from healthcheck.intake import tables
from healthcheck.intake.results import Result
from healthcheck.intake.rows import Table
from healthcheck.settings import Settings


@dataclass(frozen=True)
class Work:
    """One transaction's worth of a file: where it goes, and the count of what became of it."""

    session: Session
    settings: Settings
    table: Table
    result: Result
    now: datetime
    snapshot: date | None = None

    @property
    def connection(self) -> sa.Connection:
        return self.session.connection()

    def reject(self, frame: pl.DataFrame, column: str | None) -> pl.DataFrame:
        """Reject the rows that have a ``reason``; the others."""
        if frame["reason"].null_count() < frame.height:
            self.result.rejects += self.table.notes(frame, column)
        return frame.filter(pl.col("reason").is_null()).drop("reason")

    def warn(self, frame: pl.DataFrame, column: str | None, odd: pl.Expr, reason: str) -> None:
        """Remark on the rows where ``odd`` holds."""
        rows = frame.filter(odd).select("line", pl.lit(reason).alias("reason"))
        self.result.warnings += self.table.notes(rows, column)


def unrepeated(work: Work, frame: pl.DataFrame, key: Sequence[str], order: Sequence[str], column: str) -> pl.DataFrame:
    """One row for each ``key``: the first by ``order``. An equal row counts as unchanged, a different one is rejected."""
    repeated = frame.filter(pl.len().over(key) > 1)
    if not repeated.height:
        return frame
    sorted_ = repeated.sort(*order, "line")
    content = [name for name in work.table.kind.columns if name in frame.columns]
    same = pl.all_horizontal([pl.col(name).eq_missing(pl.col(name).first().over(key)) for name in content])
    judged = sorted_.with_columns(pl.col("line").first().over(key).alias("kept"), same.alias("same")).filter(
        pl.col("line") != pl.col("kept")
    )
    work.result.unchanged += int(judged["same"].sum())
    said = pl.format("stands on line {} too, with other content; that one was taken", "kept")
    work.reject(judged.select("line", pl.when(~pl.col("same")).then(said).alias("reason")), column)
    return frame.filter(~pl.col("line").is_in(judged["line"].implode()))


def beside(frame: pl.DataFrame, old: pl.DataFrame, key: dict[str, str]) -> pl.DataFrame:
    """Each row with the stored one of the same key beside it as ``old_...``; ``key`` maps the frame's column to the store's."""
    named = old.select(pl.all().name.prefix("old_"))
    return frame.join(
        named, left_on=list(key), right_on=[f"old_{name}" for name in key.values()], how="left", maintain_order="left"
    )


def merge(
    work: Work, target: sa.Table, rows: pl.DataFrame, columns: Sequence[str], updated: Sequence[str]
) -> pl.DataFrame:
    """Add and update ``rows`` (which carry ``old_...``): insert ``columns``, compare and update ``updated``.

    Returns the rows that were added or updated.
    """
    rows = _with_extra(work.table, rows)
    if work.table.kept_aside:
        columns, updated = [*columns, "extra"], [*updated, "extra"]
    new = pl.col("old_id").is_null()
    differs = pl.any_horizontal([pl.col(name).ne_missing(pl.col(f"old_{name}")) for name in updated])
    added, changed = rows.filter(new), rows.filter(~new & differs)
    tables.insert(work.connection, target, added.select(columns))
    tables.update(work.connection, target, changed.select(pl.col("old_id").alias("id"), *updated))
    work.result.added += added.height
    work.result.updated += changed.height
    work.result.unchanged += rows.height - added.height - changed.height
    return pl.concat([added, changed])


def _with_extra(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Columns that the file does not have stay as they are in ``extra``; those that it has and leaves blank go."""
    if (
        not table.kept_aside
        or rows["old_extra"].null_count() == rows.height
        or rows["extra"].eq_missing(rows["old_extra"]).all()
    ):
        return rows
    pairs = zip(rows["extra"], rows["old_extra"], strict=True)
    return rows.with_columns(pl.Series("extra", [_both(table, new, old) for new, old in pairs], dtype=pl.String))


def _both(table: Table, new: str | None, old: str | None) -> str | None:
    if old is None or new == old:
        return new
    kept = {name: value for name, value in json.loads(old).items() if name not in table.kept_aside}
    merged = kept | json.loads(new or "{}")
    return json.dumps(dict(sorted(merged.items())), ensure_ascii=False) if merged else None


def earliest(frame: pl.DataFrame, *columns: str) -> date | None:
    """The earliest date in these columns, if there is any."""
    found = frame.select(pl.min_horizontal(*columns).min().alias("day"))["day"][0] if frame.height else None
    return found if isinstance(found, date) else None
