from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schwifty import IBAN

from healthcheck.intake.payers import identify, is_routing

KEY = "a-secret"
GERMAN = "DE89370400440532013000"


def one(account=None, bank=None, country=None, keys=(KEY,)):
    def column(value):
        return pl.Series([value], dtype=pl.String)

    return identify(column(account), column(bank), column(country), keys).row(0, named=True)


def test_an_iban_gives_bank_country_last_four_and_a_hash_however_it_is_written():
    written = one("DE89 3704 0044 0532 0130 00")
    assert written == one("de89-3704-0044-0532-0130-00", "Some bank", "FR")
    assert written["payer_bank"] == "COBADEFF"
    assert written["payer_country"] == "DE"
    assert written["payer_last4"] == "3000"
    assert len(written["payer_hash"]) == 32


@pytest.mark.parametrize(
    ("account", "bank", "country"),
    [
        (GERMAN, None, None),
        (None, "COBADEFF", None),
        (None, "cobadeffxxx", None),
        (None, "370 400 44", "DE"),
        (None, GERMAN, None),
    ],
)
def test_one_bank_has_one_identity_by_iban_bic_and_national_code(account, bank, country):
    assert one(account, bank, country)["payer_bank"] == "COBADEFF"


@pytest.mark.parametrize(
    ("account", "bank", "country", "identity", "place"),
    [
        ("BE68539007547034", None, None, "BE539", "BE"),  # no BIC is listed for this code
        ("MT84MALT011000012345MTLCAST001S", None, None, "MALTMT", "MT"),
        (None, "021000021", "US", "021000021", "US"),
        (None, "021000021", None, "021000021", "US"),
        (None, "20-04-15", "GB", "GB200415", "GB"),
        (None, "BOTKJPJT", "JP", "BOTKJPJT", "JP"),
        (None, "CHASUS33XXX", None, "CHASUS33", "US"),
    ],
)
def test_banks_without_a_listed_bic_keep_their_code(account, bank, country, identity, place):
    found = one(account, bank, country)
    assert (found["payer_bank"], found["payer_country"]) == (identity, place)


@pytest.mark.parametrize(
    "name", ["Commerzbank", "POSTBANK", "DEUTSCHE", "Barclays", "Bank of 123456789", "021000022", ""]
)
def test_a_display_name_or_a_wrong_number_is_no_identity(name):
    assert one(None, name, "DE")["payer_bank"] is None


def test_wrong_check_digits_are_an_opaque_number():
    found = one("DE89370400440532013001")
    assert found["payer_bank"] is None
    assert found["payer_country"] is None
    assert found["payer_last4"] == "3001"


def test_equal_numbers_in_two_countries_have_two_hashes():
    assert one("000123456", None, "US")["payer_hash"] != one("000123456", None, "CA")["payer_hash"]


def test_without_a_key_the_last_four_and_the_bank_remain():
    found = one(GERMAN, keys=())
    assert found["payer_hash"] is None
    assert (found["payer_last4"], found["payer_bank"]) == ("3000", "COBADEFF")


def test_the_newest_key_signs():
    assert one(GERMAN, keys=("new", "old")) == one(GERMAN, keys=("new",)) != one(GERMAN, keys=("old",))


def test_a_masked_number_shows_what_it_shows_and_is_not_hashed():
    for masked in ("****4711", "XXXX XXXX 4711", "DE89...4711"):
        found = one(masked)
        assert (found["payer_last4"], found["payer_hash"]) == ("4711", None)


def test_a_short_number_shows_half_of_it_at_most():
    assert [one(n)["payer_last4"] for n in ("1", "12", "4711", "12345678")] == [None, "2", "11", "5678"]


def test_nothing_gives_nothing():
    assert set(one().values()) == set(one("", "", "").values()) == {None}
    assert identify(pl.Series([], dtype=pl.String), pl.Series([], dtype=pl.String), None, [KEY]).shape == (0, 4)
    assert identify(pl.Series([None]), pl.Series([None]), None, [KEY]).row(0) == (None,) * 4


def test_routing_numbers_have_a_check_digit():
    assert is_routing("021000021")
    assert not is_routing("021000022")
    assert not is_routing("000000000")
    assert not is_routing("2100002")


WRITTEN = st.one_of(
    st.none(), st.text(max_size=40), st.from_regex(r"[A-Z]{2}[0-9]{14,22}", fullmatch=True), st.just(GERMAN)
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(WRITTEN, WRITTEN, st.sampled_from([None, "DE", "US", "??"])), max_size=8))
def test_any_text_is_read_row_by_row_and_no_number_comes_out(rows):
    columns = [pl.Series([row[k] for row in rows], dtype=pl.String) for k in range(3)]
    together = identify(*columns, [KEY])
    assert together.rows() == [tuple(one(*row).values()) for row in rows]
    for (account, _, _), found in zip(rows, together.iter_rows(), strict=True):
        digits = "".join(c for c in account or "" if c.isalnum())
        if len(digits) > 8:
            assert all(digits.upper() not in (value or "").upper() for value in found)


@settings(max_examples=25, deadline=None)
@given(st.integers(min_value=0, max_value=10**10 - 1))
def test_accounts_of_one_bank_share_it_and_differ_in_the_hash(number):
    iban = str(IBAN.generate("DE", bank_code="37040044", account_code=f"{number:010d}"))
    found = one(iban)
    assert found["payer_bank"] == "COBADEFF"
    assert (found["payer_hash"] == one(GERMAN)["payer_hash"]) == (iban == GERMAN)
