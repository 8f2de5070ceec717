"""The shape of a year: how much of an average month each month brings, shrunk from the account's own orders to the book's."""

from __future__ import annotations

import numpy as np
import polars as pl

from .cube import Bools, Cube, Floats
from .policy import Calibration, Policy


def prior(cube: Cube, industries: pl.Series, calibration: Calibration) -> Floats:
    """accounts x 12: the book's season (the industry's where it is known) for each trailing month."""
    names = industries.to_list()
    known = {name: turn(cube, tuple(shape)) for name, shape in calibration.segments.items()}
    whole = turn(cube, tuple(calibration.season))
    result = np.repeat(whole[None, :], cube.size, axis=0)
    for row, name in enumerate(names):
        if name in known:
            result[row] = known[name]
    return result


def turn(cube: Cube, shape: tuple[float, ...]) -> Floats:
    """A calendar year's shape (January first) seen over trailing months."""
    turned: Floats = (cube.shares * np.array(shape)[None, :]).sum(axis=1)
    return turned


def by_slot(values: Floats, start: int) -> Floats:
    """accounts x 12: sums of each month of the year, leaving out the newest ``start`` months."""
    total = np.zeros((len(values), 12))
    for p in range(start, values.shape[1]):
        total[:, p % 12] += values[:, p]
    return total


def index(cube: Cube, book: Floats, policy: Policy, start: int) -> tuple[Floats, Bools]:
    """The season of each account (accounts x 12, mean 1) from months ``start`` on, and whether its own history is in it.

    D2: (k/12 P + N_c) / (k/12 + N/months exposure_c) with k pseudo-orders of the book's shape P.
    """
    orders, exposed = by_slot(cube.repeats, start), by_slot(cube.exposed, start)
    count, months = total(orders), total(exposed)
    own = months >= policy.own_season_months
    part = policy.season_orders / 12
    orders, exposed = smooth(orders, policy.season_smooth), smooth(exposed, policy.season_smooth)
    rate = count / np.maximum(months, 1e-9)
    shape = (part * book + orders) / (part + rate[:, None] * exposed)
    shape = np.where(own[:, None], shape, book)
    return shape * 12 / np.maximum(total(shape), 1e-9)[:, None], own


def smooth(values: Floats, side: float) -> Floats:
    """Lends each month of the year a share ``side`` of its two neighbours: three years of orders say little about a single month."""
    return (1 - 2 * side) * values + side * np.roll(values, 1, axis=1) + side * np.roll(values, -1, axis=1)


def total(values: Floats) -> Floats:
    """Sum of each row, left to right, so that one account alone gives the same bits as among all."""
    result = np.zeros(len(values))
    for column in range(values.shape[1]):
        result = result + values[:, column]
    return result
