"""Small books for the tests of the purchases check."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from healthcheck.ledger.columns import ACCOUNTS, ITEMS, OBSERVATIONS, PAYMENTS, PLANS, REPORTS, Columns

AS_OF = date(2025, 10, 31)


def frame(rows: list[dict[str, Any]], schema: Any) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def account(key: int, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "entity": "",
        "account": f"A{key}",
        "name": f"Firm {key}",
        "currency": "EUR",
        "exposure": 0,
        **more,
    }


def item(key: int, number: str, issued: date, amount: float, **more: Any) -> dict[str, Any]:
    minor = round(amount * 100)
    base = {"kind": "invoice" if amount >= 0 else "credit", "currency": "EUR", "amount": minor, "value": float(minor)}
    return {"key": key, "number": number, "issued": issued, **base, **more}


def every(
    key: int, days: int, amount: float = 1000.0, start: int = 1080, until: int = 0, as_of: date = AS_OF
) -> list[dict[str, Any]]:
    """An order every ``days`` from ``start`` days before the as-of date to ``until`` days before it."""
    ages = range(start, until - 1, -days)
    return [item(key, f"{key}-{n:04d}", as_of - timedelta(days=age), amount) for n, age in enumerate(ages)]


def book(
    items: list[dict[str, Any]],
    accounts: list[dict[str, Any]],
    plans: list[dict[str, Any]] | None = None,
    as_of: date = AS_OF,
) -> Columns:
    frames = {
        s: frame([], t) for s, t in (("payments", PAYMENTS), ("reports", REPORTS), ("observations", OBSERVATIONS))
    }
    known = frame([i for i in items if i["issued"] <= as_of], ITEMS).sort("key", "issued", "number")
    return Columns(as_of, "EUR", frame(accounts, ACCOUNTS), known, plans=frame(plans or [], PLANS), **frames)
