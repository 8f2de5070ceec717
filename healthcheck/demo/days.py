"""The demo's calendar: business days (weekends, New Year, Easter, May Day, Christmas off) and the days on which customers pay.

Its own few holidays, not a library's: the book must be the same bytes whatever release of a library is installed.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

START = date(2023, 11, 1)
AS_OF = date(2026, 10, 31)
DAY = timedelta(days=1)


@cache
def easter(year: int) -> date:
    """Easter Sunday (Gregorian; the anonymous algorithm of 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)


@cache
def holidays(year: int) -> frozenset[date]:
    """The days off of ``year`` that this book knows."""
    sunday = easter(year)
    fixed = {date(year, 1, 1), date(year, 5, 1), date(year, 12, 25), date(year, 12, 26)}
    return frozenset(fixed | {sunday - 2 * DAY, sunday + DAY})


@cache
def is_business(day: date) -> bool:
    """Whether banks work on ``day``."""
    return day.weekday() < 5 and day not in holidays(day.year)


def on_or_after(day: date) -> date:
    """The next business day, ``day`` itself included."""
    while not is_business(day):
        day += DAY
    return day


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _weekly(day: date) -> date:
    return day + DAY * ((3 - day.weekday()) % 7)  # Thursdays


def _twice(day: date) -> date:
    return day.replace(day=15) if day.day <= 15 else _month_end(day)


def _fifth(day: date) -> date:
    return day.replace(day=5) if day.day <= 5 else _month_end(day) + 5 * DAY


RUNS: dict[str, Callable[[date], date]] = {
    "daily": lambda day: day,
    "weekly": _weekly,
    "twice": _twice,
    "month_end": _month_end,
    "fifth": _fifth,
}


def next_run(run: str, day: date) -> date:
    """The day a customer with this pay run pays what it wants paid on ``day`` or as soon after as it can."""
    return on_or_after(RUNS[run](day))
