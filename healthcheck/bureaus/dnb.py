"""Dun & Bradstreet Direct+ (``HEALTHCHECK_DNB_*``): log in with key and secret, match, buy data blocks by DUNS number.

A report is one GET of the blocks of ``HEALTHCHECK_DNB_BLOCKS``, charged each time. ``customerReference`` carries our key so that the
vendor's support can find the call; it protects from nothing, so ``idempotency`` is "none". A branch is answered with its head office
(``tradeUp``). Traps of the calls: 401 means a stale token, wrong credentials, or a contract that does not cover what was asked for; 404 of
a search means that nobody is like that; the law wants a reason in Germany. Those of the answer: see ``dnb_report``. There is no sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from healthcheck.bureaus import pace
from healthcheck.bureaus.answers import AuthFailed, Malformed, NotEntitled, NotFound, Rejected
from healthcheck.bureaus.base import Bureau, Candidate, Idempotency, Pending, Probe, Ready, Subject
from healthcheck.bureaus.dnb_report import GONE, operating, to_report
from healthcheck.bureaus.http import Answer, Door, Limits, Sent, basic
from healthcheck.bureaus.login import LogIn, Token, shared
from healthcheck.bureaus.vendor import confidence, dig, likeness, nine_digits, price, rows, token_in
from healthcheck.errors import HealthcheckError
from healthcheck.settings import Settings

TOKEN_SECONDS: Final = 43_200.0  # where the answer does not say; the vendor's usual is a day
PAGE: Final = 10
SURE: Final = 8  # of 10: from this confidence code on a match needs no person
GERMANY: Final = (None, "DE")  # a reason does no harm where the country is not known


class Dnb:
    """The ``dnb`` adapter."""

    name = "dnb"
    idempotency: Idempotency = "none"
    linked_by = "duns"

    def __init__(self, settings: Settings, limits: Limits | None = None) -> None:
        self._settings = settings
        self._door = Door(self.name, settings.dnb_base_url, settings, limits)

    def cost(self) -> Decimal:
        return price(self.name, self._settings.dnb_cost_per_pull)

    def rate_limit(self) -> float | None:
        """Requests a minute, where set; the vendor's limits stand in each contract."""
        return self._settings.dnb_rate_limit

    def probe(self) -> Probe:
        """Logs in."""
        self._log_in().token()
        return Probe("live", credentials=True)

    def find(self, subject: Subject) -> Sequence[Candidate]:
        """Free. By DUNS number where there is one, else by name, city and registered or VAT number within the account's country."""
        ask = self._wanted(subject)
        pace.keep(self.name, self.rate_limit())
        try:
            found = self._door.free("GET", "v1", "match", "cleanseMatch", log_in=self._log_in(), params=ask).body
        except NotFound:
            return []
        by_number = "duns" in ask or "registrationNumber" in ask
        listed = [_candidate(row, subject, by_number) for row in rows(found, "matchCandidates")]
        return sorted((one for one in listed if one.id), key=lambda one: -one.confidence)

    def _wanted(self, subject: Subject) -> Sent:
        if subject.ids.get("duns"):
            return {"duns": nine_digits(self.name, subject, self.linked_by)}
        if not subject.country:
            raise Rejected(f"dnb: {subject.account} has no country; the search needs one")
        ask = {
            "countryISOAlpha2Code": subject.country.upper(), "name": subject.name, "addressLocality": subject.city,
            "registrationNumber": subject.ids.get("company_number") or subject.ids.get("vat"), "candidateMaximumQuantity": PAGE,
        }  # fmt: skip
        return {name: value for name, value in ask.items() if value}

    def order(self, subject: Subject, as_of: date, key: str) -> Ready | Pending:
        """Buy the blocks of the company that a person linked to the account."""
        duns = nine_digits(self.name, subject, self.linked_by)
        blocks = ",".join(self._settings.dnb_blocks.replace(" ", "").split(","))
        ask = {"blockIDs": blocks, "tradeUp": "hq", "customerReference": key}
        if subject.country in GERMANY:
            ask["orderReason"] = self._settings.dnb_de_reason
        answer = self._bought(duns, ask)
        if not dig(answer.body, "organization"):
            raise Malformed("dnb: an answer without an organization")
        return Ready(to_report(answer.body, as_of), answer.raw)

    def _bought(self, duns: str, ask: Sent) -> Answer:
        """The vendor says 401 as well for what the contract does not cover, and 403 when its quota is used up."""
        log_in = self._log_in()
        log_in.token()  # its own refusal is one of the credentials
        problem: HealthcheckError
        try:
            return self._door.paid("GET", "v1", "data", "duns", duns, log_in=log_in, params=ask)
        except AuthFailed:
            problem = AuthFailed(
                "dnb: let us log in and refused the report (401): the contract does not cover HEALTHCHECK_DNB_BLOCKS, "
                "or the key was withdrawn"
            )
        except NotEntitled:
            problem = NotEntitled("dnb: says that the contract or its quota does not cover this (403)")
        raise problem

    def collect(self, token: str) -> Ready | Pending:
        raise NotFound("dnb: reports come at once, nothing is pending")

    def look_up(self, subject: Subject, key: str) -> Ready | Pending | None:
        return None

    def _log_in(self) -> LogIn:
        given = self._settings
        if not given.dnb_key.get_secret_value() or not given.dnb_secret.get_secret_value():
            raise AuthFailed("dnb: set HEALTHCHECK_DNB_KEY and HEALTHCHECK_DNB_SECRET")
        who = (self.name, given.dnb_base_url, given.dnb_auth_version, given.dnb_key, given.dnb_secret)
        return shared(who, self._fetch_token)

    def _fetch_token(self) -> Token:
        """v2 takes JSON and answers ``expiresIn``, v3 takes a form and answers ``expires_in``."""
        head = {"Authorization": basic(self._settings.dnb_key, self._settings.dnb_secret)}
        grant = {"grant_type": "client_credentials"}
        if self._settings.dnb_auth_version == "v2":
            answer = self._door.free("POST", "v2", "token", headers=head, json=grant)
        else:
            answer = self._door.free("POST", "v3", "token", headers=head, form=grant)
        return token_in(self.name, answer.body, TOKEN_SECONDS)


def _candidate(row: Mapping[str, Any], subject: Subject, by_number: bool) -> Candidate:
    """The vendor's confidence code; where a number was asked for, no surer than the names are alike: it may be mistyped."""
    company = dig(row, "organization")
    name = str(dig(company, "primaryName") or "")
    sure = _surety(dig(row, "matchQualityInformation.confidenceCode"))
    if by_number:
        sure = min(sure, confidence(likeness(name, subject.name), exact=True))
    if operating(company) == GONE:
        sure = round(sure * 0.9, 2)
    city, country = (
        dig(company, "primaryAddress.addressLocality.name"),
        dig(company, "primaryAddress.addressCountry.isoAlpha2Code"),
    )
    return Candidate(str(dig(company, "duns") or ""), name, sure, country or subject.country, city)


def _surety(code: Any) -> float:
    """A code of 1..10 as 0..1; from SURE on at 0.9 and above."""
    if isinstance(code, bool) or not isinstance(code, int | Decimal) or not 1 <= code <= 10:
        return 0.0
    return round(0.9 + 0.05 * float(code - SURE), 2) if code >= SURE else float(code) / 10


_: type[Bureau] = Dnb
