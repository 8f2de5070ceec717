"""What the payments check learns from replaying a book, and says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.checks import outcomes, payments, replays
from healthcheck.checks.payments.rows import Rows, replayed, rows
from tests.unit.test_payments import AS_OF, QUIET, assess, book, history, only, punctual

POLICY = payments.Policy()


def calibrated(columns):
    return payments.calibrate(columns, AS_OF, POLICY)


def flagged(frame, signal):
    outcome = frame["signals"].struct.field(signal).struct.field("outcome")
    return int(outcome.is_in(outcomes.ALERTS).sum())


def now_and_then(account):
    """Pays on the day, but for one invoice in twenty-nine, that is 25 to 44 days late."""
    return [
        (account, ago, 25 + (ago + account) % 20 if (ago * 7 + account * 11) % 29 == 0 else 0, 50_000)
        for ago in range(1, 720, 9)
    ]


def test_month_ends_before_a_date_come_newest_first():
    assert replays.month_ends(date(2026, 3, 31))[:2] == [date(2026, 2, 28), date(2026, 1, 31)]
    assert len(replays.month_ends(date(2026, 3, 31))) == 6


@pytest.mark.parametrize(
    ("alerts", "reviews", "words"),
    [
        (3, 1500, "Of your own healthy reviews, replayed, 1 in 500 looked like this."),
        (1, 1234, "Of your own healthy reviews, replayed, 1 in 1,200 looked like this."),
        (0, 1440, "Of your own healthy reviews, replayed, none of 1,440 looked like this."),
        (1, 199, ""),
    ],
)
def test_how_often_healthy_reviews_looked_like_this_is_said_from_200_reviews_on(alerts, reviews, words):
    assert replays.spoken(alerts, reviews) == words


@given(st.lists(st.floats(0, 1), max_size=40), st.floats(0.01, 0.5))
def test_benjamini_hochberg_rejects_the_largest_step_that_holds(p, share):
    limit = replays.benjamini_hochberg(p, share)
    steps = [k for k in range(1, len(p) + 1) if sorted(p)[k - 1] <= share * k / len(p)]
    assert limit == (sorted(p)[steps[-1] - 1] if steps else 0.0)


def test_which_accounts_of_a_large_book_are_replayed_does_not_depend_on_their_order():
    columns = book([], accounts=range(1, 401))
    some = replays.part(columns, 100)
    mixed = replace(columns, accounts=columns.accounts.sample(fraction=1, shuffle=True, seed=1))
    assert 60 < some.accounts.height < 140
    assert set(replays.part(mixed, 100).accounts["key"]) == set(some.accounts["key"])


invoices = st.lists(
    st.tuples(
        st.integers(1, 3), st.integers(0, 900), st.none() | st.integers(-20, 300), st.integers(1, 10**6), st.just({})
    ),
    max_size=60,
)


@QUIET
@given(invoices, st.sampled_from([0, 1, 31, 90, 181]))
def test_a_book_replayed_is_the_book_that_was_known_then(invoices, back):
    then = AS_OF - timedelta(back)
    now = rows(book(invoices, accounts=[1, 2, 3]), AS_OF, POLICY.history_days + 300 + 181)
    assert same(replayed(now, back, POLICY.history_days), rows(known_on(invoices, then), then, POLICY.history_days))


def known_on(invoices, then):
    """The same invoices, cut off at a date by hand."""
    columns = book(invoices, accounts=[1, 2, 3])
    late = pl.col("settled").is_null() | (pl.col("settled") > then)
    items = columns.items.filter(pl.col("issued") <= then).with_columns(
        settled=pl.when(~late).then("settled"),
        open_value=pl.when(late).then("value").otherwise(0.0),
        days_late=pl.when(late)
        .then((pl.lit(then) - pl.col("due")).dt.total_days())
        .otherwise("days_late")
        .cast(pl.Int32),
    )
    return replace(columns, as_of=then, items=items)


def same(left: Rows, right: Rows) -> bool:
    names = ("account", "age", "late", "since_issue", "terms", "paid", "settled_age", "value", "open_value")
    return all(getattr(left, n).tolist() == getattr(right, n).tolist() for n in names) and left.number.equals(
        right.number
    )


def test_a_book_where_late_invoices_are_ordinary_alerts_few_and_says_how_many():
    columns = book([row for k in range(1, 221) for row in now_and_then(k)])
    made = calibrated(columns)
    after = assess(columns, made)
    assert flagged(after, "out_of_character") <= 0.02 * 220
    assert made.odd[1] <= payments.Calibration().odd[1]
    assert all(limit >= least for limit, least in zip(made.level, payments.Calibration().level, strict=True))
    alerts, reviews = made.replayed["out_of_character"]
    assert reviews > 1000
    assert alerts <= 0.011 * reviews


def test_an_alert_says_how_often_healthy_reviews_of_the_book_looked_like_this():
    stopped = [*history(999), *[(999, ago, None, 100_000) for ago in range(2, 58, 8)]]
    columns = book([row for k in range(1, 221) for row in punctual(k, k % 5)] + stopped)
    said = assess(columns, calibrated(columns)).filter(pl.col("key") == 999).row(0, named=True)
    assert said["outcome"] in outcomes.ALERTS
    assert said["summary"].endswith(" looked like this.")
    assert said["evidence"]["replayed"].startswith("Of your own healthy reviews, replayed, none of ")


def test_a_thin_book_says_nothing_of_replayed_reviews():
    columns = book([*history(), *[(1, ago, None, 100_000) for ago in range(2, 58, 8)]])
    assert "replayed" not in only(columns, calibrated(columns))["summary"]


def test_one_invoice_more_than_sixty_days_past_due_is_flagged_however_strict_the_limits():
    strict = replace(payments.Calibration(), level=[0.97, 0.998, 0.9995], odd=[1e-9, 1e-10, 1e-11])
    assert only(book([*punctual(), (1, 61, None, 40_000)]), strict)["signals"]["level"]["outcome"] == "flag"
    assert only(book([*punctual(), (1, 61, None, 1_000)]), strict)["signals"]["level"]["outcome"] == "clear"


def test_where_one_customer_in_ten_always_owes_such_an_invoice_it_is_watched_and_the_worst_are_flagged():
    def customer(k):
        return [(k, ago, 75 if (ago // 9 + k) % 60 == 0 else 0, 50_000) for ago in range(1, 720, 9)]

    columns = book([row for k in range(1, 241) for row in customer(k)])
    made = calibrated(columns)
    assert made.serious_score == 0.4
    level = assess(columns, made)["signals"].struct.field("level").struct.field("outcome")
    owing = rows(columns, AS_OF, 730)
    serious = set(owing.account[(~owing.paid) & (owing.late > 60)].tolist())
    assert len(serious) > 0.02 * 240
    assert all(level[k] in ("watch", "flag", "urgent") for k in serious)
    assert level.is_in(outcomes.ALERTS).sum() <= 0.03 * 240


def test_a_huge_book_in_which_nobody_is_ever_late_has_tails_that_can_be_read():
    import numpy as np

    from healthcheck.checks.payments.calibration import _tail
    from healthcheck.checks.payments.tail import book_tail

    shares = _tail(np.zeros(3_000_000, dtype=np.int64))
    assert min(shares) == 1e-6
    assert np.isfinite(book_tail(np.array([0.0, 90.0, 365.0]), shares)).all()
