"""What counts as an event, of whom it is asked, and the rules of thumb, on small books in a real database."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from healthcheck.backtest import events, rules
from healthcheck.backtest.replay import learn
from healthcheck.ledger.read import read_columns
from healthcheck.reviews import rotation
from healthcheck.settings import load
from healthcheck.store.books import Invoice
from healthcheck.store.session import write
from tests.unit.books import account

THEN, NOW = date(2025, 6, 30), date(2025, 9, 30)


def add(engine, key, *rows, amount=100_000):
    """Invoices given as (due, days late when paid; None: open)."""
    with write(engine) as session:
        for n, (due, late) in enumerate(rows):
            paid = None if late is None else due + timedelta(days=late)
            number = f"{key}-{due}-{n}"
            session.add(
                Invoice(
                    account_id=key,
                    number=number,
                    issued=due - timedelta(days=30),
                    due=due,
                    amount=amount,
                    currency="EUR",
                    paid=paid,
                )
            )


def bought(engine, key, amounts):
    """One invoice on the 15th of each month, from the month of ``NOW`` backwards."""
    with write(engine) as session:
        for back, amount in enumerate(amounts):
            day = events.month_end(NOW, -back).replace(day=15)
            if amount:
                session.add(
                    Invoice(
                        account_id=key,
                        number=f"{key}-{back}",
                        issued=day,
                        due=day,
                        amount=amount,
                        currency="EUR",
                        paid=day,
                    )
                )


def serious(engine, as_of=NOW, since=THEN):
    found = events.serious(read_columns(engine, as_of, "EUR"), since)
    return dict(found.iter_rows())


@pytest.mark.parametrize(
    ("rows", "day"),
    [
        ([(date(2025, 7, 10), 15), (date(2025, 7, 15), 20), (date(2025, 7, 18), 0)], date(2025, 7, 30)),  # the second passed 15 days
        ([(date(2025, 7, 10), 15), (date(2025, 7, 15), 0), (date(2025, 7, 18), 0)], None),
        ([(date(2025, 7, 10), 15), (date(2025, 7, 15), 14)], None),  # the median is 14.5
        ([(date(2025, 7, 10), 80), *[(date(2025, 7, 11), 0)] * 5], date(2025, 9, 8)),  # one became 60 days late
        ([(date(2025, 5, 20), None), *[(date(2025, 7, 11), 0)] * 5], date(2025, 7, 19)),  # due before, 60 days old inside
        ([(date(2025, 4, 10), None), *[(date(2025, 7, 11), 0)] * 5], None),  # 60 days old before
        ([(date(2025, 9, 20), None)], None),  # open, ten days old
        ([(date(2025, 9, 1), None)], date(2025, 9, 16)),  # the only one, open at 29 days
    ],
)  # fmt: skip
def test_serious_lateness_and_the_day_it_showed(engine, rows, day):
    key = account(engine)
    add(engine, key, *rows)
    assert serious(engine) == ({key: day} if day else {})


def test_what_is_paid_after_the_horizon_is_still_open_at_its_end(engine):
    key = account(engine)
    add(engine, key, (date(2025, 9, 10), 18))
    assert serious(engine) == {key: date(2025, 9, 25)}
    assert serious(engine, date(2025, 9, 24)) == {}  # 14 days old then


def asked(engine, as_of=THEN):
    columns = read_columns(engine, as_of, "EUR")
    settings = load()
    policy = rotation.policy_from(settings)
    classes = rotation.classify(columns, as_of, policy, learn(columns, settings)["rotation"])
    return events.paid_well(columns, classes, policy, 3)["key"].to_list()


def test_serious_lateness_is_asked_of_those_who_paid_well_and_were_not_late_already(engine):
    good, poor, late, old, fresh = (account(engine, name) for name in ("good", "poor", "late", "old", "fresh"))
    year = [date(2024, 3, 1) + timedelta(days=30 * n) for n in range(16)]  # to 25 May 2025
    for key, typical in ((good, 0), (poor, 25), (late, 0), (old, 0)):
        add(engine, key, *[(due, typical) for due in year])
    add(engine, late, *[(date(2025, 6, 2), 20)] * 4)
    add(engine, old, (date(2025, 4, 10), None), amount=1000)
    add(engine, fresh, (date(2025, 6, 1), 0))
    assert asked(engine) == [good]


def test_purchases_fell_when_the_horizon_has_under_half_of_the_year_before(engine):
    half, less, none, new = (account(engine, name) for name in ("half", "less", "none", "new"))
    bought(engine, half, [50, 50, 50, *[100] * 18])
    bought(engine, less, [50, 50, 49, *[100] * 18])
    bought(engine, none, [0, 0, 0, *[100] * 18])
    bought(engine, new, [10, 0, 0, 100, 100])
    columns = read_columns(engine, NOW, "EUR")
    assert dict(events.fallen(columns, 3).iter_rows()) == {less: NOW, none: NOW}


def test_a_fall_is_asked_of_regular_buyers_whose_last_quarter_was_not_under_half(engine):
    regular, gap, down, young = (account(engine, name) for name in ("regular", "gap", "down", "young"))
    bought(engine, regular, [100] * 18)
    bought(engine, gap, [100] * 6 + [0] * 3 + [100] * 9)
    bought(engine, down, [40] * 3 + [100] * 15)
    bought(engine, young, [100] * 12)
    assert events.healthy(read_columns(engine, NOW, "EUR"))["key"].to_list() == [regular, young]


def test_the_rules_of_thumb_are_the_numbers_people_know(engine):
    payer, buyer = account(engine, "payer"), account(engine, "buyer")
    add(engine, payer, (date(2025, 8, 1), 12), (date(2025, 9, 1), None), (date(2024, 12, 2), 2), (date(2025, 3, 3), 0))
    bought(engine, buyer, [0, 60, 60, *[100] * 15])
    columns = read_columns(engine, NOW, "EUR")
    said = {row["key"]: row for row in rules.payments(columns).iter_rows(named=True)}
    assert said[payer] == {"key": payer, "paid_rise": 11, "oldest_open": 29, "worst_recent": 29, "share_late": 0.75}
    said = {row["key"]: row for row in rules.purchases(columns).iter_rows(named=True)}
    assert said[buyer]["fall"] == pytest.approx(0.6)
    assert said[buyer]["silent"] == pytest.approx(46 / 30.4375)
    assert said[payer]["fall"] is None


def test_a_customer_who_stops_paying_looks_fine_to_the_average_of_paid_invoices(engine):
    key = account(engine)
    add(engine, key, *[(date(2025, m, 3), 0) for m in range(1, 7)], (date(2025, 7, 3), None), (date(2025, 8, 4), None))
    (row,) = rules.payments(read_columns(engine, NOW, "EUR")).to_dicts()
    assert row["paid_rise"] is None
    assert row["oldest_open"] == 89
