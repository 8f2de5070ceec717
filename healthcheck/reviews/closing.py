"""Closing a month: one transaction that marks it closed, completes its summary and puts every digest, rendered, into the outbox."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from healthcheck.checks.outcomes import ALERTS, UNKNOWN
from healthcheck.playbook import following
from healthcheck.reports import digests
from healthcheck.reviews import pulls
from healthcheck.settings import Settings
from healthcheck.store import audit
from healthcheck.store.session import read, write
from healthcheck.store.work import Month, Review

UNSETTLED = ("waiting", "claimed")


def close(engine: Engine, month_id: int, settings: Settings, now: datetime) -> bool:
    """Close the month if every review of it is settled (done or failed); True if this call closed it.

    Uncertain pulls hold nothing up. Any error leaves the month open and the outbox as it was.
    """
    late = _late(engine, month_id, settings, now)
    with write(engine) as session:
        month = session.exec(select(Month).where(Month.id == month_id).with_for_update()).one()
        if month.state == "closed" or _unsettled(session, month_id):
            return False
        pulls.give_up(session, month.month, now)
        month.state, month.closed_at = "closed", now
        month.summary = {**(month.summary or {}), **totals(session, month, settings)}
        session.add(month)
        session.flush()
        mails = digests.compose(session, month, settings, now, late)
        session.add_all(mails)
        following.record_asked(session, digests.asked(late, month.as_of, settings, now), month.month, settings, now)
        audit.note(
            session, "month.closed", now, month=month.month, detail={"mails": [mail.message_id for mail in mails]}
        )
    return True


def _late(engine: Engine, month_id: int, settings: Settings, now: datetime) -> tuple[following.Followed, ...]:
    """What the playbook says of all late accounts, read before the closing transaction; nothing while there is nothing to close."""
    with read(engine) as session:
        month = session.get_one(Month, month_id)
        if month.state == "closed" or _unsettled(session, month_id):
            return ()
    return following.follow(engine, month.as_of, settings, now)


def totals(session: Session, month: Month, settings: Settings) -> dict[str, Any]:
    """What the month came to so far: planned, reviewed, flagged, unknown, failed, and its pulls."""
    rows = session.exec(
        select(Review.state, Review.verdict, func.count())
        .where(Review.month_id == month.id)
        .group_by(col(Review.state), col(Review.verdict))
    ).all()
    states, verdicts = Counter[str](), Counter[str]()
    for state, verdict, count in rows:
        states[state] += count
        verdicts[verdict or ""] += count
    return {
        "planned": states.total(),
        "reviewed": states["done"],
        "flagged": sum(verdicts[outcome] for outcome in ALERTS),
        "unknown": verdicts[UNKNOWN],
        "failed": states["failed"],
        "pulls": pulls.totals(session, month.month, _reused(session, month.id), settings.currency),
    }


def _unsettled(session: Session, month_id: int) -> bool:
    query = select(Review.id).where(Review.month_id == month_id, col(Review.state).in_(UNSETTLED)).limit(1)
    return session.exec(query).first() is not None


def _reused(session: Session, month_id: int | None) -> int:
    """Reviews judged by a report bought earlier."""
    how = col(Review.facts)["report"].as_string()
    return session.exec(select(func.count()).where(Review.month_id == month_id, how == "reused")).one()
