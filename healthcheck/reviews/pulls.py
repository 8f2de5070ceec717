"""Paid requests for reports: never bought twice, never beyond the budget, never in silence.

    age rule → INTENT (committed, price reserved) → the call → STORED | REFUSED | UNCERTAIN

INTENT is committed before the request leaves. Whoever finds an INTENT without an answer repeats the call only where the bureau
promises that this costs nothing; else it is UNCERTAIN: "may have been charged", never bought again until a person says so.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import CursorResult, Engine, func, update
from sqlmodel import Session, col, select

from healthcheck.bureaus import registry
from healthcheck.bureaus.base import BadReport, Bureau, Pending, Ready, Subject
from healthcheck.errors import Fatal, Retriable, Skippable, UsageError
from healthcheck.money import plain, to_minor
from healthcheck.settings import Settings
from healthcheck.store import work
from healthcheck.store.books import Account
from healthcheck.store.session import read, write
from healthcheck.store.work import Pull, Report

INTENT, STORED, REFUSED, UNCERTAIN, CHARGED = "INTENT", "STORED", "REFUSED", "UNCERTAIN", "CHARGED"
SPENT: Final = (INTENT, STORED, UNCERTAIN, CHARGED)  # states that count against the budget
REPEATABLE: Final = ("key", "reread")  # bureaus where the same call again costs nothing
IDS: Final = ("duns", "creditsafe_id", "company_number", "bin", "cik", "coface_id", "vat")
Guard = Callable[[Session], None]


@dataclass(frozen=True)
class Order:
    """One account to be asked about, for one month's budget, as of one date."""

    engine: Engine
    settings: Settings
    account_id: int
    month: str
    as_of: date
    now: datetime
    guard: Guard | None = None  # raises if the asker may no longer act
    buy: bool = True
    bureaus: tuple[Bureau, ...] | None = None  # in order of preference; None: as configured


def obtain(order: Order) -> str:
    """See to it that there is a report to judge by: ``stored`` (bought for this month), ``reused`` (young enough), ``refused``,
    ``uncertain`` or ``none`` (nobody to ask)."""
    before = _of_month(order)
    _resume(order, [pull for pull in before if pull.state == INTENT])
    states = {pull.state for pull in _of_month(order)}
    if STORED in states:
        return "stored"
    if is_young(order):
        return "reused"
    if states & {UNCERTAIN, CHARGED, INTENT}:
        return "uncertain"
    return _ask_in_turn(order, {pull.bureau for pull in before}) if order.buy else "none"


def is_young(order: Order) -> bool:
    """Whether a report bought less than ``REPORT_MAX_AGE_DAYS`` before the as-of date is at hand."""
    query = select(func.max(Report.as_of)).where(
        Report.account_id == order.account_id, col(Report.as_of) <= order.as_of
    )
    with read(order.engine) as session:
        newest = session.exec(query).one()
    return newest is not None and (order.as_of - newest).days < order.settings.report_max_age_days


def _of_month(order: Order) -> Sequence[Pull]:
    query = select(Pull).where(Pull.account_id == order.account_id, Pull.month == order.month).order_by(col(Pull.id))
    with read(order.engine) as session:
        return session.exec(query).all()


def _ask_in_turn(order: Order, refused_before: set[str]) -> str:
    """Ask the bureaus in order of preference, until one has a report or may have been paid."""
    answer = "refused" if refused_before else "none"
    for bureau in registry.configured(order.settings) if order.bureaus is None else order.bureaus:
        if bureau.name in refused_before:
            continue
        answer = _buy(order, bureau, attempt=1).lower()
        if answer != "refused":
            break
    return answer


def _buy(order: Order, bureau: Bureau, attempt: int) -> str:
    pull = _intend(order, bureau, attempt)
    return pull.state if pull.state == REFUSED else _call(order, bureau, pull)


def _intend(order: Order, bureau: Bureau, attempt: int) -> Pull:
    """Commit what we are about to do, with its price taken from the month's budget; REFUSED where there is none left."""
    cost = to_minor(bureau.cost(), order.settings.currency)
    pull = Pull(
        account_id=order.account_id, bureau=bureau.name, month=order.month, attempt=attempt, key=uuid.uuid4().hex,
        state=INTENT, cost=cost, intent_at=order.now,
    )  # fmt: skip
    with write(order.engine) as session:
        if order.guard:
            order.guard(session)
        why = _refusal(session, order, cost)
        if why:
            pull.state, pull.cost, pull.note, pull.settled_at = REFUSED, 0, why, order.now
        session.add(pull)
    return pull


def _refusal(session: Session, order: Order, cost: int) -> str:
    """Why this may not be bought; empty if it may. Locks the month's budget until the transaction ends."""
    budget = order.settings.bureau_budget
    if not cost:
        return ""
    if budget is None:
        return "no cap set, so no paid pull: set HEALTHCHECK_BUREAU_BUDGET"
    session.exec(select(work.Month.id).where(work.Month.month == order.month).with_for_update()).all()
    spent = spent_in(session, order.month)
    if spent + cost > to_minor(budget, order.settings.currency):
        return f"over the month's budget of {budget} {order.settings.currency}"
    return ""


def spent_in(session: Session, month: str) -> int:
    """What the month's pulls cost so far, doubtful ones in full; minor units of the reporting currency."""
    total = session.exec(select(func.sum(Pull.cost)).where(Pull.month == month, col(Pull.state).in_(SPENT))).one()
    return int(total or 0)


def _resume(order: Order, intents: Sequence[Pull]) -> None:
    """Deal with calls whose answer nobody has seen."""
    for pull in intents:
        if not pull.cost or _bureau_idempotency(order.settings, pull.bureau) in REPEATABLE:
            _call(order, registry.load(pull.bureau, order.settings), pull)
        else:
            _settle(order, pull, UNCERTAIN, "stopped before the answer was stored")


def _bureau_idempotency(settings: Settings, name: str) -> str:
    return registry.load(name, settings).idempotency


def _call(order: Order, bureau: Bureau, pull: Pull) -> str:
    """Ask, and settle the pull by the answer."""
    try:
        answer = bureau.order(_subject(order), order.as_of, pull.key)
    except (Skippable, Retriable, Fatal, UsageError) as error:
        paid = isinstance(error, BadReport) and pull.cost
        return _settle(order, pull, UNCERTAIN if paid else REFUSED, str(error))
    except Exception as error:
        return _settle(order, pull, UNCERTAIN if pull.cost else REFUSED, f"{type(error).__name__}: {error}")
    if isinstance(answer, Pending):
        return _settle(order, pull, UNCERTAIN, f"ordered and not ready; the bureau's token is {answer.token}")
    return _settle(order, pull, STORED, "", answer)


def _settle(order: Order, pull: Pull, state: str, note: str, ready: Ready | None = None) -> str:
    """Write the answer, with the report in the same transaction; a late answer still settles what was uncertain."""
    values: dict[str, Any] = {"state": state, "note": " ".join(note.split())[:300], "settled_at": order.now}
    if state == REFUSED:
        values["cost"] = 0
    with write(order.engine) as session:
        if ready:
            values["report_id"] = _keep(session, order, pull, ready)
        open_states = (INTENT, UNCERTAIN) if ready else (INTENT,)
        where = (col(Pull.id) == pull.id, col(Pull.state).in_(open_states))
        done = session.execute(update(Pull).where(*where).values(**values))
        if isinstance(done, CursorResult) and done.rowcount == 1:
            return state
        return session.exec(select(Pull.state).where(Pull.id == pull.id)).one()


def _keep(session: Session, order: Order, pull: Pull, ready: Ready) -> int | None:
    """Store the report under the as-of date of the review that bought it, once."""
    reported = min(ready.report.reported_on, order.as_of)
    same = (
        col(Report.account_id) == order.account_id, col(Report.bureau) == pull.bureau, col(Report.as_of) == order.as_of,
        col(Report.reported_on) == reported,
    )  # fmt: skip
    there = session.exec(select(Report).where(*same)).first()
    report = there or Report(
        account_id=order.account_id, bureau=pull.bureau, as_of=order.as_of, reported_on=reported,
        body=ready.report.to_body(), raw=ready.raw,
    )  # fmt: skip
    session.add(report)
    session.flush()
    return report.id


def _subject(order: Order) -> Subject:
    with read(order.engine) as session:
        row = session.get_one(Account, order.account_id)
    ids = {name: value for name in IDS if (value := getattr(row, name))}
    return Subject(row.account, row.entity, row.name, row.country, row.city, ids)


# ---- what people see and decide


def totals(session: Session, month: str, reused: int, currency: str) -> dict[str, Any]:
    """Counts by state and the cost of a month, doubtful pulls in full; ``cost`` is an amount as text."""
    rows = session.exec(select(Pull.state, func.count()).where(Pull.month == month).group_by(col(Pull.state))).all()
    count = dict(rows)
    return {
        "stored": count.get(STORED, 0),
        "reused": reused,
        "refused": count.get(REFUSED, 0),
        "uncertain": count.get(UNCERTAIN, 0) + count.get(INTENT, 0),
        "cost": plain(spent_in(session, month), currency),
    }


def reconcile(engine: Engine, _settings: Settings, now: datetime) -> int:
    """Settle what closed months left without an answer; how many pulls that were."""
    closed = select(work.Month.month).where(work.Month.state == "closed")
    with write(engine) as session:
        left = (col(Pull.month).in_(closed), col(Pull.state) == INTENT, col(Pull.intent_at) < now - timedelta(days=1))
        note = {"note": "no answer was stored", "settled_at": now}
        done = session.execute(update(Pull).where(*left).values(state=UNCERTAIN, **note))
        return done.rowcount if isinstance(done, CursorResult) else 0


def give_up(session: Session, month: str, now: datetime) -> None:
    """What is still without an answer when a month closes is uncertain."""
    left = (col(Pull.month) == month, col(Pull.state) == INTENT)
    note = {"note": "no answer was stored", "settled_at": now}
    session.execute(update(Pull).where(*left).values(state=UNCERTAIN, **note))


def resolve(engine: Engine, pull_id: int, verdict: str, now: datetime) -> Pull:
    """A person says what became of an uncertain pull: ``CHARGED`` (the price counts) or ``REFUSED`` (it does not)."""
    with write(engine) as session:
        pull = session.exec(select(Pull).where(Pull.id == pull_id).with_for_update()).first()
        if pull is None:
            raise UsageError(f"there is no pull {pull_id}; see: healthcheck pulls list")
        if pull.state not in (UNCERTAIN, INTENT):
            raise UsageError(f"pull {pull_id} is settled already: {pull.state}")
        pull.state, pull.settled_at, pull.note = verdict, now, f"{pull.note}; resolved by a person".lstrip("; ")
        pull.cost = pull.cost if verdict == CHARGED else 0
        session.add(pull)
    return pull


def buy_again(engine: Engine, pull_id: int, settings: Settings, now: datetime) -> Pull:
    """Count an uncertain pull as charged and buy the report once more, as of today, from this month's budget."""
    old = resolve(engine, pull_id, CHARGED, now)
    today = settings.business_day(now)
    order = Order(engine, settings, old.account_id, f"{today:%Y-%m}", today, now)
    attempts = [pull.attempt for pull in _of_month(order) if pull.bureau == old.bureau]
    _buy(order, registry.load(old.bureau, settings), max(attempts, default=0) + 1)
    return _of_month(order)[-1]


def as_price(pull: Pull, currency: str) -> str:
    """The pull's price for machines."""
    return plain(pull.cost, currency)


def listed(session: Session, currency: str, month: str | None, state: str | None) -> list[dict[str, Any]]:
    """Pulls as plain values with their accounts, newest month first; of one month or state if given."""
    query = select(Pull, Account).join(Account, col(Account.id) == col(Pull.account_id))
    if month:
        query = query.where(Pull.month == month)
    if state:
        query = query.where(Pull.state == state)
    rows = session.exec(query.order_by(col(Pull.month).desc(), col(Pull.id))).all()
    return [
        {
            "id": pull.id, "month": pull.month, "account": account.account, "entity": account.entity, "name": account.name,
            "bureau": pull.bureau, "state": pull.state, "cost": as_price(pull, currency), "note": pull.note,
            "intent_at": pull.intent_at.isoformat(),
        }
        for pull, account in rows
    ]  # fmt: skip
