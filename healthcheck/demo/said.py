"""What was said to and by the late customers of the demo, each record on its day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from sqlmodel import Session, select

from healthcheck.demo.days import AS_OF
from healthcheck.playbook import journal
from healthcheck.store.books import Account, Invoice

AGENCY: Final = "Inkasso Nordlicht"
CREDIT: Final = "Ina Ledger"


@dataclass(frozen=True)
class Said:
    """One record, ``ago`` days before the book's date. ``name`` lets another refer to it (``of``); ``due``: days from the book's date."""

    ago: int
    kind: str
    note: str = ""
    name: str = ""
    of: str = ""
    due: int | None = None
    oldest: bool = False  # it is about the invoice that fell due first
    by: str = CREDIT
    more: dict[str, Any] = field(default_factory=dict)


def _mail(ago: int, note: str = "A gentle reminder with a statement.", kind: str = "reminder") -> Said:
    return Said(ago, "letter", note, more={"method": "mail", "reason": kind})


def _call(ago: int, note: str, reason: str | None = None) -> Said:
    return Said(ago, "contact", note, more={"method": "phone", "reason": reason})


def _sum(ago: int, kind: str, amount: int, currency: str, **more: Any) -> Said:
    series = {"series": more.pop("series")} if "series" in more else {}
    return Said(ago, kind, more={"amount": amount, "currency": currency, **series}, **more)


RECORDS: Final[dict[str, tuple[Said, ...]]] = {
    "C241": (_call(4, "Some beams came warped; pays once that is settled.", "dispute"),),
    "C242": (_mail(16),),
    "C243": (
        _mail(24),
        _call(17, "Accounts payable will look into it.", "oversight"),
        _mail(10, "A second reminder."),
    ),
    "C244": (
        _mail(33),
        Said(
            29,
            "dispute",
            "The project price was not applied.",
            oldest=True,
            more={"reason": "price", "owner": "Bo West"},
        ),
        _call(20, "Waits for our credit note.", "dispute"),
    ),
    "C245": (
        _mail(44),
        _call(38, "Cash is short, a customer of theirs has not paid.", "cash"),
        _sum(38, "promise", 900_000, "PLN", due=-21),
        _call(20, "Nobody answers any more."),
        _mail(8, "A firm notice.", "firm"),
    ),
    "C246": (
        _mail(52),
        _call(44, "A site stands still; cannot pay all at once.", "cash"),
        *(_sum(42, "promise", 500_000, "EUR", due=due, series="plan-1") for due in (-19, 12, 42)),
    ),
    "C247": (
        _mail(60),
        _call(52, "Says the transfer is on its way.", "other"),
        _mail(43),
        _call(32, "A buyer for the firm is being looked for.", "cash"),
        Said(
            28,
            "asked",
            "What is behind it?",
            name="asked",
            due=-21,
            by="healthcheck",
            more={"owner": "Bo West", "reason": "learn"},
        ),
        Said(23, "answer", "The owner wants to sell; wages were paid late twice.", of="asked", by="Bo West"),
        _mail(18, "A firm notice.", "firm"),
        _call(5, "No date, no offer.", "unwilling"),
    ),
    "C248": (_mail(40),),
    "C249": (
        _mail(31),
        _call(24, "The invoice never came."),
        _call(17, "It was paid yesterday."),
        Said(9, "evasive", "The invoice never came; it was paid; the clerk is ill."),
    ),
    "C250": (
        _mail(100),
        _call(88, "Will not pay.", "unwilling"),
        Said(75, "demand", "Formal demand, fourteen days."),
        _call(62, "Nobody answers."),
        Said(55, "placement", name="placed", more={"agency": AGENCY, "amount": 1_450_000, "currency": "EUR"}),
        Said(33, "check_in", "They have reached the owner.", of="placed"),
        _sum(12, "recovered", 480_000, "EUR", of="placed"),
        _sum(12, "agency_fee", 86_400, "EUR", of="placed"),
    ),
}


def record(session: Session, accounts: Mapping[str, Account], late: Mapping[str, int]) -> int:
    """Write it all down. ``late``: how many days each account's first unpaid invoice is past due. How many records there are."""
    return sum(_record(session, accounts[account], said, late[account]) for account, said in RECORDS.items())


def _record(session: Session, account: Account, records: tuple[Said, ...], days: int) -> int:
    made: dict[str, int | None] = {}
    for said in sorted(records, key=lambda one: -one.ago):
        on = AS_OF - timedelta(days=said.ago)
        row = journal.add(
            session,
            account.id or 0,
            said.kind,
            on,
            datetime.combine(on, time(10), UTC),
            note=said.note,
            by=said.by,
            due=None if said.due is None else AS_OF + timedelta(days=said.due),
            refers=made.get(said.of),
            invoice=_oldest(session, account, days) if said.oldest else None,
            **said.more,
        )
        made[said.name] = row.id if row else None
    return len(records)


def _oldest(session: Session, account: Account, days: int) -> str:
    """The number of the invoice that fell due on the story's day."""
    due = AS_OF - timedelta(days=days)
    return session.exec(select(Invoice.number).where(Invoice.account_id == account.id, Invoice.due == due)).one()
