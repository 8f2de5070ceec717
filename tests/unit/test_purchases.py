"""The purchases check: what it says of customers one recognises."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from healthcheck.checks.purchases import Calibration, Policy, assess, calibrate
from tests.unit.purchases_book import AS_OF, account, book, every, item


def said(
    items: list[dict[str, Any]], plans: list[dict[str, Any]] | None = None, as_of: date = AS_OF, **of_account: Any
) -> dict[str, Any]:
    columns = book(items, [account(1, **of_account)], plans, as_of)
    return assess(columns, as_of, Policy(), Calibration()).row(0, named=True)


def test_a_steady_buyer_is_clear_and_the_sentence_says_what_he_bought() -> None:
    row = said(every(1, 10))
    assert row["outcome"] == "clear"
    assert row["score"] < 0.4
    assert row["summary"].startswith("Bought EUR 10,000 in the last 3 months, about what was expected (EUR ")


def test_a_buyer_who_stopped_two_months_ago_is_urgent_by_silence_and_by_amount() -> None:
    row = said(every(1, 7, until=62))
    assert row["outcome"] == "urgent"
    assert row["signals"]["silence"]["outcome"] == "urgent"
    assert row["signals"]["surge"]["outcome"] == "clear"
    assert "short; the last order was 65 days ago where this customer normally orders every 7." in row["summary"]
    assert row["evidence"]["days_since"] == 65
    assert row["evidence"]["rows"][-1] == "1-0145"


def test_a_buyer_who_stopped_a_year_ago_is_still_assessed() -> None:
    assert said(every(1, 7, until=380))["outcome"] == "urgent"


def test_a_buyer_who_stopped_more_than_two_years_ago_is_unknown_and_the_reason_says_so() -> None:
    row = said(every(1, 7, until=760))
    assert (row["outcome"], row["score"], row["p"]) == ("unknown", None, None)
    assert "more than two years ago" in row["evidence"]["reason"]
    assert {s["outcome"] for s in row["signals"].values()} == {"unknown"}


def test_one_who_buys_half_as_often_is_flagged_short() -> None:
    row = said(every(1, 5, until=92) + every(1, 16, start=88))
    assert row["outcome"] in ("flag", "urgent")
    assert row["signals"]["amount"]["outcome"] in ("flag", "urgent")
    assert "From August to October we expected about" in row["summary"]


def test_nothing_bought_is_said_without_a_percentage() -> None:
    summary = said(every(1, 7, until=100))["summary"]
    assert "; none came; the last order was 100 days ago where this customer normally orders every 7." in summary


def test_orders_three_times_as_large_are_a_surge_and_urgent_above_the_limit() -> None:
    bought = every(1, 8, until=92) + [dict(i, number=f"n{i['number']}") for i in every(1, 8, amount=4000.0, start=88)]
    assert said(bought, exposure=1, limit=100)["outcome"] == "flag"
    row = said(bought, exposure=101, limit=100)
    assert (row["outcome"], row["signals"]["surge"]["outcome"]) == ("urgent", "urgent")
    assert said(bought, exposure=1, limit=100, group_exposure=11, group_limit=10)["outcome"] == "urgent"


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ([], "nothing has been bought yet"),
        (every(1, 30, start=119), "only 4 orders so far; 6 are needed"),
        (every(1, 10, start=100), "a customer for 3 months only; 6 are needed"),
        (every(1, 120), "buys about 3 times a year, too rarely"),
    ],
)
def test_a_minimum_that_is_not_met_makes_it_unknown_with_the_reason(items: list[dict[str, Any]], reason: str) -> None:
    row = said(items)
    assert row["outcome"] == "unknown"
    assert reason in row["evidence"]["reason"]
    assert row["summary"][0].isupper()


def test_a_rare_buyer_is_named_all_the_same_once_he_is_plainly_gone() -> None:
    row = said(every(1, 60, start=1440, until=420))
    assert row["outcome"] in ("flag", "urgent")


def test_one_who_buys_eight_times_a_year_is_judged_where_his_rhythm_makes_a_silent_quarter_speak() -> None:
    ages = [1080 - 42 * n + (19 if n % 3 else -19) for n in range(26)]
    irregular = [item(1, f"{n:02d}", AS_OF - timedelta(days=age), 1000.0) for n, age in enumerate(ages)]
    assert said(every(1, 42))["outcome"] == "clear"
    assert said(irregular)["outcome"] == "unknown"
    assert "too rarely to tell a quiet spell from chance" in said(irregular)["evidence"]["reason"]


def seasonal(key: int, years: range, months: range, per_month: int) -> list[dict[str, Any]]:
    days = [date(y, m, 1 + n * (27 // per_month)) for y in years for m in months for n in range(per_month)]
    return [item(key, f"{key}-{n:04d}", day, 1000.0) for n, day in enumerate(days)]


def test_a_seasonal_buyer_in_his_quiet_season_is_fine() -> None:
    bought = seasonal(1, range(2022, 2026), range(3, 8), 6)
    assert said(bought, as_of=date(2025, 10, 31))["outcome"] == "clear"
    assert said(bought, as_of=date(2025, 11, 14))["outcome"] == "clear"


def test_a_seasonal_buyer_who_misses_his_season_is_not() -> None:
    bought = seasonal(1, range(2022, 2025), range(3, 8), 6)
    assert said(bought, as_of=date(2025, 6, 30))["outcome"] in ("flag", "urgent")


def planned(amount: int, months: int = 3) -> list[dict[str, Any]]:
    first = [date(2025, m, 1) for m in range(11 - months, 11)]
    return [
        {"key": 1, "month": m, "amount": amount, "currency": "EUR", "value": float(amount), "source": "contract"}
        for m in first
    ]


def test_a_plan_goes_before_history_and_the_sentence_says_so() -> None:
    row = said(every(1, 10), planned(1_000_000))
    assert row["outcome"] in ("flag", "urgent")
    assert row["evidence"]["plan"] == "contract"
    assert "From August to October purchases of EUR 30,000 were planned" in row["summary"]
    assert "against plan" in row["summary"]


def test_a_plan_missed_by_a_little_is_stated_and_watched_at_most() -> None:
    row = said(every(1, 30), planned(180_000))
    assert row["outcome"] == "watch"


def test_a_plan_needs_no_history() -> None:
    row = said([], planned(1_000_000))
    assert row["outcome"] in ("flag", "urgent")
    assert "nothing was bought" in row["summary"]


def test_a_yearly_plan_is_spread_over_the_year() -> None:
    row = said(every(1, 10), plan_annual=20_000_000, first_invoice=date(2022, 1, 1))
    assert row["evidence"]["plan"] == "yearly plan"
    assert row["outcome"] in ("flag", "urgent")


def test_credit_notes_count_against_purchases() -> None:
    returned = [item(1, f"cr{n}", AS_OF - timedelta(days=5 * n), -1000.0) for n in range(1, 9)]
    row = said(every(1, 10) + returned)
    assert row["signals"]["amount"]["outcome"] in ("flag", "urgent", "watch")
    assert row["evidence"]["actual"] == "2000.00"


def test_without_rates_the_accounts_own_currency_is_used_and_several_are_unknown() -> None:
    dollars = [dict(i, currency="USD", value=None) for i in every(1, 10)]
    assert said(dollars)["evidence"]["currency"] == "USD"
    row = said([*dollars, item(1, "x", AS_OF, 100.0)])
    assert row["outcome"] == "unknown"
    assert "several currencies" in row["evidence"]["reason"]


def test_a_thin_book_gets_the_stated_defaults() -> None:
    columns = book(every(1, 10), [account(1)])
    made = calibrate(columns, AS_OF, Policy())
    assert made == Calibration(accounts=1)
    assert calibrate(book([], []), AS_OF, Policy()) == Calibration()


def test_every_account_gets_one_row_in_its_order() -> None:
    columns = book(every(3, 10) + every(2, 10), [account(3), account(1), account(2)])
    result = assess(columns, AS_OF, Policy(), Calibration())
    assert result["key"].to_list() == [3, 1, 2]
    assert result.columns == ["key", "outcome", "score", "p", "summary", "evidence", "signals"]
    assert isinstance(result.schema["signals"], pl.Struct)
    assert assess(book([], []), AS_OF, Policy(), Calibration()).height == 0


def test_among_clear_accounts_the_one_whose_coming_quarter_was_a_big_one_last_year_comes_first_and_is_told() -> None:
    steady = every(1, 10)
    bulk = [item(1, f"bulk-{n}", date(2024, 12, 1 + n), 20_000.0) for n in range(2)]
    plain, ahead = said(steady), said(steady + bulk)
    assert (plain["outcome"], ahead["outcome"]) == ("clear", "clear")
    assert plain["score"] < 0.04 < 0.2 < ahead["score"]
    assert " a year before." not in plain["summary"]
    assert ahead["summary"].endswith(
        "At this pace the next 3 months bring EUR 10,166, against EUR 49,000 a year before."
    )
    assert (ahead["evidence"]["coming_before"], plain["evidence"]["coming_before"]) == ("49000.00", "9000.00")


def test_a_plan_missed_by_a_little_comes_before_one_that_is_kept() -> None:
    kept, missed = said(every(1, 10), planned(320_000)), said(every(1, 10), planned(370_000))
    assert (kept["outcome"], missed["outcome"]) == ("clear", "clear")
    assert kept["score"] < missed["score"]
    assert kept["evidence"]["coming"] is None


def test_who_was_no_customer_a_year_ago_is_held_against_his_own_average() -> None:
    row = said(every(1, 10, start=230))
    assert (row["outcome"], row["evidence"]["coming_before"]) == ("clear", None)
    faded = said(
        [
            dict(i, amount=30_000, value=30_000.0) if i["issued"] > AS_OF - timedelta(days=60) else i
            for i in every(1, 10, start=230)
        ]
    )
    assert row["score"] < faded["score"]
