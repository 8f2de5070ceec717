"""SEC EDGAR (``HEALTHCHECK_SEC_EDGAR_*``): what companies listed in the United States filed, free of charge, without a key.

One report is one call, the company's submissions by CIK. The SEC lets in only those who name themselves and an address in the
User-Agent, ten requests a second in all; who asks more often is shut out for some ten minutes (403). There is no search by name here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from healthcheck.bureaus.answers import AuthFailed, NotEntitled, NotFound, Rejected, Unreachable
from healthcheck.bureaus.base import Bureau, Candidate, Idempotency, Pending, Probe, Ready, Subject
from healthcheck.bureaus.http import Answer, Door, Limits
from healthcheck.bureaus.monitoring import COMPANY, Changes, since
from healthcheck.bureaus.sec_edgar_report import news_of, to_report
from healthcheck.bureaus.vendor import confidence, dig, likeness
from healthcheck.settings import Settings

DIGITS: Final = 10
ANY_COMPANY: Final = "0000320193"  # a CIK to try the connection with; any will do


class SecEdgar:
    """The ``sec_edgar`` adapter."""

    name = "sec_edgar"
    idempotency: Idempotency = "reread"
    linked_by = "cik"
    monitoring = COMPANY

    def __init__(self, settings: Settings, limits: Limits | None = None) -> None:
        self._settings = settings
        self._door = Door(self.name, settings.sec_edgar_base_url, settings, limits)

    def cost(self) -> Decimal:
        return Decimal(0)

    def rate_limit(self) -> float | None:
        return self._settings.sec_edgar_rate_limit

    def probe(self) -> Probe:
        """Reads one company; there are no credentials to accept."""
        self._get(ANY_COMPANY)
        return Probe("live")

    def find(self, subject: Subject) -> Sequence[Candidate]:
        """The company of the account's CIK, to compare the names. Raises Rejected for an account without one: no search by name."""
        if not subject.ids.get("cik"):
            raise Rejected(
                "sec_edgar: finds nobody by name; look the CIK up at the SEC and say: "
                f"healthcheck bureaus confirm {subject.account} sec_edgar CIK"
            )
        cik = cik_of(subject)
        try:
            found = self._get(cik).body
        except NotFound:
            return []
        name = str(dig(found, "name") or "")
        return [Candidate(cik, name, confidence(likeness(name, subject.name), exact=True), city=_city(found))]

    def order(self, subject: Subject, as_of: date, key: str) -> Ready | Pending:
        """What was filed up to ``as_of``."""
        answer = self._get(cik_of(subject))
        if not isinstance(dig(answer.body, "filings"), Mapping):
            raise Unreachable("sec_edgar: an answer without filings")
        return Ready(to_report(answer.body, as_of), answer.raw)

    def collect(self, token: str) -> Ready | Pending:
        raise NotFound("sec_edgar: reports come at once, nothing is pending")

    def look_up(self, subject: Subject, key: str) -> Ready | Pending | None:
        return None

    def changes_of(self, subject: Subject, cursor: str, today: date) -> Changes:
        """Of what was filed, the events that a report tells of, and notices of late filing."""
        body = self._get(cik_of(subject)).body
        news = news_of(body, subject.ids["cik"], since(cursor, today), today)
        return Changes(tuple(news), today.isoformat())

    def _get(self, cik: str) -> Answer:
        who = self._settings.sec_edgar_user_agent.strip()
        if "@" not in who or not who.isascii() or not who.isprintable():
            raise AuthFailed(
                "sec_edgar: set HEALTHCHECK_SEC_EDGAR_USER_AGENT to your company's name and a mail address, in ASCII; the SEC wants both"
            )
        try:
            return self._door.free("GET", "submissions", f"CIK{cik}.json", headers={"User-Agent": who})
        except NotEntitled:
            said = (
                "the SEC shuts us out (403): too many requests, or a HEALTHCHECK_SEC_EDGAR_USER_AGENT it does not take"
            )
        raise NotEntitled(f"sec_edgar: {said}")


def cik_of(subject: Subject) -> str:
    """The account's CIK in ten digits. Raises NotFound where there is none, Rejected where it is none."""
    linked = subject.ids.get("cik", "")
    if not linked:
        raise NotFound(
            f"sec_edgar: {subject.account} is not linked; healthcheck bureaus confirm {subject.account} sec_edgar CIK"
        )
    digits = linked.strip().upper().removeprefix("CIK").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= DIGITS):
        raise Rejected(f"sec_edgar: the CIK of {subject.account} is not a number of up to {DIGITS} digits")
    return digits.zfill(DIGITS)


def _city(body: Mapping[str, object]) -> str | None:
    city = dig(body, "addresses.business.city")
    return city if isinstance(city, str) else None


_: type[Bureau] = SecEdgar
