"""How a customer is reached: address, language and channel, as the accounts file says and where it does not, by the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session, col, select

from healthcheck.errors import UsageError
from healthcheck.playbook.language import Language, language
from healthcheck.reports import text
from healthcheck.reports.letters import Addressee
from healthcheck.reports.message import is_address
from healthcheck.settings import Settings
from healthcheck.store.books import Account

MAIL, PAPER = "mail", "paper"
ON_PAPER: Final = ("paper", "print", "letter", "post", "brief", "papier")
GERMAN: Final = (
    "DE",
    "AT",
    "LI",
)  # countries whose customers are written to in German unless their own language is known
_SOME: Final = 5_000  # keys in one query


def addressees(session: Session, keys: Sequence[int], settings: Settings) -> dict[int, Addressee]:
    """Whom to write to, by account key."""
    rows: list[Account] = []
    for start in range(0, len(keys), _SOME):
        rows += session.exec(select(Account).where(col(Account.id).in_(keys[start : start + _SOME])))
    return {row.id: _addressee(row, settings) for row in rows if row.id is not None}


def language_of(to: Addressee, wanted: str | None = None) -> Language:
    """The language a letter is written in: ``wanted`` by a person, else the customer's."""
    return language(wanted or to.language)


def _addressee(row: Account, settings: Settings) -> Addressee:
    email = (row.customer_email or "").strip()
    address = tuple(text.line(one) for one in (row.customer_address or "").replace("\n", "|").split("|") if one.strip())
    on_paper = (row.channel or "").strip().lower() in ON_PAPER
    return Addressee(
        name=text.line(row.name or row.account),
        account=text.line(row.account),
        address=address,
        email=email if is_address(email) else "",
        language=_language(row, settings),
        channel=PAPER if on_paper or not is_address(email) else MAIL,
    )


def _language(row: Account, settings: Settings) -> str:
    """The customer's own, where we have it; else by country; else the house's."""
    try:
        return language(row.language or "").code
    except UsageError:
        return "de" if (row.country or "").upper() in GERMAN else settings.letter_language
