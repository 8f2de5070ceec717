"""Three signals made one finding: the worst outcome, one score, one p, the evidence and the sentence."""

from __future__ import annotations

import numpy as np
import polars as pl

from healthcheck.checks import accepted, outcomes, replays
from healthcheck.checks.payments import scale
from healthcheck.checks.payments.drift import Windows
from healthcheck.checks.payments.evidence import numbers
from healthcheck.checks.payments.level import past_due
from healthcheck.checks.payments.policy import Calibration
from healthcheck.checks.payments.rows import Rows
from healthcheck.checks.payments.tarone import Bools, Floats, Ints
from healthcheck.checks.payments.wording import sentence
from healthcheck.ledger.columns import Columns

SIGNALS = ("drift", "out_of_character", "level")
FORESIGHT = {"drift": 0.4, "out_of_character": 0.2, "level": 1.0}  # how much each says of serious lateness to come
_LISTED = 20  # invoice numbers in evidence


def combine(parts: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """outcome, score, p, speaks.

    The outcome is the worst judged signal: what has changed. The score orders accounts by how likely serious lateness is: the chance that
    none of the signals means it, each weighted by its foresight, taken from one; level carries most. So it is at least the level's, and an
    account flagged for a drift alone may come after one that is merely watched. ``p`` is twice the smaller p of the two tests
    (Bonferroni), 1 at most.
    """
    ranks = np.stack([_ranks(parts[name]["outcome"]) for name in SIGNALS])
    scores = np.stack([parts[name]["score"].fill_null(-1.0).to_numpy() for name in SIGNALS])
    worst = np.argmax(ranks + np.maximum(scores, 0) / 2, axis=0)
    rank, at = ranks.max(axis=0), np.arange(ranks.shape[1])
    judged = rank >= 0
    frame = pl.DataFrame({"p_drift": parts["drift"]["p"], "p_character": parts["out_of_character"]["p"]})
    names = {rank: name for name, rank in outcomes.RANK.items()}
    return pl.DataFrame(
        {
            "outcome": [names[int(r)] for r in ranks[worst, at]],
            "score": scale.masked(_score(scores), ~judged),
            "p": frame.select((2 * pl.min_horizontal("p_drift", "p_character")).clip(upper_bound=1.0)).to_series(),
            "speaks": [SIGNALS[w] if good else None for w, good in zip(worst.tolist(), judged.tolist(), strict=True)],
        },
        schema_overrides={"outcome": pl.String, "speaks": pl.String},
    )


def _ranks(names: pl.Series) -> Ints:
    return names.replace_strict(outcomes.RANK, return_dtype=pl.Int64).to_numpy()


def _score(scores: Floats) -> Floats:
    weights = np.array([FORESIGHT[name] for name in SIGNALS])[:, None]
    score: Floats = 1 - np.prod(1 - weights * np.maximum(scores, 0), axis=0)
    return score


def evidence(
    found: Rows, window: Windows, parts: dict[str, pl.DataFrame], facts: pl.DataFrame, said: pl.DataFrame
) -> pl.DataFrame:
    """All that the sentence and the page need, one row an account."""
    drift, odd, level = (parts[name] for name in SIGNALS)
    return facts.with_columns(
        said["outcome"],
        said["speaks"],
        reason=_reason(parts, said),
        drift_reason=drift["reason"],
        character_reason=odd["reason"],
        level_reason=level["reason"],
        terms_changed=drift["terms_changed"],
        shift_days=drift["shift_days"],
        rank_p=drift["rank_p"],
        shift_at_least=drift["shift_at_least"],
        earlier=odd["earlier"],
        earlier_as_late=odd["earlier_as_late"],
        usual_days=odd["usual_days"],
        worst=_worst(found, odd["row"]),
        risk=level["risk"].round(3),
        rows=_rows(found, window, odd["row"], facts, said),
    )


def _reason(parts: dict[str, pl.DataFrame], said: pl.DataFrame) -> pl.Series:
    """Why nothing could be judged: the level's reason says it best, it needs least."""
    reasons = pl.DataFrame({name: parts[name]["reason"] for name in SIGNALS})
    why = pl.coalesce("level", "drift", "out_of_character")
    unjudged = said["outcome"].is_in([outcomes.UNKNOWN, outcomes.NOT_APPLICABLE])
    return reasons.select(pl.when(unjudged).then(why).alias("reason"))["reason"]


def _replayed(speaks: pl.Series, serious: pl.Series, calibration: Calibration) -> pl.Series:
    """How often healthy reviews looked like what speaks, in words; null where there were too few, or where a fact speaks."""
    words = {name: replays.spoken(*counts) or None for name, counts in calibration.replayed.items()}
    said = speaks.replace_strict(words, default=None, return_dtype=pl.String)
    fact = (speaks == "level") & serious & (calibration.serious_score >= scale.FLAG)
    return pl.select(pl.when(~fact.fill_null(False)).then(said)).to_series()


def _worst(found: Rows, row: pl.Series) -> pl.Series:
    """The invoice that stands out most against its account's history."""
    at = row.to_numpy()
    there = at >= 0
    if not len(found.late):
        at = np.zeros(0, dtype=np.int64)
    frame = pl.DataFrame(
        {
            "invoice": _gather(found.number, at, there),
            "days_late": _gather(pl.Series(found.late), at, there),
            "open": _gather(pl.Series(~found.paid), at, there),
            "amount": _gather(pl.Series(np.rint(found.value).astype(np.int64)), at, there),
        }
    )
    return frame.select(pl.struct(pl.all()).alias("worst"))["worst"]


def _gather(values: pl.Series, at: Ints, there: Bools) -> pl.Series:
    places = pl.Series(np.where(there, at, 0) if len(at) else np.zeros(len(there)), dtype=pl.Int64)
    if not len(values):
        return pl.Series([None] * len(there), dtype=values.dtype)
    return pl.select(pl.when(pl.Series(there)).then(values.gather(places))).to_series()


def _rows(found: Rows, window: Windows, odd: pl.Series, facts: pl.DataFrame, said: pl.DataFrame) -> pl.Series:
    """Invoice numbers that show what speaks: the late ones of the recent window, the one that stands out, or those past due and late."""
    speaks, loud = said["speaks"].to_numpy(), ~said["outcome"].is_in([outcomes.CLEAR]).to_numpy()
    step = facts["threshold_days"].to_numpy()
    keep = np.zeros(len(found.late), dtype=np.bool_)
    mine = np.where(loud, speaks, "")[found.account]
    keep |= (mine == "drift") & window.recent & (found.late > step[found.account])
    keep |= (mine == "level") & (past_due(found) | ((found.late > 15) & (found.age < 365)))
    at = odd.to_numpy()
    picked = at[(speaks == "out_of_character") & loud & (at >= 0)]
    keep[picked] = True
    return numbers(found, keep, window.n, _LISTED)


def finding(
    columns: Columns,
    found: Rows,
    window: Windows,
    parts: dict[str, pl.DataFrame],
    facts: pl.DataFrame,
    calibration: Calibration,
) -> pl.DataFrame:
    """The frame that ``assess`` returns."""
    said = combine(parts)
    numbers_ = evidence(found, window, parts, facts, said).with_columns(
        margin_days=pl.lit(calibration.margin_days),
        common_shift_days=pl.lit(calibration.common_shift_days),
        replayed=_replayed(said["speaks"], parts["level"]["serious"], calibration),
    )
    summaries = accepted.told(
        (sentence(one, columns.currency) for one in numbers_.iter_rows(named=True)), facts["new_normal"]
    )
    signals = {name: outcomes.tidy(parts[name].select("outcome", "score", "p")) for name in SIGNALS}
    return outcomes.tidy(
        pl.DataFrame(
            {
                "key": columns.accounts["key"],
                "outcome": said["outcome"],
                "score": said["score"],
                "p": said["p"],
                "summary": summaries,
                "evidence": numbers_.drop("outcome").to_struct("evidence"),
                "signals": pl.DataFrame({name: frame.to_struct(name) for name, frame in signals.items()}).to_struct(
                    "signals"
                ),
            }
        )
    )
