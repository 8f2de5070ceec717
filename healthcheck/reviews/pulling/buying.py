"""Asking a bureau: INTENT is committed, with its price and its slot, before the request leaves."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert, update
from sqlmodel import Session

from healthcheck.bureaus.base import Bureau, Subject
from healthcheck.bureaus.network import leaving_by
from healthcheck.elapsed import seconds
from healthcheck.money import to_minor
from healthcheck.reviews import leases
from healthcheck.reviews.pulling import budget, gates, settling
from healthcheck.reviews.pulling.model import INTENT, PLANNED, RATE, REFUSED, WHY, NotYet, Order, become, tell
from healthcheck.reviews.pulling.outcomes import of_answer, of_order
from healthcheck.reviews.pulling.settling import Settled
from healthcheck.store.session import write
from healthcheck.store.work import Pull

_PULL = Pull.__table__  # type: ignore[attr-defined]
_ADD: Final = insert(_PULL).returning(_PULL.c.id)
_CHANGE: Final = update(_PULL).where(_PULL.c.id == bindparam("which"))


def buy(order: Order, bureau: Bureau, subject: Subject, pull: Pull) -> str:
    """Ask the bureau for a report by a new pull (``begin``) or a planned one; the state it ends in.

    Raises NotYet where it has to wait.
    """
    latest = leaves_by()
    now = _intend(order, bureau, pull)
    if pull.state == PLANNED and pull.next_try_at:
        raise NotYet(f"{pull.bureau}: {WHY[pull.waits]}", pull.next_try_at, now)
    return pull.state if pull.state == REFUSED else call(order, bureau, subject, pull, latest)


def leaves_by() -> float:
    """The last moment for a request of which INTENT is committed next: well before anybody can take the review over and look it up."""
    return seconds() + leases.LEASE_SECONDS / 2


def call(order: Order, bureau: Bureau, subject: Subject, pull: Pull, latest: float, repeated: bool = False) -> str:
    """Place the order under the pull's key, and settle the pull by the answer. Raises NotYet where it is to be tried again.

    ``latest``: when it must have left, see ``leaves_by``; ``repeated``: it was placed before, and may have been charged.
    """
    try:
        with leaving_by(latest):
            outcome = of_answer(bureau.order(subject, order.as_of, pull.key))
    except Exception as error:
        outcome = of_order(error, bureau, pull.cost > 0, repeated)
    return state_of(settling.settle(order, pull, outcome))


def is_free(bureau: Bureau) -> bool:
    """Whether asking twice does no harm: no price, no rate. No INTENT need be committed then before the request leaves."""
    return not bureau.cost() and gates.rate_of(bureau) is None


def state_of(settled: Settled) -> str:
    """The state, or NotYet where the answer is worth waiting for."""
    if settled.until and settled.now:
        raise NotYet(settled.note or settled.state.lower(), settled.until, settled.now)
    return settled.state


def begin(order: Order, bureau: Bureau, attempt: int = 1) -> Pull:
    """A pull that is in no table yet."""
    return Pull(
        account_id=order.account_id, bureau=bureau.name, month=order.month, attempt=attempt, key=uuid.uuid4().hex,
        state=PLANNED, intent_at=order.now,
    )  # fmt: skip


def _intend(order: Order, bureau: Bureau, pull: Pull) -> datetime:
    """Commit what we are about to do: INTENT with its price taken, or PLANNED until there is leave, or REFUSED. The time."""
    cost = to_minor(bureau.cost(), order.settings.currency)
    with write(order.engine) as session:
        if order.guard:
            order.guard(session)
        now = order.clock(session)
        values = _decided(session, order, bureau, pull, cost, now)
        _save(session, pull, values)
        if pull.state == INTENT:
            tell(session, pull, "pull.intent", order.now)
        elif pull.state == REFUSED:
            tell(session, pull, "pull.refused", order.now)
    return now


def _decided(session: Session, order: Order, bureau: Bureau, pull: Pull, cost: int, now: datetime) -> dict[str, Any]:
    """The pull's new values."""
    began = now if pull.id is None or (pull.waits == RATE and not pull.kind) else pull.intent_at
    values: dict[str, Any] = {"state": REFUSED, "cost": 0, "waits": "", "next_try_at": None, "intent_at": began}
    refused = budget.take(session, order.settings, pull.month, cost)
    if refused:
        return values | {"kind": "budget", "note": refused, "settled_at": now}
    gate = gates.enter(session, order, bureau, pull, now)
    if not gate.refused and not gate.until:
        return values | {"state": INTENT, "cost": cost, "waits": gate.waits}
    budget.give_back(session, pull.month, cost)
    if gate.refused:
        return values | {"kind": "barred", "note": gate.refused, "settled_at": now}
    if gate.waits != RATE and now - began >= order.patience:
        note = settling.out_of_patience(order.patience, pull.note or WHY[gate.waits])
        return values | {"kind": "late", "note": note, "settled_at": now}
    return values | {"state": PLANNED, "waits": gate.waits, "next_try_at": gate.until}


def _save(session: Session, pull: Pull, values: dict[str, Any]) -> None:
    become(pull, values)
    connection = session.connection()
    if pull.id is None:
        row = pull.model_dump(exclude={"id"})
        pull.id = connection.execute(_ADD, row).scalar_one()
    else:
        connection.execute(_CHANGE, {**values, "which": pull.id})
