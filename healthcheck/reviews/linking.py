"""Which company of a bureau an account is: candidates, and what a person confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, func, or_
from sqlmodel import Session, col, select

from healthcheck.bureaus import registry
from healthcheck.bureaus.base import Bureau, Candidate, Subject
from healthcheck.errors import HealthcheckError, UsageError
from healthcheck.settings import Settings
from healthcheck.store import audit
from healthcheck.store.books import LINKS, Account
from healthcheck.store.session import read, write

AHEAD: Final = 0.05  # the best candidate must be so much surer than the next to be taken without a person


@dataclass(frozen=True)
class Found:
    """What one bureau answered about one account; ``problem`` where it could not."""

    account_id: int
    subject: Subject
    bureau: str
    candidates: tuple[Candidate, ...] = ()
    problem: str = ""


def column_of(bureau: Bureau) -> str:
    """The account's column that holds the bureau's id; empty where it needs none."""
    return getattr(bureau, "linked_by", "")


def subject_of(row: Account) -> Subject:
    """The account as bureaus know it."""
    ids = {name: value for name in LINKS if (value := getattr(row, name))}
    return Subject(row.account, row.entity, row.name, row.country, row.city, ids)


def unlinked(session: Session, bureau: Bureau) -> int:
    """How many accounts have no id of the bureau's."""
    column = column_of(bureau)
    if not column:
        return 0
    held = getattr(Account, column)
    return session.exec(select(func.count()).select_from(Account).where(or_(col(held).is_(None), held == ""))).one()


def find(engine: Engine, settings: Settings, account_ids: Iterable[int], only: str | None = None) -> Iterator[Found]:
    """Ask the configured bureaus, or ``only`` one, who these accounts may be. Free of charge."""
    bureaus = [registry.load(only, settings)] if only else registry.configured(settings)
    asked = [bureau for bureau in bureaus if column_of(bureau)]
    if not asked:
        raise UsageError("no bureau that needs a link is configured; set HEALTHCHECK_BUREAUS")
    with read(engine) as session:
        rows = [session.get_one(Account, key) for key in account_ids]
    for row in rows:
        yield from (_one(row, bureau) for bureau in asked)


def without_link(engine: Engine, settings: Settings, only: str | None = None) -> list[int]:
    """The accounts that lack the id of a configured bureau."""
    bureaus = [registry.load(only, settings)] if only else registry.configured(settings)
    held = [getattr(Account, column) for bureau in bureaus if (column := column_of(bureau))]
    if not held:
        return []
    missing = or_(*(or_(col(one).is_(None), one == "") for one in held))
    with read(engine) as session:
        return [key for key in session.exec(select(Account.id).where(missing).order_by(col(Account.id))) if key]


def sure(found: Found, confidence: float) -> Candidate | None:
    """The candidate that needs no person: confident enough, and well ahead of the next."""
    ranked = sorted(found.candidates, key=lambda one: -one.confidence)
    if not ranked or ranked[0].confidence < confidence:
        return None
    if len(ranked) > 1 and ranked[0].confidence - ranked[1].confidence < AHEAD:
        return None
    return ranked[0]


def confirm(engine: Engine, account_id: int, bureau: Bureau, company: str | None, by: str, now: datetime) -> str:
    """Store the bureau's id of the account (None takes it away); the column it went to. Raises UsageError where there is none."""
    column = column_of(bureau)
    if not column:
        raise UsageError(f"{bureau.name} finds accounts by your own number; there is nothing to link")
    given = (company or "").strip() or None
    with write(engine) as session:
        row = session.get_one(Account, account_id, with_for_update=True)
        before = getattr(row, column)
        if before != given:
            setattr(row, column, given)
            detail = {"bureau": bureau.name, "column": column, "before": before, "after": given}
            audit.note(session, "bureau.linked", now, by=by, account_id=account_id, detail=detail)
    return column


def _one(row: Account, bureau: Bureau) -> Found:
    subject = subject_of(row)
    try:
        return Found(row.id or 0, subject, bureau.name, tuple(bureau.find(subject)))
    except HealthcheckError as error:
        return Found(row.id or 0, subject, bureau.name, problem=str(error))
