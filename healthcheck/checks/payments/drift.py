"""Has the pattern moved? The last quarter's invoices against the year before, open ones counted as censored, beyond a margin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from healthcheck.checks import outcomes
from healthcheck.checks.payments import scale
from healthcheck.checks.payments.change import QUIET, Evidence, evidence, p_value
from healthcheck.checks.payments.policy import Calibration, Policy
from healthcheck.checks.payments.rows import Rows, count, latest
from healthcheck.checks.payments.tail import medians
from healthcheck.checks.payments.tarone import Bools, Floats, Ints, Sample, shift, statistic, tail


@dataclass(frozen=True)
class Windows:
    """Which rows are recent, which are baseline, and how long the recent window of each account is."""

    n: int
    days: Ints
    recent: Bools
    baseline: Bools
    recent_count: Ints
    baseline_count: Ints


def windows(rows: Rows, n: int, policy: Policy) -> Windows:
    """The recent window, widened where it holds too few, and the year before it; each capped at its latest rows."""
    few = count(rows.account, rows.age < policy.recent_days, n) < policy.recent_min
    days = np.where(few, policy.widened_days, policy.recent_days)
    mine = days[rows.account]
    recent = latest(rows.account, rows.age < mine, n, policy.recent_cap)
    before = rows.base & (rows.age >= mine) & (rows.age < mine + policy.baseline_days)
    baseline = latest(rows.account, before, n, policy.baseline_cap)
    return Windows(n, days, recent, baseline, count(rows.account, recent, n), count(rows.account, baseline, n))


def sample(rows: Rows, window: Windows, late: Ints, accounts: Ints | None = None) -> Sample:
    """The rows of both windows, for the test of ``late``; of some accounts only: these renumbered in the order given."""
    keep = np.flatnonzero(window.recent | window.baseline)
    if accounts is not None:
        keep = keep[np.isin(np.arange(window.n), accounts)[rows.account[keep]]]
    found = Sample(window.n, rows.account[keep], late[keep], rows.paid[keep], window.recent[keep])
    return found if accounts is None else found.of(accounts)


def terms_changed(rows: Rows, window: Windows, policy: Policy) -> Bools:
    """Whether the usual terms of the two windows differ; not where one of them is empty."""
    changed, some = np.zeros(window.n, dtype=np.bool_), _uneven(rows)
    if some.size:
        place = np.full(window.n, -1)
        place[some] = np.arange(some.size)
        mine = place[rows.account]
        now, then = (
            medians(mine[keep], rows.terms[keep], some.size)
            for keep in ((mine >= 0) & window.recent, (mine >= 0) & window.baseline)
        )
        changed[some] = np.abs(now - then) >= policy.terms_changed
    return changed


def _uneven(rows: Rows) -> Ints:
    """Accounts whose terms are not the same on all rows."""
    other = (rows.terms[1:] != rows.terms[:-1]) & (rows.account[1:] == rows.account[:-1])
    return np.unique(rows.account[1:][other])


def z_values(rows: Rows, window: Windows, margin: Ints | int, changed: Bools) -> Floats:
    """z of each account. Where terms changed, the smaller of days past due and days since issue: either alone moves with the terms."""
    z = statistic(sample(rows, window, rows.late), margin)
    if not changed.any():
        return z
    accounts = np.flatnonzero(changed)
    since = statistic(sample(rows, window, rows.since_issue, accounts), margin)
    z[accounts] = np.fmin(z[accounts], since)
    return z


def reasons(rows: Rows, window: Windows, z: Floats, unallocated: Floats, policy: Policy) -> list[str | None]:
    """Why an account cannot be judged; None where it can."""
    value = np.bincount(rows.account[window.recent], rows.value[window.recent], window.n)
    few, young = window.recent_count < policy.recent_min, window.baseline_count < policy.baseline_min
    loose, same = unallocated > policy.unallocated_share * value, ~np.isfinite(z)
    found: list[str | None] = [None] * window.n
    for at in np.flatnonzero(few | young | loose | same).tolist():
        if few[at]:
            where = f"fell due in the last {policy.widened_days} days"
            found[at] = _too_few(int(window.recent_count[at]), policy.recent_min, where)
        elif young[at]:
            found[at] = _too_few(int(window.baseline_count[at]), policy.baseline_min, "fell due in the year before")
        elif loose[at]:
            found[at] = "money not allocated to invoices is over a tenth of the recent ones"
        else:
            found[at] = "all invoices were settled on the same day of their terms"
    return found


def _too_few(count: int, minimum: int, where: str) -> str:
    return f"only {count} of the {minimum} invoices needed {where}" if count else f"no invoice {where}"


def already_late(rows: Rows, window: Windows, policy: Policy) -> Bools:
    """Whether the baseline was so late before any change looked for that there is nothing left to drift.

    What has come due since, and is open, is no habit: who stopped paying five months ago was not late before. Where the baseline is
    younger, what was paid of it counts.
    """
    old = window.baseline & (rows.age >= QUIET)
    few = count(rows.account, old, window.n) < policy.history_min
    habit = old | (window.baseline & rows.paid & few[rows.account])
    late = count(rows.account, habit & (rows.late > policy.late_days), window.n)
    return late > policy.late_share * np.maximum(count(rows.account, habit, window.n), 1)


def drift(rows: Rows, window: Windows, unallocated: Floats, policy: Policy, calibration: Calibration) -> pl.DataFrame:
    """outcome, score, p, reason and shift of each account.

    ``p`` is that of the evidence for a change (change.py); ``rank_p`` that of the censored rank test with the margin, 1 - Phi(z). The
    days of the shift are worked out where the evidence is worth a watch.
    """
    margin = calibration.margin_days + max(0, calibration.common_shift_days)
    changed = terms_changed(rows, window, policy)
    z = z_values(rows, window, margin, changed)
    seen = changes(rows, window, changed, calibration)
    why = pl.Series("reason", reasons(rows, window, z, unallocated, policy), dtype=pl.String)
    unknown, late = why.is_not_null().to_numpy(), already_late(rows, window, policy)
    p = p_value(seen.strength)
    score = scale.from_p(p, policy.watch_p, policy.flag_p, calibration.urgent_p)
    many = (z >= 0) | seen.stopped  # most must be later by the margin, not one or two
    score = np.where(many, score, np.minimum(score, 0.95 * scale.WATCH))
    missing = unknown | late
    settled = pl.Series(late & ~unknown)
    frame = pl.DataFrame(
        {
            "outcome": scale.outcome(score, unknown),
            "score": scale.masked(score, missing),
            "p": scale.masked(p, missing),
            "reason": why,
            "terms_changed": changed,
            "rank_p": scale.masked(np.round(tail(np.nan_to_num(z)), 6), missing),
            "shift_days": shifts(rows, window, seen.days, np.flatnonzero((p <= policy.watch_p) & ~missing), changed),
            "shift_at_least": count(rows.account, window.recent & ~rows.paid, window.n) * 2 > window.recent_count,
        }
    )
    return frame.with_columns(
        outcome=pl.when(settled).then(pl.lit(outcomes.NOT_APPLICABLE)).otherwise("outcome"),
        reason=pl.when(settled)
        .then(pl.lit("already late: the year before leaves nothing to drift"))
        .otherwise("reason"),
    )


def changes(rows: Rows, window: Windows, changed: Bools, calibration: Calibration) -> Evidence:
    """Evidence of the change. Where terms changed, the smaller of days past due and days since issue."""
    seen = evidence(rows, rows.late, window.n, calibration)
    if not changed.any():
        return seen
    some = rows.where(changed[rows.account])
    return seen.least(evidence(some, some.since_issue, window.n, calibration), changed)


def shifts(rows: Rows, window: Windows, moved: Floats, accounts: Ints, changed: Bools) -> pl.Series:
    """By how many days payment moved: by inversion of the rank test, at least what the change says; null but for ``accounts``."""
    days = np.full(window.n, np.nan)
    days[accounts] = least = np.maximum(moved[accounts], 0)
    late = sample(rows, window, rows.late, accounts)
    more = np.flatnonzero(statistic(late, np.floor(least).astype(np.int64) + 1) >= 0)  # elsewhere the test says no more
    found, other = shift(late.of(more)), changed[accounts[more]]
    since = shift(sample(rows, window, rows.since_issue, accounts[more[other]]))
    found[other] = np.minimum(found[other], since)
    days[accounts[more]] = np.maximum(found, least[more])
    return pl.Series(np.rint(days), nan_to_null=True).cast(pl.Int64)
