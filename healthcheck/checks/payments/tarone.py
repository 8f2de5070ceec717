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
_FLAGS = 2  # bits
NEAR, LONGEST = 15, 240  # days: most shifts are less; no shift beyond is told apart


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
    key = _sorted(sample, margin)
    day = key >> _FLAGS
    first = np.flatnonzero(np.r_[True, day[1:] != day[:-1]])
    account = day[first] >> _BITS
    return _ratio(sample.n, account, *_counts(sample.n, account, first, key))


def _sorted(sample: Sample, margin: Ints | int) -> Ints:
    """Account, day, paid and recent of each row packed into one number, in that order; the sort likes rows that come by account."""
    more = margin if np.ndim(margin) == 0 else np.asarray(margin)[sample.account]
    late = np.clip(sample.late - more * sample.recent, 1 - _HALF, _HALF - 1) + _HALF
    key: Ints = (((sample.account << _BITS) + late) << _FLAGS) + 2 * sample.paid + sample.recent
    key.sort(kind="stable")
    return key


def _counts(n: int, account: Ints, first: Ints, key: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """For each distinct day of each account: rows and recent rows not settled before it; rows and recent rows settled on it."""
    end = np.append(first, len(key))
    mine, paid, both = (_running(flag) for flag in (key & 1, (key & 2) >> 1, (key & 3) == 3))
    last = np.cumsum(np.bincount(account, np.diff(end), n)).astype(np.int64)[account]
    return last - first, mine[last] - mine[first], np.diff(paid[end]), np.diff(both[end])


def _running(values: Ints | Bools) -> Ints:
    """Sums of the values before each place, and of all."""
    sums = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


def _ratio(n: int, account: Ints, at_risk: Ints, mine: Ints, paid: Ints, mine_paid: Ints) -> Floats:
    told = np.flatnonzero((paid > 0) & (mine > 0) & (mine < at_risk))  # elsewhere the two samples cannot be told apart
    account, many, settled = account[told], at_risk[told].astype(np.float64), paid[told]
    share = mine[told] / many
    num = np.sqrt(many) * (settled * share - mine_paid[told])
    var = many * settled * share * (1 - share) * (many - settled) / np.maximum(many - 1, 1)
    total, spread = np.bincount(account, num, n), np.bincount(account, var, n)
    tied = np.bincount(account, minlength=n) > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 1e-9, total / np.sqrt(spread), np.where(tied, 0.0, np.nan))


def tail(z: Floats) -> Floats:
    """1 - Phi(z)."""
    return 0.5 * np.fromiter(map(math.erfc, (z / math.sqrt(2)).tolist()), np.float64, len(z))


def shift(sample: Sample) -> Ints:
    """By how many days the recent invoices are later: the largest margin at which z is still >= 0, by bisection; 0 at least."""
    near = ~(statistic(sample, NEAR) >= 0)
    days = np.zeros(sample.n, dtype=np.int64)
    for some, most in ((near, NEAR), (~near, LONGEST)):
        days[some] = _bisected(sample.of(np.flatnonzero(some)), most)
    return days


def _bisected(sample: Sample, most: int) -> Ints:
    low, high = np.zeros(sample.n, dtype=np.int64), np.full(sample.n, most)
    while np.any(high - low > 1):
        middle = (low + high) // 2
        later = statistic(sample, middle) >= 0
        low, high = np.where(later, middle, low), np.where(later, high, middle)
    return low
