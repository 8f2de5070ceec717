"""The line of each account that is past due: who acts, what comes next and when, as ``late --json`` prints it and people read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from healthcheck.money import plain
from healthcheck.playbook import agency, house, insurance
from healthcheck.playbook.agency import Readiness
from healthcheck.playbook.approach import Approach, approach
from healthcheck.playbook.disputes import Dispute, disputed, open_disputes
from healthcheck.playbook.house import House
from healthcheck.playbook.insurance import Duty
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.situation import Situation
from healthcheck.playbook.stages import KEEP_OUT, Step, step


@dataclass(frozen=True)
class Late:
    """One account that is past due, and all that the playbook says of it. ``unconverted``: past due, undisputed, without a rate."""

    situation: Situation
    step: Step
    approach: Approach
    readiness: Readiness
    house: House
    disputes: tuple[Dispute, ...] = ()
    duties: tuple[Duty, ...] = ()  # towards the credit insurer
    unconverted: str = ""


def is_late(situation: Situation) -> bool:
    """Whether anything is past due, disputed or not."""
    return any(owed.days > 0 for owed in situation.owed)


def late(situation: Situation, policy: Policy) -> Late:
    """All that the playbook says of one account."""
    return Late(
        situation,
        step(situation, policy),
        approach(situation, policy),
        agency.readiness(situation, policy),
        house.assess(situation, policy),
        open_disputes(situation),
        insurance.duties(situation, policy),
        unconverted(situation),
    )


def line(one: Late) -> dict[str, Any]:
    """The contract: its keys in its order, then what else is worth knowing. Amounts are text, in the reporting currency."""
    situation, step = one.situation, one.step
    customer = situation.customer
    return {
        **({"entity": customer.entity} if customer.entity else {}),
        "account": customer.account,
        "days_past_due": step.days,
        "amount_past_due": plain(situation.past_due, situation.currency),
        "currency": situation.currency,
        "stage": step.stage,
        "sales": step.sales,
        "why": step.why,
        "next_step": step.next_step,
        "next_date": step.next_date.isoformat() if step.next_date else None,
        "approach": one.approach.kind,
        "agency": one.readiness.as_dict(),
        "house_in_order": one.house.in_order,
        "name": customer.name,
        "who": step.who,
        "action": step.action,
        "rule": step.rule,
        "source": step.source,
        "disputed_past_due": plain(situation.disputed, situation.currency),
        "insurance": [duty.as_dict() for duty in one.duties],
        **({"unconverted": one.unconverted} if one.unconverted else {}),
    }


def families(found: Iterable[Late]) -> list[list[Late]]:
    """Members of one group together, the largest amount first; inside, who is longest past due first."""
    by_group = sorted(found, key=lambda one: one.situation.customer.group)
    members = [list(some) for _, some in groupby(by_group, key=lambda one: one.situation.customer.group)]
    return sorted((sorted(some, key=_longest) for some in members), key=_largest)


def group_line(members: Sequence[Late]) -> dict[str, Any]:
    """A family as one line: its sums, the step of its member that leads, and every member's account.

    Who must be kept out of sales leads, then who is longest past due.
    """
    lead = min(members, key=lambda one: (one.step.sales != KEEP_OUT, -one.step.days))
    currency = lead.situation.currency
    return line(lead) | {
        "account": lead.situation.customer.group.partition("/")[2],
        "days_past_due": max(one.step.days for one in members),
        "amount_past_due": plain(sum(one.situation.past_due for one in members), currency),
        "disputed_past_due": plain(sum(one.situation.disputed for one in members), currency),
        "lead": lead.situation.customer.account,
        "accounts": [one.situation.customer.account for one in members],
        "insurance": [duty.as_dict() for one in members for duty in one.duties],
    }


def _longest(one: Late) -> tuple[int, str]:
    return -one.step.days, one.situation.customer.account


def _largest(members: list[Late]) -> tuple[int, str]:
    return -sum(one.situation.past_due for one in members), members[0].situation.customer.group


def unconverted(situation: Situation) -> str:
    """``USD 1200.00, GBP 3.50``: what no rate values, in its own currency."""
    sums: dict[str, int] = {}
    in_dispute = disputed(situation)
    for owed in situation.owed:
        if owed.value is None and owed.days > 0 and owed.number not in in_dispute:
            sums[owed.currency] = sums.get(owed.currency, 0) + owed.open
    return ", ".join(f"{currency} {plain(amount, currency)}" for currency, amount in sorted(sums.items()))
