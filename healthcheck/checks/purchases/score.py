"""Scores of the three signals: 0..1, higher worse, 0.4 watch, 0.6 flag, 0.8 urgent; never falling as the evidence grows."""

from __future__ import annotations

import numpy as np
import polars as pl

from healthcheck.checks.outcomes import CLEAR, FLAG, UNKNOWN, URGENT, WATCH

from .cube import Bools, Floats
from .judge import Judged
from .policy import Calibration, Policy

WATCH_AT, FLAG_AT, URGENT_AT = 0.4, 0.6, 0.8
BELOW_URGENT, BELOW_WATCH = 0.7999, 0.3999


def evidence(p: Floats, watch: float, flag: float, urgent: float) -> Floats:
    """Score of a chance ``p``: 0.4, 0.6 and 0.8 at the three thresholds, straight in the number of noughts between them."""
    noughts = -np.log10(np.maximum(p, 1e-30))
    marks = [0.0, *(-np.log10(x) for x in (watch, flag, urgent)), 30.0]
    return np.interp(noughts, marks, [0.0, WATCH_AT, FLAG_AT, URGENT_AT, 1.0])


def budgets(j: Judged, policy: Policy) -> tuple[Floats, Floats]:
    """(amount's, silence's) part of the error budget. Few orders: silence tells most; many: a drop shows in their number."""
    silence: Floats = np.interp(j.en, policy.silence_orders, policy.silence_budget)
    return 1 - policy.surge_budget - silence, silence


def short(j: Judged, policy: Policy, calibration: Calibration) -> tuple[Floats, Floats]:
    """(p, score) of the amount signal. Money must be short as well: no flag above ``flag_share`` of what was expected."""
    p = np.minimum(1.0, j.low / budgets(j, policy)[0])
    share = j.kept / np.maximum(j.e, 1.0)
    gate = np.interp(
        share,
        [policy.flag_share - 0.05, policy.flag_share, policy.watch_share, 1.0, 1.5],
        [1, FLAG_AT, WATCH_AT, 0.3, 0],
    )
    score = np.minimum(evidence(p, policy.watch_p, policy.flag_p, calibration.urgent_p), gate)
    return p, np.where(j.planned, np.maximum(score, _against_plan(j, policy)), score)


def _against_plan(j: Judged, policy: Policy) -> Floats:
    """A plan missed is a fact even where chance could explain it: watch, and flagged under half of it."""
    share = j.s / np.maximum(j.e, 1.0)
    fact = np.interp(
        share, [0.0, policy.plan_share, policy.plan_share + 1e-9, policy.watch_share, 1.0], [0.65, 0.6, 0.59, 0.4, 0.0]
    )
    return np.where((j.months >= policy.default_window) | (j.en >= policy.min_expected), fact, np.minimum(fact, 0.59))


def silent(j: Judged, policy: Policy, calibration: Calibration) -> tuple[Floats, Floats]:
    """(p, score) of the silence signal; no flag before ``min_missed`` orders are missed."""
    p = np.minimum(1.0, j.quiet.p / budgets(j, policy)[1])
    gate = np.interp(
        j.quiet.missed,
        [0.0, policy.min_missed / 2, policy.min_missed, policy.min_missed + 0.5],
        [0.2, WATCH_AT, FLAG_AT, 1],
    )
    return p, np.minimum(evidence(p, policy.watch_p, policy.flag_p, calibration.urgent_p), gate)


def surging(j: Judged, over_limit: Bools, policy: Policy, calibration: Calibration) -> tuple[Floats, Floats]:
    """(p, score) of the surge signal.

    Within the limit it takes strong evidence to be flagged, and it is never urgent; where it carries the account, or its group, over
    the limit, ordinary evidence makes it urgent: goods bought up before a failure look like that.
    """
    share = j.s / np.maximum(j.e, 1.0)
    marks = [1.0, policy.surge_watch_share, policy.surge_share, policy.surge_share + 0.1]
    gate = np.interp(share, marks, [0.3, WATCH_AT, FLAG_AT, BELOW_URGENT])
    p = np.minimum(1.0, j.high / policy.surge_budget)
    score = np.minimum(evidence(p, policy.watch_p, policy.flag_p, calibration.urgent_p), gate)
    plain = np.minimum(evidence(j.high, policy.watch_p, policy.flag_p, calibration.urgent_p), gate)
    bust = (plain >= FLAG_AT) & over_limit
    return p, np.where(bust, URGENT_AT + (plain - FLAG_AT) * 0.9, score)


def among_the_clear(j: Judged) -> Floats:
    """Order among accounts where nothing is unusual: by how likely the coming quarter is to be a fall.

    On real orders this says who will fall better than any of the chances alone, which look at the past.
    """
    return BELOW_WATCH * j.outlook.fall


def outcomes(score: Floats, known: Bools) -> pl.Series:
    """Outcome words of scores rounded as they are shown."""
    shown = pl.Series(np.where(known, score, np.nan)).round(4)
    words = (
        pl.when(shown.is_nan()).then(pl.lit(UNKNOWN))
        .when(shown >= URGENT_AT).then(pl.lit(URGENT))
        .when(shown >= FLAG_AT).then(pl.lit(FLAG))
        .when(shown >= WATCH_AT).then(pl.lit(WATCH))
        .otherwise(pl.lit(CLEAR))
    )  # fmt: skip
    return pl.select(words).to_series()
