"""The import of files: read all of them, then merge them chunk by chunk, each chunk in one transaction with its share of the manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import polars as pl
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session

from healthcheck.errors import Retriable, UsageError
from healthcheck.intake import accounts, files, headings, invoices, payments, plans, profiles, rates, snapshots
from healthcheck.intake.cells import Written
from healthcheck.intake.dates import check_format
from healthcheck.intake.kinds import KINDS, Kind
from healthcheck.intake.merge import Work
from healthcheck.intake.results import Result
from healthcheck.intake.rows import Table, understand
from healthcheck.settings import Settings
from healthcheck.store import audit
from healthcheck.store.books import Import
from healthcheck.store.session import write

CHUNK = 50_000
Tick = Callable[[str, int, int], None]  # file, rows done, rows in all
_STORES: dict[str, Callable[[Work, pl.DataFrame], None]] = {
    "accounts": accounts.store,
    "invoices": invoices.store,
    "payments": payments.store,
    "plans": plans.store,
    "rates": rates.store,
}
_LOCK = 4_826_101  # of PostgreSQL; SQLite has one writer anyway


@dataclass(frozen=True)
class Options:
    """How the files are written, and what they are: ``snapshot`` is the date of an open-items export."""

    maps: Sequence[str] = field(default=())
    date_format: str | None = None
    decimal: str | None = None
    profile: str | None = None
    snapshot: date | None = None
    dry_run: bool = False


def import_files(
    engine: Engine,
    kind: str,
    paths: Sequence[Path],
    options: Options,
    settings: Settings,
    now: datetime,
    tick: Tick | None = None,
) -> Result:
    """Import ``paths``, all of one ``kind``, in their order; raises UsageError before anything is written if one of them is no such file.

    Rows that cannot be understood are in the result; all others are in the books when this returns, unless ``options.dry_run``.
    """
    chosen, maps, written = _prepared(kind, options)
    read = [understand(files.read(path), chosen, maps, written) for path in paths]
    total = Result()
    with _one_line(), _transactions(engine, options.dry_run) as begin:
        if options.snapshot:
            with begin() as session:
                snapshots.require_newest(session.connection(), options.snapshot, read)
        for table in read:
            total.include(_import_one(begin, table, _Run(settings, now, options.snapshot, read, tick or _silent)))
    return total


@dataclass(frozen=True)
class _Run:
    settings: Settings
    now: datetime
    snapshot: date | None
    tables: Sequence[Table]
    tick: Tick


Begin = Callable[[], AbstractContextManager[Session]]


def _silent(_file: str, _done: int, _rows: int) -> None:
    """Nobody watches."""


def _prepared(kind: str, options: Options) -> tuple[Kind, dict[str, str], Written]:
    if kind not in KINDS:
        raise UsageError(f"cannot import {kind}; there are: {', '.join(KINDS)}")
    if options.snapshot and kind != "invoices":
        raise UsageError(f"--snapshot is for invoices (an export of the open items), not for {kind}")
    profile = profiles.find(options.profile, kind) if options.profile else None
    usual = Written(profile.date_format, profile.decimal) if profile else Written()
    written = Written(options.date_format or usual.date_format, options.decimal or usual.decimal)
    if written.decimal not in (None, ".", ","):
        raise UsageError(f"--decimal {written.decimal}: the decimal sign is . or ,")
    if written.date_format:
        check_format(written.date_format)
    maps = (profile.maps if profile else {}) | headings.parse_maps(KINDS[kind], options.maps)
    return KINDS[kind], maps, written


@contextmanager
def _one_line() -> Iterator[None]:
    """A database that is locked, full or read-only is said in one line; the chunks before it are in, and a second run adds the rest."""
    try:
        yield
    except sa.exc.OperationalError as error:
        raise Retriable(
            f"the database cannot be written ({str(error.orig).splitlines()[0]}); run the same import again"
        ) from None


@contextmanager
def _transactions(engine: Engine, dry_run: bool) -> Iterator[Begin]:
    """What begins a transaction. In a dry run all of it is one that is rolled back."""
    if not dry_run:
        yield lambda: write(engine)
        return
    with Session(engine, expire_on_commit=False) as session:
        yield lambda: nullcontext(session)
        session.rollback()


def _import_one(begin: Begin, table: Table, run: _Run) -> Result:
    chunks = list(_chunks(table.rows))
    total = Result(rejects=list(table.rejects), warnings=list(table.warnings))
    manifest, done = None, 0
    for at, chunk in enumerate(chunks):
        with begin() as session:
            work = Work(session, run.settings, table, Result(), run.now, run.snapshot)
            _lock(session)
            if chunk.height:
                _STORES[table.kind.name](work, chunk)
            if at == len(chunks) - 1:
                _finish(work, run)
            manifest = _recorded(work, manifest, _sum(total, work.result), run)
            if at == len(chunks) - 1:
                _tell(work, manifest, run)
            _forget(session, work.result.earliest)
        total.include(work.result)
        done += chunk.height
        run.tick(table.name, done, table.rows.height)
    for notes in (total.rejects, total.warnings):
        notes.sort(key=lambda note: note.line or 0)
    return total


def _finish(work: Work, run: _Run) -> None:
    if work.table.kind.name == "payments":
        payments.finish(work)
    if run.snapshot and work.table is run.tables[-1]:
        snapshots.settle(work, run.snapshot, run.tables)


def _lock(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _forget(session: Session, day: date | None) -> None:
    """What was learned from the book up to a day that changed is no longer true."""
    from healthcheck.reviews.calibrations import forget_from

    if day is not None:
        forget_from(session, day)


def _sum(total: Result, part: Result) -> Result:
    both = Result()
    both.include(total)
    both.include(part)
    return both


def _recorded(work: Work, manifest: int | None, so_far: Result, run: _Run) -> int:
    """Write the file's manifest as of now; its id."""
    table = work.table
    row = work.session.get(Import, manifest) if manifest else None
    if row is None:
        row = Import(
            kind=table.kind.name, file=Path(table.name).name, sha256=table.sha256, at=run.now, snapshot=run.snapshot
        )
        row.latest, row.entities = _latest(table, run.now.date()), snapshots.entities([table])
    for name in ("read", "added", "updated", "unchanged", "rejected"):
        setattr(row, name, getattr(so_far, name))
    work.session.add(row)
    work.session.flush()
    return row.id or 0


def _tell(work: Work, manifest: int, run: _Run) -> None:
    row = work.session.get_one(Import, manifest)
    names = ("kind", "file", "sha256", "read", "added", "updated", "unchanged", "rejected")
    audit.note(work.session, "ledger.imported", run.now, detail={name: getattr(row, name) for name in names})


def _latest(table: Table, today: date) -> date | None:
    """The latest fact of the file: issue or payment, slips of the pen into the future apart."""
    named = {"invoices": ["issued", "paid"], "payments": ["paid"], "rates": ["on"]}.get(table.kind.name, [])
    days = [table.rows[name].filter(table.rows[name] <= today).max() for name in named if name in table.rows.columns]
    return max((day for day in days if isinstance(day, date)), default=None)


def _chunks(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Parts of about ``CHUNK`` rows that never tear an account apart; at least one, be it empty."""
    if rows.height <= CHUNK or "account" not in rows.columns:
        yield rows
        return
    ordered = rows.sort("entity", "account", "line")
    lengths = ordered.group_by("entity", "account", maintain_order=True).len()["len"]
    start = end = 0
    for length in lengths:
        if end > start and end - start + length > CHUNK:
            yield ordered.slice(start, end - start)
            start = end
        end += length
    yield ordered.slice(start)
