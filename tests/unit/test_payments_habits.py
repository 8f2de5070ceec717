"""What else changed in how a customer pays: said with numbers, and never on two invoices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.checks import payments
from healthcheck.checks.payments import explained
from healthcheck.checks.payments.habits import NOW_MIN, SEEN_MIN
from healthcheck.ledger.columns import ACCEPTED, PAYMENTS
from tests.unit import test_payments
from tests.unit.test_payments import AS_OF, QUIET, assess, book, only

ALERTED, WATCHED = {"outcome": "flag"}, {"outcome": "watch"}


def spell(start, end, late, every=8, **changes):
    return [(1, ago, late, 100_000, changes) for ago in range(start, end, -every)]


def evidence(rows, paid=()):
    columns = book(rows)
    shape = [dict.fromkeys(PAYMENTS) | {"key": 1, "currency": "EUR"} | row for row in paid]
    return only(replace(columns, payments=pl.DataFrame(shape, schema=PAYMENTS)))["evidence"]


def said(facts, **more):
    return explained.explained(facts | more)


BEFORE = spell(700, 90, -20, received=98_000)  # ten days after issue, less two per cent


def test_cash_discount_that_is_no_longer_taken_is_said_with_numbers():
    facts = evidence([*BEFORE, *spell(89, 20, 15, received=100_000)])
    assert facts["habits"] == ["discount", "slide"][: len(facts["habits"])]
    assert (facts["discount_now"], facts["discount_before"], facts["discount_of_before"]) == (0, 40, 40)
    assert "Cash discount was taken on 40 of 40 invoices before, on 0 of 9 now." in said(facts, **ALERTED)
    assert said(facts, **WATCHED) == "Cash discount is no longer taken."
    assert said(facts, outcome="clear") == ""


def test_the_alert_itself_says_it():
    line = only(book([*BEFORE, *spell(89, 20, 15, received=100_000)]))
    assert line["outcome"] in ("flag", "urgent")
    assert "Cash discount was taken on 40 of 40 invoices before" in line["summary"]


def test_where_it_is_not_known_what_came_early_payment_that_ended_is_said():
    facts = evidence([*spell(700, 90, -20), *spell(89, 20, 2)])
    assert facts["habits"][0] == "early"
    assert said(facts, **ALERTED).startswith(
        "40 of 40 invoices were paid within about two weeks of issue before, 0 of 9 now."
    )


def test_who_still_takes_the_discount_or_deducts_too_much_has_no_such_habit():
    assert evidence([*BEFORE, *spell(89, 20, -20, received=98_000)])["habits"] == []
    assert evidence([*spell(700, 90, 0, received=94_000), *spell(89, 20, 0, received=100_000)])["discount_before"] == 0
    assert evidence([*spell(700, 90, -20, covered=True, received=98_000), *spell(89, 20, 0)])["discount_before"] == 0


def test_short_terms_make_nobody_early():
    assert evidence([*spell(700, 90, 0, terms=14), *spell(89, 20, 8, terms=14)])["habits"] == []


def test_part_payments_are_said_with_numbers_and_an_open_rest_counts():
    now = [*spell(89, 40, 0), *spell(40, 8, 3, part_payments=3), (1, 6, None, 100_000, {"part_payments": 1})]
    facts = evidence([*spell(700, 90, 0), *now])
    assert facts["habits"] == ["parts"]
    assert (facts["parts_now"], facts["parts_of_now"], facts["parts_before"]) == (5, 12, 0)
    assert said(facts, **ALERTED) == "5 of 12 invoices are paid in parts, against 0 of 40 before."


def test_who_always_paid_in_parts_has_not_changed():
    assert evidence(spell(700, 5, 0, part_payments=2))["habits"] == []


def paid(days, amount, invoice=None, **more):
    return [{"paid": AS_OF - timedelta(ago), "amount": amount, "invoice": invoice} | more for ago in days]


@pytest.mark.parametrize("sums", [
    paid(range(2, 80, 16), 500_000),  # 5,000.00, naming nothing
    paid(range(2, 80, 16), 512_345),  # naming nothing
    paid(range(2, 80, 16), 500_000, "R1"),  # round, and no invoice's amount
])  # fmt: skip
def test_money_on_account_is_said_with_numbers(sums):
    plain = paid(range(100, 400, 10), 112_345, "R1") + paid(range(10, 90, 16), 112_345, "R2")
    facts = evidence([(1, ago, 0, 112_345) for ago in range(5, 700, 8)], [*sums, *plain])
    assert facts["habits"] == ["on_account"]
    assert (
        said(facts, **ALERTED)
        == "5 of 10 pay runs brought sums on account that match no invoice, against 0 of 30 before."
    )


def test_round_sums_that_are_invoices_and_money_that_never_names_one_are_no_change():
    rows = [(1, ago, 0, 500_000) for ago in range(5, 700, 8)]
    plain = paid(range(100, 400, 10), 112_345, "R1")
    assert evidence(rows, [*plain, *paid(range(2, 80, 8), 500_000, "R2")])["habits"] == []
    assert evidence(rows, paid(range(2, 400, 8), 112_345))["habits"] == []


def test_a_thousand_yen_is_a_thousand_yen():
    rows = [(1, ago, 0, 112_345, {"currency": "JPY"}) for ago in range(5, 700, 8)]
    sums = paid(range(2, 80, 8), 51_000, "R1", currency="JPY")
    assert evidence(rows, [*sums, *paid(range(100, 400, 10), 112_345, "R1", currency="JPY")])["habits"] == [
        "on_account"
    ]


def test_a_slide_from_early_over_on_time_to_late_is_said_in_days():
    facts = evidence([*spell(700, 180, -9), *spell(180, 90, 0), *spell(89, 20, 8)])
    assert facts["slide"] == [-9, 0, 8]
    assert said(facts, outcome="flag", habits=["slide"]) == (
        "In three windows of 90 days running, payment went from 9 days early over on the day to 8 days late."
    )
    assert evidence([*spell(700, 180, -9), *spell(180, 20, 8)])["slide"] is None


def test_nothing_is_said_on_two_invoices():
    for few in range(1, SEEN_MIN):
        facts = evidence([*spell(700, 90, 0), *spell(89, 80 - 8 * 5, 0), *spell(8 + 8 * few, 8, 3, part_payments=3)])
        assert (facts["parts_now"], facts["habits"]) == (few, [])
    slow = [*BEFORE, *spell(180, 0, 15, every=60, received=100_000)]
    assert evidence(slow)["habits"] == [] or evidence(slow)["discount_of_now"] >= NOW_MIN


def test_what_was_accepted_as_normal_is_no_change():
    rows = [*spell(700, 240, 0), *spell(240, 5, 0, part_payments=2)]
    sums = paid(range(2, 240, 8), 500_000) + paid(range(244, 700, 8), 112_345, "R1")
    on = pl.DataFrame([{"key": 1, "check": "payments", "on": AS_OF - timedelta(150)}], schema=ACCEPTED)
    shape = pl.DataFrame(
        [dict.fromkeys(PAYMENTS) | {"key": 1, "currency": "EUR"} | row for row in sums], schema=PAYMENTS
    )
    facts = only(replace(book(rows), accepted=on, payments=shape))["evidence"]
    assert facts["habits"] == []
    assert (facts["parts_before"], facts["on_account_before"]) == (
        facts["parts_of_before"],
        facts["on_account_of_before"],
    )


money = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 600), st.sampled_from([100_000, 500_000, 12_345, -300]), st.none() | st.just("R1")),
    max_size=80,
)  # fmt: skip


@QUIET
@given(test_payments.books | test_payments.full_books(), money)
def test_explanations_are_those_of_the_account_alone_and_raise_no_alert(rows, came):
    columns = book(rows, accounts=[1, 2, 3])
    shape = [
        dict.fromkeys(PAYMENTS) | {"key": key, "currency": "EUR"} | paid([ago], amount, name)[0]
        for key, ago, amount, name in came
    ]
    with_them = replace(columns, payments=pl.DataFrame(shape, schema=PAYMENTS))
    every, plain = assess(with_them), assess(columns)
    assert every.equals(pl.concat([assess(with_them.only(pl.Series([k]))) for k in columns.accounts["key"]]))
    judged = ["key", "outcome", "score", "p", "signals"]
    assert every.select(judged).equals(plain.select(judged))
    for line in every.iter_rows(named=True):
        facts = line["evidence"]
        for name in ("parts", "on_account"):
            if name in facts["habits"]:
                assert facts[f"{name}_now"] >= SEEN_MIN
        for name in ("discount", "early", "parts", "on_account"):
            assert 0 <= facts[f"{name}_now"] <= facts[f"{name}_of_now"]
            assert 0 <= facts[f"{name}_before"] <= facts[f"{name}_of_before"]


def test_the_names_are_those_that_have_words():
    from healthcheck.checks.payments.habits import NAMES

    assert set(NAMES) == set(explained._SHORT) == {*explained._FULL, "slide"}
    assert payments.SIGNALS == ("drift", "out_of_character", "level")
