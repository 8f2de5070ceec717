"""What the check learns from the whole book at a month-end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from healthcheck.checks import replays
from healthcheck.checks.payments import level as levels
from healthcheck.checks.payments import replay
from healthcheck.checks.payments.change import contrast, residuals, usual_of
from healthcheck.checks.payments.character import history
from healthcheck.checks.payments.drift import Windows, already_late, drift, sample, windows
from healthcheck.checks.payments.policy import GRID, MARGINS, Calibration, Policy
from healthcheck.checks.payments.rows import Rows, rows
from healthcheck.checks.payments.tarone import Bools, Floats, Ints, statistic
from healthcheck.ledger.columns import Columns

BOOK_MIN = 200  # assessable accounts, or invoices, below which the stated defaults hold
SAMPLE = 4000  # accounts looked at for the common shift
CALM_MIN = 1000  # assessable accounts
CALM = 2.0  # a margin must exceed so many sds of a healthy account's change
TRIM, TRIMMED = 9.0, 1.03  # squared sds beyond which a change is left out, and what that takes off the variance
WEIGHT = 500  # invoices that the default tails count for


def learn(columns: Columns, as_of: date, policy: Policy) -> Calibration:
    """The book's margin, common shift, tails and thresholds as of a date; never fails."""
    n = columns.accounts.height
    found = rows(columns, as_of, policy.history_days)
    window = windows(found, n, policy)
    known = Calibration(
        tail=_tail(found.late[_settled(found)]), own_tail=_own_tail(found, n, policy), severity=_severity(found, policy)
    )
    known = moved(found, window, policy, known)
    fit = assessable(found, window, policy)
    known = replace(known, assessable=int(fit.sum()))
    known = replace(known, margin_days=_margin(known))
    known = replace(known, urgent_p=_urgent_p(found, window, fit, policy, known))
    return replay.learn(columns, as_of, policy, known, moved)


def moved(found: Rows, window: Windows, policy: Policy, known: Calibration) -> Calibration:
    """With what the whole book did of late: its common shift, and how much healthy accounts wander."""
    fit = assessable(found, window, policy)
    known = replace(known, common_shift_days=common_shift(found, window, fit))
    return _change(found, window.n, fit, known)


def _margin(known: Calibration) -> int:
    """The smallest margin where healthy accounts hardly wander, in a book large enough to know; else the default."""
    calm = known.assessable >= CALM_MIN and CALM * float(np.median(known.wander)) ** 0.5 <= MARGINS[0]
    return MARGINS[0] if calm else known.margin_days


def _settled(found: Rows) -> Bools:
    """Invoices old enough that the late ones among them have shown it."""
    return (found.age >= 90) & (found.age < 90 + 365)


def _tail(late: Ints) -> list[float]:
    """Share later than each day of GRID, with the defaults as ``WEIGHT`` invoices; one in a million at least, for its logarithm."""
    default = np.array(Calibration().tail)
    beyond = len(late) - np.searchsorted(np.sort(late), GRID, side="right")
    return [max(round(float(share), 6), 1e-6) for share in (WEIGHT * default + beyond) / (WEIGHT + len(late))]


def _own_tail(found: Rows, n: int, policy: Policy) -> list[float]:
    past = history(found, n, policy)
    enough = past.keep & (past.days.size >= policy.history_min)[found.account]
    return _tail(np.rint(found.late[enough] - past.days.median[found.account[enough]]).astype(np.int64))


def _severity(found: Rows, policy: Policy) -> float:
    old = _settled(found)
    total = float(levels.severity(found, policy)[old].sum())
    return round((WEIGHT * Calibration().severity + total) / (WEIGHT + int(old.sum())), 6)


def assessable(found: Rows, window: Windows, policy: Policy) -> Bools:
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


def _change(found: Rows, n: int, fit: Bools, known: Calibration) -> Calibration:
    """Noise, and for each span the common shift and the variance of a healthy account's change."""
    if fit.sum() < BOOK_MIN:
        return known
    usual = usual_of(found, found.late, n)
    days = residuals(found, found.late, usual, known)[usual.keep]
    noise = max(round(float(np.mean(days**2)), 4), 1.0)
    seen = contrast(found, found.late, usual, n, replace(known, noise=noise))
    fits = [_variance(days[fit], single[fit]) for days, single in zip(seen.days, seen.variance, strict=True)]
    shift, spread, wander = ([one[part] for one in fits] for part in range(3))
    return replace(known, noise=noise, shift=shift, spread=spread, wander=wander)


def _variance(days: Floats, single: Floats) -> tuple[float, float, float]:
    """Shift, spread, wander of one span: the squared change on the variance of single invoices, without those beyond 3 sd."""
    middle = float(np.median(days))
    square, spread, wander = (days - middle) ** 2, 1.0, 0.5
    for _ in range(10):
        expected = spread * single + wander
        keep = square < TRIM * expected
        weight = 1 / expected[keep]
        design = np.stack([single[keep], np.ones(int(keep.sum()))], axis=1) * weight[:, None]
        slope, constant = np.linalg.lstsq(design, square[keep] * TRIMMED * weight, rcond=None)[0]
        spread, wander = max(float(slope), 0.3), max(float(constant), 0.5)
    return round(middle, 4), round(spread, 4), round(wander, 4)


def _urgent_p(found: Rows, window: Windows, fit: Bools, policy: Policy, known: Calibration) -> float:
    """The largest p that Benjamini-Hochberg rejects at ``urgent_fdr``, between 0.00001 and half of ``flag_p``."""
    if fit.sum() < BOOK_MIN:
        return known.urgent_p
    frame = drift(found, window, np.zeros(window.n), policy, known)
    limit = replays.benjamini_hochberg(frame["p"].drop_nulls().to_list(), policy.urgent_fdr)
    return round(min(max(limit, 1e-5), policy.flag_p / 2), 7)
