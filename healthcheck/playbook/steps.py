"""The next step that each rule of the stages leads to: what, by whom, by when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from healthcheck.money import shown
from healthcheck.playbook import agency
from healthcheck.playbook.facts import Facts
from healthcheck.playbook.promises import Promise
from healthcheck.reports.text import count, day, upper_first

CREDIT: Final = "credit team"


@dataclass(frozen=True)
class Advice:
    """``action`` for machines, ``text`` for people; ``on``: by when, None: there is nothing to do."""

    action: str
    text: str
    on: date | None
    who: str = CREDIT


def efforts(facts: Facts) -> str:
    """``2 reminders and 1 call``."""
    return f"{count(facts.reminders, 'reminder')} and {count(facts.calls, 'call')}"


def nothing(facts: Facts) -> Advice:
    """Not late: only a promise or a dispute may be waiting."""
    return _first(facts, _promised, _dispute) or Advice("none", "Nothing to do.", None)


# ---- sales keeps out


def check_in(facts: Facts) -> Advice:
    """With an agency or an attorney: ask how it stands, every so often."""
    there = agency.placed(facts.situation, facts.policy)
    whom, on = (there.agency, there.next_check) if there else ("the agency", None)
    return Advice("check_in", f"Ask {whom} how it stands.", _not_before(facts, on))


def after_demand(facts: Facts) -> Advice:
    """A demand is out: when its time is over, an attorney or an agency."""
    kept = facts.kept_out.record if facts.kept_out else None
    sent = kept.on if kept else facts.situation.as_of
    until = (kept.due if kept else None) or sent + _every(facts.policy.follow_up_every_days)
    if until >= facts.situation.as_of:
        return Advice(
            "await_demand",
            f"If the money is not here by {_day(facts, until)}, hand over to an attorney or an agency.",
            until,
        )
    return Advice(
        "hand_over", "The demand's time is over: hand over to an attorney or an agency.", facts.situation.as_of
    )


def demand(facts: Facts) -> Advice:
    """Evasive or dishonest: credit alone, and by legal means if need be."""
    text = "Send a formal demand; if it brings nothing, hand over to an attorney or an agency."
    return Advice("demand", text, facts.situation.as_of)


def claim(facts: Facts) -> Advice:
    """Insolvent: the claim goes to whoever administers the estate."""
    return Advice(
        "claim", "Stop deliveries and register the claim with the insolvency administrator.", facts.situation.as_of
    )


# ---- sales helps


def ask_rep(facts: Facts) -> Advice:
    """Early: the rep asks about the goods and the service."""
    if facts.days < facts.policy.mail_from_day:
        text = f"Wait: the payment may be on its way. From {_day(facts, _first_mail(facts))} on, {rep(facts)} asks."
        return Advice("wait", text, _first_mail(facts))
    if facts.learned is not None:
        return effort(facts)
    about = "whether everything was right with what we delivered, and what holds the invoice up"
    return _first(facts, _promised, _awaited) or _asking(facts, "ask_rep", rep(facts), about)


def ask_manager(facts: Facts) -> Advice:
    """Middle: the manager speaks of what non-payment means for the business, and helps with what was agreed."""
    dispute = facts.sales_dispute
    about = "what stands in the way, and says what an unpaid account means for our business with them"
    if dispute is not None:
        about = f"what was agreed{f' about {dispute.invoice}' if dispute.invoice else ''}, so that the dispute can be settled"
    return _first(facts, _promised, _awaited, _answered) or _asking(facts, "ask_manager", manager(facts), about)


def learn(facts: Facts) -> Advice:
    """Late: sales finds out how the customer is doing."""
    found = _first(facts, _promised, _only_disputed, _awaited)
    if found is None and facts.learned is None:
        whom = rep(facts) if facts.situation.customer.sales_rep else manager(facts)
        found = _asking(facts, "ask_learn", whom, "how the customer is doing: cash, owners, signs of insolvency")
    decision = _not_before(facts, facts.on_day(facts.policy.hand_over_days + 1))
    return found or Advice("weigh", "Weigh what sales learned, and prepare the file for handing over.", decision)


def decide(facts: Facts) -> Advice:
    """From day 61: hand over or not."""
    if found := _first(facts, _promised, _only_disputed):
        return found
    until = _not_before(facts, facts.on_day(facts.policy.agency_urgent_days))
    beside = "with what sales learned beside it" if facts.learned else "ask sales at once what it knows"
    left = facts.policy.agency_mark_days - facts.days
    mark = f"{count(left, 'day')} to the {facts.policy.agency_mark_days}-day mark" if left > 0 else "the mark is passed"
    return Advice("decide_hand_over", f"Decide on handing over, {beside}; {mark}.", until)


# ---- nobody in sales yet


def effort(facts: Facts) -> Advice:
    """The next of the standard efforts: a reminder, a call, another reminder."""
    if facts.days < facts.policy.mail_from_day:
        return Advice("wait", "Wait: the payment may be on its way.", _first_mail(facts))
    if found := _first(facts, _promised, _only_disputed):
        return found
    if facts.tried:
        return Advice("manager_next", "The sales manager steps in.", facts.on_day(facts.policy.early_days + 1))
    call = facts.calls < facts.policy.calls and facts.reminders > 0
    on = _not_before(
        facts, (facts.last_effort + _every(facts.policy.follow_up_every_days)) if facts.last_effort else None
    )
    if call:
        return Advice("call", "Call and ask why it has not been paid, and when it will be.", on)
    return Advice("remind", "Send a gentle reminder with a statement.", on)


# ---- what comes before all that


def _promised(facts: Facts) -> Advice | None:
    if (one := facts.promised) is None:
        return None
    part = "the instalment of " if one.entry.series else ""
    return Advice("await_promise", f"See whether {part}{_amount(one)} has come, as promised.", one.until)


def _amount(one: Promise) -> str:
    return shown(one.amount, one.entry.currency or "EUR")


def _only_disputed(facts: Facts) -> Advice | None:
    return _dispute(facts) if facts.only_disputed else None


def _dispute(facts: Facts) -> Advice | None:
    if not facts.disputes:
        return None
    first = facts.disputes[0]
    on = _not_before(facts, first.since + _every(facts.policy.follow_up_every_days) if first.since else None)
    about = f"about {first.invoice} " if first.invoice else ""
    return Advice("settle_dispute", f"Settle the dispute {about}first.", on, first.owner)


def _awaited(facts: Facts) -> Advice | None:
    """An answer that sales owes us."""
    asked = facts.asked
    if asked is None or (facts.learned is not None and (facts.learned.on, facts.learned.id) > (asked.on, asked.id)):
        return None
    until = asked.due or asked.on + _every(facts.policy.learn_answer_days)
    late = " (it is overdue)" if until < facts.situation.as_of else ""
    return Advice(
        "await_answer",
        f"Get the answer that sales was asked for on {_day(facts, asked.on)}{late}.",
        _not_before(facts, until),
    )


def _answered(facts: Facts) -> Advice | None:
    if facts.learned is None:
        return None
    said = f": {facts.learned.note}" if facts.learned.note else ""
    return Advice("act_on_answer", f"Act on what sales found out{said}.", facts.situation.as_of)


def _asking(facts: Facts, action: str, whom: str, about: str) -> Advice:
    until = facts.situation.as_of + _every(facts.policy.learn_answer_days)
    return Advice(action, f"{upper_first(whom)} asks {about}.", until, whom)


def rep(facts: Facts) -> str:
    """Who the rep is, as far as the books say."""
    customer = facts.situation.customer
    return customer.sales_rep or customer.rep_email or "the sales rep"


def manager(facts: Facts) -> str:
    """Who the sales manager is, as far as the books say."""
    return facts.situation.customer.manager_email or "the sales manager"


def _first(facts: Facts, *choices: Callable[[Facts], Advice | None]) -> Advice | None:
    return next((found for choice in choices if (found := choice(facts)) is not None), None)


def _first_mail(facts: Facts) -> date:
    return facts.on_day(facts.policy.mail_from_day)


def _not_before(facts: Facts, on: date | None) -> date:
    return max(on, facts.situation.as_of) if on else facts.situation.as_of


def _day(facts: Facts, on: date) -> str:
    return day(on, facts.situation.as_of)


def _every(days: int) -> timedelta:
    return timedelta(days=days)
