"""Which currency a row is in: its own column, the sign beside its amount, what is known of it, the reporting currency."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from healthcheck.intake.cells import CODES, SIGNS
from healthcheck.intake.numbers import to_minor

# signs that several currencies share; the first is meant where nothing else is said
FAMILIES = {
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "CLP", "COP", "ARS", "TWD"),
    "¥": ("JPY", "CNY"),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "kr.": ("DKK", "SEK", "NOK", "ISK"),
}
_FIRST = {sign: family[0] for sign, family in FAMILIES.items()}


def settle(frame: pl.DataFrame, amounts: Sequence[str], known: Sequence[str], reporting: str) -> pl.DataFrame:
    """``currency`` filled in for every row, ``reason`` where sign and column contradict, ``odd`` where a shared sign was guessed.

    ``known`` names columns with a currency known from elsewhere, the surest first.
    """
    if "currency" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias("currency"))
    blank = pl.lit(None, dtype=pl.String)
    if all(frame[f"{name}_coin"].null_count() == frame.height for name in amounts):
        filled = pl.coalesce("currency", *known, pl.lit(reporting))
        return frame.with_columns(filled.alias("currency"), blank.alias("reason"), blank.alias("odd"))
    return _with_coins(frame, amounts, known, reporting)


def _with_coins(frame: pl.DataFrame, amounts: Sequence[str], known: Sequence[str], reporting: str) -> pl.DataFrame:
    coins = [pl.col(f"{name}_coin").replace(SIGNS) for name in amounts]
    named = frame.with_columns(
        pl.coalesce(coins).alias("coin"), pl.coalesce(*known, pl.lit(reporting)).alias("fallback")
    )
    coin, own, fallback = pl.col("coin"), pl.col("currency"), pl.col("fallback")
    shared = coin.is_in(list(FAMILIES)).fill_null(False)
    code = coin.str.to_uppercase()
    guess = pl.when(_of_family(coin, fallback)).then(fallback).otherwise(coin.replace_strict(_FIRST, default=None))
    against = pl.when(shared).then(~_of_family(coin, own)).otherwise(code != own).fill_null(False) & own.is_not_null()
    unlike = pl.any_horizontal([one.is_not_null() & (one != coin) for one in coins])
    reason = (
        pl.when(coin.is_not_null() & ~shared & ~code.is_in(list(CODES)))
        .then(pl.format("{} is no currency that we know", coin))
        .when(unlike)
        .then(pl.lit("the amounts are in two currencies"))
        .when(against)
        .then(pl.format("the amount says {}, the currency is {}", coin, own))
    )
    guessed = shared & own.is_null() & (guess != fallback)
    return named.with_columns(
        pl.coalesce(own, pl.when(shared).then(guess).otherwise(code), fallback).alias("currency"),
        reason.alias("reason"),
        pl.when(guessed).then(pl.format("the sign {} was read as {}", coin, guess)).alias("odd"),
    ).drop("coin", "fallback")


def _of_family(coin: pl.Expr, currency: pl.Expr) -> pl.Expr:
    return pl.any_horizontal(
        [(coin == sign) & currency.is_in(list(family)) for sign, family in FAMILIES.items()]
    ).fill_null(False)


def in_minor_units(frame: pl.DataFrame, amounts: Sequence[str]) -> pl.DataFrame:
    """The columns ``amounts`` as whole minor units; a row with one that is too large gets a ``reason``."""
    worked = frame.with_columns([to_minor(frame, name, "currency") for name in amounts])
    lost = [frame[name].is_not_null() & worked[name].is_null() for name in amounts]
    large = pl.DataFrame(lost).select(pl.any_horizontal(pl.all()).alias("large"))["large"]
    return worked.with_columns(
        pl.when(large).then(pl.lit("the amount is too large")).otherwise("reason").alias("reason")
    )
