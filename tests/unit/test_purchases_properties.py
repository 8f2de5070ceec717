"""What must hold of the purchases check whatever the orders are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from healthcheck.checks.purchases import Calibration, Policy, assess, calibrate
from healthcheck.ledger.columns import Columns
from tests.unit.purchases_book import AS_OF, account, book, item

HISTORIES = st.lists(
    st.tuples(st.integers(0, 1500), st.integers(-50_000, 500_000)).map(lambda t: (t[0], t[1] / 100)), max_size=60
)
BOOKS = st.lists(HISTORIES, min_size=1, max_size=5)
FEW = settings(max_examples=30, deadline=None)


def made(histories: list[list[tuple[int, float]]], **more: Any) -> Columns:
    items = [
        item(key, f"{key}-{n}", AS_OF - timedelta(days=age), amount)
        for key, history in enumerate(histories, 1)
        for n, (age, amount) in enumerate(history)
    ]
    return book(items, [account(key, limit=10_000_000, **more) for key in range(1, len(histories) + 1)])


def judged(columns: Columns, calibration: Calibration | None = None) -> pl.DataFrame:
    return assess(columns, AS_OF, Policy(), calibration or Calibration())


@FEW
@given(BOOKS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(histories: list[list[tuple[int, float]]], random: Any) -> None:
    columns = made(histories)
    order = list(range(columns.items.height))
    random.shuffle(order)
    shuffled = replace(columns, items=columns.items[order])
    assert_frame_equal(judged(columns), judged(shuffled), check_exact=True)
    assert calibrate(columns, AS_OF, Policy()) == calibrate(shuffled, AS_OF, Policy())


@FEW
@given(BOOKS)
def test_one_account_alone_is_judged_as_among_all(histories: list[list[tuple[int, float]]]) -> None:
    columns = made(histories)
    alone = pl.concat([judged(columns.only(pl.Series([key]))) for key in columns.accounts["key"]])
    assert_frame_equal(judged(columns), alone, check_exact=True)


@FEW
@given(HISTORIES)
def test_the_unit_of_money_does_not_matter(history: list[tuple[int, float]]) -> None:
    some, more = judged(made([history])), judged(made([[(age, 100 * amount) for age, amount in history]]))
    assert some["outcome"].to_list() == more["outcome"].to_list()
    assert abs((some["score"].fill_null(-1) - more["score"].fill_null(-1))[0]) < 0.01


@FEW
@given(HISTORIES)
def test_unknown_has_a_reason_and_no_score_and_judged_has_both_the_other_way(history: list[tuple[int, float]]) -> None:
    row = judged(made([history])).row(0, named=True)
    unknown = row["outcome"] == "unknown"
    assert unknown == (row["score"] is None) == (row["p"] is None) == (row["evidence"]["reason"] is not None)
    assert unknown == all(s["outcome"] == "unknown" for s in row["signals"].values())
    if sum(amount > 0 for _, amount in history) < 6:
        assert unknown
    assert row["summary"].endswith(".")


REGULAR = st.tuples(st.integers(2, 25), st.integers(200, 1300))


@FEW
@given(REGULAR, st.integers(0, 100), st.integers(0, 100))
def test_a_bigger_shortfall_never_lowers_the_score(rhythm: tuple[int, int], one: int, other: int) -> None:
    every, history = rhythm
    old = [(age, 100.0) for age in range(history, 91, -every)]
    new = list(range(91, -1, -every))
    low, high = sorted((one, other))

    def score(percent: int) -> float:
        kept = [(age, percent / 100 * 90 + 0.01) for age in new]
        return judged(made([old + kept]))["score"].fill_null(-1.0)[0]

    a, b = score(low), score(high)
    assert -1 in (a, b) or a >= b


@FEW
@given(REGULAR, st.integers(0, 90), st.integers(0, 90))
def test_a_longer_silence_never_lowers_the_score(rhythm: tuple[int, int], one: int, other: int) -> None:
    every, history = rhythm
    ages = [(age, 100.0) for age in range(history, -1, -every)]
    low, high = sorted((one, other))

    def score(quiet: int) -> float:
        return judged(made([[(age, amount) for age, amount in ages if age >= quiet]]))["score"].fill_null(-1.0)[0]

    a, b = score(low), score(high)
    assert -1 in (a, b) or b >= a


@FEW
@given(BOOKS)
def test_outcome_and_score_agree_and_the_worst_signal_decides(histories: list[list[tuple[int, float]]]) -> None:
    floors = {"clear": 0.0, "watch": 0.4, "flag": 0.6, "urgent": 0.8}
    rank = ["unknown", *floors]
    for row in judged(made(histories)).iter_rows(named=True):
        assert row["outcome"] == max((s["outcome"] for s in row["signals"].values()), key=rank.index)
        if row["score"] is not None:
            assert [k for k, floor in floors.items() if row["score"] >= floor][-1] == row["outcome"]
