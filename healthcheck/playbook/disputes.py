"""Which invoices the customer says there is a problem with, and who has to settle it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from healthcheck.playbook.entries import Entry, standing
from healthcheck.playbook.situation import Situation

OWNER: Final = "credit team"


@dataclass(frozen=True)
class Dispute:
    """An open dispute; ``invoice`` None: about the whole account. ``record`` None: only the books say so."""

    invoice: str | None
    since: date | None
    owner: str
    record: int | None = None
    reason: str | None = None
    note: str = ""


def open_disputes(situation: Situation) -> tuple[Dispute, ...]:
    """The disputes that nobody has settled: those on record, then those that the books alone know. A paid invoice is in no dispute."""
    recorded = tuple(_recorded(situation))
    named = {one.invoice for one in recorded}
    since = [one.since for one in recorded if one.invoice is None and one.since]
    rest = (
        Dispute(owed.number, None, OWNER)
        for owed in situation.owed
        if owed.disputed and owed.number not in named and not any(owed.issued <= day for day in since)
    )
    return (*recorded, *rest)


def disputed(situation: Situation) -> frozenset[str]:
    """The numbers of the open invoices in dispute."""
    mine = [(one.invoice, one.since) for one in open_disputes(situation)]
    return frozenset(
        owed.number
        for owed in situation.owed
        if any(number == owed.number or (number is None and since and owed.issued <= since) for number, since in mine)
    )


def standing_disputes(entries: Iterable[Entry]) -> list[Entry]:
    """The records of disputes that nobody has settled. ``entries`` are in force."""
    return standing(entries, ("dispute",))


def _recorded(situation: Situation) -> Iterator[Dispute]:
    open_numbers = {owed.number for owed in situation.owed}
    for entry in standing_disputes(situation.entries):
        if entry.invoice is None or entry.invoice in open_numbers:
            yield Dispute(entry.invoice, entry.on, entry.owner or OWNER, entry.id, entry.reason, entry.note)
