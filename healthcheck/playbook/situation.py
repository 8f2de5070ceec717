"""What the playbook looks at: one account on one date, as plain values. Everything it decides is a pure function of this.

Days past due count from the due date rolled to the next business day, as everywhere in the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from healthcheck.playbook.entries import Entry


@dataclass(frozen=True)
class Owed:
    """One invoice of which something is open; ``days`` past due, negative: not due yet. Amounts are minor units of ``currency``."""

    number: str
    issued: date
    due: date
    days: int
    amount: int
    open: int
    currency: str
    value: int | None  # ``open`` in minor units of the reporting currency; None: no exchange rate
    disputed: bool = False
    delivered: date | None = None


@dataclass(frozen=True)
class Paid:
    """One invoice of the last 24 months that was settled; ``days`` late, negative: early."""

    number: str
    issued: date
    due: date
    settled: date
    days: int
    value: int | None
    delivered: date | None = None


@dataclass(frozen=True)
class Received:
    """Money that came from the customer; ``invoice`` None: not allocated."""

    on: date
    amount: int
    currency: str
    invoice: str | None = None


@dataclass(frozen=True)
class Customer:
    """Who it is. Amounts are minor units of the reporting currency."""

    key: int
    account: str
    name: str
    entity: str = ""
    country: str | None = None
    city: str | None = None
    industry: str | None = None
    currency: str = "EUR"
    terms_days: int | None = None
    limit: int | None = None
    insured_limit: int | None = None
    insured_until: date | None = None
    sales_rep: str | None = None
    rep_email: str | None = None
    manager_email: str | None = None
    relationship: str | None = None
    first_invoice: date | None = None
    group: str = ""  # entity/account of the family's root
    risk_class: str | None = None
    klass: str = ""  # of the rotation: eligible, small, new, late, inactive, excluded
    group_exposure: int = 0
    group_limit: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)  # columns of the accounts file that are none of ours


@dataclass(frozen=True)
class Said:
    """The outcome of one check, and its sentence."""

    outcome: str
    summary: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """What a rep heard and saw; ``activity``: busy, as_always, quiet, not_visited."""

    on: date
    activity: str | None = None
    heard: str | None = None
    by: str = ""


@dataclass(frozen=True)
class Situation:
    """One account as of ``as_of``. Amounts without a currency of their own are minor units of ``currency``, the reporting one.

    ``owed`` comes oldest due first and leaves out what unallocated money covers; ``entries`` come by day, then by number, those taken
    back left out; ``checks`` are the outcomes by check; ``report`` is the newest bureau report known; ``family`` names the other
    members of the group that sales must keep out of; ``seen`` comes by day; ``books_until`` is the newest fact of the whole ledger.
    """

    as_of: date
    currency: str
    customer: Customer
    exposure: int
    past_due: int  # undisputed and not covered
    disputed: int  # of what is past due
    unconverted: str | None = None
    owed: tuple[Owed, ...] = ()
    paid: tuple[Paid, ...] = ()
    received: tuple[Received, ...] = ()
    entries: tuple[Entry, ...] = ()
    checks: Mapping[str, Said] = field(default_factory=dict)
    report: Mapping[str, Any] | None = None
    family: tuple[str, ...] = ()
    seen: tuple[Seen, ...] = ()
    books_until: date | None = None
