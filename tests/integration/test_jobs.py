"""What the clock calls: each job does its work, and again changes nothing."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from sqlmodel import select

import jobs
from healthcheck.store.books import Account, Calibration
from healthcheck.store.operations import JobRun
from healthcheck.store.session import read, write
from healthcheck.store.work import Month, Report
from jobs import JOBS, clock, monthly, prune, relay, screen, tick
from tests import review_world as world


@pytest.fixture
def book(engine, tmp_path):
    world.fill(engine, tmp_path, firms=4)
    return world.settings(engine, tmp_path)


def ran(engine):
    with read(engine) as session:
        return {row.job: row for row in session.exec(select(JobRun))}


def test_the_month_that_is_due_is_reviewed_and_its_mails_leave(engine, tmp_path, book):
    assert monthly.run(engine, world.NOW, book) == [], "nothing is due before the clock ticks"
    assert [str(month) for month in tick.run(engine, world.NOW, book)] == ["2026-06"]
    (first,) = monthly.run(engine, world.NOW, book)
    assert first["reviewed"] == first["planned"] > 0
    assert monthly.run(engine, world.NOW, book) == []
    assert relay.run(engine, world.NOW, book).sent == 0
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == len(first["digests"])


def test_every_job_of_the_table_can_be_loaded_and_run(engine, book):
    for job in JOBS:
        clock.call(job, engine, book, lambda: world.NOW)
    assert {name: row.error for name, row in ran(engine).items()} == {job.name: None for job in JOBS}


def test_what_a_job_cannot_do_stands_in_the_log_and_the_next_call_tries_again(engine, tmp_path, book, caplog):
    broken = world.settings(engine, tmp_path, mail_url="nowhere:")
    job = next(job for job in JOBS if job.name == "relay")
    clock.call(job, engine, broken, lambda: world.NOW)
    assert "MAIL_URL" in ran(engine)["relay"].error
    clock.call(job, engine, book, lambda: world.NOW)
    assert ran(engine)["relay"].error is None


def test_a_daily_job_is_run_once_a_day_whoever_asks(engine, book, monkeypatch):
    calls = []
    job = jobs.Job("prune", jobs.DAY, "")
    monkeypatch.setattr(prune, "run", lambda *_: calls.append(1))
    for hours in (0, 1, 23, 25, 26):
        clock.call(job, engine, book, lambda hours=hours: world.NOW + timedelta(hours=hours))
    assert len(calls) == 2


def test_the_screen_leaves_the_calibration_that_the_next_check_needs(engine, book):
    assert screen.run(engine, world.NOW, book) >= 1
    with read(engine) as session:
        assert session.exec(select(Calibration.on)).all() == [date(2026, 6, 30)]


def test_an_empty_book_is_no_failure(engine, book, tmp_path):
    from healthcheck.store import schema
    from healthcheck.store.session import connect

    empty = connect(f"sqlite:///{tmp_path}/empty.db")
    schema.upgrade(empty)
    assert screen.run(empty, world.NOW, book) == 0


def test_old_calibrations_go_and_new_ones_stay(engine, book):
    at = datetime(2026, 6, 30, tzinfo=UTC)
    with write(engine) as session:
        for on in (date(2025, 5, 29), date(2025, 5, 30), date(2026, 5, 31)):
            session.add(Calibration(on=on, recipe="x", body={}, made_at=at))
    assert prune.run(engine, at, book) == 1
    with read(engine) as session:
        assert sorted(session.exec(select(Calibration.on))) == [date(2025, 5, 30), date(2026, 5, 31)]


def test_raw_answers_go_when_their_bureaus_time_is_over(engine, tmp_path, book):
    at, kept = (
        datetime(2026, 6, 30, tzinfo=UTC),
        world.settings(engine, tmp_path, report_raw_days=30, creditsafe_raw_days=5, coface_raw_days=0),
    )
    with write(engine) as session:
        key = session.exec(select(Account.id)).first()
        for bureau, on in product(
            ("creditsafe", "coface", "elsewhere"), (date(2026, 5, 30), date(2026, 5, 31), date(2026, 6, 25), at.date())
        ):
            session.add(Report(account_id=key, bureau=bureau, as_of=on, reported_on=on, body={"kept": True}, raw=b"{}"))
    assert prune.run(engine, at, kept) == 6
    assert prune.run(engine, at, kept) == 0
    with read(engine) as session:
        rows = session.exec(select(Report).where(Report.bureau.in_(("creditsafe", "coface", "elsewhere")))).all()
    left = [(row.bureau, row.as_of.isoformat()) for row in rows if row.raw is not None]
    assert sorted(left) == [
        ("coface", "2026-06-30"), ("creditsafe", "2026-06-25"), ("creditsafe", "2026-06-30"),
        ("elsewhere", "2026-05-31"), ("elsewhere", "2026-06-25"), ("elsewhere", "2026-06-30"),
    ]  # fmt: skip
    assert all(row.body == {"kept": True} for row in rows)


def test_the_monthly_job_goes_on_with_a_month_that_was_cut_short(engine, book):
    from healthcheck import stopping

    tick.run(engine, world.NOW, book)
    stopping.ask()
    try:
        with pytest.raises(stopping.Stopped):
            monthly.run(engine, world.NOW, book)
    finally:
        stopping.forget()
    with read(engine) as session:
        assert session.exec(select(Month.state)).one() == "open"
    (totals,) = monthly.run(engine, world.NOW, book)
    assert totals["reviewed"] == totals["planned"]
