"""The outlook: at the present pace, will the coming quarter fall under half of what the same quarter brought a year ago?

It alarms nobody. It puts in order the accounts where nothing is out of the ordinary yet: who is likeliest to fall comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import amount
from .cube import Bools, Cube, Floats
from .plan import Plan
from .policy import Calibration, Policy
from .rate import spread_season
from .season import total

YEAR = 12
HALF = 0.5


@dataclass(frozen=True)
class Outlook:
    """``pace``: what the coming ``months`` bring as it goes now, ``before``: what they brought a year ago, ``fall``: 0..1, how likely

    half of that is not reached. Where a plan covers the last months, they at the present pace are held against the plan.
    """

    months: int
    pace: Floats
    before: Floats
    fall: Floats
    planned: Bools
    absent: Bools  # no customer yet a year ago: ``before`` is what his average month makes of it


def look(
    cube: Cube,
    season: Floats,
    plan: Plan,
    own: Floats,
    u: Floats,
    p_silent: Floats,
    policy: Policy,
    calibration: Calibration,
) -> Outlook:
    """``own``: the account's variance over the book's, ``u``: its typical order.

    fall = left + (1 - left) P(purchases <= before / 2), the purchases gamma with mean ``pace`` and the variance of the amount signal,
    left the chance that the account has gone, by its silence of chance ``p_silent``.
    """
    quarter = policy.default_window
    coming = slice(YEAR - quarter, YEAR)
    worth, covered = plan.window(quarter)
    planned = covered & (worth > 0)
    absent = total(cube.exposed[:, coming]) == 0
    of_year = np.where(planned, total(season[:, :quarter]), total(season[:, coming]))
    recent: Floats = np.exp2(-(np.arange(cube.months) + 0.5) / policy.pace_half_life)
    pace = np.maximum(of_year * _a_month(cube, season, recent), policy.least_pace * u)
    ago = np.where(absent, of_year * _a_month(cube, season, np.ones(cube.months)), total(cube.net[:, coming]))
    before = np.where(planned, worth, np.maximum(ago, 0.0))
    low = amount.p_low(HALF * before, pace, u, amount.variance(pace, u, own, calibration))
    left = gone(p_silent, policy)
    return Outlook(quarter, pace, before, left + (1 - left) * low, planned, absent)


def gone(p_silent: Floats, policy: Policy) -> Floats:
    """The chance that an account has left: the prior against how well its rhythm explains the silence (Bayes)."""
    chance: Floats = policy.leavers / (policy.leavers + (1 - policy.leavers) * p_silent)
    return chance


def _a_month(cube: Cube, season: Floats, weights: Floats) -> Floats:
    """Value of an average month, each with its weight; single orders capped, credit notes off."""
    value = total((cube.capped + cube.net - cube.gross) * weights)
    months = total(cube.exposed * spread_season(season, cube.months) * weights)
    return np.maximum(value, 0.0) / np.maximum(months, 1e-9)
