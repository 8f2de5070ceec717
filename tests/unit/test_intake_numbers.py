from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcheck.intake.numbers import read_numbers, to_minor
from healthcheck.money import to_minor as one_to_minor

# thousands and decimal signs of the styles of the world
STYLES = [
    (",", "."),
    (".", ","),
    (" ", ","),
    ("\u00a0", ","),
    ("\u202f", ","),
    ("'", "."),
    ("’", "."),
    ("", "."),
    ("", ","),
]
settings.register_profile("patient", deadline=None)  # the machine may be busy
settings.load_profile("patient")
amounts = st.decimals(-(10**9), 10**9, places=2)


def one(text, decimal=None):
    return read_numbers(pl.Series([text], dtype=pl.String), decimal).row(0, named=True)


def written(amount, style, shape="{}"):
    thousands, decimal = style
    text = f"{abs(amount):,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)
    return shape.format(text)


@given(st.lists(amounts, min_size=1), st.sampled_from(STYLES))
def test_an_amount_comes_back_from_every_style(values, style):
    texts = [("-" if value < 0 else "") + written(value, style) for value in values]
    read = read_numbers(pl.Series(texts))
    assert read["reason"].null_count() == len(values)
    assert [Decimal(text) for text in read["value"]] == values


@pytest.mark.parametrize(
    "shape",
    [
        "-{}",
        "{}-",
        "({})",
        "- {}",
        "{} -",
        "−{}",
        "EUR -{}",
        "-EUR {}",
        "(€ {})",
        "€({})",
        "-{} EUR",
        "{}- €",
        "-R$ {}",
    ],
)
@given(amount=st.decimals("0.01", 10**9, places=2), style=st.sampled_from(STYLES))
def test_every_way_to_write_a_minus_is_one(shape, amount, style):
    assert Decimal(one(written(amount, style, shape))["value"]) == -amount


@pytest.mark.parametrize(
    ("text", "coin"), [("5.00 EUR", "EUR"), ("€5.00", "€"), ("$ 5.00", "$"), ("usd 5.00", "usd"), ("5.00", None)]
)
def test_the_currency_beside_an_amount_is_kept(text, coin):
    assert one(text)["coin"] == coin


@pytest.mark.parametrize("text", ["1.234", "1,234", "12,345", "999.999", "-1.234", "EUR 1.234", "(1,234)"])
def test_what_can_be_read_two_ways_is_refused_and_the_remedy_said(text):
    read = one(text)
    assert read["value"] is None
    assert "--decimal" in read["reason"]


@pytest.mark.parametrize(
    ("other", "value"),
    [("5,5", "1234"), ("5.5", "1.234"), ("1.234.567", "1234"), ("1,234,567", "1.234"), ("1.234,5", "1234")],
)
def test_the_rest_of_the_column_settles_it(other, value):
    assert read_numbers(pl.Series(["1.234", other, None, "12"]))["value"].to_list()[0] == value


def test_a_column_that_contradicts_itself_settles_nothing():
    read = read_numbers(pl.Series(["1.234", "5,5", "5.5"]))
    assert read["value"].to_list() == [None, "5.5", "5.5"]


@pytest.mark.parametrize(("decimal", "value"), [(".", "1.234"), (",", "1234")])
def test_the_option_settles_it(decimal, value):
    assert one("1.234", decimal)["value"] == value


def test_what_does_not_fit_the_option_is_refused():
    assert "does not fit --decimal ," in one("5.50", ",")["reason"]


@pytest.mark.parametrize("text", ["0.123", ".123", "1234.567", "1 234.567", "1'234.567"])
def test_three_decimals_are_decimals_where_they_cannot_be_thousands(text):
    assert Decimal(one(text)["value"]) == Decimal(text.replace(" ", "").replace("'", ""))


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "1.2.3",
        "1,2,3",
        "--5",
        "(-5)",
        "-5-",
        "(5",
        "5)",
        "EUR 5 USD",
        "1e5",
        "NaN",
        "inf",
        "5 6",
        "1 23",
        "",
        ".",
        "-",
    ],
)
def test_what_is_no_number_is_refused(text):
    read = one(text)
    assert read["value"] is None
    assert "is not a number" in read["reason"]


def test_a_number_too_large_to_hold_is_refused():
    assert "too large" in one("1234567890123456789")["reason"]


@given(st.text(max_size=12))
def test_no_text_breaks_the_reader_and_none_is_lost(text):
    read = one(text)
    assert (read["value"] is None) != (read["reason"] is None)
    if read["value"] is not None:
        assert Decimal(read["value"]).is_finite()


@given(
    st.lists(
        st.tuples(st.decimals(-(10**10), 10**10, places=6), st.sampled_from(["EUR", "JPY", "KWD", "CLF"])), min_size=1
    )
)
def test_minor_units_of_a_column_equal_those_of_one_amount(rows):
    frame = pl.DataFrame(
        {"value": [f"{amount:f}" for amount, _ in rows], "currency": [currency for _, currency in rows]}
    )
    assert to_minor(frame, "value", "currency").to_list() == [
        one_to_minor(amount, currency) for amount, currency in rows
    ]


def test_halves_are_rounded_to_even():
    frame = pl.DataFrame({"value": ["0.125", "0.135", "-0.125", "0.1250001"], "currency": ["EUR"] * 4})
    assert to_minor(frame, "value", "currency").to_list() == [12, 14, -12, 13]
