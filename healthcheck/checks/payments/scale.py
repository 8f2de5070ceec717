"""From evidence to a score between 0 and 1 that people and machines can compare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from healthcheck.checks import outcomes
from healthcheck.checks.payments.tarone import Bools, Floats

WATCH, FLAG, URGENT = 0.4, 0.6, 0.8  # scores at which each outcome begins


def from_p(p: Floats, watch: float, flag: float, urgent: float) -> Floats:
    """1 -> 0, ``watch`` -> 0.4, ``flag`` -> 0.6, ``urgent`` -> 0.8, one in a trillion -> 1; straight lines in log p between."""
    bends = np.log10([1e-12, min(urgent, flag * 0.99), flag, watch, 1.0])
    with np.errstate(divide="ignore"):
        return np.interp(np.log10(np.maximum(p, 1e-300)), bends, [1.0, URGENT, FLAG, WATCH, 0.0])


def along(values: Floats, bends: Sequence[float], scores: Sequence[float]) -> Floats:
    """Straight lines between the points given."""
    return np.interp(values, bends, scores)


def outcome(score: Floats, unknown: Bools) -> pl.Series:
    """The outcome that begins at or below each score."""
    names = np.array(outcomes.JUDGED, dtype=object)[
        np.searchsorted([WATCH, FLAG, URGENT], np.nan_to_num(score), side="right")
    ]
    return pl.Series(np.where(unknown, outcomes.UNKNOWN, names), dtype=pl.String)


def masked(values: Floats, missing: Bools) -> pl.Series:
    """The values, null where missing."""
    return pl.Series(np.where(missing, np.nan, values), nan_to_null=True)
