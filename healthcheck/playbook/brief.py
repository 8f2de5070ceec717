"""The brief on one late account: seven questions, answered from the books as far as they go, and marked where a person must answer.

What comes from a bureau or an insurer is for credit alone: a brief for sales leaves it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final

from healthcheck.money import plain
from healthcheck.playbook import stages
from healthcheck.playbook.approach import Approach, approach
from healthcheck.playbook.facts import Facts
from healthcheck.playbook.house import House, assess
from healthcheck.playbook.language import Language
from healthcheck.playbook.policy import Policy
from healthcheck.playbook.recovery import Recovery, expected
from healthcheck.playbook.situation import Owed, Situation
from healthcheck.playbook.stages import Step

CREDIT, SALES = "credit", "sales"
BOOKS, RECORDS, COMPUTED, BUREAU, INSURER = "books", "records", "computed", "bureau", "insurer"
CONFIDENTIAL: Final = (BUREAU, INSURER)  # never in anything that goes to sales
AGES: Final = ((None, 0), (1, 30), (31, 60), (61, 90), (91, None))


@dataclass(frozen=True)
class Answer:
    """One thing that is known. ``source``: books, records, computed, bureau or insurer."""

    key: str
    label: str
    text: str
    source: str


@dataclass(frozen=True)
class Ask:
    """What only a person can say; ``command`` records the answer, where there is one."""

    text: str
    command: str = ""


@dataclass(frozen=True)
class Contact:
    """One contact on record, worded."""

    on: date
    how: str
    by: str
    said: str


@dataclass(frozen=True)
class Question:
    number: int
    title: str
    answers: tuple[Answer, ...]
    asks: tuple[Ask, ...] = ()
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True)
class Mark:
    """A day on the way to an agency: its number past due, the date, whether it is behind us."""

    day: int
    on: date
    label: str
    passed: bool


@dataclass(frozen=True)
class Decided:
    """What the rules of the playbook say. ``next_step`` is in the brief's language."""

    step: Step
    approach: Approach
    next_step: str
    house: House
    recovery: Recovery


@dataclass(frozen=True)
class Brief:
    """The whole paper. ``ages``: label and amount of each age; ``days`` of the oldest; 0: nothing is past due."""

    situation: Situation
    language: Language
    audience: str
    decided: Decided
    days: int
    ages: tuple[tuple[str, int], ...]
    marks: tuple[Mark, ...]
    questions: tuple[Question, ...]

    @property
    def open_asks(self) -> int:
        return sum(len(question.asks) for question in self.questions)

    def line(self) -> dict[str, Any]:
        """As JSON types."""
        s, decided = self.situation, self.decided
        return {
            "account": s.customer.account,
            "name": s.customer.name,
            "as_of": str(s.as_of),
            "currency": s.currency,
            "language": self.language.code,
            "for": self.audience,
            "amount_past_due": plain(s.past_due, s.currency),
            "days_past_due": self.days,
            "stage": decided.step.stage,
            "sales": decided.step.sales,
            **({"approach": decided.approach.kind} if self.audience == CREDIT else {}),
            "next_step": decided.next_step,
            "next_date": str(decided.step.next_date) if decided.step.next_date else None,
            "questions": [_as_json(question) for question in self.questions],
        }


@dataclass(frozen=True)
class Desk:
    """What the questions are answered from."""

    s: Situation
    language: Language
    policy: Policy
    decided: Decided
    audience: str = CREDIT

    def say(self, key: str, **values: object) -> str:
        return self.language.say(key, **values)

    def money(self, minor: int, currency: str | None = None) -> str:
        return self.language.money(minor, currency or self.s.currency)

    def answer(self, key: str, source: str, text: str) -> Answer:
        return Answer(key, self.say(f"label.{key}"), text, source)

    def told(self, key: str, source: str, **values: object) -> Answer:
        """The answer ``key`` in the phrase of the same name."""
        return self.answer(key, source, self.say(key, **values))

    @cached_property
    def facts(self) -> Facts:
        return Facts(self.s, self.policy)

    @property
    def oldest(self) -> Owed | None:
        """The oldest of what is late by the rules."""
        return self.facts.late[0] if self.facts.late else None

    @property
    def days(self) -> int:
        return self.facts.days


def decide(s: Situation, language: Language, policy: Policy) -> Decided:
    """What the rules say of ``s``. In English in their own words, with names and days; else in the words for the step."""
    step = stages.step(s, policy)
    told = step.next_step if language.code == "en" else language.say(f"step.{step.action}")
    return Decided(step, approach(s, policy), told, assess(s, policy), expected(s, policy))


def brief(s: Situation, language: Language, policy: Policy, audience: str = CREDIT) -> Brief:
    """The brief on ``s``, for credit or for sales."""
    from healthcheck.playbook.questions import QUESTIONS

    decided = decide(s, language, policy)
    desk = Desk(s, language, policy, decided, audience)
    found = tuple(_for(audience, ask(desk)) for ask in QUESTIONS)
    return Brief(s, language, audience, decided, desk.days, _ages(desk), _marks(desk), found)


def _for(audience: str, question: Question) -> Question:
    if audience == CREDIT:
        return question
    kept = tuple(one for one in question.answers if one.source not in CONFIDENTIAL)
    return Question(question.number, question.title, kept, question.asks, question.contacts)


def _ages(desk: Desk) -> tuple[tuple[str, int], ...]:
    """Open undisputed amounts by days past due."""
    owed = [one for one in desk.s.owed if not one.disputed]
    return tuple(
        (
            desk.say("age.due" if low is None else "age.over" if high is None else "age.days", low=low, high=high),
            sum(one.value or 0 for one in owed if (low is None or one.days >= low) and (high is None or one.days <= high)),
        )
        for low, high in AGES
    )  # fmt: skip


def _marks(desk: Desk) -> tuple[Mark, ...]:
    """The days at which the playbook moves on, counted from the oldest open invoice."""
    if desk.oldest is None:
        return ()
    due, policy = desk.oldest.due, desk.policy
    days = {
        "rep": 1,
        "manager": policy.early_days + 1,
        "learn": policy.middle_days + 1,
        "ready": policy.agency_ready_days + 1,
        "urgent": policy.agency_urgent_days,
        "mark": policy.agency_mark_days,
    }
    return tuple(
        Mark(day, due + timedelta(days=day), desk.say(f"mark.{name}"), day <= desk.days) for name, day in days.items()
    )


def _as_json(question: Question) -> dict[str, Any]:
    return {
        "number": question.number,
        "question": question.title,
        "answers": [vars(answer) for answer in question.answers],
        "contacts": [{**vars(contact), "on": str(contact.on)} for contact in question.contacts],
        "ask_a_person": [vars(ask) for ask in question.asks],
    }
