"""What Experian knows of bankruptcies, liens, judgments and collections, and how its values are read; see ``experian_report``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from healthcheck.bureaus import reading
from healthcheck.bureaus.vendor import dig, rows, says

BANKRUPT: Final = "998"
_SCORES: Final = ("commercialScore", "fsrScore")
_SUMMARY: Final = ("legalFilingsCollectionsSummary", "expandedCreditSummary")
_FILINGS: Final = (
    ("bankruptcy", ("bankruptcyDetail",), ()),
    ("lien", ("lienDetail", "taxLienDetail"), ("lienCount", "taxLienCount")),
    ("judgment", ("judgmentDetail",), ("judgmentCount",)),
)
_COUNTED: Final = (
    ("charge", ("uccDerogatoryCount",), "derogatory filings"),
    ("other", ("openCollectionCount", "collectionCount"), "collections"),
)
_ENDED: Final = re.compile(r"\b(releas|satisf|discharg|dismiss|vacat|withdr|closed|terminat|paid)", re.IGNORECASE)


def scores(results: Any) -> list[tuple[str, Any]]:
    """The scores by name, wherever they stand."""
    told = [(name, dig(results, name) or dig(results, f"scoreInformation.{name}")) for name in _SCORES]
    return [(name, score) for name, score in told if says(score)]


def amount(value: Any) -> Any:
    """A number as it is, or out of ``{"amount", "modifier"}``."""
    return dig(value, "amount") if isinstance(value, Mapping) else value


def number(results: Any, *paths: str) -> Decimal | None:
    """The first of these that is a number."""
    told = (reading.number(amount(dig(results, path)), path.rpartition(".")[2]) for path in paths)
    return next((one for one in told if one is not None), None)


def legal(results: Any) -> dict[str, Any]:
    """Legal events; an empty list only where bankruptcies are denied, nothing at all where they are not known."""
    events = [event for kind, details, counts in _FILINGS for event in _filings(results, kind, details, counts)]
    bankrupt = any(event["kind"] == "bankruptcy" for event in events)
    if not bankrupt and _bankruptcy(results):
        events.insert(0, {"kind": "bankruptcy", "date": dig(results, "expandedCreditSummary.mostRecentBankruptcyDate")})
    elif not bankrupt and any(_says_bankrupt(score) for _, score in scores(results)):
        events.insert(0, {"kind": "bankruptcy", "ref": "within two years, by the score"})
    for kind, counts, what in _COUNTED:
        count = _counted(results, counts)
        events += [{"kind": kind, "ref": f"{count:f} {what} on file"}] if count else []
    return {"legal": events} if events or _bankruptcy(results) is False else {}


def _filings(results: Any, kind: str, details: tuple[str, ...], counts: tuple[str, ...]) -> list[dict[str, Any]]:
    """One event a document, ended where any row of it says so; else the count alone."""
    told: dict[Any, dict[str, Any]] = {}
    for row in (row for name in details for row in rows(results, name)):
        event = _filing(row, kind)
        key = event["ref"] or len(told)
        told[key] = event if key not in told or event["open"] is False else told[key]
    count = _counted(results, counts)
    return list(told.values()) or ([{"kind": kind, "ref": f"{count:f} on file"}] if count else [])


def _filing(row: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Open unless its action says that it ended; of a bankruptcy the chapter alone says nothing of that."""
    action = str(dig(row, "legalAction") or "")
    state = False if _ENDED.search(action) else True if "filed" in action.lower() else None
    return {
        "kind": kind, "open": state, "date": dig(row, "dateFiled"),
        "amount": amount(dig(row, "liabilityAmount")), "ref": reading.text(dig(row, "documentNumber"), "documentNumber"),
    }  # fmt: skip


def _counted(results: Any, counts: tuple[str, ...]) -> Decimal | None:
    return number(results, *(f"{summary}.{count}" for count in counts for summary in _SUMMARY))


def _bankruptcy(results: Any) -> bool | None:
    """Whether there is one, by the indicator, else by the count."""
    for summary in (*_SUMMARY, "bankruptcySummary"):
        told = reading.truth(dig(results, f"{summary}.bankruptcyIndicator"), "bankruptcyIndicator")
        if told is not None:
            return told
    count = number(results, *(f"{summary}.bankruptcyCount" for summary in (*_SUMMARY, "bankruptcySummary")))
    return None if count is None else count > 0


def _says_bankrupt(score: Any) -> bool:
    """By the code, or by the words of the risk class where that has none."""
    told = (dig(score, path) for path in ("score", "percentileRanking", "riskClass.code"))
    words = f"{dig(score, 'riskClass.definition')} {dig(score, 'riskClass.description')}".lower()
    return any(str(one).strip().removesuffix(".0") == BANKRUPT for one in told) or "bankruptcy on file" in words
