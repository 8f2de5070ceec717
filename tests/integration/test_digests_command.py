"""``healthcheck digests``: list, preview, send."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from healthcheck.cli.digesting import app
from healthcheck.errors import UsageError
from healthcheck.reports import digests, message
from healthcheck.store.session import write
from healthcheck.store.work import Message, Month
from tests import databases
from tests.digest_world import NOW, fill, settings


@pytest.fixture
def run(engine, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", databases.of(engine))
    monkeypatch.setenv("HEALTHCHECK_CREDIT_TEAM", "credit@nordwind.example")
    monkeypatch.setenv("HEALTHCHECK_MAIL_FROM", "healthcheck@nordwind.example")
    return lambda *words: CliRunner().invoke(app, words)


@pytest.fixture
def closed(engine):
    fill(engine)
    with write(engine) as session:
        row = session.exec(select(Month).where(Month.month == "2026-11")).one()
        session.add_all(digests.compose(session, row, settings(), NOW))


def test_list_tells_of_every_mail_what_became_of_it(run, closed):
    rows = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert [(row["kind"], row["to"], row["state"]) for row in rows] == [
        ("credit", "credit@nordwind.example", "WAITING"),
        ("rep", "lead@nordwind.example", "WAITING"),
        ("rep", "maria.thorsen@nordwind.example", "WAITING"),
        ("rep", "per.lund@nordwind.example", "WAITING"),
    ]
    assert "credit@" in run("list").stdout
    assert run("list", "--json", "--month", "2026-10").stdout == ""


def test_preview_of_a_closed_month_shows_the_stored_bytes(run, closed, engine):
    out = run("preview")
    assert out.stdout.startswith("To: credit@nordwind.example\nSubject: Health check November 2026: 3 of 120")
    assert "also for: lead@nordwind.example" in out.stderr
    assert run("preview", "--eml", "x.eml", "--html", "x.html").exit_code == 0
    with write(engine) as session:
        stored = session.exec(select(Message).where(Message.kind == "credit")).one().body
    assert Path("x.eml").read_bytes() == stored
    assert Path("x.html").read_text(encoding="utf-8") == message.parts(stored)[1]


def test_preview_of_an_open_month_is_made_anew_and_stores_nothing(run, closed, engine):
    with write(engine) as session:
        for row in session.exec(select(Message)):
            session.delete(row)
        session.exec(select(Month).where(Month.month == "2026-11")).one().state = "open"
    assert "3 accounts need a look" in run("preview").stdout
    shown = json.loads(run("preview", "--to", "per.lund@nordwind.example", "--json").stdout)
    assert shown["subject"] == "Three short questions about 5 of your customers (November 2026)"
    assert run("list", "--json").stdout == ""


def test_send_sends_once_into_the_folder(run, closed):
    first, second = run("send", "--json"), run("send", "--json")
    assert (first.exit_code, json.loads(first.stdout)["sent"]) == (0, 4)
    assert (second.exit_code, json.loads(second.stdout)["sent"]) == (0, 0)
    files = list(Path("outbox").glob("*.eml"))
    assert len(files) == 4
    assert {message_from_bytes(file.read_bytes(), policy=policy.default)["To"] for file in files} == {
        "credit@nordwind.example", "lead@nordwind.example", "maria.thorsen@nordwind.example", "per.lund@nordwind.example",
    }  # fmt: skip


def test_a_server_that_cannot_be_reached_asks_for_a_person(run, closed, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_MAIL_URL", "smtp://127.0.0.1:1")
    out = run("send")
    assert out.exit_code == 1
    assert "0 sent, 4 waiting" in out.stdout
    assert "cannot be reached" in out.stderr


def test_those_that_wait_for_a_person_are_listed_with_the_command_that_sends_them(run, closed, engine):
    assert run("list", "--dead").stdout == "no mail waits for a person\n"
    with write(engine) as session:
        for row, state, error in zip(
            session.exec(select(Message).order_by(Message.id)).all(),
            ("HELD", "SENT", "DEAD"),
            ("the mail server fell silent after the message", None, "RCPT TO: 550 no such mailbox"),
            strict=False,
        ):
            row.state, row.error, row.attempts = state, error, 3
    assert run("list", "--dead").stdout.splitlines() == [
        "2026-11 credit@nordwind.example: may have arrived, after 3 attempts: the mail server fell silent after the message",
        "    send the same mail again: healthcheck digests send --again 1",
        "2026-11 maria.thorsen@nordwind.example: refused for good, after 3 attempts: RCPT TO: 550 no such mailbox",
        "    send the same mail again: healthcheck digests send --again 3",
    ]
    rows = [json.loads(line) for line in run("list", "--dead", "--json").stdout.splitlines()]
    assert [row["remedy"] for row in rows] == [f"healthcheck digests send --again {n}" for n in (1, 3)]
    waiting = run("send")
    assert (waiting.exit_code, "1 held: may have arrived (healthcheck digests list --dead)" in waiting.stdout) == (
        1,
        True,
    )
    done = run("send", "--again", "1", "--again", "3")
    assert (done.exit_code, done.stdout) == (0, "2 sent\n")


@pytest.mark.parametrize(
    "words",
    [("preview", "--to", "x@y.example"), ("preview", "--month", "2020-01"), ("preview", "--month", "13"), ("send", "--again", "99"),
     ("preview", "--html", "no/such/folder.html")],
)  # fmt: skip
def test_wrong_use_is_one_clear_line(run, closed, words):
    error = run(*words).exception
    assert isinstance(error, UsageError)
    assert "\n" not in str(error)
