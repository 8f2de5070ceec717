"""The bank check: has the customer begun to pay from another bank?

The payers of the last ``recent_days`` are held against those of the ``baseline_days`` before. Same-day payments of one payer are one.

=======================  ==================  =====================  ==============================================
news                     one payment         the old one silent     both in alternation
=======================  ==================  =====================  ==============================================
account, same bank       watch               watch                  clear
bank                     watch               flag from 3 on         clear
bank in a new country    flag                urgent                 watch
payment institution      flag                urgent                 watch
=======================  ==================  =====================  ==============================================

A change that a person confirmed with the customer (a record ``bank_confirmed``) is known from then on.

Excused by what only the whole book shows (the calibration): the customers of one bank all turn up at another (a merger), and accounts
that pay for several customers (a factor, a group's treasury). A return to a bank in the customer's own country is a new bank, not a new
country. The branches of a bank are one bank.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl

from healthcheck.checks.bank import words
from healthcheck.checks.bank.calibration import calibrate
from healthcheck.checks.bank.runs import Calibration, History, Policy, Run, histories
from healthcheck.checks.frames import Judgement, graded, spread
from healthcheck.checks.outcomes import CLEAR, FLAG, UNKNOWN, URGENT, WATCH
from healthcheck.ledger.columns import Columns

__all__ = ["Calibration", "Policy", "assess", "calibrate"]

EVIDENCE: dict[str, Any] = {
    "kind": pl.String, "since": pl.Date, "payments": pl.Int64, "new_bank": pl.String, "new_last4": pl.String, "new_country": pl.String,
    "old_bank": pl.String, "old_last4": pl.String, "old_country": pl.String, "silent_since": pl.Date, "silent_for": pl.Int64,
    "recent_payments": pl.Int64, "baseline_payments": pl.Int64, "rows": pl.List(pl.String),
}  # fmt: skip
MOST_ROWS = 20
_SEVERE = ("new_country", "payment_institution")


def assess(columns: Columns, as_of: date, policy: Policy, calibration: Calibration | None = None) -> pl.DataFrame:
    """The check of every account of ``columns`` (see ``healthcheck.checks.outcomes.FRAME``); ``p`` is always null."""
    judged = [
        _judge(history, as_of, policy) for history in histories(columns, as_of, policy, calibration or Calibration())
    ]
    return spread(columns.accounts, judged, EVIDENCE, words.NOTHING, "no evidence of the payer")


def _judge(history: History, as_of: date, policy: Policy) -> Judgement:
    base = len({run.paid for run in history.baseline})
    counts = {**dict.fromkeys(EVIDENCE), "recent_payments": history.recent, "baseline_payments": base}
    if not history.recent:
        return Judgement(history.key, UNKNOWN, None, words.no_recent(policy), counts | {"reason": "no recent evidence"})
    if base < policy.baseline_runs:
        return Judgement(
            history.key,
            UNKNOWN,
            None,
            words.no_baseline(history, as_of),
            counts | {"reason": "no year to compare with"},
        )
    found = max(_news(history, as_of, policy), key=lambda one: (one[1], one[2]), default=None)
    if found is None:
        return Judgement(
            history.key,
            CLEAR,
            0.0,
            words.known(history, as_of),
            counts | {"kind": "confirmed" if history.confirmed else "known"},
        )
    outcome, score, _, summary, facts = found
    return Judgement(history.key, outcome, score, summary, counts | facts)


Found = tuple[str, float, str, str, dict[str, Any]]  # outcome, score, payer (breaks ties), summary, evidence


def _news(history: History, as_of: date, policy: Policy) -> Iterator[Found]:
    old = (history.known or history.baseline)[-1]
    for (kind, payer), runs in sorted(history.news.items()):
        count = len({run.paid for run in runs})
        silent = len({run.paid for run in runs if run.paid > old.paid})
        between = bool(history.known) and old.paid >= runs[0].paid
        outcome = _outcome(kind, count, silent, between, policy)
        score = graded(outcome, count / 10 if outcome != CLEAR else 0.5)
        summary = (
            words.alternating(runs, old, as_of) if outcome == CLEAR else words.changed(kind, runs, old, silent, as_of)
        )
        yield outcome, score, payer, summary, _facts(kind if outcome != CLEAR else "alternating", runs, old, silent)


def _outcome(kind: str, count: int, silent: int, between: bool, policy: Policy) -> str:
    """``count``: pay runs of the new payer; ``silent``: those since the old one's last; ``between``: the old one paid after the new began.

    Who has truly alternated needs twice the silence; one straggler of the old bank is no alternation.
    """
    alternated = between and count > silent + 1
    switched = silent >= policy.silent_runs * (2 if alternated else 1)
    alternating = between and count > 1 and not switched
    if kind in _SEVERE:
        single = count == 1
        return WATCH if alternating else FLAG if single else URGENT
    if alternating:
        return CLEAR
    return FLAG if switched and kind == "new_bank" else WATCH


def _facts(kind: str, runs: list[Run], old: Run, silent: int) -> dict[str, Any]:
    new = runs[-1]
    invoices = sorted({invoice for run in runs for invoice in run.invoices})
    return {
        "kind": kind, "since": runs[0].paid, "payments": len({run.paid for run in runs}),
        "new_bank": new.bank, "new_last4": new.last4, "new_country": new.country,
        "old_bank": old.bank, "old_last4": old.last4, "old_country": old.country,
        "silent_since": old.paid if silent else None, "silent_for": silent, "rows": invoices[:MOST_ROWS],
    }  # fmt: skip
