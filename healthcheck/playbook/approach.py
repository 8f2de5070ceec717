"""Why the customer does not pay, and so in what tone to ask: cannot pay, will not pay, a dispute, an oversight, or unclear.

What a person recorded last wins. Failing that the evidence of each side is weighed by its number of signs; a person decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from healthcheck.checks.outcomes import ALERTS, CLEAR
from healthcheck.playbook.entries import Entry, standing
from healthcheck.playbook.facts import Facts
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.situation import Situation
from healthcheck.reports.text import count, day

CANNOT_PAY, WILL_NOT_PAY, DISPUTE, OVERSIGHT, UNCLEAR = "cannot_pay", "will_not_pay", "dispute", "oversight", "unclear"
APPROACHES: Final = (CANNOT_PAY, WILL_NOT_PAY, DISPUTE, OVERSIGHT, UNCLEAR)
SAID: Final = {  # the reason that a contact gave
    "oversight": OVERSIGHT,
    "disaster": CANNOT_PAY,
    "cash": CANNOT_PAY,
    "dispute": DISPUTE,
    "unwilling": WILL_NOT_PAY,
}
USUAL: Final = 0.2  # of the settled invoices this late: usual for them, and no oversight
RECENT: Final = 90  # days before the due date in which what sales saw still counts
FEW: Final = 6  # settled invoices below which nothing is usual


@dataclass(frozen=True)
class Sign:
    """One sentence for one side. ``source``: books, records, sales or bureau (which is for credit alone)."""

    text: str
    source: str = "books"


@dataclass(frozen=True)
class Approach:
    """``evidence`` has the signs of each side; ``said`` is the record that a person made of it, None: the signs decide."""

    kind: str
    evidence: dict[str, tuple[Sign, ...]]
    said: Entry | None = None


def approach(situation: Situation, policy: Policy) -> Approach:
    """What the newest record says, else the side with the most signs; unclear where two have as many, or none has any."""
    facts = Facts(situation, policy)
    evidence = {kind: tuple(signs(facts)) for kind, signs in _SIGNS.items()}
    said = _said(facts)
    if said is not None:
        return Approach(_meaning(said), evidence, said)
    if facts.days and facts.only_disputed:
        return Approach(DISPUTE, evidence)
    most = max(map(len, evidence.values()))
    leading = [kind for kind, signs in evidence.items() if len(signs) == most]
    return Approach(leading[0] if most and len(leading) == 1 else UNCLEAR, evidence)


def _said(facts: Facts) -> Entry | None:
    """The newest record since the oldest invoice fell due that says why."""
    stands = {entry.id for entry in standing(facts.situation.entries, ("evasive",))} | {
        one.record for one in facts.disputes
    }
    told = [entry for entry in facts.since_due if _meaning(entry) != UNCLEAR or entry.reason == "other"]
    held = [entry for entry in told if entry.kind == "contact" or entry.id in stands]
    return held[-1] if held else None


def _meaning(entry: Entry) -> str:
    if entry.kind == "dispute":
        return DISPUTE
    if entry.kind == "evasive":
        return WILL_NOT_PAY
    return SAID.get(entry.reason or "", UNCLEAR) if entry.kind == "contact" else UNCLEAR


# ---- the signs of each side


def _cannot(facts: Facts) -> Iterator[Sign]:
    yield from _found(facts, "credit", "bureau")
    yield from _found(facts, "purchases", "books")
    yield from _found(facts, "payments", "books")
    partly = sum(one.state == "partly" for one in facts.promises)
    if partly:
        yield Sign(f"{count(partly, 'promise')} kept in part: what is there is paid", "records")
    quiet = [seen for seen in facts.situation.seen if seen.activity == "quiet" and seen.on >= facts.on_day(-RECENT)]
    if quiet:
        yield Sign(f"too quiet when sales looked on {day(quiet[-1].on)}", "sales")


def _will_not(facts: Facts) -> Iterator[Sign]:
    broken = sum(one.state == "broken" for one in facts.promises)
    if broken > 1:
        yield Sign(f"{count(broken, 'promise')} broken altogether", "records")
    credit = facts.situation.checks.get("credit")
    if credit is not None and credit.outcome == CLEAR and facts.days > facts.policy.middle_days:
        yield Sign(f"nothing wrong there, and yet nothing comes: {credit.summary}", "bureau")
    if facts.tried and facts.days > facts.policy.early_days and not facts.promises:
        yield Sign(
            f"{count(facts.reminders, 'reminder')} and {count(facts.calls, 'call')} without a promise", "records"
        )
    if facts.kept_out is not None and facts.kept_out.kind == "evasive":
        yield Sign(facts.kept_out.why, "records")


def _disputes(facts: Facts) -> Iterator[Sign]:
    for one in facts.disputes:
        about = f"a problem with {one.invoice}" if one.invoice else "a problem with what we sold"
        yield Sign(f"{about}{f': {one.note}' if one.note else ''}", "records" if one.record else "books")


def _oversight(facts: Facts) -> Iterator[Sign]:
    """Early, out of the ordinary for them, and alone."""
    if not facts.days or facts.days > facts.policy.early_days:
        return
    settled = [paid.days for paid in facts.situation.paid]
    as_late = sum(days >= facts.days for days in settled)
    if len(settled) >= FEW:
        if as_late >= USUAL * len(settled):
            return
        yield Sign(f"out of the ordinary for them: {as_late} of {count(len(settled), 'settled invoice')} ran so late")
    if settled and sum(owed.days > 0 for owed in facts.situation.owed) == 1:
        yield Sign("one invoice alone is late")


def _found(facts: Facts, check: str, source: str) -> Iterator[Sign]:
    said = facts.situation.checks.get(check)
    if said is not None and said.outcome in ALERTS:
        yield Sign(said.summary, source)


_SIGNS: Final[dict[str, Callable[[Facts], Iterator[Sign]]]] = {
    CANNOT_PAY: _cannot,
    WILL_NOT_PAY: _will_not,
    DISPUTE: _disputes,
    OVERSIGHT: _oversight,
}
