"""The field check: what the rep saw, in closed answers.

Answers: activity *busy*, *as_always*, *quiet* or *not_visited*; people *more*, *same* or *fewer*; stock *more*, *same*, *low* or *empty*.
Too quiet or an empty store is a flag; fewer people or low stock alone a watch, both together a flag. What was heard is free text that no
machine judges: it is shown; where it is the only answer, a watch asks a person to read it. The newest answer within ``recent_days`` counts
("not visited" is no answer); of several on one day the worst.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from healthcheck.checks.frames import Judgement, graded, spread
from healthcheck.checks.outcomes import CLEAR, FLAG, UNKNOWN, WATCH
from healthcheck.ledger.columns import Columns

ACTIVITY: Final = {"busy": "busy", "as_always": "as always", "quiet": "too quiet", "not_visited": "not visited"}
PEOPLE: Final = {
    "more": "more people than before",
    "same": "as many people as before",
    "fewer": "fewer people than before",
}
STOCK: Final = {
    "more": "more stock than before",
    "same": "stock as before",
    "low": "low stock",
    "empty": "the store empty",
}
EVIDENCE: dict[str, Any] = {
    "on": pl.Date, "days_ago": pl.Int64, "activity": pl.String, "people": pl.String, "stock": pl.String, "heard": pl.String,
    "by": pl.String,
}  # fmt: skip
NOTHING: Final = "The rep has not been asked yet, or has not answered."
LONGEST: Final = 160  # characters of what was heard, in the sentence


@dataclass(frozen=True)
class Policy:
    recent_days: int = 120


def assess(columns: Columns, as_of: date, policy: Policy, calibration: Any = None) -> pl.DataFrame:  # noqa: ARG001  (learns nothing)
    """The check of every account of ``columns`` (see ``healthcheck.checks.outcomes.FRAME``); ``p`` is always null."""
    seen = columns.observations.filter(pl.col("on") <= as_of).sort("key", "on")
    by_account = seen.partition_by("key", as_dict=True, maintain_order=True)
    judged = [_judge(int(str(key)), frame.to_dicts(), as_of, policy) for (key,), frame in by_account.items()]
    return spread(columns.accounts, judged, EVIDENCE, NOTHING, "no observation")


def _judge(key: int, rows: list[dict[str, Any]], as_of: date, policy: Policy) -> Judgement:
    recent = [row for row in rows if row["on"] > as_of - timedelta(days=policy.recent_days)]
    answers = [row for row in recent if _weigh(row) is not None]
    if answers:
        newest = [row for row in answers if row["on"] == answers[-1]["on"]]
        outcome, share, row = max(
            ((*_certain(row), row) for row in newest), key=lambda one: (graded(one[0], one[1]), _words(one[2]))
        )
        return Judgement(key, outcome, graded(outcome, share), _summary(row, as_of), _facts(row, as_of))
    row = max(recent or rows, key=lambda row: (row["on"], _words(row)))
    if recent:
        return _unknown(
            key,
            row,
            as_of,
            f"The rep has neither visited nor spoken to them ({_day(row['on'], as_of)}).",
            "not visited",
        )
    past = f"Last seen on {_day(row['on'], as_of)}, more than {policy.recent_days} days ago."
    return _unknown(key, row, as_of, past, "observation too old")


def _unknown(key: int, row: dict[str, Any], as_of: date, summary: str, reason: str) -> Judgement:
    return Judgement(key, UNKNOWN, None, summary, _facts(row, as_of) | {"reason": reason})


def _weigh(row: dict[str, Any]) -> tuple[str, float] | None:
    """Outcome and how far up in its range; None where nothing was answered."""
    quiet, empty = row["activity"] == "quiet", row["stock"] == "empty"
    lesser = (row["people"] == "fewer") + (row["stock"] == "low")
    if quiet or empty or lesser == 2:
        return FLAG, 0.3 * (quiet + empty + lesser) - 0.3
    if lesser:
        return WATCH, 0.5
    if row["activity"] in ("busy", "as_always") or row["people"] or row["stock"]:
        return CLEAR, 0.0 if row["activity"] == "busy" else 0.2
    return (WATCH, 0.0) if row["heard"] else None


def _certain(row: dict[str, Any]) -> tuple[str, float]:
    return _weigh(row) or (CLEAR, 0.0)


def _words(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] or "" for name in ("activity", "people", "stock", "heard", "by"))


def _summary(row: dict[str, Any], as_of: date) -> str:
    activity = None if row["activity"] == "not_visited" else ACTIVITY.get(row["activity"])
    said = [activity, PEOPLE.get(row["people"]), STOCK.get(row["stock"]), _heard(row["heard"])]
    return f"Seen on {_day(row['on'], as_of)} by {row['by'] or 'the rep'}: {'; '.join(part for part in said if part)}."


def _heard(text: str | None) -> str | None:
    if not text:
        return None
    plain = " ".join(text.split())
    shown = plain if len(plain) <= LONGEST else plain[: LONGEST - 1].rstrip() + "…"
    return f"heard: “{shown.rstrip('.')}”"


def _facts(row: dict[str, Any], as_of: date) -> dict[str, Any]:
    return {**{name: row[name] for name in EVIDENCE if name != "days_ago"}, "days_ago": (as_of - row["on"]).days}


def _day(on: date, as_of: date) -> str:
    return f"{on.day} {on:%B}" if on.year == as_of.year else f"{on.day} {on:%B %Y}"
