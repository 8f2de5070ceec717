"""From judgements of single accounts to the frame that a check returns, for checks that judge few accounts one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from healthcheck.checks.outcomes import CLEAR, FLAG, FRAME, UNKNOWN, URGENT, WATCH, tidy

_FLOOR: Final = {CLEAR: 0.0, WATCH: 0.4, FLAG: 0.6, URGENT: 0.8}
_ROOM: Final = {CLEAR: 0.39, WATCH: 0.19, FLAG: 0.19, URGENT: 0.2}


@dataclass(frozen=True)
class Judgement:
    """What one check says of one account; ``score`` is None where the outcome is unknown."""

    key: int
    outcome: str
    score: float | None
    summary: str
    evidence: Mapping[str, Any]


def graded(outcome: str, share: float) -> float:
    """A score inside the outcome's own range; ``share`` 0..1 says how far up. The order of scores is that of outcomes."""
    return _FLOOR[outcome] + _ROOM[outcome] * min(1.0, max(0.0, share))


def spread(
    accounts: pl.DataFrame,
    judged: Iterable[Judgement],
    evidence: Mapping[str, pl.DataType | type[pl.DataType]],
    nothing: str,
    reason: str,
) -> pl.DataFrame:
    """One row for each account in their order; accounts that nobody judged are unknown: ``nothing`` in a sentence, ``reason`` in brief."""
    struct = pl.Struct({**evidence, "reason": pl.String})
    shape: dict[str, Any] = {
        "key": pl.Int64,
        "outcome": pl.String,
        "score": pl.Float64,
        "summary": pl.String,
        "evidence": struct,
    }
    rows = [(one.key, one.outcome, one.score, one.summary, {"reason": None, **one.evidence}) for one in judged]
    found = pl.DataFrame(rows, schema=shape, orient="row")
    blank = pl.Series("blank", [dict.fromkeys([*evidence, "reason"]) | {"reason": reason}], dtype=struct)
    frame = accounts.select("key").join(found, on="key", how="left", maintain_order="left")
    return tidy(
        frame.with_columns(
            pl.col("outcome").fill_null(UNKNOWN),
            pl.col("summary").fill_null(nothing),
            pl.lit(None, pl.Float64).alias("p"),
            pl.when(pl.col("outcome").is_null())
            .then(pl.lit(blank).first())
            .otherwise(pl.col("evidence"))
            .alias("evidence"),
        ).select(FRAME)
    )
