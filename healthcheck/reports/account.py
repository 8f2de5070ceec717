"""The page of one account: what the checks say, and the pictures behind it. Computes no finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl
from markupsafe import Markup

from healthcheck import money
from healthcheck.ledger.columns import Columns
from healthcheck.months import Month, add_months
from healthcheck.reports import charts
from healthcheck.reports.templating import render

RECENT_DAYS = 90
MONTHS_SHOWN = 24
AGES = ((None, 0, "not due"), (1, 30, "1-30"), (31, 60, "31-60"), (61, 90, "61-90"), (91, None, "over 90"))
WORDS = {
    "clear": "clear", "watch": "watch", "flag": "flag", "urgent": "urgent", "unknown": "not judged", "not_applicable": "not applicable",
}  # fmt: skip
TITLES = {
    "payments": "Payment pattern", "purchases": "Purchases", "bank": "Paying bank", "credit": "Credit report", "field": "Seen by the rep",
}  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """One account's own rows, and how its money is written."""

    account: Mapping[str, Any]
    items: pl.DataFrame
    as_of: date
    currency: str

    def money(self, minor: float | None) -> str:
        return money.shown(round(minor), self.currency) if minor is not None else "none"

    def short(self, minor: float) -> str:
        """For the axes of charts: ``120k``."""
        amount = float(money.to_decimal(round(minor), self.currency))
        for size, unit in ((1e6, "m"), (1e3, "k")):
            if abs(amount) >= size:
                return f"{amount / size:g}{unit}"
        return f"{amount:g}"


def facts(columns: Columns, key: int) -> Facts:
    """What the books say of the account ``key``."""
    account = columns.accounts.filter(pl.col("key") == key).row(0, named=True)
    return Facts(account, columns.items.filter(pl.col("key") == key), columns.as_of, columns.currency)


def page(columns: Columns, key: int, line: Mapping[str, Any]) -> str:
    """The HTML page of one account. ``line`` is its line of ``screen --json``."""
    of = facts(columns, key)
    return render(
        "web/account.html",
        line=line,
        account=of.account,
        as_of=of.as_of,
        words=WORDS,
        titles=TITLES,
        money=of.money,
        ageing=ageing(of),
        open_items=open_items(of),
        pictures=[picture for picture in (_lateness(of), _exposure(of), _purchases(of)) if picture],
    )


def ageing(of: Facts) -> list[dict[str, Any]]:
    """Open undisputed amounts by days past due, with each one's share of all."""
    owed = of.items.filter((pl.col("kind") == "invoice") & (pl.col("open") > 0) & ~pl.col("disputed"))
    sums = [_between(owed, low, high) for low, high, _ in AGES]
    whole = sum(sums) or 1.0
    return [
        {"label": label, "amount": of.money(total), "share": round(100 * total / whole)}
        for (*_, label), total in zip(AGES, sums, strict=True)
    ]


def _between(owed: pl.DataFrame, low: int | None, high: int | None) -> float:
    late = pl.col("days_late")
    inside = (late >= low if low is not None else pl.lit(True)) & (late <= high if high is not None else pl.lit(True))
    return float(owed.filter(inside)["open_value"].sum() or 0.0)


def open_items(of: Facts, most: int = 12) -> list[dict[str, Any]]:
    """The oldest open documents, as people read them."""
    owed = of.items.filter((pl.col("open") != 0) & pl.col("settled").is_null()).sort("due", "number").head(most)
    return [{**row, "shown": money.shown(row["open"], row["currency"])} for row in owed.iter_rows(named=True)]


@dataclass(frozen=True)
class Picture:
    title: str
    note: str
    svg: Markup


def _lateness(of: Facts) -> Picture | None:
    since = add_months(of.as_of, -15)
    seen = of.items.filter((pl.col("kind") == "invoice") & (pl.col("due") > since) & (pl.col("due") <= of.as_of))
    if seen.is_empty():
        return None
    points = [_dot(row) for row in seen.iter_rows(named=True)]
    svg = charts.dots(
        points, since, of.as_of, of.as_of - timedelta(days=RECENT_DAYS), "Days late of each invoice by due date"
    )
    return Picture(
        "Days late, invoice by invoice",
        "filled: paid; hollow: open at its age; dashed: disputed; shaded: last 90 days",
        svg,
    )


def _dot(row: Mapping[str, Any]) -> charts.Dot:
    kind = "disputed" if row["disputed"] else "paid" if row["settled"] else "open"
    how = f"paid {row['settled']}" if row["settled"] else "open"
    title = f"{row['number']}: due {row['due']}, {how}, {row['days_late']} days late, {money.shown(row['amount'], row['currency'])}"
    return charts.Dot(row["due"], row["days_late"], kind, title)


def _exposure(of: Facts) -> Picture | None:
    owed = of.items.filter((pl.col("kind") == "invoice") & pl.col("value").is_not_null())
    if owed.is_empty():
        return None
    ends = [(Month.of(of.as_of) + -n).last for n in range(MONTHS_SHOWN, 0, -1)]
    points = [(end, _open_on(owed, end)) for end in ends if end < of.as_of] + [
        (of.as_of, float(of.account["exposure"]))
    ]
    svg = charts.line(points, of.account["limit"], "Exposure at month-ends", of.short)
    return Picture(
        "Exposure at month-ends", "dashed: credit limit" if of.account["limit"] else "no credit limit on file", svg
    )


def _open_on(owed: pl.DataFrame, end: date) -> float:
    there = (pl.col("issued") <= end) & (pl.col("settled").is_null() | (pl.col("settled") > end))
    return float(owed.filter(there)["value"].sum() or 0.0)


def _purchases(of: Facts) -> Picture | None:
    bought = of.items.filter(pl.col("value").is_not_null()).with_columns(month=pl.col("issued").dt.truncate("1mo"))
    if bought.is_empty():
        return None
    totals = dict(bought.group_by("month").agg(pl.col("value").sum()).iter_rows())
    months = [Month.of(of.as_of) + -n for n in range(MONTHS_SHOWN - 1, -1, -1)]
    columns = [_bar(month, totals, of.money) for month in months]
    return Picture(
        "Purchases a month", "line: the same month a year before", charts.bars(columns, "Purchases a month", of.short)
    )


def _bar(month: Month, totals: Mapping[date, float], shown: Callable[[float], str]) -> charts.Bar:
    value, before = max(0.0, totals.get(month.first, 0.0)), totals.get((month + -12).first)
    title = f"{month.title}: {shown(value)}" + (f", a year before {shown(before)}" if before is not None else "")
    return charts.Bar(f"{month.first:%b}", value, max(0.0, before) if before is not None else None, title)
