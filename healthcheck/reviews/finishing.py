"""Storing what reviews found: each is done with its findings, flags and standing, or not at all.

The reviews of a unit share a transaction, because a commit costs more than what it commits. Each is stored only if its claim still holds:
one whose lease is lost is left out, and the others are stored all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, bindparam, insert, select, update
from sqlmodel import Session, col

from healthcheck.reviews import flags, leases, standings
from healthcheck.reviews.leases import Claim
from healthcheck.store.session import write
from healthcheck.store.work import Finding, Month, Review

_REVIEW = Review.__table__  # type: ignore[attr-defined]
_FINDING = Finding.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Result:
    """One account as judged: a row of each check's frame, the verdict, and what the review remembers of the books."""

    checks: dict[str, dict[str, Any]]
    verdict: str
    facts: dict[str, Any]
    cycle: int | None


@dataclass(frozen=True)
class Finished:
    """A claim, what was found, and what became of its report (as ``pulls.obtain`` says)."""

    claim: Claim
    result: Result
    report: str


def store(engine: Engine, token: str, month: Month, now: datetime, done: Sequence[Finished]) -> int:
    """One transaction for all of them; how many were stored: those whose claim under ``token`` still holds."""
    with write(engine) as session:
        held = leases.held(session, [one.claim.review_id for one in done], token)
        mine = [one for one in done if one.claim.review_id in held]
        if mine:
            _write(session, month, now, mine)
    return len(mine)


def _write(session: Session, month: Month, now: datetime, done: Sequence[Finished]) -> None:
    connection = session.connection()
    by_id = update(_REVIEW).where(_REVIEW.c.id == bindparam("which"))
    connection.execute(by_id, [_reviewed(one, now) for one in done])
    connection.execute(insert(_FINDING), [_finding(one, name) for one in done for name in one.result.checks])
    ahead = _judged_later(session, [one.claim.account_id for one in done], month.as_of)
    moving = [one for one in done if one.claim.account_id not in ahead]
    flags.apply(session, {one.claim.account_id: _seen(one) for one in moving}, month.month, month.as_of, now)
    turns = {one.claim.account_id: one.result.cycle for one in moving if one.claim.reason != "flagged"}
    standings.reviewed(session, turns, month.as_of)


def _reviewed(one: Finished, now: datetime) -> dict[str, Any]:
    facts = one.result.facts | {"report": one.report}
    return {
        "which": one.claim.review_id, "state": "done", "token": None, "lease_until": None, "error": None, "done_at": now,
        "verdict": one.result.verdict, "exposure": facts["exposure"], "facts": plain(facts),
    }  # fmt: skip


def _finding(one: Finished, check: str) -> dict[str, Any]:
    row = one.result.checks[check]
    return {
        "review_id": one.claim.review_id, "check": check, "outcome": row["outcome"], "score": row["score"], "p": row["p"],
        "summary": row["summary"], "evidence": plain(row["evidence"] or {}), "signals": plain(row.get("signals")),
    }  # fmt: skip


def _seen(one: Finished) -> dict[str, flags.Seen]:
    checks = one.result.checks.items()
    return {name: flags.Seen(row["outcome"], row["score"], row["summary"]) for name, row in checks}


def _judged_later(session: Session, accounts: Sequence[int], as_of: date) -> set[int]:
    """Those that were reviewed as of a later date already: their flags and standings are ahead of this review."""
    later = (col(Review.account_id).in_(accounts), col(Review.state) == "done", col(Month.as_of) > as_of)
    query = select(col(Review.account_id)).join(Month, col(Month.id) == col(Review.month_id)).where(*later)
    return set(session.connection().execute(query).scalars())


def plain(value: Any) -> Any:
    """The same value in JSON types; dates as ISO text."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value
