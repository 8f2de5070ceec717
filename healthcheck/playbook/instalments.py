"""Paying in parts: how a sum is cut, and on which days the parts fall due. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from healthcheck.ledger.workdays import next_business_day
from healthcheck.months import add_months

STEPS: Final = ("month", "week")


@dataclass(frozen=True)
class Part:
    """One instalment: minor units of ``currency``."""

    due: date
    amount: int
    currency: str


def split(total: int, times: int) -> list[int]:
    """``total`` in ``times`` parts that differ by one minor unit at most, the larger ones first.

    >>> split(1000, 3)
    [334, 333, 333]
    """
    whole, rest = divmod(total, times)
    return [whole + (place < rest) for place in range(times)]


def plan(total: int, currency: str, times: int, every: str, first: date, country: str | None) -> tuple[Part, ...]:
    """``times`` instalments of ``total``, a ``month`` or a ``week`` apart, each on a business day of ``country``."""
    days = [add_months(first, n) if every == "month" else first + timedelta(weeks=n) for n in range(times)]
    rolled = [next_business_day(day, country) for day in days]
    return tuple(Part(day, amount, currency) for day, amount in zip(rolled, split(total, times), strict=True) if amount)
