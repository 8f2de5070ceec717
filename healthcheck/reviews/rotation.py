"""Whose turn it is: the quota of a month, filled so that no account outlives its cycle and every month is level.

Time is counted in calendar months: an account reviewed in month m with a cycle of c months has to be seen again in month m + c at the
latest. Choosing the earliest deadline first is optimal only for work that is given beforehand; here every review sets its own next one,
and filling spare places by deadline alone would spend them on quarterly accounts again and again, until the yearly ones all fall due
at once. So a month is filled in this order:

1. what waited from last month, up to a fifth of the quota; then what falls due by the end of the month, earliest deadline first; then the
   rest of what waited;
2. what later months could not take: where more falls due within the next h months than h quotas, the excess comes forward, longest cycle
   first (it does not come back inside that window), earliest deadline first; then the same with h times what the cycles need, so that
   the quota's reserve stays free for those who are not known yet;
3. whoever has used the largest part of its cycle, so that coming early costs least.

Nobody is seen again before half of its cycle is over: places nobody can use stay empty rather than buy the same report twice.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from math import ceil
from typing import Any, Final

import numpy as np
import polars as pl

from healthcheck.months import Month
from healthcheck.reviews.classes import CLASSES, Calibration, Policy, calibrate, classify, policy_from

__all__ = [
    "CHOSEN",
    "CLASSES",
    "Calibration",
    "Policy",
    "calibrate",
    "choose",
    "classify",
    "in_turn",
    "needed",
    "policy_from",
    "quota",
    "turns",
]  # fmt: skip

HORIZON: Final = 12  # months looked ahead: the longest cycle
RISKS: Final = ("high", "medium")  # from most urgent; low and unclassed come after
STANDING: Final = {
    "key": pl.Int64,
    "first_known": pl.Date,
    "eligible_since": pl.Date,  # null: not eligible when last looked at
    "last_review": pl.Date,
    "next_review": pl.Date,
    "cycle": pl.Int64,
    "carried": pl.Boolean,
}
CHOSEN: Final = ("key", "account", "name", "klass", "reason", "why", "exposure", "cycle", "last_review", "due")


def turns(
    book: pl.DataFrame, standing: pl.DataFrame, as_of: date, policy: Policy, calibration: Calibration
) -> pl.DataFrame:
    """The accounts that rotate (eligible, and new ones), each with its cycle and dates.

    ``book`` is columns.accounts joined with its classes (at least key, account, name, klass, risk_class, exposure, first_invoice);
    ``standing`` has the columns STANDING, and an account missing there is first known on ``as_of``. Adds: cycle, in months; start of the
    cycle: the latest of first known, became eligible, last review; earliest and due, the dates between which its review lies.
    """
    named = "key", "account", "name", "klass", "risk_class", "exposure", "first_invoice"
    rotating = book.filter(pl.col("klass").is_in(["eligible", "new"])).select(named)
    known = rotating.join(
        standing.drop("next_review", "cycle", strict=False), on="key", how="left", maintain_order="left"
    )
    dated = known.with_columns(
        pl.col("first_known").fill_null(as_of),
        pl.col("carried").fill_null(value=False),
        risk=pl.col("risk_class")
        .str.strip_chars()
        .str.to_lowercase()
        .replace_strict(_ranks(), default=len(RISKS), return_dtype=pl.Int64),
        cycle=_cycle(policy, calibration),
    )
    return dated.with_columns(start=_start(as_of)).with_columns(due=_due(policy), earliest=_earliest(policy))


def _ranks() -> dict[str, int]:
    return {name: rank for rank, name in enumerate(RISKS)}


def _cycle(policy: Policy, calibration: Calibration) -> pl.Expr:
    """Months between reviews: by risk class, shorter for the largest exposures, and the cadence of new accounts."""
    risk = pl.col("risk_class").str.strip_chars().str.to_lowercase()
    months = {"high": policy.cycle_high, "medium": policy.cycle_medium}
    by_risk = risk.replace_strict(months, default=policy.cycle_low, return_dtype=pl.Int64)
    by_class = pl.when(pl.col("klass") == "new").then(pl.min_horizontal(by_risk, policy.cycle_new)).otherwise(by_risk)
    if calibration.exposure_cutoff is None:
        return by_class
    largest = (pl.col("exposure") >= calibration.exposure_cutoff) & (pl.col("exposure") > 0)
    return pl.when(largest).then(pl.min_horizontal(by_class, policy.cycle_largest)).otherwise(by_class)


def _start(as_of: date) -> pl.Expr:
    became = pl.when(pl.col("klass") == "eligible").then(pl.col("eligible_since").fill_null(as_of))
    return pl.max_horizontal("first_known", became, "last_review")


def _first_look(policy: Policy) -> pl.Expr:
    """When a new account, never reviewed, is due: 90 days after its first invoice. Null where that lay before we knew it."""
    day = pl.col("first_invoice").dt.offset_by(f"{policy.new_first_review_days}d")
    waits = (pl.col("klass") == "new") & pl.col("last_review").is_null() & (day > pl.col("first_known"))
    return pl.when(waits).then(day)


def _due(policy: Policy) -> pl.Expr:
    return pl.coalesce(_first_look(policy), _after("start", pl.col("cycle")))


def _earliest(policy: Policy) -> pl.Expr:
    """Not before the first look of a new account, nor before half of the cycle after a review; else at any time."""
    return pl.coalesce(_first_look(policy), _after("last_review", (pl.col("cycle") + 1) // 2), pl.col("start"))


def _after(day: str, months: pl.Expr) -> pl.Expr:
    return pl.col(day).dt.offset_by(pl.format("{}mo", months))


def needed(rotating: pl.DataFrame) -> Fraction:
    """Reviews a month that the cycles need: the sum of 1/cycle, exactly."""
    counts = rotating.group_by("cycle").len().iter_rows()
    return sum((Fraction(count, cycle) for cycle, count in counts), Fraction(0))


def quota(need: Fraction, policy: Policy) -> int:
    """Reviews a month: as set, else what is needed and a tenth more, rounded up."""
    return policy.quota if policy.quota is not None else ceil(need * Fraction(str(policy.quota_reserve)))


def choose(rotating: pl.DataFrame, month: Month, places: int, policy: Policy) -> pl.DataFrame:
    """The accounts of ``rotating`` (see turns) whose turn it is in ``month``: at most ``places``, most urgent first.

    Adds reason (rotation, carry_over, new) and why, a sentence.
    """
    ranked = rotating.sort("risk", "exposure", "account", "key", descending=[False, True, False, False])
    carried, order = in_turn(ranked, month, places, policy)
    reasons = pl.when(pl.col("klass") == "new").then(pl.lit("new")).otherwise(pl.lit("rotation"))
    picked = (
        ranked[order]
        .with_row_index("place")
        .with_columns(reason=pl.when(pl.col("place") < carried).then(pl.lit("carry_over")).otherwise(reasons))
    )
    sentences = [_why(row, month) for row in picked.iter_rows(named=True)]
    return picked.with_columns(why=pl.Series(sentences, dtype=pl.String)).drop("place")


def in_turn(ranked: pl.DataFrame, month: Month, places: int, policy: Policy) -> tuple[int, np.ndarray]:
    """Row numbers of the next ``places`` of ``ranked``, and how many of them, at the front, are carry-over."""
    state = _State(ranked, month)
    tier = np.full(len(ranked), _LATER)
    tier[state.left <= 0] = 1
    tier[state.carried & (state.left <= 0)] = 2
    cap = int(places * Fraction(str(policy.carry_over_share)))
    first = np.flatnonzero(state.carried & state.may)
    first = first[np.argsort(state.left[first], kind="stable")][:cap]
    tier[first] = 0
    _bring_forward(tier, state, Fraction(places), _FULL)
    _bring_forward(tier, state, min(needed(ranked), Fraction(places)), _STEADY)
    by = np.where(tier == _LATER, -state.used, state.left)
    order = np.lexsort((state.left, by, tier))
    return len(first), order[state.may[order]][:places]


_FULL, _STEADY, _LATER = 10, 30, 100  # tiers, after those of what is due


class _State:
    """The rotating accounts as numbers, in months: what is left until due (0: due now), the part of the cycle used."""

    def __init__(self, rotating: pl.DataFrame, month: Month) -> None:
        self.left = _months(rotating["due"], month)
        self.cycle = rotating["cycle"].to_numpy()
        self.used = 1 - self.left / self.cycle
        self.may = _months(rotating["earliest"], month) <= 0
        self.carried = rotating["carried"].to_numpy()


def _months(days: pl.Series, month: Month) -> np.ndarray:
    """Whole calendar months from ``month`` to each day."""
    return (days.dt.year().cast(pl.Int64) * 12 + days.dt.month() - (month.year * 12 + month.month)).to_numpy()


def _bring_forward(tier: np.ndarray, state: _State, pace: Fraction, rank: int) -> None:
    """Mark in ``tier``, from ``rank`` on, what comes forward because the months ahead could not take it at ``pace`` reviews each."""
    left = np.maximum(state.left, 0)
    taken = tier < _LATER
    wanted = np.lexsort((left, -state.cycle))
    for ahead in range(1, HORIZON):
        within = left <= ahead
        demand = int(((ahead - left[within]) // state.cycle[within] + 1).sum())
        lack = ceil(demand - pace * ahead - int((taken & within).sum()))
        if lack > 0:
            more = wanted[(within & state.may & ~taken)[wanted]][:lack]
            tier[more], taken[more] = rank + ahead, True


def _why(row: dict[str, Any], month: Month) -> str:
    """One sentence: when it was seen last, and when its cycle ends."""
    end, last = Month.of(row["due"]), row["last_review"]
    when = "this month" if end == month else f"in {end.title}"
    if last is None:
        first = "a new account; first review due" if row["klass"] == "new" else "not reviewed yet; due"
        return f"{first} {when if end <= month else when.replace('in ', 'by ')}"
    months = "its month" if row["cycle"] == 1 else f"its {row['cycle']} months"
    verb = "ended" if end < month else "ends" if row["cycle"] == 1 else "end"
    room = ", and this month has room" if end > month else ""
    return f"last reviewed {Month.of(last).title}; {months} {verb} {when}{room}"
