"""Outcomes, their order, and the shape of what a check returns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import polars as pl

CLEAR: Final = "clear"
WATCH: Final = "watch"
FLAG: Final = "flag"
URGENT: Final = "urgent"
UNKNOWN: Final = "unknown"
NOT_APPLICABLE: Final = "not_applicable"

JUDGED: Final = (CLEAR, WATCH, FLAG, URGENT)  # from best to worst
ALERTS: Final = (FLAG, URGENT)
RANK: Final = {NOT_APPLICABLE: -2, UNKNOWN: -1, CLEAR: 0, WATCH: 1, FLAG: 2, URGENT: 3}

# what ``assess`` returns, one row for each row of columns.accounts and in their order; evidence and signals are structs
FRAME: Final = ("key", "outcome", "score", "p", "summary", "evidence")


def worst(outcomes: Iterable[str]) -> str:
    """The worst judged outcome; where none is judged, ``unknown`` if there is one, else ``not_applicable``.

    >>> worst(["clear", "unknown", "flag"]), worst(["unknown", "not_applicable"]), worst([])
    ('flag', 'unknown', 'not_applicable')
    """
    return max(outcomes, key=RANK.__getitem__, default=NOT_APPLICABLE)


def tidy(frame: pl.DataFrame) -> pl.DataFrame:
    """Round ``score`` to 4 decimals and ``p`` to 4 digits, so that two runs print the same bytes."""
    return frame.with_columns(
        pl.col("score").cast(pl.Float64).clip(0, 1).round(4) + 0.0,
        pl.col("p").cast(pl.Float64).round_sig_figs(4),
    )


def signal(outcome: str, score: float | None, p: float | None) -> dict[str, Any]:
    """One signal of a check in the form that JSON shows."""
    return {"outcome": outcome, "score": score, "p": p}
