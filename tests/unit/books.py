"""Small books for tests: rows straight into the store, read back as columns."""

from __future__ import annotations

from datetime import date, timedelta

from healthcheck.ledger.columns import Columns
from healthcheck.ledger.read import read_columns
from healthcheck.store.books import Account, Invoice, Payment
from healthcheck.store.session import write

DAY0 = date(2025, 1, 6)  # a Monday


def day(n: int) -> date:
    return DAY0 + timedelta(days=n)


def account(engine, number="C1", **fields) -> int:
    with write(engine) as session:
        row = Account(account=number, **{"name": number, "currency": "EUR", **fields})
        session.add(row)
        session.flush()
        return row.id


def invoice(engine, key, number, issued=0, due=28, amount=10000, **fields) -> None:
    dates = {"issued": day(issued), "due": day(due)}
    if isinstance(fields.get("paid"), int):
        fields["paid"] = day(fields["paid"])
    with write(engine) as session:
        session.add(
            Invoice(account_id=key, number=str(number), amount=amount, **{"currency": "EUR", **dates, **fields})
        )


def payment(engine, key, paid, amount, number=None, **fields) -> None:
    with write(engine) as session:
        unique = f"{paid}-{number}-{amount}-{len(fields)}"
        session.add(
            Payment(
                account_id=key,
                key=fields.pop("payment_key", unique),
                paid=day(paid),
                amount=amount,
                invoice=number,
                **{"currency": "EUR", **fields},
            )
        )


def book(engine, as_of: int, keys=None, currency="EUR") -> Columns:
    return read_columns(engine, day(as_of), currency, keys)


def item(columns: Columns, number) -> dict:
    return columns.items.filter(columns.items["number"] == str(number)).row(0, named=True)


def only_account(columns: Columns) -> dict:
    return columns.accounts.row(0, named=True)
