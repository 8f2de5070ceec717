"""The calibration: what the whole book teaches about season, rhythm and chance."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from healthcheck.ledger.columns import Columns

from . import replay
from .cube import Bools, Cube, Floats, make
from .policy import Calibration, Policy
from .rate import past_errors
from .season import by_slot, index, prior, total
from .silence import book_gap_cv2, regularity

LEAST_ERRORS = 200  # account-quarters below which the defaults stand
LARGEST_WEIGHT = 60.0  # orders of one account that count in the book's season


def calibrate(columns: Columns, as_of: date, policy: Policy) -> Calibration:
    """What the book as of ``as_of`` teaches; the stated defaults where it is too thin. Never fails."""
    cube = make(columns, as_of, policy.history_months, policy.order_cap)
    months, orders = total(cube.exposed), total(cube.counts)
    known = (orders >= policy.min_orders) & (months >= policy.min_months) & ~cube.mixed
    result = Calibration(accounts=int(known.sum()))
    if result.accounts < policy.segment_accounts:
        return result
    result = replace(result, season=book_season(cube, known & (months >= 12), policy))
    result = replace(
        result, segments=_segments(cube, columns, known & (months >= 12), policy), rate=_rate(orders, months, known)
    )
    book = prior(cube, columns.accounts["industry"], result)
    season, _ = index(cube, book, policy, 0)
    result = replace(result, gap_cv2=book_gap_cv2(cube, season))
    return replay.learn(columns, as_of, policy, _variance(cube, book, known, policy, result))


def _rate(orders: Floats, months: Floats, known: Bools) -> float:
    return round(float(np.median(orders[known] / np.maximum(months[known], 1.0))), 6)


def book_season(cube: Cube, members: Bools, policy: Policy) -> list[float]:
    """Share of an average month of each calendar month, shrunk to flat; no single account dominates it."""
    flat = [1.0] * 12
    if members.sum() < policy.segment_accounts:
        return flat
    orders, exposed = by_slot(cube.repeats, 0)[members], by_slot(cube.exposed, 0)[members]
    count, months = total(orders), total(exposed)
    weight = np.minimum(1.0, LARGEST_WEIGHT / np.maximum(count, 1.0))[:, None]
    expected = (count / np.maximum(months, 1e-9))[:, None] * exposed
    seen, due = (weight * orders).sum(axis=0), (weight * expected).sum(axis=0)
    part = policy.season_orders / 12
    slots = (part + seen) / (part + due)
    shape = (slots[:, None] * cube.shares).sum(axis=0) / np.maximum(cube.shares.sum(axis=0), 1e-9)
    return [round(float(x), 4) for x in shape * 12 / shape.sum()]


def _segments(cube: Cube, columns: Columns, members: Bools, policy: Policy) -> dict[str, list[float]]:
    industries = columns.accounts["industry"]
    result = {}
    for name in sorted(set(industries.drop_nulls())):
        mine = members & (industries == name).fill_null(False).to_numpy()
        if mine.sum() >= policy.segment_accounts:
            result[name] = book_season(cube, mine, policy)
    return result


def _variance(cube: Cube, book: Floats, known: Bools, policy: Policy, so_far: Calibration) -> Calibration:
    """b0, b1 of V = b0 u E + b1 E^2, and the same b1 for numbers of orders: weighted least squares on past quarters' errors."""
    errors = past_errors(cube, book, policy, so_far)
    use = errors.usable & known[:, None]
    if use.sum() < LEAST_ERRORS:
        return so_far
    b0, b1 = so_far.b0, so_far.b1
    x, y = _winsorised(errors.en[use], errors.value[use])
    for _ in range(5):
        b0, b1 = _line(x, y, 1 / (b0 + b1 * x) ** 2)
    season, _ = index(cube, book, policy, 3)
    cv2 = np.repeat(regularity(cube, season, policy, so_far)[:, None], errors.en.shape[1], axis=1)
    count_b0, count_b1 = _count_line(errors.en[use], errors.orders[use], cv2[use])
    return replace(so_far, b0=round(b0, 4), b1=round(b1, 5), count_b0=count_b0, count_b1=count_b1)


def _winsorised(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """In a fixed order, so that sums do not depend on the order of accounts; the largest 0.5 % of ``y`` cut."""
    order = np.lexsort((y, x))
    return x[order], np.minimum(y[order], np.quantile(y, 0.995))


def _count_line(x: Floats, y: Floats, cv2: Floats) -> tuple[float, float]:
    """b0, b1 of (n - EN)^2 / EN = b0 CV^2 + b1 EN: a straight line in EN / CV^2, once divided by CV^2."""
    x, y = _winsorised(x / cv2, y / cv2)
    b0, b1 = 1.4, 0.03
    for _ in range(5):
        b0, b1 = _line(x, y, 1 / (b0 + b1 * x) ** 2)
    return round(max(b0, 1.0), 4), round(b1, 5)


def _line(x: Floats, y: Floats, w: Floats) -> tuple[float, float]:
    """Weighted straight line, its ends kept within sane bounds."""
    mx, my = float((w * x).sum() / w.sum()), float((w * y).sum() / w.sum())
    slope = float((w * (x - mx) * (y - my)).sum() / max(float((w * (x - mx) ** 2).sum()), 1e-12))
    slope = min(max(slope, 0.005), 0.5)
    return min(max(my - slope * mx, 0.4), 4.0), slope
