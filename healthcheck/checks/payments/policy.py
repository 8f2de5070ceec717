"""What the payments check holds to be late, and what it learns from the whole book."""

from __future__ import annotations

from dataclasses import dataclass, field

GRID = (0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180)  # days at which the book's tails are kept


@dataclass(frozen=True)
class Policy:
    """Windows in days, minimums in invoices."""

    recent_days: int = 90
    widened_days: int = 180
    baseline_days: int = 365
    recent_min: int = 5
    baseline_min: int = 12
    recent_cap: int = 15
    baseline_cap: int = 40
    watch_p: float = 0.05
    flag_p: float = 0.02
    urgent_fdr: float = 0.10
    late_days: int = 30  # a baseline with more than this share beyond so many days is late already
    late_share: float = 1 / 3
    unallocated_share: float = 0.10
    terms_changed: int = 3  # days by which the usual terms must differ
    history_days: int = 730
    history_min: int = 5
    history_cap: int = 60
    level_min: int = 3
    serious_days: int = 60


@dataclass(frozen=True)
class Calibration:
    """Learned from the book at a month-end; the defaults stand for a thin book.

    ``tail``: share of invoices later than each day of GRID; ``own_tail``: the same, days counted from the account's own median.
    ``urgent_p``: the p up to which drift is urgent (Benjamini-Hochberg at ``Policy.urgent_fdr``).
    ``level``: the risks of serious lateness from which level is watched, flagged, urgent.
    ``pseudo``: invoices that the book's own_tail counts for beside a customer's own.
    """

    margin_days: int = 5
    common_shift_days: int = 0
    urgent_p: float = 0.001
    tail: list[float] = field(
        default_factory=lambda: [
            0.4,
            0.3,
            0.2,
            0.14,
            0.09,
            0.07,
            0.05,
            0.035,
            0.025,
            0.015,
            0.008,
            0.005,
            0.003,
            0.002,
            0.001,
        ]
    )
    own_tail: list[float] = field(
        default_factory=lambda: [
            0.4,
            0.3,
            0.2,
            0.14,
            0.09,
            0.07,
            0.05,
            0.035,
            0.025,
            0.015,
            0.008,
            0.005,
            0.003,
            0.002,
            0.001,
        ]
    )
    severity: float = 0.01
    level: list[float] = field(default_factory=lambda: [0.2, 0.35, 0.6])
    pseudo: float = 30.0
    assessable: int = 0
