"""The silence signal: is the time since the last order longer than this customer's rhythm explains?

Time is counted in expected orders (season and rate taken out). Gaps are gamma with shape 1 / CV^2, the CV^2 shrunk to the book. A review
comes at a date of its own choosing, so what is judged is the age of the running gap: P(age > U) = E[(gap - U)+], with the uncertainty of
the rate (n_eff orders' worth) integrated out, which gives two incomplete beta functions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from healthcheck.checks.special import betainc

from .cube import NEVER, Cube, Floats, Ints
from .policy import Calibration, Policy
from .rate import decay, rates, spread_season
from .season import total


@dataclass(frozen=True)
class Silence:
    """``missed`` orders since the last one, its chance ``p``, ``gap``: days a usual gap takes, ``days`` since the last order.

    ``telling``: the chance of a silence of a whole quarter, so whether such a one would speak.
    """

    missed: Floats
    p: Floats
    telling: Floats
    gap: Floats
    days: Ints


def listen(cube: Cube, season: Floats, cv2: Floats, policy: Policy, calibration: Calibration) -> Silence:
    """The silence of every account up to the as-of date; ``cv2`` as ``regularity`` has it."""
    clock = _clock(cube, season)
    weights = decay(cube.months, np.maximum(_month_of(cube, cube.last), policy.default_window), policy)
    orders, lam = rates(cube, season, weights, policy, calibration.rate)
    rows = np.arange(cube.size)
    since = _at(cube, clock, rows, cube.last) - _at(cube, clock, rows, np.full(cube.size, cube.today))
    missed = np.where(cube.last == NEVER, 0.0, np.maximum(since, 0.0) * lam)
    shape = 1 / cv2
    doubt = calibration.count_b1 + policy.season_doubt / np.maximum(total(cube.repeats), 1.0)
    history = 1 / (1 / np.maximum(orders, 0.5) + doubt)
    quarter = survival(lam * policy.default_window, shape, history)
    days = np.maximum(cube.today - cube.last, 0)
    return Silence(missed, survival(missed, shape, history), quarter, 30.4375 / lam, days)


def survival(missed: Floats, shape: Floats, history: Floats) -> Floats:
    """P(age of the running gap > ``missed``), gaps gamma of ``shape`` and mean 1 up to a rate known from ``history`` orders."""
    m = shape * history
    x = 1 / (1 + missed / history)
    p = betainc(m, shape + 1, x) - missed * betainc(m + 1, shape, x)
    return np.clip(p, 0.0, 1.0)


def regularity(cube: Cube, season: Floats, policy: Policy, calibration: Calibration) -> Floats:
    """CV^2 of each account's gaps, shrunk to the book's with a few pseudo-gaps; 1 is pure chance, 0.1 a clockwork."""
    count, cv2 = gap_variation(cube, season, policy.default_window)
    pool = policy.gap_orders
    return np.clip((pool * calibration.gap_cv2 + count * cv2) / (pool + count), 0.1, 4.0)


def gap_variation(cube: Cube, season: Floats, start: int = 0) -> tuple[Floats, Floats]:
    """Number of gaps between orders and their squared coefficient of variation, in season-adjusted time, from month ``start`` back."""
    orders = cube.orders.filter(pl.col("day") < int(cube.edges[start]))
    row, day = orders["row"].to_numpy(), orders["day"].to_numpy()
    at = _at(cube, _clock(cube, season), row, day)
    same = row[1:] == row[:-1]
    who, gap = row[1:][same], (at[:-1] - at[1:])[same]
    count = np.bincount(who, minlength=cube.size).astype(np.float64)
    sums = np.bincount(who, gap, cube.size)
    squares = np.bincount(who, gap * gap, cube.size)
    mean = sums / np.maximum(count, 1)
    spread = np.maximum(squares - count * mean * mean, 0.0) / np.maximum(count - 1, 1)
    return count, np.where(count >= 2, spread / np.maximum(mean * mean, 1e-12), 1.0)


def _clock(cube: Cube, season: Floats) -> Floats:
    """accounts x (months + 1): season-adjusted months from each edge to the as-of date."""
    return np.concatenate([np.zeros((cube.size, 1)), np.cumsum(spread_season(season, cube.months), axis=1)], axis=1)


def _month_of(cube: Cube, day: Ints) -> Ints:
    place = np.searchsorted(cube.edges[::-1], day, side="right")
    return np.clip(cube.months - place, 0, cube.months - 1).astype(np.int64)


def _at(cube: Cube, clock: Floats, row: Ints, day: Ints) -> Floats:
    """Season-adjusted months between ``day`` and the end of the history, for the account in ``row``."""
    month = _month_of(cube, day)
    part = np.clip((cube.edges[month] - day) / (cube.edges[month] - cube.edges[month + 1]), 0.0, 1.0)
    return clock[row, month] + part * (clock[row, month + 1] - clock[row, month])


def book_gap_cv2(cube: Cube, season: Floats) -> float:
    """The book's typical squared variation of gaps; 0.7 where fewer than 20 accounts have 10 gaps."""
    count, cv2 = gap_variation(cube, season)
    seen = np.clip(cv2[count >= 10], 0.05, 3.0)
    return round(float(np.mean(np.sort(seen))), 4) if len(seen) >= 20 else 0.7
