"""What holds a month back until a person has looked: a ledger that is old, or that lost much of itself between two snapshots."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from healthcheck.ledger import freshness
from healthcheck.months import Month
from healthcheck.reports import digests
from healthcheck.reviews import schedule
from healthcheck.settings import Settings
from healthcheck.store import audit
from healthcheck.store.books import Import
from healthcheck.store.session import read, write
from healthcheck.store.work import Message


def why(engine: Engine, as_of: date, settings: Settings) -> str:
    """Why a month should not be judged as of ``as_of`` on this ledger; empty where nothing is wrong with it."""
    with read(engine) as session:
        newest = freshness.latest(session, as_of)
        return freshness.warning(newest, as_of, settings.ledger_max_age_days) or _shrunk(session, as_of, settings)


def hold(engine: Engine, month: Month, as_of: date, reason: str, settings: Settings, now: datetime) -> bool:
    """Record that the month waits, and why; the credit team is written to once. False if a person has accepted the ledger as it is,
    or the month has begun."""
    with write(engine) as session:
        row = schedule.row_of(session, month, as_of, now)
        if row.state != schedule.DUE or row.accepted_at is not None:
            return False
        if row.held != reason:
            row.held = reason
            audit.note(session, "month.held", now, month=str(month), detail={"why": reason})
        told = select(Message.id).where(Message.kind == "held", Message.month == str(month)).limit(1)
        if session.exec(told).first() is None:
            session.add_all(digests.compose_held(month, reason, settings, now))
    return True


def accept(engine: Engine, month: Month, as_of: date, by: str, now: datetime) -> None:
    """A person says: judge this month on the ledger as it is."""
    with write(engine) as session:
        row = schedule.row_of(session, month, as_of, now)
        if row.state == schedule.DUE and row.accepted_at is None:
            row.accepted_at, row.held = now, ""
            audit.note(session, "month.accepted", now, by=by, month=str(month))


def _shrunk(session: Session, as_of: date, settings: Settings) -> str:
    """Compares the two newest snapshots of the same entities."""
    query = (
        select(Import)
        .where(Import.kind == "invoices", col(Import.snapshot) <= as_of)
        .order_by(col(Import.snapshot).desc(), col(Import.at).desc())
    )
    snapshots = session.exec(query).all()
    last = snapshots[0] if snapshots else None
    before = next(
        (one for one in snapshots[1:] if last and one.entities == last.entities and one.snapshot != last.snapshot), None
    )
    if last is None or before is None or last.read >= before.read * (1 - settings.ledger_max_shrink):
        return ""
    return (
        f"The open items of {last.snapshot} are {last.read:,} rows, those of {before.snapshot} were {before.read:,}: "
        "what is missing would count as paid."
    )
