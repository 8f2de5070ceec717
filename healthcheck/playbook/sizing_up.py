"""The first three of the seven questions: who they are and what they owe, which contacts there were, what we make of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final

from healthcheck.months import Month
from healthcheck.playbook import habits
from healthcheck.playbook.approach import Sign
from healthcheck.playbook.brief import (
    BOOKS,
    BUREAU,
    COMPUTED,
    CREDIT,
    INSURER,
    RECORDS,
    Answer,
    Ask,
    Contact,
    Desk,
    Question,
)
from healthcheck.playbook.entries import Entry
from healthcheck.reports.text import upper_first

TOUCHES: Final = ("contact", "letter")
ACTIONS: Final = ("dispute", "demand", "placement", "evasive", "insurer_report", "asked", "resolved")
SHOWN: Final = 12  # contacts listed, the newest


def particulars(desk: Desk) -> Question:
    """1: who they are, what they owe, on which terms, what else is known."""
    answers = [*_company(desk), *_debt(desk), *_season(desk), *_bureau(desk), *_insured(desk)]
    asks = [Ask(desk.say("ask.size")), Ask(desk.say("ask.terms")), Ask(desk.say("ask.industry"))]
    if desk.s.report is None:
        asks.append(Ask(desk.say("ask.report"), f"healthcheck check {desk.s.customer.account} --pull"))
    return question(desk, 1, answers, asks)


def _company(desk: Desk) -> Iterator[Answer]:
    s, customer = desk.s, desk.s.customer
    place = (
        f"{customer.city} ({customer.country})"
        if customer.city and customer.country
        else customer.city or customer.country
    )
    parts = [part for part in (place, customer.industry) if part]
    yield desk.answer("company", BOOKS, " · ".join([f"{customer.name} ({customer.account})", *parts]))
    if customer.first_invoice:
        months = Month.of(s.as_of) - Month.of(customer.first_invoice)
        long = desk.say("years", n=months // 12) if months >= 24 else desk.say("months", n=months)
        yield desk.told("since", BOOKS, on=customer.first_invoice, long=long)
    number, worth = habits.year(s)
    yield desk.told("sales", BOOKS, n=number, worth=desk.money(worth))
    terms = desk.say("terms", n=customer.terms_days) if customer.terms_days is not None else desk.say("terms.none")
    limit = (
        desk.say("limit", open=desk.money(s.exposure), limit=desk.money(customer.limit))
        if customer.limit is not None
        else desk.say("limit.none", open=desk.money(s.exposure))
    )
    yield desk.answer("terms", BOOKS, f"{terms}; {limit}")


def _debt(desk: Desk) -> Iterator[Answer]:
    s, late = desk.s, [one for one in desk.s.owed if one.days > 0 and not one.disputed]
    if late:
        yield desk.told(
            "debt", BOOKS, n=len(late), amount=desk.money(s.past_due), number=late[0].number, due=late[0].due, ago=_ago(desk, late[0].due)
        )  # fmt: skip
    else:
        yield desk.told("debt.none", BOOKS)
    foreign = Counter[str]()
    for one in late:
        foreign[one.currency] += one.open
    if set(foreign) - {s.currency}:
        own = desk.language.joined([desk.money(amount, currency) for currency, amount in sorted(foreign.items())])
        yield desk.told("own", BOOKS, amount=own)
    disputed = [one for one in s.owed if one.disputed]
    if disputed:
        amount = desk.money(sum(one.value or 0 for one in disputed))
        yield desk.told("disputed", BOOKS, n=len(disputed), amount=amount, numbers=_numbers(desk, disputed))
    if s.unconverted:
        yield desk.told("unconverted", BOOKS, amount=s.unconverted)


def _ago(desk: Desk, day: date) -> str:
    days = (desk.s.as_of - day).days
    return desk.say("ago", n=days) if days else desk.say("today")


def _numbers(desk: Desk, owed: Sequence[Any], most: int = 4) -> str:
    shown = [one.number for one in owed[:most]]
    more = [desk.say("more", n=len(owed) - most)] if len(owed) > most else []
    return desk.language.joined([*shown, *more])


def _season(desk: Desk) -> Iterator[Answer]:
    found = habits.season(desk.s)
    if found is None:
        yield desk.told("season.unknown", COMPUTED)
        return
    strong, weak = ([desk.language.months[number - 1] for number in months] for months in found)
    parts = [desk.say("season.strong", months=desk.language.joined(strong))] if strong else []
    parts += [desk.say("season.weak", months=desk.language.joined(weak))] if weak else []
    yield desk.answer("season", COMPUTED, " ".join(parts) or desk.say("season.even"))


def _bureau(desk: Desk) -> Iterator[Answer]:
    report = desk.s.report
    if report is None:
        return
    score, limit, payment = (report.get(name) or {} for name in ("score", "limit", "payment"))
    parts = []
    if score.get("value") is not None or score.get("band"):
        parts.append(desk.say("bureau.score", score=_score(desk, score)))
    if limit.get("amount") is not None:
        amount = desk.language.number(round(float(limit["amount"])))
        currency = limit.get("currency") or desk.s.currency
        parts.append(desk.say("bureau.limit", amount=desk.language.money_form.format(amount=amount, currency=currency)))
    if payment.get("dbt") is not None:
        parts.append(desk.say("bureau.dbt", n=round(float(payment["dbt"]))))
    legal = [one for one in report.get("legal") or () if one.get("open") is not False]
    parts += (
        [
            desk.say(
                "bureau.legal", n=len(legal), kinds=desk.language.joined(sorted({_kind(desk, one) for one in legal}))
            )
        ]
        if legal
        else []
    )
    said = "; ".join(parts) or desk.say("bureau.nothing")
    on = date.fromisoformat(str(report["reported_on"]))
    yield desk.told("bureau", BUREAU, on=on, who=report.get("bureau") or "?", said=said)


def _score(desk: Desk, score: dict[str, Any]) -> str:
    value = f"{float(score['value']):g}" if score.get("value") is not None else ""
    scale = desk.say("bureau.of", most=f"{float(score['scale_max']):g}") if value and score.get("scale_max") else ""
    band = desk.say("bureau.band", band=score["band"]) if score.get("band") else ""
    return " ".join(part for part in (value, scale, f"({band})" if band and value else band) if part)


def _kind(desk: Desk, legal: dict[str, Any]) -> str:
    key = f"legal.{legal.get('kind')}"
    return desk.say(key if key in desk.language.phrases else "legal.other")


def _insured(desk: Desk) -> Iterator[Answer]:
    customer = desk.s.customer
    if customer.insured_limit:
        amount = desk.money(customer.insured_limit)
        until = desk.say("insured.until", on=customer.insured_until) if customer.insured_until else ""
        yield desk.told("insured", INSURER, amount=amount, until=until)


def contacts(desk: Desk) -> Question:
    """2: when we spoke or wrote, how, what was said, which reason was given, what was done."""
    account, touches = desk.s.customer.account, [one for one in desk.s.entries if one.kind in TOUCHES]
    recorded = [one for one in desk.s.entries if one.kind in ACTIONS]
    answers, asks = list(_touched(desk, touches)), []
    reasons = [one for one in desk.s.entries if one.kind == "contact" and one.reason]
    if reasons:
        last = reasons[-1]
        answers.append(desk.told("reason", RECORDS, reason=desk.say(f"reason.{last.reason}"), on=last.on))
    else:
        asks.append(
            Ask(desk.say("ask.reason"), f"healthcheck record {account} contact --method phone --reason cash --note …")
        )
    if recorded:
        answers.append(desk.answer("actions", RECORDS, "; ".join(_action(desk, one) for one in recorded)))
    else:
        answers.append(desk.told("actions.none", RECORDS))
    if not touches:
        asks.insert(
            0, Ask(desk.say("ask.contacts"), f"healthcheck record {account} contact --on … --method … --note …")
        )
    listed = tuple(_contact(desk, one) for one in reversed(touches[-SHOWN:]))
    return question(desk, 2, answers, asks, listed)


def _touched(desk: Desk, touches: Sequence[Entry]) -> Iterator[Answer]:
    if not touches:
        yield desk.told("contacts.none", RECORDS)
        return
    how = Counter(one.method or "other" for one in touches)
    said = desk.language.joined([desk.say(f"method.{name}", n=number) for name, number in how.most_common()])
    last = touches[-1].on
    ago = _ago(desk, last)
    yield desk.told("contacts", RECORDS, n=len(touches), how=said, first=touches[0].on, last=last, ago=ago)
    gaps = [(later.on - earlier.on).days for earlier, later in pairwise(touches)] + [(desk.s.as_of - last).days]
    if max(gaps) > desk.policy.follow_up_every_days:
        yield desk.told("silence", COMPUTED, n=max(gaps), every=desk.policy.follow_up_every_days)


def _contact(desk: Desk, one: Entry) -> Contact:
    how = (
        desk.say(f"letter.{one.reason}")
        if one.kind == "letter" and one.reason
        else desk.say(f"way.{one.method or 'other'}")
    )
    reason = desk.say(f"reason.{one.reason}") if one.kind == "contact" and one.reason else ""
    said = " · ".join(part for part in (one.note, desk.say("reason.given", reason=reason) if reason else "") if part)
    return Contact(one.on, how, one.by, said)


def _action(desk: Desk, one: Entry) -> str:
    about = f" ({one.invoice or one.agency})" if one.invoice or one.agency else ""
    return desk.say("action", on=one.on, what=desk.say(f"action.{one.kind}") + about)


def assessment(desk: Desk) -> Question:
    """3: is this like them; what the checks say; which way the record points."""
    late = habits.lateness(desk.s.paid, desk.days)
    answers = []
    if late.count:
        answers.append(
            desk.told(
                "usual",
                COMPUTED,
                n=late.count,
                middle=days(desk, late.middle),
                most=days(desk, late.most),
                worst=days(desk, late.worst),
            )
        )
    if desk.days:
        key = f"like.{late.word}"
        said = desk.say(key, days=desk.say("head.oldest.days", n=desk.days), as_late=late.as_late, n=late.count)
        answers.append(desk.answer("like", COMPUTED, said))
    answers += _checked(desk)
    answers += _seen(desk)
    answers += _points_to(desk)
    return question(desk, 3, answers, [Ask(desk.say("ask.why")), Ask(desk.say("ask.kind"))])


def days(desk: Desk, days: int) -> str:
    return (
        desk.say("days.early", n=-days)
        if days < 0
        else desk.say("days.late", n=days)
        if days
        else desk.say("days.on_time")
    )


def _checked(desk: Desk) -> Iterator[Answer]:
    """The checks' own sentences in English, in which they are written; their outcomes in every language."""
    for name, said in desk.s.checks.items():
        if name == "field" or (desk.audience != CREDIT and name not in ("payments", "purchases")):
            continue
        outcome = desk.say(f"outcome.{said.outcome}")
        text = f"{outcome}: {said.summary}" if desk.language.code == "en" else outcome
        yield Answer(f"check.{name}", desk.say(f"check.{name}"), text, BUREAU if name == "credit" else COMPUTED)


def _seen(desk: Desk) -> Iterator[Answer]:
    if desk.s.seen:
        last = desk.s.seen[-1]
        activity = desk.say(f"activity.{last.activity or 'none'}")
        heard = desk.say("heard", words=last.heard) if last.heard else ""
        yield desk.told("seen", RECORDS, on=last.on, by=last.by or "?", activity=activity, heard=heard)


def _points_to(desk: Desk) -> Iterator[Answer]:
    """Credit's alone: which side the record speaks for, and the signs of each, told in English, in which they are written."""
    if desk.audience != CREDIT:
        return
    found = desk.decided.approach
    who = desk.say("approach.said", on=found.said.on) if found.said else ""
    yield Answer("approach", desk.say("label.approach"), desk.say(f"approach.{found.kind}") + who, COMPUTED)
    for side, signs in found.evidence.items():
        label = desk.say("label.speaks_for", side=desk.say(f"side.{side}"))
        for source in (COMPUTED, BUREAU):
            mine = [sign for sign in signs if (sign.source == BUREAU) == (source == BUREAU)]
            told = [_sign(desk, sign) for sign in mine]
            if told:
                yield Answer(f"speaks_for.{side}", label, upper_first("; ".join(dict.fromkeys(told))) + ".", source)


def _sign(desk: Desk, sign: Sign) -> str:
    """A check that was told above is named; other signs are told in English, and in other languages by where they come from."""
    check = next((name for name, said in desk.s.checks.items() if said.summary == sign.text), None)
    if check is not None and f"check.{check}" in desk.language.phrases:
        return desk.say("sign.check", check=desk.say(f"check.{check}"))
    return sign.text.rstrip(".") if desk.language.code == "en" else desk.say(f"sign.{sign.source}")


def question(
    desk: Desk, number: int, answers: Sequence[Answer], asks: Sequence[Ask], listed: tuple[Contact, ...] = ()
) -> Question:
    return Question(number, desk.say(f"question.{number}"), tuple(answers), tuple(asks), listed)
