"""Is our own house in order, before we blame the customer: invoiced on time and at regular intervals, followed up, books current.

Every answer is yes, no or cannot be told, with a sentence that says why and the invoices that show it. What nobody recorded counts as
not done: whoever takes the case over asks for the record of it, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import Any, Final

from healthcheck import money
from healthcheck.playbook.entries import Entry, standing
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.situation import Owed, Paid, Situation
from healthcheck.reports.text import count, day, joined

QUESTIONS: Final = {
    "invoiced_on_time": "Did we invoice on time after delivery?",
    "invoiced_regularly": "Did we invoice at regular intervals?",
    "followed_up": "Did we follow up at regular intervals?",
    "books_current": "Are the books current?",
}
FOLLOW_UPS: Final = ("contact", "letter", "promise", "dispute", "demand")  # somebody of ours was in touch
USUAL_GAP: Final = 31  # days without an invoice that are no sign of anything
SHOWN: Final = 3  # invoices named in a sentence
Invoice = Owed | Paid


@dataclass(frozen=True)
class Answer:
    """The answer to one of ``QUESTIONS``; ``ok`` None: cannot be told. ``invoices`` are the numbers of those that show it."""

    question: str
    ok: bool | None
    why: str
    invoices: tuple[str, ...] = ()


@dataclass(frozen=True)
class House:
    """The answers, in the order of ``QUESTIONS``."""

    answers: tuple[Answer, ...]

    @property
    def in_order(self) -> bool | None:
        """False if one answer is no, True if all are yes, else None."""
        said = {answer.ok for answer in self.answers}
        return False if False in said else None if None in said else True

    @property
    def why(self) -> str:
        """The sentences of what is not in order, then of what cannot be told; empty if all is well."""
        return " ".join(answer.why for ok in (False, None) for answer in self.answers if answer.ok is ok)

    @property
    def faults(self) -> str:
        """The sentences of what is not in order; empty if nothing is known to be wrong."""
        return " ".join(answer.why for answer in self.answers if answer.ok is False)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {"in_order": self.in_order, "answers": [asdict(answer) for answer in self.answers]}


def assess(situation: Situation, policy: Policy) -> House:
    """How we dealt with this account."""
    answers = (
        on_time(past_due(situation), situation.as_of, policy),
        regular((*situation.owed, *situation.paid), situation.as_of, policy),
        followed_up(situation, policy),
        current(situation, policy),
    )
    return House(answers)


def past_due(situation: Situation) -> tuple[Owed, ...]:
    """The invoices that are past due, disputed ones too; the oldest first."""
    return tuple(one for one in situation.owed if one.days > 0)


def on_time(invoices: Sequence[Owed], as_of: date, policy: Policy) -> Answer:
    """Whether these invoices were issued within ``invoice_within_days`` of the delivery, and fell due after it."""
    told = {one.number: fault for one in invoices if (fault := _fault(one, as_of, policy))}
    if told:
        some = "All" if len(told) == len(invoices) else f"{len(told):,} of"
        which = "The past-due invoice" if len(invoices) == 1 else f"{some} {len(invoices):,} past-due invoices"
        why = f"{which} went out at the wrong time: {_some(told.values())}."
        return Answer("invoiced_on_time", False, why, tuple(told))
    blank = tuple(one.number for one in invoices if _delivered(one, as_of) is None)
    if blank:
        why = f"No delivery date is in the books for {_of(len(blank), len(invoices))}: whether we invoiced on time is for a person to say."
        return Answer("invoiced_on_time", None, why, blank)
    if not invoices:
        return Answer("invoiced_on_time", True, "Nothing is past due.")
    within = count(policy.invoice_within_days, "day")
    return Answer("invoiced_on_time", True, f"Every past-due invoice went out within {within} of delivery.")


def _fault(one: Owed, as_of: date, policy: Policy) -> str:
    """``HP101, 23 days after delivery``; empty if its dates are as they should be, or no delivery is known."""
    delivered = _delivered(one, as_of)
    if delivered is None:
        return ""
    if delivered > one.due:
        return f"{one.number}, due before it was delivered"
    days = (one.issued - delivered).days
    return f"{one.number}, {count(days, 'day')} after delivery" if days > policy.invoice_within_days else ""


def _delivered(one: Invoice, as_of: date) -> date | None:
    return one.delivered if one.delivered and one.delivered <= as_of else None


def _of(part: int, whole: int) -> str:
    """``the past-due invoice``, ``any of the 4 past-due invoices``, ``2 of 4 past-due invoices``."""
    if part == whole:
        return "the past-due invoice" if whole == 1 else f"any of the {whole:,} past-due invoices"
    return f"{part:,} of {count(whole, 'past-due invoice')}"


def _some(parts: Iterable[str]) -> str:
    listed = list(parts)
    shown, rest = listed[:SHOWN], len(listed) - SHOWN
    return "; ".join([*shown, f"and {rest} more"] if rest > 0 else shown)


# ---- at regular intervals


def regular(invoices: Sequence[Invoice], as_of: date, policy: Policy) -> Answer:
    """Whether invoices came at regular intervals: no long time without one while goods were delivered.

    Without delivery dates a long gap may be a customer who bought nothing, and then it cannot be told.
    """
    gaps = list(_gaps(sorted({one.issued for one in invoices})))
    held = [(start, end, late) for start, end in gaps if (late := _held_back(invoices, start, end, as_of, policy))]
    if held:
        start, end, late = max(held, key=lambda gap: gap[1] - gap[0])
        why = f"Nothing was invoiced from {day(start, as_of)} to {day(end, as_of)}, though goods were delivered meanwhile: {_some(late)}."
        return Answer("invoiced_regularly", False, why, tuple(number for *_, held_back in held for number in held_back))
    if gaps and any(_delivered(one, as_of) is None for one in invoices):
        start, end = max(gaps, key=lambda gap: gap[1] - gap[0])
        why = (
            f"Nothing was invoiced from {day(start, as_of)} to {day(end, as_of)}: without delivery dates nobody can tell whether "
            "nothing was bought or we were late."
        )
        return Answer("invoiced_regularly", None, why)
    return Answer("invoiced_regularly", True, "Invoices went out at regular intervals.")


def _gaps(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Stretches between invoices that are unusually long for this account: over three times the usual, and over a month."""
    pairs = list(pairwise(days))
    usual = median((later - earlier).days for earlier, later in pairs) if pairs else 0
    yield from (pair for pair in pairs if (pair[1] - pair[0]).days > max(USUAL_GAP, 3 * usual))


def _held_back(invoices: Iterable[Invoice], start: date, end: date, as_of: date, policy: Policy) -> list[str]:
    """The numbers of the invoices that ended the gap for goods delivered long before."""
    latest = end - timedelta(days=policy.invoice_within_days)
    ended = [one for one in invoices if one.issued == end]
    return sorted(one.number for one in ended if (on := _delivered(one, as_of)) and start < on < latest)


# ---- followed up


def followed_up(situation: Situation, policy: Policy) -> Answer:
    """Whether somebody was in touch every ``follow_up_every_days`` since the oldest invoice fell due; a promise counts until its day."""
    late = past_due(situation)
    if not late:
        return Answer("followed_up", True, "Nothing is past due.")
    start, end = situation.as_of - timedelta(days=max(one.days for one in late)), _ours_until(situation)
    touches = list(_touches(situation.entries, start, end))
    since, until = _longest(touches, start, end)
    every = count(policy.follow_up_every_days, "day")
    if (until - since).days <= policy.follow_up_every_days:
        done = count(len(touches), "follow-up") + " on record" if touches else "too early for a follow-up"
        return Answer("followed_up", True, f"{done[:1].upper()}{done[1:]}, no gap longer than {every}.")
    numbers = tuple(one.number for one in late)
    if not touches:
        why = f"No follow-up is on record since {day(start, end)}, when {late[0].number} fell due."
        return Answer("followed_up", False, why, numbers)
    why = f"Nobody followed up from {day(since, end)} to {day(until, end)}; the rule is every {every}."
    return Answer("followed_up", False, why, numbers)


def _ours_until(situation: Situation) -> date:
    """The last day on which following up was ours: an agency does it from its placement on."""
    placed = standing(situation.entries, ("placement",))
    return min((entry.on for entry in placed), default=situation.as_of)


def _touches(entries: Iterable[Entry], start: date, end: date) -> Iterator[tuple[date, date]]:
    """(from, to) of each time in which the account was looked after."""
    for entry in entries:
        if entry.kind in FOLLOW_UPS and start <= entry.on <= end:
            waits = entry.due if entry.kind == "promise" and entry.due else entry.on
            yield entry.on, max(entry.on, min(waits, end))


def _longest(touches: Iterable[tuple[date, date]], start: date, end: date) -> tuple[date, date]:
    """The longest time in which nobody followed up."""
    longest, reached = (start, start), start
    for begin, finish in (*sorted(touches), (end, end)):
        longest = max(longest, (reached, begin), key=lambda gap: gap[1] - gap[0])
        reached = max(reached, finish)
    return longest


# ---- books


def current(situation: Situation, policy: Policy) -> Answer:
    """Whether the books reach to the day, and no money of the account is waiting to be allocated."""
    until, late = situation.books_until, past_due(situation)
    if until is None:
        return Answer("books_current", None, "The books hold no invoice and no payment.")
    old = (situation.as_of - until).days
    if old > policy.books_current_days:
        why = f"The books end on {day(until, situation.as_of)}, {count(old, 'day')} ago: what was paid since is not in them."
        return Answer("books_current", False, why)
    since = situation.as_of - timedelta(days=max((one.days for one in late), default=0))
    loose = [one for one in situation.received if one.invoice is None and one.on > since and late]
    if loose:
        sums = joined(
            [f"{money.shown(one.amount, one.currency)} of {day(one.on, situation.as_of)}" for one in loose[:SHOWN]]
        )
        why = f"Money that came in is not allocated to any invoice: {sums}."
        return Answer("books_current", False, why, tuple(one.number for one in late))
    return Answer("books_current", True, f"The books reach to {day(until, situation.as_of)}.")
