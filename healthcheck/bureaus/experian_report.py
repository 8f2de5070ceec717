"""Experian's answers in the normal form, whichever report was bought; see ``healthcheck.bureaus.experian`` for its calls.

Traps: in scores, percentiles and risk classes 998 means a bankruptcy within two years and 999 too little data: neither is a number, and
the first is told as a legal event (``experian_legal``); a recommended limit is a number, null or an object, and of a company that could
not be scored it means nothing; there are two envelopes (``success``, ``status``); segments stand in different places, and keys differ in
their capitals. Scores have a scale of their own for each model, so the percentile (0 to 100, best) is taken, with the risk class from 1
(best) to 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from healthcheck.bureaus import reading
from healthcheck.bureaus.base import ACTIVE, FAILED, MISSING, Report
from healthcheck.bureaus.experian_legal import amount, legal, number, scores
from healthcheck.bureaus.vendor import Part, assemble, dig, listed, rows, says

BANDS: Final = ("1", "2", "3", "4", "5")
_RISKS: Final = {
    "low risk": "1",
    "low to medium risk": "2",
    "medium risk": "3",
    "medium to high risk": "4",
    "high risk": "5",
}
_DBT: Final = (
    "creditStatus.currentDbt", "expandedCreditSummary.currentDbt", "tradePaymentSummary.currentDbt",
    "tradePaymentTotals.combinedTradelines.currentDbt",
)  # fmt: skip
_LINKAGE: Final = ("corporateLinkage", "corporateLinkagePartial", "corporateLinkageFull")
_STATUS: Final = {"good_standing": ACTIVE, "in_good_standing": ACTIVE, "reinstated": ACTIVE}


def to_report(body: Mapping[str, Any], as_of: date, bin_number: str = "") -> Report:
    """The normal form of Experian's answer about the company of this BIN; it is as of the day it was bought."""
    results = dig(body, "results") or {}
    parts: dict[str, Part] = {
        "score": lambda: {"score": _score(results)}, "limit": lambda: {"limit": _limit(results)},
        "payment": lambda: {"payment": _payment(results)}, "legal": lambda: legal(results),
        "ownership": lambda: {"ownership": {"owners": _owners(results, bin_number)}}, "status": lambda: {"status": _status(results)},
        "banks": lambda: {"banks_on_file": _banks(results) or None},
    }  # fmt: skip
    base = {"bureau": "experian", "reported_on": as_of.isoformat(), "currency": "USD"}
    report = assemble(base, parts, {})
    if not _went_wrong(body):
        return report
    return assemble(base, parts, {name: FAILED for name in parts if report.sections[name] in (MISSING, FAILED)})


def _went_wrong(body: Mapping[str, Any]) -> bool:
    """Whether the envelope says so: then what is not there has failed."""
    status = str(dig(body, "status") or "success").strip().lower()
    return dig(body, "success") is False or status != "success" or says(dig(body, "errors"))


def _value(score: Any) -> Decimal | None:
    return reading.within(
        reading.number(dig(score, "percentileRanking"), "percentileRanking"), Decimal(0), Decimal(100)
    )


def _band(score: Any) -> str | None:
    """The risk class, by its code or its words (``description`` or ``definition``)."""
    code = str(dig(score, "riskClass.code") or "").strip().removesuffix(".0")
    words = str(dig(score, "riskClass.definition") or dig(score, "riskClass.description") or "").strip().lower()
    return code if code in BANDS else None if code else _RISKS.get(words)


def _scored(results: Any) -> tuple[str, Any] | None:
    """The first score that is one."""
    return next((told for told in scores(results) if _value(told[1]) is not None or _band(told[1])), None)


def _score(results: Any) -> dict[str, Any]:
    found = _scored(results)
    if found is None:
        return {}
    name, score = found
    model = (
        reading.text(dig(score, "modelCode"), "modelCode") or reading.text(dig(score, "modelTitle"), "modelTitle") or ""
    )
    return {
        "value": _value(score), "scale_min": 0, "scale_max": 100, "higher_is_better": True, "band": _band(score), "bands": list(BANDS),
        "model": f"{name} {model}".strip(),
    }  # fmt: skip


def _limit(results: Any) -> dict[str, Any]:
    found = _scored(results)
    return {"amount": amount(dig(found[1], "recommendedCreditLimitAmount")), "currency": "USD"} if found else {}


def _payment(results: Any) -> dict[str, Any]:
    average = number(results, "tradePaymentSummary.monthlyAverageDbt", "expandedCreditSummary.monthlyAverageDbt")
    return {
        "dbt": number(results, *_DBT), "industry": number(results, "executiveSummary.industryDbt"),
        "trend": None if average is None else f"{average.normalize():f} days on average of six months",
    }  # fmt: skip


def _owners(results: Any, bin_number: str) -> list[str]:
    """Parents, up to the ultimate one, unless that is the company itself."""
    told = [row for name in _LINKAGE for row in rows(results, name)]
    above = [row for row in told if "parent" in str(dig(row, "corporateLinkageType") or dig(row, "type")).lower()]
    return listed(
        dig(row, "businessName")
        for row in above
        if dig(row, "matchingBusinessIndicator") is not True and (not bin_number or dig(row, "bin") != bin_number)
    )


def _status(results: Any) -> str | None:
    """By the state where the company was founded; what another state says of its branch there, only if it is good."""
    told = dig(results, "corporateRegistration")
    word = reading.text(dig(told, "statusDescription"), "statusDescription")
    status = "_".join(word.lower().replace("-", " ").split()) if word else None
    status = _STATUS.get(status or "", status)
    foreign = str(dig(told, "domesticForeignIndicator") or "").lower().startswith("foreign")
    return None if foreign and status != ACTIVE else status


def _banks(results: Any) -> list[str]:
    told = rows(results, "commercialBankInformation")
    return listed(dig(row, "institutionName") for row in told if reading.is_nothing(dig(row, "closeDate")))
