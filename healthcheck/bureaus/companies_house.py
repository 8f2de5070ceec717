"""UK Companies House (``HEALTHCHECK_COMPANIES_HOUSE_*``): the public register, free of charge, with a key of one's own.

A report takes two to four calls: the profile, who controls the company, and its charges and insolvency cases unless the profile says
that there are none. Traps: numbers have eight characters, and spreadsheets drop the noughts in front; other countries' numbers stand in
the same column; /insolvency is 404 where there is no case; the flags of the profile give way to its links. Officers are not asked for:
a report has no place for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from pydantic import SecretStr

from healthcheck.bureaus import pace
from healthcheck.bureaus.answers import AuthFailed, NotEntitled, NotFound, Rejected, Unreachable
from healthcheck.bureaus.base import (
    FAILED,
    MISSING,
    NOT_ENTITLED,
    Bureau,
    Candidate,
    Idempotency,
    Pending,
    Probe,
    Ready,
    Subject,
)
from healthcheck.bureaus.companies_house_report import news_of, on_file, overdue_of, to_report
from healthcheck.bureaus.http import Answer, Door, Limits, Sent, basic
from healthcheck.bureaus.monitoring import COMPANY, Changes, since
from healthcheck.bureaus.vendor import confidence, dig, joined, likeness, rows
from healthcheck.settings import Settings

CALLS: Final = 4  # the most that a report takes
PAGE: Final = 100
HOME: Final = (None, "GB", "UK")
PSC: Final = "persons-with-significant-control"
DIGITS: Final = 8
_NUMBER: Final = re.compile(r"([A-Z]{0,2})(\d+)([A-Z]{0,2})")
_FORMS: Final = (
    (r"\bpublic limited company\b", "plc"),
    (r"\blimited\b", "ltd"),
    ("&", " and "),
    ("[.,']", ""),
    (r"\s+", " "),
)


class CompaniesHouse:
    """The ``companies_house`` adapter."""

    name = "companies_house"
    idempotency: Idempotency = "reread"
    linked_by = "company_number"
    monitoring = COMPANY

    def __init__(self, settings: Settings, limits: Limits | None = None) -> None:
        self._settings = settings
        self._door = Door(self.name, settings.companies_house_base_url, settings, limits)

    def cost(self) -> Decimal:
        return Decimal(0)

    def rate_limit(self) -> float | None:
        """Reports a minute: the register counts each of their calls."""
        limit = self._settings.companies_house_rate_limit
        return limit / CALLS if limit else None

    def probe(self) -> Probe:
        """Searches for one company; the key is needed for that."""
        self._get("search", "companies", params={"q": "limited", "items_per_page": 1})
        return Probe("sandbox" if "sandbox" in self._door.base_url else "live", credentials=True)

    def find(self, subject: Subject) -> Sequence[Candidate]:
        """By number where there is one, else by name; nobody for an account that is known to be in another country."""
        if subject.country not in HOME:
            return []
        pace.keep(self.name, self._settings.companies_house_rate_limit)
        if subject.ids.get("company_number"):
            try:
                return [_candidate(self._get("company", number_of(subject)).body, "company_name", subject, exact=True)]
            except NotFound:
                return []
        if not subject.name:
            return []
        found = self._get("search", "companies", params={"q": subject.name, "items_per_page": 20}).body
        named = [_candidate(row, "title", subject, exact=False) for row in rows(found, "items")]
        return sorted((one for one in named if one.id), key=lambda one: -one.confidence)

    def order(self, subject: Subject, as_of: date, key: str) -> Ready | Pending:
        """What the register says now. What it cannot say beside the profile is a section that failed, not a report that is lost."""
        number = number_of(subject)
        profile = self._get("company", number)
        if not dig(profile.body, "company_number"):
            raise Unreachable("companies_house: an answer without a company")
        more = {"owners": self._more(number, PSC, params={"items_per_page": PAGE})}
        if on_file(profile.body, "charges") is not False:
            more["charges"] = self._more(number, "charges", params={"items_per_page": PAGE})
        if on_file(profile.body, "insolvency") is not False:
            more["insolvency"] = self._more(number, "insolvency")
        told = {name: given.body if isinstance(given, Answer) else given for name, given in more.items()}
        return Ready(to_report(profile.body, told, as_of), _raw({"company": profile, **more}))

    def collect(self, token: str) -> Ready | Pending:
        raise NotFound("companies_house: reports come at once, nothing is pending")

    def look_up(self, subject: Subject, key: str) -> Ready | Pending | None:
        return None

    def covers(self, subject: Subject) -> bool:
        """Other countries' numbers stand in the same column."""
        return subject.country in HOME

    def changes_of(self, subject: Subject, cursor: str, today: date) -> Changes:
        """Of the filing history, what is more than routine; and what is overdue, which is in no list of filings."""
        number, company, begin = number_of(subject), subject.ids["company_number"], since(cursor, today)
        found = rows(self._get("company", number, "filing-history", params={"items_per_page": PAGE}).body, "items")
        late = overdue_of(self._get("company", number).body, company, begin)
        return Changes((*news_of(found, company, begin), *late), today.isoformat())

    def _more(self, number: str, what: str, params: Sent | None = None) -> Answer | str:
        """A further answer about the company, or the state of what it would have told. Raises AuthFailed and Throttled."""
        try:
            return self._get("company", number, what, params=params)
        except NotFound:
            return MISSING
        except NotEntitled:
            return NOT_ENTITLED
        except (Rejected, Unreachable):
            return FAILED

    def _get(self, *path: str, params: Sent | None = None) -> Answer:
        return self._door.free("GET", *path, headers={"Authorization": self._basic()}, params=params or {})

    def _basic(self) -> SecretStr:
        key = self._settings.companies_house_api_key
        if key.get_secret_value().strip():
            return basic(key, SecretStr(""))
        raise AuthFailed("companies_house: set HEALTHCHECK_COMPANIES_HOUSE_API_KEY; the register gives keys free")


def number_of(subject: Subject) -> str:
    """The account's number as the register writes it, in eight characters.

    Raises NotFound where there is none, or the account is in another country; Rejected where it is no such number, or one that would
    have to be filled up although the country is not known: it might be another register's.
    """
    linked = subject.ids.get("company_number", "")
    if not linked:
        raise NotFound(
            f"companies_house: {subject.account} is not linked; see: healthcheck bureaus find {subject.account}"
        )
    if subject.country not in HOME:
        raise NotFound(f"companies_house: {subject.account} is in {subject.country}, the register is the UK's")
    plain = re.sub(r"[\s-]", "", linked).upper()
    found = _NUMBER.fullmatch(plain)
    if not found or len(plain) > DIGITS:
        raise Rejected(f"companies_house: the company number of {subject.account} is none of the UK's register")
    if subject.country is None and len(plain) < DIGITS:
        raise Rejected(f"companies_house: {subject.account} has no country; write its number in full, as 01234567")
    head, digits, tail = found.groups()
    return head + digits.zfill(DIGITS - len(head) - len(tail)) + tail


def _candidate(row: Mapping[str, Any], named: str, subject: Subject, exact: bool) -> Candidate:
    """A company that still exists comes before one that was dissolved."""
    name = str(dig(row, named) or "")
    sure = confidence(likeness(_plain(name), _plain(subject.name)), exact)
    gone = dig(row, "company_status") == "dissolved"
    city = dig(row, "address.locality") or dig(row, "registered_office_address.locality")
    number = str(dig(row, "company_number") or "")
    return Candidate(number, name, round(sure * 0.9, 2) if gone else sure, "GB", city)


def _plain(name: str) -> str:
    """The register holds LIMITED and LTD for the same name."""
    name = name.casefold()
    for pattern, word in _FORMS:
        name = re.sub(pattern, word, name)
    return name.strip()


def _raw(answers: Mapping[str, Answer | str]) -> bytes:
    """The register's own answers by name; what did not come has its state."""
    return joined({name: one.raw if isinstance(one, Answer) else f'"{one}"'.encode() for name, one in answers.items()})


_: type[Bureau] = CompaniesHouse
