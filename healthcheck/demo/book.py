"""The whole book as files: accounts, invoices, payments, plans, rates. The same bytes every time, on any day."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random

from healthcheck.demo import customers, late, paying, stories, trade, twists
from healthcheck.demo.customers import PER_EURO, Customer
from healthcheck.demo.days import AS_OF, START
from healthcheck.demo.paying import Money
from healthcheck.demo.trade import Document
from healthcheck.money import plain
from healthcheck.months import Month

Row = dict[str, object]


@dataclass(frozen=True)
class Book:
    """All that the supplier's ledger holds at its date."""

    customers: list[Customer]
    documents: list[Document]
    payments: list[Money]


def make() -> Book:
    """Draw the book: 250 customers, three years."""
    told = [*stories.customers(), *late.customers()]
    everyone = sorted((*told, *customers.ordinary({one.number for one in told})), key=lambda one: one.number)
    documents = _numbered([one for customer in everyone for one in twists.apply(trade.documents(customer))])
    own: dict[str, list[Document]] = {customer.number: [] for customer in everyone}
    for one in documents:
        own[one.customer.number].append(one)
    money = [row for customer in everyone for row in paying.payments(customer, own[customer.number])]
    return Book(everyone, documents, sorted(money, key=lambda row: (row.paid, row.account, row.invoice, row.amount)))


def _numbered(documents: list[Document]) -> list[Document]:
    """In the order of a ledger, with the supplier's numbers."""
    ordered = sorted(documents, key=lambda one: (one.issued, one.customer.number, one.kind, one.amount))
    prefix = {"invoice": "HP", "credit": "CN"}
    return [replace(one, number=f"{prefix[one.kind]}{100_001 + index}") for index, one in enumerate(ordered)]


def write(book: Book, folder: Path) -> list[Path]:
    """Write the files of ``book`` into ``folder``: accounts, invoices, payments, plans, rates."""
    tables: dict[str, Iterable[Row]] = {
        "accounts": map(_account, book.customers),
        "invoices": map(_document, book.documents),
        "payments": (_payment(index, row) for index, row in enumerate(book.payments)),
        "plans": _plans(book.customers),
        "rates": _rates(),
    }
    return [_write(folder / f"{name}.csv", rows) for name, rows in tables.items()]


def _write(path: Path, rows: Iterable[Row]) -> Path:
    listed = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, listed[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(listed)
    return path


def _account(one: Customer) -> Row:
    rep = one.rep or customers.TERRITORY[one.country]
    return {
        "account": one.number,
        "name": one.name,
        "parent": one.parent,
        "country": one.country,
        "city": one.city,
        "industry": one.industry,
        "currency": one.currency,
        "terms_days": one.terms,
        "credit_limit": one.credit_limit,
        "insured_limit": one.insured[0] if one.insured else "",
        "insured_until": one.insured[1] if one.insured else "",
        "sales_rep": rep,
        "rep_email": customers.REPS[rep],
        "manager_email": customers.MANAGER,
        "customer_email": f"payables@{one.number.lower()}.example",
        "relationship": one.relationship,
        "risk_class": one.risk,
        "opened": one.since
        if one.since > START
        else date(2010 + int(one.number[1:]) % 13, 1 + int(one.number[1:]) % 12, 1),
    }


def _document(one: Document) -> Row:
    return {
        "account": one.customer.number,
        "invoice": one.number,
        "kind": one.kind,
        "issued": one.issued,
        "due": one.due,
        "delivered": one.delivered,
        "amount": plain(one.amount, one.customer.currency),
        "currency": one.customer.currency,
        "disputed": "yes" if one.disputed else "",
    }


def _payment(index: int, row: Money) -> Row:
    return {
        "payment": f"R{index + 1:06d}",
        "account": row.account,
        "paid": row.paid,
        "amount": plain(row.amount, row.currency),
        "currency": row.currency,
        "invoice": row.invoice,
        "method": row.method,
        "payer_account": row.payer_account,
        "payer_bank": row.payer_bank,
        "reference": row.reference,
    }


def _plans(everyone: list[Customer]) -> Iterator[Row]:
    """What every sixth large customer said it would buy in the last year."""
    planners = [one for one in everyone if one.kind == "large"][::6]
    for one in planners:
        for month in (Month.of(AS_OF) + step for step in range(-11, 3)):
            amount = round(one.monthly_sales * one.season[month.month - 1], -2)
            yield {
                "account": one.number,
                "month": str(month),
                "amount": f"{amount:.2f}",
                "currency": one.currency,
                "source": "frame agreement",
            }


def _rates() -> Iterator[Row]:
    """A rate a month for each foreign currency, wandering by less than one per cent a month."""
    random = Random(f"{customers.SEED}/rates")  # noqa: S311
    for currency in ("GBP", "PLN", "USD"):
        rate = 1 / PER_EURO[currency]
        for step in range(Month.of(AS_OF) - Month.of(START) + 1):
            rate *= 1 + random.uniform(-0.008, 0.008)
            yield {"currency": currency, "on": (Month.of(START) + step).first, "rate": f"{rate:.6f}"}
