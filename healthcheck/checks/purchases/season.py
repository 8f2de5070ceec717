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

    The book's season plus as much of the account's own departure from it as exceeds chance: the yearly wave, the half-yearly wave and
    the rest are each shrunk by max(0, 1 - expected noise / what is seen) (James-Stein, positive part).
    """
    orders, exposed = by_slot(cube.repeats, start), by_slot(cube.exposed, start)
    count, months = total(orders), total(exposed)
    own = months >= policy.own_season_months
    expected = (count / np.maximum(months, 1e-9))[:, None] * exposed
    departure = np.where(expected > 0, orders / np.maximum(expected, 1e-9), book) - book
    noise = 12 / np.maximum(count, 1.0) + policy.season_wander * 12 / np.maximum(months, 1.0)
    shape = np.maximum(book + _beyond_chance(departure, noise), SMALLEST)
    shape = np.where(own[:, None], shape, book)
    return shape * 12 / np.maximum(total(shape), 1e-9)[:, None], own


def _beyond_chance(departure: Floats, noise: Floats) -> Floats:
    kept = np.zeros_like(departure)
    for freedom, projection in WAVES:
        part = np.zeros_like(departure)
        for month in range(12):
            part = part + departure[:, [month]] * projection[month]
        size = np.maximum(total(part * part), 1e-12)
        kept = kept + np.maximum(0.0, 1 - freedom * noise / size)[:, None] * part
    return kept


def _waves() -> list[tuple[int, Floats]]:
    """(degrees of freedom, 12 x 12 projection) of the yearly wave, the half-yearly wave, and what is left beside the mean."""
    phase = 2 * np.pi * np.arange(12) / 12
    waves: list[Floats] = [(np.cos(h * (phase[:, None] - phase[None, :])) / 6) for h in (1, 2)]
    return [(2, waves[0]), (2, waves[1]), (7, np.eye(12) - 1 / 12 - waves[0] - waves[1])]


SMALLEST = 0.05  # of an average month
WAVES = _waves()


def total(values: Floats) -> Floats:
    """Sum of each row, always added in the same order, so that one account alone gives the same bits as among all."""
    result: Floats = np.add.reduce(np.ascontiguousarray(values), axis=1)
    return result
