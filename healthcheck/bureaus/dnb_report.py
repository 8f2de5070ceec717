"""D&B's answer in the normal form; see ``healthcheck.bureaus.dnb`` for its calls.

Traps: a block can have failed, or be outside the contract, inside a 200 (``blockStatus``); truths have three states, and null is common;
``delinquencyScore`` is ``{}`` in some countries; a percentile of 0 without a class is no score. Percentiles run from 1 to 100 (best),
classes from 1 (best) to 5. The median of an industry is a PAYDEX, not days, and has no place in the normal form.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from healthcheck.bureaus import reading
from healthcheck.bureaus.base import ACTIVE, FAILED, NOT_ENTITLED, Report
from healthcheck.bureaus.vendor import Part, assemble, dig, listed, rows

GONE: Final = "out_of_business"
_CODES: Final = {"9074": ACTIVE, "128": GONE}
_SECTIONS: Final = {
    "companyinfo": ("status", "banks"), "financialstrengthinsight": ("score", "limit"), "paymentinsight": ("payment",),
    "eventfilings": ("legal", "ownership"), "hierarchyconnections": ("ownership",),
}  # fmt: skip
_OUTSIDE: Final = ("entitl", "authori", "contract", "subscri", "permi", "00004")
_SCORES: Final = (("failureScore", "failure"), ("delinquencyScore", "delinquency"))
_LEGAL: Final = (
    ("Bankruptcy", "bankruptcy", None), ("Insolvency", "insolvency", None), ("Liquidation", "liquidation", None),
    ("SuspensionOfPayments", "moratorium", None), ("Judgments", "judgment", None), ("Liens", "lien", None), ("Suits", "suit", None),
    ("Claims", "other", "claims"), ("FinancialEmbarrassment", "other", "financial embarrassment"),
    ("CriminalProceedings", "other", "criminal proceedings"), ("Debarments", "other", "debarments"),
)  # fmt: skip
_CONTROL: Final = ("hasControlChange", "hasPartnerChange")
_CLEAN: Final = ("hasLegalEvents", "hasBankruptcy", "hasInsolvency")  # one of them is denied where there is nothing


def to_report(body: Mapping[str, Any], as_of: date) -> Report:
    """The normal form of D&B's answer; it is as of the day it was bought."""
    company = dig(body, "organization") or {}
    parts: dict[str, Part] = {
        "score": lambda: {"score": _score(company)}, "limit": lambda: {"limit": _limit(company)},
        "payment": lambda: {"payment": _payment(company)}, "legal": lambda: _legal(company),
        "ownership": lambda: {"ownership": {"owners": _owners(company), "control_changed": _control(company)}},
        "status": lambda: {"status": _status(company)},
        "banks": lambda: {"banks_on_file": listed(dig(row, "name") for row in rows(company, "banks")) or None},
    }  # fmt: skip
    base = {"bureau": "dnb", "reported_on": as_of.isoformat()}
    return assemble(base, parts, _states(body, company))


def operating(company: Any) -> str | None:
    """``active``, ``out_of_business`` or the vendor's own word."""
    told = dig(company, "dunsControlStatus.operatingStatus")
    word = dig(told, "description")
    known = isinstance(word, str) and not reading.is_nothing(word)
    return _CODES.get(str(dig(told, "dnbCode"))) or (word.strip().lower().replace(" ", "_") if known else None)


def _states(body: Mapping[str, Any], company: Any) -> dict[str, str]:
    """What the blocks that did not arrive take with them. A change of control that is known stays known."""
    states: dict[str, str] = {}
    for row in rows(body, "blockStatus"):
        said = str(dig(row, "status") or "").strip().lower()
        if said in ("", "ok", "success"):
            continue
        why = f"{said} {dig(row, 'reason') or ''}".lower()
        state = NOT_ENTITLED if any(word in why for word in _OUTSIDE) else FAILED
        block = str(dig(row, "blockID") or "").lower().partition("_")[0]
        states |= dict.fromkeys(_SECTIONS.get(block, ()), state)
    if any(dig(company, f"significantEvents.{flag}") is True for flag in _CONTROL):
        states.pop("ownership", None)
    return states


def _score(company: Any) -> dict[str, Any]:
    """The failure score, else the delinquency score, else the rating's risk segment; each is a model of its own."""
    told = dig(company, "dnbAssessment")
    for theirs, model in _SCORES:
        found = dig(told, theirs)
        value = reading.within(reading.number(dig(found, "nationalPercentile"), theirs), Decimal(1), Decimal(100))
        band = _class(dig(found, "classScore"), 5)
        if value is not None or band:
            name = dig(found, "scoreModel.description") or dig(found, "scoreModel.dnbCode")
            return {
                "value": value, "scale_min": 1, "scale_max": 100, "higher_is_better": True, "band": band, "bands": list("12345"),
                "model": f"{model} {name or ''}".strip(), "as_of": dig(found, "scoreDate"),
            }  # fmt: skip
    rating = dig(told, "standardRating")
    segment = _class(dig(rating, "riskSegment"), 4)
    said = {"band": segment, "bands": list("1234"), "model": "risk segment", "as_of": dig(rating, "scoreDate")}
    return said if segment else {}


def _class(value: Any, worst: int) -> str | None:
    """A class from 1 to ``worst`` as text; None for anything else."""
    if isinstance(value, bool) or reading.is_nothing(value):
        return None
    written = str(value).strip()
    whole = written.removesuffix(".0")
    return whole if whole in map(str, range(1, worst + 1)) else None


def _limit(company: Any) -> dict[str, Any]:
    told = dig(company, "dnbAssessment.creditLimitRecommendation.maximumRecommendedLimit")
    return {"amount": dig(told, "value"), "currency": dig(told, "currency")}


def _payment(company: Any) -> dict[str, Any]:
    """The first summary; days are beyond terms, or before them where the vendor says so."""
    summary = next((one for row in rows(company, "businessTrading") for one in rows(row, "summary")), {})
    paydex = reading.number(dig(summary, "paydexScore"), "paydexScore")
    before = reading.number(dig(summary, "threeMonthsPriorPaydexScore"), "threeMonthsPriorPaydexScore")
    days = reading.number(dig(summary, "paymentBehaviorDays"), "paymentBehaviorDays")
    sooner = any(
        word in str(dig(summary, "paymentBehaviorResult.description")).lower() for word in ("soon", "early", "before")
    )
    trend = f"PAYDEX {before.normalize():f} three months before" if before is not None and paydex is not None else None
    return {"dbt": -abs(days) if days is not None and sooner else days, "paydex": paydex, "trend": trend}


def _legal(company: Any) -> dict[str, Any]:
    """Legal events; an empty list only where the vendor denies them, nothing at all where it does not know."""
    events = [event for stem, kind, ref in _LEGAL if (event := _event(company, "legalEvents", stem, kind, ref))]
    if not events and (event := _event(company, "legalEvents", "LegalEvents", "other", "legal events")):
        events = [event]
    secured = _event(company, "financingEvents", "SecuredFilings", "charge", "secured filings")
    events += [secured] if secured and secured["open"] is not False else []
    if _truth(company, "dnbAssessment.hasSevereNegativeEvents"):
        events.append({"kind": "other", "open": True, "ref": "severe negative events"})
    if _truth(company, "significantEvents.hasCEOChange"):
        events.append({"kind": "officer_change", "ref": "another chief executive"})
    denied = any(_truth(company, f"legalEvents.{flag}") is False for flag in _CLEAN)
    return {"legal": events} if events or denied else {}


def _event(company: Any, group: str, stem: str, kind: str, ref: str | None) -> dict[str, Any] | None:
    is_open = _truth(company, f"{group}.hasOpen{stem}")
    if not (is_open or _truth(company, f"{group}.has{stem}")):
        return None
    return {"kind": kind, "open": is_open, "ref": ref}


def _control(company: Any) -> bool | None:
    """Whether control changed, by what the vendor says of control and of partners."""
    told = [_truth(company, f"significantEvents.{flag}") for flag in _CONTROL]
    return True if True in told else told[0]


def _owners(company: Any) -> list[str]:
    """The parent and who stands at the top, unless that is the company itself."""
    above = [dig(company, f"corporateLinkage.{one}") for one in ("parent", "globalUltimate")]
    return listed(dig(one, "primaryName") for one in above if dig(one, "duns") != dig(company, "duns"))


def _status(company: Any) -> str | None:
    return "discontinued" if _truth(company, "significantEvents.hasBusinessDiscontinued") else operating(company)


def _truth(company: Any, path: str) -> bool | None:
    return reading.truth(dig(company, path), path.rpartition(".")[2])
