"""The records of an account as known on a date, and the words they may be made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

# what a person may record, and what it says
KINDS: Final = {
    "contact": "we spoke or wrote to the customer",
    "promise": "the customer promised to pay an amount by a day",
    "dispute": "the customer says that there is a problem",
    "demand": "a formal demand for payment has gone out",
    "placement": "the account was handed to a collection agency or an attorney",
    "evasive": "the customer is evasive or dishonest",
    "bank_confirmed": "a change of the customer's bank was confirmed with the customer",
    "answer": "what sales found out after it was asked",
    "relationship": "how strong the relationship with the sales rep is: strong, normal or weak",
    "resolved": "what was recorded before is settled: a dispute, a demand, a placement, evasiveness",
}
# what the house or other commands record
HOUSE_KINDS: Final = {
    "letter": "a letter or mail has gone to the customer",
    "asked": "sales was asked to find something out",
    "check_in": "we asked the agency how it stands",
    "recovered": "the agency or attorney got money for us",
    "agency_fee": "what the agency or attorney kept or charged for it",
    "insurer_report": "the overdue account was reported to the credit insurer",
    "withdrawn": "a record was a mistake and is taken back",
}
METHODS: Final = ("phone", "mail", "letter", "visit", "other")
METHOD_NAMES: Final = {"email": "mail", "e-mail": "mail", "call": "phone", "telephone": "phone", "post": "letter"}
REASONS: Final = ("oversight", "disaster", "cash", "dispute", "unwilling", "other")  # why the customer says it is late
KEEPS_OUT: Final = ("evasive", "demand", "placement")  # while one of these stands, sales stays out
SETTLED: Final = (
    "dispute",
    *KEEPS_OUT,
)  # what one ``resolved`` settles together, where it names neither a record nor an invoice
STRENGTHS: Final = ("strong", "normal", "weak")  # of a relationship, in ``reason``


@dataclass(frozen=True)
class Entry:
    """One record: see ``healthcheck.store.late.Record``. Amounts are minor units of ``currency``."""

    id: int
    kind: str
    on: date
    invoice: str | None = None
    amount: int | None = None
    currency: str | None = None
    due: date | None = None
    agency: str | None = None
    method: str | None = None
    reason: str | None = None
    note: str = ""
    by: str = ""
    owner: str | None = None
    series: str | None = None
    refers: int | None = None


def in_force(entries: Iterable[Entry]) -> list[Entry]:
    """Those that nobody took back, by day, then by number; the taking back is left out too."""
    known = sorted(entries, key=order)
    gone: set[int | None] = set()
    for entry in sorted(
        known, key=lambda one: -one.id
    ):  # the newest first: who takes a taking back back restores the record
        if entry.kind == "withdrawn" and entry.id not in gone:
            gone.add(entry.refers)
    return [entry for entry in known if entry.kind != "withdrawn" and entry.id not in gone]


def standing(entries: Iterable[Entry], kinds: Collection[str]) -> list[Entry]:
    """The records of these kinds that nothing has settled, by day. ``entries`` are in force.

    A ``resolved`` settles the record it refers to; else what was said of its invoice before; else all of ``SETTLED`` that was said before.
    """
    entries = list(entries)
    ends = [entry for entry in entries if entry.kind == "resolved"]
    return [entry for entry in entries if entry.kind in kinds and not any(_ends(end, entry) for end in ends)]


def order(entry: Entry) -> tuple[date, int]:
    """By day, then by number."""
    return entry.on, entry.id


def _ends(end: Entry, entry: Entry) -> bool:
    if end.refers is not None:
        return end.refers == entry.id
    within = end.invoice is None or end.invoice == entry.invoice
    return entry.kind in SETTLED and within and order(end) > order(entry)
