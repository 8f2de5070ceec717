"""Small books in columns, for the checks of credit, bank and field."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from healthcheck.bureaus.base import Report
from healthcheck.ledger import columns as shapes
from healthcheck.ledger.columns import Columns

AS_OF = date(2026, 10, 31)


def frame(shape: dict[str, Any], rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame([{**dict.fromkeys(shape), **row} for row in rows], schema=shape)


def book(keys=(1,), reports=(), payments=(), observations=(), as_of=AS_OF, exposure=21_200_000, **account) -> Columns:
    """A book in EUR; ``exposure`` in cents, for all accounts."""
    accounts = [
        {
            "key": k,
            "entity": "",
            "account": f"C{k:03d}",
            "group": f"/C{k:03d}",
            "name": f"Customer {k}",
            "currency": "EUR",
            "exposure": exposure,
            **account,
        }
        for k in keys
    ]
    return Columns(
        as_of=as_of,
        currency="EUR",
        accounts=frame(shapes.ACCOUNTS, accounts),
        items=frame(shapes.ITEMS, []),
        payments=frame(shapes.PAYMENTS, [{"currency": "EUR", "amount": 100, "value": 100.0, **p} for p in payments]),
        plans=frame(shapes.PLANS, []),
        reports=frame(shapes.REPORTS, list(reports)),
        observations=frame(shapes.OBSERVATIONS, list(observations)),
    )


def report(on: str, key: int = 1, bureau: str = "file", as_of: str | None = None, **body: Any) -> dict[str, Any]:
    """A row of columns.reports."""
    said = Report.from_body({"bureau": bureau, "reported_on": on, "currency": "EUR", **body})
    day = date.fromisoformat
    return {"key": key, "bureau": bureau, "reported_on": day(on), "as_of": day(as_of or on), "body": said.to_json()}


def shuffled(given: Columns, random: Any) -> Columns:
    """The same book with the rows of every frame but the accounts in another order."""

    def mix(part: pl.DataFrame) -> pl.DataFrame:
        order = list(range(part.height))
        random.shuffle(order)
        return part[order]

    names = ("items", "payments", "plans", "reports", "observations")
    return Columns(given.as_of, given.currency, given.accounts, **{name: mix(getattr(given, name)) for name in names})
