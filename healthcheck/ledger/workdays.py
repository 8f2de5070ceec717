"""Due dates on a weekend or public holiday roll to the next business day of the account's country (national holidays)."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from functools import lru_cache
from importlib.util import find_spec, module_from_spec

import polars as pl
from holidays import HolidayBase, country_holidays
from holidays.registry import EntityLoader

SATURDAY, SUNDAY = 5, 6


@lru_cache(maxsize=512)
def _calendar(country: str) -> HolidayBase | None:
    known = country in set(
        EntityLoader.get_country_codes(include_aliases=False)
    )  # and no calendar is imported to know it
    _without_the_others()
    return country_holidays(country) if known else None


def _without_the_others() -> None:
    """Let a country be imported by itself: the package's own first step imports all of them, a seventh of a second."""
    package = "holidays.countries"
    spec = find_spec(package)
    if package not in sys.modules and spec is not None:
        sys.modules[package] = module_from_spec(spec)


@lru_cache(maxsize=500_000)
def next_business_day(day: date, country: str | None) -> date:
    """``day``, or the first day after it that is neither weekend nor national holiday. Unknown countries have weekends only.

    >>> next_business_day(date(2026, 4, 3), "DE")  # Good Friday; Easter Monday is a holiday too
    datetime.date(2026, 4, 7)
    """
    calendar = _calendar(country) if country else None
    weekend = calendar.weekend if calendar is not None else {SATURDAY, SUNDAY}
    while day.weekday() in weekend or (calendar is not None and day in calendar):
        day += timedelta(days=1)
    return day


def roll(due: pl.Series, country: pl.Series) -> pl.Series:
    """Each due date rolled in its country; same length and order."""
    frame = pl.DataFrame({"due": due, "country": country.str.to_uppercase()})
    pairs = frame.unique()
    rolled = [next_business_day(day, where) for day, where in pairs.iter_rows()]
    table = pairs.with_columns(rolled=pl.Series(rolled, dtype=pl.Date))
    return frame.join(table, on=["due", "country"], how="left", nulls_equal=True, maintain_order="left")["rolled"]
