"""When to hand an account over, what is missing for it, what it may bring, and what has become of it since.

Days count from the due date of the oldest undisputed invoice: a dispute is settled first. Handing over is a person's decision.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from healthcheck.playbook import house
from healthcheck.playbook.entries import Entry, standing
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.situation import Owed, Situation
from healthcheck.reports.text import count, day

NOT_YET, READY, URGENT, PLACED = "not_yet", "ready", "urgent", "placed"
CONTACTS: Final = ("contact", "letter")


@dataclass(frozen=True)
class Papers:
    """What lies in a folder of documents: the numbers of the invoices that there is a copy, a proof of delivery of; and the rest."""

    invoices: Collection[str] = ()
    deliveries: Collection[str] = ()
    terms: bool = False
    dispute: bool = False


@dataclass(frozen=True)
class Lack:
    """What is missing for the file: a word for machines, a sentence for people."""

    what: str
    why: str


@dataclass(frozen=True)
class Placed:
    """An account in others' hands. Amounts are minor units of ``currency``; ``recovered`` and ``fee`` are what was recorded so far.

    ``record`` None: only the customer file says so, and then ``on`` is not known.
    """

    agency: str
    next_check: date
    record: int | None = None
    on: date | None = None
    amount: int | None = None
    currency: str | None = None
    checked: date | None = None
    last: int | None = None  # the record of the last time that they were asked, else of the placement
    recovered: int = 0
    fee: int = 0


@dataclass(frozen=True)
class Readiness:
    """Whether an account is for an agency. ``days`` past due of the oldest undisputed invoice; 0: none."""

    state: str
    why: str
    days: int
    lacks: tuple[Lack, ...] = ()
    placed: Placed | None = None

    @property
    def missing(self) -> list[str]:
        """The words for machines."""
        return [lack.what for lack in self.lacks]

    def as_dict(self) -> dict[str, Any]:
        """As ``late --json`` prints it."""
        return {"state": self.state, "missing": self.missing}


def readiness(situation: Situation, policy: Policy, papers: Papers | None = None) -> Readiness:
    """The state of the account, and what is missing. ``papers`` None: nobody has looked for documents, only the books are asked."""
    there = placed(situation, policy)
    days = max((one.days for one in undisputed(situation)), default=0)
    if there is not None:
        since = f" since {day(there.on, situation.as_of)}" if there.on else ""
        why = f"With {there.agency}{since}; ask them by {day(there.next_check, situation.as_of)}."
        return Readiness(PLACED, why, days, placed=there)
    lacks = tuple(_lacks(situation, papers))
    state, why = _state(situation, days, policy)
    return Readiness(state, why, days, lacks)


def undisputed(situation: Situation) -> tuple[Owed, ...]:
    """The past-due invoices that nobody disputes, the oldest first."""
    return tuple(one for one in house.past_due(situation) if not one.disputed)


def _state(situation: Situation, days: int, policy: Policy) -> tuple[str, str]:
    if not days:
        disputed = any(one.days > 0 for one in situation.owed)
        return NOT_YET, "What is past due is disputed: settle that first." if disputed else "Nothing is past due."
    past = f"{count(days, 'day')} past due"
    if days <= policy.agency_ready_days and days < policy.agency_urgent_days:
        when = situation.as_of + timedelta(days=policy.agency_ready_days + 1 - days)
        return NOT_YET, f"{past}: ready to be handed over from {day(when, situation.as_of)} on."
    if days < policy.agency_urgent_days:
        return READY, f"{past}: ready to be handed over, and the sooner the more it brings."
    left = policy.agency_mark_days - days
    mark = f"{count(left, 'day')} before" if left > 0 else "at" if left == 0 else f"{count(-left, 'day')} beyond"
    return URGENT, f"{past}, {mark} the {policy.agency_mark_days}-day mark: decide now."


# ---- what is missing


def _lacks(situation: Situation, papers: Papers | None) -> Iterable[Lack]:
    late = house.past_due(situation)
    if not late:
        return
    copies = set(papers.invoices) if papers else None
    if copies is not None and (without := [one.number for one in late if one.number not in copies]):
        yield Lack("invoices", f"Copies of {_listed(without)}.")
    if situation.customer.terms_days is None:
        yield Lack("terms", "The terms agreed: none are on file.")
    elif papers is not None and not papers.terms:
        yield Lack("terms", "The paper in which the customer agreed to the terms.")
    proved = set(papers.deliveries) if papers else {one.number for one in late if one.delivered}
    if without := [one.number for one in late if one.number not in proved]:
        yield Lack("proof_of_delivery", f"Proof of delivery for {_listed(without)}.")
    if not any(entry.kind in CONTACTS for entry in situation.entries):
        yield Lack("contact_log", "A contact log: no contact with the customer is on record.")
    if _was_disputed(situation) and not (papers and papers.dispute):
        yield Lack("dispute_papers", "The papers of the dispute: what the customer said, and what we answered.")
    if not any(entry.kind == "demand" for entry in situation.entries):
        yield Lack("final_demand", "A final demand that says what happens next: none is on record.")


def _was_disputed(situation: Situation) -> bool:
    return any(one.disputed for one in house.past_due(situation)) or any(e.kind == "dispute" for e in situation.entries)


def _listed(numbers: list[str]) -> str:
    shown, rest = numbers[: house.SHOWN], len(numbers) - house.SHOWN
    return f"{', '.join(shown)}{f' and {rest} more' if rest > 0 else ''}"


# ---- in others' hands


def placed(situation: Situation, policy: Policy) -> Placed | None:
    """The newest placement that still stands, with what came of it; or what the customer file says."""
    there = standing(situation.entries, ("placement",))
    if there:
        return _placed(there[-1], situation.entries, policy)
    stated = (situation.customer.relationship or "").strip().lower() == "placement"
    return Placed("an agency", situation.as_of) if stated else None


def _placed(record: Entry, entries: Iterable[Entry], policy: Policy) -> Placed:
    own = [entry for entry in entries if entry.refers == record.id]
    checks = [entry for entry in own if entry.kind in ("check_in", "recovered")]
    last = max(checks, key=lambda entry: (entry.on, entry.id), default=record)
    checked = last.on if checks else None
    return Placed(
        agency=record.agency or "an agency",
        next_check=(checked or record.on) + timedelta(days=policy.check_in_every_days),
        record=record.id,
        on=record.on,
        amount=record.amount,
        currency=record.currency,
        checked=checked,
        last=last.id,
        recovered=sum(entry.amount or 0 for entry in own if entry.kind == "recovered"),
        fee=sum(entry.amount or 0 for entry in own if entry.kind == "agency_fee"),
    )


# ---- an agency, or an attorney


@dataclass(frozen=True)
class Route:
    """Whom to turn to, by how many ``cases`` there are in a year."""

    to: str  # agency, attorney
    cases: int
    why: str


def route(cases: int, policy: Policy) -> Route:
    """An attorney for a handful of cases; an agency where there is a regular need."""
    said = f"{count(cases, 'case')} in the last twelve months, those that are ready now included"
    if cases <= policy.handful:
        why = f"{said}: for a handful, an attorney who knows collections may suit better than an agency."
        return Route("attorney", cases, why)
    return Route("agency", cases, f"{said}: a regular need, for which an agency can get to know you.")
