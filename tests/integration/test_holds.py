"""A ledger that is old, or that lost much of itself, holds the month until somebody looks."""

import csv
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from healthcheck.months import Month
from healthcheck.reviews import holds, review, schedule
from healthcheck.store.operations import AuditEntry
from healthcheck.store.session import read, write
from healthcheck.store.work import Message, Pull
from tests import review_world as world

AUGUST, LATER = Month(2026, 8), datetime(2026, 8, 20, 9, tzinfo=UTC)


@pytest.fixture
def book(engine, tmp_path):
    world.fill(engine, tmp_path, firms=4)
    return world.settings(engine, tmp_path)


def mails(tmp_path):
    return [path.read_text() for path in (tmp_path / "outbox").glob("*.eml")]


def whats(engine):
    with read(engine) as session:
        return list(session.exec(select(AuditEntry.what).order_by(AuditEntry.seq)))


def test_an_old_ledger_holds_the_month_and_credit_is_told_once(engine, tmp_path, book):
    for _ in range(3):
        totals = review.review(engine, AUGUST, None, book, LATER)
    assert "The ledger ends on 2026-07-26" in totals["held"]
    assert (totals["planned"], totals["digests"]) == (0, [])
    assert len(mails(tmp_path)) == 1
    assert "has not begun" in mails(tmp_path)[0]
    assert "review --month 2026-08 --accept-ledger" in mails(tmp_path)[0].replace("=\n", "")
    assert whats(engine).count("month.held") == 1
    with read(engine) as session:
        assert session.exec(select(Pull)).all() == []


def test_fresh_facts_let_the_month_begin_by_itself(engine, tmp_path, book):
    assert "held" in review.review(engine, AUGUST, None, book, LATER)
    from healthcheck.store.books import Account, Invoice

    with write(engine) as session:
        account = session.exec(select(Account).limit(1)).one()
        session.add(
            Invoice(
                account_id=account.id,
                number="new",
                issued=date(2026, 8, 18),
                due=date(2026, 9, 18),
                amount=100,
                currency="EUR",
            )
        )
    totals = review.review(engine, AUGUST, None, book, LATER)
    assert "held" not in totals
    assert totals["reviewed"] == totals["planned"] > 0


def test_a_person_may_accept_the_ledger_as_it_is(engine, tmp_path, book):
    review.review(engine, AUGUST, None, book, LATER)
    holds.accept(engine, AUGUST, LATER.date(), "anna", LATER)
    totals = review.review(engine, AUGUST, None, book, LATER)
    assert totals["reviewed"] == totals["planned"] > 0
    with read(engine) as session:
        accepted = session.exec(select(AuditEntry).where(AuditEntry.what == "month.accepted")).one()
    assert (accepted.by, accepted.month) == ("anna", "2026-08")


def test_a_month_that_has_begun_is_never_held(engine, tmp_path, book):
    first = review.review(engine, Month(2026, 6), None, book, world.NOW)
    again = review.review(engine, Month(2026, 6), None, book, world.NOW + timedelta(days=200))
    assert again == first


def test_the_command_says_why_and_exits_with_1(engine, tmp_path, book, cli, monkeypatch):
    for name, value in {"DATABASE_URL": book.database_url, "MAIL_URL": book.mail_url, "LARGE_SALES_SHARE": "1"}.items():
        monkeypatch.setenv(f"HEALTHCHECK_{name}", value)
    held = cli("review", "--month", "2026-08", "--as-of", "2026-08-20")
    assert held.code == 1
    assert held.err.startswith("2026-08 is held, nothing was bought: The ledger ends on 2026-07-26")
    shown = cli("review", "--month", "2026-08", "--as-of", "2026-08-20", "--json")
    assert shown.lines[0]["held"] in held.err
    assert cli("review", "--month", "2026-08", "--as-of", "2026-08-20", "--accept-ledger").code == 0


def export(tmp_path, name, rows):
    with (tmp_path / name).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["account", "invoice", "issued", "due", "amount"])
        writer.writerows([f"K{n % 7}", f"I{n}", "2026-06-01", "2026-07-01", "1000"] for n in range(rows))
    return tmp_path / name


@pytest.mark.parametrize(("rows", "held"), [(100, False), (71, False), (69, True)])
def test_open_items_that_shrank_hold_the_month(engine, tmp_path, cli, monkeypatch, rows, held):
    settings = world.settings(engine, tmp_path)
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", settings.database_url)
    assert cli("import", "invoices", export(tmp_path, "may.csv", 100), "--snapshot", "2026-06-02").code == 0
    assert holds.why(engine, date(2026, 6, 2), settings) == ""
    assert cli("import", "invoices", export(tmp_path, "june.csv", rows), "--snapshot", "2026-06-09").code == 0
    why = holds.why(engine, date(2026, 6, 10), settings)
    assert bool(why) is held
    if held:
        assert "2026-06-09 are 69 rows, those of 2026-06-02 were 100" in why
    assert holds.why(engine, date(2026, 6, 8), settings) == "", "a later snapshot is not known yet"


def test_a_due_month_is_no_month_yet_for_those_who_read_them(engine, tmp_path, book, cli, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", book.database_url)
    schedule.tick(engine, book, LATER)
    assert cli("digests", "preview").code == 2
    assert review.unfinished(engine, AUGUST) == {"failed": 0, "uncertain": 0, "undelivered": 0}
    with read(engine) as session:
        assert session.exec(select(Message)).all() == []
