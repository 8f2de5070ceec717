"""Who in sales is asked about which late customer, and in which words: goods, service, or how the customer is doing.

Nothing of a bureau, nothing of the records, and never how or when it is paid: that is credit's to settle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from email.utils import parseaddr
from typing import TYPE_CHECKING, Final

from healthcheck import money
from healthcheck.reports.late_section import number
from healthcheck.reports.message import is_address
from healthcheck.reports.model import Overdue, RepDigest
from healthcheck.reports.reps import is_own, recipient
from healthcheck.reports.text import count, day, joined, line
from healthcheck.settings import Settings

if TYPE_CHECKING:
    from healthcheck.playbook.following import Followed

QUESTIONS: Final = {
    "rep": "Was everything right with what we delivered? Is anything about the goods or the service holding this invoice up?",
    "manager": "Is anything that we sold or agreed in the way? Please tell them, too, what regular payment means for working together.",
    "learn": "How are they doing, as far as you can tell: business, cash, owners, people? What you know helps us to decide well.",
}
STALE_DAYS: Final = 31  # between the date that a month is judged by and its mails
TITLE: Final = "Past due: where you can help"
LEAVE: Final = "How and when it is paid, credit settles with them: leave instalments and discounts to us, and tell us what you hear."


def whom(
    found: Sequence[Followed], settings: Settings, as_of: date, asked_on: date
) -> dict[str, tuple[Overdue, ...]]:  # fmt: skip
    """By address, the late customers that this person is asked about now; at most ``rep_questions`` each, the largest sums first.

    Nobody when the month is caught up on long after its ``as_of``: what was late then says nothing of ``asked_on``.
    """
    if (asked_on - as_of).days > STALE_DAYS:
        return {}
    by_person: defaultdict[str, list[Overdue]] = defaultdict(list)
    until = asked_on + timedelta(days=settings.learn_answer_days)
    for one in sorted(found, key=lambda one: (-one.past_due, one.account)):
        to = _address(one, settings) if one.asks else None
        if to and one.step.days >= settings.mail_from_day:
            by_person[to.lower()].append(_overdue(one, to.lower(), until))
    return {to: tuple(some[: settings.rep_questions]) for to, some in by_person.items() if settings.rep_questions}


def _address(one: Followed, settings: Settings) -> str | None:
    """The manager's where a manager has to step in, else credit's; the rep's, as for every other question, elsewhere."""
    if one.asks != "manager":
        return recipient(one, settings)
    candidates = (one.manager_email, *(parseaddr(member)[1] for member in settings.credit_team))
    return next((address.strip() for address in candidates if address and is_address(address.strip())), None)


def _overdue(one: Followed, to: str, until: date) -> Overdue:
    rep = "" if is_own(one, to) else one.sales_rep or ""
    name = line(one.name or one.account, 80)
    return Overdue(name, number(one), one.asks, one.past_due, one.step.days, until, one.unconverted, rep)


def chosen(found: Iterable[Followed], asked: Mapping[str, tuple[Overdue, ...]]) -> list[Followed]:
    """Those of ``found`` that somebody was asked about."""
    numbers = {one.account for some in asked.values() for one in some}
    return [one for one in found if number(one) in numbers]


# ---- words


def facts(one: Overdue, currency: str) -> str:
    """``EUR 18,400 is past due, the oldest by 21 days.``"""
    parts = [money.shown(one.past_due, currency)] if one.past_due or not one.unconverted else []
    return f"{joined([*parts, *filter(None, [one.unconverted])])} is past due, the oldest by {count(one.days, 'day')}."


def closing(digest: RepDigest) -> str:
    """By when, how, and what to leave alone."""
    until = min(one.until for one in digest.overdue)
    return f"Please answer by {day(until, digest.as_of)}, by replying to this mail. {LEAVE}"
