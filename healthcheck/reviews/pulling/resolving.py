"""What people decide about pulls, and what is settled without a review: the end of a month, and what arrives after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from healthcheck.bureaus import registry
from healthcheck.errors import Fatal, UsageError
from healthcheck.reviews import leases
from healthcheck.reviews.linking import subject_of
from healthcheck.reviews.pulling import budget, buying, resuming, settling
from healthcheck.reviews.pulling.model import (
    ANSWER,
    CHARGED,
    INTENT,
    PENDING,
    PLANNED,
    REFUSED,
    UNCERTAIN,
    NotYet,
    Order,
    tell,
)
from healthcheck.reviews.pulling.outcomes import Outcome
from healthcheck.settings import Settings
from healthcheck.store.books import Account
from healthcheck.store.session import read, write
from healthcheck.store.work import Month, Pull

LOST_AFTER: Final = timedelta(days=1)
LOOKS_FOR: Final = timedelta(days=7)  # so long after it was asked a bureau is asked what became of it


def resolve(engine: Engine, pull_id: int, verdict: str, now: datetime, by: str = "") -> Pull:
    """A person says what became of a doubtful pull: ``CHARGED`` (the price counts) or ``REFUSED`` (it does not)."""
    with write(engine) as session:
        pull = session.exec(select(Pull).where(Pull.id == pull_id).with_for_update()).first()
        if pull is None:
            raise UsageError(f"there is no pull {pull_id}; see: healthcheck pulls list")
        if pull.state == PLANNED:
            raise UsageError(f"pull {pull_id} has not been asked for yet: nothing can have been charged")
        if pull.state not in (UNCERTAIN, INTENT, PENDING):
            raise UsageError(f"pull {pull_id} is settled already: {pull.state}")
        tell(session, pull, "pull.resolved", now, verdict=verdict, by=by)
        if verdict == REFUSED:
            budget.give_back(session, pull.month, pull.cost)
            pull.cost = 0
        pull.state, pull.settled_at, pull.note = verdict, now, f"{pull.note}; resolved by a person".lstrip("; ")
        pull.next_try_at, pull.waits = None, ""
        session.add(pull)
    return pull


def buy_again(engine: Engine, pull_id: int, settings: Settings, now: datetime, by: str = "") -> Pull:
    """Count a doubtful pull as charged and buy the report once more, as of today, from this month's budget."""
    old = resolve(engine, pull_id, CHARGED, now, by)
    today = settings.business_day(now)
    order = Order(engine, settings, old.account_id, f"{today:%Y-%m}", today, now)
    attempts = [pull.attempt for pull in _of_account(order, old.bureau)]
    with read(engine) as session:
        subject = subject_of(session.get_one(Account, old.account_id))
    try:
        bureau = registry.load(old.bureau, settings)
        buying.buy(order, bureau, subject, buying.begin(order, bureau, max(attempts, default=0) + 1))
    except NotYet as wait:
        _call_off(order, old.bureau, f"not now: {wait}; try again later")
    return _of_account(order, old.bureau)[-1]


def give_up(session: Session, month: str, now: datetime) -> None:
    """What is still without an answer when a month closes is uncertain; what was never asked is not asked any more."""
    left = select(Pull).where(Pull.month == month, col(Pull.state).in_((INTENT, PLANNED)))
    for pull in session.exec(left).all():
        was_asked = pull.state == INTENT
        pull.state = UNCERTAIN if was_asked else REFUSED
        pull.note = pull.note or ("no answer was stored" if was_asked else "not asked before the month closed")
        pull.next_try_at, pull.waits, pull.settled_at = (now, ANSWER, now) if was_asked else (None, "", now)
        session.add(pull)
        tell(session, pull, "pull.uncertain" if was_asked else "pull.refused", now)


def reconcile(engine: Engine, settings: Settings, now: datetime, clock: leases.Clock = leases.clock) -> int:
    """Collect what was ordered and look up what is in doubt, where it is due and no open month waits for it; how many were settled.

    Never buys anything. A report that comes so late is known from today on.
    """
    return sum(_reconciled(_order(engine, settings, pull, now, clock), pull) for pull in _left_over(engine, clock))


def _left_over(engine: Engine, clock: leases.Clock) -> Sequence[Pull]:
    """Due pulls of closed months, or of none; and those whose answer nobody has seen for a day."""
    closed = select(Month.month).where(col(Month.state).in_(("closed", "skipped")))
    known = select(Month.month)
    with read(engine) as session:
        time = clock(session)
        due = col(Pull.state).in_((PENDING, UNCERTAIN)) & (col(Pull.next_try_at) <= time)
        lost = (col(Pull.state) == INTENT) & (col(Pull.intent_at) < time - LOST_AFTER)
        mine = col(Pull.month).in_(closed) | col(Pull.month).not_in(known)
        return session.exec(select(Pull).where(due | lost, mine).order_by(col(Pull.id))).all()


def _reconciled(order: Order, pull: Pull) -> bool:
    try:
        bureau = registry.load(pull.bureau, order.settings)
    except (UsageError, Fatal):
        return False
    with read(order.engine) as session:
        subject, time = subject_of(session.get_one(Account, pull.account_id)), order.clock(session)
    if pull.state == INTENT:
        return settling.settle(order, pull, Outcome(UNCERTAIN, "", "no answer was stored", again=True)).state != INTENT
    if pull.state == UNCERTAIN and (bureau.idempotency != "lookup" or time - pull.intent_at > LOOKS_FOR):
        _stop_asking(order.engine, pull)
        return False
    try:
        if pull.state == PENDING:
            return resuming.pending(order, bureau, pull) != PENDING
        found = resuming.asked(bureau, subject, pull)
        outcome = found or Outcome(REFUSED, "not_found", "the bureau knows of no such order")
        return buying.state_of(settling.settle(order, pull, outcome)) != UNCERTAIN
    except NotYet:
        return False


def _order(engine: Engine, settings: Settings, pull: Pull, now: datetime, clock: leases.Clock) -> Order:
    """An order to settle a pull by, outside a review: what it brings is known from today on."""
    return Order(engine, settings, pull.account_id, pull.month, settings.business_day(now), now, clock=clock)


def _stop_asking(engine: Engine, pull: Pull) -> None:
    with write(engine) as session:
        mine = (col(Pull.id) == pull.id, col(Pull.state) == UNCERTAIN)
        session.execute(update(Pull).where(*mine).values(next_try_at=None, waits=""))


def _call_off(order: Order, bureau: str, note: str) -> None:
    """Nobody would come back to what a person wanted now."""
    pull = _of_account(order, bureau)[-1]
    if pull.state == PLANNED:
        settling.settle(order, pull, Outcome(REFUSED, pull.kind, note))


def _of_account(order: Order, bureau: str) -> Sequence[Pull]:
    mine = (Pull.account_id == order.account_id, Pull.month == order.month, Pull.bureau == bureau)
    with read(order.engine) as session:
        return session.exec(select(Pull).where(*mine).order_by(col(Pull.attempt))).all()
