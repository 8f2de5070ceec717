"""Coface ICON Data API (``HEALTHCHECK_COFACE_*``): log in, search, order, collect what was ordered when it is ready.

An order is answered by an id; the products are ready within minutes, or after an investigation of days. It may also end as cancelled, or
in a "negative report" because the company was not found, which by the vendor's terms costs nothing. ``customerReference`` carries our
key, and orders are listed by it; but an order is entered some time after it was taken, so that one that is not listed (yet) is never
placed again by itself. Traps: the vendor's spelling of ``proccessingTimeInstruction``; a token without "Bearer" before it; answers that
are lists; 202 for "not finished" and 205 for "cancelled"; pages of 20 as 206; ids that change with the vendor's own supplier.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from pydantic import SecretStr

from healthcheck.bureaus.answers import AuthFailed, Malformed, NotFound, NothingThere, NotListed, Rejected
from healthcheck.bureaus.base import Bureau, Candidate, Idempotency, Pending, Probe, Ready, Subject
from healthcheck.bureaus.coface_report import to_report
from healthcheck.bureaus.http import Answer, Door, Limits
from healthcheck.bureaus.login import LogIn, Token, shared
from healthcheck.bureaus.vendor import confidence, dig, joined, likeness, linked, price, rows, token_in
from healthcheck.errors import UsageError
from healthcheck.settings import Settings

TOKEN_SECONDS: Final = 3000.0  # tokens of the log-in service last an hour
NOT_FINISHED, CANCELLED = 202, 205
REPORT: Final = "-report"  # how the names of reports end; other products are assessments
IDS: Final = ("icon", "easy", "giid")  # the vendor's own numbers, the one it recommends first
_ACCOUNT: Final = re.compile(rb'("accountNumber"\s*:\s*")[^"]*?([^"]{0,4}")', re.IGNORECASE)


class Coface:
    """The ``coface`` adapter."""

    name = "coface"
    idempotency: Idempotency = "lookup"
    linked_by = "coface_id"

    def __init__(self, settings: Settings, limits: Limits | None = None) -> None:
        self._settings = settings
        self._door = Door(self.name, settings.coface_base_url, settings, limits)
        self._desk = Door(self.name, settings.coface_login_url, settings, limits, setting="LOGIN_URL")

    def cost(self) -> Decimal:
        """Of all products together. Raises UsageError where no price is set, or the products cannot be one order."""
        self._products()
        return price(self.name, self._settings.coface_cost_per_pull)

    def rate_limit(self) -> float | None:
        """Requests a minute, where set; the vendor publishes none."""
        return self._settings.coface_rate_limit

    def probe(self) -> Probe:
        """Logs in and asks for the countries."""
        self._get("countries")
        return Probe("sandbox" if "test" in self._door.base_url else "live", credentials=True)

    def find(self, subject: Subject) -> Sequence[Candidate]:
        """Free. By VAT number or company number where there is one, else by name, within the account's country."""
        if not subject.country:
            raise Rejected(f"coface: {subject.account} has no country; the search needs one")
        vat, number = subject.ids.get("vat"), subject.ids.get("company_number")
        exact = f"vat-number#{vat}" if vat else f"registration-number#{number}" if number else ""
        by = {"externalId": exact} if exact else {"companyName": subject.name}
        try:
            found = self._get("companies", countryCode=subject.country.upper(), **by).body
        except NotFound:
            return []
        candidates = [_candidate(row, subject, bool(exact)) for row in rows(found, "items")]
        return sorted((one for one in candidates if one.id), key=lambda one: -one.confidence)

    def order(self, subject: Subject, as_of: date, key: str) -> Ready | Pending:
        """Order the products; what is ready at once is collected next."""
        asked: dict[str, Any] = {**_whom(subject), "customerReference": key, **self._products()}
        if subject.country == "DE" and self._settings.coface_de_interest:
            asked["legitimateInterest"] = self._settings.coface_de_interest
        headers, log_in = self._headers(), self._log_in()
        try:
            answer = self._door.paid("POST", "publications", "orders", log_in=log_in, headers=headers, json=asked)
        except NotFound:
            answer = None
        if answer is None:
            raise NotFound(
                f"coface: has no company {subject.ids['coface_id']} any more; its ids change: healthcheck bureaus find {subject.account}"
            )
        if not isinstance(dig(answer.body, "id"), str):
            raise Malformed("coface: an order was answered without its id")
        return _begun(answer.body)

    def collect(self, token: str) -> Ready | Pending:
        """What was ordered, if all of it is ready. Raises NothingThere where the order ended without a report."""
        found = self._get("publications", "orders", id=token)
        listed = rows(found.body, "items") or [found.body]
        order = next((row for row in listed if dig(row, "id") == token), None)
        if found.status == CANCELLED or _ended(order):
            raise NothingThere("coface: the order was cancelled, nothing is charged")
        parts = rows(order, "publications")
        if found.status == NOT_FINISHED or not parts or not all(dig(part, "status") == "ready" for part in parts):
            return Pending(token)
        return self._collected(token, order, parts)

    def look_up(self, subject: Subject, key: str) -> Ready | Pending | None:
        """The order placed under our key. Raises NotListed where there is none (yet), Rejected where none says whose it is."""
        listed = rows(self._get("publications", "orders", customerReference=key).body, "items")
        ours = next((row for row in listed if dig(row, "customerReference") == key), None)
        if ours is not None:
            return _begun(ours)
        if any(dig(row, "customerReference") is None for row in listed):
            raise Rejected("coface: its list of orders does not say whose they are; look at them in ICON")
        raise NotListed(f"coface: lists no order under our reference {key}")

    def _collected(self, token: str, order: Any, parts: Sequence[Mapping[str, Any]]) -> Ready | Pending:
        answers: dict[str, Answer] = {}
        for part in parts:
            name = str(dig(part, "reportSlug") or dig(part, "assessmentSlug") or dig(part, "id"))
            answers[name] = self._get("publications", id=str(dig(part, "id")), format="json")
            if answers[name].status == NOT_FINISHED:
                return Pending(token)
        report = to_report({name: answer.body for name, answer in answers.items()}, dig(order, "orderDate"))
        raw = joined({name: answer.raw for name, answer in answers.items()})
        return Ready(report, _ACCOUNT.sub(rb"\1****\2", raw))

    def _products(self) -> dict[str, Any]:
        """What an order asks for: one report at most, and any assessments."""
        wanted = self._settings.coface_products
        reports = [slug for slug in wanted if slug.endswith(REPORT)]
        if not wanted or len(reports) > 1:
            raise UsageError(
                "HEALTHCHECK_COFACE_PRODUCTS: one report at most, and any assessments; see docs/bureaus.md"
            )
        how = {
            "language": "EN",
            "format": ["json"],
            "proccessingTimeInstruction": "immediate_if_available_inquiry_otherwise",
        }
        asked: dict[str, Any] = {"report": {"slug": reports[0], **how}} if reports else {}
        assessments = [{"slug": slug, "language": "EN"} for slug in wanted if slug not in reports]
        return asked | ({"assessments": assessments} if assessments else {})

    def _get(self, *path: str, **params: str) -> Answer:
        headers, log_in = self._headers(), self._log_in()
        return self._door.free("GET", *path, log_in=log_in, lists=True, headers=headers, params=params)

    def _headers(self) -> dict[str, SecretStr]:
        return {"x-api-key": self._settings.coface_api_key}

    def _log_in(self) -> LogIn:
        given = self._settings
        if not (
            given.coface_username
            and given.coface_password.get_secret_value()
            and given.coface_api_key.get_secret_value()
        ):
            raise AuthFailed(
                "coface: set HEALTHCHECK_COFACE_USERNAME, HEALTHCHECK_COFACE_PASSWORD and HEALTHCHECK_COFACE_API_KEY"
            )
        who = (self.name, given.coface_login_url, given.coface_username, given.coface_password, given.coface_api_key)
        return shared(who, self._fetch_token, scheme="")

    def _fetch_token(self) -> Token:
        given = self._settings
        said = {"username": given.coface_username, "password": given.coface_password, "grantType": "password"}
        answer = self._desk.free("POST", "token", headers=self._headers(), json=said)
        return token_in(self.name, answer.body, TOKEN_SECONDS, "idToken")


def _begun(order: Mapping[str, Any]) -> Pending:
    """An order that was taken; what is ready is collected without waiting."""
    return Pending(str(dig(order, "id")), 0.0 if dig(order, "status") == "ready" else None)


def _ended(order: Any) -> bool:
    said = str(dig(order, "status") or "").lower()
    return "cancel" in said or "negative" in said


def _whom(subject: Subject) -> dict[str, str]:
    """The account's company as an order names it: a register's number (icon#..., vat-number#...) with its country, or the vendor's id."""
    known = linked("coface", subject, "coface_id").strip()
    if "#" not in known and not known.isdigit():
        return {"companyId": known}
    if not subject.country:
        raise Rejected(f"coface: {subject.account} has no country; a number needs one")
    return {"externalId": known if "#" in known else f"icon#{known}", "countryCode": subject.country.upper()}


def _candidate(row: Mapping[str, Any], subject: Subject, exact: bool) -> Candidate:
    """Its id is the number that the vendor recommends most; the company id where there is none."""
    numbers = {str(dig(one, "repositorySlug")): dig(one, "id") for one in rows(row, "externalIds") if dig(one, "id")}
    best = next((f"{slug}#{numbers[slug]}" for slug in IDS if slug in numbers), str(dig(row, "id") or ""))
    name = str(dig(row, "name") or "")
    sure = confidence(likeness(name, subject.name), exact)
    return Candidate(best, name, sure, dig(row, "address.countryCode") or subject.country, dig(row, "address.city"))


_: type[Bureau] = Coface
