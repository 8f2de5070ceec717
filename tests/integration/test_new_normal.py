"""A change accepted as the new normal, from the command to the next review: everywhere the same, and not before its day."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import select

from healthcheck.cli import common
from healthcheck.errors import UsageError
from healthcheck.reviews import calibrations, flags, screen
from healthcheck.settings import Settings
from healthcheck.store.books import Account, Calibration, Plan
from healthcheck.store.session import read, write
from healthcheck.store.work import Finding, Flag, FlagEvent, Month, Review
from tests import review_world as world
from tests.integration.test_knowledge import FEW, INVOICES, NOW, STEADY, TODAY, fill
from tests.integration.test_review_cli import book, call

__all__ = ["book"]
JULY = datetime(2026, 7, 31, 18, tzinfo=world.NOW.tzinfo)


def live(check):
    rows = json.loads(call("flags", "list", "--json"))["flags"]
    return next(row for row in rows if row["check"] == check)


def line(account, as_of):
    return json.loads(call("check", account, "--as-of", as_of, "--json"))


def test_a_flag_is_cleared_as_a_new_normal_and_everything_says_so(book, monkeypatch):
    call("review", "--json")
    before = line("C000", "2026-06-29")
    flag = live("payments")
    monkeypatch.setattr(common, "now", lambda: world.NOW + timedelta(hours=1))
    said = call("flags", "clear", str(flag["id"]), "--reason", "they pay later, agreed", "--new-normal")
    assert said == f"flag {flag['id']}: payments, cleared, new normal from 2026-06-30\n"
    kept = next(row for row in json.loads(call("flags", "list", "--all", "--json"))["flags"] if row["id"] == flag["id"])
    assert (kept["state"], kept["rebased_on"]) == ("cleared", "2026-06-30")
    assert "new normal accepted on 2026-06-30" in " ".join(call("flags", "list", "--all").split())
    assert line("C000", "2026-06-29") == before
    after = line("C000", "2026-06-30")["checks"]["payments"]
    assert after["signals"]["drift"]["outcome"] == "unknown"
    assert "ew normal accepted on 30 June 2026" in after["summary"]
    assert after["evidence"]["new_normal"] == "2026-06-30"
    call("check", "C000", "--as-of", "2026-06-30", "--html", "page.html")
    assert "ew normal accepted on 30 June 2026" in Path("page.html").read_text(encoding="utf-8")
    monkeypatch.setattr(common, "now", lambda: JULY)
    call("review", "--json")
    assert "1 cleared (1 as a new normal)" in " ".join(digest(book, "2026-07").split())


def digest(engine, month):
    import email
    from email import policy

    from healthcheck.store.work import Message

    with read(engine) as session:
        body = session.exec(select(Message.body).where(Message.month == month, Message.kind == "credit")).one()
    return email.message_from_bytes(body, policy=policy.default).get_body(("plain",)).get_content()


def test_screen_check_and_review_say_the_same_of_it(book, monkeypatch):
    call("review", "--json")
    for check in ("payments", "purchases"):
        call("flags", "clear", str(live(check)["id"]), "--reason", "agreed", "--new-normal")
    call("observe", "C001", "--activity", "quiet")
    monkeypatch.setattr(common, "now", lambda: JULY)
    call("review", "--json")
    screened = {
        row["account"]: row for row in map(json.loads, call("screen", "--as-of", "2026-07-31", "--json").splitlines())
    }
    assert all(line(name, "2026-07-31") == row for name, row in screened.items())
    with read(book) as session:
        of_july = (
            select(Account.account, Finding).join(Review, Review.account_id == Account.id).join(Finding).join(Month)
        )
        found = session.exec(of_july.where(Month.month == "2026-07")).all()
    assert any("normal accepted" in finding.summary for _, finding in found)
    for name, finding in found:
        if finding.check in flags.WITH_HABIT:
            assert screened[name]["checks"][finding.check]["summary"] == finding.summary
            assert screened[name]["checks"][finding.check]["score"] == finding.score


def test_a_new_normal_is_taken_back_by_opening_the_flag_again(book):
    call("review", "--json")
    before, flag = line("C000", "2026-06-30"), live("payments")
    call("flags", "clear", str(flag["id"]), "--reason", "a mistake", "--new-normal")
    assert line("C000", "2026-06-30") != before
    assert call("flags", "reopen", str(flag["id"])) == f"flag {flag['id']}: payments, open\n"
    assert line("C000", "2026-06-30") == before
    with read(book) as session:
        events = session.exec(select(FlagEvent.what).where(FlagEvent.flag_id == flag["id"])).all()
        row = session.get_one(Flag, flag["id"])
    assert events == ["raised", "cleared", "reopened"]
    assert (row.state, row.rebased_on, row.cleared_on, row.reason) == ("open", None, None, None)
    with pytest.raises(UsageError, match="no cleared flag"):
        call("flags", "reopen", str(flag["id"]))


def test_a_flag_that_another_followed_is_not_opened_again(book):
    call("review", "--json")
    flag = live("payments")
    call("flags", "clear", str(flag["id"]), "--reason", "settled")
    with write(book) as session:
        old = session.get_one(Flag, flag["id"]).model_dump(exclude={"id"})
        session.add(Flag(**old | {"state": "open"}))
    with pytest.raises(UsageError, match="was followed by flag"):
        call("flags", "reopen", str(flag["id"]))


def test_wrong_uses_of_a_new_normal_are_refused_and_change_nothing(book):
    call("review", "--json")
    purchases, flag = live("purchases"), live("payments")
    with pytest.raises(UsageError, match="goes with --new-normal"):
        call("flags", "clear", str(flag["id"]), "--reason", "x", "--on", "2026-06-30")
    with pytest.raises(UsageError, match="cannot begin before"):
        call("flags", "clear", str(flag["id"]), "--reason", "x", "--new-normal", "--on", "2026-06-29")
    with write(book) as session:
        account = session.get_one(Flag, purchases["id"]).account_id
        session.add(Plan(account_id=account, month=date(2026, 6, 1), amount=1_000_00, currency="EUR"))
        other = session.get_one(Flag, flag["id"]).model_dump(exclude={"id"})
        session.add(Flag(**other | {"check": "credit"}))
    with pytest.raises(UsageError, match="against a plan"):
        call("flags", "clear", str(purchases["id"]), "--reason", "x", "--new-normal")
    with pytest.raises(UsageError, match="is of credit; a new normal is for flags of payments and purchases"):
        call("flags", "clear", "C000", "--reason", "x", "--new-normal")
    assert live("payments") == flag


def test_a_later_new_normal_moves_the_date(book):
    call("review", "--json")
    flag = live("payments")
    call("flags", "clear", str(flag["id"]), "--reason", "agreed", "--new-normal")
    call("flags", "reopen", str(flag["id"]))
    call("flags", "clear", str(flag["id"]), "--reason", "agreed", "--new-normal", "--on", "2026-07-15")
    assert line("C000", "2026-07-14")["checks"]["payments"]["evidence"]["new_normal"] is None
    assert line("C000", "2026-07-15")["checks"]["payments"]["evidence"]["new_normal"] == "2026-07-15"


@FEW
@given(INVOICES, st.lists(st.tuples(st.integers(1, 3), st.sampled_from(flags.WITH_HABIT), st.integers(0, 500)), max_size=4),
       st.integers(0, 300))  # fmt: skip
def test_whatever_was_accepted_each_account_alone_is_as_on_the_screen_and_earlier_dates_know_nothing(
    engine, invoices, accepted, back
):
    with write(engine) as session:
        session.execute(delete(Flag))
    fill(engine, [*invoices, *STEADY])
    on = TODAY - timedelta(back)
    plain, made = lines(engine, on)
    with write(engine) as session:
        session.add_all(flag(*one) for one in accepted)
        session.execute(delete(Calibration))
    said, made_again = lines(engine, on)
    assert made_again == made
    for account, row in said.items():
        key = int(account[1:])
        assert screen.line(screen.one(engine, key, on, Settings(), NOW), key) == row
        for check in flags.WITH_HABIT:
            days = [TODAY - timedelta(ago) for who, what, ago in accepted if (who, what) == (key, check)]
            if not any(day <= on for day in days):
                assert row["checks"][check] == plain[account]["checks"][check]
            mentioned = row["checks"][check]["evidence"]["new_normal"]
            assert mentioned in (None, max((day for day in days if day <= on), default=None))


def flag(account, check, ago):
    day = TODAY - timedelta(ago)
    return Flag(account_id=account, check=check, outcome="flag", state="cleared", summary="", owner="", due=day, raised_on=day,
                raised_month="2026-01", changed_on=day, cleared_on=day, rebased_on=day)  # fmt: skip


def lines(engine, on):
    made = calibrations.current(engine, on, Settings(), NOW)
    return {row["account"]: row for part in screen.screen(engine, on, Settings(), NOW) for row in part.lines()}, made
