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

FLAG_DAYS = 20
_SIZE_DAYS, _SIZE_SCORE = (0, 5, 10, FLAG_DAYS, 45, 90), (0.0, 0.2, scale.WATCH, scale.FLAG, scale.URGENT, 1.0)


PSEUDO = 30.0  # invoices that the book's tail counts for
SETTLED = 2 / 3  # so much a day late counts once it is over


@dataclass(frozen=True)
class History:
    """Each account's earlier invoices: which rows, their days late."""

    keep: Bools
    days: Past


def history(rows: Rows, n: int, policy: Policy) -> History:
    """Invoices due before the recent window and settled before it began, the latest of them."""
    near = _near(rows, policy)
    old = rows.base & (rows.age >= near) & (rows.age < policy.history_days)
    keep = latest(rows.account, old & rows.paid & (rows.settled_age >= near), n, policy.history_cap)
    return History(keep, Past(rows.account[keep], rows.late[keep], n))


def tested(rows: Rows, policy: Policy) -> Bools:
    """Invoices due or settled in the recent window, and all that are open."""
    near = _near(rows, policy)
    return ~rows.paid | (rows.age < near) | (rows.settled_age < near)


def _near(rows: Rows, policy: Policy) -> Ints:
    """Days of each row's recent window: no longer than since a new normal was accepted, for what was there then is the habit."""
    return np.minimum(rows.since, policy.recent_days)


@dataclass(frozen=True)
class Looks:
    """The invoices tested: their place in the rows, account, days late, the chance of that, and days beyond due and usual alike.

    Of those days a settled invoice counts ``SETTLED``: it is flagged from 30 days on, one that is owed from 20.
    """

    row: Ints
    account: Ints
    late: Ints
    chance: Floats
    beyond: Floats


def look(rows: Rows, past: History, n: int, policy: Policy, calibration: Calibration) -> Looks:
    """For each tested invoice: the chance that one of the account's recent invoices runs at least so late."""
    row = np.flatnonzero(tested(rows, policy))
    account, late = rows.account[row], rows.late[row]
    later = late - np.nan_to_num(past.days.median)[account]
    prior, own = book_tail(later, calibration.own_tail), past.days.at_least(account, late)
    single = (PSEUDO * prior + own) / (PSEUDO + past.days.size[account])
    looks = (1.0 + due_days(rows, policy, n))[account]
    chance: Floats = -np.expm1(looks * np.log1p(-np.minimum(single, 1 - 1e-12)))
    beyond: Floats = np.minimum(late, later) * np.where(rows.paid[row], SETTLED, 1.0)
    return Looks(row, account, late, chance, beyond)


def rarest(rows: Rows, n: int, policy: Policy, calibration: Calibration) -> tuple[Floats, Bools]:
    """The smallest chance among each account's invoices that are late enough to be flagged, 1 where there is none; who is judged."""
    past = history(rows, n, policy)
    seen = look(rows, past, n, policy, calibration)
    least, late = np.ones(n), seen.beyond >= FLAG_DAYS
    np.minimum.at(least, seen.account[late], seen.chance[late])
    return least, past.days.size >= policy.history_min


def character(rows: Rows, n: int, policy: Policy, calibration: Calibration) -> pl.DataFrame:
    """outcome, score, p, reason, and the row that stands out most, with what the earlier ones did."""
    past = history(rows, n, policy)
    seen = look(rows, past, n, policy, calibration)
    by_p = scale.from_p(seen.chance, *calibration.odd)
    score = np.minimum(by_p, scale.along(seen.beyond, _SIZE_DAYS, _SIZE_SCORE))
    worst = pick(seen.account, score, seen.late, n)
    top, p, days = (_at(values, worst, none) for values, none in ((score, 0.0), (seen.chance, 1.0), (seen.late, 8000)))
    unknown = (past.days.size < policy.history_min) | (worst < 0)
    return pl.DataFrame(
        {
            "outcome": scale.outcome(top, unknown),
            "score": scale.masked(top, unknown),
            "p": scale.masked(p, unknown),
            "reason": _reasons(worst >= 0, past.days.size, policy),
            "row": pl.Series(_at(seen.row, worst, -1).astype(np.int64)),
            "earlier": pl.Series(past.days.size),
            "earlier_as_late": pl.Series(past.days.at_least(np.arange(n), days.astype(np.int64))),
            "usual_days": pl.Series(past.days.median, nan_to_null=True),
        }
    )


def _at(values: Floats | Ints, places: Ints, none: float) -> Floats:
    """The values at some places; ``none`` where the place is -1."""
    return np.append(values, none)[places].astype(np.float64)


def due_days(rows: Rows, policy: Policy, n: int) -> Ints:
    """Different due dates of each account in the recent window: one pay run each, whenever it was paid."""
    recent = np.flatnonzero(rows.age < policy.recent_days)
    day = (
        rows.account[recent] * policy.recent_days - rows.age[recent]
    )  # rises with the rows, which are in order of the due date
    return np.bincount(rows.account[recent][np.diff(day, prepend=-policy.recent_days) != 0], minlength=n)


def pick(account: Ints, score: Floats, late: Ints, n: int) -> Ints:
    """The row of the highest score, then the latest, then the newest; -1 where there is none."""
    worst = np.full(n, -1)
    order = np.lexsort((late, score))
    worst[account[order]] = order
    return worst


def _reasons(found: Bools, size: Ints, policy: Policy) -> pl.Series:
    none = "no invoice is open, fell due or was settled of late"
    few = f"only {{}} of the {policy.history_min} earlier invoices needed"
    texts = [
        none if not seen else few.format(k) if k < policy.history_min else None
        for seen, k in zip(found.tolist(), size.tolist(), strict=True)
    ]
    return pl.Series(texts, dtype=pl.String)
