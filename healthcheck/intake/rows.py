"""A file as typed rows under our headings, with what was refused and what is odd."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from healthcheck.intake import cells, headings, masking
from healthcheck.intake.files import Source
from healthcheck.intake.kinds import Kind
from healthcheck.intake.results import Note

_FREE = ("reference", "method", "source")  # free text; a name or a key is never changed


@dataclass(frozen=True)
class Table:
    """``rows``: our columns typed (amounts as plain decimal text, with ``<name>_coin`` beside), ``line`` and ``extra`` (JSON text).

    ``unread`` holds the rows that were refused, as far as they were understood.
    """

    name: str
    sha256: str
    kind: Kind
    rows: pl.DataFrame
    unread: pl.DataFrame
    theirs: Mapping[str, str]  # our column -> the file's heading
    kept_aside: frozenset[str]  # headings that go to ``extra``
    rejects: list[Note]
    warnings: list[Note]

    def has(self, *columns: str) -> bool:
        """Does the file have any of our ``columns``?"""
        return any(column in self.theirs for column in columns)

    def notes(self, frame: pl.DataFrame, column: str | None, reason: str = "reason") -> list[Note]:
        """A remark for each row of ``frame`` that has one in its column ``reason``."""
        said = frame.filter(pl.col(reason).is_not_null()).sort("line").select("line", reason)
        heading = self.theirs.get(column, column) if column else None
        return [Note(self.name, line, heading, text) for line, text in said.iter_rows()]


def understand(source: Source, kind: Kind, maps: Mapping[str, str], written: cells.Written) -> Table:
    """Read every cell of ``source``; a row with a cell that cannot be read is refused whole, the others stand."""
    positions = headings.assign(source.name, source.headings, kind, maps)
    theirs = {ours: source.headings[at] for ours, at in sorted(positions.items(), key=lambda item: item[1])}
    read = {ours: cells.read_column(source.cells[str(positions[ours])], kind.columns[ours], written) for ours in theirs}
    rows, warnings = _kept_aside(source, kind, positions, _joined(source, kind, read))
    refused = _refusals(kind, theirs, read)
    bad = refused["reason"].is_not_null()
    said = rows.select("line").hstack(refused).filter(bad)
    rejects = [Note(source.name, *row) for row in said.iter_rows()]
    table = Table(
        source.name,
        source.sha256,
        kind,
        rows.filter(~bad),
        rows.filter(bad),
        theirs,
        frozenset(heading for at, heading in _others(source, positions)),
        sorted(source.broken + rejects, key=lambda note: note.line or 0),
        warnings,
    )
    table.warnings.extend(note for ours in theirs for note in _odd(table, rows, ours, read[ours]["warning"], bad))
    return table


def _joined(source: Source, kind: Kind, read: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    frame = source.cells.select("line").with_columns([found["value"].alias(ours) for ours, found in read.items()])
    coins = [read[ours]["coin"].alias(f"{ours}_coin") for ours in read if kind.columns[ours] == "amount"]
    entity = pl.col("entity").fill_null("") if "entity" in read else pl.lit("")
    return frame.with_columns(*coins, entity.alias("entity"))


def _refusals(kind: Kind, theirs: Mapping[str, str], read: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Columns ``column`` and ``reason``: the first fault of each row, from left to right."""
    frame = pl.DataFrame([_reason(kind, ours, read[ours]).alias(ours) for ours in theirs])
    named = [pl.when(pl.col(ours).is_not_null()).then(pl.lit(heading)) for ours, heading in theirs.items()]
    return frame.select(pl.coalesce(named).alias("column"), pl.coalesce(list(theirs)).alias("reason"))


def _reason(kind: Kind, ours: str, found: pl.DataFrame) -> pl.Series:
    if ours not in kind.filled:
        return found["reason"]
    empty = pl.when(pl.col("value").is_null()).then(pl.lit(f"{ours} is empty"))
    return found.select(pl.coalesce("reason", empty).alias("reason"))["reason"]


def _odd(table: Table, rows: pl.DataFrame, ours: str, remarks: pl.Series, bad: pl.Series) -> list[Note]:
    return table.notes(rows.select("line").with_columns(remarks.alias("reason")).filter(~bad), ours)


def _others(source: Source, positions: Mapping[str, int]) -> list[tuple[int, str]]:
    """Position and name of the columns that are none of ours; a repeated heading gets its position."""
    others, seen = [], set()
    for at, heading in enumerate(source.headings):
        if at in positions.values():
            continue
        name = f"{heading or 'column'} {at + 1}" if not heading or heading in seen else heading
        seen.add(name)
        others.append((at, name))
    return others


def _kept_aside(
    source: Source, kind: Kind, positions: Mapping[str, int], frame: pl.DataFrame
) -> tuple[pl.DataFrame, list[Note]]:
    """``frame`` with free text masked and with ``extra``: the columns that are none of ours, without bank account numbers."""
    warnings, kept = [], {}
    for at, name in _others(source, positions):
        values = source.cells[str(at)]
        if masking.is_account_heading(name, loose=kind.name == "payments"):
            hint = (
                f'; --map "{name}=payer_account" keeps the last four and a keyed hash'
                if kind.name == "payments"
                else ""
            )
            warnings.append(Note(source.name, None, name, f"not kept: bank account numbers are never stored{hint}"))
        elif values.null_count() < values.len():
            kept[name] = _free_text(values, frame)
    texts = [ours for ours in _FREE if ours in positions]
    masked = frame.with_columns([_free_text(frame[ours], frame).alias(ours) for ours in texts])
    return masked.with_columns(_as_json(kept, frame.height).alias("extra")), warnings


def _free_text(values: pl.Series, frame: pl.DataFrame) -> pl.Series:
    masked = masking.mask(values)
    return masking.mask_payer(masked, frame["payer_account"]) if "payer_account" in frame.columns else masked


def _as_json(kept: Mapping[str, pl.Series], height: int) -> pl.Series:
    if not kept:
        return pl.Series("extra", [None] * height, dtype=pl.String)
    names = sorted(kept)
    filled = (
        {name: cell for name, cell in zip(names, row, strict=True) if cell is not None}
        for row in zip(*(kept[name] for name in names), strict=True)
    )
    return pl.Series("extra", [json.dumps(row, ensure_ascii=False) if row else None for row in filled], dtype=pl.String)
