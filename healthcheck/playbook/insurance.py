"""What is insured of an account, and what the insurer must hear by when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from healthcheck import money
from healthcheck.playbook import house
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.situation import Owed, Situation
from healthcheck.reports.text import count, day

ENDS_SOON: Final = (60, 30)  # days before the cover ends: told, told loudly
TIMER_DAYS: Final = 30  # before the deadline of a report to the insurer


@dataclass(frozen=True)
class Cover:
    """How a limit, and what is open under it, divide between the insurer and us. Amounts are reporting minor units.

    ``limit`` None: none on file, then all beyond the insured limit is our own.
    """

    limit: int | None
    insured_limit: int
    own_limit: int
    exposure: int
    insured: int
    own: int
    until: date | None
    in_force: bool

    @property
    def over(self) -> int:
        """What is open beyond the insured limit while the cover is in force."""
        return max(0, self.exposure - self.insured_limit) if self.in_force else 0


@dataclass(frozen=True)
class Duty:
    """Something to do about the cover by ``on``; ``loud`` when it cannot wait. ``kind``: report, cover_ends, cover_ended, over_limit."""

    kind: str
    on: date
    what: str
    loud: bool = False
    invoices: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {"kind": self.kind, "on": self.on, "what": self.what, "loud": self.loud, "invoices": list(self.invoices)}


def cover(situation: Situation) -> Cover | None:
    """The cover of the account; None: there is no insured limit on file."""
    who, open_now = situation.customer, situation.exposure
    if who.insured_limit is None:
        return None
    in_force = who.insured_limit > 0 and (who.insured_until is None or who.insured_until >= situation.as_of)
    insured = min(who.insured_limit, open_now if in_force else _before(situation, who.insured_until))
    return Cover(
        limit=who.limit,
        insured_limit=who.insured_limit,
        own_limit=max(0, (who.limit or 0) - (who.insured_limit if in_force else 0)),
        exposure=open_now,
        insured=insured,
        own=open_now - insured,
        until=who.insured_until,
        in_force=in_force,
    )


def _before(situation: Situation, until: date | None) -> int:
    """What is open of the invoices of the time in which there was cover."""
    open_then = sum(one.value or 0 for one in situation.owed if until is not None and one.issued <= until)
    return min(situation.exposure, open_then)


def duties(situation: Situation, policy: Policy) -> tuple[Duty, ...]:
    """What the cover asks of us, the earliest first."""
    there = cover(situation)
    if there is None:
        return ()
    found = (*_report(situation, there, policy), *_ending(situation, there), *_over(situation, there))
    return tuple(sorted(found, key=lambda duty: (duty.on, duty.kind)))


# ---- the overdue account


def _report(situation: Situation, there: Cover, policy: Policy) -> Iterator[Duty]:
    """The insurer hears of an invoice that stays unpaid for ``insurer_report_days``; disputed ones too, for the cover hangs on it."""
    waiting = [one for one in house.past_due(situation) if _insured(one, there) and not _reported(situation, one)]
    if not waiting:
        return
    oldest = waiting[0]
    deadline = oldest.due + timedelta(days=policy.insurer_report_days)
    left = (deadline - situation.as_of).days
    if left > TIMER_DAYS:
        return
    when = f"{'by' if left >= 0 else 'was due'} {day(deadline, situation.as_of)}"
    late = f"{oldest.number} is {count(oldest.days, 'day')} past due"
    what = f"Report the overdue account to the credit insurer, {when}: {late}, and the cover may hang on it."
    yield Duty("report", deadline, what, left <= TIMER_DAYS // 2, tuple(one.number for one in waiting))


def _insured(one: Owed, there: Cover) -> bool:
    """Whether it was delivered under the cover."""
    return there.insured_limit > 0 and (there.until is None or one.issued <= there.until)


def _reported(situation: Situation, one: Owed) -> bool:
    told = [entry for entry in situation.entries if entry.kind == "insurer_report" and entry.on >= one.due]
    return any(entry.invoice in (None, one.number) for entry in told)


# ---- the cover itself


def _ending(situation: Situation, there: Cover) -> Iterator[Duty]:
    if there.until is None or not there.insured_limit:
        return
    left, on = (there.until - situation.as_of).days, day(there.until, situation.as_of)
    if left < 0 and situation.exposure:
        what = (
            f"The cover ended on {on}: {money.shown(there.own, situation.currency)} of what is open is at our own risk."
        )
        yield Duty("cover_ended", there.until, what, loud=there.own > 0)
    elif 0 <= left <= ENDS_SOON[0]:
        what = f"The cover ends on {on}, in {count(left, 'day')}: have it renewed, or bring the limit down to our own share."
        yield Duty("cover_ends", there.until, what, left <= ENDS_SOON[1])


def _over(situation: Situation, there: Cover) -> Iterator[Duty]:
    if there.over:
        over, limit = money.shown(there.over, situation.currency), money.shown(there.insured_limit, situation.currency)
        what = f"{over} is open beyond the insured limit of {limit}: ask for a higher one, or deliver at our own risk knowingly."
        yield Duty("over_limit", situation.as_of, what)
