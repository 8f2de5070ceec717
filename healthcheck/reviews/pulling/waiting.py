"""What waits for a bureau, why, and until when: for the review itself, and for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from healthcheck.reviews.pulling.model import PENDING, PLANNED, RATE, UNCERTAIN, WHY, NotYet, Order
from healthcheck.reviews.pulling.settling import patience_with
from healthcheck.store.work import Pull


@dataclass(frozen=True)
class Waiting:
    """So many pulls of a bureau wait for the same reason, the first of them until ``until``."""

    bureau: str
    why: str
    pulls: int
    until: datetime

    def __str__(self) -> str:
        return f"{self.bureau}: {self.why} ({self.pulls}, from {self.until:%H:%M:%S} UTC)"


def what_waits(session: Session, month: str) -> list[Waiting]:
    """What of the month waits for a bureau, the soonest first."""
    first, number = func.min(Pull.next_try_at), func.count()
    of_month = (col(Pull.month) == month, col(Pull.state).in_((PLANNED, PENDING, UNCERTAIN)))
    query = select(col(Pull.bureau), col(Pull.waits), number, first).where(
        *of_month, col(Pull.next_try_at).is_not(None)
    )
    rows = session.execute(query.group_by(col(Pull.bureau), col(Pull.waits)).order_by(first, col(Pull.bureau)))
    return [Waiting(bureau, WHY.get(waits, waits), count, until) for bureau, waits, count, until in rows]


def patiently(order: Order, pull: Pull, now: datetime, act: Callable[[], str]) -> str:
    """Do ``act`` if the pull is due. Raises NotYet while it is worth waiting for; its state as it is, when no longer."""
    due = due_at(order, pull)
    try:
        if due and due > now:
            raise NotYet(why(pull), due, now)
        return act()
    except NotYet as wait:
        end = deadline(order, pull)
        if end is None:
            raise
        asked_at = wait.until - wait.left
        if asked_at >= end:
            return pull.state
        raise NotYet(str(wait), min(wait.until, end), asked_at) from None


def due_at(order: Order, pull: Pull) -> datetime | None:
    """When the pull is to be looked at again; a bureau's own wish counts up to the end of our patience."""
    end = deadline(order, pull)
    return min(pull.next_try_at, end) if pull.next_try_at and end else pull.next_try_at


def deadline(order: Order, pull: Pull) -> datetime | None:
    """When a review goes on without it; None: as long as the agreed rate takes."""
    return None if pull.waits == RATE else pull.intent_at + patience_with(order, pull.kind)


def why(pull: Pull) -> str:
    """Why a pull waits, for people."""
    return f"{pull.bureau}: {WHY.get(pull.waits, 'asked again later')}"
