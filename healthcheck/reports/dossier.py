"""The dossier's index, as a page and as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from healthcheck import money
from healthcheck.playbook import house
from healthcheck.playbook.dossier import Dossier
from healthcheck.playbook.situation import Owed
from healthcheck.reports.templating import render
from healthcheck.reports.text import count, day, line

SAID: Final = {True: "Yes", False: "No", None: "Cannot be told"}


@dataclass(frozen=True)
class View:
    """What the index says, in the order in which it stands there."""

    place: tuple[str, ...]
    first: str
    figures: tuple[tuple[str, str], ...]
    lacks: tuple[str, ...]
    late: tuple[Owed, ...]
    facts: tuple[tuple[str, str], ...]
    house: tuple[tuple[str, str, str], ...]
    files: tuple[tuple[str, str], ...]


def index(dossier: Dossier) -> dict[str, str]:
    """File name to content: ``0-index.html`` and ``0-index.txt``."""
    seen, about = view(dossier), dossier.situation
    return {f"0-index.{kind}": render(f"agency/index.{kind}", d=seen, s=about) for kind in ("html", "txt")}


def view(dossier: Dossier) -> View:
    """The dossier in words."""
    about, own = dossier.situation, dossier.house
    who = about.customer
    return View(
        place=tuple(filter(None, (who.account, who.entity))),
        first=own.faults,
        figures=tuple(_figures(dossier)),
        lacks=tuple(lack.why for lack in dossier.readiness.lacks),
        late=house.past_due(about),
        facts=tuple((label, line(value)) for label, value in _facts(dossier) if value),
        house=tuple((house.QUESTIONS[one.question], SAID[one.ok], one.why) for one in own.answers),
        files=tuple((file.name, file.title) for file in dossier.files),
    )


def _figures(dossier: Dossier) -> list[tuple[str, str]]:
    late = house.past_due(dossier.situation)
    found = [(money.exact(amount, currency), "past due") for currency, amount in dossier.totals.items()]
    found.append((count(len(late), "invoice"), "past due"))
    if late:
        found.append((count(max(one.days for one in late), "day"), "the oldest"))
    return found


def _facts(dossier: Dossier) -> list[tuple[str, str]]:
    who, as_of = dossier.situation.customer, dossier.situation.as_of
    terms = "" if who.terms_days is None else f"{count(who.terms_days, 'day')} net"
    since = f"{day(who.first_invoice, as_of)}" if who.first_invoice else ""
    return [
        ("Country", who.country or ""),
        ("Town", who.city or ""),
        ("Industry", who.industry or ""),
        *((label, value) for label, value in dossier.identity.items()),
        ("Terms agreed", terms),
        ("Customer since", since),
    ]
