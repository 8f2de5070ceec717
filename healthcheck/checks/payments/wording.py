"""One sentence for each account that a credit manager can read out."""

from __future__ import annotations

from typing import Any

from healthcheck import money
from healthcheck.checks.outcomes import ALERTS
from healthcheck.checks.payments.explained import explained
from healthcheck.checks.payments.words import beyond, count, when

Facts = dict[str, Any]
_MOSTLY = 0.8  # of the invoices of the last year


def sentence(facts: Facts, currency: str) -> str:
    """From the evidence of one account and the signal that speaks for it, with what else has changed; after an alert, how often healthy
    reviews looked like this.
    """
    replay = facts["replayed"] if facts["outcome"] in ALERTS else ""
    return " ".join(filter(None, [_said(facts, currency), explained(facts), replay]))


def _said(facts: Facts, currency: str) -> str:
    outcome, speaks = facts["outcome"], facts["speaks"]
    if outcome == "unknown":
        return f"Payments could not be judged: {facts['reason']}."
    if outcome == "not_applicable":
        return f"Payments were not compared: {facts['reason']}."
    if outcome == "clear":
        return _clear(facts, currency)
    if speaks == "drift":
        return _drift(facts)
    return _character(facts, currency) if speaks == "out_of_character" else _level(facts, currency)


def _drift(facts: Facts) -> str:
    now, before = facts["recent"], facts["baseline"]
    late, step = facts["recent_beyond"], beyond(facts["threshold_days"])
    many = "all" if late == now else f"{late}"
    text = (
        f"In the last {facts['window_days']} days {count(now, 'invoice')}{_in_runs(facts)} fell due and {many}"
        f"{' of them' if many == 'all' else ''} {step}, against {facts['baseline_beyond']} of {before} in the year before"
    )
    return f"{text}; {_moved(facts)}{_unpaid(facts)}.{_terms(facts)}"


def _in_runs(facts: Facts) -> str:
    paid, runs = facts["recent"] - facts["open_recent"], facts["pay_runs"]
    return f" (those paid came in {count(runs, 'pay run')})" if 1 <= runs < paid else ""


def _moved(facts: Facts) -> str:
    days = facts["shift_days"]
    if days is None:
        return "payment has not clearly moved"
    return f"payment has moved {'at least' if facts['shift_at_least'] else 'about'} {count(days, 'day')} later"


def _unpaid(facts: Facts) -> str:
    unpaid = facts["open_recent"]
    return f", and {count(unpaid, 'invoice')} {'is' if unpaid == 1 else 'are'} still unpaid" if unpaid else ""


def _terms(facts: Facts) -> str:
    return (
        " The terms changed in between; this holds counted from the due date and from the invoice date."
        if facts["terms_changed"]
        else ""
    )


def _character(facts: Facts, currency: str) -> str:
    worst, earlier, same = facts["worst"], facts["earlier"], facts["earlier_as_late"]
    what = f"Invoice {worst['invoice']}" + (
        f" ({money.shown(worst['amount'], currency)})" if worst["amount"] is not None else ""
    )
    days = count(worst["days_late"], "day")
    state = f"is {days} past due and still unpaid" if worst["open"] else f"was paid {days} late"
    history = "the one earlier invoice" if earlier == 1 else f"{earlier} earlier invoices"
    held = f"none of {history} ran that late" if not same else f"{same} of {history} ran that late"
    return f"{what} {state}; {held}{_usual(facts)}."


def _usual(facts: Facts) -> str:
    days = facts["usual_days"]
    return "" if days is None else f" (usually {when(days)})"


def _level(facts: Facts, currency: str) -> str:
    late, due = facts["late_15_year"], facts["due_year"]
    past = f"in the last year {late} of {count(due, 'invoice')} ran more than 15 days past due"
    worst = f", the worst {count(facts['worst_year'], 'day')}" if facts["worst_year"] > 15 and late else ""
    return (
        f"{open_items(facts, currency, start=True)}; {past}{worst}."
        if due
        else f"{open_items(facts, currency, start=True)}."
    )


def open_items(facts: Facts, currency: str, start: bool = False) -> str:
    """What is past due now, in words."""
    items = facts["past_due_items"]
    if not items:
        return "Nothing is past due" if start else "nothing past due"
    oldest = count(facts["oldest_days"], "day")
    which = (
        f"in {items} invoices is past due, the oldest by {oldest}"
        if items > 1
        else f"in 1 invoice is {oldest} past due"
    )
    return f"{money.shown(facts['past_due'], currency)} {which}"


def _clear(facts: Facts, currency: str) -> str:
    due = facts["due_year"]
    if not due:
        return f"No invoice fell due in the last year; {open_items(facts, currency)}."
    days, punctual = facts["median_days"], facts["on_time_year"] >= _MOSTLY * due
    near = "on the day" if punctual else "around the due date"
    habit = near if abs(days) <= 3 else f"usually {when(days)}"
    within, most = (facts["on_time_year"], 3) if punctual else (due - facts["late_15_year"], 15)
    how = f"{within} of {count(due, 'invoice')} in the last year at most {most} days late"
    start = "Pays on the day as ever" if habit == "on the day" else f"Pays as ever, {habit}"
    return f"{start}: {how}; {open_items(facts, currency)}."
