"""What a backtest says, as plain values; ratios carry a 95 % interval by customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

BUDGETS = (0.01, 0.02, 0.05, 0.10)  # shares of account-months that somebody has time to look at


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % interval; ``low`` and ``high`` are None where it cannot be had."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class AtBudget:
    """The highest scores up to a share of account-months: how many alerts, how many of them right, and of how many events."""

    budget: float
    alerts: float
    right: float  # expected where scores tie at the edge
    precision: Interval
    lift: Interval  # precision over the share of all account-months that an event followed
    recall: Interval


@dataclass(frozen=True)
class Lead:
    """Days from the first alert of an unbroken run to the event. ``events``: one an account and spell; ``alerted``: alerted before."""

    events: int
    alerted: int
    median: float | None
    quartiles: tuple[float, float] | None


@dataclass(frozen=True)
class Alarm:
    """Alerts at a fixed limit: a check's own, a rule's usual one, or the one that keeps a budget of 5 %."""

    label: str
    alerts: int
    right: int
    precision: float | None
    lift: float | None
    recall: float
    lead: Lead


@dataclass(frozen=True)
class Ranking:
    """One number by which accounts can be ranked. ``kind`` is check, signal or rule.

    ``known`` is the share of account-months that has the number, ``known_events`` the share of events; the others come last.
    """

    name: str
    label: str
    kind: str
    known: float
    known_events: float
    auc: Interval
    auc_known: Interval | None  # among those that have the number; None: there is no event or nothing else among them
    budgets: tuple[AtBudget, ...]
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True)
class Against:
    """The check's lift over that of the best rule of thumb at a budget, from the same resampled customers."""

    budget: float
    rule: str
    times: Interval


@dataclass(frozen=True)
class Subject:
    """One check against its event. ``too_little`` says why no ratio is quoted; empty where there is enough."""

    name: str
    account_months: int
    accounts: int
    events: int
    too_little: str
    rankings: tuple[Ranking, ...]
    against: tuple[Against, ...]

    @property
    def base_rate(self) -> float:
        """The share of account-months that an event followed."""
        return self.events / self.account_months if self.account_months else 0.0


@dataclass(frozen=True)
class MonthEnd:
    """One replayed month-end: accounts known, alerts of each check (flag or urgent), accounts with any, and those new since the last."""

    as_of: date
    accounts: int
    alerts: Mapping[str, int]
    any: int
    new: int
    judged: bool  # False: the ledger does not reach to the end of the horizon


@dataclass(frozen=True)
class Backtest:
    """All that ``healthcheck backtest`` says."""

    first: date
    last: date
    horizon: int
    months: tuple[MonthEnd, ...]
    subjects: tuple[Subject, ...]
    notes: tuple[str, ...]
    definitions: Mapping[str, str]

    def body(self) -> dict[str, Any]:
        """What ``--json`` prints: rounded, dates in ISO form."""
        whole = _plain(asdict(self))
        for said, subject in zip(whole["subjects"], self.subjects, strict=True):
            said["base_rate"] = round(subject.base_rate, 6)
        return {"from": whole.pop("first"), "to": whole.pop("last"), **whole}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    return round(value, 4) if isinstance(value, float) else value
