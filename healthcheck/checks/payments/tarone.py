"""The censored rank test of two samples, for any number of accounts at once.

Tarone & Ware 1977 (weights sqrt(n) on the log-rank test), one-sided: are the recent invoices settled later than those of the baseline by
more than a margin? Rows are plain arrays of one length: ``account`` (0..n-1), ``late`` (whole days past due), ``paid`` (False: still open,
so at least that late), ``recent``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_BITS = 14
_HALF = 1 << (_BITS - 1)
LONGEST = 240  # days: no shift beyond is told apart


@dataclass(frozen=True)
class Sample:
    """Rows of the two windows, grouped by account or not; accounts 0..n-1, some perhaps without rows."""

    n: int
    account: Ints
    late: Ints
    paid: Bools
    recent: Bools

    def of(self, accounts: Ints) -> Sample:
        """The same rows for some accounts only, renumbered in the order given."""
        place = np.full(self.n, -1)
        place[accounts] = np.arange(len(accounts))
        mine = place[self.account]
        keep = mine >= 0
        return Sample(len(accounts), mine[keep], self.late[keep], self.paid[keep], self.recent[keep])


def statistic(sample: Sample, margin: Ints | int) -> Floats:
    """z of each account, positive where recent invoices are later by more than ``margin`` days; nan where nothing can be told apart.

    ``margin`` is one number or one for each account.
    """
    if not len(sample.account):
        return np.full(sample.n, np.nan)
    late = sample.late - np.where(sample.recent, np.broadcast_to(margin, sample.n)[sample.account], 0)
    key = (sample.account << _BITS) + np.clip(late, 1 - _HALF, _HALF - 1) + _HALF
    order = np.argsort(key, kind="stable")
    key, paid, recent = key[order], sample.paid[order], sample.recent[order]
    first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    return _ratio(sample.n, key[first] >> _BITS, *_counts(first, paid, recent))


def _counts(first: Ints, paid: Bools, recent: Bools) -> tuple[Floats, Floats, Floats, Floats]:
    """Rows, recent rows, paid rows, recent paid rows of each distinct day of each account."""
    columns = (np.ones(len(paid)), recent, paid, paid & recent)
    counts = [np.add.reduceat(np.asarray(column, dtype=np.float64), first) for column in columns]
    return counts[0], counts[1], counts[2], counts[3]


def _ratio(n: int, account: Ints, rows: Floats, mine: Floats, paid: Floats, mine_paid: Floats) -> Floats:
    at_risk, mine_at_risk = _remaining(n, account, rows), _remaining(n, account, mine)
    share = mine_at_risk / at_risk
    num = np.sqrt(at_risk) * (paid * share - mine_paid)
    var = at_risk * paid * share * (1 - share) * (at_risk - paid) / np.maximum(at_risk - 1, 1)
    total, spread = np.bincount(account, num, n), np.bincount(account, var, n)
    tied = np.bincount(account, (paid > 0) & (share > 0) & (share < 1), n) > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 1e-9, total / np.sqrt(spread), np.where(tied, 0.0, np.nan))


def _remaining(n: int, account: Ints, counts: Floats) -> Floats:
    """How many of the account's rows are not yet settled just before each of its days."""
    before = np.cumsum(counts) - counts
    first = np.r_[True, account[1:] != account[:-1]]
    start = np.zeros(n)
    start[account[first]] = before[first]
    return np.bincount(account, counts, n)[account] - (before - start[account])


def tail(z: Floats) -> Floats:
    """1 - Phi(z)."""
    return np.array([0.5 * math.erfc(value / math.sqrt(2)) for value in z.tolist()], dtype=np.float64)


def shift(sample: Sample) -> Ints:
    """By how many days the recent invoices are later: the largest margin at which z is still >= 0, by bisection; 0 at least."""
    low, high = np.zeros(sample.n, dtype=np.int64), np.full(sample.n, LONGEST)
    while np.any(high - low > 1):
        middle = (low + high) // 2
        later = statistic(sample, middle) >= 0
        low, high = np.where(later, middle, low), np.where(later, high, middle)
    return low
