"""Creditsafe's answer in the normal form; see ``healthcheck.bureaus.creditsafe`` for its traps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from healthcheck.bureaus import reading
from healthcheck.bureaus.base import FAILED, Report
from healthcheck.bureaus.vendor import Part, assemble, dig, listed, rows, says, trouble_in

BANDS: Final = ("A", "B", "C", "D", "E")
_SECTIONS: Final = {
    "creditscore": ("score", "limit"), "paymentdata": ("payment",), "negativeinformation": ("legal",),
    "sharecapitalstructure": ("ownership",), "companysummary": ("status",), "otherinformation": ("banks",),
}  # fmt: skip
_COUNTED: Final = (
    ("ccjSummary.exactRegistered", "judgment"), ("ccjSummary.numberOfExact", "judgment"),
    ("legalFilingSummary.judgmentFilings", "judgment"), ("legalFilingSummary.taxLienFilings", "lien"),
)  # fmt: skip


def to_report(body: Mapping[str, Any], as_of: date) -> Report:
    """The normal form of Creditsafe's answer; it is as of the day it was bought."""
    report = dig(body, "report") or {}
    parts: dict[str, Part] = {
        "score": lambda: {"score": _score(report)}, "limit": lambda: {"limit": _limit(report)},
        "payment": lambda: {"payment": _payment(report)}, "legal": lambda: _legal(report),
        "ownership": lambda: {"ownership": {"owners": _owners(report)}}, "status": lambda: {"status": _status(report)},
        "banks": lambda: {"banks_on_file": _banks(report) or None},
    }  # fmt: skip
    base = {"bureau": "creditsafe", "reported_on": as_of.isoformat()}
    return assemble(base, parts, dict.fromkeys(_failed(body), FAILED))


def _rating(report: Any) -> Any:
    return dig(report, "creditScore.currentCreditRating") or dig(report, "companySummary.creditRating")


def _limit(report: Any) -> dict[str, Any]:
    return {
        "amount": dig(_rating(report), "creditLimit.value"),
        "currency": dig(_rating(report), "creditLimit.currency"),
    }


def _owners(report: Any) -> list[str]:
    return listed(dig(row, "name") for row in rows(report, "shareCapitalStructure.shareHolders"))


def _banks(report: Any) -> list[str]:
    return listed(
        dig(row, "bic") or dig(row, "bankCode") or dig(row, "name") for row in rows(report, "otherInformation.bankers")
    )


def _failed(body: Mapping[str, Any]) -> list[str]:
    """Our sections that ``failedSections`` (words, or objects that hold them) names."""
    said = "".join(str(dig(body, "failedSections") or "").lower().split())
    return [ours for theirs, names in _SECTIONS.items() if theirs in said for ours in names]


def _score(report: Any) -> dict[str, Any]:
    """The scale is part of the model: where either changes, scores are not compared."""
    rating = _rating(report)
    low, high = dig(rating, "providerValue.minValue"), dig(rating, "providerValue.maxValue")
    country = dig(report, "companySummary.country") or str(dig(report, "companyId") or "")[:2]
    band = str(dig(rating, "commonValue") or "").strip().upper()
    return {
        "value": dig(rating, "providerValue.value"), "scale_min": low, "scale_max": high,
        "band": band if band in BANDS else None, "bands": list(BANDS), "model": f"{country} {low}-{high}",
        "as_of": dig(report, "creditScore.latestRatingChangeDate"),
    }  # fmt: skip


def _payment(report: Any) -> dict[str, Any]:
    told = {"dbt": "dbt", "industry": "industryDBT", "trend": "paymentTrend"}
    return {ours: dig(report, f"paymentData.{theirs}") for ours, theirs in told.items()}


def _status(report: Any) -> str | None:
    """What kind of trouble, ``active``, ``non-active``; None for the vendor's "Pending" and "Other", which say nothing by themselves."""
    status = str(dig(report, "companySummary.companyStatus.status") or "").lower()
    trouble = trouble_in(dig(report, "companySummary.companyStatus.description"))
    return trouble or {"active": "active", "nonactive": "non-active"}.get(status)


def _legal(report: Any) -> dict[str, Any]:
    """Legal events; nothing at all where the section is absent or says nothing, an empty list where it says that there are none."""
    told = dig(report, "negativeInformation")
    if not says(told):
        return {}
    judgments = [_judgment(row) for row in rows(told, "countyCourtJudgements.registered.exact")]
    insolvency = rows(told, "insolvencyInformation.insolvencyEvents")
    events = [{"kind": "insolvency", "date": dig(row, "date"), "ref": dig(row, "caseNumber")} for row in insolvency]
    if _yes(dig(told, "bankruptcy.hasBankruptcy")) or _yes(dig(told, "legalFilingSummary.bankruptcy")):
        events.append({"kind": "bankruptcy"})
    for path, kind in _COUNTED:
        count = reading.number(dig(told, path), path)
        if count and not (kind == "judgment" and judgments):
            events.append({"kind": kind, "ref": f"{count:f} on file"})
    return {"legal": judgments + events}


def _judgment(row: Mapping[str, Any]) -> dict[str, Any]:
    paid = not reading.is_nothing(dig(row, "ccjPaidDate")) or dig(row, "ccjStatus") == "SS"
    told = {"amount": dig(row, "ccjAmount"), "date": dig(row, "ccjDate"), "ref": dig(row, "caseNumber")}
    return {"kind": "judgment", "open": not paid, **told}


def _yes(value: Any) -> bool:
    return reading.truth(value, "bankruptcy") is True
