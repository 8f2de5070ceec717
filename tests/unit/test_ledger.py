import subprocess
import sys
from datetime import date

import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from healthcheck.ledger.families import batches, groups
from healthcheck.ledger.read import chunks
from healthcheck.ledger.workdays import next_business_day
from healthcheck.store.books import Rate
from healthcheck.store.session import write
from tests.unit.books import account, book, day, invoice, item, only_account, payment


def test_an_open_invoice_is_as_late_as_its_age(engine):
    invoice(engine, account(engine), 1, due=28)
    found = item(book(engine, 40), 1)
    assert (found["settled"], found["days_late"], found["open"]) == (None, 12, 10000)


def test_a_later_payment_is_not_known_yet(engine):
    invoice(engine, account(engine), 1, due=28, paid=50)
    assert item(book(engine, 49), 1)["settled"] is None
    assert item(book(engine, 50), 1)["days_late"] == 22


def test_an_invoice_issued_later_does_not_exist_nor_does_its_account(engine):
    invoice(engine, account(engine), 1, issued=10)
    columns = book(engine, 9)
    assert (columns.items.height, columns.accounts.height) == (0, 0)


def test_payments_override_what_the_invoice_row_says(engine):
    key = account(engine)
    invoice(engine, key, 1, due=28, paid=28)
    payment(engine, key, 40, 10000, "1")
    assert item(book(engine, 45), 1)["settled"] == day(40)
    assert item(book(engine, 30), 1)["settled"] == day(28)  # the payment row is not known yet


def test_part_payments_settle_when_they_reach_95_percent(engine):
    key = account(engine)
    invoice(engine, key, 1, due=28)
    for n, part in ((30, 5000), (35, 4400), (42, 100)):
        payment(engine, key, n, part, "1")
    early, late = item(book(engine, 41), 1), item(book(engine, 42), 1)
    assert (early["settled"], early["open"], early["part_payments"]) == (None, 600, 2)
    assert (late["settled"], late["open"]) == (day(42), 0)


def test_unallocated_cash_covers_the_oldest_item(engine):
    key = account(engine)
    invoice(engine, key, 1, due=28)
    invoice(engine, key, 2, due=35)
    payment(engine, key, 30, 10000)
    columns = book(engine, 60)
    assert item(columns, 1)["covered"]
    assert item(columns, 1)["settled"] == day(30)
    assert item(columns, 2)["settled"] is None
    assert (
        only_account(columns)["exposure"],
        only_account(columns)["past_due"],
        only_account(columns)["oldest_days"],
    ) == (10000, 10000, 25)


def test_a_refund_takes_the_cover_away(engine):
    key = account(engine)
    invoice(engine, key, 1, due=28)
    payment(engine, key, 30, 10000)
    payment(engine, key, 40, -10000)
    assert item(book(engine, 35), 1)["covered"]
    assert not item(book(engine, 40), 1)["covered"]


def test_an_open_credit_note_lowers_exposure_and_covers(engine):
    key = account(engine)
    invoice(engine, key, 1, due=28)
    invoice(engine, key, "G1", issued=20, due=20, amount=-4000, kind="credit")
    columns = book(engine, 40)
    assert (only_account(columns)["exposure"], only_account(columns)["unallocated"]) == (6000, 4000)


def test_an_overpayment_is_unallocated_money(engine):
    key = account(engine)
    invoice(engine, key, 1, due=28)
    payment(engine, key, 28, 13000, "1")
    invoice(engine, key, 2, issued=20, due=48, amount=3000)
    assert item(book(engine, 60), 2)["covered"]


def test_disputed_items_are_never_covered_nor_past_due(engine):
    key = account(engine)
    invoice(engine, key, 1, due=28, disputed=True)
    invoice(engine, key, 2, due=30)
    payment(engine, key, 31, 10000)
    columns = book(engine, 80)
    assert not item(columns, 1)["covered"]
    assert item(columns, 2)["covered"]
    assert (only_account(columns)["past_due"], only_account(columns)["disputed"]) == (0, 10000)


def test_money_naming_an_unknown_invoice_is_not_lost(engine):
    key = account(engine)
    invoice(engine, key, 1, due=28)
    payment(engine, key, 28, 10000, "no such number")
    assert item(book(engine, 30), 1)["covered"]


def test_a_book_without_any_allocation_is_read_first_in_first_out(engine):
    key = account(engine)
    for n in range(10):
        invoice(engine, key, n, issued=n * 10, due=n * 10 + 30)
        payment(engine, key, n * 10 + 33, 10000, reference=str(n))
    columns = book(engine, 200)
    assert columns.items["covered"].all()
    assert columns.items["days_late"].max() <= 3


@pytest.mark.parametrize(
    ("day_", "country", "rolled"),
    [
        (date(2026, 4, 3), "DE", date(2026, 4, 7)),
        (date(2026, 4, 3), "US", date(2026, 4, 3)),
        (date(2026, 11, 22), None, date(2026, 11, 23)),
        (date(2026, 11, 22), "XX", date(2026, 11, 23)),
        (date(2026, 1, 2), "AE", date(2026, 1, 2)),
    ],
)
def test_due_dates_roll_to_the_next_business_day_of_the_country(day_, country, rolled):
    assert next_business_day(day_, country) == rolled


def test_one_country_is_imported_without_the_others():
    alone = """
import sys
from datetime import date
from healthcheck.ledger.workdays import next_business_day
assert next_business_day(date(2026, 4, 3), "DE") == date(2026, 4, 7)
print(sorted(name for name in sys.modules if name.startswith("holidays.countries.")))
"""
    done = subprocess.run([sys.executable, "-c", alone], capture_output=True, text=True, check=True)
    assert done.stdout == "['holidays.countries.germany']\n"


def test_every_country_of_the_library_has_a_calendar():
    every = """
from datetime import date
from healthcheck.ledger.workdays import next_business_day
from holidays.registry import EntityLoader
codes = list(EntityLoader.get_country_codes(include_aliases=False))
print(len({next_business_day(date(2026, 1, 1), code) for code in codes}) > 1, len(codes) > 200)
"""
    done = subprocess.run([sys.executable, "-c", every], capture_output=True, text=True, check=True)
    assert done.stdout == "True True\n"


def test_sums_across_currencies_use_the_latest_rate_known(engine):
    key = account(engine, currency="GBP", credit_limit=50000)
    invoice(engine, key, 1, currency="GBP")
    invoice(engine, key, 2, currency="JPY", amount=5000)
    with write(engine) as session:
        session.add_all([Rate(currency="GBP", on=day(0), rate="1.20"), Rate(currency="GBP", on=day(39), rate="1.10")])
    found = only_account(book(engine, 38))
    assert (found["exposure"], found["limit"], found["unconverted"]) == (12000, 60000, "JPY 5000")
    assert only_account(book(engine, 39))["exposure"] == 11000


def test_yen_have_no_cents(engine):
    invoice(engine, account(engine), 1, currency="JPY", amount=10000)
    with write(engine) as session:
        session.add(Rate(currency="JPY", on=day(0), rate="0.006"))
    assert only_account(book(engine, 5))["exposure"] == 6000  # 10,000 yen are 60.00 euro


def test_a_family_shares_exposure_and_the_roots_limit(engine):
    top = account(engine, "P", credit_limit=15000)
    child = account(engine, "S", parent="P", credit_limit=90000)
    grandchild = account(engine, "T", parent="S")
    for key in (top, child, grandchild):
        invoice(engine, key, f"n{key}")
    columns = book(engine, 10, [grandchild])
    assert columns.accounts["group"].unique().to_list() == ["/P"]
    assert columns.accounts["group_exposure"].to_list() == [30000] * 3
    assert columns.accounts["group_limit"].to_list() == [15000] * 3


def test_a_circle_of_parents_is_one_group():
    frame = pl.DataFrame(
        {"key": [1, 2, 3], "entity": ["", "", ""], "account": ["A", "B", "C"], "parent": ["B", "A", "B"]}
    )
    assert groups(frame)["group"].n_unique() == 1


def test_batches_never_split_a_family(engine):
    for n in range(30):
        account(engine, f"C{n}", parent="C0" if n < 9 else None)
    parts = chunks(engine, 4)
    assert sorted(key for part in parts for key in part) == list(range(1, 31))
    assert any(set(range(1, 10)) <= set(part) for part in parts)
    frame = pl.DataFrame({"key": [1, 2, 3], "group": ["a", "b", "b"]})
    assert list(batches(frame, 2)) == [[1], [2, 3]]


amounts = st.integers(1, 20000)


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(amounts, st.integers(0, 60), st.booleans()), min_size=1, max_size=8),
    st.lists(st.tuples(amounts, st.integers(0, 90)), max_size=6),
)
def test_exposure_is_what_was_invoiced_minus_what_came(engine, owed, came):
    """Whatever is covered by what, no cent appears or vanishes."""
    with write(engine) as session:
        session.exec(pl_delete("payment"))
        session.exec(pl_delete("invoice"))
        session.exec(pl_delete("account"))
    key = account(engine)
    for n, (amount, due, disputed) in enumerate(owed):
        invoice(engine, key, n, due=due, amount=amount, disputed=disputed)
    for n, (amount, paid) in enumerate(came):
        payment(engine, key, paid, amount, payment_key=str(n))
    columns = book(engine, 100)
    assert only_account(columns)["exposure"] == max(0, sum(a for a, *_ in owed) - sum(a for a, _ in came))
    assert columns.items.filter("covered")["open"].sum() == 0
    alone = columns.items.filter(pl.col("covered"))
    assert alone.filter(pl.col("settled") < pl.col("issued")).height == 0


def pl_delete(table):
    from sqlalchemy import text

    return text(f"DELETE FROM {table}")


def test_what_left_the_list_of_open_items_is_settled_even_if_only_part_was_paid(engine):
    key = account(engine)
    invoice(engine, key, 1, due=28, paid=60, estimated=True)
    payment(engine, key, 30, 4000, "1")
    assert item(book(engine, 59), 1)["settled"] is None
    assert item(book(engine, 60), 1)["settled"] == day(60)
