"""How often invoices run so late: in the book, and in an account's own past."""

from __future__ import annotations

import numpy as np

from healthcheck.checks.payments.policy import GRID
from healthcheck.checks.payments.tarone import Floats, Ints

_WIDTH, _HALF = 1 << 14, 1 << 13


def book_tail(days: Floats, shares: list[float]) -> Floats:
    """The book's share of invoices later than ``days``; straight lines in the logarithm between the days of GRID."""
    beyond = np.log([1.0, *shares, min(1e-4, shares[-1])])
    tail: Floats = np.exp(np.interp(days, [-60.0, *GRID, 365.0], beyond))
    return tail


def at_least(account: Ints, late: Ints, wanted: Ints, days: Ints, n: int) -> Ints:
    """How many of the account's own rows ran at least ``days`` late, for each row wanted."""
    keys = np.sort(account * _WIDTH + np.clip(late, 1 - _HALF, _HALF - 2) + _HALF)
    below = np.searchsorted(keys, wanted * _WIDTH + np.clip(days, 1 - _HALF, _HALF - 1) + _HALF)
    return np.cumsum(np.bincount(account, minlength=n))[wanted] - below
