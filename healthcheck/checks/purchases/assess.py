"""The purchases check: has this customer bought much less, fallen silent, or bought far more than anticipated?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from healthcheck.checks import replays
from healthcheck.checks.outcomes import tidy
from healthcheck.ledger.columns import Columns

from . import accepted, score, wording
from .cube import Bools, Floats
from .judge import Judged, judge
from .policy import Calibration, Policy

SIGNALS = ("amount", "silence", "surge")


@dataclass(frozen=True)
class Signal:
    """One signal of every account; ``known`` is False where it cannot be judged."""

    p: Floats
    score: Floats
    known: Bools


def assess(columns: Columns, as_of: date, policy: Policy, calibration: Calibration) -> pl.DataFrame:
    """One row for each account: key, outcome, score, p, summary, evidence, signals (amount, silence, surge).

    Pure; the same for one account alone as among all. Each signal's ``p`` is already divided by its part of the error budget, so
    the check's ``p``, the smallest of them, is one honest chance for the account.
    """
    j = judge(accepted.since(columns, policy), as_of, policy, calibration)
    signals = signals_of(j, columns, policy, calibration)
    known = np.any([s.known for s in signals], axis=0)
    worst = np.stack([np.where(s.known, s.score, -1.0) for s in signals], 1)
    overall = np.where(worst.max(axis=1) < score.WATCH_AT, score.among_the_clear(j), worst.max(axis=1))
    chance = np.stack([np.where(s.known, s.p, 1.0) for s in signals], 1).min(axis=1)
    frame = pl.DataFrame(
        {
            "key": columns.accounts["key"],
            "outcome": score.outcomes(overall, known),
            "score": _shown(overall, known),
            "p": _shown(chance, known),
        }
    )
    leading = worst.argmax(axis=1).tolist()
    spoken = [replays.spoken(*calibration.replayed.get(name, (0, 0))) for name in SIGNALS]
    summary, evidence = wording.write(j, columns, frame["outcome"].to_list(), leading, policy, spoken)
    parts = [_signal(name, s) for name, s in zip(SIGNALS, signals, strict=True)]
    return tidy(
        frame.with_columns(
            summary,
            evidence,
            pl.DataFrame(parts).to_struct("signals"),
        )
    )


def signals_of(j: Judged, columns: Columns, policy: Policy, calibration: Calibration) -> tuple[Signal, Signal, Signal]:
    """amount, silence, surge."""
    p_short, short = score.short(j, policy, calibration)
    p_silent, silent = score.silent(j, policy, calibration)
    p_surge, surge = score.surging(j, over_limit(columns.accounts), policy, calibration)
    summable = ~j.cube.mixed
    seen, heard = (j.months > 0) & summable, j.heard & summable
    plain = (p_short <= policy.rare_p) & (short >= score.FLAG_AT) | (p_surge <= policy.rare_p) & (
        surge >= score.FLAG_AT
    )
    said = seen & plain | heard & (p_silent <= policy.rare_p) & (silent >= score.FLAG_AT)
    judged = ~rare_buyers(j, policy) | said
    seen, heard = seen & judged, heard & judged
    return Signal(p_short, short, seen), Signal(p_silent, silent, heard), Signal(p_surge, surge, seen)


def rare_buyers(j: Judged, policy: Policy) -> Bools:
    """Who buys so rarely that a quiet quarter says nothing: shown when he stands out all the same, else not judged."""
    return ~j.planned & (j.yearly < policy.min_orders_a_year) & (j.quiet.telling > policy.telling_p)


def over_limit(accounts: pl.DataFrame) -> Bools:
    """Is the account, or its group, above its limit?"""
    own = (pl.col("exposure") > pl.col("limit")).fill_null(False)
    family = (pl.col("group_exposure") > pl.col("group_limit")).fill_null(False)
    return accounts.select(own | family).to_series().to_numpy()


def _shown(values: Floats, known: Bools) -> pl.Series:
    return pl.Series(np.where(known, values, np.nan)).fill_nan(None)


def _signal(name: str, s: Signal) -> pl.Series:
    frame = pl.DataFrame(
        {"outcome": score.outcomes(s.score, s.known), "score": _shown(s.score, s.known), "p": _shown(s.p, s.known)}
    )
    return tidy(frame).to_struct(name)
