"""What is judged on too little is unknown, and says which minimum is not met."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from healthcheck.checks import payments, purchases
from healthcheck.checks.outcomes import JUDGED
from tests.unit import purchases_book
from tests.unit.test_payments import QUIET, book, only

POLICY = payments.Policy()
invoices = st.lists(
    st.tuples(st.just(1), st.integers(0, 700), st.none() | st.integers(-20, 90), st.integers(1, 10**6), st.just({})),
    max_size=50,
)
orders = st.lists(st.tuples(st.integers(0, 1300), st.integers(1, 9_000)), max_size=40)


def paid_by(row, ago):
    """Whether the invoice was settled more than ``ago`` days before the as-of date."""
    return row[2] is not None and row[1] - row[2] >= max(ago, 0)


@QUIET
@given(invoices)
def test_drift_is_unknown_with_the_reason_where_either_window_holds_too_few(rows):
    recent = sum(row[1] < POLICY.recent_days for row in rows)
    days = POLICY.recent_days if recent >= POLICY.recent_min else POLICY.widened_days
    recent = sum(row[1] < days for row in rows)
    before = sum(days <= row[1] < days + POLICY.baseline_days for row in rows)
    said = only(book(rows, accounts=[1]))
    if recent < POLICY.recent_min or before < POLICY.baseline_min:
        assert said["signals"]["drift"] == {"outcome": "unknown", "score": None, "p": None}
        assert "invoice" in said["evidence"]["drift_reason"]


@QUIET
@given(invoices)
def test_out_of_character_is_unknown_with_the_reason_where_the_history_is_too_short(rows):
    earlier = sum(row[1] >= POLICY.recent_days and paid_by(row, POLICY.recent_days) for row in rows)
    said = only(book(rows, accounts=[1]))
    if earlier < POLICY.history_min:
        assert said["signals"]["out_of_character"] == {"outcome": "unknown", "score": None, "p": None}
        assert "invoice" in said["evidence"]["character_reason"]


@QUIET
@given(invoices)
def test_level_and_with_it_the_check_is_unknown_where_hardly_anything_fell_due_and_nothing_is_past_due(rows):
    year = sum(row[1] < POLICY.baseline_days for row in rows)
    owed = any(not paid_by(row, 0) and row[1] > 0 for row in rows)
    said = only(book(rows, accounts=[1]))
    assert (said["signals"]["level"]["outcome"] == "unknown") == (year < POLICY.level_min and not owed)
    if not any(one["outcome"] in JUDGED for one in said["signals"].values()) and said["outcome"] == "unknown":
        assert said["score"] is None
        assert said["summary"] == f"Payments could not be judged: {said['evidence']['reason']}."


@QUIET
@given(orders)
def test_purchases_are_unknown_with_the_reason_below_six_orders_or_six_months(rows):
    today, policy = purchases_book.AS_OF, purchases.Policy()
    items = [
        purchases_book.item(1, f"N{n}", today - timedelta(ago), amount) for n, (ago, amount) in enumerate(sorted(rows))
    ]
    columns = purchases_book.book(items, [purchases_book.account(1)])
    said = purchases.assess(columns, today, policy, purchases.Calibration()).row(0, named=True)
    days = {ago for ago, _ in rows}
    if len(days) < policy.min_orders or (max(days) + 1) / 30.4375 < policy.min_months:
        assert (said["outcome"], said["score"], said["p"]) == ("unknown", None, None)
    assert (said["evidence"]["reason"] is not None) == (said["outcome"] == "unknown")
