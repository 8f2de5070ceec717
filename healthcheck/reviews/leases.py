"""Claiming reviews: a lease with a heartbeat, and a token that every result must name.

Time is the database's, never this machine's, so two machines with different clocks agree on which lease is over. A worker that was
stopped for longer than its lease finds its token gone and cannot write.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, CursorResult, Engine, and_, bindparam, func, or_, update
from sqlalchemy import select as sql_select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from healthcheck.store.session import read, write
from healthcheck.store.work import Review

_REVIEW = Review.__table__  # type: ignore[attr-defined]
_MINE = update(_REVIEW).where(
    _REVIEW.c.id == bindparam("which"), _REVIEW.c.token == bindparam("mine"), _REVIEW.c.state == "claimed"
)
_TIME = sql_select(func.clock_timestamp())
Clock = Callable[[Session], datetime]
LEASE_SECONDS = 30.0
ATTEMPTS: Final = 3  # errors after which a review is failed
DEATHS: Final = 10  # workers that may die of it


class LeaseLost(Exception):
    """Somebody else has taken this review over (or settled it): nothing may be written."""


@dataclass(frozen=True)
class Claim:
    """One review in hand."""

    review_id: int
    account_id: int
    reason: str
    attempts: int
    errors: int


@dataclass(frozen=True)
class Open:
    """What is left of a month: reviews that can be claimed now (fresh, or tried before), and those in other hands or waiting."""

    fresh: tuple[int, ...]
    tried: tuple[int, ...]
    held: int

    @property
    def total(self) -> int:
        return len(self.fresh) + len(self.tried) + self.held


def clock(session: Session) -> datetime:
    """The database's time."""
    if session.get_bind().dialect.name == "sqlite":
        text = session.connection().exec_driver_sql("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')").scalar_one()
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    time: datetime = session.connection().execute(_TIME).scalar_one()
    return time


def still_open(engine: Engine, month_id: int) -> Open:
    """What of the month is not settled."""
    with read(engine) as session:
        free = _free(clock(session))
        query = select(Review.id, Review.attempts, free).where(
            Review.month_id == month_id, col(Review.state).in_(("waiting", "claimed"))
        )
        rows = session.exec(query.order_by(col(Review.id))).all()
    due = [(key, attempts) for key, attempts, is_free in rows if is_free and key is not None]
    fresh = tuple(key for key, attempts in due if not attempts)
    return Open(fresh, tuple(key for key, attempts in due if attempts), len(rows) - len(due))


def claim(engine: Engine, review_ids: Sequence[int], token: str) -> list[Claim]:
    """Take what is free of these reviews. Those that too many workers have died of are failed instead."""
    with write(engine) as session:
        time = clock(session)
        query = select(Review).where(col(Review.id).in_(review_ids), _free(time)).order_by(col(Review.id))
        rows = session.exec(query.with_for_update(skip_locked=True)).all()
        for row in rows:
            _take(row, token, time)
        return [_claim(row) for row in rows if row.state == "claimed"]


def held(session: Session, review_ids: Sequence[int], token: str) -> set[int]:
    """Which of these reviews are still claimed under the token; nobody else can take them until the transaction ends."""
    mine = (_REVIEW.c.id.in_(review_ids), _REVIEW.c.token == token, _REVIEW.c.state == "claimed")
    query = sql_select(_REVIEW.c.id).where(*mine).order_by(_REVIEW.c.id).with_for_update()
    return set(session.connection().execute(query).scalars())


def hold(session: Session, claim: Claim, token: str, values: dict[str, Any] | None = None) -> None:
    """Change the claimed review inside the caller's transaction, or raise LeaseLost and so undo the whole of it."""
    mine = {"which": claim.review_id, "mine": token}
    done = session.connection().execute(_MINE, {**mine, **(values or {"token": token})})
    if not isinstance(done, CursorResult) or done.rowcount != 1:
        raise LeaseLost(f"review {claim.review_id}")


def give_back(engine: Engine, claim: Claim, token: str, error: str) -> None:
    """Note why it could not be done: it waits for another attempt, or is failed after ``ATTEMPTS`` errors."""
    errors = claim.errors + 1
    state = "failed" if errors >= ATTEMPTS else "waiting"
    values = {"state": state, "errors": errors, "error": error, "token": None, "lease_until": None}
    with write(engine) as session:
        hold(session, claim, token, values)


def postpone(engine: Engine, claim: Claim, token: str, until: datetime) -> None:
    """Give the review back uncounted: it waits for something, and nobody need look at it before ``until`` (the database's time)."""
    values = {"state": "waiting", "token": None, "lease_until": until, "attempts": claim.attempts - 1}
    with write(engine) as session:
        hold(session, claim, token, values)


def drop(engine: Engine, token: str) -> None:
    """Give back everything held under the token, uncounted: this process was asked to stop."""
    with write(engine) as session:
        session.execute(
            update(Review)
            .where(col(Review.token) == token, col(Review.state) == "claimed")
            .values(state="waiting", token=None, lease_until=None, attempts=Review.attempts - 1)
        )


@contextmanager
def heartbeat(engine: Engine, token: str) -> Iterator[None]:
    """Prolong the leases under ``token`` while the block runs."""
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(engine, token, over), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(engine: Engine, token: str, over: threading.Event) -> None:
    while not over.wait(LEASE_SECONDS / 3):
        with suppress(SQLAlchemyError), write(engine) as session:  # the next beat tries again
            until = clock(session) + timedelta(seconds=LEASE_SECONDS)
            mine = (_REVIEW.c.token == token, _REVIEW.c.state == "claimed")
            # what is being stored at this moment needs no prolonging, and waiting for it in another order would be a deadlock
            rows = sql_select(_REVIEW.c.id).where(*mine).with_for_update(skip_locked=True)
            session.connection().execute(update(_REVIEW).where(_REVIEW.c.id.in_(rows)).values(lease_until=until))


def _free(time: datetime) -> ColumnElement[bool]:
    dead = and_(col(Review.state) == "claimed", col(Review.lease_until) < time)
    due = or_(col(Review.lease_until).is_(None), col(Review.lease_until) <= time)
    return or_(and_(col(Review.state) == "waiting", due), dead)


def _take(row: Review, token: str, time: datetime) -> None:
    if row.attempts - row.errors >= DEATHS:
        row.state, row.token, row.lease_until = "failed", None, None
        row.error = row.error or f"{DEATHS} workers died of it"
        return
    row.state, row.token, row.lease_until = "claimed", token, time + timedelta(seconds=LEASE_SECONDS)
    row.attempts += 1


def _claim(row: Review) -> Claim:
    return Claim(row.id or 0, row.account_id, row.reason, row.attempts, row.errors)
