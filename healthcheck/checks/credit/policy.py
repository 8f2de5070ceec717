"""The credit check's limits, and what one part of a report comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from healthcheck.checks.frames import graded
from healthcheck.checks.outcomes import CLEAR, FLAG, UNKNOWN, WATCH


@dataclass(frozen=True)
class Policy:
    """Each ``_watch`` and ``_flag`` is the least that counts. Shares of a scale run from 0 (best) to 1 (worst)."""

    bands_watch: int = 1
    bands_flag: int = 2
    scale_fall_watch: float = 0.10
    scale_fall_flag: float = 0.20
    position_watch: float = 0.75  # D of A to E
    position_flag: float = 0.90  # E of A to E
    letters: str = "ABCDE"  # the order of single letters where the report does not give its bands
    limit_cut_watch: float = 0.25
    limit_cut_flag: float = 0.50
    limit_over_flag: float = 0.25  # exposure above the recommended limit by this share of the limit
    dbt_rise_watch: float = 10.0
    dbt_rise_flag: float = 20.0
    dbt_watch: float = 30.0
    dbt_flag: float = 60.0
    new_event_days: int = 365  # how recent a legal event is new on a first report
    stale_days: int = 365  # an older report cannot say that all is well
    flags_for_urgent: int = 2  # so many parts at flag together are urgent
    bureaus: tuple[tuple[str, str], ...] = ()  # whom we ask, and the account's link that each needs (empty: none)


@dataclass(frozen=True)
class Part:
    """One part of a report, judged. ``phrase`` is a clause of the summary; empty where there is nothing to say."""

    outcome: str
    score: float | None = None
    phrase: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


NOT_KNOWN = Part(UNKNOWN)


def part(outcome: str, share: float, phrase: str = "", **evidence: Any) -> Part:
    return Part(outcome, graded(outcome, share), phrase if outcome != CLEAR else "", evidence)


def step(value: float, watch: float, flag: float) -> str:
    """clear, watch or flag by two limits."""
    return FLAG if value >= flag else WATCH if value >= watch else CLEAR
