"""Dates as people write them. ISO first; ``31.12.2025`` is day, month, year; ``1/2/2025`` needs its column, or a format, to settle it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

import polars as pl

from healthcheck.errors import UsageError

_TIME = re.compile(r"[T ]+\d{1,2}[:.]\d{2}.*$|T\d{4,6}Z?$")
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})|(\d{4})(\d{2})(\d{2})")
_DOTTED = re.compile(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})")
_SLASHED = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})")
_NAMED = re.compile(r"(?:[a-z]{2,9}, )?(\d{1,2})[. /-]+([^\W\d]{3,9})[. /,-]+(\d{4})")
_NAMED_FIRST = re.compile(r"([^\W\d]{3,9})[. ]+(\d{1,2})[, ]+(\d{4})")
_SHORT_YEAR = re.compile(r"\d{1,2}([./-])(?:\d{1,2}|[^\W\d]{3,9})\1\d{2}")
_NEVER = re.compile(r"0+|0{4}-0{2}-0{2}|0{2}[./]0{2}[./]0{4}")
_MONTHS = {name: at for at, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_MONTHS |= {"mär": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12}

Reading = tuple[date | None, str | None]


def read_dates(values: pl.Series, written: str | None = None) -> pl.DataFrame:
    """Text to ``value`` (a date) and ``reason`` (why not); ``written`` is a strptime format that goes before the usual ones."""
    return _by_distinct(values, dict(_readings(values.drop_nulls().unique(), written)))


def read_months(values: pl.Series, written: str | None = None) -> pl.DataFrame:
    """As ``read_dates``, to the first day of the month; ``2026-11``, ``11/2026`` and ``Nov 2026`` will do too."""
    distinct = values.drop_nulls().unique()
    short = {text: _month(text) for text in distinct}
    dated = dict(_readings((text for text in distinct if short[text] is None), written))
    return _by_distinct(values, {text: _first(short[text] or dated[text]) for text in distinct})


def check_format(written: str) -> None:
    """Raise UsageError unless a date survives being written and read with this format."""
    sample = date(2013, 11, 28)
    try:
        kept = datetime.strptime(sample.strftime(written), written).date() == sample  # noqa: DTZ007
    except ValueError:
        kept = False
    if not kept:
        raise UsageError(f"--date-format {written!r} does not describe a day, a month and a year; e.g. %m/%d/%Y")


def _by_distinct(values: pl.Series, readings: dict[str, Reading]) -> pl.DataFrame:
    table = pl.DataFrame(
        {
            "text": list(readings),
            "value": [day for day, _ in readings.values()],
            "reason": [why for _, why in readings.values()],
        },
        schema={"text": pl.String, "value": pl.Date, "reason": pl.String},
    )
    return (
        values.alias("text")
        .to_frame()
        .join(table, on="text", how="left", maintain_order="left")
        .select("value", "reason")
    )


def _readings(texts: Iterable[str], written: str | None) -> Iterable[tuple[str, Reading]]:
    texts = list(texts)
    order = _order(texts)
    return ((text, _one(text, written, order)) for text in texts)


def _order(texts: Iterable[str]) -> str | None:
    """``MD`` or ``DM``, as the slashed dates that can only be one of them say; null when none does, or they disagree."""
    orders = set()
    for text in texts:
        if found := _SLASHED.fullmatch(_TIME.sub("", text)):
            first, second = int(found[1]), int(found[3])
            if (first > 12) != (second > 12):
                orders.add("DM" if first > 12 else "MD")
    return orders.pop() if len(orders) == 1 else None


def _one(text: str, written: str | None, order: str | None) -> Reading:
    if written and (day := _formatted(text, written)):
        return _plausible(text, day)
    bare = _TIME.sub("", text).strip()
    if _NEVER.fullmatch(bare):
        return None, None
    if found := _ISO.fullmatch(bare):
        year, month, day_ = (found[1], found[3], found[4]) if found[1] else (found[5], found[6], found[7])
        return _made(text, year, month, day_)
    if written:
        return None, f"'{text[:40]}' is neither YYYY-MM-DD nor written as --date-format {written}"
    return _usual(text, bare, order)


def _usual(text: str, bare: str, order: str | None) -> Reading:
    if found := _DOTTED.fullmatch(bare):
        return _made(text, found[3], found[2], found[1])
    if found := _SLASHED.fullmatch(bare):
        return _slashed(text, found, order)
    if (named := _named(bare)) is not None:
        return _made(text, *named)
    if _SHORT_YEAR.fullmatch(bare):
        return None, f"'{text[:40]}' has a year of two digits: give --date-format, e.g. %d.%m.%y"
    return None, f"'{text[:40]}' is not a date: write YYYY-MM-DD or give --date-format"


def _slashed(text: str, found: re.Match[str], order: str | None) -> Reading:
    first, second = int(found[1]), int(found[3])
    if first > 12 or second > 12:
        order = "DM" if first > 12 else "MD"
    if order is None and first != second:
        formats = "--date-format %d/%m/%Y or --date-format %m/%d/%Y".replace("/", found[2])
        return (
            None,
            f"'{text[:40]}' may be day first or month first, and nothing else in the column settles it: give {formats}",
        )
    return _made(text, found[4], found[1], found[3]) if order == "MD" else _made(text, found[4], found[3], found[1])


def _named(bare: str) -> tuple[str, str, str] | None:
    low = bare.lower()
    if found := _NAMED.fullmatch(low):
        day, name, year = found[1], found[2], found[3]
    elif found := _NAMED_FIRST.fullmatch(low):
        day, name, year = found[2], found[1], found[3]
    else:
        return None
    month = _MONTHS.get(name[:3])
    return None if month is None else (year, str(month), day)


def _made(text: str, year: str, month: str, day: str) -> Reading:
    try:
        return _plausible(text, date(int(year), int(month), int(day)))
    except ValueError:
        return None, f"'{text[:40]}': there is no such day"


def _plausible(text: str, day: date) -> Reading:
    return (day, None) if day.year >= 1900 else (None, f"'{text[:40]}' is in the year {day.year}")


def _formatted(text: str, written: str) -> date | None:
    try:
        return datetime.strptime(text, written).date()  # noqa: DTZ007
    except ValueError:
        return None


def _month(text: str) -> Reading | None:
    bare = text.strip().lower()
    if found := re.fullmatch(r"(\d{4})[-/.](\d{1,2})|(\d{1,2})[-/.](\d{4})", bare):
        year, month = (found[1], found[2]) if found[1] else (found[4], found[3])
    elif (found := re.fullmatch(r"([^\W\d]{3,9})[. /-]+(\d{4})", bare)) and found[1][:3] in _MONTHS:
        year, month = found[2], str(_MONTHS[found[1][:3]])
    else:
        return None
    return _made(text, year, month, "1") if 1 <= int(month) <= 12 else (None, f"'{text[:40]}': there is no such month")


def _first(reading: Reading) -> Reading:
    day, reason = reading
    return (day.replace(day=1) if day else None), reason
