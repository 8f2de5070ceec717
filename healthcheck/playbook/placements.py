"""Writes down the life of a placement: handed over, asked about, what it brought, over. Without a time (``at`` None) it only checks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from healthcheck.errors import UsageError
from healthcheck.money import plain, to_minor
from healthcheck.playbook import journal, recording
from healthcheck.playbook.agency import Placed, undisputed
from healthcheck.playbook.situation import Situation
from healthcheck.store.books import Account

CHECK: Final = "check_in"


@dataclass(frozen=True)
class Start:
    """A hand-over as somebody states it; ``amount`` is decimal text, None: what is past due and undisputed."""

    agency: str
    amount: str | None = None
    note: str = ""
    by: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a placement brought, in minor units of ``currency``; ``close``: why it is over, None: it goes on."""

    recovered: int
    fee: int
    currency: str
    close: str | None = None


def start(session: Session, about: Situation, there: Placed | None, said: Start, at: datetime | None) -> None:
    """Record the placement as of the situation's day. Raises UsageError where it is placed already, or nobody is named."""
    if not said.agency:
        raise UsageError("--agency is empty: name who collects")
    if there and there.record:
        remedy = f"healthcheck record {about.customer.account} resolved --reason ..."
        raise UsageError(f"{about.customer.account} is with {there.agency} since {there.on}; end that first: {remedy}")
    owed, currency = _owed(about)
    new = recording.Said(
        kind="placement", on=about.as_of, agency=said.agency, amount=said.amount or owed,
        currency=None if said.amount else currency, note=said.note, by=said.by,
    )  # fmt: skip
    _store(session, about, new, at)


def _owed(about: Situation) -> tuple[str | None, str]:
    """What is past due and undisputed: in its own currency where there is one alone, else in the reporting one; None: nothing."""
    sums = Counter[str]()
    for one in undisputed(about):
        sums[one.currency] += one.open
    if len(sums) == 1:
        ((currency, owed),) = sums.items()
        return plain(owed, currency), currency
    return (plain(about.past_due, about.currency) if about.past_due else None), about.currency


def checked(session: Session, about: Situation, placed: Placed, note: str, by: str, at: datetime | None) -> None:
    """Record that somebody asked how it stands; the task to ask is done."""
    if not note.strip():
        raise UsageError("--note is empty: write how it stands")
    if at is None:
        return
    journal.add(session, about.customer.key, CHECK, about.as_of, at, refers=placed.record, note=note.strip(), by=by)
    asked = [
        entry.id for entry in about.entries if entry.kind == CHECK
    ]  # the last of them gave the task, or the placement did
    journal.end_tasks(session, [placed.record or 0, *asked], (CHECK,), about.as_of, by, at)


def outcome(recovered: str, fee: str, close: str | None, currency: str) -> Outcome:
    """The amounts as somebody typed them. Raises UsageError if they are none, or say nothing at all."""
    got, cost = to_minor(recovered.strip(), currency), to_minor(fee.strip(), currency)
    if got < 0 or cost < 0:
        raise UsageError(
            "--recovered and --fee cannot be less than nothing; take a mistake back: healthcheck record ... withdrawn"
        )
    if not (got or cost or (close or "").strip()):
        raise UsageError("nothing to record: give --recovered, --fee or --close")
    return Outcome(got, cost, currency, (close or "").strip() or None)


def ended(
    session: Session, about: Situation, placed: Placed, got: Outcome, note: str, by: str, at: datetime | None
) -> None:  # fmt: skip
    """Record what it brought and cost, and that it is over, if it is."""
    sums = (("recovered", got.recovered), ("agency_fee", got.fee))
    for kind, amount in sums if at else ():
        if amount and at:
            more = {"amount": amount, "currency": got.currency, "refers": placed.record, "note": note.strip(), "by": by}
            journal.add(session, about.customer.key, kind, about.as_of, at, **more)
    if got.close:
        over = recording.Said(kind="resolved", on=about.as_of, reason=got.close, note=note, by=by, refers=placed.record)
        _store(session, about, over, at)


def _store(session: Session, about: Situation, said: recording.Said, at: datetime | None) -> None:
    key = about.customer.key
    entries = recording.prepare(session, session.get_one(Account, key), said, about.currency)
    if at is not None:
        recording.store(session, key, entries, at)
