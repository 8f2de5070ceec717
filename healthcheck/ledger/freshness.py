"""How far the ledger reaches. What was paid after its last fact is not known, and reads as late."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import func
from sqlmodel import Session, col, select

from healthcheck.store.books import Invoice, Payment

STALE_DAYS: Final = 14


def latest(session: Session, as_of: date) -> date | None:
    """The date of the newest invoice or payment known on ``as_of``; None: the ledger is empty."""
    issued = session.exec(select(func.max(Invoice.issued)).where(col(Invoice.issued) <= as_of)).one()
    settled = session.exec(select(func.max(Invoice.paid)).where(col(Invoice.paid) <= as_of)).one()
    paid = session.exec(select(func.max(Payment.paid)).where(col(Payment.paid) <= as_of)).one()
    return max((day for day in (issued, settled, paid) if day), default=None)


def warning(newest: date | None, as_of: date, most: int = STALE_DAYS) -> str:
    """What to say of a ledger that ends more than ``most`` days before the date it is judged by; empty if it does not."""
    if newest is None or (as_of - newest).days <= most:
        return ""
    days = (as_of - newest).days
    return (
        f"The ledger ends on {newest}, {days} days before {as_of}: what was paid since is not known and reads as late."
    )
