"""``check ACCOUNT --pull``: where no report is had, the credit check's line says why."""

from __future__ import annotations

import pytest

from healthcheck.store.books import Account
from healthcheck.store.session import write
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
        "BUREAU_BUDGET": "100",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"HEALTHCHECK_{name}", value)
    with write(engine) as session:
        for number, linked in (("C1", f"C1-{id(engine)}"), ("C2", None), ("C3", f"NONE-{id(engine)}")):
            row = {"name": f"Firm {number}", "country": "GB", "opened": "2020-01-01", "creditsafe_id": linked}
            session.add(Account.model_validate({"account": number, **row}))
    return f"C1-{id(engine)}"


def credit(cli, account, *words):
    done = cli("check", account, "--json", *words)
    assert done.code == 0, done.err
    check = done.lines[0]["checks"]["credit"]
    return check["summary"], check["evidence"]["reason"], done.err


def test_an_account_without_a_link_says_so(book, cli):
    summary, reason, _ = credit(cli, "C2")
    assert (summary, reason) == (
        "No bureau report: the account is not linked to creditsafe; see: healthcheck bureaus find C2", "not linked",
    )  # fmt: skip
    summary, reason, _ = credit(cli, "C2", "--pull")
    assert (summary, reason) == (
        "No bureau report: creditsafe: C2 is not linked; see: healthcheck bureaus find C2.", "not linked",
    )  # fmt: skip
    assert credit(cli, "C1")[:2] == ("No bureau report yet: none was bought.", "no report")


def test_a_refusal_and_its_reason(book, cli, monkeypatch):
    assert credit(cli, "C3", "--pull") == (
        "No bureau report: creditsafe: has no such company or report (404).", "no report was had", "credit report: refused\n",
    )  # fmt: skip
    monkeypatch.setenv("HEALTHCHECK_BUREAU_BUDGET", "4")
    assert credit(cli, "C1", "--pull")[0] == "No bureau report: creditsafe: over the month's budget of 4 EUR."


def test_a_doubt_and_whom_it_is_to_be_settled_by(book, cli, server):
    server.plan(["charge_500"], account=book)
    summary, reason, err = credit(cli, "C1", "--pull")
    assert summary.startswith(
        "No bureau report: creditsafe: answered 500; it may have been charged: healthcheck pulls resolve "
    )
    assert (reason, err) == ("no report was had", "credit report: uncertain\n")
    assert "answered 500" in " ".join(cli("check", "C1", "--pull").out.replace("│", " ").split())


def test_a_report_that_came_is_judged_and_nothing_else_is_said(book, cli):
    summary, reason, err = credit(cli, "C1", "--pull")
    assert (reason, err) == (None, "credit report: stored\n")
    assert "No newer report" not in summary
    assert credit(cli, "C1", "--pull")[2] == "credit report: stored\n"
