"""What to ask an agency before choosing it, and what to have ready for the first meeting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from healthcheck.playbook.agency import route
from healthcheck.playbook.policy import Policy
from healthcheck.reports.text import count, joined


@dataclass(frozen=True)
class Need:
    """What there is to hand over in the whole book. ``owed`` is an amount as text; ``ages``: how many accounts are how late."""

    cases: int = 0  # in twelve months, those that are ready now included
    waiting: int = 0
    owed: str = ""
    countries: tuple[str, ...] = ()
    books: str = ""
    ages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ask:
    """One point to settle; ``known`` is what the books say to it, empty where a person has to find out."""

    question: str
    why: str
    known: str = ""


_OURSELVES: Final = (
    ("need", "Is there a regular need, or only a handful of cases?", "For a handful, an attorney may suit better."),
    ("ages", "How old is what would be handed over?", "Its age decides more than anything else what can be expected."),
    ("books", "Are our books up to date for the first meeting?", "They will want to see how we invoice and follow up."),
    (
        "papers",
        "Can we prove what is owed?",
        "Invoices, terms, proof of delivery: healthcheck agency list says what is missing.",
    ),
)
_THEM: Final = (
    ("", "Do they know our trade, its goods, and how it pays?", "Who understands the business finds the way that lasts."),
    ("", "How do they treat customers? Ask for their rules and for complaints.", "They act in our name, and some will buy again."),
    ("where", "May they act where the customers are?", "Licences and courts differ from country to country."),
    ("", "What do they take, and what if nothing comes in?", "Old and small debts cost a larger share."),
    ("", "Who holds the money, and when is it passed on?", "It belongs on a trust account, with a statement."),
    ("", "Who decides on instalments, discounts and going to court?", "None of it without our word."),
    ("", "Will they report to the bureaus that we delivered to?", "It presses the customer, and cannot be taken back easily."),
    ("", "How are cases handed in, and with which papers?", "healthcheck agency file makes the ZIP."),
    ("asking", "How do they report, and how often may we ask?", "Once handed over, let them work, and ask regularly."),
)  # fmt: skip


def checklist(need: Need, policy: Policy) -> tuple[Ask, ...]:
    """What to settle about ourselves first, then what to ask them."""
    known = {
        "need": route(need.cases, policy).why,
        "ages": "; ".join(need.ages),
        "books": need.books,
        "papers": f"{count(need.waiting, 'account')} past {policy.agency_ready_days} days, {need.owed}"
        if need.waiting
        else "",
        "where": joined(need.countries),
        "asking": f"healthcheck reminds of it every {count(policy.check_in_every_days, 'day')}.",
        "": "",
    }
    return tuple(Ask(question, why, known[key]) for key, question, why in (*_OURSELVES, *_THEM))
