"""What the purchases check learns from replaying a book, and says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from healthcheck.checks.purchases import Calibration, Policy, assess, calibrate
from healthcheck.ledger.columns import Columns
from tests.unit.purchases_book import AS_OF, account, book, every


def steady(count: int, more: list[dict[str, Any]] | None = None) -> Columns:
    """``count`` accounts that order every week or so, and the rows of account 999."""
    items = [row for key in range(1, count + 1) for row in every(key, 6 + key % 5)]
    return book([*items, *(more or [])], [account(key) for key in [*range(1, count + 1), 999]])


def test_an_alert_says_how_often_buyers_who_buy_as_ever_looked_like_this() -> None:
    columns = steady(80, every(999, 7, until=62))
    made = calibrate(columns, AS_OF, Policy())
    alerts, reviews = made.replayed["silence"]
    assert (alerts, reviews) == (0, 4 * 80)
    row = assess(columns, AS_OF, Policy(), made).row(80, named=True)
    assert row["outcome"] == "urgent"
    assert row["summary"].endswith("Of your own healthy reviews, replayed, none of 320 looked like this.")


def test_a_clear_account_and_a_thin_book_say_nothing_of_replayed_reviews() -> None:
    columns = steady(80, every(999, 7))
    frame = assess(columns, AS_OF, Policy(), calibrate(columns, AS_OF, Policy()))
    assert not [text for text in frame.filter(frame["outcome"] == "clear")["summary"] if "replayed" in text]
    thin = steady(3, every(999, 7, until=62))
    made = calibrate(thin, AS_OF, Policy())
    assert made == replace(Calibration(), accounts=4)
    assert "replayed" not in assess(thin, AS_OF, Policy(), made).row(3, named=True)["summary"]


def test_what_is_urgent_follows_from_the_book_within_bounds_and_stays_at_the_default_below_200_accounts() -> None:
    assert calibrate(steady(80), AS_OF, Policy()).urgent_p == Calibration().urgent_p
    made = calibrate(steady(210, every(999, 7, until=62)), AS_OF, Policy())
    assert 1e-5 <= made.urgent_p <= Policy().flag_p / 4
