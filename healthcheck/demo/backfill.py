"""A past for the demo: reviews spread over the last cycle, the reports bought for them, and what the reps have seen.

So the month starts in the steady state that a user reaches after a year, not on the first day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from healthcheck.bureaus.base import NoReport, Ready, Subject
from healthcheck.bureaus.file import FileBureau
from healthcheck.demo import stories
from healthcheck.demo.days import AS_OF, START
from healthcheck.ledger.read import read_columns
from healthcheck.months import Month, add_months
from healthcheck.reviews import calibrations, rotation
from healthcheck.reviews.judge import ROTATION
from healthcheck.settings import Settings
from healthcheck.store.books import Account
from healthcheck.store.session import read, write
from healthcheck.store.work import Observation, Report, Standing

BEFORE = (Month.of(AS_OF) + -1).last
DUE_NOW = (
    stories.SCORE_COLLAPSE,
    stories.SPARSE,
    stories.REP_LEFT,
    stories.GROUP_FINE,
    stories.DISPUTED,
    stories.MONTH_END,
)
NEVER_SEEN = (stories.NEW,)


def fill(engine: Engine, settings: Settings, now: datetime) -> None:
    """Write the standings as of the month before, the earlier reports and the observations."""
    rows = _standings(engine, settings, now)
    reports = _reports(engine, settings, rows)
    with write(engine) as session:
        session.add_all(rows)
        session.flush()
        session.add_all(reports)
        session.add_all(_observations(session))


def _standings(engine: Engine, settings: Settings, now: datetime) -> list[Standing]:
    columns = read_columns(engine, BEFORE, settings.currency)
    policy = rotation.policy_from(settings)
    learned = calibrations.current(engine, BEFORE, settings, now)[ROTATION]
    book = columns.accounts.join(rotation.classify(columns, BEFORE, policy, learned), on="key", maintain_order="left")
    rotating = rotation.turns(book, pl.DataFrame(schema=rotation.STANDING), BEFORE, policy, learned)
    cycles = dict(rotating.select("key", "cycle").iter_rows())
    turn: dict[int, int] = {}
    rows = []
    for one in book.sort("account").iter_rows(named=True):
        cycle = cycles.get(one["key"]) if one["account"] not in NEVER_SEEN else None
        place = turn.get(cycle or 0, 0)
        turn[cycle or 0] = place + 1
        rows.append(_standing(one, cycle, place))
    return rows


def _standing(one: dict[str, Any], cycle: int | None, place: int) -> Standing:
    """Known since the first month-end, eligible for long; reviewed in turn, so that every month of the cycle has as many."""
    known = Month.of(max(one["first_invoice"] or START, START)).last
    if cycle is None or one["klass"] != "eligible":
        return Standing(account_id=one["key"], first_known=known)
    ago = cycle if one["account"] in DUE_NOW else 1 + place % cycle
    last = (Month.of(AS_OF) + -ago).last
    since = min(add_months(known, 12), last)
    due = add_months(last, cycle)
    return Standing(
        account_id=one["key"], first_known=known, eligible_since=since, cycle=cycle, last_review=last, next_review=due
    )


def _reports(engine: Engine, settings: Settings, rows: list[Standing]) -> list[Report]:
    """What was bought at each account's last review: the newest report of that day."""
    bureau = FileBureau(settings.model_copy(update={"file_cost_per_pull": Decimal(0)}))
    with read(engine) as session:
        accounts = {one.id: one for one in session.exec(select(Account))}
    found = []
    for row in rows:
        if row.last_review and (ready := _newest(bureau, accounts[row.account_id], row.last_review)):
            found.append(
                Report(
                    account_id=row.account_id,
                    bureau=bureau.name,
                    as_of=row.last_review,
                    reported_on=ready.report.reported_on,
                    body=ready.report.to_body(),
                    raw=ready.raw,
                )
            )
    return found


def _newest(bureau: FileBureau, account: Account, on: date) -> Ready | None:
    try:
        answer = bureau.order(Subject(account.account), on, "")
    except NoReport:
        return None
    return answer if isinstance(answer, Ready) else None


def _observations(session: Session) -> list[Observation]:
    keys = {one.account: one.id or 0 for one in session.exec(select(Account).order_by(col(Account.id)))}
    return [
        Observation(
            account_id=keys[seen.account],
            on=seen.on,
            activity=seen.activity,
            people=seen.people or None,
            stock=seen.stock or None,
            heard=seen.heard or None,
            by=seen.by,
            at=datetime.combine(seen.on, time(17), UTC),
        )
        for seen in stories.OBSERVATIONS
    ]
