from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcheck.checks.bank import Calibration, Policy, assess, calibrate
from healthcheck.checks.bank.institutions import is_processor, payment_institution
from healthcheck.checks.outcomes import FRAME
from tests.unit.observed_books import AS_OF, book, shuffled

OLD = ("DEUTDEFF", "0815", "DE")
SAME_BANK = ("DEUTDEDB", "4711", "DE")
NEW = ("COBADEFF", "4711", "DE")
ABROAD = ("PKOPPLPW", "4711", "PL")
WISE = ("TRWIBEB1", "4711", "BE")


def paid(on, payer=OLD, key=1, invoice=None, **more):
    bank, last4, country = payer
    day = date.fromisoformat(on) if isinstance(on, str) else on
    return {
        "key": key,
        "paid": day,
        "payer_bank": bank,
        "payer_last4": last4,
        "payer_country": country,
        "invoice": invoice,
        **more,
    }


def monthly(payer=OLD, first="2025-09-30", count=10, key=1):
    start = date.fromisoformat(first)
    return [paid(start + timedelta(days=30 * k), payer, key) for k in range(count)]


HABIT = monthly()  # up to 2026-06-27


def check(*payments, **book_options):
    return assess(book(payments=payments, **book_options), AS_OF, Policy()).row(0, named=True)


def test_a_new_bank_and_silence_of_the_old_one_is_a_flag_and_reads_well():
    news = [
        paid(day, NEW, invoice=f"R{n}")
        for n, day in enumerate(("2026-09-14", "2026-09-28", "2026-10-12", "2026-10-26"))
    ]
    found = check(*HABIT, paid("2026-08-30"), *news)
    assert found["outcome"] == "flag"
    assert found["summary"] == (
        "Since 14 September, 4 payments came from another bank (COBADEFF, account ending 4711); the old one (DEUTDEFF, account "
        "ending 0815) has been silent since 30 August."
    )
    assert found["evidence"]["rows"] == ["R0", "R1", "R2", "R3"]
    assert found["evidence"]["silent_for"] == 4


@pytest.mark.parametrize(
    ("payer", "one", "switched", "in_turn"),
    [(OLD, "clear", "clear", "clear"), (SAME_BANK, "watch", "watch", "clear"), (NEW, "watch", "flag", "clear"),
     (ABROAD, "flag", "urgent", "watch"), (WISE, "flag", "urgent", "watch")],
)  # fmt: skip
def test_the_table_of_outcomes(payer, one, switched, in_turn):
    last = paid("2026-08-01")
    assert check(*HABIT, last, paid("2026-10-01", payer))["outcome"] == one
    assert check(*HABIT, last, *(paid(f"2026-{m}-15", payer) for m in ("08", "09", "10")))["outcome"] == switched
    turns = [paid(f"2026-{m}-{day}", who) for m in ("08", "09", "10") for day, who in (("10", payer), ("20", OLD))]
    assert check(*HABIT, *turns)["outcome"] == in_turn


def test_a_first_payment_is_said_to_be_one():
    found = check(*HABIT, paid("2026-08-01"), paid("2026-10-14", NEW))
    assert found["summary"] == (
        "On 14 October a first payment came from another bank (COBADEFF, account ending 4711); the last from the old one "
        "(DEUTDEFF, account ending 0815) was on 1 August."
    )


def test_a_payment_institution_is_named_and_a_country_too():
    wise = check(*HABIT, *monthly(WISE, "2026-08-10", 3))
    assert "3 payments came from a payment institution, Wise (TRWIBEB1, account ending 4711)" in wise["summary"]
    same = check(*HABIT, *monthly(SAME_BANK, "2026-08-10", 3))
    assert "3 payments came from another account at the same bank (DEUTDEDB, account ending 4711)" in same["summary"]
    assert "a bank in another country, PL (PKOPPLPW" in check(*HABIT, *monthly(ABROAD, "2026-08-10", 3))["summary"]


def test_two_payments_from_a_new_bank_are_a_watch_until_the_old_one_is_silent_for_three():
    assert check(*HABIT, *monthly(NEW, "2026-08-10", 2))["outcome"] == "watch"
    assert check(*HABIT, *monthly(NEW, "2026-08-10", 3))["outcome"] == "flag"


def test_same_day_payments_are_one():
    assert check(*HABIT, *[paid("2026-10-10", NEW, invoice=str(n)) for n in range(5)])["evidence"]["payments"] == 1


def test_one_straggler_of_the_old_bank_does_not_hide_the_switch():
    days = [("2026-07-10", NEW), ("2026-07-20", OLD), *((f"2026-{m}-15", NEW) for m in ("08", "09", "10"))]
    assert check(*HABIT, *(paid(day, who) for day, who in days))["outcome"] == "flag"


def test_a_bank_known_from_the_year_before_is_no_news():
    found = check(*HABIT, paid("2026-03-03", NEW), *monthly(NEW, "2026-08-10", 3))
    assert found["outcome"] == "clear"
    assert (
        found["summary"]
        == "All 3 payments since 10 August came from an account known before (COBADEFF, account ending 4711)."
    )


def test_a_return_to_a_bank_at_home_is_a_new_bank_and_no_new_country():
    assert check(*monthly(ABROAD), *monthly(NEW, "2026-08-10", 3), country="DE")["outcome"] == "flag"
    assert check(*monthly(ABROAD), *monthly(NEW, "2026-08-10", 3), country="FR")["outcome"] == "urgent"


def test_the_same_account_under_another_bank_code_is_a_merger():
    assert check(*HABIT, *monthly(("COBADEFF", "0815", "DE"), "2026-08-10", 3))["outcome"] == "clear"
    assert check(*HABIT, *monthly(("PKOPPLPW", "0815", "PL"), "2026-08-10", 3))["outcome"] == "urgent"


def test_processors_money_back_and_payments_without_a_payer_are_no_evidence():
    stripe = monthly(("STYAGB21", None, "GB"), "2026-08-10", 3)
    back = [paid("2026-09-01", NEW, amount=-100)]
    nobody = [paid("2026-09-02", (None, None, None), method="direct_debit")]
    assert check(*HABIT, paid("2026-08-01"), *stripe, *back, *nobody)["outcome"] == "clear"
    assert check(*nobody)["summary"] == "No payment has shown yet which bank it came from."


def test_without_evidence_now_or_before_it_is_unknown_and_says_so():
    early = check(*monthly(first="2025-08-30", count=8))
    assert (early["outcome"], early["score"]) == ("unknown", None)
    assert early["summary"] == "No payment of the last 120 days shows which bank it came from."
    late = check(*monthly(first="2026-08-10", count=3))
    assert late["evidence"]["reason"] == "no year to compare with"
    assert late["summary"] == "Payments show a bank since 10 August only, too short a time to see a change."


def test_banks_without_accounts_and_accounts_without_banks_are_compared_as_far_as_they_go():
    bank_only, number_only = ("DEUTDEFF", None, "DE"), (None, "0815", None)
    assert check(*monthly(bank_only), *monthly(OLD, "2026-08-10", 3))["outcome"] == "clear"
    assert check(*monthly(bank_only), *monthly(("COBADEFF", None, "DE"), "2026-08-10", 3))["outcome"] == "flag"
    assert check(*monthly(number_only), *monthly(OLD, "2026-08-10", 3))["outcome"] == "clear"
    assert check(*monthly(number_only), *monthly((None, "4711", None), "2026-08-10", 3))["outcome"] == "watch"


def test_the_tables_of_institutions():
    assert payment_institution("REVOLT21") == "Revolut"
    assert payment_institution("DEUTDEFF") is None
    assert payment_institution("021000021") is None
    assert is_processor("ADYBNL2A")


def test_customers_of_one_bank_that_all_turn_up_at_another_are_a_merger():
    def moved(keys):
        return [
            row
            for k in keys
            for row in (*monthly(OLD, key=k), *monthly(("COBADEFF", f"47{k:02d}", "DE"), "2026-08-10", 3, key=k))
        ]

    stayed = [row for k in (20, 21) for row in monthly(OLD, count=13, key=k)]
    columns = book((*range(6), 20, 21), payments=[*moved(range(6)), *stayed])
    learned = calibrate(columns, AS_OF, Policy())
    assert learned.merged == [["DEUTDE", "COBADE"]]
    found = assess(columns, AS_OF, Policy(), learned)
    assert set(found["outcome"]) == {"clear"}
    assert "took over" in found["summary"][0]
    assert calibrate(book(range(4), payments=moved(range(4))), AS_OF, Policy()).merged == []


def test_an_account_that_pays_for_several_customers_is_no_change_of_bank():
    def financed(key):
        return [
            *monthly(OLD, key=key),
            *({**row, "payer_hash": "f00d"} for row in monthly(NEW, "2026-08-10", 3, key=key)),
        ]

    three = book((1, 2, 3), payments=[row for k in (1, 2, 3) for row in financed(k)])
    learned = calibrate(three, AS_OF, Policy())
    assert learned.shared == ["f00d"]
    assert Calibration(**json.loads(json.dumps(asdict(learned)))) == learned
    assert set(assess(three, AS_OF, Policy(), learned)["outcome"]) == {"clear"}
    two = book((1, 2), payments=[row for k in (1, 2) for row in financed(k)])
    assert calibrate(two, AS_OF, Policy()).shared == []
    assert calibrate(replace(two, accounts=two.accounts.with_columns(group=pl.lit("/C1"))), AS_OF, Policy()).shared == [
        "f00d"
    ]


PAYERS = st.sampled_from(
    [OLD, SAME_BANK, NEW, ABROAD, WISE, (None, "0815", None), ("021000021", None, "US"), (None, None, None)]
)
ROWS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 500), PAYERS, st.sampled_from([100, -100])), max_size=30)


def many(rows):
    return [paid(AS_OF - timedelta(days=500 - day), payer, key, amount=amount) for key, day, payer, amount in rows]


@settings(max_examples=40, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_other_accounts_change_nothing(rows, random):
    columns = book(keys=(1, 2, 3), payments=many(rows))
    together = assess(columns, AS_OF, Policy())
    assert together.columns == list(FRAME)
    assert assess(shuffled(columns, random), AS_OF, Policy()).equals(together)
    for key in (1, 2, 3):
        alone = assess(columns.only(pl.Series([key])), AS_OF, Policy())
        assert json.dumps(alone.to_dicts(), default=str) == json.dumps(together.filter(key=key).to_dicts(), default=str)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.integers(0, 500))
def test_what_is_later_is_not_known(rows, back):
    as_of = AS_OF - timedelta(days=back)
    every = many(rows)
    known = [row for row in every if row["paid"] <= as_of]
    assert assess(book((1, 2, 3), payments=every), as_of, Policy()).equals(
        assess(book((1, 2, 3), payments=known), as_of, Policy())
    )


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_scores_agree_with_outcomes_and_no_more_than_four_digits_show(rows):
    found = assess(book((1, 2, 3), payments=many(rows)), AS_OF, Policy())
    for outcome, score in found.select("outcome", "score").iter_rows():
        assert (score is None) == (outcome == "unknown")
        if score is not None:
            low, high = {"clear": (0, 0.4), "watch": (0.4, 0.6), "flag": (0.6, 0.8), "urgent": (0.8, 1)}[outcome]
            assert low <= score <= high


def test_a_large_book_takes_little_time():
    keys = range(1, 5001)
    payments = [paid(AS_OF - timedelta(days=30 * n), OLD, key) for key in keys for n in range(12)]
    columns = book(keys, payments=payments)
    began = time.process_time()
    assess(columns, AS_OF, Policy())
    assert time.process_time() - began < 5000 * 600e-6
