"""Standing orders: letters that go out by themselves, because a person said so for an account or for a class of accounts.

Only a verification, a reminder or a statement may; nothing that asks for money leaves while the books are older than the playbook allows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, or_, select

from healthcheck.errors import UsageError
from healthcheck.months import add_months
from healthcheck.playbook import posting
from healthcheck.playbook.addresses import addressees, language_of
from healthcheck.playbook.gather import situations
from healthcheck.playbook.letters import STANDING, VERIFICATION, Due, Wish, draft, due
from healthcheck.playbook.policy import Policy, policy_from
from healthcheck.playbook.situation import Situation
from healthcheck.reports.letters import Addressee, compose, head
from healthcheck.settings import Settings
from healthcheck.store import audit
from healthcheck.store.books import Account, Invoice
from healthcheck.store.letters import LetterOrder
from healthcheck.store.session import read, write

CLASSES: Final = ("high", "medium", "low", "unclassed", "all")
RECENT: Final = 15  # months of invoices: older ones are no matter for a letter that goes out by itself
BATCH: Final = 5_000  # accounts looked at together
Orders = Mapping[int, Mapping[str, LetterOrder]]  # account -> kind -> the order


def check(kind: str, account_id: int | None, risk_class: str) -> None:
    """Raise UsageError for an order that nobody can give: for a letter that a person has to send, or an unknown class."""
    if kind not in STANDING:
        raise UsageError(f"{kind!r} never goes out by itself; on a standing order: {', '.join(STANDING)}")
    if account_id is None and risk_class not in CLASSES:
        raise UsageError(f"--class {risk_class!r} is none of {', '.join(CLASSES)}")


def give(
    engine: Engine, kind: str, account_id: int | None, risk_class: str, on: date, by: str, now: datetime
) -> tuple[LetterOrder, bool]:
    """Give a standing order; the order, and whether it is new. Raises what ``check`` raises."""
    check(kind, account_id, risk_class)
    with write(engine) as session:
        same = select(LetterOrder).where(
            LetterOrder.kind == kind, LetterOrder.account_id == account_id, LetterOrder.risk_class == risk_class
        )
        there = session.exec(same.where(col(LetterOrder.ended_on).is_(None))).first()
        if there is not None:
            return there, False
        order = LetterOrder(kind=kind, account_id=account_id, risk_class=risk_class, on=on, by=by, at=now)
        session.add(order)
        session.flush()
        detail = {"order": order.id, "kind": kind, "class": risk_class}
        audit.note(session, "letters.standing", now, by=by, account_id=account_id, detail=detail)
        return order, True


def end(engine: Engine, key: int, on: date, by: str, now: datetime) -> LetterOrder:
    """End a standing order. Raises UsageError if there is none of this number in force."""
    with write(engine) as session:
        order = session.get(LetterOrder, key, with_for_update=True)
        if order is None or order.ended_on is not None:
            raise UsageError(f"there is no standing order {key} in force; see: healthcheck letters standing")
        order.ended_on, order.ended_by = on, by
        audit.note(session, "letters.standing_ended", now, by=by, account_id=order.account_id, detail={"order": key})
        return order


def listed(engine: Engine) -> list[tuple[LetterOrder, Account | None]]:
    """All standing orders, ended ones too, in the order in which they were given."""
    with read(engine) as session:
        query = select(LetterOrder, Account).outerjoin(Account).order_by(col(LetterOrder.id))
        return [(order, account) for order, account in session.exec(query)]


def in_force(session: Session, as_of: date) -> Orders:
    """The orders of each account by kind; one for the account goes before one for its class."""
    standing = or_(col(LetterOrder.ended_on).is_(None), col(LetterOrder.ended_on) > as_of)
    rows = session.exec(
        select(LetterOrder).where(LetterOrder.on <= as_of, standing).order_by(col(LetterOrder.id))
    ).all()
    found: defaultdict[int, dict[str, LetterOrder]] = defaultdict(dict)
    for order in sorted(rows, key=lambda one: one.account_id is not None):
        for key in _accounts(session, order, as_of):
            found[key][order.kind] = order
    return found


def _accounts(session: Session, order: LetterOrder, as_of: date) -> Sequence[int]:
    if order.account_id is not None:
        return [order.account_id]
    bought = select(Invoice.account_id).where(Invoice.issued > add_months(as_of, -RECENT), Invoice.issued <= as_of)
    query = select(Account.id).where(col(Account.id).in_(bought)).order_by(col(Account.id))
    if order.risk_class == "unclassed":
        query = query.where(or_(col(Account.risk_class).is_(None), Account.risk_class == ""))
    elif order.risk_class != "all":
        query = query.where(Account.risk_class == order.risk_class)
    return [key for key in session.exec(query) if key is not None]


def run(engine: Engine, settings: Settings, now: datetime) -> int:
    """Write what the standing orders want today, to customers of the entity whose letterhead we have; the relay sends it.

    How many letters are new.
    """
    as_of, policy = settings.business_day(now), policy_from(settings)
    with read(engine) as session:
        standing = in_force(session, as_of)
        ours = set(session.exec(select(Account.id).where(Account.entity == settings.letter_entity)))
        orders = {key: mine for key, mine in standing.items() if key in ours}
        known = addressees(session, sorted(orders), settings)
    found = _posts(engine, settings, orders, known, policy, as_of, now)
    return sum(posting.intend(engine, settings, post, now)[1] for post in found)


def _posts(
    engine: Engine, settings: Settings, orders: Orders, known: Mapping[int, Addressee], policy: Policy, as_of: date, now: datetime
) -> Iterator[posting.Post]:  # fmt: skip
    keys = sorted(orders)
    for start in range(0, len(keys), BATCH):
        for one in situations(engine, as_of, settings, now, keys[start : start + BATCH]):
            mine = orders[one.customer.key]
            for wanted in wants(one, policy, mine):
                yield _post(one, wanted, known[one.customer.key], policy, settings, mine[wanted.kind])


def wants(situation: Situation, policy: Policy, orders: Mapping[str, LetterOrder]) -> list[Due]:
    """What of the orders is due now. An invoice from before the order is asked after by nobody."""
    found = [
        one for one in due(situation, policy, tuple(orders)) if one.kind == VERIFICATION or current(situation, policy)
    ]
    return [one for one in (_since(situation, one, orders[one.kind]) for one in found) if one.invoices]


def current(situation: Situation, policy: Policy) -> bool:
    """Whether the books are new enough to ask for money by itself: what was paid after their end reads as late."""
    until = situation.books_until
    return until is not None and (situation.as_of - until).days <= policy.books_current_days


def _since(situation: Situation, wanted: Due, order: LetterOrder) -> Due:
    if wanted.kind != VERIFICATION:
        return wanted
    new = {one.number for one in situation.owed if one.issued >= order.on}
    return Due(wanted.kind, wanted.why, tuple(number for number in wanted.invoices if number in new))


def _post(
    situation: Situation, wanted: Due, to: Addressee, policy: Policy, settings: Settings, order: LetterOrder
) -> posting.Post:
    made = draft(situation, wanted.kind, policy, Wish(wanted.invoices) if wanted.kind == VERIFICATION else None)
    words = language_of(to)
    paper = compose(made, situation.customer, to, words, head(settings))
    return posting.Post(
        situation.customer.key, made, paper, to, words.code, f"standing order {order.id} of {order.by}", order, policy.follow_up_every_days
    )  # fmt: skip
