"""Is one of the recent invoices later than this customer's own history explains?

The chance that an invoice of this customer runs so late is estimated from his own earlier invoices, shrunk to the book's: with few of his
own, or none so late among them, the book's tail around his usual day decides. The smallest chance among the invoices looked at counts,
corrected for how many due dates there were (Sidak), so a busy customer is not out of character more often than a quiet one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from healthcheck.checks.payments import scale
from healthcheck.checks.payments.policy import Calibration, Policy
from healthcheck.checks.payments.rows import Rows, latest
from healthcheck.checks.payments.tail import Past, book_tail
from healthcheck.checks.payments.tarone import Bools, Floats, Ints

_SIZE_DAYS, _SIZE_SCORE = (0, 5, 10, 20, 45, 90), (0.0, 0.2, scale.WATCH, scale.FLAG, scale.URGENT, 1.0)


PSEUDO = 30.0  # invoices that the book's tail counts for


@dataclass(frozen=True)
class History:
    """Each account's earlier invoices: which rows, their days late."""

    keep: Bools
    days: Past


def history(rows: Rows, n: int, policy: Policy) -> History:
    """Invoices due before the recent window and settled before it began, the latest of them."""
    old = (rows.age >= policy.recent_days) & (rows.age < policy.history_days)
    keep = latest(rows.account, old & rows.paid & (rows.settled_age >= policy.recent_days), n, policy.history_cap)
    return History(keep, Past(rows.account[keep], rows.late[keep], n))


def tested(rows: Rows, policy: Policy) -> Bools:
    """Invoices due or settled in the recent window, and all that are open."""
    return ~rows.paid | (rows.age < policy.recent_days) | (rows.settled_age < policy.recent_days)


def chances(rows: Rows, test: Bools, past: History, calibration: Calibration) -> Floats:
    """For each tested row: the chance that an invoice of this customer runs at least so late."""
    account, late = rows.account[test], rows.late[test]
    usual = np.nan_to_num(past.days.median)[account]
    prior = book_tail(late - usual, calibration.own_tail)
    own = past.days.at_least(account, late)
    return (PSEUDO * prior + own) / (PSEUDO + past.days.size[account])


def character(rows: Rows, n: int, policy: Policy, calibration: Calibration) -> pl.DataFrame:
    """outcome, score, p, reason, and the row that stands out most, with what the earlier ones did."""
    past, test = history(rows, n, policy), tested(rows, policy)
    account, late = rows.account[test], rows.late[test]
    looks = 1 + due_days(rows, policy, n)
    chance = 1 - (1 - chances(rows, test, past, calibration)) ** looks[account]
    beyond = np.minimum(late, late - np.nan_to_num(past.days.median)[account])
    by_p = scale.from_p(chance, *calibration.odd)
    score = np.minimum(by_p, scale.along(beyond, _SIZE_DAYS, _SIZE_SCORE))
    worst = pick(account, score, late, n)
    top, p, days = (_at(values, worst, none) for values, none in ((score, 0.0), (chance, 1.0), (late, 8000)))
    earlier = past.days.at_least(np.arange(n), days.astype(np.int64))
    unknown = (past.days.size < policy.history_min) | (worst < 0)
    return pl.DataFrame(
        {
            "outcome": scale.outcome(top, unknown),
            "score": scale.masked(top, unknown),
            "p": scale.masked(p, unknown),
            "reason": _reasons(worst >= 0, past.days.size, policy),
            "row": pl.Series(_at(np.flatnonzero(test), worst, -1).astype(np.int64)),
            "earlier": pl.Series(past.days.size),
            "earlier_as_late": pl.Series(earlier),
            "usual_days": pl.Series(past.days.median, nan_to_null=True),
        }
    )


def _at(values: Floats | Ints, places: Ints, none: float) -> Floats:
    """The values at some places; ``none`` where the place is -1."""
    return np.append(values, none)[places].astype(np.float64)


def due_days(rows: Rows, policy: Policy, n: int) -> Ints:
    """Different due dates of each account in the recent window: one pay run each, whenever it was paid."""
    recent = rows.age < policy.recent_days
    pairs = np.unique(rows.account[recent] * policy.recent_days + rows.age[recent])
    return np.bincount(pairs // policy.recent_days, minlength=n)


def pick(account: Ints, score: Floats, late: Ints, n: int) -> Ints:
    """The row of the highest score, then the latest, then the newest; -1 where there is none."""
    worst = np.full(n, -1)
    order = np.lexsort((late, score))
    worst[account[order]] = order
    return worst


def _reasons(found: Bools, size: Ints, policy: Policy) -> pl.Series:
    none = f"no invoice fell due, was settled or is open in the last {policy.recent_days} days"
    few = f"only {{}} of the {policy.history_min} earlier invoices needed"
    texts = [
        none if not seen else few.format(k) if k < policy.history_min else None
        for seen, k in zip(found.tolist(), size.tolist(), strict=True)
    ]
    return pl.Series(texts, dtype=pl.String)
