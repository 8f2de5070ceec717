"""Amounts as people write them: ``1.234,56``, ``1,234.56``, ``1 234,56``, ``1'234.56``, ``12,50-``, ``(12.50)``, ``EUR 5``, ``5 €``.

What the decimal sign is, each value that can only be read one way tells for its whole column. A value that could be read two ways
(``1.234``) in a column that does not tell is refused. All functions work on whole columns.
"""

from __future__ import annotations

import polars as pl

from healthcheck.money import LARGEST, decimals

_COIN = r"(?:[A-Za-z]{1,3}\$|[A-Za-z]{3}|Fr\.?|kr\.?|zł|Kč|\p{Sc})"
_SHAPE = (
    rf"^(?<c0>{_COIN})?\s*(?<open>\()?\s*(?<s0>[+-])?\s*(?<c1>{_COIN})?\s*(?<s1>[+-])?\s*"
    rf"(?<body>[.,]?\d(?:[\d.,' ]*[\d.,])?)"
    rf"\s*(?<s2>[+-])?\s*(?<c2>{_COIN})?\s*(?<s3>[+-])?\s*(?<close>\))?\s*(?<c3>{_COIN})?$"
)
_AMBIGUOUS = r"^[1-9]\d{0,2}[.,]\d{3}$"
_POINT = r"^(?:\d*\.\d*|\d{1,3}(?:,\d{2,3})*,\d{3}\.\d*|\d{1,3}(?:,\d{2,3})+,\d{3}|\d{1,3}(?:[' ]\d{3})+\.\d*)$"
_COMMA = r"^(?:\d*,\d*|\d{1,3}(?:\.\d{3})+,\d*|\d{1,3}(?:\.\d{3}){2,}|\d{1,3}(?:[' ]\d{3})+,\d*)$"
_WHOLE = r"^(?:\d+|\d{1,3}(?:[' ]\d{3})+)$"
_SIGNS = ["s0", "s1", "s2", "s3"]
_COINS = ["c0", "c1", "c2", "c3"]


def read_numbers(values: pl.Series, decimal: str | None = None) -> pl.DataFrame:
    """Text to ``value`` (plain decimal text, ``-1234.5``), ``coin`` (the currency sign or code beside it) and ``reason``.

    ``decimal`` is the decimal sign of the column, if it is known. A row has a value, or a reason why not, or neither when it is blank.
    """
    raw = values.alias("raw").to_frame()
    parts = raw.with_columns(_tidy(pl.col("raw")).str.extract_groups(_SHAPE).alias("parts")).unnest("parts")
    judged = parts.with_columns(_style(pl.col("body")).alias("style"), _sign().alias("signs"))
    told = [decimal] if decimal else [sign for sign in ".," if (judged["style"] == sign).any()]
    settled = told[0] if len(told) == 1 else None
    point = judged.with_columns(_resolved(settled).alias("point")).with_columns(
        _reason(decimal, settled).alias("reason")
    )
    return point.select(
        pl.when(pl.col("reason").is_null() & pl.col("body").is_not_null()).then(_plain()).alias("value"),
        pl.coalesce(_COINS).alias("coin"),
        "reason",
    )


def _tidy(text: pl.Expr) -> pl.Expr:
    """One kind of space, apostrophe and minus."""
    spaced = text.str.replace_all(r"\s|\x{00A0}|\x{202F}|\x{2009}|\x{2007}", " ")
    return spaced.str.replace_all("[’‘`´]", "'").str.replace_all("[−–—]", "-")


def _style(body: pl.Expr) -> pl.Expr:
    """``.`` or ``,``: the value tells its column's decimal sign; ``whole``; ``?``: may be read two ways; ``bad``."""
    return (
        pl.when(body.is_null())
        .then(None)
        .when(body.str.contains(_WHOLE))
        .then(pl.lit("whole"))
        .when(body.str.contains(_AMBIGUOUS))
        .then(pl.lit("?"))
        .when(body.str.contains(_POINT))
        .then(pl.lit("."))
        .when(body.str.contains(_COMMA))
        .then(pl.lit(","))
        .otherwise(pl.lit("bad"))
    )


def _sign() -> pl.Expr:
    """How many signs stand at the value; a pair of brackets is a minus."""
    return pl.sum_horizontal(pl.col(*_SIGNS, "open").is_not_null().cast(pl.Int8))


def _resolved(settled: str | None) -> pl.Expr:
    """The decimal sign to read each row with; null where it stays open."""
    style = pl.col("style")
    return (
        pl.when(style == "?")
        .then(pl.lit(settled, dtype=pl.String))
        .when(style.is_in([".", ","]))
        .then(style)
        .otherwise(pl.lit("."))
    )


def _reason(decimal: str | None, settled: str | None) -> pl.Expr:
    shown = pl.lit("'") + pl.col("raw").str.slice(0, 40) + pl.lit("'")
    style = pl.col("style")
    broken = (
        (pl.col("open").is_null() != pl.col("close").is_null())
        | (pl.col("signs") > 1)
        | (pl.sum_horizontal(_coins()) > 1)
    )
    both = "and nothing else in the column settles it" if settled is None else ""
    open_ = shown + pl.lit(f" can be read as thousands or as decimals, {both}: give --decimal . or --decimal ,")
    return (
        pl.when(pl.col("raw").is_null())
        .then(None)
        .when(style.is_null() | (style == "bad") | broken)
        .then(shown + pl.lit(" is not a number"))
        .when(pl.lit(decimal is not None) & style.is_in([".", ","]) & (style != pl.lit(decimal or "")))
        .then(shown + pl.lit(f" does not fit --decimal {decimal}"))
        .when(pl.col("point").is_null())
        .then(open_)
        .when(pl.col("body").str.count_matches(r"\d") > 15)
        .then(pl.when(_integer_digits() > 15).then(shown + pl.lit(" is too large")))
    )


def _coins() -> list[pl.Expr]:
    return [pl.col(name).is_not_null().cast(pl.Int8) for name in _COINS]


def _integer_digits() -> pl.Expr:
    return _body().str.extract(r"^0*(\d*)", 1).str.len_chars()


def _body() -> pl.Expr:
    bare = pl.col("body").str.replace_all("[' ]", "")
    point = bare.str.replace_all(",", "", literal=True)
    comma = bare.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return pl.when(pl.col("point") == ",").then(comma).otherwise(point)


def _plain() -> pl.Expr:
    negative = pl.any_horizontal(*[pl.col(name) == "-" for name in _SIGNS], pl.col("open").is_not_null())
    return pl.when(negative.fill_null(False)).then(pl.lit("-")).otherwise(pl.lit("")) + _body()


def to_minor(frame: pl.DataFrame, value: str, currency: str) -> pl.Series:
    """Plain decimal text to whole minor units of the row's currency, rounded half to even; null where blank or too large."""
    places = {code: decimals(code) for code in frame[currency].drop_nulls().unique()}
    worked = frame.select(
        pl.col(value).str.starts_with("-").alias("negative"),
        pl.col(value).str.extract(r"^-?0*(\d*)", 1).alias("whole"),
        (pl.col(value).str.extract(r"\.(\d*)$", 1).fill_null("") + "0000").alias("part"),
        pl.col(currency).replace_strict(places, default=2, return_dtype=pl.Int64).alias("places"),
    )
    head, tail = pl.col("part").str.slice(0, pl.col("places")), pl.col("part").str.slice(pl.col("places"))
    unit = worked.with_columns(
        (pl.col("whole") + head).str.replace(r"^$", "0").cast(pl.Int64, strict=False).alias("units"),
        tail.str.strip_chars_end("0").alias("tail"),
    )
    odd = pl.col("units") % 2 == 1
    up = (pl.col("tail") > "5") | ((pl.col("tail") == "5") & odd)
    rounded = unit.with_columns((pl.col("units") + up.cast(pl.Int64)).alias("units"))
    signed = pl.when(pl.col("negative")).then(-pl.col("units")).otherwise(pl.col("units"))
    return rounded.select(pl.when(pl.col("units") <= LARGEST).then(signed).alias(value))[value]
