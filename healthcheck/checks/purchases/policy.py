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
    telling_p: float = 0.03  # unless so regular that a quarter of silence would be this rare
    rare_p: float = 0.0003  # what it takes to name such a one
    forgotten_days: int = 730
    history_months: int = 48
    half_life: float = 9.0  # months
    season_orders: float = 36.0  # pseudo-orders that pull the book's season to flat
    season_wander: float = 0.03  # variance of a month's business around its season
    pace_half_life: float = 4.0  # months, of the pace that the outlook carries on
    least_pace: float = 0.02  # typical orders a quarter, below which no pace is taken
    leavers: float = 0.003  # the chance that a customer has left, before his silence is heard
    prior_orders: float = 0.5
    season_doubt: float = 3.0  # a season learned from N orders is off by a variance of this / N
    gap_orders: float = 10.0  # pseudo-gaps of the book's regularity
    order_cap: float = 4.0  # times the median order
    past_quarters: int = 7
    own_variance_quarters: float = 8.0
    flag_p: float = 0.0065  # replayed: 0.6 % of healthy accounts are flagged, in no band of frequency more than 0.8 %
    watch_p: float = 0.05
    urgent_fdr: float = 0.05
    flag_share: float = 0.7
    watch_share: float = 0.8
    plan_share: float = 0.5  # under this share of a plan it is flagged even where chance could explain it
    surge_budget: float = (
        0.05  # parts of the error budget: surge; silence (few, many expected orders); the rest is the amount's
    )
    silence_budget: tuple[float, float] = (0.3, 0.1)
    silence_orders: tuple[float, float] = (8.0, 20.0)
    value_part: float = 0.1  # of the amount's and the surge's budget; the rest goes to the number of orders
    surge_share: float = 1.5
    surge_watch_share: float = 1.3
    min_missed: float = 2.0  # orders missed before silence may be flagged
    segment_accounts: int = 30


@dataclass(frozen=True)
class Calibration:
    """Learned from the whole book; the defaults serve thin books.

    ``season`` is the share of an average month, January first; ``segments`` the same per industry. ``rate`` is the median of orders a
    month, ``gap_cv2`` the squared variation of the gaps between orders, ``b0`` and ``b1`` the variance coefficients of
    value, ``count_b0`` and ``count_b1`` those of the number of orders. ``urgent_p`` is the chance up to which an account is urgent
    (Benjamini-Hochberg at ``Policy.urgent_fdr``). ``replayed``: of each signal, how many reviews of earlier month-ends were alerted, of
    accounts that buy as ever now, and how many there were.
    """

    season: tuple[float, ...] | list[float] = FLAT
    segments: dict[str, list[float]] = field(default_factory=dict)
    rate: float = 1.0
    gap_cv2: float = 0.7
    b0: float = 1.24
    b1: float = 0.035
    count_b0: float = 1.4
    count_b1: float = 0.03
    accounts: int = 0
    urgent_p: float = 1e-4
    replayed: dict[str, list[int]] = field(default_factory=dict)
