"""Fictitious late customers as situations, for the tests of what the playbook says and writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from healthcheck.playbook.entries import Entry
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.situation import Customer, Owed, Paid, Received, Said, Seen, Situation
from healthcheck.reports.letters import Addressee, Head

AS_OF = date(2026, 11, 20)
POLICY = Policy()
HEAD = Head(
    "Nordwind Handels GmbH", ("Kaistraße 4", "24103 Kiel"), ("Telephone 0431 555 0100", "credit@nordwind.example"),
    ("Nordwind Handels GmbH", "IBAN DE00 0000 0000 0000 0000 00", "Fördebank Kiel"), "Jo Beispiel, accounts receivable",
    "our general terms of 2024, printed on the back of the offer",
)  # fmt: skip


def owed(number="R1042", days=47, amount=1_250_000, currency="EUR", **more) -> Owed:
    due = AS_OF - timedelta(days=days)
    made = Owed(
        number, due - timedelta(days=30), due, days, amount, amount, currency, amount if currency == "EUR" else None
    )
    return replace(made, **more)


def paid(days=0, months_ago=3, value=900_000, number="") -> Paid:
    due = AS_OF - timedelta(days=30 * months_ago)
    return Paid(number or f"P{months_ago}", due - timedelta(days=30), due, due + timedelta(days=days), days, value)


def entry(key, kind, days_ago, **more) -> Entry:
    return Entry(key, kind, AS_OF - timedelta(days=days_ago), **more)


def customer(**more) -> Customer:
    given = {
        "key": 1, "account": "C117", "name": "Alva Sp. z o.o.", "country": "PL", "city": "Łódź", "industry": "house building",
        "terms_days": 30, "limit": 15_000_000, "insured_limit": 10_000_000, "insured_until": date(2026, 12, 31), "sales_rep": "Cleo East",
        "rep_email": "east@nordwind.example", "manager_email": "field@nordwind.example", "first_invoice": date(2023, 3, 6),
    }  # fmt: skip
    return Customer(**{**given, **more})


def situation(items=(), entries=(), **more) -> Situation:
    items = tuple(sorted(items, key=lambda one: one.due))
    history = tuple(paid(days=n % 4, months_ago=n) for n in range(1, 24))
    given = {
        "as_of": AS_OF, "currency": "EUR", "customer": customer(), "exposure": sum(one.value or 0 for one in items),
        "past_due": sum(one.value or 0 for one in items if one.days > 0 and not one.disputed),
        "disputed": sum(one.value or 0 for one in items if one.disputed), "owed": items, "paid": history,
        "received": tuple(Received(one.settled, one.value, "EUR", one.number) for one in history), "entries": tuple(entries),
        "books_until": AS_OF - timedelta(days=1),
        "checks": {
            "payments": Said("urgent", "An invoice of EUR 12,500 is 47 days late; none of 23 ever ran so late."),
            "purchases": Said("clear", "Bought EUR 9,000 a month, as anticipated."),
            "bank": Said("unknown", "Nobody told us from which bank they pay."),
            "credit": Said("flag", "The bureau's score fell from B to D since March."),
            "field": Said("unknown", "Nobody visited them."),
        },
    }  # fmt: skip
    return Situation(**{**given, **more})


REPORT = {
    "bureau": "file", "reported_on": "2026-10-12", "currency": "EUR", "score": {"value": "38", "scale_max": "100", "band": "D"},
    "limit": {"amount": "60000", "currency": "EUR"}, "payment": {"dbt": "23", "industry": "6"},
    "legal": [{"kind": "judgment", "open": True}],
}  # fmt: skip


def middle() -> Situation:
    """47 days: two reminders, a call, cash is short; a promise was broken, another runs."""
    items = (owed(), owed("R1077", 18, 830_050), owed("R1101", -12, 640_000), owed("R1060", 33, 210_000, disputed=True))
    entries = (
        entry(1, "letter", 40, method="mail", reason="reminder", note="A friendly reminder", by="jo"),
        entry(2, "contact", 31, method="phone", reason="cash", note="A building site stands still, they wait for money.", by="jo"),
        entry(3, "promise", 31, amount=500_000, currency="EUR", due=AS_OF - timedelta(days=14), by="jo"),
        entry(4, "letter", 20, method="mail", reason="reminder", note="A friendly reminder", by="jo"),
        entry(5, "dispute", 19, invoice="R1060", owner="Cleo East", note="Two pallets were wet.", by="jo"),
        entry(6, "promise", 6, amount=400_000, currency="EUR", due=AS_OF + timedelta(days=7), by="jo"),
    )  # fmt: skip
    seen = (Seen(AS_OF - timedelta(days=25), "quiet", "Half the cranes were gone.", "Cleo East"),)
    return situation(items, entries, report=REPORT, seen=seen)


def early() -> Situation:
    """Five days, alone, a good customer: an oversight."""
    return situation(
        (owed("R1120", 5, 430_000), owed("R1131", -9, 280_000)), report=None, customer=customer(insured_limit=None)
    )


def evasive() -> Situation:
    """80 days, evasive: sales keeps out."""
    entries = (
        entry(1, "letter", 70, method="mail", reason="reminder", by="jo"),
        entry(2, "letter", 55, method="letter", reason="firm", by="jo"),
        entry(3, "contact", 50, method="phone", reason="unwilling", note="“Sue us, then.”", by="jo"),
        entry(4, "evasive", 48, note="Denied having got goods that they signed for.", by="jo"),
    )  # fmt: skip
    return situation((owed("R0988", 80, 2_210_099), owed("R1002", 61, 15_001)), entries, report=REPORT)


def foreign() -> Situation:
    """In two currencies, one of them without a rate."""
    items = (owed("R1200", 21, 1_000_000), owed("R1201", 17, 2_500_000, "PLN"))
    return situation(items, unconverted="PLN 25,000.00")


def new() -> Situation:
    """A first invoice, delivered yesterday; nothing is late, nothing is known."""
    first = owed("R1300", -29, 120_000, delivered=AS_OF - timedelta(days=1))
    return situation(
        (first,),
        paid=(),
        received=(),
        checks={},
        customer=customer(first_invoice=first.issued, terms_days=None, limit=None),
    )


WORLD = {"middle": middle, "early": early, "evasive": evasive, "foreign": foreign, "new": new}


def addressee(**more) -> Addressee:
    given = {
        "name": "Alva Sp. z o.o.",
        "account": "C117",
        "address": ("ul. Piotrkowska 1", "90-001 Łódź"),
        "email": "ap@alva.example",
    }
    return Addressee(**{**given, **more})
