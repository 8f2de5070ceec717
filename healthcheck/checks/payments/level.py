"""How much lateness is there now, and how likely is serious lateness in the next three months?

No training. Two parts are added up: open items past due, each with the chance that an item of its age goes on to ``serious_days`` (from the
book's tail, more for a customer who is often late); and the invoices still to come, at this customer's own rate of late ones: recent
ones count more, larger amounts count more, and with few invoices the book's rate decides. Risk = 1 - exp(-sum).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from healthcheck.checks.payments import scale
from healthcheck.checks.payments.policy import Calibration, Policy
from healthcheck.checks.payments.rows import Rows, count, largest
from healthcheck.checks.payments.tail import book_tail
from healthcheck.checks.payments.tarone import Bools, Floats

PSEUDO = 20.0  # invoices that the book's rate counts for
HALF_LIFE = 180.0  # days
CROWDING = 0.7  # invoices of one customer run late together: twice as many is not twice the risk


def severity(rows: Rows, policy: Policy) -> Floats:
    """How near each invoice came to serious lateness, 0 to 1: the square of its days late over ``serious_days``."""
    return np.square(np.clip(rows.late / policy.serious_days, 0, 1), dtype=np.float64)


def own_rate(rows: Rows, n: int, policy: Policy, calibration: Calibration) -> Floats:
    """Expected severity of an invoice of each account, shrunk to the book's."""
    weight = 0.5 ** (rows.age / HALF_LIFE)
    late = np.bincount(rows.account, weight * severity(rows, policy) * size_factor(rows, n), n)
    return (PSEUDO * calibration.severity + late) / (PSEUDO + np.bincount(rows.account, weight, n))


def size_factor(rows: Rows, n: int) -> Floats:
    """Between a half and one and a quarter: the fourth root of the amount over the account's mean amount."""
    mean = np.bincount(rows.account, rows.value, n) / np.maximum(np.bincount(rows.account, minlength=n), 1)
    relative = rows.value / np.maximum(mean, 1e-300)[rows.account]
    factor: Floats = np.clip(relative**0.25, 0.5, 1.25)
    return factor


def open_risk(rows: Rows, rate: Floats, n: int, policy: Policy, calibration: Calibration) -> Floats:
    """Sum over open items past due of the chance to reach ``serious_days``, as -log of the chance that none does."""
    due = past_due(rows)
    late = np.minimum(rows.late[due], policy.serious_days).astype(np.float64)
    serious = book_tail(np.array([float(policy.serious_days)]), calibration.tail)[0]
    chance = np.minimum(serious / book_tail(late, calibration.tail), 0.95)
    habit = np.clip(np.sqrt(rate / calibration.severity), 0.5, 3.0)[rows.account[due]]
    burden: Floats = np.bincount(rows.account[due], -np.log1p(-chance) * habit, n).astype(np.float64)
    return burden


def past_due(rows: Rows) -> Bools:
    """Open and past the due date."""
    return ~rows.paid & (rows.late > 0)


def risk(rows: Rows, n: int, policy: Policy, calibration: Calibration) -> Floats:
    """Chance of serious lateness in the next three months, roughly: it orders accounts."""
    rate = own_rate(rows, n, policy, calibration)
    coming = np.maximum(count(rows.account, rows.age < 180, n) / 2, 0.5) ** CROWDING
    return 1 - np.exp(-coming * rate - open_risk(rows, rate, n, policy, calibration))


def serious(rows: Rows, n: int, policy: Policy) -> Bools:
    """Who owes, undisputed, an item of some size more than ``serious_days`` past due."""
    mean = np.bincount(rows.account, rows.value, n) / np.maximum(np.bincount(rows.account, minlength=n), 1)
    large = rows.open_value >= policy.material_share * mean[rows.account]
    return count(rows.account, ~rows.paid & (rows.late > policy.serious_days) & large, n) > 0


def level(rows: Rows, n: int, policy: Policy, calibration: Calibration) -> pl.DataFrame:
    """outcome, score, p (none: a level is no test), reason."""
    value = risk(rows, n, policy, calibration)
    score = scale.along(value, [0, *calibration.level, 1], [0, scale.WATCH, scale.FLAG, scale.URGENT, 1])
    fact = serious(rows, n, policy)
    score = np.where(fact, np.maximum(score, calibration.serious_score), score)
    counts = count(rows.account, rows.age < policy.baseline_days, n)
    unknown = (counts < policy.level_min) & (count(rows.account, past_due(rows), n) == 0)
    few = f"only {{}} of the {policy.level_min} invoices needed fell due in the last year"
    why = [
        None if not bad else few.format(c) if c else "no invoice fell due in the last year"
        for bad, c in zip(unknown, counts.tolist(), strict=True)
    ]
    return pl.DataFrame(
        {
            "outcome": scale.outcome(score, unknown),
            "score": scale.masked(score, unknown),
            "p": pl.Series([None] * n, dtype=pl.Float64),
            "reason": pl.Series(why, dtype=pl.String),
            "risk": scale.masked(value, unknown),
            "serious": fact,
            "worst_days": pl.Series(largest(rows.account, rows.late.astype(np.float64), n)),
        }
    )
