"""Months that are planned already, as the database remembers them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from healthcheck.money import plain
from healthcheck.months import Month
from healthcheck.settings import Settings
from healthcheck.store import work
from healthcheck.store.books import Account
from healthcheck.store.session import read
from healthcheck.store.work import Review, Standing

CLASS_OF = {"new": "new", "rotation": "eligible", "carry_over": "eligible"}


def first_free(engine: Engine, month: Month) -> Month:
    """The first month from ``month`` on that is not planned yet."""
    with read(engine) as session:
        names = set(
            session.exec(select(work.Month.month).where(work.Month.month >= str(month), work.Month.state != "due"))
        )
    while str(month) in names:
        month += 1
    return month


def stored(engine: Engine, month: Month, settings: Settings) -> dict[str, Any]:
    """A month as it was planned, in the form of ``planning.as_dict``."""
    with read(engine) as session:
        row = session.exec(select(work.Month).where(work.Month.month == str(month))).one()
        accounts = [_account(found, settings.currency) for found in _reviews(session, row)]
    head = {"month": row.month, "as_of": row.as_of.isoformat(), "quota": row.quota, "needed": None, "counts": {}}
    rest: dict[str, Any] = {
        "outlive": [],
        "waited": [],
        "cycles": {},
        "coverage": {},
        "reports": None,
        "cost": None,
        "budget": None,
    }
    wanted = (head | rest).keys()
    summary = {name: value for name, value in (row.summary or {}).items() if name in wanted}
    return head | {"accounts": accounts} | rest | summary | {"currency": settings.currency}


def _reviews(session: Session, month: work.Month) -> list[Any]:
    query = (
        select(Review, Account.account, Account.name, Standing)
        .join(Account, col(Account.id) == Review.account_id)
        .outerjoin(Standing, col(Standing.account_id) == Review.account_id)
        .where(Review.month_id == month.id)
        .order_by(col(Review.id))
    )
    return list(session.exec(query))


def _account(found: tuple[Review, str, str, Standing | None], currency: str) -> dict[str, Any]:
    review, account, name, standing = found
    last, due = (standing.last_review, standing.next_review) if standing else (None, None)
    return {
        "account": account,
        "name": name,
        "class": (review.facts or {}).get("class") or CLASS_OF.get(review.reason),
        "reason": review.reason,
        "why": review.why,
        "exposure": None if review.exposure is None else plain(review.exposure, currency),
        "cycle": standing.cycle if standing else None,
        "last_review": last.isoformat() if last else None,
        "due": due.isoformat() if due else None,
    }
