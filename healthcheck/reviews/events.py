"""What bureaus told, for the plan: news that no month has looked into yet bring their accounts' next reviews forward."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any, Final

import polars as pl
from sqlalchemy import update
from sqlmodel import Session, col, select

from healthcheck.reviews import planning
from healthcheck.store.events import Event

ROTATING: Final = ("eligible", "new")  # classes that have a review to bring forward
FORWARD: Final = "brought forward: "
KEPT: Final = timedelta(days=92)  # news of accounts that did not rotate meanwhile are old after that


def alerts(session: Session, rotating: Collection[int], as_of: date) -> Iterator[tuple[int, str, str]]:
    """(account id, "event", why) of the accounts among ``rotating`` of which there is news as known on ``as_of``."""
    told: dict[int, list[Event]] = {}
    for event in session.exec(select(Event).where(*_open(as_of)).order_by(col(Event.on).desc(), col(Event.id))):
        told.setdefault(event.account_id, []).append(event)
    for key in sorted(told):
        if key in rotating:
            yield key, planning.EVENT, FORWARD + said(told[key])


def said(events: list[Event]) -> str:
    """``creditsafe tells of a rating (B to D), 3 November 2026, and 2 more``."""
    first, rest = events[0], len(events) - 1
    more = f", and {rest} more" if rest else ""
    return f"{first.bureau} tells: {first.what}, {first.on.day} {first.on:%B %Y}{more}"


def rotating(accounts: pl.DataFrame) -> set[int]:
    """The keys of the accounts (columns key and klass) that have a review to bring forward."""
    return set(accounts.filter(pl.col("klass").is_in(ROTATING))["key"])


def outside(rows: list[tuple[int, str, str]]) -> pl.DataFrame:
    """Reviews beside the quota as planning wants them: columns planning.OUTSIDE."""
    return pl.DataFrame(rows, schema=planning.OUTSIDE, orient="row")


def take(session: Session, month: str, accounts: Collection[int], as_of: date) -> None:
    """The month looks into the news of these accounts: they bring no other forward."""
    for key in accounts:
        session.execute(update(Event).where(*_open(as_of), col(Event.account_id) == key).values(month=month))


def _open(as_of: date) -> tuple[Any, ...]:
    return col(Event.month).is_(None), col(Event.seen_on) <= as_of, col(Event.seen_on) > as_of - KEPT
