"""Paid requests for reports: never bought twice, never beyond the budget, never in silence.

    age rule → PLANNED (waits) → INTENT (committed, price reserved) → the call → STORED | REFUSED | PENDING | UNCERTAIN | PLANNED

INTENT is committed before the request leaves. Whoever finds an INTENT without an answer repeats the call only where the bureau
promises that this costs nothing, or says that it knows of no such order; else it is UNCERTAIN: "may have been charged", never bought
again until a person says so. PENDING was paid and is collected when it is ready. This is the door; the rest is in ``pulling``.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import func
from sqlmodel import Session, col, select

from healthcheck.money import plain
from healthcheck.reviews.pulling.asking import ask
from healthcheck.reviews.pulling.budget import spent_in
from healthcheck.reviews.pulling.model import (
    CHARGED,
    INTENT,
    PENDING,
    PLANNED,
    REFUSED,
    SPENT,
    STORED,
    UNCERTAIN,
    NotYet,
    Order,
)
from healthcheck.reviews.pulling.resolving import buy_again, give_up, reconcile, resolve
from healthcheck.reviews.pulling.waiting import Waiting, what_waits
from healthcheck.store.books import Account
from healthcheck.store.work import Pull

SLEEPS_SECONDS: Final = 2.0  # shorter waits are slept through
__all__ = [
    "CHARGED", "INTENT", "PENDING", "PLANNED", "REFUSED", "SPENT", "STORED", "UNCERTAIN", "NotYet", "Order", "Waiting", "as_price",
    "buy_again", "give_up", "listed", "obtain", "reconcile", "resolve", "spent_in", "totals", "what_waits", "why_none",
]  # fmt: skip


def obtain(order: Order) -> str:
    """See to it that there is a report to judge by: ``stored`` (bought for this month), ``reused`` (young enough), ``refused``,
    ``uncertain``, ``pending`` (paid, and still not ready) or ``none`` (nobody to ask).

    Raises NotYet when that takes longer than a moment: ask again at its ``until``.
    """
    while True:
        try:
            return ask(order)
        except NotYet as wait:
            if wait.left.total_seconds() > SLEEPS_SECONDS:
                raise
            order.sleep(wait.left.total_seconds())


def totals(session: Session, month: str, reused: int, currency: str) -> dict[str, Any]:
    """Counts by state and the cost of a month, doubtful pulls in full; ``cost`` is an amount as text.

    ``uncertain`` is all that may have been paid and has brought nothing yet.
    """
    rows = session.exec(select(Pull.state, func.count()).where(Pull.month == month).group_by(col(Pull.state))).all()
    count = dict(rows)
    return {
        "stored": count.get(STORED, 0),
        "reused": reused,
        "refused": count.get(REFUSED, 0),
        "uncertain": sum(count.get(state, 0) for state in (UNCERTAIN, INTENT, PENDING)),
        "cost": plain(spent_in(session, month), currency),
    }


def why_none(session: Session, account_id: int, month: str) -> str:
    """Why the month's pulls of the account brought no report, bureau by bureau; empty where nobody was asked."""
    mine = (col(Pull.account_id) == account_id, col(Pull.month) == month, col(Pull.state) != STORED)
    rows = session.exec(select(Pull).where(*mine).order_by(col(Pull.id))).all()
    return "; ".join(_said(pull) for pull in {pull.bureau: pull for pull in rows}.values())


def _said(pull: Pull) -> str:
    """``creditsafe: answered 500; it may have been charged: healthcheck pulls resolve 118``."""
    what = pull.note.removeprefix(f"{pull.bureau}: ")
    if pull.state == PENDING:
        what = "ordered, and not ready yet"
    elif pull.state in (UNCERTAIN, INTENT):
        what = f"{what or 'no answer'}; it may have been charged: healthcheck pulls resolve {pull.id}"
    return f"{pull.bureau}: {what or pull.state.lower()}"


def as_price(pull: Pull, currency: str) -> str:
    """The pull's price for machines."""
    return plain(pull.cost, currency)


def listed(session: Session, currency: str, month: str | None, state: str | None) -> list[dict[str, Any]]:
    """Pulls as plain values with their accounts, newest month first; of one month or state if given."""
    query = select(Pull, Account).join(Account, col(Account.id) == col(Pull.account_id))
    if month:
        query = query.where(Pull.month == month)
    if state:
        query = query.where(Pull.state == state)
    rows = session.exec(query.order_by(col(Pull.month).desc(), col(Pull.id))).all()
    return [
        {
            "id": pull.id, "month": pull.month, "account": account.account, "entity": account.entity, "name": account.name,
            "bureau": pull.bureau, "state": pull.state, "cost": as_price(pull, currency), "note": pull.note,
            "intent_at": pull.intent_at.isoformat(), "next_try_at": pull.next_try_at.isoformat() if pull.next_try_at else None,
        }
        for pull, account in rows
    ]  # fmt: skip
