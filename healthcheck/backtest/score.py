"""Precision, lift, recall and AUC of a ranking, with intervals by customer; ties count by expectation.

One customer's months are no independent trials, so whole customers are resampled (cluster bootstrap, percentiles, fixed seed). All
rankings are measured on the same resamples, so that two can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from healthcheck.backtest.model import AtBudget, Interval

REPLICATES: Final = 400
SEED: Final = 20_260_131

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Sample:
    """Account-months: whose each is (0 up to the number of accounts) and whether the event followed. The order of accounts is fixed."""

    account: Ints
    event: Bools
    replicates: int = REPLICATES

    @cached_property
    def draws(self) -> NDArray[np.uint8]:
        """How often each account is taken in each resample: replicates x accounts; the first row is the book as it is."""
        n = int(self.account.max()) + 1 if len(self.account) else 0
        random = np.random.default_rng(SEED)
        taken = [np.bincount(random.integers(0, n, n), minlength=n) for _ in range(self.replicates)]
        return np.stack([np.ones(n, dtype=np.int64), *taken]).astype(np.uint8)


@dataclass(frozen=True)
class Measured:
    """For the book and each resample: right alerts and AUC. ``right`` is replicates x budgets; totals are per replicate."""

    right: Floats
    auc: Floats
    rows: Floats
    events: Floats

    def precision(self, budgets: Floats) -> Floats:
        return self.right / (budgets * self.rows[:, None])

    def lift(self, budgets: Floats) -> Floats:
        return self.precision(budgets) / (self.events / self.rows)[:, None]

    def recall(self) -> Floats:
        return self.right / self.events[:, None]


def measure(score: Floats, sample: Sample, budgets: Sequence[float]) -> Measured:
    """Rank by ``score``, highest first; NaN comes last. Resamples without any event come out as NaN."""
    levels, group = np.unique(np.where(np.isnan(score), np.inf, -score), return_inverse=True)
    shares = np.asarray(budgets, dtype=np.float64)
    rows = [_weighed(weight, sample, group, len(levels)) for weight in sample.draws]
    with np.errstate(invalid="ignore", divide="ignore"):
        right = np.stack([_right(w, e, shares) for w, e in rows])
        auc = np.array([_auc(w, e) for w, e in rows])
    return Measured(right, auc, np.array([w.sum() for w, _ in rows]), _or_nan(np.array([e.sum() for _, e in rows])))


def _weighed(weight: NDArray[np.uint8], sample: Sample, group: Ints, n: int) -> tuple[Floats, Floats]:
    """Rows and events of each distinct score, from the highest."""
    mine = weight[sample.account].astype(np.float64)
    rows, events = np.bincount(group, mine, n), np.bincount(group[sample.event], mine[sample.event], n)
    return rows.astype(np.float64), events.astype(np.float64)


def _right(rows: Floats, events: Floats, shares: Floats) -> Floats:
    """Events among the highest share of rows; of a tie that does not fit as a whole, the fitting part of its events."""
    found: Floats = np.interp(
        shares * rows.sum(), np.concatenate([[0.0], rows.cumsum()]), np.concatenate([[0.0], events.cumsum()])
    )
    return found


def _auc(rows: Floats, events: Floats) -> float:
    """The chance that an event ranks above a non-event; ties count half."""
    others = rows - events
    below = others.sum() - others.cumsum()
    return float((events * (below + others / 2)).sum() / (events.sum() * others.sum()))


def _or_nan(totals: Floats) -> Floats:
    return np.where(totals > 0, totals, np.nan)


def interval(values: Floats) -> Interval:
    """The first value, with the 2.5 and 97.5 percentiles of the others."""
    rest = values[1:][np.isfinite(values[1:])]
    if len(rest) <= len(values) / 2:
        return Interval(float(values[0]), None, None)
    low, high = np.percentile(rest, (2.5, 97.5))
    return Interval(float(values[0]), float(low), float(high))


def at_budgets(measured: Measured, budgets: Sequence[float]) -> tuple[AtBudget, ...]:
    """What each budget gives."""
    shares = np.asarray(budgets, dtype=np.float64)
    precision, lift, recall = measured.precision(shares), measured.lift(shares), measured.recall()
    return tuple(
        AtBudget(
            share, float(share * measured.rows[0]), float(measured.right[0, n]),
            interval(precision[:, n]), interval(lift[:, n]), interval(recall[:, n]),
        )
        for n, share in enumerate(budgets)
    )  # fmt: skip
