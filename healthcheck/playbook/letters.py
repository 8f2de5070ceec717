"""Letters to customers: which there are, what each is about, and which are due to go out. Pure; nothing here sends anything.

No letter asks for what is disputed, or is due while a promise runs or an agency has the account; none suggests to borrow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from healthcheck.errors import UsageError
from healthcheck.ledger.workdays import next_business_day
from healthcheck.playbook.approach import CANNOT_PAY, UNCLEAR, WILL_NOT_PAY, approach
from healthcheck.playbook.entries import Entry
from healthcheck.playbook.facts import Facts
from healthcheck.playbook.instalments import Part, plan
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.situation import Owed, Situation
from healthcheck.reports.text import count, day

VERIFICATION, REMINDER, STATEMENT = "verification", "reminder", "statement"
INSTALMENTS, FIRM, DEMAND = "instalments", "firm", "demand"
KINDS: Final = {
    VERIFICATION: "did everything arrive as ordered? with terms and due date",
    REMINDER: "a gentle reminder of what is past due",
    STATEMENT: "all that is open, to compare with the customer's books",
    INSTALMENTS: "an offer to pay in parts",
    FIRM: "firm: what happens next",
    DEMAND: "the final demand; from then on sales keeps out",
}
STANDING: Final = (VERIFICATION, REMINDER, STATEMENT)  # what may go out by itself, on a person's standing order
ASKING: Final = (REMINDER, STATEMENT, INSTALMENTS, FIRM, DEMAND)  # asks for money


@dataclass(frozen=True)
class Draft:
    """What one letter is about. ``totals`` by currency, ``until`` an answer or the money is asked for, ``before``: earlier letters."""

    kind: str
    on: date
    items: tuple[Owed, ...]
    totals: tuple[tuple[str, int], ...]
    until: date
    parts: tuple[Part, ...] = ()
    before: tuple[Entry, ...] = ()
    terms_days: int | None = None

    @property
    def invoices(self) -> tuple[str, ...]:
        return tuple(one.number for one in self.items)


@dataclass(frozen=True)
class Due:
    """A letter that should go out, and why."""

    kind: str
    why: str
    invoices: tuple[str, ...]


@dataclass(frozen=True)
class Wish:
    """What a person wants of a letter: ``invoices`` empty: all that it is about; ``times``, ``every``, ``first``: of instalments."""

    invoices: tuple[str, ...] = ()
    times: int | None = None
    every: str = "month"
    first: date | None = None


def draft(s: Situation, kind: str, policy: Policy, wish: Wish | None = None) -> Draft:
    """The letter ``kind`` as of the situation's day. Raises UsageError, one line, if there is nothing to write about."""
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is none of the letters {', '.join(KINDS)}")
    wish, facts = wish or Wish(), Facts(s, policy)
    items = _chosen(s, kind, tuple(_about(facts, kind)), wish.invoices)
    _not_too_early(s, kind, items, policy)
    days = policy.demand_days if kind == DEMAND else policy.letter_answer_days
    until = next_business_day(s.as_of + timedelta(days=days), s.customer.country)
    totals = Counter[str]()
    for one in items:
        totals[one.currency] += one.open
    summed = tuple(sorted(totals.items()))
    parts = _parts(s, summed, wish, policy, until) if kind == INSTALMENTS else ()
    return Draft(kind, s.as_of, items, summed, until, parts, tuple(_before(facts)), s.customer.terms_days)


def due(s: Situation, policy: Policy, kinds: Collection[str] = tuple(KINDS)) -> list[Due]:
    """The letters of these kinds that should go out now, in order of their kinds. They go only by a person's word."""
    facts = Facts(s, policy)
    found = {kind: _due(facts, kind) for kind in KINDS if kind in kinds}
    return [one for one in found.values() if one is not None]


def late(facts: Facts) -> tuple[Owed, ...]:
    """Past due and undisputed: what may be asked for."""
    disputed = {one.invoice for one in facts.disputes}
    return tuple(one for one in facts.situation.owed if one.days > 0 and not disputed & {one.number, None})


def to_verify(facts: Facts) -> tuple[Owed, ...]:
    """Delivered of late, or issued some days ago where no delivery is known; not due yet, and not asked about before."""
    s, policy = facts.situation, facts.policy
    asked = {entry.invoice for entry in s.entries if entry.kind == "letter" and entry.reason == VERIFICATION}
    since = s.as_of - timedelta(days=policy.verify_within_days)
    return tuple(
        one
        for one in s.owed
        if one.days <= 0 and since <= _received(one, policy) <= s.as_of and one.number not in asked and not one.disputed
    )


def _received(one: Owed, policy: Policy) -> date:
    return one.delivered or one.issued + timedelta(days=policy.verify_after_issue_days)


def _about(facts: Facts, kind: str) -> Sequence[Owed]:
    if kind == VERIFICATION:
        return to_verify(facts)
    return facts.situation.owed if kind == STATEMENT else late(facts)


_NOTHING: Final = {
    VERIFICATION: "nothing was delivered to them of late that they were not asked about",
    STATEMENT: "they have nothing open",
}


def _chosen(s: Situation, kind: str, found: Sequence[Owed], wanted: Sequence[str]) -> tuple[Owed, ...]:
    strange = [number for number in wanted if number not in {one.number for one in found}]
    if strange:
        known = ", ".join(one.number for one in found) or "none"
        raise UsageError(
            f"{', '.join(strange)}: no invoice of {s.customer.account} for a {kind} letter (there are: {known})"
        )
    if not found:
        why = _NOTHING.get(kind, "they have nothing past due that is undisputed")
        raise UsageError(f"no {kind} letter to {s.customer.account} as of {s.as_of}: {why}")
    return tuple(one for one in found if not wanted or one.number in wanted)


def _not_too_early(s: Situation, kind: str, items: Sequence[Owed], policy: Policy) -> None:
    oldest = max(one.days for one in items)
    if kind not in (VERIFICATION, STATEMENT) and oldest < policy.mail_from_day:
        raise UsageError(
            f"no {kind} letter to {s.customer.account} yet: {count(oldest, 'day')} past due, and nobody is written to before day "
            f"{policy.mail_from_day}"
        )


def _parts(
    s: Situation, totals: Sequence[tuple[str, int]], wish: Wish, policy: Policy, until: date
) -> tuple[Part, ...]:
    times = policy.instalments if wish.times is None else wish.times
    if not 2 <= times <= 60:
        raise UsageError(f"--times {times}: instalments are 2 to 60")
    first = wish.first or until + timedelta(days=7)
    if first <= s.as_of:
        raise UsageError(f"--first {first}: the first instalment has to lie after {s.as_of}")
    made = [plan(total, currency, times, wish.every, first, s.customer.country) for currency, total in totals]
    return tuple(sorted((part for parts in made for part in parts), key=lambda part: (part.due, part.currency)))


def _before(facts: Facts) -> Iterator[Entry]:
    """Letters since the oldest fell due that asked for money."""
    return (entry for entry in facts.since_due if entry.kind == "letter" and entry.reason in ASKING)


# ---- what is due


def _due(facts: Facts, kind: str) -> Due | None:
    if kind == VERIFICATION:
        return _verification(facts)
    if facts.kept_out is not None:
        return _after_evasion(facts) if kind == DEMAND else None
    items = late(facts)
    if not items or items[0].days < facts.policy.mail_from_day or facts.promised is not None or _lately(facts):
        return None
    why = _WHY[kind](facts) if kind in _WHY else ""
    return (
        Due(kind, f"{count(items[0].days, 'day')} past due; {why}", tuple(one.number for one in items)) if why else None
    )


def _verification(facts: Facts) -> Due | None:
    if facts.kept_out is not None or not (items := to_verify(facts)):
        return None
    known = sum(one.delivered is not None for one in items)
    why = (
        f"{count(known, 'delivery', 'deliveries')} to ask about"
        if known
        else f"{count(len(items), 'invoice')} sent, deliveries not known"
    )
    return Due(VERIFICATION, why, tuple(one.number for one in items))


def _after_evasion(facts: Facts) -> Due | None:
    kept, items = facts.kept_out, late(facts)
    if kept is None or kept.kind != "evasive" or not items:
        return None
    return Due(DEMAND, kept.why, tuple(one.number for one in items))


def _lately(facts: Facts) -> bool:
    """Whether they were written to so recently that the next letter has to wait."""
    last = max((entry.on for entry in _before(facts)), default=None)
    return last is not None and (facts.situation.as_of - last).days < facts.policy.follow_up_every_days


def _sent(facts: Facts, kind: str) -> list[Entry]:
    return [entry for entry in _before(facts) if entry.reason == kind]


def _said(facts: Facts) -> str:
    """Why they do not pay, as a person recorded it; signs alone change no letter."""
    found = approach(facts.situation, facts.policy)
    return found.kind if found.said is not None else UNCLEAR


def _gentle(facts: Facts) -> bool:
    """Whether the standard efforts are still going on."""
    return _said(facts) not in (CANNOT_PAY, WILL_NOT_PAY) and facts.reminders < facts.policy.reminders


def _remind(facts: Facts) -> str:
    return f"{count(facts.reminders, 'reminder')} so far" if _gentle(facts) else ""


def _state(facts: Facts) -> str:
    """With each reminder but the first: something may have been booked otherwise there."""
    return "to compare the books" if _gentle(facts) and facts.reminders else ""


def _offer(facts: Facts) -> str:
    return "they cannot pay it at once" if _said(facts) == CANNOT_PAY and not _sent(facts, INSTALMENTS) else ""


def _warn(facts: Facts) -> str:
    if _sent(facts, FIRM):
        return ""
    if _said(facts) == WILL_NOT_PAY:
        return "they will not pay"
    tried = facts.tried and facts.days > facts.policy.middle_days and not facts.promises
    return f"{count(facts.reminders, 'reminder')} and {count(facts.calls, 'call')} brought nothing" if tried else ""


def _demand(facts: Facts) -> str:
    firm = _sent(facts, FIRM)
    return f"the firm notice of {day(firm[-1].on, facts.situation.as_of)} brought nothing" if firm else ""


_WHY: Final[dict[str, Callable[[Facts], str]]] = {
    REMINDER: _remind, STATEMENT: _state, INSTALMENTS: _offer, FIRM: _warn, DEMAND: _demand,
}  # fmt: skip
