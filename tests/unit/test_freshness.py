from datetime import timedelta

from healthcheck.ledger.freshness import STALE_DAYS, latest, warning
from healthcheck.store.session import read
from tests.unit.books import account, day, invoice, payment


def test_the_newest_fact_is_the_newest_known_on_the_date(engine):
    key = account(engine)
    invoice(engine, key, 1, issued=0, paid=40)
    payment(engine, key, 50, 100)
    with read(engine) as session:
        assert [latest(session, day(n)) for n in (-1, 39, 45, 60)] == [None, day(0), day(40), day(50)]


def test_an_old_ledger_is_said_and_a_fresh_one_is_not():
    assert warning(day(0), day(0) + timedelta(days=STALE_DAYS)) == ""
    assert f"{STALE_DAYS + 1} days before" in warning(day(0), day(0) + timedelta(days=STALE_DAYS + 1))
    assert warning(None, day(0)) == ""
