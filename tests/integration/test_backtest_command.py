"""The whole way: the demo's book imported, replayed, printed; nothing later than a month-end is known at it."""

from __future__ import annotations

import json
from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest
from sqlalchemy import delete, update
from sqlmodel import col, select

from healthcheck.backtest.replay import Asked, account_months, backtest
from healthcheck.demo import book
from healthcheck.demo.runner import KINDS, NOW
from healthcheck.intake.run import Options, import_files
from healthcheck.reports.backtest import page
from healthcheck.reviews.screen import screen
from healthcheck.settings import load
from healthcheck.store.books import Account, Calibration, Invoice, Payment
from healthcheck.store.session import connect, read, write
from tests import databases

FIRST, LAST, TODAY = date(2026, 1, 1), date(2026, 3, 31), date(2026, 11, 20)
ASKED = Asked(FIRST, LAST)


def some(drawn):
    """Every second customer of the demo: enough to learn from, and quick."""
    kept = drawn.customers[::2]
    numbers = {one.number for one in kept}
    documents = [one for one in drawn.documents if one.customer.number in numbers]
    return book.Book(kept, documents, [row for row in drawn.payments if row.account in numbers])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The demo's book in a database of its own, with what a backtest of three month-ends says of it."""
    folder = tmp_path_factory.mktemp("backtest")
    book.write(some(book.make()), folder)
    settings = load(secret_keys="test-key", database_url=databases.create(folder))
    engine = connect(settings.database_url)
    for kind in KINDS:
        import_files(engine, kind, [folder / f"{kind}.csv"], Options(), settings, NOW)
    frame = account_months(engine, ASKED, settings, TODAY)
    yield SimpleNamespace(engine=engine, settings=settings, folder=folder, frame=frame)
    engine.dispose()


@pytest.fixture
def copied(world, tmp_path):
    """A copy of the database that a test may spoil."""
    world.engine.dispose()
    databases.copy(world.folder, tmp_path)
    engine = connect(databases.url(tmp_path))
    yield engine
    engine.dispose()


LATER = ("judged", "payments_on", "purchases_on")  # what is known only at the end of the horizon


def test_a_backtest_says_of_a_month_end_what_the_screen_said_then(world, copied):
    said = {
        line["account"]: line["checks"] for part in screen(copied, LAST, world.settings, NOW) for line in part.lines()
    }
    rows = world.frame.filter(pl.col("as_of") == LAST).to_dicts()
    assert len(rows) == len(said)
    for row in rows:
        for check in ("payments", "purchases"):
            assert row[check] == said[row["account"]][check]["score"]
            assert row[f"{check}.alert"] == (said[row["account"]][check]["outcome"] in ("flag", "urgent"))
            for signal, value in said[row["account"]][check]["signals"].items():
                assert row[f"{check}.{signal}"] == value["score"]


def test_what_comes_after_a_month_end_changes_neither_score_nor_rule_nor_who_is_asked(world, copied):
    with write(copied) as session:
        session.execute(delete(Invoice).where(col(Invoice.issued) > LAST))
        session.execute(update(Invoice).where(col(Invoice.paid) > LAST).values(paid=None))
        session.execute(delete(Payment).where(col(Payment.paid) > LAST))
    blind = account_months(copied, ASKED, world.settings, TODAY)
    assert blind.drop(LATER).equals(world.frame.drop(LATER))
    assert not blind.filter(pl.col("as_of") == LAST)["judged"].any()  # and so no event is judged there
    assert world.frame["judged"].all()
    assert world.frame["purchases_on"].count() > 20


def test_chunks_of_whole_families_say_the_same_as_the_whole_book(world, monkeypatch):
    monkeypatch.setattr("healthcheck.backtest.replay.CHUNK", 40)
    parts = account_months(world.engine, Asked(LAST, LAST), world.settings, TODAY)
    whole = world.frame.filter(pl.col("as_of") == LAST)
    order = ["as_of", "entity", "account"]
    assert parts.sort(order).equals(whole.sort(order))


def test_a_backtest_writes_nothing(world):
    with read(world.engine) as session:
        assert session.exec(select(Calibration)).all() == []


@pytest.fixture
def replayed(world, monkeypatch):
    """The command on the book, with the replay that was done already."""
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", world.settings.database_url)
    monkeypatch.setattr("healthcheck.cli.common.now", lambda: NOW)
    monkeypatch.setattr("healthcheck.backtest.replay.account_months", lambda *_: world.frame)


def test_the_command_prints_one_json_object_and_a_page_twice_the_same(world, cli, monkeypatch, tmp_path, replayed):
    words = ("backtest", "--from", FIRST, "--to", LAST, "--json", "--html")
    first = cli(*words, tmp_path / "1.html")
    monkeypatch.setattr("healthcheck.backtest.replay.account_months", account_months)
    runs = [first, cli(*words, tmp_path / "2.html")]
    assert [(run.code, run.err) for run in runs] == [(0, "")] * 2
    assert runs[0].out == runs[1].out
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()
    said = json.loads(runs[0].out)
    assert (said["from"], said["to"], said["horizon"]) == ("2026-01-01", "2026-03-31", 3)
    assert [one["as_of"] for one in said["months"]] == ["2026-01-31", "2026-02-28", "2026-03-31"]
    payments, purchases = said["subjects"]
    assert "too little to quote a ratio" in payments["too_little"]
    assert purchases["account_months"] > 200 <= 10 * purchases["events"]
    assert [one["budget"] for one in purchases["rankings"][0]["budgets"]] == [0.01, 0.02, 0.05, 0.1]
    html = (tmp_path / "1.html").read_text()
    assert html.count('<svg viewBox="0 0 640') == 3
    assert "Too little to quote a ratio" in html
    assert "early is negative" in html


def test_the_terminal_shows_alerts_lift_and_definitions(cli, tmp_path, replayed):
    shown = cli("backtest", "--from", FIRST, "--to", LAST, "--html", tmp_path / "page.html")
    assert shown.code == 0
    for words in ("3 month-ends replayed", "lift at 2%", "silence", "early is negative", "page written"):
        assert words in shown.out
    assert cli("backtest", "--from", FIRST, "--to", LAST, "--html", tmp_path / "no" / "page.html").code == 2


@pytest.mark.parametrize(
    ("first", "last", "more"),
    [
        ("2026-03-01", "2026-01-31", ()),
        ("2026-03-01", "2026-03-15", ()),
        ("soon", "2026-03-15", ()),
        ("2026-03-01", "2026-02-30", ()),
        ("2026-03-01", "2027-03-31", ()),
        ("2026-03-01", "2026-03-31", ("--horizon", "0")),
    ],
)
def test_wrong_dates_are_one_line_and_exit_2(cli, first, last, more, replayed):
    wrong = cli("backtest", "--from", first, "--to", last, *more)
    assert (wrong.code, wrong.out, wrong.err.count("\n")) == (2, "", 1)


def test_an_empty_book_says_so(engine):
    said = backtest(engine, ASKED, load(), TODAY)
    assert said.notes[0] == "nothing was known of any account by 2026-03-31"
    assert [one.account_months for one in said.subjects] == [0, 0]
    assert "Nothing was replayed." in page(said)


def test_names_from_outside_never_reach_the_page(world, replayed):
    with read(world.engine) as session:
        names = [one.name for one in session.exec(select(Account)).all()]
    shown = page(backtest(world.engine, ASKED, world.settings, TODAY))
    assert not [name for name in names if name in shown]
