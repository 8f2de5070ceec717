"""Score, recommended limit and payment behaviour: the newest report against the one before and against the policy."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from healthcheck import money
from healthcheck.bureaus.base import Report, Score
from healthcheck.checks.credit.policy import NOT_KNOWN, Part, Policy, part, step
from healthcheck.checks.outcomes import CLEAR, FLAG, RANK, URGENT, WATCH

# PAYDEX to days beyond terms, Dun & Bradstreet's published key
PAYDEX_DAYS = ((0, 180), (20, 120), (30, 90), (40, 60), (50, 30), (60, 22), (70, 15), (80, 0), (90, -20), (100, -30))


def score(now: Report, before: Report | None, policy: Policy) -> Part:
    """How far the score fell within the same model, and where it stands."""
    if not now.has("score"):
        return NOT_KNOWN
    at = position(now.score, policy)
    old = before.score if before and before.has("score") else None
    same = old is not None and old.model == now.score.model
    bands, share = (_band_fall(now.score, old, policy), _scale_fall(now.score, old)) if same and old else (None, None)
    if at is None and bands is None and share is None:
        return NOT_KNOWN if old is None else Part(NOT_KNOWN.outcome, evidence={"model_changed": not same})
    fell = step(bands, policy.bands_watch, policy.bands_flag) if bands is not None else CLEAR
    if bands is None and share is not None:
        fell = step(share, policy.scale_fall_watch, policy.scale_fall_flag)
    level = step(at, policy.position_watch, policy.position_flag) if at is not None else CLEAR
    outcome = max(fell, level, key=RANK.__getitem__)
    words = {
        "score": label(now.score),
        "score_before": label(old) if old else None,
        "model_changed": old is not None and not same,
    }
    depth = max(at or 0.0, (bands or 0) / 4, share or 0.0)
    if fell != CLEAR and old:
        return part(outcome, depth, f"the bureau's score fell from {label(old)} to {label(now.score)}", **words)
    return part(outcome, depth, f"the bureau's score is {label(now.score)}{_of(now.score, policy)}", **words)


def position(given: Score, policy: Policy) -> float | None:
    """Where the score stands between best (0) and worst (1); None where its scale is not known."""
    bands = _bands(given, policy)
    if given.band is not None and given.band in bands and len(bands) > 1:
        return bands.index(given.band) / (len(bands) - 1)
    if given.value is None or given.scale_min is None or given.scale_max is None or given.higher_is_better is None:
        return None
    width = given.scale_max - given.scale_min
    if width <= 0:
        return None
    good = float((given.value - given.scale_min) / width)
    return 1 - good if given.higher_is_better else good


def label(given: Score) -> str:
    """The band, else the number, as people say it."""
    if given.band is not None:
        return given.band
    top = f" of {given.scale_max.normalize():f}" if given.scale_max is not None else ""
    return f"{given.value.normalize():f}{top}" if given.value is not None else "not given"


def _of(given: Score, policy: Policy) -> str:
    bands = _bands(given, policy)
    return f" on a scale from {bands[0]} to {bands[-1]}" if given.band in bands else ""


def _bands(given: Score, policy: Policy) -> tuple[str, ...]:
    return given.bands or (tuple(policy.letters) if given.band and given.band in tuple(policy.letters) else ())


def _band_fall(now: Score, old: Score, policy: Policy) -> int | None:
    """Bands lost; negative: gained. None where the two are not on one list."""
    bands = _bands(now, policy)
    if bands != _bands(old, policy) or now.band not in bands or old.band not in bands:
        return None
    return bands.index(now.band) - bands.index(old.band)


def _scale_fall(now: Score, old: Score) -> float | None:
    """The share of the scale lost."""
    scale = (now.scale_min, now.scale_max, now.higher_is_better)
    if (
        scale != (old.scale_min, old.scale_max, old.higher_is_better)
        or None in scale
        or now.value is None
        or old.value is None
    ):
        return None
    width = float(now.scale_max - now.scale_min)  # type: ignore[operator]
    lost = float(old.value - now.value) * (1 if now.higher_is_better else -1)
    return lost / width if width > 0 else None


def limit(now: Report, before: Report | None, exposure: int, currency: str, policy: Policy) -> Part:
    """The recommended limit: cut since the last report, or below what is open (both in the reporting currency)."""
    amount = now.limit.amount
    if not now.has("limit") or amount is None:
        return NOT_KNOWN
    old = (
        before.limit.amount if before and before.has("limit") and before.limit.currency == now.limit.currency else None
    )
    cut = float(1 - amount / old) if old is not None and old > 0 else 0.0
    here = now.limit.currency == currency
    open_amount = money.to_decimal(exposure, currency)
    over = here and open_amount > amount
    excess = float(open_amount / amount - 1) if over and amount > 0 else float(over)
    cut_outcome = step(cut, policy.limit_cut_watch, policy.limit_cut_flag)
    over_outcome = (FLAG if excess > policy.limit_over_flag or cut_outcome != CLEAR else WATCH) if over else CLEAR
    outcome = URGENT if over and amount == 0 and cut > 0 else max(cut_outcome, over_outcome, key=RANK.__getitem__)
    words = {
        "limit": str(amount), "limit_before": None if old is None else str(old), "limit_currency": now.limit.currency,
        "exposure": money.plain(exposure, currency), "limit_compared": here,
    }  # fmt: skip
    return part(
        outcome, max(cut, 1 - 1 / (1 + excess)), _limit_phrase(now, old, cut_outcome, over, exposure, currency), **words
    )


def _limit_phrase(now: Report, old: Decimal | None, cut: str, over: bool, exposure: int, currency: str) -> str:
    shown = said(now)
    below = f", below the {money.shown(exposure, currency)} open" if over else ""
    if cut != CLEAR and old is not None:
        return f"its recommended limit fell from {amount_shown(old, now.limit.currency)} to {shown}{below}"
    return f"its recommended limit is {shown}{below}"


def said(report: Report) -> str:
    """The recommended limit as people say it."""
    return amount_shown(report.limit.amount or Decimal(0), report.limit.currency)


def amount_shown(amount: Decimal, currency: str | None) -> str:
    places = 0 if amount == amount.to_integral_value() or abs(amount) >= 100 else 2
    return f"{currency} {amount:,.{places}f}" if currency else f"{amount:,.{places}f} (no currency given)"


def payment(now: Report, before: Report | None, policy: Policy) -> Part:
    """Days beyond terms with other suppliers, from PAYDEX where the days are not given."""
    days = days_beyond_terms(now)
    if days is None:
        return NOT_KNOWN
    old = days_beyond_terms(before) if before else None
    rise = days - old if old is not None else 0.0
    rose = step(rise, policy.dbt_rise_watch, policy.dbt_rise_flag)
    outcome = max(rose, step(days, policy.dbt_watch, policy.dbt_flag), key=RANK.__getitem__)
    phrase = f"it pays other suppliers {days:.0f} days late"
    if rose != CLEAR and old is not None:
        phrase += f", {old:.0f} before" if old > 0 else ", on time before"
    words = {"dbt": round(days, 1), "dbt_before": None if old is None else round(old, 1)}
    return part(outcome, max(days / 90, rise / 45), phrase, **words)


def days_beyond_terms(report: Report) -> float | None:
    if not report.has("payment"):
        return None
    if report.payment.dbt is not None:
        return float(report.payment.dbt)
    if report.payment.paydex is None:
        return None
    return _interpolated(float(report.payment.paydex))


def _interpolated(paydex: float) -> float:
    for (low, slow), (high, quick) in pairwise(PAYDEX_DAYS):
        if paydex <= high:
            return slow + (quick - slow) * (paydex - low) / (high - low)
    return float(PAYDEX_DAYS[-1][1])
