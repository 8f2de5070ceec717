"""Situations made by hand, for the tests of handing over."""

from __future__ import annotations

from datetime import date, timedelta

from healthcheck.playbook.entries import Entry
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.situation import Customer, Owed, Paid, Situation

AS_OF = date(2026, 10, 31)
POLICY = Policy()
DAY = timedelta(days=1)


def owed(number="HP1", days=50, lag=2, amount=1_000_00, **more) -> Owed:
    """An invoice ``days`` past due, delivered ``lag`` days before it was issued (None: no delivery date), at 30 days."""
    due = AS_OF - days * DAY
    issued = due - 30 * DAY
    delivered = None if lag is None else issued - lag * DAY
    given = {"issued": issued, "due": due, "open": amount, "currency": "EUR", "value": amount, "delivered": delivered}
    return Owed(number=number, days=days, amount=amount, **{**given, **more})


def paid(number, issued, delivered=None) -> Paid:
    return Paid(number, issued, issued + 30 * DAY, issued + 31 * DAY, 1, 1_000_00, delivered)


def said(kind, ago, id=1, **more) -> Entry:
    """A record of ``ago`` days before."""
    return Entry(id=id, kind=kind, on=AS_OF - ago * DAY, **more)


def case(*invoices, entries=(), customer=None, **more) -> Situation:
    late = [one for one in invoices if one.days > 0]
    given = {
        "exposure": sum(one.value or 0 for one in invoices),
        "past_due": sum(one.value or 0 for one in late if not one.disputed),
        "disputed": sum(one.value or 0 for one in late if one.disputed),
        "books_until": AS_OF - DAY,
    }
    who = Customer(**{"key": 1, "account": "C1", "name": "Firm One", "terms_days": 30, **(customer or {})})
    ordered = tuple(sorted(invoices, key=lambda one: -one.days))
    return Situation(
        as_of=AS_OF, currency="EUR", customer=who, owed=ordered, entries=tuple(entries), **{**given, **more}
    )
