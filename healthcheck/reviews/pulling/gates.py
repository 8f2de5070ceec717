"""Whether a bureau may be asked now: its rate, what it asked for itself, and whether it answers at all.

One row a bureau, ``RateLimit.free_at``, says when it may be asked again. Each INTENT of a bureau with a rate takes the next slot
(``free_at = max(free_at, now) + interval``); a Retry-After pushes it; so does silence: after five answers in a row that did not come, one
pull in five minutes tries whether the bureau is back, and the others wait. A bureau without a rate that was never in trouble has no row.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, bindparam, select, update
from sqlmodel import Session, col

from healthcheck.bureaus.base import Bureau
from healthcheck.reviews.pulling.model import PLANNED, PROBE, RATE, SILENT, THROTTLED, Order
from healthcheck.store.operations import RateLimit
from healthcheck.store.rows import add_if_missing
from healthcheck.store.work import Pull

log = logging.getLogger(__name__)
FAILURES: Final = 5  # in a row, and the bureau is taken for silent
PROBE_EVERY: Final = timedelta(minutes=5)
SLOT_KEEPS: Final = timedelta(seconds=30)  # a slot not used by then is lost
FAILED: Final = ("doubtful", "unreachable")
BARRED: Final = ("auth", "fatal")  # not asked again in this run
UNASKED: Final = ("", "budget", "barred", "late")  # kinds of pulls that no bureau answered
_RATE = RateLimit.__table__  # type: ignore[attr-defined]
_LOCK: Final = select(_RATE.c.free_at).where(_RATE.c.bureau == bindparam("which")).with_for_update()
ANY: Final = select(_RATE.c.bureau).where(_RATE.c.free_at > bindparam("since"))


@dataclass(frozen=True)
class Gate:
    """Go on (``waits`` is PROBE for the one that tries), wait for ``waits`` until ``until``, or do not ask: ``refused`` says why."""

    until: datetime | None = None
    waits: str = ""
    refused: str = ""


def enter(session: Session, order: Order, bureau: Bureau, pull: Pull, now: datetime) -> Gate:
    """Ask for leave to ask. Takes a slot where there is a rate; what comes back to its slot does not take another."""
    rate = rate_of(bureau)
    free_at = _free_at(session, bureau.name)
    if free_at is None:
        if rate is None:
            return Gate()
        add_if_missing(session, _RATE, bureau=bureau.name, free_at=now)
        free_at = _free_at(session, bureau.name) or now
    recent = _recent(session, bureau.name)
    barred = _barred(recent, order)
    if barred:
        return Gate(refused=f"not asked again in this run: {barred[0].note}")
    if _is_silent(recent):
        return _try_one(session, bureau.name, free_at, now)
    if rate is None:
        return Gate(free_at, THROTTLED) if free_at > now else Gate()
    if pull.waits == RATE and pull.next_try_at and now - pull.next_try_at <= SLOT_KEEPS:
        return Gate()
    slot = max(free_at, now)
    _set(session, bureau.name, slot + timedelta(minutes=1 / rate))
    return Gate(slot, RATE) if slot > now else Gate()


def slot(session: Session, bureau: Bureau, now: datetime, longest: timedelta) -> datetime:
    """When a free call that no pull stands behind may leave; takes that slot, unless it lies further off than ``longest``."""
    rate, free_at = rate_of(bureau), _free_at(session, bureau.name)
    if free_at is None and rate:
        add_if_missing(session, _RATE, bureau=bureau.name, free_at=now)
        free_at = _free_at(session, bureau.name)
    when = max(free_at or now, now)
    if rate and when - now <= longest:
        _set(session, bureau.name, when + timedelta(minutes=1 / rate))
    return when


def pause(session: Session, bureau: str, until: datetime, now: datetime) -> None:
    """The bureau asked for a pause of a call that no pull stands behind: nobody asks before ``until``."""
    _push(session, bureau, until, THROTTLED, now)


def known(session: Session, now: datetime) -> frozenset[str]:
    """The bureaus that were in trouble since yesterday, or have a rate and were asked."""
    return frozenset(session.connection().execute(ANY, since(now)).scalars())


def since(now: datetime) -> dict[str, datetime]:
    """What ``ANY`` is to be asked with."""
    return {"since": now - timedelta(days=1)}


def rate_of(bureau: Bureau) -> float | None:
    """Requests a minute that the bureau allows, where its adapter says so."""
    declared = getattr(bureau, "rate_limit", None)
    rate = declared() if callable(declared) else None
    return rate if rate and rate > 0 else None


def answered(session: Session, order: Order, pull: Pull, kind: str, until: datetime | None, now: datetime) -> None:
    """What an answer means for those who want to ask next. Call it after the pull's own row is written.

    ``until``: what a bureau that was asked too often said.
    """
    if kind in FAILED and _is_silent(_recent(session, pull.bureau)):
        _push(session, pull.bureau, now + PROBE_EVERY, SILENT, now)
    elif kind == "throttled" and until:
        _push(session, pull.bureau, until, THROTTLED, now)
    elif kind in BARRED:
        _bar(session, order, pull.bureau, now)
    elif pull.waits == PROBE and kind not in FAILED:
        _set(session, pull.bureau, now)


def _barred(recent: list[Row[Any]], order: Order) -> list[Row[Any]]:
    """The answers of this run that say a person has to mend something first."""
    return [row for row in recent if row.kind in BARRED and row.settled_at >= order.now]


def _bar(session: Session, order: Order, bureau: str, now: datetime) -> None:
    add_if_missing(session, _RATE, bureau=bureau, free_at=now)
    barred = _barred(_recent(session, bureau), order)
    if len(barred) == 1:
        log.error("%s is not asked again in this run, reviews go on without its reports: %s", bureau, barred[0].note)


def _try_one(session: Session, bureau: str, free_at: datetime, now: datetime) -> Gate:
    if free_at > now:
        return Gate(free_at, SILENT)
    _set(session, bureau, now + PROBE_EVERY)
    return Gate(waits=PROBE)


def _is_silent(recent: list[Row[Any]]) -> bool:
    return len(recent) == FAILURES and all(row.kind in FAILED for row in recent)


def _recent(session: Session, bureau: str) -> list[Row[Any]]:
    """The bureau's last answers, newest first: kind, settled_at, note."""
    answered = (col(Pull.bureau) == bureau, col(Pull.settled_at).is_not(None), col(Pull.kind).not_in(UNASKED))
    query = select(col(Pull.kind), col(Pull.settled_at), col(Pull.note)).where(*answered)
    return list(session.execute(query.order_by(col(Pull.settled_at).desc(), col(Pull.id).desc()).limit(FAILURES)))


def _free_at(session: Session, bureau: str) -> datetime | None:
    found: datetime | None = session.connection().execute(_LOCK, {"which": bureau}).scalar()
    return found


def _set(session: Session, bureau: str, free_at: datetime) -> None:
    session.connection().execute(update(_RATE).where(_RATE.c.bureau == bureau).values(free_at=free_at))


def _push(session: Session, bureau: str, until: datetime, why: str, now: datetime) -> None:
    """Nobody asks before ``until``: those who have a slot by then lose it."""
    add_if_missing(session, _RATE, bureau=bureau, free_at=now)
    later = (_RATE.c.bureau == bureau, _RATE.c.free_at < until)
    session.connection().execute(update(_RATE).where(*later).values(free_at=until))
    early = (col(Pull.bureau) == bureau, col(Pull.state) == PLANNED, col(Pull.next_try_at) < until)
    session.execute(update(Pull).where(*early).values(waits=why, next_try_at=until))
