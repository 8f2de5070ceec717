"""The month's budget: a row that is changed in the transaction that writes a pull's INTENT, and never exceeds the cap.

At every commit ``taken`` is the sum of the costs of the month's pulls that are INTENT, STORED, PENDING, UNCERTAIN or CHARGED.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, CursorResult, bindparam, func, select, update
from sqlmodel import Session, col

from healthcheck.money import to_minor
from healthcheck.reviews.pulling.model import SPENT
from healthcheck.settings import Settings
from healthcheck.store.operations import Budget
from healthcheck.store.rows import add_if_missing
from healthcheck.store.work import Pull

_BUDGET = Budget.__table__  # type: ignore[attr-defined]
_MORE = _BUDGET.c.taken + bindparam("price", type_=BigInteger)
_TAKE: Final = (
    update(_BUDGET)
    .where(_BUDGET.c.month == bindparam("which"), bindparam("cap", type_=BigInteger) >= _MORE)
    .values(taken=_MORE)
)


def take(session: Session, settings: Settings, month: str, cost: int) -> str:
    """Reserve ``cost`` (minor units) of the month's budget; empty, or why that cannot be. The row is locked until the transaction ends."""
    if not cost:
        return ""
    if settings.bureau_budget is None:
        return "no cap set, so no paid pull: set HEALTHCHECK_BUREAU_BUDGET"
    cap = to_minor(settings.bureau_budget, settings.currency)
    if _taken(session, month, cost, cap):
        return ""
    add_if_missing(session, _BUDGET, month=month, taken=spent_in(session, month))
    if _taken(session, month, cost, cap):
        return ""
    return f"over the month's budget of {settings.bureau_budget} {settings.currency}"


def give_back(session: Session, month: str, cost: int) -> None:
    """Nothing was charged after all."""
    if cost:
        mine = _BUDGET.c.month == month
        session.connection().execute(update(_BUDGET).where(mine).values(taken=_BUDGET.c.taken - cost))


def spent_in(session: Session, month: str) -> int:
    """What the month's pulls cost so far, doubtful ones in full; minor units of the reporting currency."""
    query = select(func.sum(Pull.cost)).where(col(Pull.month) == month, col(Pull.state).in_(SPENT))
    return int(session.execute(query).scalar_one() or 0)


def _taken(session: Session, month: str, cost: int, cap: int) -> bool:
    done = session.connection().execute(_TAKE, {"which": month, "price": cost, "cap": cap})
    return isinstance(done, CursorResult) and done.rowcount == 1
