"""The simulator of benchmarks/methods.py: the figures in docs/benchmarks.md stand on it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import polars as pl
import pytest

SOURCE = Path(__file__).resolve().parents[2] / "benchmarks" / "books.py"
pytestmark = pytest.mark.skipif(not SOURCE.exists(), reason="benchmarks are not part of a source distribution")
RECENT = pl.col("due") > pl.date(2026, 4, 30)


@pytest.fixture(scope="module")
def books():
    spec = importlib.util.spec_from_file_location("benchmark_books", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_same_seed_makes_the_same_book_and_another_seed_another(books):
    assert books.paying(50, 3).items.equals(books.paying(50, 3).items)
    assert not books.paying(50, 3).items.equals(books.paying(50, 4).items)
    assert books.buying(50, 3).items.equals(books.buying(50, 3).items)


def test_nothing_in_a_book_is_later_than_its_date(books):
    for book in (books.paying(50, 1, 20), books.buying(50, 1)):
        late = book.items.filter((pl.col("issued") > books.AS_OF) | (pl.col("settled") > books.AS_OF))
        assert late.is_empty()


def test_healthy_customers_pay_about_45_invoices_on_pay_runs_and_rarely_very_late(books):
    items = books.paying(400, 1).items
    assert 40 < items.height / 400 < 50
    assert 0.01 < (items["days_late"] > 45).mean() < 0.08
    days = (
        items.drop_nulls("settled")
        .group_by("key")
        .agg(pl.col("settled").dt.epoch("d").unique().sort().diff().drop_nulls())
    )
    steps = {int(np.gcd.reduce(row)) for row in days["settled"].to_list()}
    assert {7, 15, 30} <= steps


def test_who_stopped_has_open_invoices_and_who_drifts_pays_later(books):
    healthy, stopped, later = (books.paying(400, 2, change).items.filter(RECENT) for change in (None, "stopped", 20))
    assert stopped["settled"].null_count() == stopped.height
    assert healthy["settled"].null_count() < 0.6 * healthy.height
    paid = [frame.filter(pl.col("due") < pl.date(2026, 5, 10))["days_late"].mean() for frame in (healthy, later)]
    assert 14 < paid[1] - paid[0] < 26


def test_a_change_leaves_the_rest_of_the_customer_as_it_was(books):
    before = pl.col("due") < pl.date(2025, 12, 1)
    healthy, later = (books.paying(60, 2, change).items.filter(before) for change in (None, 20))
    assert healthy.select("key", "due", "amount", "days_late").equals(later.select("key", "due", "amount", "days_late"))


def test_who_stopped_buying_has_no_orders_since_and_who_halved_has_half(books):
    healthy, stopped, half = (books.buying(900, 2, change).items for change in (None, "stopped2", "half"))
    last = pl.col("issued") > pl.date(2026, 3, 31)
    assert stopped["issued"].max() <= pl.Series([books.AS_OF.replace(month=4, day=30)])[0]
    assert 0.4 < half.filter(last).height / healthy.filter(last).height < 0.6


def test_a_third_of_customers_each_buys_often_now_and_then_and_seldom(books):
    counts = books.buying(300, 1).items.group_by("key").len().sort("key").with_columns(band=pl.col("key") % 3)
    a_month = counts.group_by("band").agg(pl.col("len").mean() / books.MONTHS).sort("band")["len"].to_list()
    assert 5 < a_month[0] < 7.5
    assert 1.2 < a_month[1] < 1.9
    assert 0.35 < a_month[2] < 0.6
