"""Calendar months: the period of a batch, written ``2026-11``."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from healthcheck.errors import UsageError

_FORM = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, order=True)
class Month:
    """One calendar month.

    >>> Month.parse("2026-11") + 3
    Month(year=2027, month=2)
    >>> Month(2027, 2) - Month(2026, 11)
    3
    """

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.year <= 9998 and 1 <= self.month <= 12):
            raise UsageError(f"{self.year}-{self.month:02d} is not a month; write it as YYYY-MM, for example 2026-11")

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read ``YYYY-MM``. Raises UsageError for anything else."""
        match = _FORM.fullmatch(text.strip())
        if not match:
            raise UsageError(f"{text!r} is not a month; write it as YYYY-MM, for example 2026-11")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Month:
        """The month that ``day`` lies in."""
        return cls(day.year, day.month)

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    @property
    def title(self) -> str:
        """For people: ``November 2026``, in English whatever the locale."""
        return f"{_NAMES[self.month - 1]} {self.year}"

    def __add__(self, months: int) -> Month:
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)

    def __sub__(self, other: Month) -> int:
        return (self.year - other.year) * 12 + self.month - other.month

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


_NAMES = (
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
)  # fmt: skip


def add_months(day: date, months: int) -> date:
    """The same day of the month ``months`` later, clamped to that month's length.

    >>> add_months(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    target = Month.of(day) + months
    return min(target.last, target.first + timedelta(days=day.day - 1))


def last_month_end(day: date) -> date:
    """The last month-end on or before ``day``."""
    return day if day == Month.of(day).last else Month.of(day).first - timedelta(days=1)
