"""How much an account should have bought in a window: recency-weighted rate x season x typical order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cube import Bools, Cube, Floats, Ints
from .policy import Calibration, Policy
from .season import index, total


@dataclass(frozen=True)
class Expectation:
    """Of one window: expected orders ``en``, value ``e``, typical order ``u``, weight of the history behind it (in orders)."""

    en: Floats
    e: Floats
    u: Floats
    weight: Floats


def spread_season(season: Floats, months: int) -> Floats:
    """accounts x months from accounts x 12."""
    return np.tile(season, (1, -(-months // 12)))[:, :months]


def expect(cube: Cube, season: Floats, window: int, policy: Policy, rate: float, start: int = 0) -> Expectation:
    """Expected purchases of the ``window`` months from trailing month ``start``, learned from the months before them.

    Where the last order is older still, the history ends with it: a buyer who stopped long ago is held against the time he bought.
    """
    begin = np.maximum(cube.newest(start), start + window)
    weights = decay(cube.months, begin, policy)
    orders, lam = rates(cube, season, weights, policy, rate)
    en = lam * total(season[:, [p % 12 for p in range(start, start + window)]])
    u = typical(cube, begin)
    return Expectation(en, en * u, u, orders)


def decay(months: int, begin: Ints, policy: Policy) -> Floats:
    """accounts x months: weight of each trailing month where the history begins at month ``begin``, halved every ``half_life``."""
    powers = 0.5 ** ((np.arange(months) + 0.5) / policy.half_life)
    age = np.arange(months)[None, :] - begin[:, None]
    return np.where(age >= 0, powers[np.maximum(age, 0)], 0.0)


def rates(cube: Cube, season: Floats, weights: Floats, policy: Policy, rate: float) -> tuple[Floats, Floats]:
    """Weighted orders, and orders a (season-adjusted) month."""
    orders = total(cube.repeats * weights)
    months = total(cube.exposed * weights * spread_season(season, cube.months))
    prior = policy.prior_orders
    return orders, (prior + orders) / (prior / rate + months)


def typical(cube: Cube, begin: Ints) -> Floats:
    """Value of a typical order in month ``begin`` and before, single ones capped, less the usual share of credit notes."""
    rows = np.arange(cube.size)
    orders, capped, gross, net = (sums[rows, np.minimum(begin, cube.months)] for sums in cube.sums_from)
    kept: Floats = np.clip(np.where(gross > 0, net / np.maximum(gross, 1.0), 1.0), 0.1, 1.0)
    order: Floats = np.where(orders > 0, capped / np.maximum(orders, 1.0), 0.0)
    value: Floats = order * kept
    return value


def actual(cube: Cube, window: int, start: int = 0) -> tuple[Floats, Floats, Floats]:
    """Orders, value, and value with single orders capped (all less credit notes), of a window; never below zero."""
    span = slice(start, start + window)
    net, gross, capped = total(cube.net[:, span]), total(cube.gross[:, span]), total(cube.capped[:, span])
    return total(cube.counts[:, span]), np.maximum(net, 0.0), np.maximum(capped + net - gross, 0.0)


@dataclass(frozen=True)
class Errors:
    """Rolling-origin errors over past quarters, accounts x quarters: expected orders, which quarters count, and the squared errors:

    of value over u E, of the number of orders over their expected number.
    """

    value: Floats
    orders: Floats
    en: Floats
    usable: Bools


def past_errors(cube: Cube, book: Floats, policy: Policy, calibration: Calibration) -> Errors:
    """What the same forecast, made at each of the past quarter-ends, got wrong.

    A quarter counts where the account was as well known then as now: a history without a season of its own says nothing of one with.
    """
    value, orders, expected, usable = [], [], [], []
    seasoned = total(cube.exposed[:, 3:]) >= policy.own_season_months
    for start in range(3, 3 * policy.past_quarters + 1, 3):
        season, own = index(cube, book, policy, start + 3)
        e = expect(cube, season, 3, policy, calibration.rate, start)
        n, _, s = actual(cube, 3, start)
        value.append((s - e.e) ** 2 / np.maximum(e.u * e.e, 1e-9))
        orders.append((n - e.en) ** 2 / np.maximum(e.en, 1e-9))
        expected.append(e.en)
        known = total(cube.exposed[:, start + 3 :]) >= policy.min_months
        enough = total(cube.counts[:, start + 3 :]) >= policy.min_orders
        usable.append((e.en >= 1) & (e.u > 0) & known & enough & (own | ~seasoned))
    return Errors(np.stack(value, 1), np.stack(orders, 1), np.stack(expected, 1), np.stack(usable, 1))


def own_variance(errors: Errors, policy: Policy, calibration: Calibration) -> Floats:
    """k: the account's own variance over the book's, shrunk, within 0.4 and 6 (D2)."""
    expected = calibration.b0 + calibration.b1 * errors.en
    own = np.where(errors.usable, np.minimum(errors.value / expected, 16.0), 0.0)
    j = total(errors.usable.astype(np.float64))
    pseudo = policy.own_variance_quarters
    return np.clip((pseudo + total(own)) / (pseudo + j), 0.4, 6.0)
