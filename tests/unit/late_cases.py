"""Situations for tests of the playbook: one account on one day, as plain values."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count

from healthcheck.playbook.entries import Entry, in_force
from healthcheck.playbook.situation import Customer, Owed, Paid, Received, Situation

AS_OF = date(2026, 3, 16)  # a Monday
_numbers = count(1)


def before(days: int) -> date:
    return AS_OF - timedelta(days=days)


def owed(days, amount=1_000_00, number=None, disputed=False, **more):
    """An open invoice so many days past due; negative: not due yet."""
    due = before(days)
    facts = {
        "number": number or f"I{days}",
        "issued": due - timedelta(days=30),
        "due": due,
        "days": days,
        "amount": amount,
    }
    return Owed(**facts | {"open": amount, "currency": "EUR", "value": amount, "disputed": disputed} | more)


def paid(days_late=0, ago=60, value=1_000_00):
    """An invoice settled so many days ago, so late."""
    settled = before(ago)
    due = settled - timedelta(days=days_late)
    return Paid(f"P{ago}-{days_late}", due - timedelta(days=30), due, settled, days_late, value)


def entry(kind, ago=0, **more):
    """A record of so many days ago."""
    return Entry(id=more.pop("id", None) or next(_numbers), kind=kind, on=before(ago), **more)


def mail(ago):
    return entry("contact", ago, method="mail")


def call(ago, **more):
    return entry("contact", ago, method="phone", **more)


def promise(ago, due_in, amount=1_000_00, **more):
    """A promise made so many days ago, for a day that lies ``due_in`` days ahead; negative: behind."""
    return entry("promise", ago, amount=amount, currency="EUR", due=before(-due_in), **more)


def received(ago, amount=1_000_00, invoice=None):
    return Received(before(ago), amount, "EUR", invoice)


def strong(years=3, late=0, of=20):
    """A customer for so many years, of whose settled invoices so many were late."""
    settled = tuple(paid(20 if n < late else 0, 30 + 20 * n) for n in range(of))
    return {"first_invoice": before(365 * years), "paid": settled}


def situation(*items, entries=(), paid=(), got=(), as_of=AS_OF, **more):
    """The account that owes these; a number stands for an invoice so many days past due."""
    open_items = [one if isinstance(one, Owed) else owed(one) for one in items]
    late = [one for one in open_items if one.days > 0]
    rest = {name: more.pop(name) for name in ("checks", "family", "seen", "report", "books_until") if name in more}
    return Situation(
        as_of=as_of,
        currency="EUR",
        customer=Customer(key=1, account="C1", name="Norda", **more),
        exposure=sum(one.open for one in open_items),
        past_due=sum(one.open for one in late if not one.disputed),
        disputed=sum(one.open for one in late if one.disputed),
        owed=tuple(sorted(open_items, key=lambda one: one.due)),
        paid=tuple(paid),
        received=tuple(got),
        entries=tuple(in_force(entries)),
        **rest,
    )
