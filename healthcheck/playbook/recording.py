"""What a person records of an account: checked, then written. Everything that is wrong with it is said in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import Final

from sqlmodel import Session, col, select

from healthcheck.errors import UsageError
from healthcheck.money import to_minor
from healthcheck.months import add_months
from healthcheck.playbook import journal
from healthcheck.playbook.disputes import OWNER
from healthcheck.playbook.entries import (
    KEEPS_OUT,
    KINDS,
    METHOD_NAMES,
    METHODS,
    REASONS,
    SETTLED,
    STRENGTHS,
    Entry,
    standing,
)
from healthcheck.store.books import Account, Invoice
from healthcheck.store.late import Record

EVERY: Final = ("month", "week")
MOST: Final = 60  # instalments
TASKS: Final = ("promise_broken", "check_in", "answer_due", "dispute")
WITH_AMOUNT: Final = ("promise", "placement", "demand", "dispute")


@dataclass(frozen=True)
class Said:
    """What somebody wants on record, as given. ``amount`` is decimal text; ``times`` and ``every``: instalments of that amount each."""

    kind: str
    on: date
    value: str | None = None  # of a relationship: how strong
    invoice: str | None = None
    amount: str | None = None
    currency: str | None = None
    due: date | None = None
    agency: str | None = None
    method: str | None = None
    reason: str | None = None
    note: str = ""
    by: str = ""
    owner: str | None = None
    refers: int | None = None
    times: int = 1
    every: str = "month"


def prepare(session: Session, account: Account, said: Said, currency: str) -> list[Entry]:
    """The entries to write, without numbers yet (0); ``currency`` is the reporting one. Raises UsageError."""
    if said.kind not in (*KINDS, "withdrawn"):
        raise UsageError(f"{said.kind!r} is nothing to record; choose one of {', '.join((*KINDS, 'withdrawn'))}")
    _fitting(said)
    invoice = _invoice(session, account, said.invoice)
    known = journal.history(session, account.id or 0)
    money = _money(said, (invoice.currency if invoice else account.currency) or currency)
    entry = Entry(
        id=0, kind=said.kind, on=said.on, invoice=said.invoice, amount=money[0], currency=money[1], due=said.due, agency=said.agency,
        method=_method(said.method), reason=_reason(said), note=said.note.strip(), by=said.by.strip(),
        owner=(said.owner or OWNER) if said.kind == "dispute" else said.owner, refers=_referred(said, known, account),
    )  # fmt: skip
    return list(_instalments(entry, said.times, said.every))


def store(session: Session, account_id: int, entries: Sequence[Entry], at: datetime) -> list[Record]:
    """Write them; agreed instalments get a series of their own. What is settled or taken back gives nobody anything to do any more."""
    ended = [one.id for entry in entries for one in ends(session, account_id, entry)]
    series = _new_series(session) if len(entries) > 1 else None
    rows = []
    for entry in entries:
        fields = {name: getattr(entry, name) for name in journal.FIELDS if name not in ("id", "kind", "on", "series")}
        row = journal.add(session, account_id, entry.kind, entry.on, at, series=series, **fields)
        rows += [row] if row else []
    journal.end_tasks(session, ended, TASKS, entries[0].on, entries[0].by, at)
    return rows


def ends(session: Session, account_id: int, entry: Entry) -> list[Entry]:
    """The records that an entry not yet written settles or takes back."""
    if entry.kind not in ("resolved", "withdrawn"):
        return []
    known = journal.history(session, account_id)
    last = replace(entry, id=max((one.id for one in known), default=0) + 1)
    if entry.kind == "withdrawn":
        return [one for one in known if one.id == entry.refers]
    after = standing([*known, last], SETTLED)
    return [one for one in standing(known, SETTLED) if one not in after]


def _invoice(session: Session, account: Account, number: str | None) -> Invoice | None:
    if number is None:
        return None
    mine = select(Invoice).where(Invoice.account_id == account.id, Invoice.kind == "invoice")
    found = session.exec(mine.where(Invoice.number == number)).first()
    if found is None:
        numbers = [one.number for one in session.exec(mine.order_by(col(Invoice.issued).desc()).limit(500))]
        near = get_close_matches(number, numbers, n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise UsageError(f"{account.account} has no invoice {number!r}{hint}")
    return found


def _fitting(said: Said) -> None:
    """What a kind needs, and what it cannot have."""
    if said.kind == "promise":
        if said.amount is None or said.due is None:
            raise UsageError("a promise needs --amount and --due: how much, and by when")
        if said.due < said.on:
            raise UsageError(f"--due {said.due} lies before the promise of {said.on}")
    elif said.times != 1:
        raise UsageError("--times is for promises: instalments agreed together")
    if said.kind == "answer" and not said.note.strip():
        raise UsageError("an answer needs --note: what sales found out")
    if said.amount is not None and said.kind not in WITH_AMOUNT:
        raise UsageError(f"--amount does not go with {said.kind}")
    if said.kind == "resolved" and not (said.reason or "").strip():
        raise UsageError("resolved needs --reason: what settled it")
    if said.kind == "withdrawn" and said.refers is None:
        raise UsageError(
            "withdrawn needs --id: the number of the record that was a mistake (healthcheck record ACCOUNT list)"
        )
    if not 1 <= said.times <= MOST:
        raise UsageError(f"--times: {said.times} instalments; from 1 to {MOST} can be agreed")
    _word(said.every, "--every", EVERY)


def _money(said: Said, usual: str) -> tuple[int | None, str | None]:
    if said.amount is None:
        return None, None
    currency = (said.currency or usual).strip().upper()
    amount = to_minor(said.amount.strip(), currency)
    if amount <= 0:
        raise UsageError(f"--amount: {said.amount} is not more than nothing")
    return amount, currency


def _reason(said: Said) -> str | None:
    if said.kind == "relationship":
        word = _word(said.value or said.reason or said.note, "relationship", STRENGTHS)
        if word is None:
            raise UsageError(f"say how strong the relationship is: {', '.join(STRENGTHS)}")
        return word
    if said.value is not None:
        raise UsageError(f"{said.value!r} does not go with {said.kind}; use --note for what was said")
    if said.kind == "contact":
        return _word(said.reason, "--reason", REASONS)
    return (said.reason or "").strip() or None


def _method(value: str | None) -> str | None:
    return _word(METHOD_NAMES.get((value or "").strip().lower(), value), "--method", METHODS)


def _word(value: str | None, option: str, words: Sequence[str]) -> str | None:
    if value is None or not value.strip():
        return None
    word = value.strip().lower()
    if word not in words:
        raise UsageError(f"{option}: {value!r} is none of {', '.join(words)}")
    return word


def _referred(said: Said, known: Sequence[Entry], account: Account) -> int | None:
    """The record that a ``resolved`` or ``withdrawn`` is about. Raises UsageError where it is none, or nothing stands to be resolved."""
    if said.refers is not None and said.refers not in {entry.id for entry in known}:
        raise UsageError(
            f"--id {said.refers} is no record of this account that still holds; see: healthcheck record ACCOUNT list"
        )
    if said.kind == "resolved":
        open_ = [entry for entry in standing(known, SETTLED) if entry.on <= said.on]
        mine = [one for one in open_ if said.refers in (None, one.id) and said.invoice in (None, one.invoice)]
        if not mine:
            raise UsageError(
                f"nothing to resolve: no dispute, demand, placement or evasiveness stands on record here{_hint(account)}"
            )
    return _question(known) if said.kind == "answer" and said.refers is None else said.refers


def _question(known: Sequence[Entry]) -> int | None:
    """The newest question to sales that nobody has answered."""
    answered = {entry.refers for entry in known if entry.kind == "answer"}
    asked = [entry.id for entry in known if entry.kind == "asked" and entry.id not in answered]
    return asked[-1] if asked else None


def _hint(account: Account) -> str:
    stated = (account.relationship or "").strip().lower()
    return f"; the customer file says {stated}: change it there" if stated in KEEPS_OUT else ""


def _instalments(entry: Entry, times: int, every: str) -> Iterator[Entry]:
    for number in range(times):
        if entry.due is None or number == 0:
            yield entry
        elif every == "week":
            yield replace(entry, due=entry.due + timedelta(weeks=number))
        else:
            yield replace(entry, due=add_months(entry.due, number))


def _new_series(session: Session) -> str:
    newest = session.exec(select(Record.id).order_by(col(Record.id).desc()).limit(1)).first()
    return f"plan-{(newest or 0) + 1}"
