"""Creditsafe Connect (``HEALTHCHECK_CREDITSAFE_*``): log in, search, buy a report by connectId.

A report is a GET that is charged each time. ``callRef`` carries our key so that the vendor's support can find the call; it protects from
nothing, so ``idempotency`` is "none". Traps: numbers come as text, or as words; the spelling of keys varies; a section can have failed
inside a 200 (``failedSections``); what is absent is unknown, never clean. ``providerValue`` has a scale of its own for each country,
without a documented direction; the bands A (best) to E are comparable within a country.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from healthcheck.bureaus.answers import AuthFailed, Conflict, Malformed, NotFound, Rejected
from healthcheck.bureaus.base import Bureau, Candidate, Idempotency, Pending, Probe, Ready, Subject
from healthcheck.bureaus.creditsafe_report import to_report
from healthcheck.bureaus.http import Door, Limits
from healthcheck.bureaus.login import LogIn, Token, shared
from healthcheck.bureaus.monitoring import FEED, Change, Changes, since
from healthcheck.bureaus.vendor import confidence, dig, likeness, linked, price, rows, token_in
from healthcheck.settings import Settings

TOKEN_SECONDS: Final = 3300.0  # the vendor says an hour
PAGE: Final = 20
EVENTS: Final = 100  # a page of them


class Creditsafe:
    """The ``creditsafe`` adapter."""

    name = "creditsafe"
    idempotency: Idempotency = "none"
    linked_by = "creditsafe_id"

    def __init__(self, settings: Settings, limits: Limits | None = None) -> None:
        self._settings = settings
        self._door = Door(self.name, settings.creditsafe_base_url, settings, limits)

    def cost(self) -> Decimal:
        return price(self.name, self._settings.creditsafe_cost_per_pull)

    def rate_limit(self) -> float | None:
        """Requests a minute, where set; the vendor publishes none."""
        return self._settings.creditsafe_rate_limit

    def probe(self) -> Probe:
        """Logs in."""
        self._log_in().token()
        return Probe("sandbox" if "sandbox" in self._door.base_url else "live", credentials=True)

    def find(self, subject: Subject) -> Sequence[Candidate]:
        """Free. By company number or VAT number where there is one, else by name, within the account's country."""
        if not subject.country:
            raise Rejected(f"creditsafe: {subject.account} has no country; the search needs one")
        number, vat = subject.ids.get("company_number"), subject.ids.get("vat")
        by = {"regNo": number} if number else {"vatNo": vat} if vat else {"name": subject.name}
        ask = {"countries": subject.country.upper(), **by, "page": 1, "pageSize": PAGE}
        found = self._door.free("GET", "companies", log_in=self._log_in(), params=ask).body
        candidates = [
            _candidate(row, subject, exact="name" not in by) for row in rows(found, "companies") if dig(row, "id")
        ]
        return sorted(candidates, key=lambda one: -one.confidence)

    def order(self, subject: Subject, as_of: date, key: str) -> Ready | Pending:
        """Buy the report of the company that a person linked to the account."""
        company = linked(self.name, subject, self.linked_by)
        ask = {"language": "en", "template": "full", "callRef": key}
        if company.upper().startswith("DE"):
            ask["customData"] = f"de_reason_code::{self._settings.creditsafe_de_reason}"
        answer = self._door.paid("GET", "companies", company, log_in=self._log_in(), params=ask)
        if not dig(answer.body, "report"):
            raise Malformed("creditsafe: an answer without a report")
        return Ready(to_report(answer.body, as_of), answer.raw)

    def collect(self, token: str) -> Ready | Pending:
        raise NotFound("creditsafe: reports come at once, nothing is pending")

    def look_up(self, subject: Subject, key: str) -> Ready | Pending | None:
        return None

    @property
    def monitoring(self) -> str:
        """Its Global Monitoring, where a portfolio of it is named."""
        return FEED if self._settings.creditsafe_portfolio else ""

    def watch(self, subject: Subject) -> None:
        """Enter the company in the portfolio."""
        asked = {
            "id": subject.ids["creditsafe_id"],
            "personalReference": subject.account,
            "freeText": "",
            "personalLimit": "",
        }
        try:
            self._door.free("POST", *self._portfolio("companies"), log_in=self._log_in(), json=asked)
        except Conflict:
            return

    def unwatch(self, company: str) -> None:
        """Take the company out of the portfolio."""
        self._door.free("DELETE", *self._portfolio("companies"), company, log_in=self._log_in(), lists=True)

    def changes_since(self, cursor: str, today: date) -> Changes:
        """One page of the portfolio's events, by the day on which they were entered: what happened earlier may be entered later.

        The cursor is the day up to which all is known, or that day, the last day asked for and the next page.
        """
        done, until, page = (*cursor.split(), "", "", "")[:3]
        until, number = until or today.isoformat(), int(page or 0)
        ask = {
            "startDate": f"{since(done, today)}T00:00:00", "endDate": f"{until}T23:59:59", "filterByCreatedDate": "true", "page": number,
            "pageSize": EVENTS,
        }  # fmt: skip
        said = self._door.free("GET", *self._portfolio("notificationEvents"), log_in=self._log_in(), params=ask).body
        events = rows(said, "data")
        more = len(events) > 0 and number < int(dig(said, "paging.last") or 0)
        news = tuple(change for row in events if (change := _change(row)))
        return Changes(news, f"{done or until} {until} {number + 1}" if more else until, more)

    def _portfolio(self, what: str) -> tuple[str, ...]:
        return ("monitoring", "portfolios", self._settings.creditsafe_portfolio, what)

    def _log_in(self) -> LogIn:
        given = self._settings
        if not given.creditsafe_username or not given.creditsafe_password.get_secret_value():
            raise AuthFailed("creditsafe: set HEALTHCHECK_CREDITSAFE_USERNAME and HEALTHCHECK_CREDITSAFE_PASSWORD")
        who = (self.name, given.creditsafe_base_url, given.creditsafe_username, given.creditsafe_password)
        return shared(who, self._fetch_token)

    def _fetch_token(self) -> Token:
        said = {"username": self._settings.creditsafe_username, "password": self._settings.creditsafe_password}
        return token_in(self.name, self._door.free("POST", "authenticate", json=said).body, TOKEN_SECONDS, "token")


def _candidate(row: Mapping[str, Any], subject: Subject, exact: bool) -> Candidate:
    name = str(dig(row, "name") or "")
    country, city = dig(row, "country"), dig(row, "address.city")
    sure = confidence(likeness(name, subject.name), exact)
    return Candidate(str(dig(row, "id")), name, sure, country or subject.country, city)


def _change(row: Mapping[str, Any]) -> Change | None:
    """One event; None for what has no number, company or day."""
    ref, company, on = dig(row, "eventId"), dig(row, "company.id"), str(dig(row, "eventDate") or "")[:10]
    try:
        day = date.fromisoformat(on)
    except ValueError:
        return None
    if ref is None or not company:
        return None
    was, now = dig(row, "oldValue"), dig(row, "newValue")
    what = str(dig(row, "summary") or dig(row, "ruleName") or f"rule {dig(row, 'ruleCode')}")
    values = f" ({was} to {now})" if was and now else f" ({now})" if now else ""
    return Change(str(ref), str(company), day, f"{what}{values}")


_: type[Bureau] = Creditsafe
