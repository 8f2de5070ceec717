"""The credit check: the newest bureau report against the one before it and against the policy.

Only reports of one bureau, and only scores of one model, are compared. A section that is missing, failed or holds a sentinel is unknown
for its part; the check is unknown when all parts are. The outcome is the worst part's, and ``policy.flags_for_urgent`` parts at flag
together are urgent. A report older than ``policy.stale_days`` still warns, but cannot say that all is well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl

from healthcheck.bureaus.base import Report
from healthcheck.checks.credit import events, numbers, words
from healthcheck.checks.credit.policy import Part, Policy
from healthcheck.checks.frames import Judgement, graded, spread
from healthcheck.checks.outcomes import ALERTS, FLAG, JUDGED, UNKNOWN, URGENT, worst
from healthcheck.errors import UsageError
from healthcheck.ledger.columns import Columns

__all__ = ["Policy", "assess"]

PARTS = ("score", "limit", "payment", "legal", "filings", "status", "ownership", "banks")
EVIDENCE: dict[str, Any] = {
    "bureau": pl.String, "reported_on": pl.Date, "previous_on": pl.Date, "age_days": pl.Int64,
    "parts": pl.Struct(dict.fromkeys(PARTS, pl.String)),
    "score": pl.String, "score_before": pl.String, "model_changed": pl.Boolean,
    "limit": pl.String, "limit_before": pl.String, "limit_currency": pl.String, "limit_compared": pl.Boolean, "exposure": pl.String,
    "dbt": pl.Float64, "dbt_before": pl.Float64, "legal": pl.List(pl.String), "filings_overdue": pl.Boolean, "status": pl.String,
    "control_changed": pl.Boolean, "bank_on_file": pl.List(pl.String),
}  # fmt: skip
NOTHING = "No bureau report yet: none was bought."
NOT_LINKED = "No bureau report: the account is not linked to {}; see: healthcheck bureaus find {}"


def assess(columns: Columns, as_of: date, policy: Policy, calibration: Any = None) -> pl.DataFrame:  # noqa: ARG001  (learns nothing)
    """The check of every account of ``columns`` (see ``healthcheck.checks.outcomes.FRAME``); ``p`` is always null."""
    judged = [_judge(*each, as_of=as_of, currency=columns.currency, policy=policy) for each in _pairs(columns, as_of)]
    frame = spread(columns.accounts, judged, EVIDENCE, NOTHING, "no report")
    return _unlinked(frame, columns.accounts, policy)


def _unlinked(frame: pl.DataFrame, accounts: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Says so where none of the bureaus can be asked, because each needs a link and the account has none."""
    if not policy.bureaus or not all(link for _, link in policy.bureaus):
        return frame
    has = pl.any_horizontal(
        pl.col("links").fill_null("").str.contains(f"{link} ", literal=True) for _, link in policy.bureaus
    )
    names = " or ".join(name for name, _ in policy.bureaus)
    told = accounts.select(~has.alias("unlinked"), pl.format(NOT_LINKED, pl.lit(names), "account").alias("told"))
    mine = pl.col("unlinked") & (pl.col("evidence").struct.field("reason") == "no report")
    evidence = pl.col("evidence").struct.with_fields(reason=pl.lit("not linked"))
    return pl.concat([frame, told], how="horizontal").with_columns(
        summary=pl.when(mine).then("told").otherwise("summary"), evidence=pl.when(mine).then(evidence).otherwise("evidence"),
    ).drop("unlinked", "told")  # fmt: skip


Pair = tuple[int, int, Report | None, Report | None]  # key, exposure, newest, the one before


def _pairs(columns: Columns, as_of: date) -> Iterator[Pair]:
    """For each account with a report: the newest, and the same bureau's report before it."""
    seen = columns.reports.filter(pl.col("as_of") <= as_of, pl.col("reported_on") <= as_of)
    ranked = seen.sort("key", "reported_on", "as_of", "bureau", "body", descending=[False, True, True, False, False])
    newest = ranked.unique("key", keep="first", maintain_order=True).join(
        columns.accounts.select("key", "exposure"), on="key"
    )
    older = ranked.join(
        newest.select("key", "bureau", newest_on="reported_on"), on=["key", "bureau"], maintain_order="left"
    )
    older = older.filter(pl.col("reported_on") < pl.col("newest_on")).unique("key", keep="first", maintain_order=True)
    both = newest.join(older.select("key", before="body"), on="key", how="left", maintain_order="left")
    for key, exposure, body, before in both.select("key", "exposure", "body", "before").iter_rows():
        yield key, exposure, _read(body), _read(before)


def _read(body: str | None) -> Report | None:
    try:
        return Report.from_json(body) if body else None
    except UsageError:
        return None


def _judge(
    key: int, exposure: int, now: Report | None, before: Report | None, *, as_of: date, currency: str, policy: Policy
) -> Judgement:
    if now is None:
        return Judgement(key, UNKNOWN, None, "The bureau's newest report could not be read.", {"reason": "unreadable"})
    parts = {
        "score": numbers.score(now, before, policy), "limit": numbers.limit(now, before, exposure, currency, policy),
        "payment": numbers.payment(now, before, policy), "legal": events.legal(now, before, as_of, policy),
        "filings": events.filings(now, before), "status": events.status(now), "ownership": events.ownership(now, before),
        "banks": events.banks(now, before),
    }  # fmt: skip
    outcome = _combined(parts, policy)
    age = (as_of - now.reported_on).days
    stale = age > policy.stale_days
    if stale and outcome == "clear":
        outcome = UNKNOWN
    summary = words.summary(now, before, parts, outcome, exposure, currency, age if stale else None)
    return Judgement(key, outcome, _score(parts, outcome), summary, _evidence(now, before, parts, age, outcome, stale))


def _combined(parts: dict[str, Part], policy: Policy) -> str:
    outcome = worst(part.outcome for part in parts.values())
    flags = sum(part.outcome in ALERTS for part in parts.values())
    return URGENT if outcome == FLAG and flags >= policy.flags_for_urgent else outcome


def _score(parts: dict[str, Part], outcome: str) -> float | None:
    """The worst part's score; raised into the outcome's own range where parts together made it worse."""
    if outcome not in JUDGED:
        return None
    highest = max(part.score for part in parts.values() if part.score is not None)
    return max(highest, graded(outcome, 0.0))


def _evidence(
    now: Report, before: Report | None, parts: dict[str, Part], age: int, outcome: str, stale: bool
) -> dict[str, Any]:
    reason = None
    if outcome == UNKNOWN:
        reason = (
            "report too old"
            if stale and any(part.outcome != UNKNOWN for part in parts.values())
            else "nothing in the report to judge"
        )
    facts: dict[str, Any] = {
        "bureau": now.bureau, "reported_on": now.reported_on, "previous_on": before.reported_on if before else None, "age_days": age,
        "parts": {name: part.outcome for name, part in parts.items()}, "reason": reason,
    }  # fmt: skip
    return {
        **dict.fromkeys(EVIDENCE),
        **facts,
        **{name: value for part in parts.values() for name, value in part.evidence.items()},
    }
