"""What is usual for one customer, out of what it bought and paid in the last two years. Pure; amounts are reporting minor units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from healthcheck.months import Month, add_months
from healthcheck.playbook.situation import Owed, Paid, Situation

FEW: Final = 6  # settled invoices below which nothing is called usual
USUAL: Final = 0.2  # of the settled invoices as late as this: usual for them
SEASONS: Final = 18  # months of buying from which on a season can be seen
STRONG, WEAK = 1.5, 0.5  # a month against the average one


@dataclass(frozen=True)
class Lateness:
    """How late ``count`` settled invoices were, in days: the middle one, nine of ten, the worst; and how many were as late as ``now``."""

    count: int
    middle: int
    most: int
    worst: int
    now: int
    as_late: int

    @property
    def word(self) -> str:
        """Whether being so late is ``usual``, has ``happened``, is ``new`` for this customer, or ``unknown``."""
        if self.count < FEW:
            return "unknown"
        if self.as_late >= USUAL * self.count:
            return "usual"
        return "happened" if self.as_late else "new"


def lateness(paid: Sequence[Paid], now: int) -> Lateness:
    """Of invoices settled in the last 24 months, against an open one ``now`` days past due."""
    days = sorted(one.days for one in paid)
    if not days:
        return Lateness(0, 0, 0, 0, now, 0)
    most = days[min(len(days) - 1, -(-9 * len(days) // 10) - 1)]  # nine of ten came by then
    return Lateness(len(days), days[len(days) // 2], most, days[-1], now, sum(one >= now for one in days))


def invoiced(situation: Situation, since: date, until: date) -> tuple[int, int]:
    """What was invoiced after ``since`` and up to ``until``: how many invoices, worth how much. Without those that no rate values."""
    bought = [(one.issued, one.value) for one in situation.paid] + [(one.issued, _whole(one)) for one in situation.owed]
    inside = [value for issued, value in bought if since < issued <= until and value is not None]
    return len(inside), sum(inside)


def year(situation: Situation, back: int = 0) -> tuple[int, int]:
    """What was invoiced in the twelve months that ended ``back`` years ago: how many invoices, worth how much."""
    until = add_months(situation.as_of, -12 * back)
    return invoiced(situation, add_months(until, -12), until)


def paid_a_month(situation: Situation) -> int:
    """What they settled in an average month of the last twelve."""
    since = add_months(situation.as_of, -12)
    return sum(one.value or 0 for one in situation.paid if one.settled > since) // 12


def season(situation: Situation) -> tuple[list[int], list[int]] | None:
    """The calendar months in which they always buy far more, or far less, than in an average one; None: too short a history."""
    bought = [(one.issued, one.value or 0) for one in situation.paid] + [
        (one.issued, _whole(one) or 0) for one in situation.owed
    ]
    if not bought or Month.of(situation.as_of) - Month.of(min(bought)[0]) < SEASONS:
        return None
    first = max(Month.of(min(bought)[0]) + 1, Month.of(situation.as_of) + -24)
    months = [first + n for n in range(Month.of(situation.as_of) - first)]  # whole ones alone
    sums = {month: sum(value for issued, value in bought if Month.of(issued) == month) for month in months}
    usual = sum(sums.values()) / len(sums)
    if not usual:
        return None
    seen = {number: [sums[month] for month in months if month.month == number] for number in range(1, 13)}
    strong = [number for number, values in seen.items() if values and min(values) >= STRONG * usual]
    return strong, [number for number, values in seen.items() if values and max(values) <= WEAK * usual]


def _whole(one: Owed) -> int | None:
    """The invoice's whole amount in the reporting currency, by the rate of what is still open."""
    if one.value is None:
        return None
    return round(one.value * one.amount / one.open) if one.open else one.value
