"""What the alerts would have been: the accounts that buy as ever, judged again as of earlier month-ends; and the chance that is urgent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from healthcheck.checks import replays
from healthcheck.ledger.columns import Columns

from . import score
from .assess import SIGNALS, Signal, signals_of
from .cube import Bools
from .judge import judge
from .policy import Calibration, Policy

APART = 90  # days: nearer month-ends share their window with the one that says who buys as ever
LEAST_URGENT_P = 1e-5


def learn(columns: Columns, on: date, policy: Policy, known: Calibration) -> Calibration:
    """The calibration with its ``urgent_p`` (Benjamini-Hochberg at ``Policy.urgent_fdr``) and what the replay alerted."""
    some = replays.part(columns)
    now = _signals(some, on, policy, known)
    known = replace(known, urgent_p=_urgent_p(now, policy, known))
    calm = ~np.any([one.known & (one.score >= score.WATCH_AT) for one in now], axis=0)
    ends = [end for end in replays.month_ends(on) if (on - end).days >= APART]
    past = [_signals(some, end, policy, known) for end in ends]
    return replace(known, replayed={name: _count([p[i] for p in past], calm) for i, name in enumerate(SIGNALS)})


def _signals(columns: Columns, on: date, policy: Policy, known: Calibration) -> tuple[Signal, ...]:
    return signals_of(judge(columns, on, policy, known), columns, policy, known)


def _urgent_p(signals: tuple[Signal, ...], policy: Policy, known: Calibration) -> float:
    """The largest chance that is rejected among the accounts judged, within sane bounds; the default where they are few."""
    judged = np.any([one.known for one in signals], axis=0)
    if judged.sum() < replays.ENOUGH:
        return known.urgent_p
    p = np.min([np.where(one.known, one.p, 1.0) for one in signals], axis=0)[judged]
    limit = replays.benjamini_hochberg(p.tolist(), policy.urgent_fdr)
    return round(min(max(limit, LEAST_URGENT_P), policy.flag_p / 4), 7)


def _count(past: list[Signal], calm: Bools) -> list[int]:
    """Alerts, and reviews, of one signal."""
    reviews = sum(int((one.known & calm).sum()) for one in past)
    return [sum(int((one.known & calm & (one.score >= score.FLAG_AT)).sum()) for one in past), reviews]
