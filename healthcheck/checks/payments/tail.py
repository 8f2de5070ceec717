"""How often invoices run so late: in the book, and in an account's own past."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from healthcheck.checks.payments.policy import GRID
from healthcheck.checks.payments.tarone import Floats, Ints

_BITS = 14
_HALF = 1 << (_BITS - 1)


def book_tail(days: Floats, shares: list[float]) -> Floats:
    """The book's share of invoices later than ``days``; straight lines in the logarithm between the days of GRID."""
    beyond = np.log([1.0, *shares, min(1e-4, shares[-1])])
    tail: Floats = np.exp(np.interp(days, [-60.0, *GRID, 365.0], beyond))
    return tail


class Past:
    """Whole days of each account's own rows, sorted once and asked often. ``size``: how many each of the ``n`` accounts has."""

    def __init__(self, account: Ints, days: Ints, n: int) -> None:
        self.size: Ints = np.bincount(account, minlength=n)
        self.end: Ints = np.cumsum(self.size)
        self._keys = (account << _BITS) + np.clip(days, 1 - _HALF, _HALF - 2) + _HALF
        self._keys.sort(kind="stable")  # which likes rows that come by account

    def around(self, middle: Floats, most: int) -> Past:
        """The same rows counted from each account's ``middle``, in whole days, cut off at ``most`` either way; their order is the same."""
        account = self._keys >> _BITS
        days = np.rint(np.clip(self._days - middle[account], -most, most)).astype(np.int64)
        moved = Past.__new__(Past)
        moved.size, moved.end, moved._keys = self.size, self.end, (account << _BITS) + days + _HALF
        return moved

    @cached_property
    def _days(self) -> Ints:
        days: Ints = (self._keys & ((1 << _BITS) - 1)) - _HALF
        return days

    @cached_property
    def _sums(self) -> Ints:
        sums: Ints = np.concatenate([[0], np.cumsum(self._days)])
        return sums

    @cached_property
    def median(self) -> Floats:
        """Median of each account; nan where it has no rows."""
        days, start = np.append(self._days, 0).astype(np.float64), self.end - self.size
        low, high = start + np.maximum(self.size - 1, 0) // 2, start + self.size // 2
        most = len(days) - 1
        return np.where(self.size > 0, (days[np.minimum(low, most)] + days[np.minimum(high, most)]) / 2, np.nan)

    def at_least(self, account: Ints, days: Ints) -> Ints:
        """How many rows of the account ran at least ``days``."""
        return self.end[account] - self._first(account, days)

    def beyond(self, account: Ints, days: Ints) -> tuple[Ints, Ints]:
        """How many rows of the account ran beyond ``days``, and the sum of those."""
        first = self._first(account, days + 1)
        return self.end[account] - first, self._sums[self.end[account]] - self._sums[first]

    def _first(self, account: Ints, days: Ints) -> Ints:
        wanted = (account << _BITS) + np.clip(days, 1 - _HALF, _HALF - 1) + _HALF
        return np.searchsorted(self._keys, wanted)


def medians(account: Ints, days: Ints, n: int) -> Floats:
    """The median of each account's days; nan where there is none."""
    return Past(account, days, n).median
