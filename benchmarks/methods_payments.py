"""Payment drift: ours, and what a user could take instead."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
import ruptures
from books import AS_OF, paying
from lifelines.statistics import logrank_test
from methods_base import NEVER, Floats, Method, each
from numpy.typing import NDArray
from river.drift import ADWIN
from scipy import stats

from healthcheck.checks import outcomes, payments
from healthcheck.checks.payments.drift import drift, sample, windows
from healthcheck.checks.payments.rows import rows
from healthcheck.checks.payments.tarone import Sample, statistic
from healthcheck.ledger.columns import Columns

CHANGES = {"stopped": "stopped", "+20 days": 20, "+10 days": 10}
RECENT = 90  # days
MARGIN = payments.Calibration().margin_days
Z = 2.326  # one-sided p of 1 %
POLICY = payments.Policy()
PENALTIES = np.geomspace(0.3, 30, 24)
DELTAS = np.geomspace(1e-9, 0.99, 40)
SEQUENCE = "one account's days late by due date, open invoices at their age, standardised by the median and MAD of the year before"


@dataclass(frozen=True)
class One:
    """One account: days late, paid?, due in the last quarter? - by due date."""

    late: Floats
    paid: NDArray[np.bool_]
    recent: NDArray[np.bool_]
    standard: Floats  # days late by the median and MAD of the year before, for the methods that need it


def accounts(book: Columns) -> list[One]:
    """The invoices fallen due of each account, as arrays."""
    due = book.items.filter(pl.col("due") <= AS_OF)
    late = due["days_late"].to_numpy().astype(np.float64)
    paid = due["settled"].is_not_null().to_numpy()
    recent = due.select((pl.lit(AS_OF) - pl.col("due")).dt.total_days() < RECENT).to_series().to_numpy()
    ends = np.searchsorted(due["key"].to_numpy(), np.arange(book.accounts.height + 1))
    spans = zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    return [One(late[a:b], paid[a:b], recent[a:b], _standard(late[a:b], recent[a:b])) for a, b in spans]


def _standard(late: Floats, recent: NDArray[np.bool_]) -> Floats:
    old = late[~recent] if not recent.all() else late
    middle = float(np.median(old))
    return (late - middle) / max(1.4826 * float(np.median(np.abs(old - middle))), 1.0)


def _calibration(healthy: int) -> payments.Calibration:
    return payments.calibrate(paying(healthy, 99), AS_OF, POLICY)


def _ours(calibration: payments.Calibration) -> list[Method]:
    def only_drift(book: Columns) -> pl.DataFrame:
        n = book.accounts.height
        found = rows(book, AS_OF, POLICY.history_days)
        return drift(found, windows(found, n, POLICY), np.zeros(n), POLICY, calibration)

    def whole(book: Columns) -> pl.DataFrame:
        return payments.assess(book, AS_OF, POLICY, calibration)

    def alarms(frame: pl.DataFrame) -> Floats:
        return frame["outcome"].is_in(outcomes.ALERTS).to_numpy()

    def score(frame: pl.DataFrame) -> Floats:
        return frame["score"].fill_null(NEVER).to_numpy()

    return [
        Method(
            "Healthcheck: rank test", None, "arrays at hand, as for the peers: Tarone-Ware, open invoices censored, margin of 5 days",
            "one part of drift; timed alone because it is what the log-rank loops compute", _sample, _rank,
            _rank, "p < 1 %", lambda fed: _rank(fed) > Z,
        ),
        Method(
            "Healthcheck: drift", None, "from the ledger's columns to outcome, score, p and days moved",
            "customers who were late already half a year ago are left to level",
            lambda book: book, only_drift,
            lambda book: score(only_drift(book)), "flagged", lambda book: alarms(only_drift(book)),
        ),
        Method(
            "Healthcheck: payments", None, "the whole check: three signals, evidence, a sentence for each account",
            "its score orders by serious lateness to come, not by change: little of a mere +10 days", lambda book: book, whole,
            lambda book: score(whole(book)), "flagged", lambda book: alarms(whole(book)),
        ),
    ]  # fmt: skip


def _sample(book: Columns) -> Sample:
    found = rows(book, AS_OF, POLICY.history_days)
    return sample(found, windows(found, book.accounts.height, POLICY), found.late)


def _rank(fed: Sample) -> Floats:
    return np.nan_to_num(statistic(fed, MARGIN), nan=NEVER)


def _script(book: Columns) -> pd.DataFrame:
    frame = book.items.filter(pl.col("due") <= AS_OF).select("key", "due", "settled", "number")
    return pd.DataFrame({name: frame[name].to_numpy() for name in frame.columns})


def _averages(frame: pd.DataFrame) -> Floats:
    """What a user would write: average days of paid invoices, last quarter less the year before."""
    paid = frame[frame["settled"].notna()]
    days = (paid["settled"] - paid["due"]).dt.days
    recent = (pd.Timestamp(AS_OF) - paid["due"]).dt.days < RECENT
    by = days.groupby([paid["key"], recent]).mean().unstack().reindex(range(int(frame["key"].max()) + 1))
    return (by[True] - by[False]).fillna(NEVER).to_numpy()


def _lifelines(one: One) -> float:
    return _one_sided(one, None)


def _tarone_ware(one: One) -> float:
    return _one_sided(one, "tarone-ware")


def _one_sided(one: One, weights: str | None) -> float:
    """lifelines' test has no side: the sign is that of the difference of the means."""
    now, before = one.late[one.recent], one.late[~one.recent]
    if not len(now) or not len(before):
        return NEVER
    result = logrank_test(
        now + 100, before + 100, one.paid[one.recent], one.paid[~one.recent], weightings=weights
    )  # durations may not be negative
    z = math.sqrt(max(float(result.test_statistic), 0.0)) * (1 if now.mean() > before.mean() else -1)
    return z if math.isfinite(z) else NEVER


def _scipy(one: One) -> float:
    now, before = one.recent, ~one.recent
    if (not one.paid[now].any() and not one.paid[before].any()) or not now.any() or not before.any():
        return NEVER
    z = float(stats.logrank(_censored(one, now), _censored(one, before)).statistic)
    return -z if math.isfinite(z) else NEVER  # negative: fewer settled than expected


def _censored(one: One, which: NDArray[np.bool_]) -> stats.CensoredData:
    return stats.CensoredData(one.late[which & one.paid], right=one.late[which & ~one.paid])


def _pelt(one: One) -> float:
    return _last(one.standard, ruptures.Pelt(model="rbf", min_size=3, jump=1).fit(one.standard).predict(pen=3.0))


def _kernel(one: One) -> float:
    return _last(one.standard, ruptures.KernelCPD(kernel="rbf", min_size=3).fit(one.standard).predict(pen=3.0))


def _penalty(one: One) -> float:
    """The largest penalty that still leaves a last part later than the one before it."""
    search = ruptures.KernelCPD(kernel="rbf", min_size=3).fit(one.standard)
    for penalty in PENALTIES[::-1]:
        if _last(one.standard, search.predict(pen=float(penalty))) > 0:
            return float(penalty)
    return 0.0


def _last(values: Floats, ends: list[int]) -> float:
    """By how much the last segment is above the one before."""
    if len(ends) < 2:
        return 0.0
    start = ends[-3] if len(ends) > 2 else 0
    return float(values[ends[-2] :].mean() - values[start : ends[-2]].mean())


def _adwin(values: Floats, delta: float, clock: int) -> float:
    """1 if a rise is detected."""
    detector, mean = ADWIN(delta=delta, clock=clock, min_window_length=5, grace_period=10), 0.0
    for value in values.tolist():
        mean = detector.estimation
        detector.update(value)
        if detector.drift_detected and detector.estimation > mean:
            return 1.0
    return 0.0


def _delta(one: One) -> float:
    """-log of the smallest delta at which a rise is detected."""
    values = one.standard
    return next((-math.log(delta) for delta in DELTAS.tolist() if _adwin(values, delta, 1)), NEVER)


def methods(healthy: int) -> list[Method]:
    """Ours first. ``healthy``: accounts of the book that ours is calibrated on."""
    return [
        *_ours(_calibration(healthy)),
        Method(
            "average days (pandas)", "pandas", "`groupby`: average days of paid invoices, last 90 days less the year before",
            "sees paid invoices only, so nothing of who stops; no idea of chance", _script, _averages, _averages,
            "10 days or more", lambda frame: _averages(frame) >= 10,
        ),
        Method(
            "log-rank (scipy)", "scipy", "`scipy.stats.logrank`, one-sided: last 90 days against the year before, open invoices censored",
            "one pair of samples a call; no margin, no weights", accounts, each(_scipy), each(_scipy),
            "p < 1 %", lambda fed: each(_scipy)(fed) > Z, "medium", 200,
        ),
        Method(
            "log-rank (lifelines)", "lifelines", "`logrank_test`, the same samples: the same statistic, so power is scipy's",
            "made for one study with thousands of subjects and its report, not for thousands of small ones",
            accounts, each(_lifelines), None, "p < 1 %", sample=200,
        ),
        Method(
            "Tarone-Ware (lifelines)", "lifelines", "`logrank_test(weightings=\"tarone-ware\")`",
            "as above; no margin", accounts, each(_tarone_ware), each(_tarone_ware),
            "p < 1 %", lambda fed: each(_tarone_ware)(fed) > Z, "heavy", 200,
        ),
        Method(
            "PELT (ruptures)", "ruptures", f"`Pelt(\"rbf\", min_size=3, jump=1)`: {SEQUENCE}; timed for one penalty",
            "finds changes in long signals; no censoring, and its penalty means no error rate", accounts, each(_pelt), None,
            sample=200,
        ),
        Method(
            "KernelCPD (ruptures)", "ruptures", "the same search in C; power: the largest penalty that still finds a rise, of 24",
            "as above", accounts, each(_kernel), each(_penalty), "", None, "medium", 200,
        ),
        Method(
            "ADWIN (river)", "river", f"{SEQUENCE}; clock 1, the smallest of 40 deltas that finds a rise: better than its defaults",
            "made for long streams: as it comes (delta 0.002, clock 32) it hardly ever sees 45 invoices through; no censoring",
            accounts, each(lambda one: _adwin(one.standard, 0.002, 1)), each(_delta),
            "defaults", lambda fed: each(lambda one: _adwin(one.standard, 0.002, 32))(fed), "medium", 200,
        ),
    ]  # fmt: skip


def twins(book: Columns) -> dict[str, float]:
    """How far methods agree that share a power: log-rank of lifelines and scipy, PELT and KernelCPD; accounts of the book."""
    ones = accounts(book)
    pairs = [(_lifelines(one), _scipy(one)) for one in ones]
    return {
        "log-rank": max(abs(abs(a) - abs(b)) for a, b in pairs if NEVER not in (a, b)),
        "PELT": float(np.mean([abs(_pelt(one) - _kernel(one)) < 1e-9 for one in ones])),
    }
