"""Payments: has the pattern moved, is an invoice out of character, how much lateness is there now?

Three signals, shown apart; the worst speaks. Open invoices count as at least so late as they are now, never left out.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from healthcheck.checks.payments import calibration as _calibration
from healthcheck.checks.payments.accepted import accepted_on, reasoned, rebased
from healthcheck.checks.payments.character import character
from healthcheck.checks.payments.compose import SIGNALS, finding
from healthcheck.checks.payments.drift import drift, windows
from healthcheck.checks.payments.evidence import facts
from healthcheck.checks.payments.habits import habits
from healthcheck.checks.payments.level import level
from healthcheck.checks.payments.policy import Calibration, Policy
from healthcheck.checks.payments.rows import rows
from healthcheck.ledger.columns import Columns

__all__ = ["SIGNALS", "Calibration", "Policy", "assess", "calibrate"]


def calibrate(columns: Columns, as_of: date, policy: Policy) -> Calibration:
    """What the whole book says as of a month-end; the stated defaults for a thin one."""
    return _calibration.learn(columns, as_of, policy)


def assess(columns: Columns, as_of: date, policy: Policy, calibration: Calibration) -> pl.DataFrame:
    """One row for each account, in the form of ``outcomes.FRAME`` plus ``signals``.

    ``p`` is twice the smaller p of drift and out_of_character (Bonferroni), at most 1; a level is no test and has none.
    """
    n = columns.accounts.height
    found = rebased(rows(columns, as_of, policy.history_days), columns, as_of, policy)
    window = windows(found, n, policy)
    spare = columns.accounts["unallocated"].fill_null(0).to_numpy().astype(np.float64)
    parts = {
        "drift": drift(found, window, spare, policy, calibration),
        "out_of_character": character(found, n, policy, calibration),
        "level": level(found, n, policy, calibration),
    }
    accepted = accepted_on(found, columns)
    enough = {"drift": pl.Series(window.baseline_count), "out_of_character": parts["out_of_character"]["earlier"]}
    needed = {"drift": policy.baseline_min, "out_of_character": policy.history_min}
    parts |= {name: reasoned(parts[name], accepted, enough[name], needed[name]) for name in needed}
    known = facts(found, window, policy).with_columns(accepted)
    known = known.hstack(habits(found, window, columns, as_of, policy))
    return finding(columns, found, window, parts, known, calibration)
