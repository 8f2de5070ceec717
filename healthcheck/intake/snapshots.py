"""Open-items exports: what was open before and is listed no longer has been settled in between, and nothing says when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl
import sqlalchemy as sa

from healthcheck.errors import UsageError
from healthcheck.intake import invoices, tables
from healthcheck.intake.merge import Work
from healthcheck.intake.results import Note
from healthcheck.intake.rows import Table
from healthcheck.store.books import Account, Import, Invoice, Payment

PAID_SHARE = 0.95  # of an invoice: allocated payments of that much have settled it
MANY_SHARE = 0.5
_ACCOUNT, _INVOICE, _PAYMENT, _IMPORT = (tables.table(model) for model in (Account, Invoice, Payment, Import))


def entities(files: Sequence[Table]) -> list[str]:
    """Our legal entities that these files speak of."""
    return sorted(set().union(*(table.rows["entity"].unique().to_list() for table in files)))


def require_newest(connection: sa.Connection, day: date, files: Sequence[Table]) -> None:
    """Raise UsageError if a later snapshot of one of these entities has been imported, or if there is nothing in the files."""
    if not any(table.rows.height for table in files):
        raise UsageError(
            "--snapshot: no row of the files could be read; that would settle every open invoice, so nothing was done"
        )
    wanted = set(entities(files))
    known = connection.execute(sa.select(_IMPORT.c.snapshot, _IMPORT.c.entities).where(_IMPORT.c.snapshot > day))
    newer = [found for found, theirs in known if wanted & set(theirs or [""])]
    if newer:
        raise UsageError(
            f"--snapshot {day}: a later one of {max(newer)} has been imported already; older open items would undo it"
        )


def settle(work: Work, day: date, files: Sequence[Table]) -> None:
    """Settle on ``day``, as an estimate, what the store has open and the files no longer list."""
    open_ = pl.concat([_open(work.connection, day, entity) for entity in entities(files)])
    gone = _spared(work, _unlisted(open_, files), files)
    marks = {"paid": pl.lit(day), "paid_amount": pl.lit(None, dtype=pl.Int64), "estimated": pl.lit(True)}
    tables.update(work.connection, _INVOICE, gone.select("id", **marks))
    work.result.settled_by_snapshot += gone.height
    if gone.height:
        work.result.touch(day)
    if gone.height > MANY_SHARE * open_.height:
        reason = f"{gone.height} of {open_.height} open items are not in this export and were settled on {day}: is it complete?"
        work.result.warnings.append(Note(work.table.name, None, None, reason))


def _open(connection: sa.Connection, day: date, entity: str) -> pl.DataFrame:
    """Items of the entity that are open on ``day``: issued by then, not paid, and not covered by allocated payments."""
    owned = tables.fetch(connection, _ACCOUNT, ["id", "entity", "account"], _ACCOUNT.c.entity == entity).rename(
        {"id": "account_id"}
    )
    wanted = ["id", "account_id", "kind", "number", "amount"]
    there = tables.fetch(connection, _INVOICE, wanted, (_INVOICE.c.issued <= day) & _INVOICE.c.paid.is_(None)).join(
        owned, on="account_id"
    )
    allocated = _PAYMENT.c.invoice.is_not(None) & (_PAYMENT.c.paid <= day)
    payments = tables.fetch(connection, _PAYMENT, ["account_id", "invoice", "amount"], allocated)
    paid = payments.group_by("account_id", number="invoice").agg(pl.col("amount").sum().alias("received"))
    covered = (pl.col("kind") == "invoice") & (pl.col("received") >= PAID_SHARE * pl.col("amount"))
    return there.join(paid, on=["account_id", "number"], how="left").filter(~covered.fill_null(False))


def _unlisted(open_: pl.DataFrame, files: Sequence[Table]) -> pl.DataFrame:
    for table in files:
        rows = invoices.sign(pl.concat([table.rows, table.unread]))
        open_ = open_.join(
            rows,
            left_on=["entity", "account", "kind", "number"],
            right_on=["entity", "account", "kind", "invoice"],
            how="anti",
        )
    return open_


def _spared(work: Work, gone: pl.DataFrame, files: Sequence[Table]) -> pl.DataFrame:
    """Without the items that a refused row may have listed: those of its account, or of all where not even that could be read."""
    for table in files:
        unknown = any(note.line is not None and note.column is None for note in table.rejects)
        unread = table.unread
        if unknown or unread["account"].null_count():
            reason = "some rows could not be read at all, so nothing was settled by this snapshot; mend them and import it again"
            work.result.warnings.append(Note(table.name, None, None, reason))
            return gone.clear()
        doubtful = unread.filter(pl.col("invoice").is_null() | pl.col("amount").is_null())
        gone = gone.join(doubtful, on=["entity", "account"], how="anti")
    return gone
