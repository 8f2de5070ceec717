"""A month is closed: its mails tell of the late accounts, and the questions to sales are on record, once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from healthcheck.playbook import following
from healthcheck.settings import load
from healthcheck.store.session import connect, write

ACCOUNTS = """account,name,country,currency,terms_days,sales_rep,rep_email,manager_email
C1,Norda,DE,EUR,30,Ada,ada@x.example,boss@x.example
C2,Alva,DE,EUR,30,Ada,ada@x.example,boss@x.example
C3,Kestrel,DE,EUR,30,Ada,ada@x.example,boss@x.example
C4,Fresh,DE,EUR,30,Ada,ada@x.example,boss@x.example
"""
INVOICES = """account,invoice,issued,due,amount,currency
C1,A1,2026-01-05,2026-02-20,1000.00,EUR
C2,B1,2026-01-05,2026-02-20,1000.00,EUR
C3,K1,2026-01-05,2026-03-17,1000.00,EUR
C4,F1,2026-03-01,2026-04-10,1000.00,EUR
"""
DAY = "2026-04-13"  # C1 and C2 are 52 days past due, C3 27, C4 3


@pytest.fixture
def book(cli, monkeypatch):
    import time_machine

    monkeypatch.setenv("HEALTHCHECK_CREDIT_TEAM", "credit@x.example")
    with time_machine.travel(f"{DAY}T08:00:00+00:00", tick=False):
        assert cli("init").code == 0
        for kind, text in (("accounts", ACCOUNTS), ("invoices", INVOICES)):
            Path(f"{kind}.csv").write_text(text)
            assert cli("import", kind, f"{kind}.csv").code == 0
        assert cli("record", "C2", "demand", "--on", "2026-04-01").code == 0
        for ago, method in (("2026-03-20", "mail"), ("2026-03-27", "phone"), ("2026-04-02", "mail")):
            assert cli("record", "C3", "contact", "--method", method, "--on", ago).code == 0
        yield cli


def mails():
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in Path("outbox").glob("*.eml")]
    return {one["To"]: " ".join(one.get_body(("plain",)).get_content().split()) for one in found}


def history(book, account):
    return book("record", account, "list", "--json").lines


def test_closing_a_month_tells_credit_asks_sales_and_records_the_question_once(book):
    assert book("review", "--month", "2026-04", "--as-of", DAY, "--accept-ledger").code == 0
    told = mails()
    credit = told["credit@x.example"]
    assert "Late, in the playbook's hands: 3 accounts, EUR 3,000 past due (2 late, 1 middle)" in credit
    assert "Alva (C2, new): EUR 1,000; late, sales keeps out." in credit
    assert "1 is late by so few days that the money may be on its way: healthcheck late" in credit
    assert "Norda (C1)" in told["ada@x.example"]
    assert "Kestrel (C3), for Ada" in told["boss@x.example"]
    for text in (told["ada@x.example"], told["boss@x.example"]):
        assert "Alva" not in text  # a demand has gone out: sales keeps out
        assert "Fresh" not in text  # three days late: nobody is mailed yet
    (asked,) = history(book, "C1")
    assert (asked["kind"], asked["reason"], asked["owner"], asked["due"], asked["by"]) == (
        "asked", "learn", "Ada", "2026-04-20", "healthcheck",
    )  # fmt: skip
    assert history(book, "C4") == []
    assert book("review", "--month", "2026-04", "--accept-ledger").code == 0
    assert len(history(book, "C1")) == 1


def test_a_question_is_recorded_once_a_month_whoever_records_it(book):
    now, on, chosen = datetime(2026, 4, 13, 8, tzinfo=UTC), date.fromisoformat(DAY), load()
    engine = connect(chosen.database_url)
    late = [one for one in following.follow(engine, on, chosen, now) if one.asks]
    assert [one.account for one in late] == ["C1", "C3"]
    for expected in (2, 0):
        with write(engine) as session:
            assert following.record_asked(session, late, "2026-04", chosen, now) == expected
    with write(engine) as session:
        assert following.record_asked(session, late, "2026-05", chosen, now) == 2
    engine.dispose()


def test_sales_keeps_out_from_the_moment_it_is_recorded_whatever_date_the_month_is_judged_by(book):
    assert book("record", "C1", "evasive", "--on", "2026-04-20").code == 0
    assert book("review", "--month", "2026-04", "--as-of", DAY, "--accept-ledger").code == 0
    assert "ada@x.example" not in mails()
    assert [one["kind"] for one in history(book, "C1")] == ["evasive"]


def test_a_preview_says_the_same_and_records_nothing(book):
    text = " ".join(book("digests", "preview", "--to", "ada@x.example").out.split())
    assert text == ""  # no month has begun
    assert book("review", "--month", "2026-04", "--as-of", DAY, "--accept-ledger").code == 0
    assert "Norda (C1)" in book("digests", "preview", "--to", "ada@x.example").out


def test_an_answer_is_recorded_to_its_question_and_the_playbook_goes_on(book):
    assert book("review", "--month", "2026-04", "--as-of", DAY, "--accept-ledger").code == 0
    waits = book("late", "C1", "--as-of", DAY, "--json").lines[0]
    assert (waits["sales"], waits["action"]) == ("learn", "await_answer")
    assert "--note" in book("record", "C1", "answer").err
    assert book("record", "C1", "answer", "--note", "A buyer is being looked for", "--by", "Ada").code == 0
    asked, answer = history(book, "C1")
    assert answer["refers"] == asked["id"]
    assert book("late", "C1", "--as-of", DAY, "--json").lines[0]["action"] == "weigh"
