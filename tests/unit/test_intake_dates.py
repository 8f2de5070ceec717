from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcheck.errors import UsageError
from healthcheck.intake.dates import check_format, read_dates, read_months

settings.register_profile("patient", deadline=None)  # the machine may be busy
settings.load_profile("patient")
days = st.dates(date(1900, 1, 1), date(9999, 12, 31))
FIXED = [
    "{d:%Y}-{d.month:02}-{d.day:02}",
    "{d:%Y}/{d.month}/{d.day}",
    "{d:%Y}{d.month:02}{d.day:02}",
    "{d.day}.{d.month}.{d:%Y}",
    "{d.day:02}.{d.month:02}.{d:%Y}",
]
NAMED = ["{d.day} {d:%b} {d:%Y}", "{d.day:02}-{d:%b}-{d:%Y}", "{d:%B} {d.day}, {d:%Y}", "{d:%b} {d.day}, {d:%Y}"]
TIMES = ["", " 00:00:00", "T12:30:00Z", " 12:00:00 AM", "T00:00:00.000+01:00"]


def read(*texts, written=None):
    return read_dates(pl.Series(texts, dtype=pl.String), written)


@given(days, st.sampled_from(FIXED + NAMED), st.sampled_from(TIMES))
def test_a_date_comes_back_from_every_way_to_write_it(day, shape, time):
    assert read(shape.format(d=day) + time)["value"].to_list() == [day]


@pytest.mark.parametrize(
    ("shape", "breaker"),
    [
        ("{d.month}/{d.day}/{d:%Y}", "1/31/2013"),
        ("{d.day:02}/{d.month:02}/{d:%Y}", "31/01/2013"),
        ("{d.day}-{d.month}-{d:%Y}", "31-1-2013"),
    ],
)
@given(seen=st.lists(days, min_size=1))
def test_the_rest_of_the_column_says_which_is_the_month(shape, breaker, seen):
    found = read(breaker, *[shape.format(d=day) for day in seen])
    assert found["value"].to_list() == [date(2013, 1, 31), *seen]


def test_without_such_a_value_ambiguous_dates_are_refused_and_the_remedy_said():
    found = read("1/2/2013", "3/4/2013", "5/5/2013")
    assert found["value"].to_list() == [None, None, date(2013, 5, 5)]
    assert "--date-format" in found["reason"][0]


def test_a_column_that_contradicts_itself_settles_nothing():
    assert read("13/1/2013", "1/13/2013", "1/2/2013")["value"].to_list() == [date(2013, 1, 13), date(2013, 1, 13), None]


def test_the_format_settles_it_and_iso_dates_still_stand():
    assert read("1/2/2013", "2013-02-28", written="%d/%m/%Y")["value"].to_list() == [
        date(2013, 2, 1),
        date(2013, 2, 28),
    ]


@pytest.mark.parametrize("text", ["1.2.13", "01/02/13", "1-Feb-13"])
def test_a_year_of_two_digits_needs_a_format(text):
    assert "two digits" in read(text)["reason"][0]
    assert read("01.02.13", written="%d.%m.%y")["value"][0] == date(2013, 2, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2013-02-30",
        "30.2.2013",
        "2/30/2013",
        "31.12.31",
        "2013-13-01",
        "12.31.2013",
        "0999-01-01",
        "soon",
        "45000",
        "1/2/3/2013",
    ],
)
def test_impossible_dates_are_refused(text):
    found = read(text)
    assert found["value"][0] is None
    assert found["reason"][0]


@pytest.mark.parametrize("text", ["0000-00-00", "00000000", "00.00.0000"])
def test_dates_that_stand_for_none_are_blank(text):
    assert read(text).row(0) == (None, None)


def test_a_blank_is_no_date_and_no_fault():
    assert read(None).row(0) == (None, None)


@given(st.text(max_size=12))
def test_no_text_breaks_the_reader(text):
    value, reason = read(text).row(0)
    assert value is None or reason is None


@given(
    days,
    st.sampled_from(
        [
            "{d:%Y}-{d.month:02}",
            "{d.month}/{d:%Y}",
            "{d:%b} {d:%Y}",
            "{d:%Y}-{d.month:02}-{d.day:02}",
            "{d.day}.{d.month}.{d:%Y}",
        ]
    ),
)
def test_a_month_comes_back_as_its_first_day(day, shape):
    assert read_months(pl.Series([shape.format(d=day)]))["value"].to_list() == [day.replace(day=1)]


@pytest.mark.parametrize("text", ["2026-13", "00/2026", "2026", "13"])
def test_what_is_no_month_is_refused(text):
    assert read_months(pl.Series([text])).row(0)[1]


@pytest.mark.parametrize("written", ["%d/%m", "nonsense", "%Y-%m", "%q", ""])
def test_a_format_without_day_month_and_year_is_refused(written):
    with pytest.raises(UsageError, match="--date-format"):
        check_format(written)


@pytest.mark.parametrize("written", ["%d/%m/%Y", "%m/%d/%y", "%d %b %Y", "%Y%m%d", "%d.%m.%Y %H:%M"])
def test_a_usable_format_is_accepted(written):
    check_format(written)
