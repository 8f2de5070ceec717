"""What is recorded reaches the ledger: disputes, instalments, and whom sales keeps out of."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlmodel import func, select

from healthcheck.ledger.read import chunks, read_columns, read_parts
from healthcheck.playbook import disputes, journal
from healthcheck.playbook.gather import situation
from healthcheck.reviews import calibrations, screen
from healthcheck.reviews.judge import _json
from healthcheck.settings import Settings
from healthcheck.store.books import Calibration
from healthcheck.store.session import read, write
from tests.unit.books import account, book, day, invoice, item, only_account, payment

NOW = datetime(2025, 6, 1, tzinfo=UTC)


def say(engine, key, kind, on, **more):
    with write(engine) as session:
        fields = {"due": day(more.pop("due"))} if "due" in more else {}
        return journal.add(session, key, kind, day(on), NOW, **fields, **more).id


def plan(engine, key, on, *days, amount=5000, number=None):
    for due in days:
        say(engine, key, "promise", on, due=due, amount=amount, currency="EUR", series="plan-1", invoice=number)


@pytest.mark.database("sqlite", "postgresql")
def test_a_recorded_dispute_is_one_from_its_day_until_it_is_resolved(engine):
    key = account(engine)
    invoice(engine, key, 1, 0, 28)
    invoice(engine, key, 2, 0, 28)
    say(engine, key, "dispute", 35, invoice="1")
    say(engine, key, "resolved", 42, invoice="1", reason="credited")
    disputed = [item(book(engine, on), 1)["disputed"] for on in (34, 35, 41, 42)]
    assert disputed == [False, True, True, False]
    held = only_account(book(engine, 40))
    assert (held["past_due"], held["disputed"]) == (10000, 10000)
    assert not item(book(engine, 40), 2)["disputed"]


def test_money_that_is_not_allocated_covers_no_invoice_in_dispute(engine):
    key = account(engine)
    invoice(engine, key, 1, 0, 28)
    invoice(engine, key, 2, 0, 30)
    say(engine, key, "dispute", 29, invoice="1")
    payment(engine, key, 33, 10000)
    found = book(engine, 35)
    assert (item(found, 1)["open"], item(found, 2)["open"]) == (10000, 0)


def test_a_dispute_about_the_account_holds_what_was_issued_by_its_day(engine):
    key = account(engine)
    invoice(engine, key, 1, 0, 28)
    invoice(engine, key, 2, 35, 60)
    invoice(engine, key, 3, 36, 60)
    say(engine, key, "dispute", 35)
    assert [item(book(engine, 62), number)["disputed"] for number in (1, 2, 3)] == [True, True, False]
    found = situation(engine, key, day(62), Settings(), NOW)
    assert disputes.disputed(found) == {"1", "2"}
    assert [one.invoice for one in disputes.open_disputes(found)] == [None]  # one dispute, not three


@pytest.mark.database("sqlite", "postgresql")
@pytest.mark.parametrize("kind", ["placement", "demand", "evasive"])
def test_who_is_kept_out_is_in_the_hands_of_the_playbook(engine, kind):
    key = account(engine, relationship="strong")
    invoice(engine, key, 1, 0, 28)
    say(engine, key, kind, 35)
    say(engine, key, "resolved", 42, reason="paid")
    said = [only_account(book(engine, on))["relationship"] for on in (34, 35, 41, 42)]
    assert said == ["strong", kind, kind, "strong"]


def test_the_strongest_of_what_stands_counts(engine):
    key = account(engine)
    invoice(engine, key, 1, 0, 28)
    for kind in ("placement", "demand", "evasive"):
        say(engine, key, kind, 35)
    assert only_account(book(engine, 35))["relationship"] == "placement"


def test_what_was_taken_back_never_was(engine):
    key = account(engine)
    invoice(engine, key, 1, 0, 28)
    number = say(engine, key, "evasive", 35)
    say(engine, key, "withdrawn", 36, refers=number)
    assert [only_account(book(engine, on))["relationship"] for on in (35, 36)] == ["evasive", None]


@pytest.mark.database("sqlite", "postgresql")
def test_instalments_are_late_from_the_first_that_was_not_met(engine):
    key = account(engine)
    invoice(engine, key, 1, 0, 28)
    plan(engine, key, 35, 56, 84, number="1")  # two Mondays
    payment(engine, key, 54, 5000, "1")
    late = {on: item(book(engine, on), 1)["days_late"] for on in (34, 35, 56, 57, 84, 85, 91)}
    assert late == {34: 6, 35: -21, 56: -28, 57: -27, 84: 0, 85: 1, 91: 7}


def test_the_first_missed_instalment_is_what_counts(engine):
    key = account(engine)
    invoice(engine, key, 1, 0, 28)
    plan(engine, key, 35, 56, 84, number="1")
    assert item(book(engine, 91), 1)["days_late"] == 35
    assert only_account(book(engine, 91))["oldest_days"] == 35


def test_a_plan_that_was_followed_leaves_no_lateness_behind(engine):
    key = account(engine)
    invoice(engine, key, 1, 0, 28)
    plan(engine, key, 35, 56, 84, number="1")
    payment(engine, key, 54, 5000, "1")
    payment(engine, key, 84, 5000, "1")
    assert (item(book(engine, 100), 1)["settled"], item(book(engine, 100), 1)["days_late"]) == (day(84), 0)


def test_a_promise_alone_moves_no_due_date(engine):
    key = account(engine)
    invoice(engine, key, 1, 0, 28)
    say(engine, key, "promise", 35, due=56, amount=10000, currency="EUR", invoice="1")
    assert item(book(engine, 40), 1)["days_late"] == 12


def test_a_plan_is_about_its_invoice_and_its_currency(engine):
    key = account(engine)
    invoice(engine, key, 1, 0, 28)
    invoice(engine, key, 2, 0, 28)
    invoice(engine, key, 3, 0, 28, currency="USD")
    plan(engine, key, 35, 56, 84, number="1")
    assert [item(book(engine, 40), number)["days_late"] for number in (1, 2, 3)] == [-16, 12, 12]


def test_a_bank_that_was_confirmed_reaches_the_check(engine):
    key = account(engine)
    invoice(engine, key, 1, 0, 28)
    say(engine, key, "bank_confirmed", 35)
    number = say(engine, key, "bank_confirmed", 40)
    say(engine, key, "withdrawn", 45, refers=number)
    assert [book(engine, on).accepted_on("bank").to_list() for on in (34, 35, 40, 45)] == [
        [None],
        [day(35)],
        [day(40)],
        [day(35)],
    ]


def test_one_account_is_judged_as_all_are(engine):
    """The check of one account, a chunk and the whole book agree, to the byte."""
    keys = [account(engine, f"C{n}", parent="C1" if n == 2 else None) for n in range(1, 6)]
    for key in keys:
        for n in range(12):
            invoice(engine, key, n, 30 * n, 30 * n + 28, paid=30 * n + 30 if n < 10 else None)
    say(engine, keys[0], "dispute", 330, invoice="10")
    say(engine, keys[1], "placement", 330, agency="Firm")
    plan(engine, keys[2], 330, 400, 430)
    settings = Settings()
    whole = "".join(judged.text() for judged in screen.screen(engine, day(370), settings, NOW))
    small = "".join(judged.text() for judged in screen.screen(engine, day(370), settings, NOW, size=1))
    alone = [screen.line(screen.one(engine, key, day(370), settings, NOW), key) for key in keys]
    assert whole == small
    assert sorted(whole.splitlines()) == sorted(_json(line) for line in alone)
    assert [line["class"] for line in alone][1] == "late"
    for key, part in zip(keys, read_parts(engine, day(370), "EUR", [[k] for k in keys]), strict=True):
        own = read_columns(engine, day(370), "EUR", [key]).only(part.accounts["key"])
        assert own.items.equals(part.items)
    assert chunks(engine)


def test_what_is_recorded_of_a_past_day_is_learned_anew(engine):
    key = account(engine)
    for n in range(12):
        invoice(engine, key, n, 30 * n, 30 * n + 28, paid=30 * n + 30)
    settings = Settings()
    calibrations.current(engine, day(360), settings, NOW)
    assert _stored(engine) == 1
    say(engine, key, "contact", 200, method="phone")
    assert _stored(engine) == 1
    say(engine, key, "dispute", 200, invoice="5")
    assert _stored(engine) == 0
    calibrations.current(engine, day(360), settings, NOW)
    say(engine, key, "bank_confirmed", 200)
    assert _stored(engine) == 0


def _stored(engine):
    with read(engine) as session:
        return session.exec(select(func.count()).select_from(Calibration)).one()
