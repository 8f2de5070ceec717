"""Coface's products in the normal form; see ``healthcheck.bureaus.coface``.

Two families: reports, which are objects under ``icon``, and assessments, which are lists with a history. Traps: a score of 99 is none,
and 0 is one only where the text beside it says so; a maximum credit of 0 means "no opinion" unless a reason is given with it; the
ratings X and NA are none; the assessment's own scale and that of the full report are two models; reports write days as 20230508, or as
20230000, or with day and month in either order (these are not read).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from healthcheck.bureaus import reading
from healthcheck.bureaus.answers import Malformed, NothingThere
from healthcheck.bureaus.base import Report
from healthcheck.bureaus.vendor import Part, assemble, dig, listed, rows, says, trouble_in

NO_SCORE: Final = "99"
RATINGS: Final = ("@@@@", "@@@", "@@", "@")  # of credit opinions, best first
_ENDED: Final = ("rejected", "revoked", "withdrawn", "dismissed", "closed", "terminated")
_OVER: Final = {"open": "active", "active": "active", "closed": "closed", "inactive": "inactive"}


def to_report(products: Mapping[str, Any], ordered_on: Any) -> Report:
    """The normal form of what an order brought: product name to answer, lists under ``items``.

    Raises NothingThere for a "negative report", Malformed where there is no product that we know.
    """
    given = _Given(products)
    parts: dict[str, Part] = {
        "score": given.score, "limit": given.limit, "payment": given.payment, "legal": given.legal,
        "ownership": lambda: {"ownership": {"owners": listed(dig(row, "name") for row in rows(given.credit, "shareholders"))}},
        "status": given.status,
        "banks": lambda: {"banks_on_file": given.banks() or None},
    }  # fmt: skip
    return assemble({"bureau": "coface", "reported_on": given.reported_on(ordered_on)}, parts, {})


class _Given:
    """What the products say, whichever were ordered. Assessments are the current ones."""

    def __init__(self, products: Mapping[str, Any]) -> None:
        icons = [dig(body, "icon") for body in products.values()]
        self.order = next((dig(icon, "orderStatus") for icon in icons if dig(icon, "orderStatus")), None)
        self.credit = next((dig(icon, "creditReport") for icon in icons if dig(icon, "creditReport")), None)
        self.results = next((dig(icon, "orderResults") for icon in icons if dig(icon, "orderResults")), None)
        self.company = next((dig(icon, "company") for icon in icons if dig(icon, "company")), None)
        self.assessed = {_slug(row): row for body in products.values() for row in _current(rows(body, "items"))}
        if not (self.credit or self.results or self.assessed):
            if "negative" in str(dig(self.order, "status.name") or "").lower():
                raise NothingThere("coface: a negative report (the company was not found), nothing is charged")
            raise Malformed("coface: an answer without a report")

    def reported_on(self, ordered_on: Any) -> str:
        """When it was released; else when it was ordered."""
        released = sorted(str(dig(row, "releaseDate") or "")[:10] for row in self.assessed.values())
        found = _day(dig(self.order, "timestamp")) or (released[-1] if released else "") or str(ordered_on or "")[:10]
        if not found:
            raise Malformed("coface: a report without a date")
        return found

    def score(self) -> dict[str, Any]:
        """0 to 10, best; else the rating of a credit opinion as a band."""
        rated = dig(self.credit, "cceatRating.score.value")
        if _scored(rated, dig(self.credit, "cceatRating.score.name")):
            return _scale(rated, "cceAT", _day(dig(self.credit, "cceatRating.date")))
        for row in self._like("debtor-risk-assessment"):
            value = dig(row, "debtorRiskValue")
            if _scored(value, _text(row)):
                return _scale(value, "DRA", dig(row, "releaseDate"))
        if _scored(dig(self.results, "dra"), dig(self.results, "draDescription")):
            return _scale(dig(self.results, "dra"), "DRA", None)
        return self._rating()

    def _rating(self) -> dict[str, Any]:
        found = [*(dig(row, "rating") for row in self._like("credit-opinion")), dig(self.results, "coRating")]
        band = next((str(one).strip() for one in found if str(one).strip() in RATINGS), None)
        return {"score": {"band": band, "bands": list(RATINGS), "model": "@rating"}} if band else {}

    def limit(self) -> dict[str, Any]:
        """The maximum credit: of the report, else of an opinion."""
        indicator = dig(self.credit, "maximumCredit.indicator")
        found = [_limit(dig(indicator, "fromAmount"), dig(indicator, "currency.value"), dig(indicator, "comment"))]
        for row in [*self._like("advanced-opinion"), *self._like("credit-opinion")]:
            why = rows(row, "decisionDetails")
            found.append(_limit(dig(row, "maxCreditAmount.value"), dig(row, "maxCreditAmount.currency"), why))
        for name in ("aoFinalValue", "coValue"):
            why = dig(self.results, "motivationLabels")
            found.append(_limit(dig(self.results, name), dig(self.results, "currency"), why))
        return next((one for one in found if one), {})

    def payment(self) -> dict[str, Any]:
        """The late payment index has no days; its words are kept as the trend."""
        row = next(iter(self._like("late-payment-index")), None)
        index = dig(row, "paymentIndexValue")
        if reading.is_nothing(index):
            return {}
        return {"payment": {"trend": f"late payment index {index}: {_text(row) or 'no text'}"}}

    def legal(self) -> dict[str, Any]:
        """Insolvencies; none where the report has the list and it is empty, unknown where it has no list."""
        now, more = (
            dig(self.credit, "insolvency.solvencyList"),
            rows(self.credit, "additionalInsolvencies.additionalInsolvencyList"),
        )
        if not isinstance(now, list) and not more:
            return {}
        events = [_insolvency(row) for row in more]
        known = {event["ref"] for event in events}
        told = [_insolvency(row) for row in rows(self.credit, "insolvency.solvencyList")]
        return {"legal": [event for event in told if not any(event["ref"] in ref for ref in known)] + events}

    def status(self) -> dict[str, Any]:
        said = dig(self.credit, "company.status.name") or dig(self.company, "legalStatus")
        return {"status": trouble_in(said) or _OVER.get(str(said or "").strip().lower())}

    def banks(self) -> list[str]:
        return listed(dig(row, "bank.name") for row in rows(self.credit, "bankConnections.bankConnectionsList"))

    def _like(self, slug: str) -> list[Mapping[str, Any]]:
        return [row for name, row in self.assessed.items() if name.startswith(slug)]


def _current(found: list[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """Of each kind of assessment the current one, else the newest."""
    dated = sorted(found, key=lambda row: (dig(row, "isCurrent") is True, str(dig(row, "releaseDate") or "")))
    return {_slug(row): row for row in dated if _slug(row)}.values()


def _slug(row: Mapping[str, Any]) -> str:
    return str(dig(row, "assessmentSlug") or "")


def _text(row: Any) -> str:
    return next((str(dig(one, "full")) for one in rows(row, "descriptions") if dig(one, "full")), "")


def _scored(value: Any, text: Any) -> bool:
    """Whether it is a score, and none of the codes for "no definite assessment is possible"."""
    if reading.is_nothing(value) or str(value).strip() == NO_SCORE:
        return False
    return str(value).strip() != "0" or str(text or "").strip().startswith("0/")


def _scale(value: Any, model: str, on: Any) -> dict[str, Any]:
    scale = {"value": value, "scale_min": 0, "scale_max": 10, "higher_is_better": True}
    return {"score": {**scale, "model": model, "as_of": on}}


def _limit(amount: Any, currency: Any, why: Any) -> dict[str, Any]:
    """Nothing where there is no amount; nought is an amount only with a reason that is not a lack of information."""
    found = reading.number(amount, "limit")
    if found is None or (not found and (not says(why) or "lack of" in str(why).lower())):
        return {}
    return {"limit": {"amount": amount, "currency": currency}}


def _insolvency(row: Mapping[str, Any]) -> dict[str, Any]:
    text = str(dig(row, "text.name") or dig(row, "type.name") or "")
    over = any(word in text.lower() for word in _ENDED)
    court = dig(row, "courtNumber")
    when = _day(dig(row, "courtDecisionDate")) or _day(dig(row, "informationDate"))
    ref = " ".join(part for part in (text, str(court or "")) if part).strip()
    return {"kind": trouble_in(text) or "insolvency", "open": False if over else None, "date": when, "ref": ref}


def _day(value: Any) -> str | None:
    """20230508 (and whatever follows) as a day; None for a year alone (20230000) and anything else."""
    written = str(value or "")[:8]
    if len(written) < 8 or not written.isdigit() or written[4:6] == "00" or written[6:] == "00":
        return None
    return f"{written[:4]}-{written[4:6]}-{written[6:]}"
