"""A past for the demo: reviews spread over the last cycle, the reports bought for them, a flag of last month, what the reps have seen.

So the month starts in the steady state that a user reaches after a year, not on the first day.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from healthcheck.bureaus.base import NoReport, Ready, Subject
from healthcheck.bureaus.file import FileBureau
from healthcheck.checks import registry
from healthcheck.checks.outcomes import CLEAR, FLAG, UNKNOWN, URGENT
from healthcheck.demo import late, said, stories
from healthcheck.demo.days import AS_OF, START
from healthcheck.ledger.read import read_columns
from healthcheck.months import Month, add_months
from healthcheck.reviews import calibrations, rotation
from healthcheck.reviews.flags import OWNER, due
from healthcheck.reviews.judge import ROTATION
from healthcheck.settings import Settings
from healthcheck.store import work
from healthcheck.store.books import Account
from healthcheck.store.session import write

THIS = Month.of(AS_OF)
BEFORE = (THIS + -1).last


def fill(engine: Engine, settings: Settings, now: datetime) -> None:
    """Write the standings as of the month before, and all that led to them."""
    book = _classified(engine, settings, now)
    with write(engine) as session:
        accounts = {one.account: one for one in session.exec(select(Account).order_by(col(Account.id)))}
        standings = _standings(book)
        months = _months(standings)
        session.add_all([*standings, *months.values()])
        session.flush()
        _review(session, standings, months)
        session.add_all(_reports(settings, {one.id: one for one in accounts.values()}, standings))
        session.add_all(_observations(accounts))
        said.record(session, accounts, {story.account: story.days for story in late.STORIES})
        _flag(session, accounts[stories.BANK_ABROAD].id or 0, "bank", URGENT, acknowledged=True)
        _flag(session, accounts[stories.QUIET_BUYER].id or 0, "purchases", FLAG, acknowledged=False)


def _classified(engine: Engine, settings: Settings, now: datetime) -> pl.DataFrame:
    """The accounts with klass and, where they rotate, cycle."""
    columns = read_columns(engine, AS_OF, settings.currency)
    policy = rotation.policy_from(settings)
    learned = calibrations.current(engine, AS_OF, settings, now)[ROTATION]
    book = columns.accounts.join(rotation.classify(columns, AS_OF, policy, learned), on="key", maintain_order="left")
    turns = rotation.turns(book, pl.DataFrame(schema=rotation.STANDING), AS_OF, policy, learned)
    return book.join(turns.select("key", "cycle"), on="key", how="left", maintain_order="left")


def _standings(book: pl.DataFrame) -> list[work.Standing]:
    """Reviewed in turn, so that each month of a cycle has about as many; those whose story needs it are due now."""
    rows = []
    for (klass, cycle), some in sorted(book.partition_by("klass", "cycle", as_dict=True).items(), key=str):
        ranked = some.with_columns(due=pl.col("account").is_in(stories.DUE_NOW)).sort(
            "due", "account", descending=[True, False]
        )
        share = -(-ranked.height // (cycle or 1))
        for place, one in enumerate(ranked.iter_rows(named=True)):
            ago = cycle - place // share if klass == "eligible" else None
            rows.append(_standing(one, cycle, ago))
    return sorted(rows, key=lambda row: row.account_id)


def _standing(one: dict[str, Any], cycle: int, ago: int | None) -> work.Standing:
    """Known since the first month-end; eligible a year later; last reviewed ``ago`` months ago (None: never)."""
    known = Month.of(max(one["first_invoice"] or START, START)).last
    row = work.Standing(account_id=one["key"], first_known=known)
    if ago is not None:
        row.last_review = (THIS + -ago).last
        row.eligible_since = min(add_months(known, 12), row.last_review)
        row.cycle, row.next_review = cycle, add_months(row.last_review, cycle)
    return row


def _months(standings: list[work.Standing]) -> dict[date, work.Month]:
    """A closed month for each date of a last review."""
    counts: defaultdict[date, int] = defaultdict(int)
    for row in standings:
        if row.last_review:
            counts[row.last_review] += 1
    return {
        on: work.Month(
            month=str(Month.of(on)),
            as_of=on,
            state="closed",
            quota=count,
            planned_at=_at(on),
            closed_at=_at(on),
            summary={},
        )
        for on, count in sorted(counts.items())
    }


def _review(session: Session, standings: list[work.Standing], months: dict[date, work.Month]) -> None:
    """The reviews of those months: all was well."""
    reviews = [
        work.Review(
            month_id=months[row.last_review].id or 0, account_id=row.account_id, reason="rotation", state="done",
            verdict=CLEAR, done_at=_at(row.last_review), facts={},
        )
        for row in standings if row.last_review
    ]  # fmt: skip
    session.add_all(reviews)
    session.flush()
    for one in reviews:
        for check in registry.CHECKS:
            seen = UNKNOWN if check in ("bank", "field") else CLEAR
            session.add(work.Finding(review_id=one.id or 0, check=check, outcome=seen, summary="", evidence={}))


def _reports(settings: Settings, accounts: dict[int | None, Account], rows: list[work.Standing]) -> list[work.Report]:
    """What was bought at each account's last review: the newest report of that day."""
    bureau = FileBureau(settings.model_copy(update={"file_cost_per_pull": Decimal(0)}))
    found = []
    for row in rows:
        if row.last_review and (ready := _newest(bureau, accounts[row.account_id], row.last_review)):
            body, on = ready.report.to_body(), ready.report.reported_on
            found.append(
                work.Report(
                    account_id=row.account_id, bureau=bureau.name, as_of=row.last_review, reported_on=on, body=body, raw=ready.raw
                )
            )  # fmt: skip
    return found


def _newest(bureau: FileBureau, account: Account, on: date) -> Ready | None:
    try:
        answer = bureau.order(Subject(account.account), on, "")
    except NoReport:
        return None
    return answer if isinstance(answer, Ready) else None


def _observations(accounts: dict[str, Account]) -> list[work.Observation]:
    return [
        work.Observation(
            account_id=accounts[seen.account].id or 0, on=seen.on, activity=seen.activity, people=seen.people or None,
            stock=seen.stock or None, heard=seen.heard or None, by=seen.by, at=_at(seen.on),
        )
        for seen in stories.OBSERVATIONS
    ]  # fmt: skip


def _flag(session: Session, account_id: int, check: str, outcome: str, acknowledged: bool) -> None:
    """A flag that was raised last month."""
    flag = work.Flag(
        account_id=account_id, check=check, outcome=outcome, state="acknowledged" if acknowledged else "open", summary="",
        owner=OWNER, due=due(outcome, BEFORE), raised_on=BEFORE, raised_month=str(Month.of(BEFORE)), changed_on=BEFORE,
    )  # fmt: skip
    session.add(flag)
    session.flush()
    for what, days in (("raised", 0), ("acknowledged", 2))[: 1 + acknowledged]:
        on = BEFORE + timedelta(days=days)
        session.add(work.FlagEvent(flag_id=flag.id or 0, on=on, at=_at(on), what=what, outcome=outcome, by=OWNER))


def _at(on: date) -> datetime:
    return datetime.combine(on, time(18), UTC)
