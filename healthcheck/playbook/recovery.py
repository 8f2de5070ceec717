"""What debts of an age have brought elsewhere: an order of magnitude, with its source and date, never a forecast for one customer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

from healthcheck.playbook.agency import undisputed
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.situation import Situation

STUDY: Final = "Commercial Collection Agency Association (USA), study of 18 October 2004"
STUDY_DATE: Final = date(2004, 10, 18)
STUDY_AT: Final = "http://qbpros.net/2011/09/collections-due-accounts-receivable-time-side/"
# days past due, and the share of business debts of that age that was collected
COLLECTED: Final = (
    (0, 0.949), (30, 0.899), (60, 0.813), (90, 0.696), (183, 0.521), (274, 0.391), (365, 0.228), (730, 0.093),
)  # fmt: skip
WAIT: Final = 30  # days of waiting that are weighed against acting now


def collected(days: int) -> float:
    """The share of debts of this age that was collected: a straight line between the ages that the study names, flat beyond.

    >>> collected(60), collected(75), collected(2000)
    (0.813, 0.7545, 0.093)
    """
    if days <= COLLECTED[0][0]:
        return COLLECTED[0][1]
    for (early, high), (late, low) in pairwise(COLLECTED):
        if days <= late:
            return round(high + (low - high) * (days - early) / (late - early), 4)
    return COLLECTED[-1][1]


@dataclass(frozen=True)
class Recovery:
    """Of ``owed``, what debts of these ages have brought ``now``, and ``later`` (on ``later_on``, if nothing is done until then).

    Amounts are minor units of the reporting currency, before fees; ``left_out`` invoices have no exchange rate.
    """

    owed: int
    now: int
    later: int
    later_on: date
    left_out: int = 0

    @property
    def share(self) -> float:
        """Of what is owed, now."""
        return self.now / self.owed if self.owed else 0.0

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``; amounts in minor units."""
        source = {"source": STUDY, "source_date": STUDY_DATE, "source_at": STUDY_AT}
        return {**asdict(self), "share": round(self.share, 4), **source}


def expected(situation: Situation, policy: Policy) -> Recovery:
    """Each past-due, undisputed invoice at its own age; later is the day of the mark, or a month on where that is nearer or past."""
    late = undisputed(situation)
    valued = [(one.value, one.days) for one in late if one.value is not None]
    wait = max(WAIT, policy.agency_mark_days - max((one.days for one in late), default=0))
    return Recovery(
        owed=sum(value for value, _ in valued),
        now=round(sum(value * collected(days) for value, days in valued)),
        later=round(sum(value * collected(days + wait) for value, days in valued)),
        later_on=situation.as_of + timedelta(days=wait),
        left_out=len(late) - len(valued),
    )
