from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.errors import UsageError
from healthcheck.money import LARGEST, decimals, plain, shown, to_decimal, to_minor
from healthcheck.months import Month, add_months, last_month_end

months = st.builds(Month, st.integers(1900, 2200), st.integers(1, 12))
days = st.dates(date(1900, 1, 1), date(2200, 12, 31))
currencies = st.sampled_from(["EUR", "JPY", "KWD", "CLF", "USD"])


@given(months, st.integers(-600, 600))
def test_adding_and_subtracting_months_are_inverse(month, n):
    assert (month + n) - month == n
    assert (month + n) + -n == month


@given(months)
def test_a_month_reads_back_what_it_writes(month):
    assert Month.parse(str(month)) == month


@given(months)
def test_months_join_without_gap(month):
    assert month.last + timedelta(days=1) == (month + 1).first


@given(days, st.integers(-240, 240))
def test_add_months_lands_in_the_right_month_and_never_later_in_it(day, n):
    landed = add_months(day, n)
    assert Month.of(landed) == Month.of(day) + n
    assert landed.day <= day.day
    assert landed.day == day.day or landed == Month.of(landed).last


@given(days)
def test_last_month_end_is_a_month_end_within_a_month_back(day):
    end = last_month_end(day)
    assert end == Month.of(end).last
    assert end <= day < end + timedelta(days=31)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-11", "2026/11", "", "2026-11-01", "0000-01"])
def test_what_is_not_a_month_is_refused(text):
    with pytest.raises(UsageError, match="YYYY-MM"):
        Month.parse(text)


def test_month_labels_are_the_month_itself():
    assert [Month(2026, m).title.split()[0][:3] for m in (1, 2, 12)] == ["Jan", "Feb", "Dec"]


@given(st.integers(-LARGEST, LARGEST), currencies)
def test_minor_units_survive_the_way_out_and_back(minor, currency):
    assert to_minor(to_decimal(minor, currency), currency) == minor
    assert to_minor(plain(minor, currency), currency) == minor


@given(st.decimals(-(10**9), 10**9, places=6), currencies)
def test_rounding_moves_an_amount_by_half_a_unit_at_most(amount, currency):
    assert abs(to_decimal(to_minor(amount, currency), currency) - amount) * 10 ** decimals(currency) <= Decimal("0.5")


@pytest.mark.parametrize("bad", ["abc", "", "NaN", "1e30", "Infinity"])
def test_what_is_not_an_amount_is_refused(bad):
    with pytest.raises(UsageError):
        to_minor(bad, "EUR")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(123456789, "EUR", "EUR 1,234,568"), (999, "EUR", "EUR 9.99"), (-500, "JPY", "JPY -500"), (0, "EUR", "EUR 0")],
)
def test_people_read_thousands_and_cents_only_where_they_matter(minor, currency, text):
    assert shown(minor, currency) == text
