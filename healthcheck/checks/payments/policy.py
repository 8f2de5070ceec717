"""What the payments check holds to be late, and what it learns from the whole book."""

from __future__ import annotations

from dataclasses import dataclass, field

GRID = (
    -20,
    -10,
    -5,
    -2,
    0,
    1,
    2,
    3,
    5,
    7,
    10,
    15,
    20,
    30,
    45,
    60,
    90,
    120,
    180,
)  # days at which the book's tails are kept
MARGINS = (3, 5, 7, 10, 15)  # days
SPANS = (60, 75, 90, 105, 120, 150, 180)  # days ago at which a change may have come
CLIP = 20  # days: no single invoice counts for more in a change
_TAIL = (
    0.995,
    0.98,
    0.94,
    0.85,
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
)


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
    watch_p: float = 0.01
    flag_p: float = 0.0028
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
    material_share: float = 0.02  # of the account's mean invoice: what is less is not looked at on its own


@dataclass(frozen=True)
class Calibration:
    """Learned from the book at a month-end; the defaults stand for a thin book.

    ``tail``: share of invoices later than each day of GRID; ``own_tail``: the same, days counted from the account's own median.
    ``noise``: variance in days of single invoices around the usual day; ``spread`` and ``wander``: the variance of a healthy account's
    change over each of SPANS is spread x (that of its invoices) + wander; ``shift``: by how much the whole book is later.
    ``urgent_p``: the p up to which drift is urgent (Benjamini-Hochberg at ``Policy.urgent_fdr``).
    ``level``: the risks of serious lateness from which level is watched, flagged, urgent.
    ``serious_score``: the least score of who owes an item ``Policy.serious_days`` past due.
    ``odd``: the p from which an invoice is watched, flagged, urgent as out of character.
    ``replayed``: of each signal, how many healthy reviews of earlier month-ends were alerted, and how many there were.
    """

    margin_days: int = 5
    common_shift_days: int = 0
    urgent_p: float = 0.0005
    tail: list[float] = field(default_factory=lambda: list(_TAIL))
    own_tail: list[float] = field(default_factory=lambda: list(_TAIL))
    noise: float = 40.0
    spread: list[float] = field(default_factory=lambda: [1.0] * len(SPANS))
    wander: list[float] = field(default_factory=lambda: [10.0, 8.0, 7.0, 6.0, 6.0, 5.0, 5.0])
    shift: list[float] = field(default_factory=lambda: [0.0] * len(SPANS))
    severity: float = 0.01
    level: list[float] = field(default_factory=lambda: [0.2, 0.35, 0.6])
    serious_score: float = 0.6
    odd: list[float] = field(default_factory=lambda: [0.05, 0.02, 0.001])
    assessable: int = 0
    replayed: dict[str, list[int]] = field(default_factory=dict)
