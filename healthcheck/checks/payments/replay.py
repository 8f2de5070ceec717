"""What the alerts would have been: the book reviewed again as of its earlier month-ends, with the very same functions.

Only reviews of healthy accounts count: nothing has come of them since, neither a drift that shows at the calibration's date nor an item
then ``GONE`` days past due. Of those, each signal may alert what a credit team can bear; the limits give way to that, and never below the
stated defaults. An item ``Policy.serious_days`` past due is flagged as a fact and is no false alarm, unless in this book more than
``CROWDED`` of the healthy accounts have one at any time: then it is watched, and the limits choose the worst.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from healthcheck.checks import outcomes, replays
from healthcheck.checks.payments import level as levels
from healthcheck.checks.payments import scale
from healthcheck.checks.payments.character import rarest
from healthcheck.checks.payments.drift import Windows, drift, windows
from healthcheck.checks.payments.policy import MARGINS, Calibration, Policy
from healthcheck.checks.payments.rows import Rows, count, replayed, rows
from healthcheck.checks.payments.tarone import Bools, Floats
from healthcheck.ledger.columns import Columns

Relearn = Callable[[Rows, Windows, Policy, Calibration], Calibration]
GONE = 90  # days past due at the calibration's date: what was seen before was no false alarm
BEARABLE = (0.05, 0.01, 0.002)  # share of healthy reviews that a signal may watch, flag, call urgent
CEILING = (0.98, 0.998, 0.9995)  # of the limits of level
STRICTEST = 0.02  # of the default limits of out_of_character
DRIFT_BEARABLE = 0.005
CROWDED = 0.02


@dataclass(frozen=True)
class Review:
    """One replayed month-end, ``back`` days ago: the rows as known then, who was healthy since, and who owed what is serious."""

    back: int
    found: Rows
    window: Windows
    known: Calibration
    healthy: Bools
    serious: Bools


@dataclass(frozen=True)
class Seen:
    """Of all healthy reviews that could be judged, one after the other: the risk of level, the smallest chance of out_of_character."""

    risks: Floats
    chances: Floats


def learn(columns: Columns, on: date, policy: Policy, known: Calibration, relearn: Relearn) -> Calibration:
    """The calibration with its limits fitted to the replay, and with what the replay alerted; as it was where too little is there."""
    reviews = replay(replays.part(columns), on, policy, known, relearn)
    seen, crowded = _seen(reviews, policy)
    known = replace(known, serious_score=scale.WATCH if crowded else scale.FLAG)
    known = replace(known, level=_level(seen.risks, known), odd=_odd(seen.chances, known))
    known, drifted = _margin(reviews, policy, known)
    counts = {
        "drift": drifted,
        "out_of_character": [int((seen.chances <= known.odd[1]).sum()), len(seen.chances)],
        "level": [int((seen.risks >= known.level[1]).sum()), len(seen.risks)],
    }
    return replace(known, replayed=counts)


def replay(columns: Columns, on: date, policy: Policy, known: Calibration, relearn: Relearn) -> list[Review]:
    """The reviews of the calibration's own date and of the month-ends before it."""
    n, days = columns.accounts.height, [0, *((on - day).days for day in replays.month_ends(on))]
    every = rows(columns, on, policy.history_days + days[-1])
    since = _unharmed(every, n, policy, known)
    return [_review(back, every, n, since, policy, known, relearn) for back in days]


def _unharmed(every: Rows, n: int, policy: Policy, known: Calibration) -> Bools:
    """Accounts of which nothing has come by the calibration's date."""
    now = replayed(every, 0, policy.history_days)
    watched = drift(now, windows(now, n, policy), np.zeros(n), policy, known)["score"].fill_null(0.0).to_numpy() >= 0.4
    gone = count(now.account, ~now.paid & (now.late > GONE), n) > 0
    return np.asarray(~watched & ~gone, dtype=np.bool_)


def _review(
    back: int, every: Rows, n: int, since: Bools, policy: Policy, known: Calibration, relearn: Relearn
) -> Review:
    found = replayed(every, back, policy.history_days)
    window = windows(found, n, policy)
    then = relearn(found, window, policy, known)
    return Review(back, found, window, then, since, levels.serious(found, n, policy))


def _seen(reviews: list[Review], policy: Policy) -> tuple[Seen, bool]:
    """And whether too many of the healthy owed what is serious for that to be news."""
    crowded = _crowded(reviews, policy)
    risks, chances = [np.zeros(0)], [np.zeros(0)]
    for one in reviews:
        n, counted = one.window.n, one.healthy & (crowded | ~one.serious)
        risks.append(levels.risk(one.found, n, policy, one.known)[_active(one, policy) & counted])
        least, judged = rarest(one.found, n, policy, one.known)
        chances.append(least[judged & counted])
    return Seen(np.concatenate(risks), np.concatenate(chances)), crowded


def _crowded(reviews: list[Review], policy: Policy) -> bool:
    healthy = np.concatenate([_active(one, policy) & one.healthy for one in reviews])
    serious = np.concatenate([one.serious for one in reviews])[healthy]
    return len(serious) >= replays.ENOUGH and float(serious.mean()) > CROWDED


def _active(one: Review, policy: Policy) -> Bools:
    """Who is judged by level, but for those who only owe."""
    due = count(one.found.account, one.found.age < policy.baseline_days, one.window.n)
    return np.asarray(due >= policy.level_min, dtype=np.bool_)


def _level(risks: Floats, known: Calibration) -> list[float]:
    """The risks that ``BEARABLE`` shares of the healthy reviews pass; never less than the defaults, never out of reach."""
    if len(risks) < replays.ENOUGH:
        return known.level
    limits = np.clip(np.quantile(risks, 1 - np.array(BEARABLE)), known.level, CEILING)
    return [round(float(limit), 5) for limit in limits]


def _odd(chances: Floats, known: Calibration) -> list[float]:
    """The chances that ``BEARABLE`` shares of the healthy reviews fall below; never more than the defaults."""
    if len(chances) < replays.ENOUGH:
        return known.odd
    borne = float(np.quantile(chances, BEARABLE[1], method="lower"))
    part = min(1.0, max(STRICTEST, 0.999 * borne / known.odd[1]))
    return [round(limit * part, 9) for limit in known.odd]


def _margin(reviews: list[Review], policy: Policy, known: Calibration) -> tuple[Calibration, list[int]]:
    """The smallest margin, from the present one on, that alerts a bearable share; and what it alerts of how many."""
    for margin in (days for days in MARGINS if days >= known.margin_days):
        tried = replace(known, margin_days=margin)
        alerts, judged = _drifts(reviews, policy, tried)
        if judged < replays.ENOUGH or alerts <= DRIFT_BEARABLE * judged:
            break
    return (tried if judged >= replays.ENOUGH else known), [alerts, judged]


def _drifts(reviews: list[Review], policy: Policy, tried: Calibration) -> tuple[int, int]:
    """Alerts and reviews, of month-ends whose recent window has nothing in common with the one that says who is healthy."""
    alerts = judged = 0
    for one in (review for review in reviews if review.back >= policy.recent_days):
        then = replace(one.known, margin_days=tried.margin_days, urgent_p=tried.urgent_p)
        outcome = drift(one.found, one.window, np.zeros(one.window.n), policy, then)["outcome"]
        mine = outcome.filter(outcome.is_in(outcomes.JUDGED) & pl.Series(one.healthy))
        alerts, judged = alerts + int(mine.is_in(outcomes.ALERTS).sum()), judged + len(mine)
    return alerts, judged
