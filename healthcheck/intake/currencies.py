"""Which currency a row is in: its own column, the sign beside its amount, what is known of it, the reporting currency."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from healthcheck.intake.cells import SIGNS
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
    coin = pl.coalesce([f"{name}_coin" for name in amounts]).replace(SIGNS)
    shared = coin.is_in(list(FAMILIES)).fill_null(False)
    code = pl.when(coin.str.contains("^[A-Za-z]{3}$")).then(coin.str.to_uppercase())
    fallback = pl.coalesce(*known, pl.lit(reporting))
    guess = pl.when(_of_family(coin, fallback)).then(fallback).otherwise(coin.replace_strict(_FIRST, default=None))
    implied = pl.when(shared).then(guess).otherwise(code)
    own = pl.col("currency")
    contradiction = (
        pl.when(shared).then(~_of_family(coin, own)).otherwise(code != own).fill_null(False) & own.is_not_null()
    )
    return frame.with_columns(
        pl.coalesce(own, implied, fallback).alias("currency"),
        pl.when(contradiction)
        .then(pl.lit("the amount says ") + coin + pl.lit(", the currency is ") + own)
        .alias("reason"),
        pl.when(shared & own.is_null() & (guess != fallback))
        .then(pl.lit("the sign ") + coin + pl.lit(" was read as ") + guess)
        .alias("odd"),
    )


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
