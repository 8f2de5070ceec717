"""Whether sales must keep out of an account: it is evasive, a formal demand has gone out, or others collect from it.

It begins at once, wins over everything, and ends only when somebody records, with a reason, that it is resolved (or, where only the
customer file says so, when the file no longer does).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from healthcheck.playbook.entries import KEEPS_OUT, Entry, standing
from healthcheck.playbook.situation import Situation
from healthcheck.reports.text import day

_STRONGEST: Final = ("placement", "demand", "evasive")


@dataclass(frozen=True)
class KeepOut:
    """Why sales keeps out. ``since``: when the first of what stands began; ``record``: what it rests on, None: the file says so."""

    kind: str  # placement, demand or evasive: the strongest that stands
    why: str
    since: date | None = None
    record: Entry | None = None


def keep_out(entries: Iterable[Entry], relationship: str | None = None) -> KeepOut | None:
    """Whether sales keeps out, by the records (in force) or, failing those, by the customer file's ``relationship``; None: it need not."""
    found = standing(entries, KEEPS_OUT)
    if found:
        newest = strongest(found)
        return KeepOut(newest.kind, _why(newest), min(entry.on for entry in found), newest)
    stated = (relationship or "").strip().lower()
    return KeepOut(stated, f"the customer file says: {stated}") if stated in KEEPS_OUT else None


def strongest(found: Iterable[Entry]) -> Entry:
    """Of the records that keep sales out, the one that counts: a placement, else a demand, else evasiveness; the newest of its kind."""
    return max(found, key=lambda entry: (-_STRONGEST.index(entry.kind), entry.on, entry.id))


def of(situation: Situation) -> KeepOut | None:
    """Whether sales keeps out of this account."""
    return keep_out(situation.entries, situation.customer.relationship)


def _why(entry: Entry) -> str:
    said = f": {entry.note}" if entry.note else ""
    match entry.kind:
        case "placement":
            return f"with {entry.agency or 'a collection agency'} since {day(entry.on)}{said}"
        case "demand":
            return f"a formal demand went out on {day(entry.on)}{said}"
    return f"recorded as evasive or dishonest on {day(entry.on)}{said}"
