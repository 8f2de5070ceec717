"""Pulls inside a month: reviews that wait give their place back, the month waits for them, and the digest says what came of it."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlmodel import select

from healthcheck.bureaus import registry
from healthcheck.bureaus.answers import AuthFailed, Doubtful, Throttled, Unreachable
from healthcheck.bureaus.base import Pending
from healthcheck.months import Month
from healthcheck.reviews import leases, pulls, review, rounds
from healthcheck.reviews.pulling import gates, model
from healthcheck.store.session import connect, read, write
from healthcheck.store.work import Pull, Review
from tests import databases, review_world
from tests.pull_world import Scripted, balanced
from tests.review_world import NOW

JUNE = Month(2026, 6)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    engine = connect(databases.create(folder))
    review_world.fill(engine, folder)
    engine.dispose()
    return folder


@pytest.fixture
def run(filled, tmp_path, monkeypatch):
    """``run(bureau, **settings)``: the month reviewed with that bureau; (engine, totals, messages)."""
    monkeypatch.setattr(pulls, "SLEEPS_SECONDS", 0.0)
    monkeypatch.setattr(rounds, "POLL_SECONDS", 0.05)
    databases.copy(filled, tmp_path)
    engine = connect(databases.url(tmp_path))

    def reviewed(till, **more):
        monkeypatch.setattr(registry, "known", lambda: {till.name: "somewhere:else"})
        monkeypatch.setattr(registry, "load", lambda name, settings: till)
        given = {"bureaus": till.name, "bureau_budget": "100", **more}
        settings = review_world.settings(engine, tmp_path, **given)
        totals = review.review(engine, JUNE, None, settings, NOW, lambda what, *_: till.heard.append(what))
        assert balanced(engine)
        return engine, totals, review_world.results(engine)["messages"]

    yield reviewed
    engine.dispose()
    databases.drop(databases.url(tmp_path))


class UntilAllWait(Scripted):
    """Cannot be reached until the review has nothing to do but wait for it."""

    def order(self, subject, as_of, key):
        said = super().order(subject, as_of, key)
        if not any(what.startswith("waiting: till: it does not answer") for what in self.heard):
            raise Unreachable("no connection")
        return said


def states(engine):
    with read(engine) as session:
        return [pull.state for pull in session.exec(select(Pull).order_by(Pull.id))]


def test_reviews_that_wait_are_given_back_uncounted_and_the_month_waits_for_them(run, monkeypatch):
    monkeypatch.setattr(model, "BACKOFF_SECONDS", (1.0, 1.0))
    monkeypatch.setattr(gates, "PROBE_EVERY", timedelta(seconds=1))
    till = UntilAllWait()
    engine, totals, _ = run(till)
    assert totals["reviewed"] == totals["planned"] == totals["pulls"]["stored"] > 4
    assert totals["failed"] == 0
    with read(engine) as session:
        assert set(session.exec(select(Review.attempts))) == {1}
    assert len(set(till.seen)) == totals["planned"]


def test_a_rate_is_kept_and_the_others_go_on_meanwhile(run):
    till = Scripted(rate=120)
    engine, totals, _ = run(till, carrier="threads", carrier_workers=3)
    with read(engine) as session:
        asked = sorted(session.exec(select(Pull.intent_at)))
    gaps = [(after - before).total_seconds() for before, after in pairwise(asked)]
    assert totals["pulls"]["stored"] == totals["planned"]
    assert sum(gaps) >= 0.5 * (len(asked) - 1) - 0.4


def test_a_silent_bureau_delays_the_month_no_longer_than_patience(run, monkeypatch):
    monkeypatch.setattr(model, "BACKOFF_SECONDS", (0.3, 0.3))
    monkeypatch.setattr(gates, "PROBE_EVERY", timedelta(seconds=0.4))
    _, totals, messages = run(Scripted(*[Unreachable("no connection")] * 1000), bureau_patience_hours=1 / 3600)
    assert totals["reviewed"] == totals["planned"] == totals["pulls"]["refused"]
    assert totals["pulls"]["cost"] == "0.00"
    assert any("No new report" in text and "could not be reached for" in text for *_, text in messages)


def test_a_wrong_password_is_said_in_the_digest_and_the_reviews_go_on(run):
    till = Scripted(AuthFailed("the bureau does not know us"))
    _, totals, messages = run(till)
    assert totals["reviewed"] == totals["planned"]
    assert len(till.seen) == 1
    assert any("till: not asked again in this run: the bureau does not know us" in text for *_, text in messages)


def test_what_is_pending_when_patience_ends_is_settled_afterwards(run, tmp_path):
    till = Scripted(Pending("T1", 3600))
    engine, totals, _ = run(till, bureau_patience_hours=0)
    assert totals["pulls"]["uncertain"] == 1
    assert states(engine).count("PENDING") == 1
    with write(engine) as session:
        pull = session.exec(select(Pull).where(Pull.state == "PENDING")).one()
        pull.next_try_at = leases.clock(session)
    settings = review_world.settings(engine, tmp_path)
    assert pulls.reconcile(engine, settings, NOW) == 1
    assert "PENDING" not in states(engine)
    assert balanced(engine)


def test_doubts_stand_in_the_digest_with_their_price(run):
    _, totals, messages = run(Scripted(Doubtful("500"), Doubtful("reset")))
    assert totals["pulls"]["uncertain"] == 2
    assert (
        sum(
            text.count("May have been charged") + text.count("EUR 4.20 (healthcheck pulls resolve")
            for *_, text in messages
        )
        >= 2
    )


def test_a_pause_asked_for_holds_the_review_and_frees_the_worker(run):
    till = Scripted(Throttled("slow down", 0.6))
    engine, totals, _ = run(till)
    assert totals["pulls"]["stored"] == totals["planned"]
    assert states(engine).count("STORED") == totals["planned"]
