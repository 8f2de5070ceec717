"""The seven questions, each answered from one situation: what the books and records say, and what a person has to add."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Final

from healthcheck.playbook import habits
from healthcheck.playbook.brief import (
    BOOKS,
    BUREAU,
    COMPUTED,
    CREDIT,
    RECORDS,
    Answer,
    Ask,
    Desk,
    Question,
)
from healthcheck.playbook.instalments import split
from healthcheck.playbook.promises import BROKEN, KEPT, OPEN, PARTLY, Promise
from healthcheck.playbook.recovery import STUDY_DATE
from healthcheck.playbook.sizing_up import assessment, contacts, days, particulars, question
from healthcheck.reports.text import sentence

EXAMPLE_MARGIN: Final = 10  # per cent, of the example what a loss costs in sales
PLANS: Final = (3, 6)  # instalments that are worked out


def solutions(desk: Desk) -> Question:
    """4: what could realistically happen, and when each promise is followed up."""
    s, answers = desk.s, []
    for one in desk.facts.disputes:
        about = one.invoice or desk.say("whole_account")
        since = desk.say("settle.since", on=one.since) if one.since else ""
        answers.append(desk.told("settle", RECORDS, about=about, owner=one.owner or desk.say("nobody"), since=since))
    if s.past_due:
        answers.append(desk.told("full", BOOKS, amount=desk.money(s.past_due)))
        answers += _plans(desk) if desk.audience == CREDIT else ()
    else:
        answers.append(desk.told("full.none", BOOKS))
    answers += [_promised(desk, one) for one in desk.facts.promises if one.state != KEPT]
    asks = [Ask(desk.say("ask.solution" if desk.audience == CREDIT else "ask.sales"))]
    if not desk.facts.promises and desk.audience == CREDIT:
        asks.append(Ask(desk.say("ask.promise"), f"healthcheck record {s.customer.account} promise --amount … --due …"))
    return question(desk, 4, answers, asks)


def _plans(desk: Desk) -> Iterator[Answer]:
    """Instalments, beside what the customer has been paying in an average month."""
    usual, s = habits.paid_a_month(desk.s), desk.s
    parts = [desk.say("plan.part", n=times, amount=desk.money(max(split(s.past_due, times)))) for times in PLANS]
    worth = desk.say("plan.usual", amount=desk.money(usual)) if usual else ""
    yield desk.answer("plan", COMPUTED, " ".join([desk.say("plan", parts=desk.say("or").join(parts)), worth]).strip())


def _promised(desk: Desk, one: Promise) -> Answer:
    currency = one.entry.currency or desk.s.currency
    state = OPEN if one.state == OPEN else BROKEN if not one.met + one.after else PARTLY
    said = desk.say(
        f"promise.{state}", amount=desk.money(one.amount, currency), due=one.until, made=one.entry.on,
        follow=one.until + timedelta(days=1), received=desk.money(one.met + one.after, currency),
    )  # fmt: skip
    return desk.answer("promise", RECORDS, said)


def negotiations(desk: Desk) -> Question:
    """5: is it said how much, how and when; are they kept; and who else waits."""
    promises, s = desk.facts.promises, desk.s
    running = [one for one in promises if one.state == OPEN]
    answers = [
        desk.told("agreed", RECORDS, n=len(running), next=_next(desk, running))
        if running
        else desk.told("agreed.none", RECORDS)
    ]
    over = [one for one in promises if one.state != OPEN]
    if over:
        kept = sum(one.state == KEPT for one in over)
        answers.append(desk.told("kept", RECORDS, n=len(over), kept=kept))
    answers += _since_due(desk)
    answers += _others(desk)
    asks = [Ask(desk.say("ask.first"))]
    if desk.audience == CREDIT:
        asks.insert(0, Ask(desk.say("ask.how")))
    if s.past_due and not running and desk.audience == CREDIT:
        asks.insert(
            0, Ask(desk.say("ask.amount"), f"healthcheck record {s.customer.account} promise --amount … --due …")
        )
    return question(desk, 5, answers, asks)


def _next(desk: Desk, running: Sequence[Promise]) -> str:
    first = min(running, key=lambda one: one.until)
    return desk.say(
        "agreed.next", amount=desk.money(first.amount, first.entry.currency or desk.s.currency), on=first.until
    )


def _since_due(desk: Desk) -> Iterator[Answer]:
    """What came in after the oldest fell due: whoever pays others of our invoices can pay."""
    if desk.oldest is None:
        return
    came = [one for one in desk.s.received if one.on > desk.oldest.due and one.amount > 0]
    if not came:
        yield desk.told("received.none", BOOKS, on=desk.oldest.due)
        return
    sums = Counter[str]()
    for one in came:
        sums[one.currency] += one.amount
    amount = desk.language.joined([desk.money(total, currency) for currency, total in sorted(sums.items())])
    yield desk.told(
        "received", BOOKS, n=len({one.on for one in came}), amount=amount, on=desk.oldest.due, last=came[-1].on
    )


def _others(desk: Desk) -> Iterator[Answer]:
    payment = (desk.s.report or {}).get("payment") or {}
    if payment.get("dbt") is None:
        return
    theirs, ours = round(float(payment["dbt"])), habits.lateness(desk.s.paid, desk.days).middle
    key = "others.worse" if theirs > max(ours, 0) + 5 else "others.same" if theirs >= ours - 5 else "others.better"
    industry = (
        desk.say("others.industry", n=round(float(payment["industry"]))) if payment.get("industry") is not None else ""
    )
    said = " ".join(
        part for part in (desk.say("others", n=theirs), industry, desk.say(key, ours=days(desk, ours))) if part
    )
    yield desk.answer("others", BUREAU, said)


def escalation(desk: Desk) -> Question:
    """6: where the clock stands, which efforts are on record, what is next and when."""
    answers, policy = [], desk.policy
    if desk.oldest:
        due = desk.oldest.due
        days = (policy.agency_ready_days + 1, policy.agency_urgent_days, policy.agency_mark_days)
        ahead = [desk.say("clock.ahead", day=day, on=due + timedelta(days=day)) for day in days if day > desk.days]
        passed = [desk.say("clock.passed", day=day) for day in days if day <= desk.days]
        answers.append(desk.told("clock", BOOKS, n=desk.days, marks=desk.language.joined([*passed, *ahead])))
    answers.append(_efforts(desk))
    answers += _recovery(desk)
    answers.append(_house(desk))
    step = desk.decided.step
    answers.append(
        desk.answer("stage", COMPUTED, f"{desk.say(f'stage.{step.stage}')} {desk.say(f'sales.{step.sales}')}")
    )
    if desk.language.code == "en":
        answers.append(desk.answer("why", COMPUTED, sentence(step.why)))
    on = desk.say("next.by", on=step.next_date) if step.next_date else ""
    answers.append(desk.told("next", COMPUTED, step=desk.decided.next_step.rstrip("."), on=on))
    account = desk.s.customer.account
    return question(desk, 6, answers, [Ask(desk.say("ask.escalate"), f"healthcheck agency show {account}")])


def _recovery(desk: Desk) -> Iterator[Answer]:
    found = desk.decided.recovery
    if found.owed:
        values = {name: desk.money(getattr(found, name)) for name in ("owed", "now", "later")}
        yield desk.told("recovery", COMPUTED, **values, on=found.later_on, study=STUDY_DATE)


def _house(desk: Desk) -> Answer:
    """What is not in order, in the sentences of the house check where they are in our language, else by its questions."""
    found = desk.decided.house
    if found.in_order:
        return desk.answer("house", COMPUTED, desk.say("house.in_order"))
    if desk.language.code == "en":
        return desk.answer("house", COMPUTED, found.why)
    doubtful = [
        desk.say(f"house.{one.question}.{'no' if one.ok is False else 'unknown'}")
        for one in found.answers
        if not one.ok
    ]
    return desk.answer("house", COMPUTED, " ".join(doubtful))


def _efforts(desk: Desk) -> Answer:
    policy, facts = desk.policy, desk.facts
    return desk.told(
        "efforts",
        RECORDS,
        letters=facts.reminders,
        of_letters=policy.reminders,
        calls=facts.calls,
        of_calls=policy.calls,
    )


def relationship(desk: Desk) -> Question:
    """7: what the customer is worth, and what is left of the business that the worry is about."""
    s, answers = desk.s, []
    (number, worth), (_, before) = habits.year(s), habits.year(s, 1)
    if number:
        answers.append(desk.told("worth", BOOKS, worth=desk.money(worth), before=desk.money(before)))
    else:
        answers.append(desk.told("worth.none", BOOKS))
    if s.past_due:
        if worth:
            share = desk.language.number(round(100 * s.past_due / worth))
            answers.append(desk.told("share", COMPUTED, share=share))
        loss = desk.money(s.past_due * 100 // EXAMPLE_MARGIN)
        answers.append(desk.told("loss", COMPUTED, margin=EXAMPLE_MARGIN, sales=loss))
    if desk.oldest:
        number, value = habits.invoiced(s, desk.oldest.due, s.as_of)
        answers.append(
            desk.told("since_due", BOOKS, n=number, worth=desk.money(value), on=desk.oldest.due)
            if number
            else desk.told("since_due.none", BOOKS, on=desk.oldest.due)
        )
    return question(desk, 7, answers, [Ask(desk.say("ask.worry")), Ask(desk.say("ask.margin"))])


QUESTIONS: Final[tuple[Callable[[Desk], Question], ...]] = (
    particulars, contacts, assessment, solutions, negotiations, escalation, relationship,
)  # fmt: skip
