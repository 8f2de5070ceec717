"""The records of an account as known on a date, and the words they may be made of."""

from __future__ import annotations

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
    "relationship": "how strong the relationship with the sales rep is: strong, normal or weak",
    "resolved": "what was recorded before is settled: a dispute, a demand, a placement, evasiveness",
}
# what the house or other commands record
HOUSE_KINDS: Final = {
    "letter": "a letter or mail has gone to the customer",
    "standing_order": "a person ordered that a letter goes out by itself",
    "asked": "sales was asked to find something out",
    "answer": "what sales found out",
    "check_in": "we asked the agency how it stands",
    "insurer_report": "the overdue account was reported to the credit insurer",
    "withdrawn": "a record was a mistake and is taken back",
}
METHODS: Final = ("phone", "mail", "letter", "visit", "other")
REASONS: Final = ("oversight", "disaster", "cash", "dispute", "unwilling", "other")  # why the customer says it is late
KEEPS_OUT: Final = ("evasive", "demand", "placement")  # while one of these stands, sales stays out


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
