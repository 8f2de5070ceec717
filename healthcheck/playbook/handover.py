"""The late accounts seen with the eyes of whoever would take them over, and what there is to hand over in the whole book."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import polars as pl
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from healthcheck import money
from healthcheck.ledger import freshness
from healthcheck.ledger.read import chunks, read_columns, read_parts
from healthcheck.months import add_months
from healthcheck.playbook import agency, gather, house, house_book, insurance, journal, recovery
from healthcheck.playbook.agency import READY, URGENT
from healthcheck.playbook.choosing import Need
from healthcheck.playbook.entries import in_force
from healthcheck.playbook.late import unconverted
from healthcheck.playbook.policy import Policy, policy_from
from healthcheck.playbook.situation import Situation
from healthcheck.reports.text import count
from healthcheck.settings import Settings
from healthcheck.store.books import Account
from healthcheck.store.late import Record
from healthcheck.store.session import read

MONTHS: Final = 12  # in which cases are counted
BANDS: Final = (
    (60, "up to 60 days"),
    (90, "61 to 90 days"),
    (180, "91 to 180 days"),
    (365, "half a year to a year"),
    (None, "more than a year"),
)


@dataclass(frozen=True)
class Case:
    """One late account: is it for an agency, and are we?"""

    situation: Situation
    readiness: agency.Readiness
    house: house.House
    recovery: recovery.Recovery
    cover: insurance.Cover | None = None
    duties: tuple[insurance.Duty, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether it could be handed over now."""
        return self.readiness.state in (READY, URGENT)


def case(situation: Situation, policy: Policy) -> Case:
    """What there is to say of one account; pure."""
    return Case(
        situation,
        agency.readiness(situation, policy),
        house.assess(situation, policy),
        recovery.expected(situation, policy),
        insurance.cover(situation),
        insurance.duties(situation, policy),
    )


def cases(engine: Engine, as_of: date, settings: Settings, now: datetime) -> list[Case]:
    """All late accounts, the oldest first; those in others' hands too."""
    policy = policy_from(settings)
    found = [case(one, policy) for one in gather.situations(engine, as_of, settings, now)]
    late = [one for one in found if house.past_due(one.situation) or one.readiness.placed]
    return sorted(late, key=lambda one: (-one.readiness.days, one.situation.customer.account))


def insured(engine: Engine, as_of: date, settings: Settings, now: datetime) -> Iterator[Situation]:
    """The accounts with a duty towards the insurer, late or not; only those that may have one are looked at closely."""
    policy = policy_from(settings)
    keys = _under_cover(engine, as_of, settings)
    for one in gather.situations(engine, as_of, settings, now, keys):
        if insurance.duties(one, policy):
            yield one


def _under_cover(engine: Engine, as_of: date, settings: Settings) -> list[int]:
    """The insured accounts that are late, have more open than is insured, or whose cover ends or has ended."""
    with read(engine) as session:
        covered = select(Account.id).where(col(Account.insured_limit).is_not(None)).order_by(col(Account.id))
        keys = [key for key in session.exec(covered) if key is not None]
    if not keys:
        return []
    accounts = read_columns(engine, as_of, settings.currency, keys).accounts
    late = (pl.col("past_due") > 0) | (pl.col("disputed") > 0)
    ends = pl.col("insured_until") <= as_of + timedelta(days=insurance.ENDS_SOON[0])
    over = pl.col("exposure") > pl.col("insured_limit")
    return accounts.filter(pl.col("insured_limit").is_not_null() & (late | ends | over))["key"].to_list()


def handed_over(session: Session, as_of: date) -> frozenset[int]:
    """The accounts placed in the last twelve months."""
    kinds = col(Record.kind).in_(("placement", "withdrawn"))
    rows = session.exec(select(Record).where(kinds, col(Record.on) <= as_of).order_by(col(Record.id))).all()
    held = {entry.id for entry in in_force(journal.entry(row) for row in rows)}
    since = add_months(as_of, -MONTHS)
    return frozenset(row.account_id for row in rows if row.id in held and row.on > since)


def route(found: Iterable[Case], placed: Collection[int], policy: Policy) -> agency.Route:
    """Agency or attorney, by the year's cases and those that wait now."""
    waiting = {one.situation.customer.key for one in found if one.waits}
    return agency.route(len(waiting | set(placed)), policy)


def need(found: Sequence[Case], placed: Collection[int], books: str, currency: str) -> Need:
    """What the checklist for choosing an agency says of us."""
    waiting = [one for one in found if one.waits]
    countries = Counter(one.situation.customer.country for one in waiting if one.situation.customer.country)
    ages = Counter(_band(one.readiness.days) for one in waiting)
    keys = {one.situation.customer.key for one in waiting} | set(placed)
    return Need(
        cases=len(keys),
        waiting=len(waiting),
        owed=money.shown(sum(one.situation.past_due for one in waiting), currency),
        countries=tuple(country for country, _ in countries.most_common()),
        books=books,
        ages=tuple(f"{count(ages[name], 'account')} of {name}" for _, name in BANDS if ages[name]),
    )


def _band(days: int) -> str:
    return next(name for most, name in BANDS if most is None or days <= most)


def whole_book(engine: Engine, as_of: date, settings: Settings, found: Sequence[Case]) -> house.House:
    """Our own house for all customers; ``found`` are the late accounts."""
    policy, total = policy_from(settings), house_book.Tally()
    for columns in read_parts(engine, as_of, settings.currency, chunks(engine)):
        total += house_book.tally(columns, policy)
    with read(engine) as session:
        until = freshness.latest(session, as_of)
    late = {_number(one): one.house for one in found if house.past_due(one.situation)}
    return house_book.assess(total, late, until, as_of, policy)


def _number(one: Case) -> str:
    who = one.situation.customer
    return f"{who.entity}/{who.account}" if who.entity else who.account


# ---- for --json


def line(one: Case) -> dict[str, Any]:
    """One late account; amounts as text."""
    about, currency = one.situation, one.situation.currency
    entity = {"entity": about.customer.entity} if about.customer.entity else {}
    return {
        **entity,
        "account": about.customer.account,
        "name": about.customer.name,
        "as_of": str(about.as_of),
        "state": one.readiness.state,
        "why": one.readiness.why,
        "days_past_due": one.readiness.days,
        "amount_past_due": money.plain(about.past_due, currency),
        "currency": currency,
        **({"unconverted": strange} if (strange := unconverted(about)) else {}),
        "missing": one.readiness.missing,
        "house_in_order": one.house.in_order,
        "recovery": _recovery(one.recovery, currency),
        "placed": _placed(one.readiness.placed),
    }


def whole_line(one: Case) -> dict[str, Any]:
    """The same with every reason."""
    lacks = [{"what": lack.what, "why": lack.why} for lack in one.readiness.lacks]
    return {
        **line(one),
        "lacks": lacks,
        "house": one.house.as_dict(),
        "insurance": [duty.as_dict() for duty in one.duties],
    }


def _recovery(found: recovery.Recovery, currency: str) -> dict[str, Any]:
    sums = {name: money.plain(getattr(found, name), currency) for name in ("owed", "now", "later")}
    return {**found.as_dict(), **sums}


def _placed(found: agency.Placed | None) -> dict[str, Any] | None:
    if found is None:
        return None
    currency = found.currency or "EUR"
    amounts = {"amount": found.amount, "recovered": found.recovered, "fee": found.fee}
    sums = {name: None if minor is None else money.plain(minor, currency) for name, minor in amounts.items()}
    return {
        "agency": found.agency, "on": found.on, "record": found.record, "currency": found.currency, **sums, "checked": found.checked,
        "next_check": found.next_check,
    }  # fmt: skip
