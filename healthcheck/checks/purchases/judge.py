"""From columns to arrays of judged numbers: windows, chances, scores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from healthcheck.ledger.columns import Columns

from . import amount, outlook, plan, silence
from .cube import Bools, Cube, Floats, Ints, make
from .plan import Plan
from .policy import Calibration, Policy
from .rate import Expectation, actual, expect, own_variance, past_errors, typical
from .season import index, prior, total


@dataclass(frozen=True)
class Window:
    """One window of all accounts: expectation, what came, and the chances of that."""

    months: int
    en: Floats
    e: Floats
    n: Floats
    u: Floats  # typical order
    s: Floats
    kept: Floats  # s with single orders capped
    low: Floats
    high: Floats
    usable: Bools
    planned: Bools


@dataclass(frozen=True)
class Judged:
    """All accounts, one value each. ``months`` is the chosen window, 0 where none has enough expected orders."""

    cube: Cube
    plan: Plan
    own_season: Bools
    months: Ints
    planned: Bools
    en: Floats
    e: Floats
    n: Floats
    s: Floats
    kept: Floats
    low: Floats
    high: Floats
    yearly: Floats  # expected orders of 12 months
    quiet: silence.Silence
    heard: Bools  # silence can be judged
    outlook: outlook.Outlook


def judge(columns: Columns, as_of: date, policy: Policy, calibration: Calibration) -> Judged:
    cube = make(columns, as_of, policy.history_months, policy.order_cap)
    book = prior(cube, columns.accounts["industry"], calibration)
    season, own_season = index(cube, book, policy, 3)
    planned = plan.make(columns, cube, season)
    cv2 = silence.regularity(cube, season, policy, calibration)
    k = own_variance(past_errors(cube, book, policy, calibration), policy, calibration)
    windows = [_window(cube, season, w, planned, cv2, k, policy, calibration) for w in policy.windows]
    choice = choose(windows, policy)
    picked = {name: _pick(windows, choice, name) for name in ("en", "e", "n", "s", "kept", "low", "high")}
    usable = np.stack([w.usable for w in windows], 1).any(axis=1)
    months = np.where(usable, np.array([w.months for w in windows])[choice], 0)
    by_plan = _pick(windows, choice, "planned").astype(bool) & usable
    yearly = _a_year(cube, expect(cube, season, 12, policy, calibration.rate).en)
    quiet = silence.listen(cube, season, cv2, policy, calibration)
    history = total(cube.counts) >= policy.min_orders
    heard = history & (cube.age >= policy.min_months) & (cube.today - cube.last <= policy.forgotten_days)
    u = typical(cube, np.maximum(cube.newest(), policy.default_window))
    p_silent = np.where(heard, quiet.p, 1.0)
    coming = outlook.look(cube, season, planned, k, u, p_silent, policy, calibration)
    return Judged(
        cube,
        planned,
        own_season,
        months,
        by_plan,
        **picked,
        yearly=yearly,
        quiet=quiet,
        heard=heard,
        outlook=coming,
    )


def _a_year(cube: Cube, recent: Floats) -> Floats:
    """Orders a year, by the recent rate or by all the history, whichever is less: a lucky spell makes no frequent buyer."""
    before = total(cube.repeats[:, 3:]) / np.maximum(total(cube.exposed[:, 3:]), 1.0)
    return np.minimum(recent, 12 * before)


def _window(
    cube: Cube,
    season: Floats,
    months: int,
    planned: Plan,
    cv2: Floats,
    k: Floats,
    policy: Policy,
    calibration: Calibration,
) -> Window:
    past = expect(cube, season, months, policy, calibration.rate)
    n, s, kept = actual(cube, months)
    worth, covered = planned.window(months)
    covered = covered & (worth > 0)
    u = np.where(past.u > 0, past.u, worth / months)
    e = np.where(covered, worth, past.e)
    en = np.where(covered, worth / np.maximum(u, 1.0), past.en)
    v = amount.variance(e, u, k, calibration)
    part = policy.value_part
    low = np.minimum(amount.p_low(kept, e, u, v) / part, amount.p_few(n, en, cv2, calibration) / (1 - part))
    high = np.minimum(amount.p_high(s, e, u, v) / part, amount.p_many(n, en, cv2, calibration) / (1 - part))
    usable = covered | (_history(cube, past, months, policy) & (en >= policy.min_expected))
    return Window(months, en, e, n, u, s, kept, low, high, usable, covered)


def _history(cube: Cube, past: Expectation, months: int, policy: Policy) -> Bools:
    """Is there enough before the window to expect anything in it?"""
    before = total(cube.counts[:, months:])
    return (
        (before >= policy.min_orders / 2)
        & (total(cube.exposed[:, months:]) >= policy.min_months / 2)
        & (total(cube.counts) >= policy.min_orders)
        & (cube.age >= policy.min_months)
        & (cube.today - cube.last <= policy.forgotten_days)
        & (past.u > 0)
    )


def choose(windows: list[Window], policy: Policy) -> Ints:
    """Which window: the shortest, from the default on, with the preferred number of expected orders, else with the least number.

    A window covered by a plan goes before one that is not; below the default only where no longer one can be used.
    """
    best = np.full(len(windows[0].en), -1.0)
    choice = np.zeros(len(windows[0].en), dtype=np.int64)
    for i, w in enumerate(windows):
        rank = 1.0 + (w.en >= policy.min_expected) * 1.0 + (w.en >= policy.preferred_expected) * 1.0
        rank = rank + 0.5 * (w.months >= policy.default_window) + 10.0 * w.planned
        rank = np.where(w.usable, rank, 0.0)
        better = rank > best
        best, choice = np.where(better, rank, best), np.where(better, i, choice)
    return choice


def _pick(windows: list[Window], choice: Ints, name: str) -> Floats:
    return np.take_along_axis(np.stack([getattr(w, name) for w in windows], 1), choice[:, None], 1)[:, 0]
