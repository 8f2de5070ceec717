"""Since when, and by how much, does a customer pay later? The evidence for a change at any time in the last two to six months.

For each of ``SPANS`` the mean days late of the invoices due in the last so many days is held against those before it, each day late counted
from the customer's usual day and cut off at ``CLIP`` either way, so that one dispute decides nothing. An open invoice counts as the mean of
those of his earlier invoices that ran longer than it has so far. The variance is that of his own invoices (shrunk to the book's) plus what
whole months of a healthy customer wander (learned from the book). The evidence is the logarithm of the likelihood of "later by about twice
the margin" over "not later than a third of it", averaged over spans; a second part holds the run of newest invoices that are all unpaid
against how long he ever let one wait. Simulated healthy books pass ``EVIDENCE_1`` in 1 % of accounts and fall by ``DECAY`` beyond.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from healthcheck.checks.payments.policy import CLIP, SPANS, Calibration
from healthcheck.checks.payments.rows import Rows, count
from healthcheck.checks.payments.tail import Past, book_tail
from healthcheck.checks.payments.tarone import Bools, Floats, Ints

QUIET = 180  # days: older invoices tell what is usual
PSEUDO_NOISE, PSEUDO_TAIL = 20.0, 8.0  # invoices that the book counts for
EVIDENCE_1, DECAY = 1.65, 1.3
SAME, LATER = 0.3, (1.6, 2.0)  # margins: what still counts as no change, and what as one
UNPAID_PRIOR, UNPAID_EACH, UNPAID_MOST = 3.0, 0.2, 8  # log odds against a run of unpaid invoices; less for each
STOPPED, STOPPED_MIN = 4.0, 3  # -log of the chance of the run, and invoices in it, from which it speaks by itself


@dataclass(frozen=True)
class Contrast:
    """For each span (first axis) and account: mean days later than before, and the variance of it from single invoices."""

    days: Floats
    variance: Floats


def usual_rows(rows: Rows, n: int) -> Bools:
    """Settled invoices from before any change looked for; where they are few, from before the last quarter."""
    old = rows.paid & (rows.age >= QUIET)
    few = count(rows.account, old, n) < PSEUDO_TAIL
    return old | (few[rows.account] & rows.paid & (rows.age >= QUIET // 2))


@dataclass(frozen=True)
class Usual:
    """What an account's older invoices say: which rows they are, their days late."""

    keep: Bools
    past: Past
    middle: Floats  # each account's usual day; 0 where none is known


def usual_of(rows: Rows, late: Ints, n: int) -> Usual:
    """The usual rows and their distribution."""
    keep = usual_rows(rows, n)
    past = Past(rows.account[keep], late[keep], n)
    return Usual(keep, past, np.nan_to_num(past.median))


def residuals(rows: Rows, late: Ints, usual: Usual, calibration: Calibration) -> Floats:
    """Days later than the account's usual day, cut off at CLIP; open invoices at what they are expected to become."""
    known = np.clip(late - usual.middle[rows.account], -CLIP, CLIP)
    still = np.flatnonzero(~rows.paid)
    so_far = np.rint(known[still]).astype(np.int64)
    known[still] = _expected(usual.past.around(usual.middle, CLIP), rows.account[still], so_far, calibration)
    return known


def _expected(past: Past, account: Ints, so_far: Ints, calibration: Calibration) -> Floats:
    """Mean of the account's past residuals beyond ``so_far``, with the book's tail as PSEUDO_TAIL invoices."""
    shares, means = _book_beyond(calibration)
    size, total = past.beyond(account, so_far)
    weight = PSEUDO_TAIL * shares[so_far + CLIP] + size
    mean_beyond: Floats = np.maximum((PSEUDO_TAIL * means[so_far + CLIP] + total) / np.maximum(weight, 1e-9), so_far)
    return mean_beyond


def _book_beyond(calibration: Calibration) -> tuple[Floats, Floats]:
    """For each whole residual: the book's share beyond it, and their mean times that share."""
    grid = np.arange(-CLIP, CLIP + 1)
    share = book_tail(grid.astype(np.float64), calibration.own_tail)
    share[-1] = 0.0
    mass = -np.diff(share)
    beyond = np.r_[np.cumsum((mass * grid[1:])[::-1])[::-1], 0.0]
    return share, beyond


def contrast(rows: Rows, late: Ints, usual: Usual, n: int, calibration: Calibration) -> Contrast:
    """The contrast of every span."""
    days = residuals(rows, late, usual, calibration)
    noise = _noise(rows.account[usual.keep], days[usual.keep], usual.past.size, calibration)
    within = np.searchsorted(SPANS, np.arange(SPANS[-1] + 1), side="right")  # of an age: the spans too short for it
    band = rows.account * (len(SPANS) + 1) + within[np.minimum(rows.age, SPANS[-1])]
    shape = (n, len(SPANS) + 1)
    counts: Ints = np.bincount(band, minlength=n * shape[1])
    totals: Floats = np.bincount(band, days, n * shape[1]).astype(np.float64)
    mean, size = _split(counts.reshape(shape).T, totals.reshape(shape).T)
    return Contrast(mean, noise * size)


def _noise(account: Ints, days: Floats, size: Ints, calibration: Calibration) -> Floats:
    """Variance of each account's own days, shrunk to the book's."""
    total, squares = (np.bincount(account, values, len(size)) for values in (days, days * days))
    own = np.maximum(squares - total**2 / np.maximum(size, 1), 0)
    return (PSEUDO_NOISE * calibration.noise + own) / (PSEUDO_NOISE + np.maximum(size - 1, 0))


def _split(counts: Ints, totals: Floats) -> tuple[Floats, Floats]:
    """Mean of the recent minus mean of the rest, and 1/n of both added, for each span (first axis; the last given is what is older)."""
    now, total_now = np.cumsum(counts, axis=0)[:-1], np.cumsum(totals, axis=0)[:-1]
    rest = counts.sum(axis=0) - now
    mean_rest = (totals.sum(axis=0) - total_now) / np.maximum(rest, 1)
    return total_now / np.maximum(now, 1) - mean_rest, 1 / np.maximum(now, 0.3) + 1 / np.maximum(rest, 0.3)


@dataclass(frozen=True)
class Evidence:
    """Of each account: the log evidence that it pays later, by how many days, and whether what it left unpaid decides by itself."""

    strength: Floats
    days: Floats
    stopped: Bools

    def least(self, other: Evidence, where: Bools) -> Evidence:
        """The smaller of both at some accounts."""
        return Evidence(
            np.where(where, np.fmin(self.strength, other.strength), self.strength),
            np.where(where, np.fmin(self.days, other.days), self.days),
            np.where(where, self.stopped & other.stopped, self.stopped),
        )


def evidence(rows: Rows, late: Ints, n: int, calibration: Calibration) -> Evidence:
    """Of a change in ``late``; its days are those of the span that says so most."""
    if not rows.base.all():
        rows, late = rows.where(rows.base), late[rows.base]
    usual = usual_of(rows, late, n)
    found = contrast(rows, late, usual, n, calibration)
    days = found.days - np.maximum(calibration.shift, 0)[:, None]
    variance = found.variance * np.array(calibration.spread)[:, None] + np.array(calibration.wander)[:, None]
    margin = calibration.margin_days
    later = [_likelier(days, variance, times * margin, SAME * margin) for times in LATER]
    moved = _log_mean_exp(np.concatenate(later))
    best = np.argmax(later[0], axis=0)
    unlike, unpaid = unpaid_run(rows, late, usual, n, calibration)
    against = UNPAID_PRIOR - UNPAID_EACH * np.minimum(unpaid, UNPAID_MOST)
    stopped = (unlike >= STOPPED) & (unpaid >= STOPPED_MIN)
    return Evidence(np.logaddexp(moved, unlike - against), days[best, np.arange(n)], stopped)


def _likelier(days: Floats, variance: Floats, later: float, same: float) -> Floats:
    likelier: Floats = ((days - same) ** 2 - (days - later) ** 2) / (2 * variance)
    return likelier


def _log_mean_exp(values: Floats) -> Floats:
    top = values.max(axis=0)
    mean: Floats = top + np.log(np.mean(np.exp(values - top), axis=0))
    return mean


def unpaid_run(rows: Rows, late: Ints, usual: Usual, n: int, calibration: Calibration) -> tuple[Floats, Ints]:
    """The run of each account's newest invoices that are all unpaid: -log of its chance over the root of their number, and that number."""
    paid, still = np.flatnonzero(rows.paid), np.flatnonzero(~rows.paid)
    newest = np.full(n, np.iinfo(np.int64).max)
    newest[rows.account[paid]] = rows.age[paid]  # the last counts, and rows are in order of the due date
    run = still[rows.age[still] < newest[rows.account[still]]]
    account, waited = rows.account[run], late[run] - calibration.common_shift_days
    own = usual.past.at_least(account, waited)
    book = book_tail(waited - 1 - usual.middle[account], calibration.own_tail)
    chance = (own + PSEUDO_TAIL * book) / (usual.past.size[account] + PSEUDO_TAIL)
    total = np.bincount(account, -np.log(np.maximum(chance, 1e-4)), n)
    size = np.bincount(account, minlength=n)
    return total / np.sqrt(np.maximum(size, 1)), size


def p_value(log_evidence: Floats) -> Floats:
    """The share of healthy accounts with so much evidence, as simulated."""
    p: Floats = np.minimum(1.0, 0.01 * np.exp(DECAY * (EVIDENCE_1 - log_evidence)))
    return p
