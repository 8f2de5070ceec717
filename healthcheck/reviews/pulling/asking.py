"""From an order to the bureaus, in order of preference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import bindparam, exists, func, select
from sqlmodel import col

from healthcheck.bureaus import registry
from healthcheck.bureaus.base import Bureau, Subject
from healthcheck.errors import Fatal, UsageError
from healthcheck.reviews.linking import subject_of
from healthcheck.reviews.pulling import buying, gates, resuming, settling
from healthcheck.reviews.pulling.model import (
    CHARGED,
    INTENT,
    PENDING,
    PLANNED,
    REFUSED,
    STORED,
    UNCERTAIN,
    Order,
)
from healthcheck.reviews.pulling.outcomes import Outcome
from healthcheck.reviews.pulling.waiting import patiently
from healthcheck.store.books import Account
from healthcheck.store.events import Event
from healthcheck.store.session import read
from healthcheck.store.work import Pull, Report

_ACCOUNT = Account.__table__  # type: ignore[attr-defined]
_MINE: Final = col(Pull.account_id) == bindparam("key"), col(Pull.month) == bindparam("of")
_PULLS: Final = select(Pull).where(*_MINE).order_by(col(Pull.id))
_NEWEST: Final = select(func.max(col(Report.as_of))).where(
    col(Report.account_id) == bindparam("key"), col(Report.as_of) <= bindparam("day")
)
_NEWS: Final = select(func.max(col(Event.seen_on))).where(
    col(Event.account_id) == bindparam("key"), col(Event.seen_on) <= bindparam("day")
)
_ONE: Final = select(
    _ACCOUNT,
    _NEWEST.scalar_subquery().label("newest_report"),
    _NEWS.scalar_subquery().label("newest_event"),
    exists().where(*_MINE).label("was_asked"),
    gates.ANY.exists().label("any_gated"),
).where(_ACCOUNT.c.id == bindparam("key"))


@dataclass(frozen=True)
class Known:
    """What is known of an account before anybody is asked."""

    pulls: Sequence[Pull]
    newest: date | None  # as-of of the newest report
    news: date | None  # when a bureau last told of a change
    subject: Subject
    now: datetime
    gated: frozenset[str]  # bureaus that are not asked without leave: see ``gates``


def ask(order: Order) -> str:
    """What is at hand, what was begun, then the bureaus; see ``pulls.obtain``. Raises NotYet."""
    known = _known(order)
    states = {pull.state for pull in known.pulls}
    if INTENT in states:
        states = {_resumed(order, known, pull) if pull.state == INTENT else pull.state for pull in known.pulls}
    if STORED in states:
        return "stored"
    if _is_young(order, known):
        return "reused"
    if states & {PENDING, UNCERTAIN, CHARGED, INTENT}:
        return _begun(order, known)
    return _in_turn(order, known) if order.buy else "none"


def _known(order: Order) -> Known:
    """One statement, and two or three more where a bureau was asked before or is in trouble."""
    mine = {"key": order.account_id, "of": order.month, "day": order.as_of, **gates.since(order.now)}
    with read(order.engine) as session:
        row: Any = session.connection().execute(_ONE, mine).one()
        pulls = session.execute(_PULLS, mine).scalars().all() if row.was_asked else ()
        now = order.clock(session) if row.was_asked else order.now
        gated = gates.known(session, now) if row.was_asked or row.any_gated else frozenset[str]()
    return Known(pulls, row.newest_report, row.newest_event, subject_of(row), now, gated)


def _is_young(order: Order, known: Known) -> bool:
    """Whether the newest report can be used again: young enough, and nothing was told since."""
    if known.newest is None or (known.news is not None and known.news > known.newest):
        return False
    return (order.as_of - known.newest).days < order.settings.report_max_age_days


def _begun(order: Order, known: Known) -> str:
    """Something may have been paid for: wait for it as long as that is worth while, and buy nothing else unless nothing was."""
    states = {_resumed(order, known, pull) for pull in known.pulls}
    if states == {REFUSED} and order.buy:
        return _in_turn(order, known)
    ended = {STORED: "stored", PENDING: "pending"}
    return next((said for state, said in ended.items() if state in states), "uncertain")


def _resumed(order: Order, known: Known, pull: Pull) -> str:
    """The state of a pull after what can be done about it now. Raises NotYet."""
    bureau = _bureau(order, pull.bureau)
    if pull.state == PENDING and bureau:
        return patiently(order, pull, known.now, lambda: resuming.pending(order, bureau, pull))
    if pull.state == INTENT or (pull.state == UNCERTAIN and pull.next_try_at):
        if bureau is None:
            return settling.settle(order, pull, Outcome(UNCERTAIN, pull.kind, "the bureau is not known any more")).state
        return patiently(
            order, pull, known.now, lambda: resuming.unanswered(order, bureau, known.subject, pull, known.now)
        )
    return pull.state


def _bureau(order: Order, name: str) -> Bureau | None:
    """The adapter, also of a bureau that is not asked for new reports any more; None if there is none."""
    for bureau in order.bureaus or ():
        if bureau.name == name:
            return bureau
    try:
        return registry.load(name, order.settings)
    except (UsageError, Fatal):
        return None


def _in_turn(order: Order, known: Known) -> str:
    """Ask the bureaus in order of preference, until one has a report or may have been paid."""
    refused = {pull.bureau for pull in known.pulls if pull.state == REFUSED}
    planned = {pull.bureau: pull for pull in known.pulls if pull.state == PLANNED}
    answer = "refused" if refused else "none"
    for bureau in registry.configured(order.settings) if order.bureaus is None else order.bureaus:
        if bureau.name not in refused:
            answer = _one(order, known, bureau, planned.get(bureau.name)).lower()
            if answer != "refused":
                break
    return answer


def _one(order: Order, known: Known, bureau: Bureau, planned: Pull | None) -> str:
    pull = planned or buying.begin(order, bureau)
    if planned is None and bureau.name not in known.gated and buying.is_free(bureau):
        return buying.call(order, bureau, known.subject, pull, buying.leaves_by())
    return patiently(order, pull, known.now, lambda: buying.buy(order, bureau, known.subject, pull))
