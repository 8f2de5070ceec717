"""What was known when: no date uses later facts, and no account is judged by another's until the next calibration."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sqlalchemy import delete, update
from sqlmodel import col

from healthcheck.checks import payments, purchases
from healthcheck.ledger.read import read_columns
from healthcheck.reviews import calibrations, screen
from healthcheck.settings import Settings
from healthcheck.store.books import Account, Calibration, Invoice, Payment
from healthcheck.store.session import write

TODAY, MONTH_END = date(2026, 3, 20), date(2026, 2, 28)
NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
FEW = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
# account, days ago issued, terms, days late or None, how it was paid, amount
INVOICES = st.lists(
    st.tuples(
        st.integers(1, 3), st.integers(0, 700), st.sampled_from([14, 30]), st.none() | st.integers(-10, 90),
        st.sampled_from(["file", "payment", "unallocated", "in two"]), st.integers(1_00, 9_000_00),
    ),
    min_size=1, max_size=60,
)  # fmt: skip
STEADY = [(1, ago, 30, ago % 5, "file", 500_00) for ago in range(2, 700, 9)]


def fill(engine, invoices, known=date.max, first=1):
    """The store with these invoices and their payments, as far as anything of them was known on a date."""
    with write(engine) as session:
        for model in (Payment, Invoice, Account, Calibration):
            session.execute(delete(model))
        session.add_all([Account(id=key, account=f"C{key}", currency="EUR") for key in (1, 2, 3)])
    add(engine, invoices, known, first)


def add(engine, invoices, known=date.max, first=1):
    with write(engine) as session:
        for number, row in enumerate(invoices, first):
            session.add_all(one for one in facts(number, *row) if when(one) <= known)


def facts(number, account, ago, terms, late, how, amount):
    """An invoice and what was paid of it."""
    issued = TODAY - timedelta(ago)
    due = issued + timedelta(terms)
    paid = None if late is None else max(due + timedelta(late), issued)
    dated = paid if how == "file" else None
    row = {"account_id": account, "amount": amount, "currency": "EUR"}
    invoice = Invoice(id=number, number=f"N{number}", issued=issued, due=due, paid=dated, **row)
    if paid is None or how == "file":
        return [invoice]
    parts = [amount // 3, amount - amount // 3] if how == "in two" else [amount]
    names = None if how == "unallocated" else invoice.number
    return [invoice] + [
        Payment(key=f"{number}-{n}", paid=paid + timedelta(9 * n), invoice=names, **row | {"amount": part})
        for n, part in enumerate(parts)
    ]


def when(fact):
    return fact.issued if isinstance(fact, Invoice) else fact.paid


def unpay(engine, day):
    """Take back what the invoices' own file says was paid later than a date."""
    with write(engine) as session:
        session.execute(update(Invoice).where(col(Invoice.paid) > day).values(paid=None))


def judged(engine, on):
    columns = read_columns(engine, on, "EUR")
    for check in (payments, purchases):
        made = check.calibrate(columns, on, check.Policy())
        yield made, check.assess(columns, on, check.Policy(), made)


@FEW
@given(INVOICES, st.booleans(), st.integers(0, 400))
def test_no_as_of_date_uses_later_facts(engine, invoices, steady, back):
    everything, on = [*invoices, *(STEADY if steady else [])], TODAY - timedelta(back)
    fill(engine, everything)
    later = list(judged(engine, on))
    fill(engine, everything, known=on)
    unpay(engine, on)
    for (made_then, then), (made_now, now) in zip(judged(engine, on), later, strict=True):
        assert made_then == made_now
        assert_frame_equal(then, now, check_exact=True)


@FEW
@given(INVOICES)
def test_an_unrelated_account_changes_nothing_until_the_next_calibration(engine, invoices):
    fill(engine, STEADY)
    before = line(engine)
    unrelated = [(2 + account % 2, ago, *rest) for account, ago, *rest in invoices]
    add(engine, unrelated, first=1000)
    assert line(engine) == before


def line(engine):
    calibrations.current(engine, TODAY, Settings(), NOW)
    return screen.line(screen.one(engine, 1, TODAY, Settings(), NOW), 1)
