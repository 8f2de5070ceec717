"""The same four questions about the whole book: what an agency, or an auditor, would see first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median
from typing import Final

import polars as pl

from healthcheck.ledger.columns import Columns
from healthcheck.months import add_months
from healthcheck.playbook.house import QUESTIONS, Answer, House
from healthcheck.playbook.policy import Policy
from healthcheck.reports.text import count, day

MONTHS: Final = 12  # looked back
TOLERATED: Final = 0.05  # the share of invoices that may be late before we say that we invoice late
WEEK: Final = 7  # days without any invoice that are no sign of anything
WORST: Final = 5  # invoices and accounts named


@dataclass(frozen=True)
class Tally:
    """What some accounts were invoiced in twelve months. ``worst``: (days after delivery, account, number), the longest first."""

    invoices: int = 0
    delivered: int = 0
    late: int = 0
    worst: tuple[tuple[int, str, str], ...] = ()
    days: frozenset[date] = frozenset()

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.invoices + other.invoices,
            self.delivered + other.delivered,
            self.late + other.late,
            tuple(sorted((*self.worst, *other.worst), reverse=True)[:WORST]),
            self.days | other.days,
        )


def tally(columns: Columns, policy: Policy) -> Tally:
    """The invoices of ``columns``, which may be a part of the book; add the parts up."""
    recent = pl.col("issued") > add_months(columns.as_of, -MONTHS)
    names = columns.accounts.select("key", "account")
    items = columns.items.filter((pl.col("kind") == "invoice") & recent).join(names, on="key", maintain_order="left")
    known = items.filter(pl.col("delivered") <= columns.as_of)
    lag = (pl.col("issued") - pl.col("delivered")).dt.total_days()
    late = known.with_columns(lag=lag).filter(pl.col("lag") > policy.invoice_within_days)
    worst = late.sort("lag", "account", "number", descending=True).head(WORST).select("lag", "account", "number")
    return Tally(items.height, known.height, late.height, tuple(worst.rows()), frozenset(items["issued"].unique()))


def assess(found: Tally, late: Mapping[str, House], until: date | None, as_of: date, policy: Policy) -> House:
    """How we deal with everybody. ``late``: the houses of the accounts past due, by account; ``until``: the newest fact of the books."""
    return House(
        (_on_time(found, policy), _regular(found, as_of), _followed_up(late), _current(late, until, as_of, policy))
    )


def _on_time(found: Tally, policy: Policy) -> Answer:
    if not found.delivered:
        why = f"None of {count(found.invoices, 'invoice')} of the last year has a delivery date: import the column delivered."
        return Answer("invoiced_on_time", None, why)
    within = f"more than {count(policy.invoice_within_days, 'day')} after delivery"
    of = f"{found.late:,} of {count(found.delivered, 'invoice')} with a delivery date"
    share = found.late / found.delivered
    worst = "; ".join(f"{number} of {account}, {days} days" for days, account, number in found.worst)
    why = f"{of} ({share:.0%}) went out {within}{f': {worst}' if worst else ''}."
    return Answer("invoiced_on_time", share <= TOLERATED, why, tuple(number for _, _, number in found.worst))


def _regular(found: Tally, as_of: date) -> Answer:
    days = sorted(found.days)
    if len(days) < 2:
        return Answer("invoiced_regularly", None, "Too few invoices in the last year to tell.")
    steps = [(later - earlier).days for earlier, later in pairwise(days)]
    longest = max(steps)
    start = days[steps.index(longest)]
    ok = longest <= max(WEEK, 3 * median(steps))
    why = (
        f"Invoices went out on {count(len(days), 'day')} of the last year; the longest time without one was "
        f"{count(longest, 'day')}, from {day(start, as_of)}."
    )
    return Answer("invoiced_regularly", ok, why)


def _followed_up(late: Mapping[str, House]) -> Answer:
    slow = _with(late, "followed_up")
    if not slow:
        return Answer("followed_up", True, f"All of the {count(len(late), 'late account')} were followed up.")
    return Answer(
        "followed_up", False, f"{len(slow)} of {count(len(late), 'late account')} not followed up: {_some(slow)}."
    )


def _current(late: Mapping[str, House], until: date | None, as_of: date, policy: Policy) -> Answer:
    if until is None:
        return Answer("books_current", None, "The books hold no invoice and no payment.")
    reach = f"The books reach to {day(until, as_of)}"
    if (as_of - until).days > policy.books_current_days:
        return Answer("books_current", False, f"{reach}, {count((as_of - until).days, 'day')} ago.")
    loose = _with(late, "books_current")
    if loose:
        return Answer(
            "books_current",
            False,
            f"{reach}, but money of {count(len(loose), 'late account')} is not allocated: {_some(loose)}.",
        )
    return Answer("books_current", True, f"{reach}.")


def _with(late: Mapping[str, House], question: str) -> list[str]:
    """The accounts for which the answer is no."""
    at = list(QUESTIONS).index(question)
    return [account for account, house in late.items() if house.answers[at].ok is False]


def _some(accounts: list[str]) -> str:
    shown, rest = accounts[:WORST], len(accounts) - WORST
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")
