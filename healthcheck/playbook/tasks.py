"""What somebody has to do because of a record: a promise was broken, an agency is to be asked, an answer or a dispute is waiting.

A task ends by itself once what it asks for is on record, or the money is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from healthcheck.ledger.workdays import next_business_day
from healthcheck.money import shown
from healthcheck.playbook import agency, keepout, promises
from healthcheck.playbook.disputes import OWNER, standing_disputes
from healthcheck.playbook.entries import Entry
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.promises import Promise
from healthcheck.playbook.situation import Situation
from healthcheck.reports.text import day

BROKEN, CHECK_IN, ANSWER, DISPUTE = "promise_broken", "check_in", "answer_due", "dispute"
FOLLOWS: Final = ("contact", "promise", "demand", "placement", "evasive", "letter")  # what a broken promise asks for


@dataclass(frozen=True)
class Todo:
    """``record`` is the number of the entry that gives it to do; ``due``: by when."""

    kind: str
    record: int
    what: str
    owner: str
    due: date


def todos(situation: Situation, policy: Policy) -> list[Todo]:
    """All that is to do about an account on the situation's day. Whom sales keeps out of, it is not chased about; nor do we call
    whom an agency calls.
    """
    kept_out = keepout.of(situation)
    makers: list[Callable[[Situation, Policy], Iterator[Todo]]] = [_check_ins, _disputes]
    makers += [] if kept_out else [_answers]
    makers += [] if kept_out and kept_out.kind == "placement" else [_broken]
    return sorted((one for make in makers for one in make(situation, policy)), key=lambda one: (one.due, one.record))


def _broken(situation: Situation, _policy: Policy) -> Iterator[Todo]:
    for one in promises.of(situation):
        if one.failed and not _followed(situation, one):
            yield Todo(BROKEN, one.entry.id, _said(situation, one), OWNER, _tomorrow(situation, one.until))


def _said(situation: Situation, one: Promise) -> str:
    amount = shown(one.amount, one.entry.currency or situation.currency)
    came = (
        f"; {shown(one.met + one.after, one.entry.currency or situation.currency)} came" if one.met + one.after else ""
    )
    return f"{situation.customer.name} promised {amount} by {day(one.until, situation.as_of)} and broke it{came}: call and ask why."


def _followed(situation: Situation, one: Promise) -> bool:
    """Whether somebody has acted on it since."""
    return any(entry.kind in FOLLOWS and entry.on > one.until for entry in situation.entries)


def _check_ins(situation: Situation, policy: Policy) -> Iterator[Todo]:
    """One for each time that they are to be asked: it belongs to the record of the time before."""
    there = agency.placed(situation, policy)
    if there is not None and there.last is not None and there.next_check <= situation.as_of:
        what = f"Ask {there.agency} how it stands with {situation.customer.name}."
        yield Todo(CHECK_IN, there.last, what, OWNER, there.next_check)


def _answers(situation: Situation, policy: Policy) -> Iterator[Todo]:
    for asked in situation.entries:
        until = asked.due or asked.on + timedelta(days=policy.learn_answer_days)
        if asked.kind == "asked" and until < situation.as_of and not _answered(situation, asked):
            what = f"{asked.owner or 'Sales'} has not answered about {situation.customer.name}, asked on {day(asked.on, situation.as_of)}."
            yield Todo(ANSWER, asked.id, what, OWNER, _tomorrow(situation, until))


def _answered(situation: Situation, asked: Entry) -> bool:
    after = [one for one in situation.entries if one.kind == "answer" and (one.on, one.id) > (asked.on, asked.id)]
    return any(one.refers in (None, asked.id) for one in after)


def _disputes(situation: Situation, policy: Policy) -> Iterator[Todo]:
    for entry in standing_disputes(situation.entries):
        about = f" about {entry.invoice}" if entry.invoice else ""
        what = f"Settle the dispute of {situation.customer.name}{about}{f': {entry.note}' if entry.note else ''}."
        until = entry.due or entry.on + timedelta(days=policy.follow_up_every_days)
        yield Todo(DISPUTE, entry.id, what, entry.owner or OWNER, until)


def _tomorrow(situation: Situation, after: date) -> date:
    return next_business_day(after + timedelta(days=1), situation.customer.country)
