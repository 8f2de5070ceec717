"""Which company of the bureau is this account? Candidates, a person's word, and what the doctor says of it all."""

import pytest
from sqlmodel import select

from healthcheck.store.books import Account
from healthcheck.store.operations import AuditEntry
from healthcheck.store.session import read, write
from tests import databases
from tests.servers.bureau import BureauServer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with BureauServer(tmp_path_factory.mktemp("bureau")) as server:
        yield server


@pytest.fixture
def book(engine, server, monkeypatch):
    given = {
        "DATABASE_URL": databases.of(engine), "BUREAUS": "creditsafe", "CREDITSAFE_BASE_URL": f"{server.url}/v1",
        "CREDITSAFE_USERNAME": "us",
        "CREDITSAFE_PASSWORD": f"right-{id(engine)}", "CREDITSAFE_COST_PER_PULL": "4.20", "ALLOWED_PRIVATE_HOSTS": "127.0.0.1",
        "SECRET_KEYS": "k" * 40,
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"HEALTHCHECK_{name}", value)
    with write(engine) as session:
        session.add(Account(account="C1", name="Norda Metall", country="DE"))
        session.add(Account(account="C2", name="Alva", country="PL", creditsafe_id="PL-1"))
        session.add(Account(account="C3", name="Reva"))
    return engine


def linked(engine):
    with read(engine) as session:
        return {row.account: row.creditsafe_id for row in session.exec(select(Account))}


def test_candidates_are_listed_and_nothing_is_changed(book, cli, server):
    before = server.charges()
    shown = cli("bureaus", "find", "C1", "--json")
    (found,) = shown.lines[0]["accounts"]
    assert shown.code == 1, "a person has to say"
    assert (found["bureau"], found["candidates"][0]["name"]) == ("creditsafe", "Norda Metall")
    assert linked(book)["C1"] is None
    assert server.charges() == before, "finding is free"
    text = cli("bureaus", "find", "C1").out
    assert f"healthcheck bureaus confirm C1 creditsafe {found['candidates'][0]['id']}" in text


def test_a_person_confirms_and_may_take_it_back(book, cli):
    assert cli("bureaus", "confirm", "C1", "creditsafe", "DE-77").code == 0
    assert linked(book)["C1"] == "DE-77"
    assert cli("bureaus", "confirm", "C1", "creditsafe", "--remove").code == 0
    assert linked(book)["C1"] is None
    with read(book) as session:
        told = session.exec(select(AuditEntry).where(AuditEntry.what == "bureau.linked")).all()
    assert [(entry.detail["before"], entry.detail["after"]) for entry in told] == [(None, "DE-77"), ("DE-77", None)]


def test_what_is_beyond_doubt_is_linked_when_asked_for(book, cli, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_BUREAU_CONFIDENCE", "0.89")
    shown = cli("bureaus", "find", "--link", "--json").lines[0]["accounts"]
    assert {row["account"]: row["linked"] for row in shown} == {"C1": True, "C3": False}
    assert "has no country" in next(row["problem"] for row in shown if row["account"] == "C3")
    assert linked(book)["C1"]


def test_two_that_are_alike_need_a_person():
    from healthcheck.bureaus.base import Candidate, Subject
    from healthcheck.reviews.linking import Found, sure

    found = Found(1, Subject("C1"), "x", (Candidate("1", "Norda", 0.97), Candidate("2", "Norda", 0.95)))
    assert sure(found, 0.9) is None
    assert sure(Found(1, Subject("C1"), "x", found.candidates[:1]), 0.9).id == "1"


@pytest.mark.parametrize(
    "words", [("confirm", "C1", "creditsafe"), ("confirm", "C1", "file", "X"), ("confirm", "C9", "creditsafe", "X")]
)
def test_wrong_use_is_one_line(book, cli, words):
    done = cli("bureaus", *words)
    assert (done.code, done.err.count("\n")) == (2, 1)


def test_the_list_says_prices_and_links(book, cli):
    rows = {row["bureau"]: row for row in cli("bureaus", "list", "--json").lines[0]["bureaus"]}
    assert (rows["creditsafe"]["price"], rows["creditsafe"]["unlinked"], rows["creditsafe"]["configured"]) == (
        "4.20",
        2,
        True,
    )
    assert "creditsafe" in cli("bureaus", "list").out


def signs(cli, *words):
    done = cli("doctor", "--json", *words)
    return done.code, {(sign["what"], sign["state"]): sign["said"] for sign in done.lines[0]["signs"]}


def test_the_doctor_tells_of_each_bureau(book, cli, monkeypatch):
    code, found = signs(cli)
    assert found["bureau creditsafe", "note"] == "2 of 3 accounts are not linked: healthcheck bureaus find"
    assert found["bureau creditsafe", "ok"].startswith("reachable, credentials accepted; live")
    assert "no cap set" in found["budget", "note"]
    assert code == 1, "the ledger is empty"
    monkeypatch.setenv("HEALTHCHECK_CREDITSAFE_PASSWORD", f"wrong-{id(book)}")
    monkeypatch.setenv("HEALTHCHECK_CREDITSAFE_COST_PER_PULL", "")
    code, found = signs(cli)
    assert "credentials not accepted" in found["bureau creditsafe", "broken"]
    assert "price not set" in found["bureau creditsafe", "missing"]
    assert "wrong-" not in str(found)


def test_the_doctor_asks_nobody_when_offline(book, cli, server):
    before = len(server.requests())
    signs(cli, "--offline")
    assert len(server.requests()) == before


def test_the_doctor_finds_what_is_unsafe(book, cli, monkeypatch):
    from pathlib import Path

    Path(".env").write_text("HEALTHCHECK_CURRENCY=EUR\n")
    Path(".env").chmod(0o644)
    monkeypatch.setenv("HEALTHCHECK_SECRET_KEYS", "short")
    monkeypatch.setenv("HEALTHCHECK_CARRIER", "pigeons")
    monkeypatch.setenv("HEALTHCHECK_MAIL_URL", "smtp://127.0.0.1:1")
    _, found = signs(cli, "--offline")
    assert {"secret keys", ".env"} <= {what for what, state in found if state == "unsafe"}
    assert ("carrier", "broken") in found
    assert ("mail sender", "missing") in found
    _, found = signs(cli)
    assert "cannot be reached" in found["mail", "broken"]


def test_a_database_that_is_not_there_is_a_sign_and_no_crash(cli, monkeypatch, tmp_path):
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    code, found = signs(cli)
    assert code == 1
    assert "healthcheck init" in found["database", "broken"]
