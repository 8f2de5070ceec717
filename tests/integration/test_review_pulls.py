"""Reports: never bought twice, never beyond the budget, never in silence."""

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from healthcheck.bureaus import registry
from healthcheck.bureaus.base import BadReport, NoReport, Ready, Report
from healthcheck.errors import Fatal, Uncertain, UsageError
from healthcheck.reviews import leases, pulls
from healthcheck.reviews.pulls import Order
from healthcheck.store import work
from healthcheck.store.books import Account
from healthcheck.store.session import read, write
from healthcheck.store.work import Month, Pull
from tests import review_world as world
from tests.review_world import JUNE, NOW


class Till:
    """A bureau that charges; ``answer`` is raised or returned after the charge."""

    name, idempotency = "till", "none"
    price, answer = Decimal("4.20"), None

    def __init__(self):
        self.charged = []

    def cost(self):
        return self.price

    def find(self, subject):
        return []

    def order(self, subject, as_of, key):
        self.charged.append(key)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return Ready(Report("till", as_of - timedelta(days=3), status="active"))


@pytest.fixture
def till(monkeypatch):
    made = Till()
    monkeypatch.setattr(registry, "load", lambda name, settings: made)
    return made


@pytest.fixture
def order(engine, tmp_path, till):
    settings = world.settings(engine, tmp_path, bureaus="till", bureau_budget="100")
    with write(engine) as session:
        session.add(Account(account="C1"))
        session.add(Month(month="2026-06", as_of=JUNE, planned_at=NOW))
    return Order(engine, settings, 1, "2026-06", JUNE, NOW)


def stored(engine):
    with read(engine) as session:
        return session.exec(select(Pull).order_by(Pull.id)).all()


def with_(order, **more):
    from dataclasses import replace

    settings = {name: more.pop(name) for name in list(more) if name in type(order.settings).model_fields}
    return replace(order, settings=order.settings.model_copy(update=settings), **more)


def test_a_report_is_bought_once_for_the_month_and_reused_while_it_is_young(engine, order, till):
    assert [pulls.obtain(order), pulls.obtain(order)] == ["stored", "stored"]
    august = with_(order, month="2026-08", as_of=JUNE + timedelta(days=59))
    assert pulls.obtain(august) == "reused"
    assert len(till.charged) == 1
    assert pulls.obtain(with_(august, as_of=JUNE + timedelta(days=60))) == "stored"
    assert len(till.charged) == 2


def test_without_a_cap_nothing_is_paid_for(engine, order, till):
    assert pulls.obtain(with_(order, bureau_budget=None)) == "refused"
    assert till.charged == []
    assert "no cap set" in stored(engine)[0].note


def test_a_free_report_needs_no_cap(order, till):
    till.price = Decimal(0)
    assert pulls.obtain(with_(order, bureau_budget=None)) == "stored"


@pytest.mark.parametrize(
    ("answer", "state", "cost"),
    [
        (NoReport("not found"), "REFUSED", 0),
        (Fatal("wrong password"), "REFUSED", 0),
        (BadReport("cannot be read"), "UNCERTAIN", 420),
        (Uncertain("the line dropped"), "UNCERTAIN", 420),
        (ConnectionResetError("reset"), "UNCERTAIN", 420),
    ],
)
def test_what_an_answer_means_for_the_money(engine, order, till, answer, state, cost):
    till.answer = answer
    assert pulls.obtain(order) == state.lower()
    assert pulls.obtain(order) == state.lower()
    assert [(pull.state, pull.cost) for pull in stored(engine)] == [(state, cost)]
    assert len(till.charged) == 1


class Killed(BaseException):
    pass


def test_killed_between_intent_and_answer_it_is_uncertain_and_never_bought_blindly(engine, order, till):
    till.answer = Killed()
    with pytest.raises(Killed):
        pulls.obtain(order)
    assert [pull.state for pull in stored(engine)] == ["INTENT"]
    till.answer = None
    assert [pulls.obtain(order), pulls.obtain(order)] == ["uncertain", "uncertain"]
    assert len(till.charged) == 1


@pytest.mark.parametrize("idempotency", ["key", "reread"])
def test_where_the_same_call_costs_nothing_it_is_made_again_with_the_same_key(engine, order, till, idempotency):
    till.idempotency, till.answer = idempotency, Killed()
    with pytest.raises(Killed):
        pulls.obtain(order)
    till.answer = None
    assert pulls.obtain(order) == "stored"
    assert len(set(till.charged)) == 1
    assert len(stored(engine)) == 1


def test_whoever_lost_the_lease_buys_nothing(engine, order, till):
    def lost(session):
        raise leases.LeaseLost

    with pytest.raises(leases.LeaseLost):
        pulls.obtain(with_(order, guard=lost))
    assert (till.charged, list(stored(engine))) == ([], [])


def test_the_budget_holds_to_the_cent_under_eight_threads(engine, order, till):
    with write(engine) as session:
        session.add_all(Account(account=f"D{n}") for n in range(40))
    keys = list(range(2, 42))

    def work_off():
        while keys:
            pulls.obtain(with_(order, account_id=keys.pop(), bureau_budget=Decimal("50.40")))

    threads = [threading.Thread(target=work_off) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(till.charged) == 12
    with read(engine) as session:
        assert pulls.spent_in(session, "2026-06") == 5040


@pytest.fixture
def doubtful(engine, order, till):
    till.answer = Uncertain("the line dropped")
    pulls.obtain(order)
    till.answer = None
    return stored(engine)[0].id


@pytest.mark.parametrize(("verdict", "spent"), [(pulls.CHARGED, 420), (pulls.REFUSED, 0)])
def test_a_person_says_what_became_of_it(engine, order, till, doubtful, verdict, spent):
    pulls.resolve(engine, doubtful, verdict, NOW)
    with read(engine) as session:
        assert pulls.spent_in(session, "2026-06") == spent
    with pytest.raises(UsageError, match="settled already"):
        pulls.resolve(engine, doubtful, verdict, NOW)
    assert len(till.charged) == 1


def test_bought_again_it_counts_twice_and_the_report_is_there(engine, order, till, doubtful):
    again = pulls.buy_again(engine, doubtful, order.settings, NOW)
    assert (again.state, again.attempt) == ("STORED", 2)
    with read(engine) as session:
        assert pulls.spent_in(session, "2026-06") == 840
        assert session.exec(select(work.Report.as_of)).all() == [JUNE]


def test_an_unknown_pull_is_said_so(engine):
    with pytest.raises(UsageError, match="no pull 7"):
        pulls.resolve(engine, 7, pulls.CHARGED, NOW)


def test_a_report_from_after_the_as_of_date_is_dated_back_to_it(engine, order, till):
    """A live bureau answers as of today; the review of a month just over is judged by what it bought."""
    till.order = lambda subject, as_of, key: Ready(Report("till", date(2026, 7, 3)))
    pulls.obtain(order)
    with read(engine) as session:
        report = session.exec(select(work.Report)).one()
    assert (report.as_of, report.reported_on, report.body["reported_on"]) == (JUNE, JUNE, "2026-07-03")
