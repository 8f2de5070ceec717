"""What customers buy: invoices and credit notes. Amounts are minor units of the customer's currency."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import exp
from random import Random

from healthcheck.demo.customers import Customer
from healthcheck.demo.days import AS_OF, DAY, is_business

MONTH_DAYS = 21.0  # business days of a usual month


@dataclass(frozen=True)
class Document:
    """An invoice, or a credit note with a negative amount. ``number`` is given once the whole book is sorted."""

    customer: Customer
    issued: date
    due: date
    amount: int
    kind: str = "invoice"
    disputed: bool = False
    number: str = ""

    @property
    def delivered(self) -> date | None:
        """When the goods came: up to two days before the invoice, unless its customer's story says otherwise; None: a credit note."""
        if self.kind != "invoice":
            return None
        return self.issued - timedelta(days=self.customer.invoiced_after or self.amount // 7 % 3)


def documents(customer: Customer) -> list[Document]:
    """All documents of one customer up to the book's date, oldest first; the same whatever other customers there are."""
    random = Random(f"{customer.seed}/{customer.number}/trade")  # noqa: S311
    invoices = [_invoice(random, customer, day) for day in _order_days(random, customer)]
    notes = [_credit_note(random, one) for one in invoices if random.random() < 0.012]
    return sorted(
        (*invoices, *(note for note in notes if note.issued <= AS_OF)),
        key=lambda one: (one.issued, one.kind, one.amount),
    )


def _order_days(random: Random, customer: Customer) -> list[date]:
    """Business days on which an order is invoiced: a renewal process on a clock that runs with season and changes."""
    found, clock, day = [], 0.0, customer.since
    gap = random.random()
    while day <= (customer.until or AS_OF):
        if is_business(day):
            clock += _pace(customer, day) / MONTH_DAYS
            if clock >= gap and customer.issue_days[0] <= day.day <= customer.issue_days[1]:
                found.append(day)
                gap = max(gap, clock - 1.0) + random.gammavariate(customer.regular, 1 / customer.regular)
        day += DAY
    return found


def _pace(customer: Customer, day: date) -> float:
    """Orders a month on ``day``."""
    factor = 1.0
    for change in customer.changes:
        if day >= change.start:
            factor = change.factor
    return customer.orders * customer.season[day.month - 1] * factor


def _invoice(random: Random, customer: Customer, day: date) -> Document:
    size = customer.size * exp(random.gauss(0, customer.spread) - customer.spread**2 / 2)
    if customer.kind == "large" and random.random() < 0.012:
        size *= random.uniform(1.6, 2.6)  # a project
    amount = round(max(size, customer.size * 0.15) * 100)
    return Document(
        customer, day, day + timedelta(days=customer.terms), amount, disputed=random.random() < customer.dispute_rate
    )


def _credit_note(random: Random, invoice: Document) -> Document:
    day = invoice.issued + timedelta(days=random.randint(3, 12))
    amount = -round(invoice.amount * random.uniform(0.02, 0.12))
    return replace(invoice, issued=day, due=day, amount=amount, kind="credit", disputed=False)
