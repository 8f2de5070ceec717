"""Every late account with what the playbook says of it: the step, whether it is for an agency, the duties towards an insurer."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from healthcheck.playbook import agency, gather, handover, house, insurance, journal, stages
from healthcheck.playbook.insurance import Duty
from healthcheck.playbook.late import unconverted
from healthcheck.playbook.policy import Policy, policy_from
from healthcheck.playbook.situation import Situation
from healthcheck.playbook.stages import Step
from healthcheck.settings import Settings
from healthcheck.store.session import read

ASKING: Final = {
    "ask_rep": "rep",
    "ask_manager": "manager",
    "ask_learn": "learn",
}  # the step's action: what sales is asked for
HOUSE: Final = "healthcheck"  # who records what the house itself did


@dataclass(frozen=True)
class Followed:
    """One account. ``asks``: what sales is to be asked now (rep, manager, learn), empty: nothing. Amounts are reporting minor units."""

    key: int
    account: str
    entity: str
    name: str
    past_due: int
    disputed: int
    exposure: int
    step: Step
    agency: str
    duties: tuple[Duty, ...] = ()
    sales_rep: str | None = None
    rep_email: str | None = None
    manager_email: str | None = None
    unconverted: str = ""  # past due and undisputed, without an exchange rate, in its own currency
    faults: str = ""  # what is not in order in our own house, of an account that could be handed over
    kept_out: bool = False  # as recorded by now, even if after the date that is looked at

    @property
    def asks(self) -> str:
        return "" if self.kept_out else ASKING.get(self.step.action, "")


def follow(engine: Engine, as_of: date, settings: Settings, now: datetime) -> tuple[Followed, ...]:
    """All accounts past due, kept out of, or with a duty towards the insurer; by what is past due, the largest first."""
    policy = policy_from(settings)
    with read(engine) as session:
        away = journal.kept_out(session)
    found: dict[int, Followed] = {}  # made one by one: what a situation holds is too much to keep for all
    late, insured = gather.situations(engine, as_of, settings, now), handover.insured(engine, as_of, settings, now)
    for one in chain(late, insured):
        if one.customer.key not in found:
            found[one.customer.key] = _followed(one, policy, away)
    return tuple(sorted(found.values(), key=lambda one: (-one.past_due, -one.disputed, one.entity, one.account)))


def _followed(about: Situation, policy: Policy, away: Collection[int]) -> Followed:
    who, state = about.customer, agency.readiness(about, policy).state
    ripe = state in (agency.READY, agency.URGENT)
    return Followed(
        key=who.key,
        account=who.account,
        entity=who.entity,
        name=who.name,
        past_due=about.past_due,
        disputed=about.disputed,
        exposure=about.exposure,
        step=stages.step(about, policy),
        agency=state,
        duties=insurance.duties(about, policy),
        sales_rep=who.sales_rep,
        rep_email=who.rep_email,
        manager_email=who.manager_email,
        unconverted=unconverted(about),
        faults=house.assess(about, policy).faults if ripe else "",
        kept_out=who.key in away,
    )


def record_asked(
    session: Session, asked: Iterable[Followed], month: str, settings: Settings, now: datetime
) -> int:  # fmt: skip
    """Put on record that this month's mail asks sales about these accounts, with the day of the answer; once a month. How many are new."""
    on = settings.business_day(now)
    due = on + timedelta(days=settings.learn_answer_days)
    rows = [
        journal.add(
            session, one.key, "asked", on, now, reason=one.asks, due=due, method="mail", owner=one.step.who, by=HOUSE,
            note=one.step.next_step, once=f"asked/{month}/{one.key}",
        )
        for one in asked
    ]  # fmt: skip
    return sum(row is not None for row in rows)
