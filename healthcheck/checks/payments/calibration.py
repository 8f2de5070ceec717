"""What the check learns from the whole book at a month-end."""

from __future__ import annotations

from datetime import date

import numpy as np

from healthcheck.checks.payments import level as levels
from healthcheck.checks.payments import scale
from healthcheck.checks.payments.character import character, history
from healthcheck.checks.payments.drift import Windows, already_late, drift, sample, windows
from healthcheck.checks.payments.policy import GRID, Calibration, Policy
from healthcheck.checks.payments.rows import Rows, rows
from healthcheck.checks.payments.tarone import Bools, Floats, Ints, statistic
from healthcheck.ledger.columns import Columns

BOOK_MIN = 200  # assessable accounts, or invoices, below which the stated defaults hold
SAMPLE = 4000  # accounts looked at for the common shift
ODD_SHARE = 0.015
WEIGHT = 500  # invoices that the default tails count for


def learn(columns: Columns, as_of: date, policy: Policy) -> Calibration:
    """The book's margin, common shift, tails and thresholds as of a date; never fails."""
    n = columns.accounts.height
    found = rows(columns, as_of, policy.history_days)
    window = windows(found, n, policy)
    tails = Calibration(
        tail=_tail(found.late[_settled(found)]), own_tail=_own_tail(found, n, policy), severity=_severity(found, policy)
    )
    fit = _assessable(found, window, policy)
    common = common_shift(found, window, fit)
    known = Calibration(**{**vars(tails), "common_shift_days": common, "assessable": int(fit.sum())})
    return Calibration(
        **{
            **vars(known),
            "urgent_p": _urgent_p(found, window, fit, policy, known),
            "level": _level(found, n, policy, known),
            "pseudo": _pseudo(found, n, policy, known),
        }
    )


def _settled(found: Rows) -> Bools:
    """Invoices old enough that the late ones among them have shown it."""
    return (found.age >= 90) & (found.age < 90 + 365)


def _tail(late: Ints) -> list[float]:
    """Share later than each day of GRID, with the defaults as ``WEIGHT`` invoices."""
    default = np.array(Calibration().tail)
    beyond = len(late) - np.searchsorted(np.sort(late), GRID, side="right")
    return [round(float(share), 6) for share in (WEIGHT * default + beyond) / (WEIGHT + len(late))]


def _own_tail(found: Rows, n: int, policy: Policy) -> list[float]:
    past = history(found, n, policy)
    enough = past.keep & (past.size >= policy.history_min)[found.account]
    return _tail(np.rint(found.late[enough] - past.usual[found.account[enough]]).astype(np.int64))


def _severity(found: Rows, policy: Policy) -> float:
    old = _settled(found)
    total = float(levels.severity(found, policy)[old].sum())
    return round((WEIGHT * Calibration().severity + total) / (WEIGHT + int(old.sum())), 6)


def _assessable(found: Rows, window: Windows, policy: Policy) -> Bools:
    enough = (window.recent_count >= policy.recent_min) & (window.baseline_count >= policy.baseline_min)
    return enough & ~already_late(found, window, policy)


def common_shift(found: Rows, window: Windows, fit: Bools) -> int:
    """By how many days the whole book is later: the shift that makes the median z zero; 0 below ``BOOK_MIN`` accounts."""
    accounts = np.flatnonzero(fit)
    if len(accounts) < BOOK_MIN:
        return 0
    some = accounts[:: max(1, len(accounts) // SAMPLE)]
    both = sample(found, window, found.late).of(some)
    middles = [float(np.nanmedian(statistic(both, days))) for days in (0, 1)]
    if middles[0] <= -middles[1]:
        return 0
    low, high = 1, 60
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if np.nanmedian(statistic(both, middle)) > 0 else (low, middle)
    return low


def _urgent_p(found: Rows, window: Windows, fit: Bools, policy: Policy, known: Calibration) -> float:
    """The largest p that Benjamini-Hochberg rejects at ``urgent_fdr``, between 0.0001 and half of ``flag_p``."""
    if fit.sum() < BOOK_MIN:
        return known.urgent_p
    frame = drift(found, window, np.zeros(window.n), policy, known)
    p = np.sort(frame["p"].drop_nulls().to_numpy())
    passed = np.flatnonzero(p <= policy.urgent_fdr * np.arange(1, len(p) + 1) / len(p))
    limit = float(p[passed[-1]]) if len(passed) else 0.0
    return round(min(max(limit, 1e-4), policy.flag_p / 2), 6)


def _level(found: Rows, n: int, policy: Policy, known: Calibration) -> list[float]:
    """The risks that 5, 2 and 0.5 % of the book pass, within bounds: a book where all are late is not all flagged."""
    active = np.bincount(found.account, minlength=n) >= policy.level_min
    if active.sum() < BOOK_MIN:
        return known.level
    risks: Floats = levels.risk(found, n, policy, known)[active]
    limits = np.clip(np.quantile(risks, [0.95, 0.98, 0.995]), [0.15, 0.25, 0.5], [0.9, 0.95, 0.98])
    return [round(float(limit), 4) for limit in limits]


def _pseudo(found: Rows, n: int, policy: Policy, known: Calibration) -> float:
    """The smallest weight of the book's tail at which at most ``ODD_SHARE`` of the accounts are out of character, replayed on the book."""
    for weight in (30.0, 60.0, 120.0, 240.0):
        seen = character(found, n, policy, Calibration(**{**vars(known), "pseudo": weight}))
        judged = seen["score"].drop_nulls()
        if len(judged) < BOOK_MIN or (judged.to_numpy() >= scale.FLAG).mean() <= ODD_SHARE:
            break
    return weight
