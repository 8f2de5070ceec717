"""What a user can set (Policy) and what the whole book teaches (Calibration)."""

from __future__ import annotations

from dataclasses import dataclass, field

FLAT = (1.0,) * 12


@dataclass(frozen=True)
class Policy:
    """Thresholds and minimums of the purchases check. Windows are in months and end at the as-of date."""

    windows: tuple[int, ...] = (1, 3, 6, 12)
    default_window: int = 3
    min_expected: float = 3.0  # expected orders that a window must hold
    preferred_expected: float = 5.0
    min_orders: int = 6
    min_months: float = 6.0
    own_season_months: float = 18.0
    min_orders_a_year: float = 10.0  # who buys more rarely is named when he stops, but never called clear
    forgotten_days: int = 730
    history_months: int = 48
    half_life: float = 9.0  # months
    season_orders: float = 24.0  # pseudo-orders of the book's season
    season_smooth: float = 0.25  # share of each neighbouring month in the own season
    prior_orders: float = 0.5
    gap_orders: float = 10.0  # pseudo-gaps of the book's regularity
    order_cap: float = 4.0  # times the median order
    past_quarters: int = 7
    own_variance_quarters: float = 8.0
    flag_p: float = 0.01
    watch_p: float = 0.05
    flag_share: float = 0.7
    watch_share: float = 0.8
    plan_share: float = 0.5  # under this share of a plan it is flagged even where chance could explain it
    silence_weight: float = 0.35  # of the shortfall's error budget; the rest is the amount's
    surge_p: float = 0.005
    surge_share: float = 1.5
    surge_watch_share: float = 1.3
    min_missed: float = 2.0  # orders missed before silence may be flagged
    segment_accounts: int = 30


@dataclass(frozen=True)
class Calibration:
    """Learned from the whole book; the defaults serve thin books.

    ``season`` is the share of an average month, January first; ``segments`` the same per industry. ``rate`` is the median of orders a
    month, ``gap_cv2`` the squared variation of the gaps between orders, ``b0`` and ``b1`` the variance coefficients.
    """

    season: tuple[float, ...] | list[float] = FLAT
    segments: dict[str, list[float]] = field(default_factory=dict)
    rate: float = 1.0
    gap_cv2: float = 0.7
    b0: float = 1.24
    b1: float = 0.035
    count_b1: float = 0.03
    accounts: int = 0
    urgent_p: float = 1e-4
