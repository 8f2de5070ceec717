"""What to do about a pull that was begun before: ask again, ask what became of it, collect it, or leave it to a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CursorResult, update

from healthcheck.bureaus.base import Bureau, Subject
from healthcheck.reviews.pulling import buying, settling
from healthcheck.reviews.pulling.buying import state_of
from healthcheck.reviews.pulling.model import INTENT, UNCERTAIN, Order
from healthcheck.reviews.pulling.outcomes import SAFE_TO_REPEAT, Outcome, of_answer, of_collecting, of_look_up
from healthcheck.store.session import write
from healthcheck.store.work import Pull

KEY_HOURS: Final = 24.0  # so long a bureau remembers our key, unless its adapter says otherwise
_PULL = Pull.__table__  # type: ignore[attr-defined]


def unanswered(order: Order, bureau: Bureau, subject: Subject, pull: Pull, now: datetime) -> str:
    """A call whose answer nobody has seen (INTENT, or UNCERTAIN and worth another question); the state it ends in.

    Repeated only where the bureau promises that this costs nothing, or says itself that it knows of no such order. Raises NotYet.
    """
    if not pull.cost or _may_repeat(bureau, pull, now):
        return _again(order, bureau, subject, pull, in_doubt=True)
    if bureau.idempotency == "lookup":
        return _look(order, bureau, subject, pull)
    return _in_doubt(order, pull, "stopped before the answer was stored")


def pending(order: Order, bureau: Bureau, pull: Pull) -> str:
    """Collect what was ordered. Raises NotYet."""
    return state_of(settling.settle(order, pull, _collected(bureau, pull)))


def asked(bureau: Bureau, subject: Subject, pull: Pull) -> Outcome | None:
    """What the bureau says became of the order; None: it knows of none."""
    try:
        found = bureau.look_up(subject, pull.key)
    except Exception as error:
        return of_look_up(error)
    return None if found is None else of_answer(found)


def _look(order: Order, bureau: Bureau, subject: Subject, pull: Pull) -> str:
    outcome = asked(bureau, subject, pull)
    if outcome is None:
        return _again(order, bureau, subject, pull, in_doubt=False)
    return state_of(settling.settle(order, pull, outcome))


def _again(order: Order, bureau: Bureau, subject: Subject, pull: Pull, in_doubt: bool) -> str:
    """Place the very same order once more, if we still may."""
    latest = buying.leaves_by()
    with write(order.engine) as session:
        if order.guard:
            order.guard(session)
        mine = (_PULL.c.id == pull.id, _PULL.c.state == pull.state)
        done = session.connection().execute(update(_PULL).where(*mine).values(state=INTENT, next_try_at=None, waits=""))
    if not isinstance(done, CursorResult) or done.rowcount != 1:
        return pull.state
    pull.state = INTENT
    return buying.call(order, bureau, subject, pull, latest, in_doubt)


def _may_repeat(bureau: Bureau, pull: Pull, now: datetime) -> bool:
    if bureau.idempotency not in SAFE_TO_REPEAT:
        return False
    keeps = timedelta(hours=getattr(bureau, "key_hours", KEY_HOURS))
    return bureau.idempotency == "reread" or now - pull.intent_at < keeps


def _in_doubt(order: Order, pull: Pull, note: str) -> str:
    return settling.settle(order, pull, Outcome(UNCERTAIN, pull.kind, pull.note or note)).state


def _collected(bureau: Bureau, pull: Pull) -> Outcome:
    try:
        return of_answer(bureau.collect(pull.order_token or ""))
    except Exception as error:
        return of_collecting(error)
