"""A month from its plan to its mail, on a real database, with real checks and files as bureau and mailbox."""

from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlmodel import select

from healthcheck.errors import UsageError
from healthcheck.months import Month
from healthcheck.reviews import finishing, flags, leases, months, review, units
from healthcheck.store.session import connect, read, write
from healthcheck.store.work import Finding, Flag, Message, Observation, Review, Standing
from healthcheck.store.work import Month as Row
from tests import databases
from tests import review_world as world
from tests.review_world import JUNE, NOW

MONTH = Month(2026, 6)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """The book before any review."""
    folder = tmp_path_factory.mktemp("book")
    engine = connect(databases.create(folder))
    world.fill(engine, folder)
    engine.dispose()
    return folder


@pytest.fixture
def book(filled, tmp_path):
    """A copy of it: (engine, settings)."""
    databases.copy(filled, tmp_path)
    engine = connect(databases.url(tmp_path))
    yield engine, world.settings(engine, tmp_path)
    engine.dispose()
    databases.drop(databases.url(tmp_path))


def run(book, month=MONTH, as_of=None, now=NOW, **more):
    engine, settings = book
    return review.review(engine, month, as_of, settings.model_copy(update=more), now)


def rows(book, model):
    with read(book[0]) as session:
        return session.exec(select(model)).all()


def test_a_month_is_planned_reviewed_closed_and_sent(book):
    totals = run(book)
    assert totals["planned"] == totals["reviewed"] == len(rows(book, Review)) > 6
    assert totals["flagged"] >= 1
    assert totals["failed"] == 0
    assert [row.state for row in rows(book, Row)] == ["closed"]
    assert {digest["to"] for digest in totals["digests"]} >= {"credit@nordwind.example"}
    assert {row.state for row in rows(book, Message)} == {"SENT"}
    assert len(rows(book, Finding)) == 5 * totals["reviewed"]
    assert totals["pulls"]["stored"] + totals["pulls"]["refused"] == totals["planned"]


def test_a_second_run_changes_not_a_single_row(book):
    first = run(book)
    before = world.dump(book[0])
    assert run(book) == first
    assert run(book, now=NOW + timedelta(days=1)) == first
    assert world.dump(book[0]) == before


def test_threads_find_what_inline_finds(book, filled, tmp_path):
    run(book, carrier="threads", carrier_workers=3)
    other = tmp_path / "inline"
    databases.copy(filled, other)
    engine = connect(databases.url(other))
    run((engine, world.settings(engine, other)))
    assert world.results(book[0]) == world.results(engine)


def test_the_machine_sets_the_next_review(book):
    run(book)
    done = {row.account_id for row in rows(book, Review)}
    standing = standings(book)
    assert all(standing[key].last_review == JUNE and standing[key].next_review > JUNE for key in done)


def test_flagged_accounts_are_judged_again_next_month_and_reports_are_reused(book):
    run(book)
    flagged = {row.account_id for row in rows(book, Flag)}
    july = run(book, Month(2026, 7), date(2026, 7, 31), NOW + timedelta(days=31))
    with read(book[0]) as session:
        again = session.exec(select(Review).join(Row).where(Row.month == "2026-07")).all()
    assert flagged <= {row.account_id for row in again}
    assert july["pulls"]["reused"] >= 1
    assert len(rows(book, Flag)) >= len(flagged)


def test_a_rep_who_saw_it_too_quiet_brings_a_review_forward(book):
    engine, _ = book
    run(book, monthly_quota=1)
    with read(engine) as session:
        reviewed = set(session.exec(select(Review.account_id)))
        other = next(row.id for row in session.exec(select(world.Account)) if row.id not in reviewed)
    with write(engine) as session:
        session.add(Observation(account_id=other, on=date(2026, 7, 1), activity="quiet", at=NOW))
    run(book, Month(2026, 7), date(2026, 7, 2), monthly_quota=1)
    with read(engine) as session:
        found = session.exec(select(Review).join(Row).where(Row.month == "2026-07", Review.account_id == other)).one()
    assert found.reason == "event"
    assert "too quiet" in found.why


def test_a_month_reviewed_late_moves_no_flag_and_sees_nobody_seen_since(book):
    run(book, monthly_quota=2)
    seen = {row.account_id for row in rows(book, Review)}
    before = rows(book, Flag), {key: row for key, row in standings(book).items() if key in seen}
    may = run(book, Month(2026, 5), date(2026, 5, 31))
    assert may["reviewed"] == may["planned"] > 0
    assert (rows(book, Flag), {key: row for key, row in standings(book).items() if key in seen}) == before
    again = [row.reason for row in rows(book, Review) if row.month_id == 2 and row.account_id in seen]
    assert set(again) <= {"event"}


def standings(book):
    return {row.account_id: row for row in rows(book, Standing)}


def test_a_month_keeps_its_date_and_one_to_come_is_refused(book):
    run(book, as_of=date(2026, 6, 20))
    run(book)
    assert [row.as_of for row in rows(book, Row)] == [date(2026, 6, 20)]
    with pytest.raises(UsageError, match="2026-08 has not begun"):
        run(book, Month(2026, 8))


def test_an_empty_book_is_refused_and_plans_nothing(engine, tmp_path):
    with pytest.raises(UsageError, match="no account is known"):
        review.review(engine, MONTH, None, world.settings(engine, tmp_path), NOW)
    assert rows((engine, None), Row) == []


def test_over_budget_the_smallest_exposures_wait(book):
    engine, settings = book
    planned = months.plan(
        engine, MONTH, None, settings.model_copy(update={"bureau_budget": 3, "file_cost_per_pull": 1}), NOW
    )
    with read(engine) as session:
        summary = session.get_one(Row, planned).summary
    assert summary["waited"]
    assert summary["budget"] == "3.00"


# ---- claims


def planned(book):
    engine, settings = book
    months.plan(engine, MONTH, None, settings, NOW)
    with read(engine) as session:
        return list(session.exec(select(Review.id)))


def test_only_one_worker_gets_a_review(book):
    ids = planned(book)
    assert len(leases.claim(book[0], ids, "one")) == len(ids)
    assert leases.claim(book[0], ids, "two") == []


def test_a_dead_lease_is_taken_over_and_the_zombie_cannot_write(book, monkeypatch):
    engine, _ = book
    ids = planned(book)
    monkeypatch.setattr(leases, "LEASE_SECONDS", -1)
    claim = leases.claim(engine, ids[:1], "zombie")[0]
    monkeypatch.undo()
    with read(engine) as session:
        month = session.exec(select(Row)).one()
    done = judged(book, "zombie", month, claim)
    run(book)
    before = world.dump(engine)
    assert finishing.store(engine, "zombie", month, NOW, done) == 0
    with pytest.raises(leases.LeaseLost), write(engine) as session:
        leases.hold(session, claim, "zombie")
    leases.drop(engine, "zombie")
    assert world.dump(engine) == before


def judged(book, token, month, *claims):
    """What a worker would store of its claims."""
    engine, settings = book
    results = units.assess(units.Work(engine, settings, token, month, NOW), [claim.account_id for claim in claims])
    return [finishing.Finished(claim, results[claim.account_id], "none") for claim in claims]


def test_a_lease_lost_in_a_unit_leaves_out_that_review_alone(book):
    engine, _ = book
    ids = planned(book)
    claims = leases.claim(engine, ids[:3], "mine")
    with read(engine) as session:
        month = session.exec(select(Row)).one()
    done = judged(book, "mine", month, *claims)
    with write(engine) as session:
        taken = session.get_one(Review, claims[1].review_id)
        taken.token = "somebody else's"
        session.add(taken)
    assert finishing.store(engine, "mine", month, NOW, done) == 2
    with read(engine) as session:
        found = {row.id: row.state for row in session.exec(select(Review).where(Review.id.in_(ids[:3])))}
        assert [found[claim.review_id] for claim in claims] == ["done", "claimed", "done"]
        assert claims[1].review_id not in set(session.exec(select(Finding.review_id)))


def test_one_result_that_cannot_be_stored_fails_alone(book, monkeypatch):
    planned(book)
    with read(book[0]) as session:
        bad = session.exec(select(world.Account.id).where(world.Account.account == "C004")).one()
    apply = flags.apply

    def break_down(session, seen, *rest):
        if bad in seen:
            raise ValueError("no such thing")
        apply(session, seen, *rest)

    monkeypatch.setattr(flags, "apply", break_down)
    totals = run(book)
    assert totals["failed"] == 1
    assert totals["reviewed"] == totals["planned"] - 1
    with read(book[0]) as session:
        failed = session.exec(select(Review).where(Review.state == "failed")).one()
    assert (failed.account_id, failed.error) == (bad, "ValueError: no such thing")


def test_a_run_waits_for_reviews_in_other_hands(book, monkeypatch):
    ids = planned(book)
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.6)
    leases.claim(book[0], ids[:2], "somebody else")
    assert run(book)["reviewed"] == len(ids)


def test_workers_that_died_of_a_review_are_no_errors_of_it(book, monkeypatch):
    engine = book[0]
    ids = planned(book)[:1]
    with monkeypatch.context() as patch:
        patch.setattr(leases, "LEASE_SECONDS", -1)
        assert all(leases.claim(engine, ids, f"dead {n}") for n in range(5))
    states = []
    for n in range(leases.ATTEMPTS):
        (claim,) = leases.claim(engine, ids, f"alive {n}")
        leases.give_back(engine, claim, f"alive {n}", "ValueError")
        (row,) = (row for row in rows(book, Review) if row.id == ids[0])
        states.append((row.state, row.attempts, row.errors))
    assert states == [("waiting", 6, 1), ("waiting", 7, 2), ("failed", 8, 3)]


def test_one_bad_account_fails_alone_after_three_attempts(book, monkeypatch):
    judge = units.judge
    with read(book[0]) as session:
        bad = session.exec(select(world.Account.id).where(world.Account.account == "C004")).one()

    def break_down(columns, *rest):
        if bad in columns.accounts["key"] and len(columns.accounts) < world.FIRMS:
            raise ValueError("a line\nbroken")
        return judge(columns, *rest)

    monkeypatch.setattr(units, "judge", break_down)
    totals = run(book)
    failed = [row for row in rows(book, Review) if row.state == "failed"]
    assert [(row.account_id, row.attempts, row.error) for row in failed] == [(bad, 3, "ValueError: a line broken")]
    assert totals["failed"] == 1
    assert totals["reviewed"] == totals["planned"] - 1
    assert review.unfinished(book[0], MONTH)["failed"] == 1
    assert [row.state for row in rows(book, Row)] == ["closed"]


def test_settings_travel_without_their_secrets(book):
    order = units.hand_over(book[1])
    assert "only-for-tests" not in order
    assert "file_folder" in order


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"bureaus": ("nobody",)}, "no bureau is called 'nobody'"),
        ({"mail_url": "pigeon:post"}, "MAIL_URL"),
        ({"carrier": "pigeons"}, "none of inline, threads, processes, dask.tls"),
    ],
)
def test_wrong_settings_are_said_before_anything_is_planned_or_paid(book, wrong, said):
    with pytest.raises(UsageError, match=said):
        run(book, **wrong)
    assert rows(book, Row) == []


@contextmanager
def locked(engine):
    """Nobody else can write."""
    with engine.connect() as blocker, blocker.begin():
        if engine.dialect.name == "postgresql":
            blocker.exec_driver_sql("LOCK TABLE review")
        yield


def test_a_locked_database_is_one_line_and_the_next_run_goes_on(book, monkeypatch):
    from healthcheck.errors import Fatal
    from healthcheck.store import session as sessions

    ids = planned(book)
    monkeypatch.setattr(sessions, "BUSY_SECONDS", 0.1)
    units._engine.cache_clear()
    engine = connect(databases.of(book[0]))
    with (
        locked(book[0]),
        pytest.raises(Fatal, match=r"^the database: .*lock") as caught,
    ):
        run((engine, book[1]))
    units._engine.cache_clear()
    assert "\n" not in str(caught.value)
    assert run(book)["reviewed"] == len(ids)
