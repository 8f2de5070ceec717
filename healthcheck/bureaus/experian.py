"""Experian US Businesses (``HEALTHCHECK_EXPERIAN_*``): log in, search, buy a report by BIN. For companies in the United States.

All calls are POST, and each that is not a search is charged. ``HEALTHCHECK_EXPERIAN_REPORT`` says what one report is: ``multisegments``
(the segments of ``HEALTHCHECK_EXPERIAN_SEGMENTS`` in one billed call), ``premierprofiles`` or ``scores``. ``comments`` carries our key
where the vendor takes it, so that its support can find the call; it protects from nothing, so ``idempotency`` is "none". Traps of the
calls: the subcode of the account stands in each; errors come as HTML too; where to log in is not under the product's path. Those of the
answer: see ``experian_report``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from healthcheck.bureaus import pace
from healthcheck.bureaus.answers import AuthFailed, Malformed, NotFound
from healthcheck.bureaus.base import Bureau, Candidate, Idempotency, Pending, Probe, Ready, Subject
from healthcheck.bureaus.experian_report import to_report
from healthcheck.bureaus.http import Answer, Door, Limits
from healthcheck.bureaus.login import LogIn, Token, shared
from healthcheck.bureaus.vendor import dig, nine_digits, price, rows, token_in
from healthcheck.settings import Settings

PRODUCT: Final = ("businessinformation", "businesses", "v1")
TOKEN_SECONDS: Final = 1500.0  # where the answer does not say; the vendor's usual is half an hour
HOME: Final = (None, "US")


class Experian:
    """The ``experian`` adapter."""

    name = "experian"
    idempotency: Idempotency = "none"
    linked_by = "bin"

    def __init__(self, settings: Settings, limits: Limits | None = None) -> None:
        self._settings = settings
        self._door = Door(self.name, settings.experian_base_url, settings, limits)

    def cost(self) -> Decimal:
        return price(self.name, self._settings.experian_cost_per_pull)

    def rate_limit(self) -> float | None:
        """Requests a minute, where set; the vendor's limits stand in each contract."""
        return self._settings.experian_rate_limit

    def probe(self) -> Probe:
        """Logs in."""
        self._log_in().token()
        mode = next((mode for mode in ("sandbox", "uat") if mode in self._door.base_url), "live")
        return Probe(mode, credentials=True)

    def find(self, subject: Subject) -> Sequence[Candidate]:
        """Free. By name, city (with its state, as "Toledo, OH") and tax number; nobody for an account that is known to be elsewhere."""
        if subject.country not in HOME or not subject.name:
            return []
        log_in = self._log_in()
        pace.keep(self.name, self.rate_limit())
        ask = {"subcode": self._settings.experian_subcode, **_wanted(subject)}
        try:
            found = self._door.free("POST", *PRODUCT, "search", log_in=log_in, json=ask).body
        except NotFound:
            return []
        listed = [_candidate(row) for row in rows(found, "results")]
        return sorted((one for one in listed if one.id), key=lambda one: -one.confidence)

    def order(self, subject: Subject, as_of: date, key: str) -> Ready | Pending:
        """Buy the report of the company that a person linked to the account."""
        number = nine_digits(self.name, subject, self.linked_by)
        answer = self._bought(number, key)
        results = dig(answer.body, "results")
        if not isinstance(results, Mapping) or not results:
            raise Malformed("experian: an answer without results")
        return Ready(to_report(answer.body, as_of, number), answer.raw)

    def _bought(self, number: str, key: str) -> Answer:
        given = self._settings
        ask: dict[str, Any] = {"bin": number, "subcode": given.experian_subcode}
        if given.experian_report == "scores":
            ask |= {"commercialScore": True, "fsrScore": True}
        else:
            ask["comments"] = key
        if given.experian_report == "multisegments":
            ask["dataPoints"] = [one.strip() for one in given.experian_segments.split(",") if one.strip()]
        elif given.experian_model_code:
            ask["modelCode"] = given.experian_model_code
        path = (
            ("reports", "premierprofiles") if given.experian_report == "premierprofiles" else (given.experian_report,)
        )
        return self._door.paid("POST", *PRODUCT, *path, log_in=self._log_in(), json=ask)

    def collect(self, token: str) -> Ready | Pending:
        raise NotFound("experian: reports come at once, nothing is pending")

    def look_up(self, subject: Subject, key: str) -> Ready | Pending | None:
        return None

    def _log_in(self) -> LogIn:
        given = self._settings
        for setting in ("username", "password", "client_id", "client_secret", "subcode"):
            held = getattr(given, f"experian_{setting}")
            if not (held if isinstance(held, str) else held.get_secret_value()).strip():
                raise AuthFailed(f"experian: set HEALTHCHECK_EXPERIAN_{setting.upper()}")
        where = (self.name, given.experian_base_url, given.experian_login_path)
        who = (given.experian_username, given.experian_password, given.experian_client_id, given.experian_client_secret)
        return shared((*where, *who), self._fetch_token)

    def _fetch_token(self) -> Token:
        given = self._settings
        said = {
            "username": given.experian_username, "password": given.experian_password,
            "client_id": given.experian_client_id, "client_secret": given.experian_client_secret,
        }  # fmt: skip
        path = given.experian_login_path.strip("/").split("/")
        return token_in(self.name, self._door.free("POST", *path, json=said).body, TOKEN_SECONDS)


def _wanted(subject: Subject) -> dict[str, str]:
    """``city`` may hold the state: "Toledo, OH 43604"."""
    city, _, rest = (subject.city or "").partition(",")
    state = "".join(rest.split()[:1]).upper()
    tax = re.sub(r"\D", "", subject.ids.get("vat", ""))
    ask = {
        "name": subject.name, "city": city.strip(), "state": state if len(state) == 2 else "", "taxId": tax if len(tax) == 9 else "",
    }  # fmt: skip
    return {name: value for name, value in ask.items() if value}


def _candidate(row: Mapping[str, Any]) -> Candidate:
    """The vendor's reliability code: 90.75 and above is a match, below 79 hardly one."""
    code = dig(row, "reliabilityCode")
    known = isinstance(code, int | Decimal) and not isinstance(code, bool)
    sure = round(min(max(float(code), 0.0), 100.0) / 100, 2) if known else 0.0
    city = dig(row, "address.city")
    name = str(dig(row, "businessName") or "")
    return Candidate(str(dig(row, "bin") or ""), name, sure, "US", city if isinstance(city, str) else None)


_: type[Bureau] = Experian
