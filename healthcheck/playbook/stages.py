"""Who acts on a late account: a table of rules, of which the first that applies is followed. Keeping sales out comes first.

Sales is asked about the goods, the service and what it knows of the customer; it never negotiates how the debt is paid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from healthcheck.playbook import steps
from healthcheck.playbook.facts import Facts
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.situation import Situation
from healthcheck.playbook.steps import Advice
from healthcheck.reports.text import count, upper_first

NOT_LATE, EARLY, MIDDLE, LATE = "not_late", "early", "middle", "late"
REP, MANAGER, LEARN, KEEP_OUT, NOT_YET = "rep", "manager", "learn", "keep_out", "not_yet"
STAGES: Final = (EARLY, MIDDLE, LATE)
SALES: Final = (REP, MANAGER, LEARN, KEEP_OUT, NOT_YET)


@dataclass(frozen=True)
class Rule:
    """``source``: number of the text that it rests on, and a few of its words. ``sales``: what sales does meanwhile."""

    name: str
    source: str
    applies: Callable[[Facts], bool]
    sales: str
    why: Callable[[Facts], str]
    advice: Callable[[Facts], Advice]


@dataclass(frozen=True)
class Step:
    """What to do about an account. ``who`` acts; ``action`` is the next step as a word for machines; ``rule`` led to it.

    ``warning``: other members of the group that sales must keep out of; empty: none.
    """

    stage: str
    sales: str
    why: str
    next_step: str
    next_date: date | None
    who: str
    action: str
    rule: str
    source: str
    days: int
    warning: str = ""


def stage(days: int, policy: Policy) -> str:
    """The stage of an account whose oldest invoice is so many days past due."""
    if days <= 0:
        return NOT_LATE
    return EARLY if days <= policy.early_days else MIDDLE if days <= policy.middle_days else LATE


def step(situation: Situation, policy: Policy) -> Step:
    """What the first rule that applies says."""
    facts = Facts(situation, policy)
    rule = next(rule for rule in RULES if rule.applies(facts))
    advice = rule.advice(facts)
    warning = _warning(situation)
    return Step(
        stage=stage(facts.days, policy),
        sales=rule.sales,
        why=". ".join(part for part in (upper_first(rule.why(facts)), warning) if part),
        next_step=advice.text,
        next_date=advice.on,
        who=advice.who,
        action=advice.action,
        rule=rule.name,
        source=rule.source,
        days=facts.days,
        warning=warning,
    )


def _warning(situation: Situation) -> str:
    if not situation.family:
        return ""
    return f"Sales keeps out of {', '.join(situation.family)} of the same group: credit is asked before sales talks to any of them"


# ---- when a rule applies


def _kept_out(kind: str) -> Callable[[Facts], bool]:
    return lambda facts: facts.kept_out is not None and facts.kept_out.kind == kind


def _in(name: str) -> Callable[[Facts], bool]:
    return lambda facts: stage(facts.days, facts.policy) == name


def _early_strong(facts: Facts) -> bool:
    return _in(EARLY)(facts) and facts.strength[0]


def _middle_sales_dispute(facts: Facts) -> bool:
    return _in(MIDDLE)(facts) and facts.sales_dispute is not None


def _middle_tried(facts: Facts) -> bool:
    return _in(MIDDLE)(facts) and facts.tried and facts.promised is None


def _beyond(facts: Facts) -> bool:
    return facts.days > facts.policy.hand_over_days


# ---- why


def _days(facts: Facts) -> str:
    return f"{count(facts.days, 'day')} past due{', all of it in dispute' if facts.only_disputed else ''}"


def _keeps_out(facts: Facts) -> str:
    return facts.kept_out.why if facts.kept_out else ""


def _not_late(_facts: Facts) -> str:
    return "nothing is past due"


def _insolvent(_facts: Facts) -> str:
    return "the customer file says that the customer is insolvent"


def _strong(facts: Facts) -> str:
    problem = "; there is a problem with what was sold" if facts.disputes else ""
    return f"{_days(facts)}, and {facts.strength[1]}{problem}"


def _not_strong(facts: Facts) -> str:
    return f"{_days(facts)}, and no strong relationship to build on: {facts.strength[1]}"


def _sales_dispute(facts: Facts) -> str:
    about = facts.sales_dispute.invoice if facts.sales_dispute else None
    return f"{_days(facts)}, and a dispute{f' about {about}' if about else ''} turns on what sales agreed"


def _tried(facts: Facts) -> str:
    return f"{_days(facts)}, after {steps.efforts(facts)} without result"


def _untried(facts: Facts) -> str:
    if facts.promised is not None:
        return f"{_days(facts)}, and a payment is promised"
    rules = facts.policy
    wanted = f"{count(rules.reminders, 'reminder')} and {count(rules.calls, 'call')}"
    return f"{_days(facts)}; {steps.efforts(facts)} on record, and sales waits until {wanted} have not worked"


def _unknown(facts: Facts) -> str:
    if facts.only_disputed:
        return f"{_days(facts)}: that is settled first, and sales says what it knows"
    return f"{_days(facts)}: sales may know whether it is cash, a change of owner or insolvency"


def _decide(facts: Facts) -> str:
    learned = facts.learned
    said = f"sales learned: {learned.note or learned.reason}" if learned else "sales has not said what it knows"
    return f"{_days(facts)}: handing over is credit's decision; {said}"


RULES: Final = (
    Rule("placement", "1: with a collection agency", _kept_out("placement"), KEEP_OUT, _keeps_out, steps.check_in),
    Rule("demand", "1: a formal demand already issued", _kept_out("demand"), KEEP_OUT, _keeps_out, steps.after_demand),
    Rule("evasive", "1: evasive or dishonest", _kept_out("evasive"), KEEP_OUT, _keeps_out, steps.demand),
    Rule("not_late", "4: clear steps once invoiced", _in(NOT_LATE), NOT_YET, _not_late, steps.nothing),
    Rule("insolvent", "1: potential insolvency",
         lambda facts: (facts.situation.customer.relationship or "").strip().lower() == "insolvent", NOT_YET, _insolvent, steps.claim),
    Rule("early_strong", "1: strong relationship, involve early", _early_strong, REP, _strong, steps.ask_rep),
    Rule("early", "1: involve strategically", _in(EARLY), NOT_YET, _not_strong, steps.effort),
    Rule("middle_dispute", "1: complicated sales background", _middle_sales_dispute, MANAGER, _sales_dispute, steps.ask_manager),
    Rule("middle_tried", "1: standard efforts not getting results", _middle_tried, MANAGER, _tried, steps.ask_manager),
    Rule("middle", "1: standard efforts first", _in(MIDDLE), NOT_YET, _untried, steps.effort),
    Rule("hand_over", "2: over 60 days ready to be submitted", _beyond, LEARN, _decide, steps.decide),
    Rule("late", "1: cash flow, ownership, insolvency", _in(LATE), LEARN, _unknown, steps.learn),
)  # fmt: skip
