"""The credit check in a sentence or two."""

from __future__ import annotations

from datetime import date

from healthcheck import money
from healthcheck.bureaus.base import Report
from healthcheck.checks.credit import numbers
from healthcheck.checks.credit.policy import Part
from healthcheck.checks.outcomes import CLEAR, RANK, UNKNOWN

MOST = 3  # clauses in a summary
_NAMES = {
    "score": "score", "limit": "limit", "payment": "payment behaviour", "legal": "legal filings", "filings": "filings",
    "status": "status", "ownership": "ownership", "banks": "bank",
}  # fmt: skip
_EXPECTED = ("score", "limit")  # a summary says when these are not in the report


def summary(
    now: Report,
    before: Report | None,
    parts: dict[str, Part],
    outcome: str,
    exposure: int,
    currency: str,
    stale: int | None,
) -> str:
    """``stale``: the report's age in days where it is too old, else None."""
    if all(part.outcome == UNKNOWN for part in parts.values()):
        return f"The report of {_day(now.reported_on)} holds nothing that could be judged."
    if outcome == UNKNOWN and stale is not None:
        return f"The last report is {stale // 30} months old ({_day(now.reported_on)}); it said nothing bad."
    alarming = sorted((p for p in parts.values() if p.phrase), key=lambda p: -RANK[p.outcome])
    text = _alarm(now, before, parts, alarming) if alarming else _quiet(now, before, parts, exposure, currency)
    old = f" That report is {stale // 30} months old." if stale is not None else ""
    return text + _not_compared(parts, currency) + old


def _alarm(now: Report, before: Report | None, parts: dict[str, Part], alarming: list[Part]) -> str:
    since = f" since its last report in {_month(before.reported_on, now.reported_on)}" if before else ""
    score, limit = parts["score"], parts["limit"]
    if (
        " fell from " in score.phrase
        and " fell from " in limit.phrase
        and set(map(id, alarming[:2])) == {id(score), id(limit)}
    ):
        clauses = [score.phrase + since, limit.phrase.replace("limit fell from", "limit from")]
    else:
        first = next((p for p in alarming[:MOST] if " fell from " in p.phrase), None)
        clauses = [p.phrase + since if p is first else p.phrase for p in alarming[:2]]
    clauses += [p.phrase for p in alarming[2:MOST]]
    more = f", and {_count(len(alarming) - MOST)}" if len(alarming) > MOST else ""
    joined = clauses[0] if len(clauses) == 1 else ", and ".join([", ".join(clauses[:-1]), clauses[-1]])
    return f"{joined[0].upper()}{joined[1:]}{more}."


def _count(rest: int) -> str:
    return "one more point" if rest == 1 else f"{rest} more points"


def _quiet(now: Report, before: Report | None, parts: dict[str, Part], exposure: int, currency: str) -> str:
    shown = []
    if parts["score"].outcome == CLEAR:
        shown.append(f"{'band' if now.score.band else 'score'} {numbers.label(now.score)}")
    if parts["limit"].outcome == CLEAR:
        shown.append(f"recommended limit {numbers.said(now)} against {money.shown(exposure, currency)} open")
    missing = [_NAMES[name] for name in _EXPECTED if parts[name].outcome == UNKNOWN]
    if missing:
        shown.append(f"{' and '.join(missing)} not in the report")
    head = (
        f"Nothing worse since the last report in {_month(before.reported_on, now.reported_on)}"
        if before
        else "First report on file"
    )
    return f"{head}: {', '.join(shown)}."


def _not_compared(parts: dict[str, Part], currency: str) -> str:
    said = ""
    if parts["score"].evidence.get("model_changed"):
        said += " The bureau changed its scoring model, so the two scores were not compared."
    limit = parts["limit"].evidence
    if limit.get("limit_compared") is False:
        said += f" The limit is not in {currency} and was not compared with what is open."
    return said


def _month(day: date, seen_from: date) -> str:
    """The month; with its year where it could be mistaken."""
    near = (seen_from.year - day.year) * 12 + seen_from.month - day.month < 12
    return f"{day:%B}" if near else f"{day:%B %Y}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
